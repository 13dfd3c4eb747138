/* SPDX-License-Identifier: Apache-2.0 */
/* The live view's line of one board, fitted into a number of columns. A pure function: no terminal, no clock. Everything
 * that comes out is printable ASCII. */
#ifndef STATUS_LINE_H
#define STATUS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATUS_LINE_SIZE 256 /* longest line, terminated */

struct status_line {
	const char *path, *chip, *serial, *stage; /* "": unknown */
	const char *what;                         /* the file, or what happens besides files */
	bool moving;                              /* what is a file: done, size, rate hold */
	uint64_t done, size;                      /* bytes */
	uint64_t rate;                            /* bytes a second */
	uint64_t elapsed;                         /* microseconds */
};

/* Columns of the parts; 0: left out. The same for all lines of a picture, so that they stand in columns. */
struct status_line_layout {
	unsigned path, chip, serial, stage, what, bar, percent, rate, elapsed;
};

/* For lines of at most COLUMNS characters, with the longest path and serial of all boards. The narrower, the less is
 * shown; the path comes first. */
struct status_line_layout status_line_layout(unsigned columns, size_t path, size_t serial);

void status_line_draw(const struct status_line_layout *layout, const struct status_line *line,
                      char out[STATUS_LINE_SIZE]);

/* Appends TEXT to the terminated string OUT in exactly WIDTH columns: blanks behind it, or cut with a '~'. */
void status_line_cell(char out[STATUS_LINE_SIZE], const char *text, unsigned width);

#endif
