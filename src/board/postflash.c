/* SPDX-License-Identifier: Apache-2.0 */
#include "board/postflash.h"

#include "base/serial.h"
#include "flash/backup.h"
#include "flash/medium_direct.h"
#include "flash/medium_disk.h"
#include "platform/plat_disk.h"

#include <stdio.h>
#include <string.h>

#define LIST_SIZE 1024
#define LOOK_TIME (10 * PLAT_SECOND) /* for the disk to be there for the program */
#define TARGETS   (FLASHWIRE_DISKS > SYSFS_DISKS ? FLASHWIRE_DISKS : SYSFS_DISKS)

/* --- the way to the disk */

static bool postflash_wants(const struct postflash *p)
{
	return p->setup->image || p->setup->backup;
}

enum err postflash_connect(struct postflash *p, const struct postboot *a)
{
	enum flash_via via = p->setup->via;
	bool disk = plat_disk_supported() && sysfs_has_bus(a->sysfs);
	if (!postflash_wants(p) || via == VIA_DISK)
		return OK;
	p->connection = (struct postdirect){ .a = a,
		                             .booted = p->booted,
		                             .only = via == VIA_DIRECT || !disk };
	enum err err = postdirect_connect(&p->connection);
	p->direct = p->connection.session != NULL;
	if (!err && !p->direct && p->connection.only)
		err = report_error(a->report, a->board, ERR_DIRECT_NONE, "port %s", a->board->path);
	return err;
}

/* --- the choice */

static size_t postflash_disk_targets(const struct postboot *a, struct target_disk out[TARGETS])
{
	for (size_t i = 0; i < a->disk_count; i++) {
		const struct sysfs_disk *d = &a->disks[i];
		out[i] = (struct target_disk){ .node = d->node, .size = d->size };
		target_name(d->vendor, d->model, out[i].name);
	}
	return a->disk_count;
}

static size_t postflash_direct_targets(const struct flashwire_info *info,
                                       struct target_disk out[TARGETS])
{
	for (size_t i = 0; i < info->count; i++) {
		const struct flashwire_disk *d = &info->disks[i];
		out[i] = (struct target_disk){
			.size = d->size,
			.word = d->kind == FLASHWIRE_KIND_EMMC ? "emmc"
			        : d->kind == FLASHWIRE_KIND_SD ? "sd"
			                                       : NULL,
		};
		memcpy(out[i].name, d->name, sizeof out[i].name);
	}
	return info->count;
}

/* Which one is meant. */
static enum err postflash_choose(struct postflash *p, const struct postboot *a, size_t *index)
{
	struct target_disk disks[TARGETS];
	char list[LIST_SIZE];
	size_t count = p->direct
	                       ? postflash_direct_targets(direct_info(p->connection.session), disks)
	                       : postflash_disk_targets(a, disks);
	if (count == 0) /* no disk of the host's would come so far */
		return report_error(a->report, a->board, ERR_NO_DISK, "the board has no disk");
	enum err err = target_choose(disks, count, p->setup->target, index);
	if (err) {
		target_list(disks, count, list, sizeof list);
		return report_error(a->report, a->board, err, "%s%s%s",
		                    p->setup->target ? p->setup->target : "",
		                    p->setup->target ? " among " : "", list);
	}
	p->chosen = true;
	memcpy(p->name, disks[*index].name, TARGET_NAME);
	p->size = disks[*index].size;
	return OK;
}

/* What may be known before it is opened. */
static enum err postflash_check_disk(const struct postboot *a, const char *name, uint64_t has,
                                     bool read_only, const struct spool *spool)
{
	if (!spool)
		return OK;
	if (read_only)
		return report_error(a->report, a->board, ERR_DISK_READ_ONLY, "%s", name);
	if (spool_size(spool) <= has)
		return OK;
	return report_error(a->report, a->board, ERR_DISK_TOO_SMALL,
	                    "%s has %llu bytes, the image %llu", name, (unsigned long long)has,
	                    (unsigned long long)spool_size(spool));
}

/* --- the work, whatever the way */

/* The boot ROM's serial number, or what the gadget, or the program on it, reports as the board's; "" unknown. */
static const char *postflash_serial(const struct postflash *p, const struct postboot *a,
                                    char text[SYSFS_TEXT])
{
	const char *serial = postboot_serial(a, text);
	if (!serial_is_valid(serial) && p->direct)
		serial = direct_info(p->connection.session)->serial;
	return serial_is_valid(serial) ? serial : "";
}

static enum err postflash_backup(const struct postflash *p, const struct postboot *a,
                                 struct flash *f, struct medium *m)
{
	char text[SYSFS_TEXT] = "";
	const char *name = backup_names_claim(p->setup->backup_names, postflash_serial(p, a, text),
	                                      a->board->path);
	if (!name)
		return report_error(a->report, a->board, ERR_MEMORY, "%s", p->setup->backup);
	return backup_write(f, m, p->setup->backup, name);
}

static enum err postflash_work(struct postflash *p, const struct postboot *a, struct flash *f,
                               struct medium *medium)
{
	enum err err = p->setup->image ? flash_write(f, medium) : postflash_backup(p, a, f, medium);
	p->figures = f->figures;
	p->done = !err;
	return err;
}

static struct flash postflash_flash(const struct postflash *p, const struct postboot *a)
{
	return (struct flash){
		.steps = { .report = a->report,
		           .board = a->board,
		           .monitor = a->monitor,
		           .interrupted = a->interrupted },
		.image = p->setup->image,
		.verify = p->setup->verify,
	};
}

/* Waits for the image. *SPOOL NULL: there is none, nothing is to be written. */
static enum err postflash_await(const struct postflash *p, struct flash *f,
                                const struct spool **spool)
{
	*spool = NULL;
	enum err err = p->setup->image ? flash_await_image(f) : OK;
	if (!err && p->setup->image)
		*spool = image_spool(p->setup->image);
	return err;
}

/* --- as a disk of the host */

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

static enum err postflash_run_disk(struct postflash *p, const struct postboot *a)
{
	struct flash f = postflash_flash(p, a);
	struct medium *medium;
	const struct spool *spool;
	char problem[MEDIUM_PROBLEM];
	size_t index = 0;
	enum err err = postflash_choose(p, a, &index);
	if (err)
		return err;
	p->disk = a->disks[index];
	err = postflash_await(p, &f, &spool);
	if (!err)
		err = postflash_check_disk(a, p->disk.node, p->disk.size, false, spool);
	if (err)
		return err;
	struct medium_disk_setup setup = postflash_disk_setup(p, a);
	setup.write = spool != NULL;
	err = medium_disk_open(&setup, spool, &medium, problem);
	if (err)
		return report_error(a->report, a->board, err, "%s", problem);
	f.disk_name = p->name;
	err = postflash_work(p, a, &f, medium);
	medium->ops->close(medium);
	return err;
}

/* --- by the program on the board */

/* Waits for the image, without a session if that takes time: the board ends one that is idle. */
static enum err postflash_await_idle(struct postflash *p, struct flash *f,
                                     const struct spool **spool, size_t *index)
{
	struct image_status status = { .ready = true };
	if (p->setup->image)
		image_status(p->setup->image, &status);
	if (!status.ready)
		postdirect_end(&p->connection);
	enum err err = postflash_await(p, f, spool);
	if (!err && !p->connection.session)
		err = postdirect_connect(&p->connection);
	if (!err && !p->connection.session)
		err = report_error(f->steps.report, f->steps.board, ERR_DIRECT_NONE,
		                   "not any more");
	return err || status.ready ? err : postflash_choose(p, p->connection.a, index);
}

/* What the board answered to CLOSE. All is on the disk and verified by then. */
static void postflash_closed(struct postflash *p, const struct postboot *a,
                             const struct medium *medium, bool keep, enum err err)
{
	const char *why = err == ERR_INTERRUPTED ? err_text(err) : medium->problem;
	p->ejected = !err && keep;
	if (err && keep)
		snprintf(p->not_ejected, sizeof p->not_ejected, "%s", why);
	else if (err)
		report_notice(a->report, a->board, "%s is not offered as a disk again: %s",
		              medium->name, why);
}

static enum err postflash_run_session(struct postflash *p, const struct postboot *a, bool keep)
{
	struct flash f = postflash_flash(p, a);
	struct medium *medium;
	const struct spool *spool;
	char problem[MEDIUM_PROBLEM];
	size_t index = 0;
	enum err err = postflash_choose(p, a, &index);
	if (!err)
		err = postflash_await_idle(p, &f, &spool, &index);
	if (err)
		return err;
	const struct flashwire_disk *disk = &direct_info(p->connection.session)->disks[index];
	err = postflash_check_disk(a, disk->name, disk->size, disk->read_only, spool);
	if (err)
		return err;
	struct medium_direct_setup setup = { .session = p->connection.session,
		                             .disk = disk,
		                             .keep = keep,
		                             .is_there = postdirect_is_there,
		                             .ctx = &p->connection };
	err = medium_direct_open(&setup, spool, &medium, problem);
	if (err == ERR_INTERRUPTED)
		return err;
	if (err)
		return report_error(a->report, a->board, err, "%s", problem);
	f.disk_name = p->name;
	err = postflash_work(p, a, &f, medium);
	if (!err)
		postflash_closed(p, a, medium, keep,
		                 spool ? f.published : medium->ops->publish(medium));
	medium->ops->close(medium);
	return err;
}

/* Finds the disk among the host's, for the program: by the board's name of it, or where that is not shown by its size. */
static void postflash_find_node(struct postflash *p, struct postboot *a)
{
	struct target_disk disks[TARGETS];
	if (!sysfs_has_bus(a->sysfs))
		return;
	postboot_look(a, LOOK_TIME);
	size_t count = postflash_disk_targets(a, disks);
	for (size_t i = 0; i < count; i++)
		if (*disks[i].name ? strcmp(disks[i].name, p->name) == 0 : disks[i].size == p->size)
			p->disk = a->disks[i];
}

static enum err postflash_run_direct(struct postflash *p, struct postboot *a)
{
	bool program = a->setup->program != NULL;
	bool keep = p->setup->eject && !program;
	enum err err = postflash_run_session(p, a, keep);
	postdirect_end(&p->connection);
	if (!err && program)
		postflash_find_node(p, a);
	return err;
}

enum err postflash_run(struct postflash *p, struct postboot *a)
{
	if (!postflash_wants(p))
		return OK;
	return p->direct ? postflash_run_direct(p, a) : postflash_run_disk(p, a);
}

/* --- afterwards */

const char *postflash_node(const struct postflash *p)
{
	return p->chosen ? p->disk.node : "";
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

/* The same for both ways; PROBLEM when it fails. */
static enum err postflash_eject_disk(struct postflash *p, const struct postboot *a,
                                     char problem[MEDIUM_PROBLEM])
{
	if (!p->direct) {
		struct medium_disk_setup setup = postflash_disk_setup(p, a);
		setup.write = true; /* nobody else may use it */
		return medium_disk_eject(&setup, problem);
	}
	snprintf(problem, MEDIUM_PROBLEM, "the program on the board cannot be reached");
	enum err err = postdirect_connect(&p->connection);
	if (!err)
		err = p->connection.session
		              ? medium_direct_eject(p->connection.session, p->name, problem)
		              : ERR_DIRECT_NONE;
	postdirect_end(&p->connection);
	return err;
}

void postflash_eject(struct postflash *p, const struct postboot *a)
{
	if (!p->done || !p->setup->eject)
		return;
	if (!p->ejected && !*p->not_ejected && postflash_eject_disk(p, a, p->not_ejected) == OK)
		p->ejected = true;
	if (!p->ejected)
		report_warning(a->report, a->board, "eject", "not ejected: %s", p->not_ejected);
	else
		report_emit(a->report,
		            &(struct event){ .kind = EV_EJECTED,
		                             .board = a->board,
		                             .name = p->direct ? p->name : p->disk.node });
}
