/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: argv -> struct options, as the table of options describes it. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "board/station.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum options_progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

enum options_wait { WAIT_NONE = -1, WAIT_DISK, WAIT_ROM, WAIT_FASTBOOT };
enum options_driver { DRIVER_NO, DRIVER_SHOW, DRIVER_INSTALL };

enum options_verify { VERIFY_YES, VERIFY_NO };

enum options_result {
	OPTIONS_RUN,     /* serve boards */
	OPTIONS_HELP,    /* --help was reached: options_help, exit 0 */
	OPTIONS_VERSION, /* --version was reached */
	OPTIONS_UDEV,    /* --udev was reached: print the rule, exit 0 */
	OPTIONS_ERROR,   /* error is set, exit 255 */
};

struct options {
	const char *directory, *metadata_directory; /* NULL: not given */
	const char *exec, *names, *metrics;         /* NULL: not given */
	const char *expect_key;                     /* a hash, or a file; NULL: not given */
	const char *flash, *target, *image_sha256, *spool, *backup; /* NULL: not given */
	bool no_eject;
	int verify; /* enum options_verify */
	int via;    /* enum flash_via */
	bool overlay, loop, sign, again, quiet, check, list, follow, json;
	const struct chip *chip; /* --chip; NULL: not given */
	int progress;            /* enum options_progress */
	int driver;              /* enum options_driver */
	int verbose;
	const char *paths[STATION_SELECTORS], *serials[STATION_SELECTORS];
	unsigned path_count, serial_count;
	int port;                            /* -1: not given */
	unsigned long count;                 /* -n; 0: not given */
	unsigned long poll;                  /* microseconds; 0: not given */
	unsigned long timeout, next_timeout; /* seconds; 0: not given */
	unsigned long wait_disk;             /* seconds; 0: not given */
	int wait_for;                        /* enum options_wait */
	unsigned long wait_timeout;          /* seconds, of wait_for; 0: not given */
	char error[256];
};

/* Strings in OPTIONS point into ARGV. */
enum options_result options_parse(struct options *options, int argc, char **argv);

/* Prints the usage, at most 80 columns wide. */
void options_help(FILE *out);

/* --- the table: one row for each option. Parsing and --help use the rows; the completions in completions/ are generated
 * from them (`make completions`); tests/cli/options.t compares both, and the list in rpiboot(1), with them. */

enum option_type {
	OPTION_FLAG, /* bool; becomes true */
	OPTION_TEXT, /* const char *; the value */
	OPTION_LIST, /* const char *[STATION_SELECTORS] and its unsigned count; the value is appended */
	OPTION_NUMBER, /* unsigned long; the whole value, min to max */
	OPTION_PORT,   /* int; min to max */
	OPTION_LEADING, /* unsigned long; the value's leading digits, as upstream rpiboot reads them */
	OPTION_WORD,    /* int; index of the value in words */
	OPTION_CHIP,    /* const struct chip * */
	OPTION_LEVEL,  /* int; becomes min */
	OPTION_ACTION, /* parsing ends with result */
};

/* What a shell offers for the value. */
enum option_complete { COMPLETE_NOTHING, COMPLETE_DIRECTORY, COMPLETE_FILE, COMPLETE_COMMAND };

struct option {
	const char *letter, *name; /* without dashes; NULL: none */
	const char *arg; /* name of the value; NULL: takes none; "[...]": may be missing */
	const char *help;
	enum option_type type;
	size_t member, count;     /* offsets in struct options: destination; a list's count */
	unsigned long min, max;   /* limits of a number */
	unsigned long missing;    /* a number, or the index of a word, whose value is missing */
	const char *const *words; /* OPTION_WORD, terminated by NULL */
	bool not_empty;           /* OPTION_TEXT: an empty value is refused */
	bool once;                /* OPTION_TEXT: a second value is refused */
	bool (*valid)(const char *value); /* OPTION_LIST: NULL: all but the empty value are */
	const char *expected;             /* what VALID accepts */
	enum options_result result;
	enum option_complete complete;
};

extern const struct option option_table[];
extern const size_t option_count;

#endif
