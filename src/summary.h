/* How the boards of a run fared: collects their results as an observer. Knows no USB and no options. */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "event.h"
#include "report.h"

#include <stdio.h>

struct summary_board {
	struct board_facts facts;
	enum err err; /* OK: success */
	unsigned files;
	uint64_t bytes, duration; /* microseconds */
};

struct summary {
	struct observer observer; /* first: the report's; its end leaves the summary alone */
	struct summary_board *boards;
	size_t count;
	unsigned succeeded, failed;
};

/* Add &summary->observer to a report that does not outlive the summary. */
void summary_init(struct summary *summary);
void summary_free(struct summary *summary);

/* The table, a line a board, and a line with the counts. */
void summary_print(const struct summary *summary, FILE *out);

#endif
