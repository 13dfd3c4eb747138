/* SPDX-License-Identifier: Apache-2.0 */
#include "board/postboot.h"

#include "report/diagnose.h"
#include "base/str.h"
#include "report/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_POLL   (100 * PLAT_MS)
#define DISK_SETTLE PLAT_SECOND       /* no new disk for so long: all are there */
#define CHILD_TIME  (5 * PLAT_SECOND) /* to end after SIGTERM */
#define VARIABLES   13

/* --- disks */

/* The disks with a medium, unless the board is still, or again, in its boot ROM: the ROM of BCM2837 has a storage
 * interface of its own. */
static size_t postboot_scan(const struct postboot *a, struct sysfs_disk disks[SYSFS_DISKS])
{
	struct usb_device_info info;
	const char *path = a->board->path;
	if (!sysfs_device(a->sysfs, path, &info) || stage_is_boot(sysfs_stage(a->sysfs, &info)))
		return 0;
	size_t count = sysfs_disks(a->sysfs, path, disks), n = 0;
	for (size_t i = 0; i < count; i++)
		if (disks[i].size)
			disks[n++] = disks[i];
	return n;
}

static bool postboot_is_known(const struct postboot *a, const struct sysfs_disk *disk)
{
	for (size_t i = 0; i < a->disk_count; i++)
		if (strcmp(a->disks[i].node, disk->node) == 0 && a->disks[i].size == disk->size)
			return true;
	return false;
}

/* Takes over what is there now. True: there is something new. */
static bool postboot_update(struct postboot *a)
{
	struct sysfs_disk now[SYSFS_DISKS];
	size_t count = postboot_scan(a, now);
	bool fresh = false;
	for (size_t i = 0; i < count; i++)
		fresh = fresh || !postboot_is_known(a, &now[i]);
	memcpy(a->disks, now, count * sizeof *now);
	a->disk_count = count;
	return fresh;
}

/* Whether more disks may follow: not where the board was a disk before this run, unless one is to be chosen. */
static bool postboot_settles(const struct postboot *a)
{
	return a->booted || a->setup->flash.image || a->setup->flash.backup;
}

/* Looks every tenth of a second until the disks are there and settled. Inside the monitor. */
static enum err postboot_await_disks(struct postboot *a, uint64_t deadline)
{
	uint64_t settled = PLAT_FOREVER;
	while (!*a->interrupted) {
		plat_unlock(a->monitor);
		bool fresh = postboot_update(a);
		uint64_t now = plat_now();
		plat_lock(a->monitor);
		if (fresh)
			settled = now + (postboot_settles(a) ? DISK_SETTLE : 0);
		if (a->disk_count && (now >= settled || now >= deadline))
			return OK;
		if (now >= deadline || *a->restarted)
			return ERR_NO_DISK;
		plat_wait(a->monitor, now + DISK_POLL);
	}
	return ERR_INTERRUPTED;
}

const char *postboot_serial(const struct postboot *a, char text[SYSFS_TEXT])
{
	if (*a->board->serial)
		return a->board->serial;
	sysfs_text(a->sysfs, a->board->path, "serial", text);
	return text;
}

static void postboot_report_disks(const struct postboot *a)
{
	char text[SYSFS_TEXT];
	const char *serial = postboot_serial(a, text);
	for (size_t i = 0; i < a->disk_count; i++) {
		struct event e = {
			.kind = EV_DISK,
			.board = a->board,
			.name = a->disks[i].node,
			.text = a->disks[i].model,
			.where = serial,
			.size = a->disks[i].size,
		};
		report_emit(a->report, &e);
	}
}

void postboot_report_restart(const struct postboot *a, enum err err)
{
	struct finding why;
	report_error_advice(a->report, a->board, err, "See the explanation that follows.",
	                    "the board started over: it is back in USB boot mode");
	diagnose_restart(a->board->path, &why);
	diagnose_report(a->report, a->board, err, &why);
}

enum err postboot_no_disk(const struct postboot *a)
{
	struct finding why;
	plat_lock(a->monitor);
	bool restarted = *a->restarted;
	plat_unlock(a->monitor);
	if (restarted) {
		postboot_report_restart(a, ERR_NO_DISK);
		return ERR_NO_DISK;
	}
	report_error(a->report, a->board, ERR_NO_DISK, "waited %lu seconds",
	             (unsigned long)(a->setup->disk_time / PLAT_SECOND));
	diagnose_disk(a->sysfs, a->board->path, &why);
	diagnose_report(a->report, a->board, ERR_NO_DISK, &why);
	return ERR_NO_DISK;
}

enum err postboot_disks(struct postboot *a)
{
	a->disk_count = 0;
	if (!a->setup->disk_time)
		return OK;
	report_emit(a->report, &(struct event){ .kind = EV_DISK_WAIT, .board = a->board });
	plat_lock(a->monitor);
	enum err err = postboot_await_disks(a, a->deadline ? a->deadline
	                                                   : plat_now() + a->setup->disk_time);
	plat_unlock(a->monitor);
	if (err == ERR_NO_DISK)
		postboot_no_disk(a);
	if (!err)
		postboot_report_disks(a);
	return err;
}

void postboot_look(struct postboot *a, uint64_t time)
{
	a->disk_count = 0;
	plat_lock(a->monitor);
	enum err err = postboot_await_disks(a, plat_now() + time);
	plat_unlock(a->monitor);
	if (!err)
		postboot_report_disks(a);
}

/* --- the program */

/* The nodes of all disks with blanks between. */
static void postboot_list_nodes(const struct postboot *a, char *out, size_t size)
{
	size_t n = 0;
	*out = 0;
	for (size_t i = 0; i < a->disk_count && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? " " : "", a->disks[i].node);
}

/* New strings; false: out of memory (some may be there). */
static bool postboot_make_variables(const struct postboot *a, const struct postboot_result *result,
                                    char *v[VARIABLES + 1])
{
	const struct board_facts *board = a->board;
	char serial[4 * USB_STRING_SIZE + 1], nodes[SYSFS_DISKS * 65];
	str_escape(serial, sizeof serial, board->serial); /* no control characters */
	postboot_list_nodes(a, nodes, sizeof nodes);
	size_t n = 0;
	v[n++] = str_new("RPIBOOT_PATH=%s", board->path);
	v[n++] = str_new("RPIBOOT_SERIAL=%s", serial);
	v[n++] = str_new("RPIBOOT_PLACE=%s", board->place ? board->place : "");
	v[n++] = str_new("RPIBOOT_CHIP=%s", board->chip ? board->chip->name : "");
	v[n++] = str_new("RPIBOOT_RESULT=%s", err_code(result->err));
	v[n++] = str_new("RPIBOOT_STATUS=%d", outcome_status(result->err));
	v[n++] = str_new("RPIBOOT_FILES=%u", result->files);
	v[n++] = str_new("RPIBOOT_BYTES=%llu", (unsigned long long)result->bytes);
	v[n++] = str_new("RPIBOOT_SECONDS=%.2f", (double)result->duration / (double)PLAT_SECOND);
	v[n++] = str_new("RPIBOOT_METADATA=%s", result->metadata ? result->metadata : "");
	v[n++] = str_new("RPIBOOT_DISKS=%s", nodes);
	v[n++] = str_new("RPIBOOT_DISK=%s", result->disk ? result->disk : "");
	v[n++] = str_new("RPIBOOT_FLASH=%s", result->flash ? result->flash : "");
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok = ok && v[i];
	return ok;
}

/* Waits for its end; an interrupt ends it, first kindly. Inside the monitor. */
static enum err postboot_await_child(const struct postboot *a, struct plat_child *child,
                                     int *status)
{
	uint64_t give_up = PLAT_FOREVER;
	bool asked = false;
	while (!plat_child_ended(child, status)) {
		if (*a->interrupted && !asked) {
			asked = true;
			plat_child_end(child, false);
			give_up = plat_now() + CHILD_TIME;
		}
		if (!plat_wait(a->monitor, give_up)) {
			plat_child_end(child, true);
			give_up = PLAT_FOREVER;
		}
	}
	return asked ? ERR_INTERRUPTED : OK;
}

static enum err postboot_run(const struct postboot *a, const char *const variables[])
{
	const char *program = a->setup->program;
	uint64_t start = plat_now();
	struct event e = { .kind = EV_EXEC, .board = a->board, .name = program };
	report_emit(a->report, &e);
	struct plat_child *child = plat_child_start(program, variables, a->setup->output_to_stderr,
	                                            a->monitor);
	if (!child)
		return report_error(a->report, a->board, ERR_EXEC, "%s: %s", program,
		                    strerror(errno));
	int status;
	plat_lock(a->monitor);
	enum err err = postboot_await_child(a, child, &status);
	plat_unlock(a->monitor);
	plat_child_free(child);
	if (!err && status)
		err = ERR_EXEC;
	e.kind = EV_EXEC_END;
	e.err = err;
	e.code = (uint32_t)status;
	e.duration = plat_now() - start;
	report_emit(a->report, &e);
	if (err == ERR_EXEC)
		report_error(a->report, a->board, err, "%s: exit status %d", program, status);
	return err;
}

enum err postboot_exec(const struct postboot *a, const struct postboot_result *result)
{
	char *variables[VARIABLES + 1] = { 0 };
	if (!a->setup->program)
		return OK;
	enum err err = postboot_make_variables(a, result, variables) ? OK : ERR_MEMORY;
	plat_lock(a->monitor);
	bool interrupted = *a->interrupted;
	plat_unlock(a->monitor);
	if (err)
		report_error(a->report, a->board, err, "%s", a->setup->program);
	else
		err = interrupted ? ERR_INTERRUPTED
		                  : postboot_run(a, (const char *const *)variables);
	for (size_t i = 0; i < VARIABLES; i++)
		free(variables[i]);
	return err;
}
