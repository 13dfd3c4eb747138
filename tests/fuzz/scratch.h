/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets with files need: a directory in memory, removed at the end, and checks that end the program. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_path[200];

static inline void scratch_require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static inline void scratch_remove(void)
{
	char command[300];
	snprintf(command, sizeof command, "rm -rf '%s'", scratch_path);
	if (system(command) != 0)
		perror(scratch_path);
}

/* In /dev/shm where there is one. Returns its path. */
static inline const char *scratch_make(void)
{
	snprintf(scratch_path, sizeof scratch_path, "%s/rpiboot-fuzz.XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	scratch_require(mkdtemp(scratch_path), "a folder for the files");
	atexit(scratch_remove);
	return scratch_path;
}

static inline void scratch_directory(const char *name)
{
	char path[400];
	snprintf(path, sizeof path, "%s/%s", scratch_path, name);
	scratch_require(mkdir(path, 0777) == 0, path);
}

/* What goes to a terminal: UTF-8, no control characters but ends of lines and tabulators. */
static inline void scratch_require_printable(const char *text)
{
	for (; *text; text += str_utf8(text)) {
		unsigned char c = (unsigned char)*text;
		scratch_require(str_utf8(text) > 0, "all is UTF-8");
		scratch_require((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t',
		                "no control characters");
		scratch_require(!(c == 0xc2 && (unsigned char)text[1] < 0xa0),
		                "no C1 control characters");
	}
}

#endif
