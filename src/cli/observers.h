/* SPDX-License-Identifier: Apache-2.0 */
/* Who watches a run: plain lines or live lines, JSON, metrics, the service manager, the summary. None of them makes a board
 * wait for the reader of the output. */
#ifndef OBSERVERS_H
#define OBSERVERS_H

#include "cli/options.h"
#include "report/report.h"

#include <stdbool.h>

struct observers {
	struct output *out, *err; /* standard output, standard error */
};

/* Adds to REPORT what OPTIONS ask for. SUMMARY gets the results, RUN identifies the run in records; both must outlive the
 * report. MANY: more than one board may be served. False: out of memory; observers_end is still to be called. */
bool observers_add(struct observers *o, struct report *report, const struct options *options,
                   const struct report_run *run, struct summary *summary, bool many);

/* Ends the report, which may be NULL, when all of its output is read; a Ctrl-C ends the program before that. Returns the
 * error number of what could not be written to standard output; 0: nothing. */
int observers_end(struct observers *o, struct report *report);

#endif
