/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flash.h"

#include <stdlib.h>
#include <string.h>

#define IMAGE_POLL (100 * PLAT_MS)
#define LAST_BLOCK 4096 /* bytes: the largest sector of usual disks */
#define REWRITES   3 /* chunks that may read back wrong the first time; a disk with more is bad */

static const char gpt_signature[] = "EFI PART"; /* UEFI 2.10, 5.3.2: first bytes of a GPT header */

enum err flash_await_image(struct flash *f)
{
	struct image_status status;
	bool said = false;
	for (;;) {
		image_status(f->image, &status);
		if (status.ready)
			return OK;
		if (status.err)
			return status.err;
		if (!said)
			report_emit(f->steps.report, &(struct event){ .kind = EV_IMAGE_WAIT,
			                                              .board = f->steps.board });
		said = true;
		plat_lock(f->steps.monitor);
		bool interrupted = *f->steps.interrupted;
		if (!interrupted)
			plat_wait(f->steps.monitor, plat_now() + IMAGE_POLL);
		plat_unlock(f->steps.monitor);
		if (interrupted)
			return ERR_INTERRUPTED;
	}
}

/* --- the steps */

static enum err flash_settle(struct flash *f, struct medium *m)
{
	flash_step_begin(&f->steps, m, FLASH_SETTLE, 0);
	enum err err = m->ops->settle(m);
	f->figures.settle += flash_step_end(&f->steps);
	return err;
}

static uint64_t flash_first_size(const struct medium *m)
{
	return m->size < SPOOL_CHUNK ? m->size : SPOOL_CHUNK;
}

/* The backup of a GPT, if there is one, from which firmware and systems restore the table. */
static enum err flash_erase_backup(struct medium *m)
{
	uint8_t last[LAST_BLOCK]; /* its header is in the last sector */
	uint64_t at = (m->size - 1) / LAST_BLOCK * LAST_BLOCK;
	uint64_t tail = (m->size - SPOOL_CHUNK) / LAST_BLOCK * LAST_BLOCK;
	memset(last, 0, sizeof last);
	enum err err = m->ops->read(m, at, last, (size_t)(m->size - at));
	bool found = false;
	for (size_t i = 0; i < sizeof last; i += IMAGE_SECTOR)
		found = found || memcmp(last + i, gpt_signature, strlen(gpt_signature)) == 0;
	if (err || !found)
		return err;
	return m->ops->zero(m, tail, m->size - tail);
}

/* From here on, until all is done, the disk has no partition table. */
static enum err flash_erase_table(struct flash *f, struct medium *m)
{
	enum err err = m->ops->zero(m, 0, flash_first_size(m));
	if (!err && m->size > 2 * SPOOL_CHUNK)
		err = flash_erase_backup(m);
	if (!err)
		err = flash_settle(f, m);
	f->erased = !err;
	return err;
}

static enum err flash_write_rest(struct flash *f, struct medium *m)
{
	const struct spool *spool = m->spool;
	enum err err = OK;
	flash_step_begin(&f->steps, m, FLASH_WRITE, spool_size(spool));
	for (size_t i = 1; !err && i < spool_count(spool); i++) {
		err = flash_step_interrupted(&f->steps) ? ERR_INTERRUPTED : m->ops->write(m, i);
		if (!err)
			flash_step_moved(&f->steps, m, spool_chunk(spool, i)->size);
	}
	f->figures.write = flash_step_end(&f->steps);
	if (!err)
		report_emit(f->steps.report, &(struct event){ .kind = EV_FLASH_WRITTEN,
		                                              .board = f->steps.board,
		                                              .bytes = f->steps.done,
		                                              .duration = f->figures.write });
	return err;
}

static enum err flash_differs(struct medium *m, uint64_t offset)
{
	snprintf(m->problem, sizeof m->problem,
	         "what was written reads back differently at byte %llu",
	         (unsigned long long)offset);
	return ERR_DISK_VERIFY;
}

/* A chunk that reads back wrong: once more, so that one bad transfer costs no board. */
static enum err flash_repair(struct flash *f, struct medium *m, uint64_t offset, unsigned *rewrites)
{
	size_t chunk = (size_t)(offset / SPOOL_CHUNK);
	struct medium_difference again = { .found = false };
	if ((*rewrites)++ >= REWRITES)
		return flash_differs(m, offset);
	report_warning(f->steps.report, f->steps.board, "disk-rewrite",
	               "%s reads back differently at byte %llu: written once more", m->name,
	               (unsigned long long)offset);
	enum err err = m->ops->write(m, chunk);
	if (!err)
		err = m->ops->settle(m);
	if (!err)
		err = m->ops->verify(m, chunk, 1, &again);
	if (!err && again.found)
		err = flash_differs(m, again.offset);
	return err;
}

static enum err flash_verify_range(struct flash *f, struct medium *m, size_t from, size_t to,
                                   unsigned *rewrites)
{
	while (from < to) {
		struct medium_difference difference;
		size_t count = to - from < m->verify_count ? to - from : m->verify_count;
		if (flash_step_interrupted(&f->steps))
			return ERR_INTERRUPTED;
		enum err err = m->ops->verify(m, from, count, &difference);
		if (err)
			return err;
		if (difference.found) {
			/* up to that chunk all is right; what follows it is not known yet */
			count = (size_t)(difference.offset / SPOOL_CHUNK) - from + 1;
			err = flash_repair(f, m, difference.offset, rewrites);
			if (err)
				return err;
		}
		uint64_t bytes = 0;
		for (size_t i = from; i < from + count; i++)
			bytes += spool_chunk(m->spool, i)->size;
		flash_step_moved(&f->steps, m, bytes);
		from += count;
	}
	return OK;
}

/* What makes it a system that starts. */
static enum err flash_write_first(struct flash *f, struct medium *m, unsigned *rewrites)
{
	f->completed = true;
	enum err err = m->ops->write(m, 0);
	if (!err)
		err = flash_settle(f, m);
	if (!err && f->verify)
		err = flash_verify_range(f, m, 0, 1, rewrites);
	if (!err)
		err = m->ops->confirm(m);
	return err;
}

static enum err flash_run_steps(struct flash *f, struct medium *m)
{
	unsigned rewrites = 0;
	enum err err = flash_erase_table(f, m);
	if (!err)
		err = flash_write_rest(f, m);
	if (!err)
		err = flash_settle(f, m);
	if (!err && f->verify) {
		flash_step_begin(&f->steps, m, FLASH_VERIFY, spool_size(m->spool));
		err = flash_verify_range(f, m, 1, spool_count(m->spool), &rewrites);
		f->figures.verify = flash_step_end(&f->steps);
	}
	return err ? err : flash_write_first(f, m, &rewrites);
}

/* Reports why, and in which state that leaves the disk. */
static enum err flash_failed(struct flash *f, struct medium *m, enum err err)
{
	if (err != ERR_INTERRUPTED)
		report_error(f->steps.report, f->steps.board, err, "%s: %s", m->name, m->problem);
	if (err == ERR_BOARD_LOST || err == ERR_DISK_IDENTITY)
		return err;
	if (f->completed) /* a table whose disk is not known to be right */
		f->erased = m->ops->zero(m, 0, flash_first_size(m)) == OK &&
		            m->ops->settle(m) == OK;
	report_notice(f->steps.report, f->steps.board, "%s is not finished%s", m->name,
	              f->erased ? "; it has no partition table now" : "");
	return err;
}

enum err flash_write(struct flash *f, struct medium *medium)
{
	f->figures = (struct flash_figures){ .bytes = spool_size(medium->spool) };
	f->erased = f->completed = false;
	report_emit(f->steps.report, &(struct event){ .kind = EV_FLASH,
	                                              .board = f->steps.board,
	                                              .name = medium->name,
	                                              .text = f->disk_name,
	                                              .topic = medium->direct ? "direct" : "disk",
	                                              .size = medium->size,
	                                              .bytes = spool_size(medium->spool) });
	flash_step_watch(&f->steps);
	enum err err = flash_run_steps(f, medium);
	flash_step_unwatch(&f->steps);
	if (err)
		return flash_failed(f, medium, err);
	if (f->verify)
		f->figures.checked = medium->past_cache ? FLASH_CHECKED_MEDIUM
		                                        : FLASH_CHECKED_CACHE;
	f->published = medium->ops->publish(medium);
	report_emit(f->steps.report, &(struct event){ .kind = EV_FLASH_END,
	                                              .board = f->steps.board,
	                                              .name = medium->name,
	                                              .topic = medium->direct ? "direct" : "disk",
	                                              .flash = &f->figures });
	return OK;
}
