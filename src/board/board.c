/* SPDX-License-Identifier: Apache-2.0 */
#include "board/board.h"

#include "base/serial.h"
#include "board/postflash.h"
#include "board/poststage.h"
#include "platform/plat.h"
#include "protocol/fileserver.h"
#include "protocol/secondstage.h"
#include "report/diagnose.h"

#include <stdlib.h>
#include <string.h>

/* udev, drivers and virtual machines need their time after an arrival */
#define OPEN_TIME (5 * PLAT_SECOND)
/* a serial number that cannot be read yet: attempts, and the time between two */
#define SERIAL_ATTEMPTS 3
#define SERIAL_PAUSE    (100 * PLAT_MS)
/* how long Windows may take to install a driver, and when that is worth a line */
#define DRIVER_TIME        (60 * PLAT_SECOND)
#define DRIVER_NOTICE_TIME (3 * PLAT_SECOND)
/* how long a finished board may take to leave by itself */
#define LEAVE_TIME (2 * PLAT_SECOND)
/* how long one may take that did not accept its second stage */
#define REFUSED_TIME (5 * PLAT_SECOND)
/* how long one may take to come back to its boot ROM after recovery_reboot=1 */
#define REBOOT_TIME   (60 * PLAT_SECOND)
#define SECOND_STAGES 3 /* sent, or accepted, without a file served: the board failed */
#define VANISHINGS    5 /* file servers that leave before their first request: the board is lost */

struct board {
	const struct board_setup *setup;
	struct plat_thread *thread;
	struct board_facts facts;
	struct board_result result;
	struct bootfiles files;
	struct intent intent;
	bool files_open, archive_reported;
	bool rom_has_serial; /* facts.serial is the boot ROM's */
	bool attached;       /* EV_ATTACHED is out */
	char *metadata_path; /* claimed in setup->directory; NULL: no metadata file */
	uint64_t start;
	uint64_t served; /* the arrival that is or was served last */
	unsigned sent, accepted, vanished;

	struct plat_monitor *monitor; /* for the port: */
	struct usb_device_info info;  /* the latest arrival */
	struct usb_device_info
		became; /* what is there instead of a boot stage; attach_id 0: nothing */
	bool present, interrupted;
	bool over;      /* the file server is: another arrival means that the board has restarted */
	bool restarted; /* so it is */
};

/* What comes after an arrival was served. */
enum board_next { NEXT_ARRIVAL, NEXT_END };

/* --- the port */

void board_arrived(struct board *board, const struct usb_device_info *info)
{
	plat_lock(board->monitor);
	board->info = *info;
	board->present = true;
	board->restarted = board->restarted || board->over;
	plat_broadcast(board->monitor);
	plat_unlock(board->monitor);
}

void board_became(struct board *board, const struct usb_device_info *info)
{
	plat_lock(board->monitor);
	board->became = *info;
	plat_broadcast(board->monitor);
	plat_unlock(board->monitor);
}

void board_left(struct board *board, const struct usb_device_info *info)
{
	plat_lock(board->monitor);
	if (board->info.attach_id == info->attach_id)
		board->present = false;
	if (board->became.attach_id == info->attach_id)
		board->became.attach_id = 0;
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

/* Waits up to TIME until something is there that was not served yet. ERR_BOARD_ABSENT: nothing came. */
static enum err board_next_arrival(struct board *b, uint64_t time, struct usb_device_info *info)
{
	uint64_t now = plat_now();
	uint64_t deadline = time > PLAT_FOREVER - now ? PLAT_FOREVER : now + time;
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

struct opening {
	uint64_t start, pause;
	bool noticed; /* that a driver is waited for */
};

static struct opening board_opening(void)
{
	return (struct opening){ .start = plat_now(), .pause = 5 * PLAT_MS };
}

/* Whether another attempt is worth the time. Windows installs a driver when a kind of device is plugged in first. */
static bool board_keeps_opening(struct board *b, struct opening *opening, enum err err)
{
	uint64_t waited = plat_now() - opening->start;
	if (err != ERR_USB_DRIVER)
		return waited < OPEN_TIME;
	if (waited >= DRIVER_NOTICE_TIME && !opening->noticed) {
		report_notice(b->setup->report, &b->facts,
		              "Windows installs the driver; this may take a minute.");
		opening->noticed = true;
	}
	return waited < DRIVER_TIME;
}

/* After an attempt ended with *ERR: whether there is to be another one, after a pause. */
static bool board_open_again(struct board *b, const struct usb_device_info *info,
                             struct opening *opening, enum err *err)
{
	if (*err != ERR_USB_NODE && !err_is_transient(*err))
		return false;
	if (board_left_within(b, info->attach_id, opening->pause)) {
		*err = ERR_USB_GONE;
		return false;
	}
	if (board_is_interrupted(b)) {
		*err = ERR_INTERRUPTED;
		return false;
	}
	if (!board_keeps_opening(b, opening, *err))
		return false;
	if (opening->pause < 250 * PLAT_MS)
		opening->pause *= 2;
	return true;
}

/* Opens the arrival INFO. ERR_USB_GONE: it left meanwhile. Not reported. */
static enum err board_open(struct board *b, const struct usb_device_info *info,
                           struct usb_handle **handle)
{
	struct opening opening = board_opening();
	char node[SYSFS_TEXT];
	for (;;) {
		/* libusb forgets a device for good when it opens it too early */
		bool missing = sysfs_lacks_node(b->setup->sysfs, info, node);
		enum err err = missing ? ERR_USB_NODE : usb_open(b->setup->usb, info, handle);
		if (!board_open_again(b, info, &opening, &err))
			return err;
	}
}

/* Claims the interface of HANDLE, which BOOTDEV takes over; opens the arrival once more where that fails. Not reported. */
static enum err board_claim(struct board *b, const struct usb_device_info *info,
                            struct usb_handle *handle, struct bootdev *bootdev)
{
	struct opening opening = board_opening();
	for (;;) {
		enum err err = bootdev_open(bootdev, handle);
		if (!board_open_again(b, info, &opening, &err))
			return err;
		err = board_open(b, info, &handle);
		if (err)
			return err;
	}
}

/* Reads a string; one that fails now may be there a moment later. */
static enum err board_read_string(struct usb_handle *handle, uint8_t index,
                                  char text[USB_STRING_SIZE])
{
	for (unsigned attempt = 1;; attempt++) {
		enum err err = usb_string(handle, index, text);
		if (!err || err == ERR_USB_GONE || attempt >= SERIAL_ATTEMPTS ||
		    !usb_pause(handle, SERIAL_PAUSE))
			return err;
	}
}

/* The serial that the arrival reports, "" if it has none; *KNOWN: it could be read. */
static void board_read_serial(const struct usb_device_info *info, struct usb_handle *handle,
                              char serial[USB_STRING_SIZE], bool *known)
{
	*serial = 0;
	*known = info->serial_index == 0 ||
	         board_read_string(handle, info->serial_index, serial) == OK;
	if (!*known || !serial_is_valid(serial))
		*serial = 0;
}

/* Whether the arrival is the board that was served on this port before. The file servers of BCM2835 and BCM2837 have no
 * serial; a boot ROM with a serial always has it. */
static bool board_is_same(const struct board *b, const struct usb_device_info *info,
                          const char *serial, bool known)
{
	if (info->product != b->facts.chip->product)
		return false;
	if (*serial)
		return !*b->facts.serial || serial_same(serial, b->facts.serial);
	return !(known && b->rom_has_serial && info->serial_index == 0);
}

/* Takes over what the arrival says about itself. False: it is another board than before. */
static bool board_read_identity(struct board *b, const struct usb_device_info *info,
                                struct usb_handle *handle)
{
	struct board_facts *facts = &b->facts;
	char serial[USB_STRING_SIZE];
	bool known, rom = chip_index_is_rom(info->serial_index);
	board_read_serial(info, handle, serial, &known);
	if (!board_is_same(b, info, serial, known))
		return false;
	facts->serial_index = info->serial_index;
	facts->stage = rom ? STAGE_BOOT_ROM : STAGE_FILE_SERVER;
	if (!rom)
		memcpy(facts->server_serial, serial, sizeof serial);
	if (*serial && !b->rom_has_serial && (rom || !*facts->serial))
		memcpy(facts->serial, serial, sizeof serial);
	b->rom_has_serial = b->rom_has_serial || (rom && *serial);
	report_debug(b->setup->report, facts, 1, "Found serial number %u%s%s", info->serial_index,
	             *serial ? ": " : "", serial);
	return true;
}

/* Reports the board, unless that was done. */
static void board_meet(struct board *b)
{
	if (!b->attached)
		report_emit(b->setup->report,
		            &(struct event){ .kind = EV_ATTACHED, .board = &b->facts });
	b->attached = true;
}

static enum err board_open_files(struct board *b)
{
	struct report *report = b->setup->report;
	enum err err = bootfiles_open(&b->files, b->setup->places, b->facts.chip, b->facts.path);
	b->files_open = true;
	if (err)
		board_meet(b);
	if (err)
		return report_error(report, &b->facts, err, "%s",
		                    b->files.problem ? b->files.problem : "boot files");
	if (!b->setup->places->directory && b->files.directory)
		report_emit(report, &(struct event){ .kind = EV_DIRECTORY,
		                                     .board = &b->facts,
		                                     .where = b->files.directory });
	report_debug(report, &b->facts, 1, "Boot directory '%s'",
	             b->files.directory ? b->files.directory : "(legacy mass-storage firmware)");
	intent_read(&b->files, &b->intent);
	b->result.recovery = b->intent.recovery;
	if (!enforce_accepts_key(b->setup->enforce, &b->files))
		board_meet(b);
	return enforce_board(b->setup->enforce, &b->files, &b->facts);
}

/* --- the stages */

static enum err board_report_rom_loop(struct board *b)
{
	return report_error(b->setup->report, &b->facts, ERR_ROM_LOOP,
	                    "the second stage was accepted %u times", b->accepted);
}

/* ERR is the end of the attempts: whether the connection explains it. */
static enum err board_explain_refusal(struct board *b, enum err err)
{
	struct finding why;
	diagnose_speed(b->setup->sysfs, b->facts.path, b->facts.chip, &why);
	diagnose_report(b->setup->report, &b->facts, err, &why);
	return err;
}

/* A second stage that was not accepted. */
static enum err board_retry_second_stage(struct board *b, enum err err, enum board_next *next)
{
	uint64_t id = b->served;
	switch (err) {
	case ERR_USB_GONE:
	case ERR_USB_STALL:
	case ERR_USB_IO:
	case ERR_USB_OVERFLOW:
	case ERR_SECOND_STAGE:
		if (b->sent >= SECOND_STAGES) {
			err = b->accepted ? ERR_ROM_LOOP : ERR_SECOND_STAGE;
			report_error(b->setup->report, &b->facts, err, "tried %u times", b->sent);
			return board_explain_refusal(b, err);
		}
		if (!board_left_within(b, id, REFUSED_TIME))
			b->served = 0; /* it stays and was not served: the same arrival again */
		*next = NEXT_ARRIVAL;
		return OK;
	case ERR_USB_TIMEOUT: /* no response in three attempts */
		report_error_advice(b->setup->report, &b->facts, ERR_SECOND_STAGE,
		                    "Take away its power and its cable, then connect it again: a "
		                    "boot ROM stays like this after a second stage that it "
		                    "refused. Otherwise another cable or port.",
		                    "%s", err_text(err));
		return board_explain_refusal(b, ERR_SECOND_STAGE);
	case ERR_USB_BUSY:
	case ERR_USB_ACCESS:
	case ERR_USB_MEMORY:
	case ERR_MEMORY:
		return report_error(b->setup->report, &b->facts, err, "second stage not sent");
	default: /* an interrupt, or about a file and reported */
		return err;
	}
}

/* Some hosts keep a detached board enumerated until it is reopened. */
static void board_reopen_to_detach(struct board *b, const struct usb_device_info *info)
{
	struct usb_handle *handle;
	if (board_left_within(b, info->attach_id, LEAVE_TIME) || board_is_interrupted(b))
		return;
	if (usb_open(b->setup->usb, info, &handle) == OK)
		usb_close(handle);
}

/* From now on an arrival means that the board has restarted. */
static void board_note_over(struct board *b)
{
	plat_lock(b->monitor);
	b->over = true;
	b->restarted = b->present && b->info.attach_id != b->served;
	plat_unlock(b->monitor);
}

/* Whether INFO, which arrived after a recovery program that reboots, is the board's boot ROM. Sends nothing. */
static bool board_is_own_rom(struct board *b, const struct usb_device_info *info)
{
	struct usb_handle *handle;
	char serial[USB_STRING_SIZE];
	bool known;
	if (!chip_index_is_rom(info->serial_index) || info->product != b->facts.chip->product)
		return false;
	if (usb_open(b->setup->usb, info, &handle) != OK)
		return true; /* nothing speaks against it */
	board_read_serial(info, handle, serial, &known);
	usb_close(handle);
	return board_is_same(b, info, serial, known);
}

/* The board left without a word after it got its EEPROM image: it succeeded if its boot ROM is back in time. */
static enum err board_await_reboot(struct board *b)
{
	struct usb_device_info info;
	enum err err = board_next_arrival(b, REBOOT_TIME, &info);
	if (err == ERR_INTERRUPTED)
		return err;
	if (err || !board_is_own_rom(b, &info))
		return report_error_advice(b->setup->report, &b->facts, ERR_BOARD_LOST,
		                           "Leave the power on for some minutes, then look whether "
		                           "the board boots.",
		                           "it left before it reported the EEPROM update, and did "
		                           "not come back to its boot ROM");
	report_emit(b->setup->report, &(struct event){ .kind = EV_SERVED,
	                                               .board = &b->facts,
	                                               .files = b->result.files,
	                                               .bytes = b->result.bytes });
	return OK;
}

/* The file server, until the board is finished. */
static enum err board_serve(struct board *b, const struct session *s, enum board_next *next,
                            bool *done)
{
	struct fileserver_result r;
	enum err err = fileserver_run(s, b->setup->directory, &r);
	b->result.files = r.files;
	b->result.bytes = r.bytes;
	b->metadata_path = r.metadata_path;
	*done = r.done;
	*next = NEXT_END;
	switch (r.end) {
	case FILESERVER_NOBODY:
		b->result.forgotten = true;
		return err;
	case FILESERVER_VANISHED:
		if (++b->vanished >= VANISHINGS)
			return report_error(
				b->setup->report, &b->facts, ERR_BOARD_LOST,
				"its file server left %u times before its first request",
				b->vanished);
		*next = NEXT_ARRIVAL;
		return err;
	case FILESERVER_SILENT:
		return board_report_rom_loop(b);
	case FILESERVER_REBOOTS:
		return board_await_reboot(b);
	case FILESERVER_OVER:
	default:
		return err;
	}
}

/* The boot ROM: sends the second stage. One that does not take the announcement after an accepted second stage is a file
 * server. */
static enum err board_serve_rom(struct board *b, struct session *s, enum board_next *next,
                                bool *done)
{
	bool announced;
	*next = NEXT_ARRIVAL;
	if (b->accepted >= SECOND_STAGES) {
		*next = NEXT_END;
		return board_report_rom_loop(b);
	}
	b->sent++;
	enum err err = secondstage_send(s, b->setup->sign, &announced);
	if (!err) {
		b->accepted++;
		return OK;
	}
	if (b->accepted && !announced && (err == ERR_USB_STALL || err == ERR_USB_TIMEOUT)) {
		b->facts.stage = STAGE_FILE_SERVER;
		s->guessed = true;
		return board_serve(b, s, next, done);
	}
	*next = NEXT_END;
	return board_retry_second_stage(b, err, next);
}

static enum err board_cannot_open(struct board *b, const struct usb_device_info *info, enum err err)
{
	struct finding why;
	char node[SYSFS_TEXT];
	sysfs_node(b->setup->sysfs, info, node);
	report_error(b->setup->report, &b->facts, err, "%s",
	             err == ERR_USB_ACCESS ? "Permission to access USB device denied"
	             : err == ERR_USB_NODE ? node
	                                   : "cannot use the device");
	diagnose_open(b->setup->sysfs, info, err, &why);
	diagnose_report(b->setup->report, &b->facts, err, &why);
	return err;
}

/* The first arrival: is the board wanted, and fit for it the files? */
static enum err board_admit(struct board *b)
{
	enum board_admission admission = b->setup->admit(b->setup->ctx, b);
	b->result.admitted = admission == BOARD_ADMITTED;
	b->result.held = admission == BOARD_HELD;
	if (!b->result.admitted)
		return OK;
	if (b->facts.stage == STAGE_BOOT_ROM) /* a file server: when it asks for something */
		board_meet(b);
	return board_open_files(b);
}

/* Whether it is a file server that this run did not start. */
static bool board_found_running(const struct board *b)
{
	return b->sent == 0 && b->facts.stage == STAGE_FILE_SERVER;
}

/* A claimed arrival. *DONE: the board said Done. */
static enum err board_serve_claimed(struct board *b, struct bootdev *bootdev, enum board_next *next,
                                    bool *done)
{
	struct session s = {
		.bootdev = bootdev,
		.files = &b->files,
		.report = b->setup->report,
		.board = &b->facts,
		.intent = &b->intent,
		.archive_reported = &b->archive_reported,
		.found_running = board_found_running(b),
		.attached = &b->attached,
		.gone = board_wait_detached,
		.ctx = b,
	};
	return b->facts.stage == STAGE_FILE_SERVER ? board_serve(b, &s, next, done)
	                                           : board_serve_rom(b, &s, next, done);
}

/* An opened arrival: only one that is wanted, and no other board than before, is claimed. */
static enum err board_serve_opened(struct board *b, const struct usb_device_info *info,
                                   struct usb_handle *handle, enum board_next *next)
{
	struct bootdev bootdev;
	bool done = false;
	enum err err = b->result.admitted ? OK : board_admit(b);
	if (err || !b->result.admitted) {
		usb_close(handle);
		return err;
	}
	err = board_claim(b, info, handle, &bootdev);
	if (err == ERR_USB_GONE || err == ERR_INTERRUPTED) {
		b->result.forgotten = board_found_running(b);
		*next = b->result.forgotten ? NEXT_END : NEXT_ARRIVAL;
		return err == ERR_USB_GONE ? OK : err;
	}
	if (err) {
		board_meet(b);
		return board_cannot_open(b, info, err);
	}
	err = board_serve_claimed(b, &bootdev, next, &done);
	bootdev_close(&bootdev);
	if (*next == NEXT_END && !b->result.forgotten)
		board_note_over(b);
	if (done)
		board_reopen_to_detach(b, info);
	return err;
}

/* One arrival, from opening to closing. */
static enum err board_serve_attachment(struct board *b, const struct usb_device_info *info,
                                       enum board_next *next)
{
	struct usb_handle *handle = NULL;
	uint64_t before = b->served;
	enum err err = board_open(b, info, &handle);
	*next = NEXT_END;
	b->served = info->attach_id;
	if (err == ERR_USB_GONE) { /* perhaps it comes again */
		*next = NEXT_ARRIVAL;
		return OK;
	}
	if (err == ERR_INTERRUPTED)
		return err;
	if (err)
		return board_cannot_open(b, info, err);
	if (!board_read_identity(b, info, handle)) {
		usb_close(handle);
		b->served = before; /* another worker looks at it */
		return report_error(b->setup->report, &b->facts, ERR_BOARD_LOST,
		                    "another board was plugged into its port");
	}
	return board_serve_opened(b, info, handle, next);
}

/* A board that does not come back: after an accepted second stage it failed to start, before that it was lost. */
static enum err board_report_no_return(struct board *b)
{
	struct finding why;
	unsigned seconds = (unsigned)(b->setup->next_timeout / PLAT_SECOND);
	struct report *report = b->setup->report;
	if (b->vanished)
		return report_error(
			report, &b->facts, ERR_BOARD_LOST,
			"its file server left before its first request and was away for "
			"%u seconds",
			seconds);
	if (!b->accepted)
		return report_error(report, &b->facts, ERR_BOARD_LOST, "away for %u seconds",
		                    seconds);
	report_error(report, &b->facts, ERR_BOARD_ABSENT,
	             "no file server within %u seconds after the second stage", seconds);
	diagnose_return(b->setup->sysfs, b->facts.path, &why);
	diagnose_report(report, &b->facts, ERR_BOARD_ABSENT, &why);
	return ERR_BOARD_ABSENT;
}

static enum err board_all_stages(struct board *b)
{
	for (;;) {
		struct usb_device_info info;
		enum board_next next = NEXT_END;
		enum err err = board_next_arrival(b, b->setup->next_timeout, &info);
		if (err == ERR_BOARD_ABSENT)
			return b->result.admitted ? board_report_no_return(b) : OK;
		if (!err)
			err = board_serve_attachment(b, &info, &next);
		if (err || next == NEXT_END)
			return err;
		if (!b->result.admitted)
			return OK; /* it left before it was opened: the next arrival is looked at afresh */
		report_emit(b->setup->report,
		            &(struct event){ .kind = EV_WAITING, .board = &b->facts });
	}
}

/* A board that was booted before, and is its disk or what --wait-for asks for: nothing is to be served. */
static void board_take_booted(struct board *b)
{
	char serial[SYSFS_TEXT];
	b->served = b->info.attach_id;
	if (sysfs_text(b->setup->sysfs, b->facts.path, "serial", serial) && serial_is_valid(serial))
		memcpy(b->facts.serial, serial, strlen(serial) + 1);
	b->result.admitted = b->setup->admit(b->setup->ctx, b) == BOARD_ADMITTED;
	if (!b->result.admitted)
		return;
	board_meet(b);
	report_notice(b->setup->report, &b->facts, "it is booted already: a %s",
	              stage_name(sysfs_stage(b->setup->sysfs, &b->info)));
}

/* Steps after the boot; their error becomes the board's result if it has none. */
static void board_after(struct board *b)
{
	struct board_result *r = &b->result;
	struct postboot a = {
		.setup = &b->setup->after,
		.sysfs = b->setup->sysfs,
		.usb = b->setup->usb,
		.report = b->setup->report,
		.board = &b->facts,
		.monitor = b->monitor,
		.interrupted = &b->interrupted,
		.restarted = &b->restarted,
		.booted = b->facts.chip != NULL,
		.became = &b->became,
		.deadline = plat_now() + b->setup->after.disk_time,
	};
	struct postflash p = { .setup = &b->setup->after.flash, .booted = a.booted };
	if (!r->err)
		r->err = postflash_connect(&p, &a);
	if (!r->err && !p.direct)
		r->err = postboot_disks(&a);
	if (!r->err)
		r->err = poststage_await(&a);
	if (!r->err)
		r->err = postflash_run(&p, &a);
	r->flashed = p.done && p.setup->image;
	r->flash = p.figures;
	r->duration = plat_now() - b->start;
	if (r->err == ERR_INTERRUPTED)
		return;
	struct postboot_result result = {
		.err = r->err,
		.files = r->files,
		.bytes = r->bytes,
		.duration = r->duration,
		.metadata = b->metadata_path,
		.disk = postflash_node(&p),
		.flash = postflash_word(&p, r->err),
	};
	enum err err = postboot_exec(&a, &result);
	postflash_eject(&p, &a);
	if (!r->err)
		r->err = err;
}

static void board_main(void *arg)
{
	struct board *b = arg;
	struct board_result *r = &b->result;
	if (b->facts.chip)
		r->err = board_all_stages(b);
	else
		board_take_booted(b);
	r->duration = plat_now() - b->start;
	r->taken = b->served;
	if (r->err && !r->admitted && r->err != ERR_INTERRUPTED)
		r->admitted = true; /* it could not be opened: that counts */
	if (r->admitted && !r->forgotten) {
		board_after(b);
		report_emit(b->setup->report,
		            &(struct event){ .kind = EV_RESULT,
		                             .board = &b->facts,
		                             .err = r->err,
		                             .files = r->files,
		                             .bytes = r->bytes,
		                             .flash = r->flashed ? &r->flash : NULL,
		                             .duration = r->duration });
	}
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
	if (!b->facts.chip)
		b->became = *info;
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
	metadata_directory_release(board->setup->directory, board->metadata_path);
	plat_monitor_free(board->monitor);
	free(board);
}
