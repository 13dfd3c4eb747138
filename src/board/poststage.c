/* SPDX-License-Identifier: Apache-2.0 */
#include "board/poststage.h"

#include <stdio.h>

#define STAGE_POLL (100 * PLAT_MS)

/* Whether the system shows it there. That the board is back in its boot ROM is reported without looking. */
static bool poststage_shows(const struct postboot *a)
{
	struct usb_device_info info;
	return a->setup->stage != STAGE_BOOT_ROM && sysfs_device(a->sysfs, a->board->path, &info) &&
	       sysfs_stage(a->sysfs, &info) == a->setup->stage;
}

/* Looks every tenth of a second. Inside the monitor. */
static enum err poststage_look(const struct postboot *a)
{
	uint64_t deadline = plat_now() + a->setup->stage_time;
	while (!*a->interrupted) {
		plat_unlock(a->monitor);
		bool there = poststage_shows(a);
		uint64_t now = plat_now();
		plat_lock(a->monitor);
		if (there || (*a->restarted && a->setup->stage == STAGE_BOOT_ROM))
			return OK;
		if (now >= deadline || *a->restarted)
			return ERR_NO_STAGE;
		plat_wait(a->monitor, now + STAGE_POLL);
	}
	return ERR_INTERRUPTED;
}

static void poststage_report_reached(const struct postboot *a)
{
	char text[SYSFS_TEXT];
	report_emit(a->report, &(struct event){ .kind = EV_STAGE_REACHED,
	                                        .board = a->board,
	                                        .name = stage_code(a->setup->stage),
	                                        .where = postboot_serial(a, text),
	                                        .code = !a->booted });
}

static void poststage_report_absent(const struct postboot *a)
{
	struct usb_device_info info;
	char there[64];
	if (!sysfs_device(a->sysfs, a->board->path, &info))
		snprintf(there, sizeof there, "nothing");
	else
		snprintf(there, sizeof there, "%04x:%04x, %s", info.vendor, info.product,
		         stage_name(sysfs_stage(a->sysfs, &info)));
	report_error(a->report, a->board, ERR_NO_STAGE,
	             "no %s within %lu seconds; on its port there is %s",
	             stage_name(a->setup->stage),
	             (unsigned long)(a->setup->stage_time / PLAT_SECOND), there);
}

enum err poststage_await(const struct postboot *a)
{
	if (a->setup->stage == STAGE_NONE)
		return OK;
	report_emit(a->report, &(struct event){ .kind = EV_STAGE_WAIT,
	                                        .board = a->board,
	                                        .name = stage_code(a->setup->stage) });
	plat_lock(a->monitor);
	enum err err = poststage_look(a);
	bool restarted = *a->restarted;
	plat_unlock(a->monitor);
	if (!err)
		poststage_report_reached(a);
	else if (err == ERR_NO_STAGE && restarted)
		postboot_report_restart(a, err);
	else if (err == ERR_NO_STAGE)
		poststage_report_absent(a);
	return err;
}
