/* SPDX-License-Identifier: Apache-2.0 */
#include "board/station.h"

#include "base/serial.h"
#include "base/usb_path.h"
#include "board/unreported.h"
#include "flash/image.h"
#include "platform/plat.h"
#include "report/diagnose.h"
#include "report/outcome.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* With recovery_reboot=1 and the jumper still fitted, a finished board would be flashed again and again: it is held off. */
#define AGAIN_TIME   (60 * PLAT_SECOND)
#define UNKNOWN_TIME (5 * PLAT_SECOND) /* the same for a board without a serial */
#define EMPTY_TIME   (5 * PLAT_SECOND) /* a port that was empty for so long has another board now */
#define MOVE_TIME    (2 * PLAT_SECOND) /* nobody plugs a board into another port faster */
#define LOOK_TIME    (2 * PLAT_SECOND) /* between two looks whether all arrivals are reported */
#define IMAGE_POLL   (250 * PLAT_MS)
#define HINT_TIME    (15 * PLAT_SECOND) /* nothing at all for so long: say what may be wrong */

/* A USB port on which a board was seen. */
struct port {
	struct usb_device_info info; /* the latest arrival */
	bool present;                /* it is here; */
	bool handled;                /* it had its worker: it is not looked at again */
	uint64_t look_at;            /* it is held off until then; 0: it is not */
	bool occupied;               /* anything is plugged in, a disk for instance */
	uint64_t since;              /* when the port became empty */
	struct board *board;
	bool board_finished;
	char at_work[SERIAL_SIZE]; /* the serial of BOARD once it is admitted */
	bool shared;               /* meanwhile its serial is or was on another port, too */

	/* the last board that was finished here */
	bool succeeded, recovery;
	char serial[SERIAL_SIZE];
	uint64_t finished_at;
	bool was_empty; /* for EMPTY_TIME since then, before the latest arrival */
	struct port *next;
};

/* Boards are counted once: by serial, without one by path. */
struct counted {
	char serial[SERIAL_SIZE], path[USB_PATH_SIZE];
	struct counted *next;
};

struct station {
	const struct station_setup *setup;
	struct board_setup board;
	struct station_summary *summary;
	struct plat_monitor *monitor; /* for everything below */
	struct port *ports;
	struct counted *counted;
	unsigned count;    /* distinct boards that were finished */
	unsigned admitted; /* boards at work that count */
	unsigned interrupts;
	bool draining, drain_reported;  /* no board begins any more */
	bool image_ready, image_failed; /* of --flash */
	bool met_one;                   /* a board was admitted: --timeout is over */
	bool hinted;                    /* HINT_TIME is over */
	bool portless_reported;         /* station_check_path */

	uint64_t poll; /* between two looks where libusb does not report arrivals */

	/* arrivals and departures that the system shows and that were not reported */
	uint64_t next_look;
	struct unreported unreported;
	bool no_events; /* one at two looks: looking is all there is */
};

/* --- who is wanted */

static bool station_any(const char *const *list, unsigned count, const char *text,
                        bool (*matches)(const char *, const char *))
{
	for (unsigned i = 0; i < count; i++)
		if (matches(list[i], text))
			return true;
	return count == 0;
}

bool station_selects(const struct station_setup *setup, const struct usb_device_info *info,
                     const char *serial)
{
	return (setup->port < 0 || setup->port == info->port) &&
	       station_any(setup->paths, setup->path_count, info->path, usb_path_matches) &&
	       (!serial || station_any(setup->serials, setup->serial_count, serial, serial_same));
}

static bool station_is_candidate(const struct station_setup *setup,
                                 const struct usb_device_info *info)
{
	return info->vendor == CHIP_VENDOR && chip_by_product(info->product) &&
	       station_selects(setup, info, NULL);
}

/* Whether STAGE is what follows the boot in this run, so that such a board is taken as it is: only where the operator chose
 * it, and, where it would only be waited for, named each board. */
static bool station_takes_stage(const struct postboot_setup *after, enum stage stage)
{
	bool works = (after->flash.image || after->flash.backup) && after->flash.named;
	if (!works && !after->named_each)
		return false;
	if (after->stage == STAGE_FASTBOOT)
		return stage == STAGE_FASTBOOT;
	return after->disk_time && (stage == STAGE_MSD_GADGET || stage == STAGE_LEGACY_MSD ||
	                            stage == STAGE_OLD_GADGET);
}

/* Whether the device is a board that was booted before and is taken as it is. */
static bool station_is_booted(const struct station_setup *setup, const struct usb_device_info *info)
{
	char serial[SYSFS_TEXT];
	if (!station_takes_stage(&setup->after, sysfs_stage(setup->sysfs, info)))
		return false;
	if (!setup->serial_count)
		return station_selects(setup, info, NULL);
	return sysfs_text(setup->sysfs, info->path, "serial", serial) &&
	       station_selects(setup, info, serial);
}

static bool station_has_slot(const struct station *st)
{
	return st->setup->wanted == 0 || st->count + st->admitted < st->setup->wanted;
}

/* How long the board that is on PORT is still held off; 0: it is not. SERIAL "": unknown. */
static uint64_t station_hold_off(const struct station *st, const struct port *port,
                                 const char *serial)
{
	bool known = *serial && *port->serial;
	uint64_t until = port->finished_at + (known ? AGAIN_TIME : UNKNOWN_TIME), now = plat_now();
	if (!port->succeeded || !port->recovery || port->was_empty || st->setup->again)
		return 0;
	if (known && !serial_same(serial, port->serial))
		return 0;
	return until > now ? until - now : 0;
}

/* Boards with the serial of PORT's that are on another port at the same time are other boards: notes that of all of them,
 * as any may be the first to finish. */
static void station_note_shared_serial(struct station *st, struct port *port)
{
	uint64_t now = plat_now();
	port->shared = false;
	for (struct port *p = st->ports; p; p = p->next) {
		const char *serial = p->board && *p->at_work ? p->at_work : p->serial;
		bool there = p->board || p->occupied || now - p->since < MOVE_TIME;
		if (p != port && there && serial_same(serial, port->at_work))
			p->shared = port->shared = true;
	}
}

static struct port *station_port_of(const struct station *st, const struct board *board)
{
	struct port *p = st->ports;
	while (p && p->board != board)
		p = p->next;
	return p;
}

/* Called by a board's thread when its serial is known. */
static enum board_admission station_admit(void *ctx, struct board *board)
{
	struct station *st = ctx;
	const struct station_setup *setup = st->setup;
	const struct board_facts *facts = board_facts(board);
	plat_lock(st->monitor);
	struct port *port = station_port_of(st, board);
	bool chosen = station_any(setup->serials, setup->serial_count, facts->serial, serial_same);
	uint64_t hold = port ? station_hold_off(st, port, facts->serial) : 0;
	bool ok = port && chosen && !hold && station_has_slot(st) && !st->interrupts &&
	          !st->draining;
	if (ok) {
		st->admitted++;
		memcpy(port->at_work, facts->serial, sizeof port->at_work); /* valid, or "" */
		station_note_shared_serial(st, port);
	}
	plat_unlock(st->monitor);
	if (!chosen && !*facts->serial)
		report_warning(setup->report, facts, "no-serial",
		               "it reports no serial number, so -i cannot choose it: use -p %s",
		               facts->path);
	else if (chosen && hold)
		report_notice(setup->report, facts,
		              "finished a moment ago: not served again for %u seconds (disconnect "
		              "it for 5 seconds, or use --again)",
		              (unsigned)((hold + PLAT_SECOND - 1) / PLAT_SECOND));
	return ok ? BOARD_ADMITTED : chosen && hold ? BOARD_HELD : BOARD_NOT_WANTED;
}

/* --- counting */

/* Whether C is the board FACTS: by serial, unless the serial was shared; otherwise by path. */
static bool station_is_counted(const struct counted *c, const struct board_facts *facts,
                               bool shared)
{
	bool same_path = strcmp(c->path, facts->path) == 0;
	if (!*c->serial || !*facts->serial)
		return same_path && !*c->serial && !*facts->serial;
	return serial_same(c->serial, facts->serial) && (same_path || !shared);
}

static void station_count_board(struct station *st, const struct board_facts *facts, bool shared)
{
	for (const struct counted *c = st->counted; c; c = c->next)
		if (station_is_counted(c, facts, shared))
			return;
	struct counted *c = calloc(1, sizeof *c);
	st->count++;
	if (!c)
		return; /* then a board may be counted twice */
	memcpy(c->serial, facts->serial, sizeof c->serial);
	memcpy(c->path, facts->path, sizeof c->path);
	c->next = st->counted;
	st->counted = c;
}

static void station_note_status(struct station_summary *summary, enum err err)
{
	int status = outcome_status(err);
	if (status != 0 && (summary->status == 0 || status < summary->status))
		summary->status = status;
}

/* Called by a board's thread as its last act. */
static void station_finished(void *ctx, struct board *board)
{
	struct station *st = ctx;
	plat_lock(st->monitor);
	struct port *port = station_port_of(st, board);
	if (port)
		port->board_finished = true;
	plat_broadcast(st->monitor);
	plat_unlock(st->monitor);
}

/* Counts the result of the board on PORT. */
static void station_count_result(struct station *st, struct port *port)
{
	const struct board_result *result = board_result(port->board);
	const struct board_facts *facts = board_facts(port->board);
	station_count_board(st, facts, port->shared);
	station_note_status(st->summary, result->err);
	if (result->err)
		st->summary->failed++;
	else
		st->summary->succeeded++;
	st->met_one = true;
	port->succeeded = !result->err;
	port->recovery = result->recovery;
	memcpy(port->serial, facts->serial, sizeof port->serial);
	port->finished_at = plat_now();
	port->was_empty = false;
}

/* Takes the result of a finished board. An arrival that it did not take is looked at by another worker. */
static void station_retire(struct station *st, struct port *port)
{
	struct board *board = port->board;
	const struct board_result *result = board_result(board);
	port->handled = port->info.attach_id == result->taken;
	port->look_at = 0;
	if (result->held) {
		uint64_t hold = station_hold_off(st, port, board_facts(board)->serial);
		port->look_at = plat_now() + hold;
		port->handled = false;
	}
	if (result->admitted) {
		st->admitted -= st->admitted > 0;
		if (!result->forgotten)
			station_count_result(st, port);
	}
	port->board = NULL;
	port->board_finished = false;
	*port->at_work = 0;
	plat_unlock(st->monitor);
	board_free(board);
	plat_lock(st->monitor);
}

/* --- the bus */

static struct port *station_find_port(struct station *st, const char *path)
{
	for (struct port *p = st->ports; p; p = p->next)
		if (strcmp(p->info.path, path) == 0)
			return p;
	return NULL;
}

/* Ports in the order of their paths, so that "the first board" means the same in every run. */
static struct port *station_add_port(struct station *st, const struct usb_device_info *info)
{
	struct port *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->info = *info;
	struct port **at = &st->ports;
	while (*at && strcmp((*at)->info.path, info->path) < 0)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	return p;
}

/* Boards are distinguished by their ports. libusb before 1.0.30 does not find them on macOS 26, which names the property of
 * the I/O Registry differently ("usb-port-number"). Outside the monitor. */
static void station_check_path(struct station *st, const struct usb_device_info *info)
{
	if (strchr(info->path, '-') || st->portless_reported)
		return;
	st->portless_reported = true;
	report_warning(
		st->setup->report, NULL, "no-port",
		"libusb does not report the USB port of device %u on bus %u: connect one board "
		"at a time, or update libusb (macOS 26 needs 1.0.30)",
		info->address, info->bus);
}

static void station_on_arrival(void *ctx, const struct usb_device_info *info)
{
	struct station *st = ctx;
	bool candidate = station_is_candidate(st->setup, info);
	bool booted = !candidate && station_is_booted(st->setup, info);
	if (candidate)
		station_check_path(st, info);
	plat_lock(st->monitor);
	struct port *port = station_find_port(st, info->path);
	/* what a board of this run has become is no other board */
	candidate = candidate || (booted && !(port && (port->board || port->finished_at)));
	if (!port && candidate)
		port = station_add_port(st, info);
	if (port) {
		if (!port->occupied && plat_now() - port->since >= EMPTY_TIME)
			port->was_empty = true;
		port->occupied = true;
		port->info = *info;
		port->present = candidate;
		port->handled = false;
		port->look_at = 0;
		if (port->board && candidate)
			board_arrived(port->board, info);
		else if (port->board)
			board_became(port->board, info);
		plat_broadcast(st->monitor);
	}
	plat_unlock(st->monitor);
}

static void station_on_departure(void *ctx, const struct usb_device_info *info)
{
	struct station *st = ctx;
	plat_lock(st->monitor);
	struct port *port = station_find_port(st, info->path);
	if (port && port->info.attach_id == info->attach_id) {
		port->present = port->occupied = false;
		port->since = plat_now();
	}
	if (port && port->board)
		board_left(port->board, info);
	plat_broadcast(st->monitor);
	plat_unlock(st->monitor);
}

static void station_on_signal(void *ctx, enum plat_signal signal)
{
	struct station *st = ctx;
	plat_lock(st->monitor);
	if (signal == PLAT_DRAIN)
		st->draining = true;
	else if (++st->interrupts > 1)
		plat_exit_now(outcome_status(ERR_INTERRUPTED));
	plat_broadcast(st->monitor);
	plat_unlock(st->monitor);
}

/* --- the run */

static unsigned station_working(const struct station *st)
{
	unsigned n = 0;
	for (const struct port *p = st->ports; p; p = p->next)
		n += p->board != NULL;
	return n;
}

/* How many workers may be started now. With serials to choose from, boards are asked for theirs before they count. */
static unsigned station_free_workers(const struct station *st)
{
	unsigned wanted = st->setup->wanted, taken = st->count + station_working(st);
	if (!station_has_slot(st))
		return 0;
	if (wanted == 0 || st->setup->serial_count)
		return UINT_MAX;
	return wanted > taken ? wanted - taken : 0;
}

/* Gives a worker to every arrival that may be wanted. */
static void station_assign(struct station *st)
{
	uint64_t now = plat_now();
	for (struct port *p = st->ports; p; p = p->next) {
		if (!p->present || p->board || p->handled || p->look_at > now ||
		    station_free_workers(st) == 0)
			continue;
		p->handled = true;
		p->look_at = 0;
		p->board = board_new(&st->board, &p->info);
		if (!p->board) {
			station_note_status(st->summary, ERR_MEMORY);
			report_error(st->setup->report, NULL, ERR_MEMORY, "%s", p->info.path);
		}
	}
}

/* When the next arrival that is held off is to be looked at. */
static uint64_t station_hold_time(const struct station *st)
{
	uint64_t soonest = PLAT_FOREVER;
	for (const struct port *p = st->ports; p; p = p->next)
		if (p->present && !p->board && p->look_at && p->look_at < soonest)
			soonest = p->look_at;
	return soonest;
}

/* Retires what is finished. True: the run is over. */
static bool station_is_over(struct station *st)
{
	bool retired = false;
	for (struct port *p = st->ports; p; p = p->next)
		if (p->board && p->board_finished) {
			const struct board_result *r = board_result(p->board);
			retired = retired || (r->admitted && !r->forgotten);
			station_retire(st, p);
		}
	if (station_working(st) > 0)
		return false;
	if (st->interrupts || st->draining || st->image_failed ||
	    (st->setup->wanted && st->count >= st->setup->wanted))
		return true;
	if (retired)
		report_emit(st->setup->report, &(struct event){ .kind = EV_WAITING });
	return false;
}

static void station_report_drain(struct station *st)
{
	if (!st->draining || st->drain_reported)
		return;
	st->drain_reported = true;
	report_notice(st->setup->report, NULL, "draining: no further board begins, %u being served",
	              station_working(st));
}

static void station_end_all(struct station *st)
{
	for (struct port *p = st->ports; p; p = p->next)
		if (p->board)
			board_interrupt(p->board);
	plat_unlock(st->monitor);
	usb_interrupt(st->board.usb);
	plat_lock(st->monitor);
}

/* The time up to which the first board is waited for. */
static uint64_t station_first_deadline(const struct station *st, uint64_t start)
{
	if (st->met_one || !st->setup->timeout || station_working(st) > 0)
		return PLAT_FOREVER;
	return start + st->setup->timeout;
}

static bool station_chosen(const void *ctx, const struct usb_device_info *info, const char *serial)
{
	return station_selects(ctx, info, serial);
}

void station_explain(const struct station_setup *setup, enum err err)
{
	struct finding why;
	diagnose_bus(setup->sysfs, &(struct diagnose_choice){ station_chosen, setup }, &why);
	diagnose_report(setup->report, NULL, err, &why);
}

/* Why nothing comes. The monitor is left meanwhile. */
static void station_explain_absence(const struct station *st, enum err err)
{
	plat_unlock(st->monitor);
	station_explain(st->setup, err);
	plat_lock(st->monitor);
}

/* When to explain that nothing has come so far. */
static uint64_t station_hint_time(const struct station *st, uint64_t start)
{
	return st->hinted || st->met_one || st->ports ? PLAT_FOREVER : start + HINT_TIME;
}

/* --- places without events, containers for instance. Inside the monitor. */

static void station_compare_device(void *ctx, const struct usb_device_info *info)
{
	struct station *st = ctx;
	if (!station_is_candidate(st->setup, info))
		return;
	const struct port *p = station_find_port(st, info->path);
	if (!p || !p->occupied || p->info.address != info->address)
		unreported_note(&st->unreported, info, false);
}

/* Whether the system shows other boards than those that were reported. */
static bool station_differs(struct station *st)
{
	const struct sysfs *sysfs = st->setup->sysfs;
	struct usb_device_info info;
	if (!sysfs_has_bus(sysfs))
		return false;
	unreported_begin(&st->unreported);
	sysfs_each(sysfs, station_compare_device, st);
	for (const struct port *p = st->ports; p; p = p->next)
		if (p->present &&
		    (!sysfs_device(sysfs, p->info.path, &info) || info.address != p->info.address))
			unreported_note(&st->unreported, &p->info, true);
	return st->unreported.lasting || (st->unreported.any && st->no_events);
}

/* Looks now and then whether events come. */
static void station_look(struct station *st)
{
	uint64_t now = plat_now();
	if (usb_needs_poll(st->board.usb) || now < st->next_look)
		return;
	st->next_look = now + LOOK_TIME;
	if (!station_differs(st))
		return;
	bool first = !st->no_events;
	st->no_events = true;
	st->unreported = (struct unreported){ 0 };
	plat_unlock(st->monitor);
	if (first)
		report_notice(st->setup->report, NULL,
		              "the system does not report arrivals here (a container without "
		              "--net=host?): looking every 2 seconds");
	usb_rescan(st->board.usb);
	plat_lock(st->monitor);
}

/* An image that cannot be decoded ends the run: no board can be flashed. Whether it is still being decoded. */
static bool station_awaits_image(struct station *st)
{
	struct image_status status;
	if (!st->setup->after.flash.image || st->image_ready || st->image_failed)
		return false;
	image_status(st->setup->after.flash.image, &status);
	st->image_ready = status.ready;
	st->image_failed = status.err != OK;
	if (status.err)
		station_note_status(st->summary, status.err);
	return !status.ready && !status.err;
}

/* A device came or went, on systems that report that without libusb: wakes the loop, which looks. */
static void station_on_device_change(void *ctx)
{
	struct station *st = ctx;
	plat_lock(st->monitor);
	plat_broadcast(st->monitor);
	plat_unlock(st->monitor);
}

/* The station's own loop, inside the monitor. */
static void station_watch(struct station *st)
{
	uint64_t start = plat_now();
	bool poll = usb_needs_poll(st->board.usb), ending = false;
	st->next_look = start + LOOK_TIME;
	while (!station_is_over(st)) {
		if (st->interrupts && !ending) {
			ending = true;
			station_end_all(st);
			continue; /* the monitor was left: look again */
		}
		bool decoding = station_awaits_image(st);
		station_report_drain(st);
		if (!ending && !st->draining && !st->image_failed)
			station_assign(st);
		else if (st->image_failed && station_working(st) == 0)
			return;
		uint64_t now = plat_now(), until = station_first_deadline(st, start);
		if (now >= until) {
			station_note_status(st->summary, ERR_NO_BOARD);
			report_error(st->setup->report, NULL, ERR_NO_BOARD, "waited %u seconds",
			             (unsigned)(st->setup->timeout / PLAT_SECOND));
			station_explain_absence(st, ERR_NO_BOARD);
			return;
		}
		uint64_t hint = station_hint_time(st, start);
		if (now >= hint) {
			st->hinted = true;
			station_explain_absence(st, OK);
			continue; /* the monitor was left: look again */
		}
		if (hint < until)
			until = hint;
		if (!poll && st->next_look < until)
			until = st->next_look;
		if (station_hold_time(st) < until)
			until = station_hold_time(st);
		if (poll && now + st->poll < until)
			until = now + st->poll;
		if (st->setup->watchdog) {
			plat_notify("WATCHDOG=1");
			if (now + st->setup->watchdog / 2 < until)
				until = now + st->setup->watchdog / 2;
		}
		if (decoding && now + IMAGE_POLL < until)
			until = now + IMAGE_POLL;
		plat_wait(st->monitor, until);
		station_look(st);
		if (poll) {
			plat_unlock(st->monitor);
			usb_poll(st->board.usb);
			plat_lock(st->monitor);
		}
	}
}

static void station_free_lists(struct station *st)
{
	while (st->ports) {
		struct port *p = st->ports;
		st->ports = p->next;
		free(p);
	}
	while (st->counted) {
		struct counted *c = st->counted;
		st->counted = c->next;
		free(c);
	}
}

static void station_on_message(void *ctx, int level, const char *text)
{
	const struct station *st = ctx;
	report_debug(st->setup->report, NULL, level, "%s", text);
}

static enum err station_start(struct station *st)
{
	const struct station_setup *setup = st->setup;
	st->monitor = plat_monitor_new();
	if (!st->monitor || !plat_on_signal(station_on_signal, st))
		return ERR_MEMORY;
	if (setup->metadata_directory) {
		enum err err = metadata_directory_prepare(setup->metadata_directory);
		if (err)
			return err;
		st->board.directory = metadata_directory_new(setup->metadata_directory);
		if (!st->board.directory)
			return ERR_MEMORY;
	}
	report_emit(setup->report, &(struct event){ .kind = EV_WAITING });
	return usb_start(&st->board.usb, &(struct usb_setup){ .arrived = station_on_arrival,
	                                                      .left = station_on_departure,
	                                                      .message = station_on_message,
	                                                      .ctx = st,
	                                                      .verbose = setup->verbose });
}

void station_run(const struct station_setup *setup, struct station_summary *summary)
{
	*summary = (struct station_summary){ 0 };
	struct station st = {
		.setup = setup,
		.summary = summary,
		.board = {
			.report = setup->report,
			.places = setup->places,
			.enforce = setup->enforce,
			.sign = setup->sign,
			.names = setup->names,
			.next_timeout = setup->next_timeout,
			.sysfs = setup->sysfs,
			.after = setup->after,
			.admit = station_admit,
			.finished = station_finished,
			.ctx = &st,
		},
	};
	enum err err = station_start(&st);
	if (err) {
		station_note_status(summary, err);
		if (err == ERR_METADATA)
			report_error(setup->report, NULL, err, "%s: %s", setup->metadata_directory,
			             strerror(errno));
		else
			report_error(setup->report, NULL, err, "cannot start");
	} else {
		bool news = usb_needs_poll(st.board.usb) &&
		            plat_on_device_change(station_on_device_change, &st);
		st.poll = news && setup->poll < LOOK_TIME ? LOOK_TIME : setup->poll;
		plat_lock(st.monitor);
		station_watch(&st);
		station_report_drain(&st);
		if (st.interrupts)
			summary->status = outcome_status(ERR_INTERRUPTED);
		else if (st.draining && setup->wanted == 0)
			summary->status = 0; /* of boards that failed there are events */
		plat_unlock(st.monitor);
		plat_on_device_change(NULL, NULL);
	}
	plat_on_signal(NULL, NULL);
	usb_stop(st.board.usb);
	metadata_directory_free(st.board.directory);
	station_free_lists(&st);
	plat_monitor_free(st.monitor);
}
