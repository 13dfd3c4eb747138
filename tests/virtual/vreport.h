/* SPDX-License-Identifier: Apache-2.0 */
/* What the boards saw, for people (a few lines a board) and for scripts (JSON). Knows the model's accounts only. */
#ifndef VREPORT_H
#define VREPORT_H

#include <stdio.h>
#include "vboard.h"

/* Both print one board; violations come with it. */
void vreport_text(FILE *out, const struct vboard *b);
void vreport_json(FILE *out, const struct vboard *b);

/* How a run has ended, and where that is told. */
struct vreport {
	const char *program; /* that plays the boards: for messages */
	const char *file;    /* gets JSON; NULL: text goes to stderr */
	bool quiet;          /* text only if the judge is not content */
	bool late;           /* the time limit was over */
	int status;          /* of the host program; -N: ended by signal N */
};

/* Exit statuses that are not the host program's. */
enum { VREPORT_BROKEN = 97, VREPORT_LATE = 98, VREPORT_JUDGE = 99 };

/* Closes the accounts of all COUNT boards at NOW, judges them and tells. Returns the exit status of the program that
 * plays them: the host program's (128+N for signal N) if the judge is content. */
int vreport_run(const struct vreport *r, struct vboard *const *boards, size_t count, uint64_t now);

#endif
