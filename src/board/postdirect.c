/* SPDX-License-Identifier: Apache-2.0 */
#include "board/postdirect.h"

#include "base/serial.h"

#include <string.h>

#define OPEN_TIME   (5 * PLAT_SECOND)  /* udev and drivers need their time */
#define DRIVER_TIME (60 * PLAT_SECOND) /* Windows may have to install one */
#define OPEN_PAUSE  (100 * PLAT_MS)

/* Waits for what the board becomes. */
static enum err postdirect_await(const struct postdirect *p, struct usb_device_info *info)
{
	const struct postboot *a = p->a;
	enum err err = OK;
	plat_lock(a->monitor);
	while (!err && (*a->interrupted || !a->became->attach_id)) {
		if (*a->interrupted)
			err = ERR_INTERRUPTED;
		else if (*a->restarted || !plat_wait(a->monitor, a->deadline))
			err = ERR_NO_DISK;
	}
	*info = *a->became;
	plat_unlock(a->monitor);
	return err;
}

bool postdirect_is_there(const void *ctx)
{
	const struct postdirect *p = ctx;
	plat_lock(p->a->monitor);
	bool there = p->a->became->attach_id == p->attach_id;
	plat_unlock(p->a->monitor);
	return there;
}

/* Waits a moment. False: it left, or an interrupt. */
static bool postdirect_pause(const struct postdirect *p)
{
	const struct postboot *a = p->a;
	uint64_t until = plat_now() + OPEN_PAUSE;
	plat_lock(a->monitor);
	bool on = true;
	while (on && plat_wait(a->monitor, until))
		on = !*a->interrupted && a->became->attach_id == p->attach_id;
	plat_unlock(a->monitor);
	return on;
}

/* Whether INFO, opened as HANDLE, is what a board becomes: the same rule as for disks (medium_disk.c). */
static enum err postdirect_identify(const struct postdirect *p, const struct usb_device_info *info,
                                    struct usb_handle *handle, bool *is)
{
	const struct postboot *a = p->a;
	char serial[USB_STRING_SIZE] = "";
	enum stage stage = sysfs_stage(a->sysfs, info);
	if (info->serial_index)
		usb_string(handle, info->serial_index, serial);
	bool known = serial_is_valid(a->board->serial) && serial_is_valid(serial);
	if (known && !serial_same(a->board->serial, serial))
		return report_error(a->report, a->board, ERR_DISK_IDENTITY,
		                    "the device on port %s has serial %s, the board %s", info->path,
		                    serial, a->board->serial);
	*is = stage == STAGE_MSD_GADGET ||
	      (stage == STAGE_OLD_GADGET && (known || a->setup->flash.named)) ||
	      (stage == STAGE_NONE && known && p->booted);
	return OK;
}

/* One attempt. OK without a session: there is none to be had. *REPORTED: its error is. */
static enum err postdirect_try(struct postdirect *p, const struct usb_device_info *info,
                               char problem[DIRECT_PROBLEM], bool *reported)
{
	struct usb_handle *handle;
	struct usb_pipes pipes;
	bool is = false;
	snprintf(problem, DIRECT_PROBLEM, "its interface for flashing");
	enum err err = usb_find_pipes(p->a->usb, info, FLASHWIRE_CLASS, FLASHWIRE_SUBCLASS, &pipes);
	if (err || !pipes.out)
		return err;
	err = usb_open(p->a->usb, info, &handle);
	if (err)
		return err;
	err = postdirect_identify(p, info, handle, &is);
	*reported = err != OK;
	if (!err && is)
		return direct_begin(handle, &pipes, &p->session, problem);
	usb_close(handle);
	return err;
}

/* What keeps the session from being used. Nothing was written yet. */
static enum err postdirect_failed(const struct postdirect *p, enum err err, const char *problem)
{
	const struct postboot *a = p->a;
	bool unusable = err == ERR_USB_ACCESS || err == ERR_USB_DESCRIPTOR;
	if (err == ERR_INTERRUPTED)
		return err;
	if (!unusable || p->only)
		return report_error(a->report, a->board, err, "%s", problem);
	report_notice(a->report, a->board, "not flashed directly: %s: %s", problem, err_text(err));
	return OK;
}

/* Whose serial number the board's program reports must be the board's. */
static enum err postdirect_check_serial(struct postdirect *p)
{
	const struct postboot *a = p->a;
	const char *serial = direct_info(p->session)->serial;
	if (!serial_is_valid(serial) || !serial_is_valid(a->board->serial) ||
	    serial_same(serial, a->board->serial))
		return OK;
	postdirect_end(p);
	return report_error(a->report, a->board, ERR_DISK_IDENTITY,
	                    "the program on the board reports serial %s, the board has %s", serial,
	                    a->board->serial);
}

enum err postdirect_connect(struct postdirect *p)
{
	struct usb_device_info info;
	char problem[DIRECT_PROBLEM];
	p->session = NULL;
	for (uint64_t start = 0;;) {
		bool reported = false;
		enum err err = postdirect_await(p, &info);
		if (err == ERR_NO_DISK && start)
			return report_error(p->a->report, p->a->board, ERR_BOARD_LOST,
			                    "it left before it could be flashed");
		if (err == ERR_NO_DISK)
			return postboot_no_disk(p->a);
		if (err)
			return err;
		if (!start || p->attach_id != info.attach_id)
			start = plat_now();
		p->attach_id = info.attach_id;
		err = postdirect_try(p, &info, problem, &reported);
		if (reported)
			return err;
		if (!err)
			return p->session ? postdirect_check_serial(p) : OK;
		uint64_t time = err == ERR_USB_DRIVER ? DRIVER_TIME : OPEN_TIME;
		bool left = !postdirect_is_there(p) || !postdirect_pause(p);
		bool again = left || (err_is_transient(err) && plat_now() - start < time);
		if (!again)
			return postdirect_failed(p, err, problem);
	}
}

void postdirect_end(struct postdirect *p)
{
	direct_end(p->session);
	p->session = NULL;
}
