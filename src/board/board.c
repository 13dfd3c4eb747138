/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"

#include "report/diagnose.h"
#include "protocol/fileserver.h"
#include "platform/plat.h"
#include "protocol/secondstage.h"

#include <stdlib.h>
#include <string.h>

#define OPEN_TIME \
	(5 * PLAT_SECOND) /* udev, drivers and virtual machines need their time after an arrival */
#define LEAVE_TIME (2 * PLAT_SECOND) /* how long a finished board may take to leave by itself */
#define REFUSED_TIME \
	(5 * PLAT_SECOND) /* how long one may take that did not accept its second stage */
#define SECOND_STAGES  3  /* sent on one port without a file served: the board failed */
#define ACCEPTED_TWICE 2  /* a board that took it twice and still looks like a ROM: serve files */

struct board {
	const struct board_setup *setup;
	struct plat_thread *thread;
	struct board_facts facts;
	struct board_result result;
	struct bootfiles files;
	bool files_open, archive_reported;
	char *metadata_path; /* owned; NULL: no metadata file */
	uint64_t start;
	uint64_t served; /* the arrival that was given its second stage */
	unsigned sent, accepted;

	struct plat_monitor *monitor; /* for the port: */
	struct usb_device_info info;  /* the latest arrival */
	bool present, interrupted;
};

/* --- the port */

void board_arrived(struct board *board, const struct usb_device_info *info)
{
	plat_lock(board->monitor);
	board->info = *info;
	board->present = true;
	plat_broadcast(board->monitor);
	plat_unlock(board->monitor);
}

void board_left(struct board *board, const struct usb_device_info *info)
{
	plat_lock(board->monitor);
	if (board->info.attach_id == info->attach_id)
		board->present = false;
	plat_broadcast(board->monitor);
	plat_unlock(board->monitor);
}

void board_interrupt(struct board *board)
{
	plat_lock(board->monitor);
	board->interrupted = true;
	plat_broadcast(board->monitor);
	plat_unlock(board->monitor);
}

/* Waits until the arrival ID has left. */
static bool board_left_within(struct board *b, uint64_t id, uint64_t time)
{
	uint64_t deadline = plat_now() + time;
	plat_lock(b->monitor);
	bool waiting = true;
	while (b->present && b->info.attach_id == id && !b->interrupted && waiting)
		waiting = plat_wait(b->monitor, deadline);
	bool left = !b->present || b->info.attach_id != id;
	plat_unlock(b->monitor);
	return left;
}

static bool board_is_interrupted(struct board *b)
{
	plat_lock(b->monitor);
	bool interrupted = b->interrupted;
	plat_unlock(b->monitor);
	return interrupted;
}

static bool board_wait_detached(void *ctx, uint64_t time)
{
	struct board *b = ctx;
	return board_left_within(b, b->served, time);
}

/* Waits until something is there that has not got a second stage yet. */
static enum err board_next_arrival(struct board *b, struct usb_device_info *info)
{
	uint64_t now = plat_now();
	uint64_t deadline = b->setup->next_timeout > PLAT_FOREVER - now
	                            ? PLAT_FOREVER
	                            : now + b->setup->next_timeout;
	enum err err = OK;
	plat_lock(b->monitor);
	while (!err && (b->interrupted || !b->present || b->info.attach_id == b->served)) {
		if (b->interrupted)
			err = ERR_INTERRUPTED;
		else if (plat_now() >= deadline)
			err = ERR_BOARD_ABSENT;
		else
			plat_wait(b->monitor, deadline);
	}
	*info = b->info;
	plat_unlock(b->monitor);
	return err;
}

/* --- opening */

/* What may pass shortly after an arrival. Linux tells of a device just before it chooses its configuration. */
static bool board_is_transient(enum err err)
{
	return err == ERR_USB_ACCESS || err == ERR_USB_BUSY || err == ERR_USB_IO ||
	       err == ERR_USB_GONE || err == ERR_USB_DESCRIPTOR;
}

/* Opens and claims the arrival SEEN. ERR_USB_GONE: it left meanwhile. Not reported. */
static enum err board_open_bootdev(struct board *b, const struct usb_device_info *info,
                                   struct bootdev *bootdev)
{
	uint64_t give_up = plat_now() + OPEN_TIME, pause = 5 * PLAT_MS;
	for (;;) {
		struct usb_handle *handle;
		enum err err = usb_open(b->setup->usb, info, &handle);
		if (!err)
			err = bootdev_open(bootdev, handle);
		if (!board_is_transient(err))
			return err;
		if (board_left_within(b, info->attach_id, pause))
			return ERR_USB_GONE;
		if (board_is_interrupted(b))
			return ERR_INTERRUPTED;
		if (plat_now() >= give_up)
			return err;
		if (pause < 250 * PLAT_MS)
			pause *= 2;
	}
}

static void board_read_identity(struct board *b, const struct usb_device_info *info,
                                const struct bootdev *bootdev)
{
	char serial[USB_STRING_SIZE];
	b->facts.serial_index = info->serial_index;
	b->facts.stage = chip_index_is_rom(info->serial_index) && b->accepted < ACCEPTED_TWICE
	                         ? STAGE_BOOT_ROM
	                         : STAGE_FILE_SERVER;
	if (info->serial_index != 0 &&
	    usb_string(bootdev->handle, info->serial_index, serial) == OK && *serial)
		memcpy(b->facts.serial, serial, sizeof serial);
	report_debug(b->setup->report, &b->facts, 1, "Found serial number %u%s%s",
	             info->serial_index, *b->facts.serial ? ": " : "", b->facts.serial);
}

static enum err board_open_files(struct board *b)
{
	struct report *report = b->setup->report;
	enum err err = bootfiles_open(&b->files, b->setup->places, b->facts.chip, b->facts.path);
	b->files_open = true;
	if (err)
		return report_error(report, &b->facts, err, "%s",
		                    b->files.problem ? b->files.problem : "boot files");
	if (!b->setup->places->directory && b->files.directory)
		report_emit(report, &(struct event){ .kind = EV_DIRECTORY,
		                                     .board = &b->facts,
		                                     .where = b->files.directory });
	report_debug(report, &b->facts, 1, "Boot directory '%s'",
	             b->files.directory ? b->files.directory : "(legacy mass-storage firmware)");
	return enforce_board(b->setup->enforce, &b->files, &b->facts);
}

/* --- the stages */

/* The boot ROM: send the second stage. OK: go on with the next arrival. */
static enum err board_send_second_stage(struct board *b, const struct session *s)
{
	uint64_t id = b->served;
	b->sent++;
	enum err err = secondstage_send(s, b->setup->sign);
	switch (err) {
	case OK:
		b->accepted++;
		return OK;
	case ERR_USB_GONE:
	case ERR_USB_STALL:
	case ERR_USB_IO:
	case ERR_USB_OVERFLOW:
	case ERR_SECOND_STAGE:
		if (b->sent >= SECOND_STAGES)
			return report_error(s->report, s->board,
			                    b->accepted ? ERR_ROM_LOOP : ERR_SECOND_STAGE,
			                    "tried %u times", b->sent);
		if (!board_left_within(b, id, REFUSED_TIME))
			b->served = 0; /* it stays and was not served: the same arrival again */
		return OK;
	case ERR_USB_TIMEOUT: /* mute for three times ten seconds */
		return report_error(s->report, s->board, ERR_SECOND_STAGE, "%s", err_text(err));
	default:
		return err;
	}
}

/* The file server, until the board is finished. */
static enum err board_serve(struct board *b, const struct session *s)
{
	struct fileserver_result r;
	enum err err = fileserver_run(s, b->setup->directory, &r);
	b->result.files = r.files;
	b->result.bytes = r.bytes;
	b->metadata_path = r.metadata_path;
	return err;
}

/* Some hosts keep showing a finished board until somebody opens it again. */
static void board_reopen_to_detach(struct board *b, const struct usb_device_info *info)
{
	struct usb_handle *handle;
	if (!b->setup->stay || board_left_within(b, info->attach_id, LEAVE_TIME))
		return;
	if (usb_open(b->setup->usb, info, &handle) == OK)
		usb_close(handle);
}

static enum err board_cannot_open(struct board *b, const struct usb_device_info *info, enum err err)
{
	struct finding why;
	report_error(b->setup->report, &b->facts, err, "%s",
	             err == ERR_USB_ACCESS ? "Permission to access USB device denied"
	                                   : "cannot use the device");
	diagnose_open(b->setup->sysfs, info, err, &why);
	diagnose_report(b->setup->report, &b->facts, err, &why);
	return err;
}

/* One arrival, from opening to closing. *FINISHED: no further stage. */
static enum err board_serve_attachment(struct board *b, const struct usb_device_info *info,
                                       bool *finished)
{
	struct bootdev bootdev;
	enum err err = board_open_bootdev(b, info, &bootdev);
	*finished = err != OK && err != ERR_USB_GONE;
	b->served = info->attach_id;
	if (err == ERR_USB_GONE)
		return OK; /* perhaps it comes again */
	if (err == ERR_INTERRUPTED)
		return err;
	if (err)
		return board_cannot_open(b, info, err);

	board_read_identity(b, info, &bootdev);
	if (!b->result.admitted) {
		b->result.admitted = b->setup->admit(b->setup->ctx, b);
		*finished = !b->result.admitted;
		if (b->result.admitted) {
			report_emit(b->setup->report,
			            &(struct event){ .kind = EV_ATTACHED, .board = &b->facts });
			err = board_open_files(b);
		}
	}
	if (err || *finished) {
		*finished = true;
		bootdev_close(&bootdev);
		return err;
	}
	struct session s = {
		.bootdev = &bootdev,
		.files = &b->files,
		.report = b->setup->report,
		.board = &b->facts,
		.archive_reported = &b->archive_reported,
		.gone = board_wait_detached,
		.ctx = b,
	};
	*finished = b->facts.stage == STAGE_FILE_SERVER;
	err = *finished ? board_serve(b, &s) : board_send_second_stage(b, &s);
	bootdev_close(&bootdev);
	if (*finished && !err)
		board_reopen_to_detach(b, info);
	return err;
}

/* A board that does not come back: after an accepted second stage it failed to start, before that it was lost. */
static enum err board_report_no_return(struct board *b)
{
	struct finding why;
	enum err err = report_error(b->setup->report, &b->facts,
	                            b->accepted ? ERR_BOARD_ABSENT : ERR_BOARD_LOST,
	                            b->accepted ? "no file server within %u seconds after the "
	                                          "second stage"
	                                        : "away for %u seconds",
	                            (unsigned)(b->setup->next_timeout / PLAT_SECOND));
	if (b->accepted) {
		diagnose_return(b->setup->sysfs, b->facts.path, &why);
		diagnose_report(b->setup->report, &b->facts, err, &why);
	}
	return err;
}

static enum err board_all_stages(struct board *b)
{
	for (;;) {
		struct usb_device_info info;
		bool finished;
		enum err err = board_next_arrival(b, &info);
		if (err == ERR_BOARD_ABSENT)
			return b->result.admitted ? board_report_no_return(b) : OK;
		if (!err)
			err = board_serve_attachment(b, &info, &finished);
		if (err || finished)
			return err;
		if (!b->result.admitted)
			return OK; /* it left before it was opened: whoever comes next starts anew */
		report_emit(b->setup->report,
		            &(struct event){ .kind = EV_WAITING, .board = &b->facts });
	}
}

/* What follows the boot; its failure is the board's, unless that has one already. */
static void board_after(struct board *b)
{
	struct board_result *r = &b->result;
	struct postboot a = {
		.setup = &b->setup->after,
		.sysfs = b->setup->sysfs,
		.report = b->setup->report,
		.board = &b->facts,
		.monitor = b->monitor,
		.interrupted = &b->interrupted,
	};
	if (!r->err)
		r->err = postboot_disks(&a);
	r->duration = plat_now() - b->start;
	if (r->err == ERR_INTERRUPTED)
		return;
	struct postboot_result result = { r->err, r->files, r->bytes, r->duration,
		                          b->metadata_path };
	enum err err = postboot_exec(&a, &result);
	if (!r->err)
		r->err = err;
}

static void board_main(void *arg)
{
	struct board *b = arg;
	b->result.err = board_all_stages(b);
	b->result.duration = plat_now() - b->start;
	if (b->result.err && !b->result.admitted)
		b->result.admitted = b->result.err !=
		                     ERR_INTERRUPTED; /* could not be opened: that counts */
	if (b->result.admitted)
		board_after(b);
	if (b->result.admitted)
		report_emit(b->setup->report, &(struct event){ .kind = EV_RESULT,
		                                               .board = &b->facts,
		                                               .err = b->result.err,
		                                               .files = b->result.files,
		                                               .bytes = b->result.bytes,
		                                               .duration = b->result.duration });
	b->setup->finished(b->setup->ctx, b);
}

struct board *board_new(const struct board_setup *setup, const struct usb_device_info *info)
{
	struct board *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	b->setup = setup;
	b->facts.chip = chip_by_product(info->product);
	memcpy(b->facts.path, info->path, sizeof b->facts.path);
	b->facts.place = place_names_find(setup->names, info->path);
	b->facts.serial_index = info->serial_index;
	b->info = *info;
	b->present = true;
	b->start = plat_now();
	b->monitor = plat_monitor_new();
	if (b->monitor)
		b->thread = plat_thread_start(board_main, b);
	if (!b->thread) {
		plat_monitor_free(b->monitor);
		free(b);
		return NULL;
	}
	return b;
}

const struct board_facts *board_facts(const struct board *board)
{
	return &board->facts;
}

const struct board_result *board_result(const struct board *board)
{
	return &board->result;
}

void board_free(struct board *board)
{
	if (!board)
		return;
	plat_thread_join(board->thread);
	if (board->files_open)
		bootfiles_close(&board->files);
	free(board->metadata_path);
	plat_monitor_free(board->monitor);
	free(board);
}
