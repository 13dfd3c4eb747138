/* SPDX-License-Identifier: Apache-2.0 */
#include "board/station.h"

#include "report/diagnose.h"
#include "platform/plat.h"
#include "report/outcome.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A finished board with the jumper still fitted would be flashed for ever. */
#define AGAIN_TIME (60 * PLAT_SECOND)
#define HINT_TIME  (15 * PLAT_SECOND) /* nothing at all for so long: say what may be wrong */
#define EMPTY_TIME (5 * PLAT_SECOND)  /* without a serial: an empty port means another board */

/* A USB port on which a board was seen. */
struct port {
	struct usb_device_info info; /* the latest arrival */
	bool present;                /* it is here; */
	bool handled;                /* it had its worker: it is not looked at again */
	bool occupied;               /* anything is plugged in, a disk for instance */
	uint64_t since;              /* when the port became empty */
	struct board *board;
	bool board_finished;

	/* the last board that was finished here */
	bool succeeded;
	char serial[USB_STRING_SIZE];
	uint64_t finished_at;
	bool was_empty; /* for EMPTY_TIME since then, before the latest arrival */
	struct port *next;
};

/* Boards are counted once: by serial, without one by path. */
struct counted {
	char name[USB_STRING_SIZE];
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
	bool met_one; /* a board was admitted: --timeout is over */
	bool hinted;  /* HINT_TIME is over */
};

/* --- who is wanted */

static bool station_any(const char *const *list, unsigned count, const char *text,
                        int (*compare)(const char *, const char *))
{
	for (unsigned i = 0; i < count; i++)
		if (compare(list[i], text) == 0)
			return true;
	return count == 0;
}

bool station_selects(const struct station_setup *setup, const struct usb_device_info *info,
                     const char *serial)
{
	return (setup->port < 0 || setup->port == info->port) &&
	       station_any(setup->paths, setup->path_count, info->path, strcmp) &&
	       (!serial || station_any(setup->serials, setup->serial_count, serial, strcasecmp));
}

static bool station_is_candidate(const struct station_setup *setup,
                                 const struct usb_device_info *info)
{
	return info->vendor == CHIP_VENDOR && chip_by_product(info->product) &&
	       station_selects(setup, info, NULL);
}

static bool station_has_slot(const struct station *st)
{
	return st->setup->wanted == 0 || st->count + st->admitted < st->setup->wanted;
}

/* Whether the board that was finished on PORT is back before somebody changed it. SERIAL "": unknown. */
static bool station_too_soon(const struct station *st, const struct port *port, const char *serial)
{
	if (!port->succeeded || st->setup->again)
		return false;
	if (!*serial || !*port->serial)
		return !port->was_empty;
	return strcmp(port->serial, serial) == 0 && plat_now() < port->finished_at + AGAIN_TIME;
}

/* Called by a board's thread when its serial is known. */
static bool station_admit(void *ctx, struct board *board)
{
	struct station *st = ctx;
	const struct station_setup *setup = st->setup;
	const struct board_facts *facts = board_facts(board);
	plat_lock(st->monitor);
	bool chosen = station_any(setup->serials, setup->serial_count, facts->serial, strcasecmp);
	bool again = false;
	for (const struct port *p = st->ports; p; p = p->next)
		again = again || (p->board == board && station_too_soon(st, p, facts->serial));
	bool ok = chosen && !again && station_has_slot(st) && !st->interrupts;
	if (ok) {
		st->admitted++;
		st->met_one = true;
	}
	plat_unlock(st->monitor);
	if (!chosen && !*facts->serial)
		report_warning(setup->report, facts, "no-serial",
		               "its boot ROM tells no serial, so -i cannot choose it: use -p %s",
		               facts->path);
	else if (again)
		report_notice(setup->report, facts,
		              "finished a moment ago, not served again (remove it, or --again)");
	return ok;
}

/* --- counting */

static void station_count_board(struct station *st, const struct board_facts *facts)
{
	const char *name = *facts->serial ? facts->serial : facts->path;
	for (struct counted *c = st->counted; c; c = c->next)
		if (strcmp(c->name, name) == 0)
			return;
	struct counted *c = calloc(1, sizeof *c);
	st->count++;
	if (!c)
		return; /* then a board may be counted twice */
	memcpy(c->name, name, strlen(name) + 1);
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
	for (struct port *p = st->ports; p; p = p->next)
		if (p->board == board)
			p->board_finished = true;
	plat_broadcast(st->monitor);
	plat_unlock(st->monitor);
}

/* Takes the result of a finished board. */
static void station_retire(struct station *st, struct port *port)
{
	struct board *board = port->board;
	const struct board_result *result = board_result(board);
	const struct board_facts *facts = board_facts(board);
	port->board = NULL;
	port->board_finished = false;
	if (result->admitted) {
		st->admitted -= st->admitted > 0;
		station_count_board(st, facts);
		station_note_status(st->summary, result->err);
		if (result->err)
			st->summary->failed++;
		else
			st->summary->succeeded++;
		port->succeeded = !result->err;
		memcpy(port->serial, facts->serial, sizeof port->serial);
		port->finished_at = plat_now();
		port->was_empty = false;
	}
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

static void station_on_arrival(void *ctx, const struct usb_device_info *info)
{
	struct station *st = ctx;
	bool candidate = station_is_candidate(st->setup, info);
	plat_lock(st->monitor);
	struct port *port = station_find_port(st, info->path);
	if (!port && candidate)
		port = station_add_port(st, info);
	if (port) {
		if (!port->occupied && plat_now() - port->since >= EMPTY_TIME)
			port->was_empty = true;
		port->occupied = true;
		port->info = *info;
		port->present = candidate;
		port->handled = false;
		if (port->board && candidate)
			board_arrived(port->board, info);
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

static void station_on_interrupt(void *ctx)
{
	struct station *st = ctx;
	plat_lock(st->monitor);
	if (++st->interrupts > 1)
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
	for (struct port *p = st->ports; p; p = p->next) {
		if (!p->present || p->board || p->handled || station_free_workers(st) == 0)
			continue;
		p->handled = true;
		p->board = board_new(&st->board, &p->info);
		if (!p->board) {
			station_note_status(st->summary, ERR_MEMORY);
			report_error(st->setup->report, NULL, ERR_MEMORY, "%s", p->info.path);
		}
	}
}

/* Retires what is finished; tells whether the run is over. */
static bool station_is_over(struct station *st)
{
	bool retired = false;
	for (struct port *p = st->ports; p; p = p->next)
		if (p->board && p->board_finished) {
			retired = retired || board_result(p->board)->admitted;
			station_retire(st, p);
		}
	if (station_working(st) > 0)
		return false;
	if (st->interrupts || (st->setup->wanted && st->count >= st->setup->wanted))
		return true;
	if (retired)
		report_emit(st->setup->report, &(struct event){ .kind = EV_WAITING });
	return false;
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

/* The time of the hint to those who wait in vain. */
static uint64_t station_hint_time(const struct station *st, uint64_t start)
{
	return st->hinted || st->met_one || st->ports ? PLAT_FOREVER : start + HINT_TIME;
}

/* The station's own loop, inside the monitor. */
static void station_watch(struct station *st)
{
	uint64_t start = plat_now();
	bool poll = usb_needs_poll(st->board.usb), ending = false;
	while (!station_is_over(st)) {
		if (st->interrupts && !ending) {
			ending = true;
			station_end_all(st);
			continue; /* the monitor was left: look again */
		}
		if (!ending)
			station_assign(st);
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
		if (poll && now + st->setup->poll < until)
			until = now + st->setup->poll;
		if (st->setup->watchdog) {
			plat_notify("WATCHDOG=1");
			if (now + st->setup->watchdog / 2 < until)
				until = now + st->setup->watchdog / 2;
		}
		plat_wait(st->monitor, until);
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

static enum err station_start(struct station *st)
{
	const struct station_setup *setup = st->setup;
	st->monitor = plat_monitor_new();
	if (!st->monitor || !plat_on_signal(station_on_interrupt, st))
		return ERR_MEMORY;
	if (setup->metadata_directory) {
		st->board.directory = metadata_directory_new(setup->metadata_directory);
		if (!st->board.directory)
			return ERR_MEMORY;
	}
	report_emit(setup->report, &(struct event){ .kind = EV_WAITING });
	return usb_start(&st->board.usb, &(struct usb_setup){ .arrived = station_on_arrival,
	                                                      .left = station_on_departure,
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
			.stay = setup->stay,
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
		report_error(setup->report, NULL, err, "cannot start");
	} else {
		plat_lock(st.monitor);
		station_watch(&st);
		if (st.interrupts)
			summary->status = outcome_status(ERR_INTERRUPTED);
		plat_unlock(st.monitor);
	}
	plat_on_signal(NULL, NULL);
	usb_stop(st.board.usb);
	metadata_directory_free(st.board.directory);
	station_free_lists(&st);
	plat_monitor_free(st.monitor);
}
