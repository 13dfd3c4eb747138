/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flash_step.h"

#define PROGRESS_TIME PLAT_SECOND
#define STALL_TIME    (10 * PLAT_SECOND) /* without a chunk: say so */

bool flash_step_interrupted(struct flash_steps *s)
{
	plat_lock(s->monitor);
	bool interrupted = *s->interrupted;
	plat_unlock(s->monitor);
	return interrupted;
}

static void flash_step_emit(struct flash_steps *s, const struct medium *m)
{
	uint64_t now = plat_now();
	s->next_progress = now + PROGRESS_TIME;
	report_emit(s->report,
	            &(struct event){ .kind = EV_FLASH_PROGRESS,
	                             .board = s->board,
	                             .step = s->step,
	                             .done = s->done > m->pending ? s->done - m->pending : 0,
	                             .size = s->size,
	                             .duration = now - s->start });
}

void flash_step_begin(struct flash_steps *s, const struct medium *m, enum flash_step step,
                      uint64_t size)
{
	s->step = step;
	s->start = plat_now();
	s->done = 0;
	s->size = size;
	plat_lock(s->monitor);
	s->moved = s->start;
	s->watched = step != FLASH_SETTLE; /* which may take minutes without a sign */
	s->quiet = false;
	plat_broadcast(s->monitor);
	plat_unlock(s->monitor);
	flash_step_emit(s, m);
}

uint64_t flash_step_end(struct flash_steps *s)
{
	plat_lock(s->monitor);
	s->watched = false;
	plat_unlock(s->monitor);
	return plat_now() - s->start;
}

void flash_step_moved(struct flash_steps *s, const struct medium *m, uint64_t bytes)
{
	s->done += bytes;
	plat_lock(s->monitor);
	s->moved = plat_now();
	if (s->quiet)
		plat_broadcast(s->monitor); /* the watcher sleeps until then */
	s->quiet = false;
	plat_unlock(s->monitor);
	if (plat_now() >= s->next_progress)
		flash_step_emit(s, m);
}

/* Says once when nothing moves any more: the board's own thread is inside the kernel then, which retries for minutes. */
static void flash_step_watch_main(void *arg)
{
	struct flash_steps *s = arg;
	plat_lock(s->monitor);
	while (!s->ended) {
		uint64_t deadline = s->moved + STALL_TIME;
		if (!s->watched || s->quiet) {
			plat_wait(s->monitor, PLAT_FOREVER);
		} else if (plat_now() < deadline) {
			plat_wait(s->monitor, deadline);
		} else {
			s->quiet = true;
			plat_unlock(s->monitor);
			report_notice(s->report, s->board,
			              "No progress for %u seconds: unplugging the board ends it",
			              (unsigned)(STALL_TIME / PLAT_SECOND));
			plat_lock(s->monitor);
		}
	}
	plat_unlock(s->monitor);
}

void flash_step_watch(struct flash_steps *s)
{
	s->watched = s->quiet = s->ended = false;
	s->watcher = plat_thread_start(flash_step_watch_main, s); /* does without, if need be */
}

void flash_step_unwatch(struct flash_steps *s)
{
	plat_lock(s->monitor);
	s->ended = true;
	plat_broadcast(s->monitor);
	plat_unlock(s->monitor);
	plat_thread_join(s->watcher);
	s->watcher = NULL;
}
