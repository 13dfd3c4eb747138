/* SPDX-License-Identifier: Apache-2.0 */
/* How the boards of a run fared: their results, and the table made of them. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "report/event.h"

#include <stdio.h>

struct summary_board {
	struct board_facts facts;
	enum err err; /* OK: success */
	unsigned files;
	uint64_t bytes, duration;   /* microseconds */
	struct flash_figures flash; /* bytes 0: its disk was not written */
};

struct summary {
	struct summary_board *boards;
	size_t count;
	unsigned succeeded, failed, flashed;
};

/* Takes a board's EV_RESULT into a summary, which begins as zeros. */
void summary_add(struct summary *summary, const struct event *result);
void summary_free(struct summary *summary);

/* The table, a line for each board, successes first and in the order of their paths, and a line with the counts. What
 * was written to disks has columns of its own if there is any. */
void summary_print(const struct summary *summary, FILE *out);

#endif
