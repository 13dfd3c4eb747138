/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: argv -> struct options. One table drives parsing and --help; the man page and the completions are
 * checked against it. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "board/station.h"

#include <stdbool.h>
#include <stdio.h>

enum options_progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

enum options_result {
	OPTIONS_RUN,     /* serve boards */
	OPTIONS_HELP,    /* --help was reached: options_help, exit 0 */
	OPTIONS_VERSION, /* --version was reached */
	OPTIONS_UDEV,    /* --udev was reached: print the rule, exit 0 */
	OPTIONS_ERROR,   /* error is set, exit 255 */
};

struct options {
	const char *directory, *metadata_directory; /* NULL: not given */
	const char *exec;                           /* NULL: not given */
	bool overlay, loop, sign, again, quiet, check, list, json;
	const struct chip *chip; /* --chip; NULL: not given */
	enum options_progress progress;
	int verbose;
	const char *paths[STATION_SELECTORS], *serials[STATION_SELECTORS];
	unsigned path_count, serial_count;
	int port;                            /* -1: not given */
	unsigned long count;                 /* -n; 0: not given */
	unsigned long poll;                  /* microseconds; 0: not given */
	unsigned long timeout, next_timeout; /* seconds; 0: not given */
	unsigned long wait_disk;             /* seconds; 0: not given */
	char error[256];
};

/* Strings in OPTIONS point into ARGV. */
enum options_result options_parse(struct options *options, int argc, char **argv);

/* Prints the usage, at most 80 columns wide. */
void options_help(FILE *out);

#endif
