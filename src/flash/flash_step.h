/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of work on one board's disk: their progress (EV_FLASH_PROGRESS, at most one a second), a notice when nothing
 * moves for ten seconds, and interrupts.
 *
 *	flash_step_watch(s);
 *	flash_step_begin(s, medium, FLASH_WRITE, size);
 *	for each part: if (flash_step_interrupted(s)) ...; ...; flash_step_moved(s, medium, bytes);
 *	time = flash_step_end(s);
 *	flash_step_unwatch(s);
 */
#ifndef FLASH_STEP_H
#define FLASH_STEP_H

#include "flash/medium.h"
#include "platform/plat.h"
#include "report/report.h"

struct flash_steps {
	/* borrowed, set by the caller */
	struct report *report;
	const struct board_facts *board;
	struct plat_monitor *monitor; /* wakes all waits; protects: */
	const bool *interrupted;

	/* internal */
	struct plat_thread *watcher;
	enum flash_step step;
	uint64_t start, next_progress, done, size;
	uint64_t moved; /* when the last part was through; protected by the monitor, as are */
	bool watched, quiet, ended;
};

bool flash_step_interrupted(struct flash_steps *s);

void flash_step_watch(struct flash_steps *s);
void flash_step_unwatch(struct flash_steps *s);

/* SIZE in bytes; 0: unknown. */
void flash_step_begin(struct flash_steps *s, const struct medium *m, enum flash_step step,
                      uint64_t size);
void flash_step_moved(struct flash_steps *s, const struct medium *m, uint64_t bytes);

/* Returns the time since its beginning. */
uint64_t flash_step_end(struct flash_steps *s);

#endif
