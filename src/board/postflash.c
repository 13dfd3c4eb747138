/* SPDX-License-Identifier: Apache-2.0 */
#include "board/postflash.h"

#include "flash/backup.h"
#include "flash/medium_disk.h"
#include "flash/target.h"
#include "base/serial.h"

#include <stdio.h>
#include <string.h>

#define LIST_SIZE 1024

/* --- the choice */

static void postflash_targets(const struct postboot *a, struct target_disk out[SYSFS_DISKS])
{
	for (size_t i = 0; i < a->disk_count; i++) {
		const struct sysfs_disk *d = &a->disks[i];
		out[i] = (struct target_disk){ .node = d->node, .size = d->size };
		target_name(d->vendor, d->model, out[i].name);
	}
}

static enum err postflash_choose(struct postflash *p, const struct postboot *a,
                                 char name[TARGET_NAME])
{
	struct target_disk disks[SYSFS_DISKS];
	char list[LIST_SIZE];
	size_t index;
	postflash_targets(a, disks);
	enum err err = target_choose(disks, a->disk_count, p->setup->target, &index);
	if (err) {
		target_list(disks, a->disk_count, list, sizeof list);
		return report_error(a->report, a->board, err, "%s%s%s",
		                    p->setup->target ? p->setup->target : "",
		                    p->setup->target ? " among " : "", list);
	}
	p->disk = a->disks[index];
	p->chosen = true;
	memcpy(name, disks[index].name, TARGET_NAME);
	return OK;
}

static enum err postflash_check_size(const struct postflash *p, const struct postboot *a,
                                     uint64_t size)
{
	if (size <= p->disk.size)
		return OK;
	return report_error(a->report, a->board, ERR_DISK_TOO_SMALL,
	                    "%s has %llu bytes, the image %llu", p->disk.node,
	                    (unsigned long long)p->disk.size, (unsigned long long)size);
}

/* --- the work */

static struct medium_disk_setup postflash_disk_setup(const struct postflash *p,
                                                     const struct postboot *a)
{
	return (struct medium_disk_setup){
		.sysfs = a->sysfs,
		.path = a->board->path,
		.serial = a->board->serial,
		.disk = &p->disk,
		.booted = p->booted,
		.newer_than = p->setup->newest,
		.named = p->setup->named,
	};
}

/* The serial number as a file name, or the path. */
static enum err postflash_backup(const struct postflash *p, struct flash *f, struct medium *m)
{
	const struct board_facts *board = f->steps.board;
	return backup_write(f, m, p->setup->backup,
	                    serial_is_valid(board->serial) ? board->serial : board->path);
}

enum err postflash_run(struct postflash *p, const struct postboot *a)
{
	struct flash f = {
		.steps = { .report = a->report,
		           .board = a->board,
		           .monitor = a->monitor,
		           .interrupted = a->interrupted },
		.image = p->setup->image,
		.verify = p->setup->verify,
	};
	char problem[MEDIUM_PROBLEM], name[TARGET_NAME];
	struct medium *medium;
	bool write = p->setup->image != NULL;
	if (!write && !p->setup->backup)
		return OK;
	enum err err = postflash_choose(p, a, name);
	if (!err && write)
		err = flash_await_image(&f);
	const struct spool *spool = write && !err ? image_spool(f.image) : NULL;
	if (!err && write)
		err = postflash_check_size(p, a, spool_size(spool));
	if (err)
		return err;
	struct medium_disk_setup setup = postflash_disk_setup(p, a);
	setup.write = write;
	err = medium_disk_open(&setup, spool, &medium, problem);
	if (err)
		return report_error(a->report, a->board, err, "%s", problem);
	f.disk_name = name;
	err = write ? flash_write(&f, medium) : postflash_backup(p, &f, medium);
	medium->ops->close(medium);
	p->figures = f.figures;
	p->done = !err;
	return err;
}

const char *postflash_word(const struct postflash *p, enum err err)
{
	static const char *const words[] = {
		[FLASH_CHECKED_NONE] = "written",
		[FLASH_CHECKED_CACHE] = "read-back",
		[FLASH_CHECKED_MEDIUM] = "verified",
	};
	if (!p->setup->image)
		return "";
	return p->done ? words[p->figures.checked] : err_code(err);
}

void postflash_eject(const struct postflash *p, const struct postboot *a)
{
	char problem[MEDIUM_PROBLEM];
	if (!p->done || !p->setup->eject)
		return;
	struct medium_disk_setup setup = postflash_disk_setup(p, a);
	setup.write = true; /* nobody else may use it */
	if (medium_disk_eject(&setup, problem) != OK)
		report_warning(a->report, a->board, "eject", "not ejected: %s", problem);
	else
		report_emit(a->report, &(struct event){ .kind = EV_EJECTED,
		                                        .board = a->board,
		                                        .name = p->disk.node });
}
