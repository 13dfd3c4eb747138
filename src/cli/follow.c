/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/follow.h"

#include "board/unreported.h"
#include "cli/list_entry.h"
#include "platform/plat.h"
#include "report/outcome.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_TIME (2 * PLAT_SECOND) /* between two looks where arrivals are not reported */

/* An arrival or a departure that is not printed yet. */
struct change {
	struct usb_device_info info;
	bool arrived;
	struct change *next;
};

/* A board that is there. */
struct shown {
	struct list_entry entry;
	struct shown *next;
};

struct follow {
	const struct station_setup *setup;
	bool json;
	FILE *out;
	struct usb *usb;
	struct shown *boards;
	const char *arrival; /* the event's name: "present" for what is there at first */
	struct unreported unreported;

	int error; /* of writing to OUT; 0: none */

	struct plat_monitor *monitor; /* for: */
	struct change *changes, **end;
	bool watching; /* the bus was looked at */
	bool interrupted;
};

/* --- the bus, called from any thread */

static void follow_note(struct follow *f, const struct usb_device_info *info, bool arrived)
{
	struct change *change = malloc(sizeof *change);
	if (!change)
		return; /* a line less */
	*change = (struct change){ .info = *info, .arrived = arrived };
	plat_lock(f->monitor);
	struct change **at = f->end;
	if (!f->watching) /* what is there at first: in the order of the paths */
		for (at = &f->changes; *at && strcmp((*at)->info.path, info->path) < 0;)
			at = &(*at)->next;
	change->next = *at;
	*at = change;
	if (!change->next)
		f->end = &change->next;
	plat_broadcast(f->monitor);
	plat_unlock(f->monitor);
}

static void follow_on_arrival(void *ctx, const struct usb_device_info *info)
{
	follow_note(ctx, info, true);
}

static void follow_on_departure(void *ctx, const struct usb_device_info *info)
{
	follow_note(ctx, info, false);
}

static void follow_on_signal(void *ctx, enum plat_signal signal)
{
	struct follow *f = ctx;
	(void)signal; /* there is nothing to finish: each ends it */
	plat_lock(f->monitor);
	if (f->interrupted)
		plat_exit_now(outcome_status(ERR_INTERRUPTED)); /* the reader may have stopped */
	f->interrupted = true;
	plat_broadcast(f->monitor);
	plat_unlock(f->monitor);
}

static void follow_on_device_change(void *ctx)
{
	struct follow *f = ctx;
	plat_lock(f->monitor);
	plat_broadcast(f->monitor);
	plat_unlock(f->monitor);
}

/* --- printing */

static void follow_print(struct follow *f, const struct list_entry *e, const char *event)
{
	if (f->json)
		list_entry_print_json(f->out, e, event);
	else
		list_entry_print_change(f->out, e, event);
	if (fflush(f->out) != 0 && !f->error)
		f->error = errno;
}

static void follow_arrived(struct follow *f, const struct usb_device_info *info)
{
	if (!list_entry_is_board(f->setup, info))
		return;
	struct shown *shown = calloc(1, sizeof *shown);
	if (!shown)
		return;
	if (!list_entry_read(&shown->entry, info, f->setup, f->usb)) {
		free(shown);
		return;
	}
	shown->next = f->boards;
	f->boards = shown;
	follow_print(f, &shown->entry, f->arrival);
}

static void follow_left(struct follow *f, const struct usb_device_info *info)
{
	struct shown **at = &f->boards;
	while (*at && (*at)->entry.info.attach_id != info->attach_id)
		at = &(*at)->next;
	struct shown *shown = *at;
	if (!shown)
		return;
	*at = shown->next;
	follow_print(f, &shown->entry, "left");
	free(shown);
}

/* Prints what is noted. Inside the monitor, which is left meanwhile. */
static void follow_print_changes(struct follow *f)
{
	while (f->changes && !f->interrupted && !f->error) {
		struct change *change = f->changes;
		f->changes = change->next;
		if (!f->changes)
			f->end = &f->changes;
		plat_unlock(f->monitor);
		if (change->arrived)
			follow_arrived(f, &change->info);
		else
			follow_left(f, &change->info);
		free(change);
		plat_lock(f->monitor);
	}
}

/* --- places where arrivals are not reported, containers for instance */

static const struct shown *follow_find(const struct follow *f, const struct usb_device_info *info)
{
	const struct shown *b = f->boards;
	while (b && (strcmp(b->entry.info.path, info->path) != 0 ||
	             b->entry.info.address != info->address))
		b = b->next;
	return b;
}

static void follow_compare_device(void *ctx, const struct usb_device_info *info)
{
	struct follow *f = ctx;
	/* whose serial is wanted is known only after it was reported */
	if (f->setup->serial_count == 0 && list_entry_is_board(f->setup, info) &&
	    !follow_find(f, info))
		unreported_note(&f->unreported, info, false);
}

/* Reads the bus if the system shows other boards than were reported. */
static void follow_look(struct follow *f)
{
	struct usb_device_info info;
	if (usb_needs_poll(f->usb)) {
		usb_poll(f->usb);
		return;
	}
	if (!sysfs_has_bus(f->setup->sysfs))
		return;
	unreported_begin(&f->unreported);
	sysfs_each(f->setup->sysfs, follow_compare_device, f);
	for (const struct shown *b = f->boards; b; b = b->next)
		if (!sysfs_device(f->setup->sysfs, b->entry.info.path, &info) ||
		    info.address != b->entry.info.address)
			unreported_note(&f->unreported, &b->entry.info, true);
	if (!f->unreported.lasting)
		return;
	f->unreported = (struct unreported){ 0 };
	usb_rescan(f->usb);
}

/* --- the whole */

static void follow_watch(struct follow *f)
{
	bool poll = usb_needs_poll(f->usb);
	bool news = poll && plat_on_device_change(follow_on_device_change, f);
	uint64_t pause = poll && !news ? f->setup->poll : LOOK_TIME, next = plat_now() + pause;
	plat_lock(f->monitor);
	f->watching = true;
	while (!f->interrupted && !f->error) {
		follow_print_changes(f);
		f->arrival = "arrived";
		if (f->interrupted || f->error || f->changes)
			continue;
		bool woken = plat_wait(f->monitor, next);
		if (woken && !news)
			continue;
		plat_unlock(f->monitor);
		follow_look(f);
		next = plat_now() + pause;
		plat_lock(f->monitor);
	}
	plat_unlock(f->monitor);
	if (news)
		plat_on_device_change(NULL, NULL);
}

static enum err follow_start(struct follow *f)
{
	f->end = &f->changes;
	f->monitor = plat_monitor_new();
	if (!f->monitor || !plat_on_signal(follow_on_signal, f))
		return ERR_MEMORY;
	return usb_start(&f->usb, &(struct usb_setup){ .arrived = follow_on_arrival,
	                                               .left = follow_on_departure,
	                                               .ctx = f,
	                                               .verbose = f->setup->verbose });
}

static void follow_free(struct follow *f)
{
	usb_stop(f->usb);
	while (f->changes) {
		struct change *change = f->changes;
		f->changes = change->next;
		free(change);
	}
	while (f->boards) {
		struct shown *shown = f->boards;
		f->boards = shown->next;
		free(shown);
	}
	plat_monitor_free(f->monitor);
}

enum err follow_run(const struct station_setup *setup, bool json, FILE *out)
{
	struct follow f = { .setup = setup, .json = json, .out = out, .arrival = "present" };
	enum err err = follow_start(&f);
	if (err) {
		report_error(setup->report, NULL, err, "cannot follow");
	} else {
		if (!json)
			list_entry_print_change_head(out);
		if (fflush(out) != 0)
			f.error = errno;
		follow_watch(&f);
	}
	plat_on_signal(NULL, NULL);
	follow_free(&f);
	if (f.error && f.error != EPIPE)
		err = report_error(setup->report, NULL, ERR_USAGE, "standard output: %s",
		                   strerror(f.error));
	return err;
}
