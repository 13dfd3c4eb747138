/* SPDX-License-Identifier: Apache-2.0 */
/* One station_run over simulated boards, and what came of it. */
#ifndef SIMRUN_H
#define SIMRUN_H

#include "sim.h"
#include "board/station.h"

#define SIMRUN_BOARDS 64

struct simrun {
	/* before: */
	const char *directory;      /* boot directory; what boards receive must equal its files */
	struct station_setup setup; /* simrun_init's defaults: one board, no limits */
	uint64_t kernel_memory;     /* 0: no limit */
	uint32_t seed;
	uint64_t interrupt_at;     /* microseconds after the start; 0: never */
	uint64_t drain_at;         /* the same */
	struct observer *observer; /* one more, or NULL */
	const char *image;         /* of --flash; NULL: none */
	bool shares_bus;           /* all boards are on one bus; otherwise each has its own */
	struct vdesc descs[SIMRUN_BOARDS];
	size_t count;

	uint64_t bus_free; /* when that bus is */

	/* after: */
	struct vboard boards[SIMRUN_BOARDS];
	struct station_summary summary;
	uint64_t time;     /* microseconds of virtual time */
	char *out, *err;   /* texts, owned */
	size_t violations; /* of all boards; printed as TAP diagnostics */
	unsigned leaks;    /* handles */
};

void simrun_init(struct simrun *run, const char *directory);

/* Adds the board of a description file (tests/virtual/boards/NAME.board) with more lines ("" for none), separated by ';'. Exits the
 * program with a message when the description is wrong. */
struct vdesc *simrun_add(struct simrun *run, const char *name, const char *lines);

void simrun_go(struct simrun *run);

/* What every run must end with, for tap.h: exit status WANT, boards that found nothing wrong, no open handle. */
#define SIMRUN_CHECK(run, want)                                         \
	do {                                                            \
		CHECK_INT((run)->summary.status, want);                 \
		CHECK_INT((run)->violations, 0);                        \
		CHECK_INT((run)->leaks, 0);                             \
		if (tap_failed)                                         \
			printf("# %s\n# %s\n", (run)->out, (run)->err); \
	} while (0)

void simrun_free(struct simrun *run);

/* Makes a boot directory with tests/virtual/mkfolder.sh below $T and returns its path (static per kind). */
const char *simrun_directory(const char *kind);

#endif
