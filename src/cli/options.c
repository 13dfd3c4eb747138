/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "base/str.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum id {
	DIRECTORY,
	LOOP,
	COUNT,
	OVERLAY,
	PATH,
	SERIAL,
	PORT,
	METADATA,
	SIGNED,
	TIMEOUT,
	NEXT_TIMEOUT,
	AGAIN,
	WAIT_DISK,
	EXEC,
	LIST,
	UDEV,
	CHECK,
	CHIP,
	POLL,
	JSON,
	PROGRESS,
	QUIET,
	VERBOSE,
	VERY_VERBOSE,
	VERSION,
	HELP,
	OPTION_IDS,
};

static const struct option {
	enum id id;
	const char *letter, *name; /* without dashes; NULL: none */
	const char *arg;           /* NULL: takes none; "[...]": may be missing */
	const char *help;
} table[] = {
	{ DIRECTORY, "d", "directory", "DIR", "boot folder (default: the mass-storage gadget)" },
	{ LOOP, "l", "loop", NULL,
	  "serve every board that comes, all at the same time, without end" },
	{ COUNT, "n", "count", "N", "end after N boards, served at the same time" },
	{ PATH, "p", "path", "PATH",
	  "only the board on this USB path, like 1-1.3; may be repeated" },
	{ SERIAL, "i", "serial", "SERIAL", "only the board with this serial; may be repeated" },
	{ PORT, "0 ... -98", "port", "N", "only boards on this port number of their hub" },
	{ OVERLAY, "o", "overlay", NULL,
	  "look into DIR/PATH/ first: files of their own for each USB path" },
	{ METADATA, "j", "metadata", "[DIR]", "write each board's metadata to DIR/SERIAL.json" },
	{ SIGNED, "s", "signed", NULL,
	  "signed boot of BCM2835 and BCM2837: send bootcode.sig too" },
	{ TIMEOUT, "t", "timeout", "SECONDS",
	  "how long to wait for the first board (default: for ever)" },
	{ NEXT_TIMEOUT, NULL, "next-timeout", "SECONDS",
	  "how long a board may take to come back for its next stage (default: 60)" },
	{ AGAIN, NULL, "again", NULL, "serve a finished board again as soon as it is back" },
	{ WAIT_DISK, NULL, "wait-disk", "[SECONDS]",
	  "after the boot, wait for the board's disks and print them (default: 60)" },
	{ EXEC, NULL, "exec", "PROGRAM",
	  "run PROGRAM for each finished board; RPIBOOT_... variables tell about it" },
	{ LIST, NULL, "list", NULL, "list the boards on the bus, also running ones, and exit" },
	{ UDEV, NULL, "udev", NULL, "print the udev rule that lets users open boards, and exit" },
	{ CHECK, NULL, "check", NULL, "tell whether the boot folder is fit, touch no board" },
	{ CHIP, NULL, "chip", "NAME", "with --check: for this chip only, like 2711" },
	{ POLL, "m", "poll", "MICROSECONDS",
	  "time between two looks at the bus on systems that do not tell of arrivals (default: "
	  "100000)" },
	{ JSON, NULL, "json", NULL,
	  "print every event as a line of JSON; the usual text goes to stderr" },
	{ PROGRESS, NULL, "progress", "WHEN",
	  "live lines with bars: always, never, or auto (on a terminal, the default)" },
	{ QUIET, "q", "quiet", NULL, "print warnings and errors only" },
	{ VERBOSE, "v", "verbose", NULL, "print more" },
	{ VERY_VERBOSE, "vv", NULL, NULL, "print even more, also what libusb has to say" },
	{ VERSION, "V", "version", NULL, "print the version and exit" },
	{ HELP, "h", "help", NULL, "print this text and exit" },
};

#define TABLE_SIZE (sizeof table / sizeof *table)

static enum options_result options_fail(struct options *o, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static enum options_result options_fail(struct options *o, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(o->error, sizeof o->error, format, args);
	va_end(args);
	return OPTIONS_ERROR;
}

/* -0 to -98: the whole token, leading zeros are fine. */
static bool options_port_token(const char *token, unsigned long *port)
{
	return *token == '-' && str_number(token + 1, 98, port);
}

/* The option that TOKEN is; *VALUE is set for "--name=value". NULL: none. */
static const struct option *options_find(const char *token, const char **value)
{
	*value = NULL;
	if (token[0] != '-')
		return NULL;
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		const struct option *o = &table[i];
		if (o->letter && strcmp(token + 1, o->letter) == 0)
			return o;
		if (token[1] != '-' || !o->name)
			continue;
		size_t n = strlen(o->name);
		if (strncmp(token + 2, o->name, n) != 0)
			continue;
		if (token[2 + n] == 0)
			return o;
		if (token[2 + n] == '=') {
			*value = token + 3 + n;
			return o;
		}
	}
	return NULL;
}

static enum options_result options_number(struct options *o, const char *name, const char *value,
                                          unsigned long max, unsigned long *out)
{
	if (str_number(value, max, out) && *out > 0)
		return OPTIONS_RUN;
	return options_fail(o, "--%s wants a number from 1 to %lu, not '%s'", name, max, value);
}

static enum options_result options_append(struct options *o, const char **list, unsigned *count,
                                          const char *value)
{
	if (!*value)
		return options_fail(o, "an empty path or serial selects nothing");
	if (*count == STATION_SELECTORS)
		return options_fail(o, "more than %d paths or serials", STATION_SELECTORS);
	list[(*count)++] = value;
	return OPTIONS_RUN;
}

/* What an option that takes no value switches on; NULL: it does something else. */
static bool *options_flag(struct options *o, enum id id)
{
	bool *const flags[OPTION_IDS] = {
		[LOOP] = &o->loop,   [OVERLAY] = &o->overlay, [SIGNED] = &o->sign,
		[AGAIN] = &o->again, [CHECK] = &o->check,     [LIST] = &o->list,
		[JSON] = &o->json,   [QUIET] = &o->quiet,
	};
	return flags[id];
}

static enum options_result options_progress(struct options *o, const char *value)
{
	static const char *const words[] = {
		[PROGRESS_AUTO] = "auto", [PROGRESS_ALWAYS] = "always", [PROGRESS_NEVER] = "never"
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], value) == 0) {
			o->progress = (enum options_progress)i;
			return OPTIONS_RUN;
		}
	return options_fail(o, "--progress wants auto, always or never, not '%s'", value);
}

/* VALUE is "" where there is none. */
static enum options_result options_apply(struct options *o, const struct option *option,
                                         const char *value)
{
	unsigned long n;
	bool *on = options_flag(o, option->id);
	if (on)
		*on = true;
	switch (option->id) {
	case DIRECTORY:
		o->directory = value;
		break;
	case COUNT:
		return options_number(o, "count", value, 100000, &o->count);
	case PATH:
		return options_append(o, o->paths, &o->path_count, value);
	case SERIAL:
		return options_append(o, o->serials, &o->serial_count, value);
	case PORT:
		if (!str_number(value, 98, &n))
			return options_fail(o, "--port wants a number from 0 to 98, not '%s'",
			                    value);
		o->port = (int)n;
		break;
	case METADATA:
		if (*value)
			o->metadata_directory = value;
		break;
	case TIMEOUT:
		return options_number(o, "timeout", value, 1000000, &o->timeout);
	case NEXT_TIMEOUT:
		return options_number(o, "next-timeout", value, 1000000, &o->next_timeout);
	case WAIT_DISK:
		o->wait_disk = 60;
		return *value ? options_number(o, "wait-disk", value, 1000000, &o->wait_disk)
		              : OPTIONS_RUN;
	case EXEC:
		o->exec = value;
		break;
	case UDEV:
		return OPTIONS_UDEV;
	case CHIP:
		o->chip = chip_by_name(value);
		if (!o->chip)
			return options_fail(o, "--chip wants 2763, 2764, 2711 or 2712, not '%s'",
			                    value);
		break;
	case POLL: /* the public tool reads leading digits and no more */
		o->poll = strtoul(value, NULL, 10);
		if (o->poll == 0 || o->poll > LONG_MAX)
			return options_fail(o, "-m wants microseconds, more than 0, not '%s'",
			                    value);
		break;
	case PROGRESS:
		return options_progress(o, value);
	case VERBOSE:
	case VERY_VERBOSE:
		o->verbose = option->id == VERBOSE ? 1 : 2;
		break;
	case VERSION:
		return OPTIONS_VERSION;
	case HELP:
		return OPTIONS_HELP;
	default:
		break;
	}
	return OPTIONS_RUN;
}

/* The argument at *I, which moves to the last word of it. */
static enum options_result options_parse_one(struct options *o, int argc, char **argv, int *i)
{
	const char *token = argv[*i], *value;
	unsigned long port;
	if (options_port_token(token, &port)) {
		o->port = (int)port;
		return OPTIONS_RUN;
	}
	const struct option *option = options_find(token, &value);
	if (!option)
		return options_fail(
			o, *token == '-' ? "unknown option '%s'" : "unexpected word '%s'", token);
	if (!option->arg)
		return value ? options_fail(o, "--%s takes no value", option->name)
		             : options_apply(o, option, "");
	bool optional = option->arg[0] == '[';
	if (!value && *i + 1 < argc && !(optional && argv[*i + 1][0] == '-'))
		value = argv[++*i];
	if (!value && !optional)
		return options_fail(o, "'%s' wants %s", token, option->arg);
	return options_apply(o, option, value ? value : "");
}

enum options_result options_parse(struct options *o, int argc, char **argv)
{
	*o = (struct options){ .port = -1 };
	for (int i = 1; i < argc; i++) {
		enum options_result result = options_parse_one(o, argc, argv, &i);
		if (result != OPTIONS_RUN)
			return result;
	}
	if (o->exec && !*o->exec)
		return options_fail(o, "--exec wants a program");
	if (o->overlay && !o->directory)
		return options_fail(o, "-o needs a folder: -d DIR");
	if (o->path_count && o->port >= 0)
		return options_fail(o, "a USB path and a port number do not go together");
	if (o->loop && o->count)
		return options_fail(o, "-l serves without end, -n ends: choose one");
	if (o->chip && !o->check)
		return options_fail(o, "--chip goes with --check: boards tell their chip");
	return OPTIONS_RUN;
}

/* --- help */

#define HELP_WIDTH  79
#define HELP_INDENT 28

void options_help(FILE *out)
{
	fputs("Usage: rpiboot [OPTION]...\n"
	      "Boots Raspberry Pi boards in USB boot mode from a folder of boot files.\n\n",
	      out);
	for (size_t i = 0; i < TABLE_SIZE; i++) {
		const struct option *o = &table[i];
		int n = fprintf(out, "  ");
		if (o->letter)
			n += fprintf(out, "-%s", o->letter);
		if (o->name)
			n += fprintf(out, "%s--%s", o->letter ? ", " : "    ", o->name);
		if (o->arg)
			n += fprintf(out, " %s", o->arg);
		if (n + 2 > HELP_INDENT)
			n = fprintf(out, "\n") - 1;
		fprintf(out, "%*s", HELP_INDENT - n, "");
		str_wrap(out, HELP_INDENT, HELP_WIDTH, o->help);
	}
	fputs("\nOne board is served, unless -l, -n, or several -p or -i ask for more.\n"
	      "Exit status: 0 success, 1 boot files missing or unfit, 2 a board failed, 3 a\n"
	      "board was lost, 4 a board did not come back, 5 no board in time, 6 no disk in\n"
	      "time, 7 --exec, 130 interrupted, 255 usage, libusb or permission. See\n"
	      "rpiboot(1).\n",
	      out);
}
