/* SPDX-License-Identifier: Apache-2.0 */
/* rpiboot: options, boot files, what to do, exit status. */
#include "cli/commands.h"
#include "config.h"
#include "cli/driver.h"
#include "base/str.h"
#include "cli/options.h"
#include "platform/plat.h"
#include "report/outcome.h"

#include <stdio.h>
#include <stdlib.h>

#define VERSION_LINE \
	"RPIBOOT: build-date " RPIBOOT_BUILD_DATE " pkg-version " RPIBOOT_VERSION " " RPIBOOT_GIT
#define RELEASE RPIBOOT_VERSION " " RPIBOOT_GIT

static const char udev_rule[] =
#include "udev_rule.h"
	;

static int run(const struct options *o)
{
	char *beside = plat_program_directory();
	const char *roots[PLAT_ROOTS];
	plat_roots(roots, RPIBOOT_DATADIR, beside);
	struct bootfiles_places places = { o->directory, o->overlay, roots };
	int status = o->driver  ? driver_run(beside, o->driver == DRIVER_INSTALL)
	             : o->list  ? command_list(o)
	             : o->check ? command_check(o, &places)
	                        : command_serve(o, &places, VERSION_LINE, RELEASE);
	free(beside);
	return status;
}

/* One line; a terminal gets it broken at blanks. */
static void complain(const char *error)
{
	unsigned columns, rows;
	char line[400];
	snprintf(line, sizeof line, "rpiboot: %s (try --help)", error);
	plat_terminal_size(stderr, &columns, &rows);
	if (plat_is_terminal(stderr))
		str_wrap(stderr, 0, (int)columns - 1, line);
	else
		fprintf(stderr, "%s\n", line);
}

int main(int argc, char **argv)
{
	struct options options;
	plat_begin(&argc, &argv);
	switch (options_parse(&options, argc, argv)) {
	case OPTIONS_HELP:
		options_help(stdout);
		return command_printed(0);
	case OPTIONS_VERSION:
		puts(VERSION_LINE);
		return command_printed(0);
	case OPTIONS_UDEV:
		fputs(udev_rule, stdout);
		return command_printed(0);
	case OPTIONS_ERROR:
		complain(options.error);
		return outcome_status(ERR_USAGE);
	case OPTIONS_RUN:
	default:
		return run(&options);
	}
}
