/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "bootdir/enforce.h"
#include "cli/list.h"
#include "platform/plat.h"
#include "bootdir/findings.h"
#include "report/report.h"
#include "board/station.h"
#include "report/summary.h"
#include "report/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -l: without end; -n; several selectors: as many; otherwise one. */
static unsigned command_wanted_boards(const struct options *o)
{
	unsigned selectors = o->path_count > o->serial_count ? o->path_count : o->serial_count;
	if (o->loop)
		return 0;
	if (o->count)
		return (unsigned)o->count;
	return selectors > 1 ? selectors : 1;
}

static struct station_setup command_station_setup(const struct options *o, struct report *report,
                                                  const struct bootfiles_places *places)
{
	struct station_setup setup = {
		.report = report,
		.places = places,
		.metadata_directory = o->metadata_directory,
		.sign = o->sign,
		.path_count = o->path_count,
		.serial_count = o->serial_count,
		.port = o->port,
		.wanted = command_wanted_boards(o),
		.stay = o->loop || o->count,
		.again = o->again,
		.timeout = o->timeout * PLAT_SECOND,
		.next_timeout = (o->next_timeout ? o->next_timeout : 60) * PLAT_SECOND,
		.poll = o->poll ? o->poll : 100 * PLAT_MS,
		.verbose = o->verbose,
		.sysfs = &sysfs_default,
		.after = {
			.disk_time = o->wait_disk * PLAT_SECOND,
			.program = o->exec,
			.output_to_stderr = o->json,
		},
	};
	memcpy(setup.paths, o->paths, sizeof setup.paths);
	memcpy(setup.serials, o->serials, sizeof setup.serials);
	return setup;
}

/* Live lines are for people who look: on a terminal that can draw, and not when only errors are wanted. */
static bool command_wants_progress(const struct options *o, FILE *out)
{
	if (o->progress != PROGRESS_AUTO)
		return o->progress == PROGRESS_ALWAYS;
	return !o->quiet && plat_draws(out);
}

/* Chooses who sees what happens. False: out of memory. */
static bool command_add_observers(struct report *report, const struct options *o, bool many,
                                  struct summary *results)
{
	const char *no_colour = getenv("NO_COLOR");
	struct report_text_options text = {
		.verbose = o->verbose,
		.quiet = o->quiet,
		.prefix = many,
		.json = o->json,
		.out = o->json ? stderr : stdout,
		.err = stderr,
	};
	struct report_progress_options progress = {
		.lines = text,
		.colour = plat_is_terminal(text.out) && !(no_colour && *no_colour),
	};
	struct report_json_options json = { .verbose = o->verbose, .out = stdout };
	struct observer *lines = command_wants_progress(o, text.out)
	                                 ? report_progress_new(&progress)
	                                 : report_text_new(&text);
	struct observer *collector = report_summary_new(results);
	struct observer *events = o->json ? report_json_new(&json) : NULL;
	report_add(report, lines);
	report_add(report, collector);
	report_add(report, events);
	return lines && collector && (events || !o->json);
}

int command_serve(const struct options *o, const struct bootfiles_places *places,
                  const char *version)
{
	struct report *report = report_new();
	struct station_setup setup = command_station_setup(o, report, places);
	struct summary boards = { 0 };
	int status = outcome_status(ERR_MEMORY);
	setup.enforce = report ? enforce_new(places, o->sign, report) : NULL;
	if (setup.enforce && command_add_observers(report, o, setup.wanted != 1, &boards)) {
		report_emit(report, &(struct event){ .kind = EV_START, .text = version });
		if (o->metadata_directory && !plat_can_write(o->metadata_directory))
			report_warning(report, NULL, "metadata-folder", "metadata folder %s: %s",
			               o->metadata_directory, strerror(errno));
		struct station_summary summary = { 0 };
		enum err err = enforce_run(setup.enforce);
		if (!err && o->wait_disk && !sysfs_has_bus(&sysfs_default))
			err = report_error(report, NULL, ERR_USAGE,
			                   "--wait-disk needs Linux' /sys, which is not here");
		if (!err)
			station_run(&setup, &summary);
		status = err ? outcome_status(err) : summary.status;
		report_emit(report, &(struct event){ .kind = EV_SUMMARY,
		                                     .summary = &boards,
		                                     .code = (uint32_t)status });
	}
	enforce_free(setup.enforce);
	report_free(report);
	summary_free(&boards);
	return status;
}

int command_check(const struct options *o, const struct bootfiles_places *places)
{
	struct preflight preflight;
	preflight_init(&preflight);
	enum err err = preflight_check(&preflight, places, o->chip,
	                               o->path_count ? o->paths[0] : NULL);
	int status = outcome_status(err ? err : ERR_UNFIT);
	if (err)
		fprintf(stderr, "rpiboot: %s\n", err_text(err));
	else if (o->json)
		preflight_print_json(&preflight, stdout);
	else
		preflight_print(&preflight, o->quiet, stdout);
	if (!err && preflight_fits_any(&preflight))
		status = 0;
	preflight_free(&preflight);
	return status;
}

int command_list(const struct options *o)
{
	struct report *report = report_new();
	struct station_setup setup = command_station_setup(o, report, NULL);
	struct report_text_options text = { .quiet = o->quiet, .out = stdout, .err = stderr };
	enum err err = ERR_MEMORY;
	if (report) {
		report_add(report, report_text_new(&text));
		err = list_run(&setup, o->json, stdout);
	}
	report_free(report);
	return outcome_status(err);
}
