/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include "platform/plat.h"
#include "platform/usb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A bus thread carries what boards do by themselves; transfers are handed to the model when they are submitted. */

struct seat { /* of one board */
	struct vboard *board;
	struct usb_device_info info;
	bool shown; /* reported as arrived, with seen.id */
	uint32_t appearance;
};

static struct {
	struct vboard *boards;
	size_t count;
	uint64_t memory;
	unsigned handles;
	struct usb *running;
} next;

struct usb {
	struct usb_setup setup;
	struct seat *seats;
	size_t count;
	uint64_t last_id, memory, pending; /* kernel memory: limit (0: none), in use */
	struct plat_monitor *monitor;      /* of the bus thread */
	struct plat_thread *thread;
	struct usb_handle *handles;
	bool stopping, interrupted;
};

struct slot {
	struct vurb urb;
	bool pending;
	uint8_t *data;
};

struct usb_handle {
	struct usb *usb;
	struct seat *seat;
	uint32_t appearance;
	struct slot slots[USB_SLOTS];
	struct plat_monitor *monitor;
	int claimed;
	bool deaf; /* never interrupted again */
	struct usb_handle *next;
	uint8_t control[USB_MAX_CONTROL];
};

void sim_boards(struct vboard *boards, size_t count, uint64_t kernel_memory)
{
	next.boards = boards;
	next.count = count;
	next.memory = kernel_memory;
}

unsigned sim_open_handles(void)
{
	return next.handles;
}

/* --- the bus */

static void describe(struct seat *seat, uint64_t id)
{
	uint8_t d[VBOARD_DESCRIPTOR_MAX];
	vboard_device_descriptor(seat->board, d);
	seat->info = (struct usb_device_info){
		.attach_id = id,
		.vendor = (uint16_t)(d[8] | d[9] << 8),
		.product = (uint16_t)(d[10] | d[11] << 8),
		.bus = 1,
		.address = (uint8_t)(id % 127 + 1),
		.serial_index = d[16],
	};
	snprintf(seat->info.path, sizeof seat->info.path, "%s", seat->board->desc->path);
	const char *last = strpbrk(seat->info.path, "-.");
	for (const char *p = last; p; p = strpbrk(p + 1, "-."))
		last = p;
	seat->info.port = (uint8_t)(last ? strtoul(last + 1, NULL, 10) : 0);
}

/* Gives finished transfers back to their slots. */
static void reap(struct usb *usb, struct seat *seat)
{
	struct vurb *urb;
	while ((urb = vboard_reap(seat->board))) {
		struct usb_handle *h = urb->owner;
		struct slot *slot = (struct slot *)((char *)urb - offsetof(struct slot, urb));
		slot->pending = false;
		if (urb->endpoint)
			usb->pending -= urb->length;
		plat_broadcast(h->monitor);
	}
}

/* Reports departures and arrivals since the last look. */
static void show(struct usb *usb, struct seat *seat)
{
	uint32_t appearance = vboard_appearance(seat->board);
	bool here = vboard_present(seat->board);
	if (seat->shown && (!here || appearance != seat->appearance)) {
		seat->shown = false;
		usb->setup.left(usb->setup.ctx, &seat->info);
	}
	if (here && !seat->shown) {
		seat->appearance = appearance;
		describe(seat, ++usb->last_id);
		seat->shown = true;
		usb->setup.arrived(usb->setup.ctx, &seat->info);
	}
}

static uint64_t tick_all(struct usb *usb)
{
	uint64_t soonest = PLAT_FOREVER;
	for (size_t i = 0; i < usb->count; i++) {
		struct seat *seat = &usb->seats[i];
		uint64_t now = plat_now();
		vboard_tick(seat->board, now);
		reap(usb, seat);
		show(usb, seat);
		uint64_t at = vboard_next_event(seat->board, now);
		if (at < soonest)
			soonest = at;
	}
	return soonest;
}

static void run_bus(void *arg)
{
	struct usb *usb = arg;
	plat_lock(usb->monitor);
	while (!usb->stopping) {
		plat_unlock(usb->monitor);
		uint64_t until = tick_all(usb);
		plat_lock(usb->monitor);
		if (!usb->stopping && until > plat_now())
			plat_wait(usb->monitor, until);
	}
	plat_unlock(usb->monitor);
}

static void look_again(struct usb *usb)
{
	plat_lock(usb->monitor);
	plat_broadcast(usb->monitor);
	plat_unlock(usb->monitor);
}

void sim_look_again(void)
{
	if (next.running)
		look_again(next.running);
}

/* Something was done to a board: the bus thread looks again. */
static void touched(struct usb_handle *h)
{
	reap(h->usb, h->seat);
	look_again(h->usb);
}

enum err usb_start(struct usb **out, const struct usb_setup *setup)
{
	struct usb *usb = calloc(1, sizeof *usb);
	if (!usb)
		return ERR_MEMORY;
	usb->setup = *setup;
	usb->memory = next.memory;
	usb->count = next.count;
	usb->seats = calloc(next.count ? next.count : 1, sizeof *usb->seats);
	usb->monitor = plat_monitor_new();
	if (!usb->seats || !usb->monitor)
		abort();
	for (size_t i = 0; i < usb->count; i++)
		usb->seats[i].board = &next.boards[i];
	tick_all(usb);
	usb->thread = plat_thread_start(run_bus, usb);
	*out = next.running = usb;
	return OK;
}

void usb_stop(struct usb *usb)
{
	if (!usb)
		return;
	plat_lock(usb->monitor);
	usb->stopping = true;
	plat_broadcast(usb->monitor);
	plat_unlock(usb->monitor);
	plat_thread_join(usb->thread);
	next.running = NULL;
	plat_monitor_free(usb->monitor);
	free(usb->seats);
	free(usb);
}

bool usb_needs_poll(const struct usb *usb)
{
	(void)usb;
	return false;
}

void usb_poll(struct usb *usb)
{
	(void)usb;
}

void usb_rescan(struct usb *usb)
{
	(void)usb;
}

void usb_interrupt(struct usb *usb)
{
	usb->interrupted = true;
	for (struct usb_handle *h = usb->handles; h; h = h->next)
		plat_broadcast(h->monitor);
}

/* --- one device */

enum err usb_open(struct usb *usb, const struct usb_device_info *info, struct usb_handle **out)
{
	struct seat *seat = NULL;
	for (size_t i = 0; i < usb->count; i++)
		if (usb->seats[i].shown && usb->seats[i].info.attach_id == info->attach_id)
			seat = &usb->seats[i];
	if (!seat)
		return ERR_USB_GONE;
	enum vopen answer = vboard_open(seat->board, plat_now());
	plat_lock(usb->monitor);
	plat_broadcast(usb->monitor);
	plat_unlock(usb->monitor);
	if (answer != VOPEN_OK)
		return answer == VOPEN_ACCESS   ? ERR_USB_ACCESS
		       : answer == VOPEN_BUSY   ? ERR_USB_BUSY
		       : answer == VOPEN_DRIVER ? ERR_USB_DRIVER
		                                : ERR_USB_GONE;
	struct usb_handle *h = calloc(1, sizeof *h);
	if (!h)
		abort();
	h->usb = usb;
	h->seat = seat;
	h->appearance = seat->appearance;
	h->claimed = -1;
	h->monitor = plat_monitor_new();
	h->next = usb->handles;
	usb->handles = h;
	next.handles++;
	*out = h;
	return OK;
}

static bool is_gone(const struct usb_handle *h)
{
	return !vboard_present(h->seat->board) ||
	       vboard_appearance(h->seat->board) != h->appearance;
}

void usb_close(struct usb_handle *h)
{
	if (!h)
		return;
	for (int i = USB_SLOTS - 1; i >= 0; i--) {
		size_t actual;
		usb_cancel(h, (enum usb_slot)i, &actual);
	}
	if (h->claimed >= 0 && !is_gone(h))
		vboard_claim(h->seat->board, plat_now(), (unsigned)h->claimed, false);
	for (struct usb_handle **at = &h->usb->handles; *at; at = &(*at)->next)
		if (*at == h) {
			*at = h->next;
			break;
		}
	plat_monitor_free(h->monitor);
	next.handles--;
	free(h);
}

enum err usb_find_bulk(struct usb_handle *h, unsigned *interface, unsigned *endpoint)
{
	uint8_t d[VBOARD_DESCRIPTOR_MAX];
	size_t n = is_gone(h) ? 0 : vboard_config_descriptor(h->seat->board, d);
	unsigned number = 0, found = 0;
	bool vendor = false;
	if (n < 9)
		return ERR_USB_GONE;
	if (!vboard_configured(h->seat->board, plat_now()))
		return ERR_USB_DESCRIPTOR;
	for (const uint8_t *at = d; at < d + n && *at; at += *at) {
		if (at[1] == 4) {
			number = at[2];
			vendor = at[5] == 0xff;
		} else if (at[1] == 5 && vendor && !(at[2] & 0x80)) {
			found++;
			*interface = number;
			*endpoint = at[2];
		}
	}
	if (found != 1) {
		*interface = d[4] == 1 ? 0 : 1;
		*endpoint = d[4] == 1 ? 1 : 3;
	}
	return OK;
}

enum err usb_find_pipes(struct usb *usb, const struct usb_device_info *info, uint8_t class,
                        uint8_t subclass, struct usb_pipes *pipes)
{
	const struct vboard *board = NULL;
	for (size_t i = 0; i < usb->count; i++)
		if (usb->seats[i].shown && usb->seats[i].info.attach_id == info->attach_id)
			board = usb->seats[i].board;
	uint8_t d[VBOARD_DESCRIPTOR_MAX];
	size_t n = board ? vboard_config_descriptor(board, d) : 0;
	unsigned endpoints = 0;
	bool inside = false;
	*pipes = (struct usb_pipes){ 0 };
	if (n < 9)
		return ERR_USB_GONE;
	if (!vboard_configured(board, plat_now()))
		return ERR_USB_DESCRIPTOR;
	for (const uint8_t *at = d; at < d + n && *at; at += *at) {
		if (at[1] == 4) {
			inside = at[5] == class && at[6] == subclass;
			if (inside) {
				pipes->interface = at[2];
				pipes->protocol = at[7];
			}
		} else if (at[1] == 5 && inside) {
			endpoints++;
			*(at[2] & 0x80 ? &pipes->in : &pipes->out) = at[2];
			pipes->packet = (unsigned)(at[4] | at[5] << 8);
		}
	}
	return endpoints == 0 || (endpoints == 2 && pipes->in && pipes->out) ? OK
	                                                                     : ERR_USB_DESCRIPTOR;
}

enum err usb_claim_pipes(struct usb_handle *h, const struct usb_pipes *pipes)
{
	return usb_claim(h, pipes->interface);
}

enum err usb_claim(struct usb_handle *h, unsigned interface)
{
	if (is_gone(h))
		return ERR_USB_GONE;
	vboard_claim(h->seat->board, plat_now(), interface, true);
	h->claimed = (int)interface;
	return OK;
}

enum err usb_string(struct usb_handle *h, uint8_t index, char out[USB_STRING_SIZE])
{
	*out = 0;
	if (is_gone(h))
		return ERR_USB_GONE;
	const char *text = vboard_read_string(h->seat->board, index);
	if (!text)
		return ERR_USB_STALL;
	snprintf(out, USB_STRING_SIZE, "%s", text);
	return OK;
}

static enum err submit(struct usb_handle *h, enum usb_slot slot, struct vurb urb)
{
	if (is_gone(h))
		return ERR_USB_GONE;
	struct slot *s = &h->slots[slot];
	urb.owner = h;
	s->urb = urb;
	s->pending = true;
	vboard_submit(h->seat->board, plat_now(), &s->urb);
	touched(h);
	return OK;
}

static enum err submit_control(struct usb_handle *h, uint8_t type, uint8_t request, uint16_t value,
                               uint16_t index, size_t n)
{
	memset(h->control, 0, sizeof h->control);
	return submit(h, USB_CONTROL,
	              (struct vurb){
			      .setup = { type, request, (uint8_t)value, (uint8_t)(value >> 8),
	                                 (uint8_t)index, (uint8_t)(index >> 8), (uint8_t)n,
	                                 (uint8_t)(n >> 8) },
			      .data = h->control,
			      .length = n,
		      });
}

enum err usb_submit_announce(struct usb_handle *h, uint16_t value, uint16_t index)
{
	return submit_control(h, 0x40, 0, value, index, 0);
}

enum err usb_submit_read(struct usb_handle *h, uint16_t value, uint16_t index, size_t n)
{
	return submit_control(h, 0xc0, 0, value, index, n);
}

enum err usb_submit_request(struct usb_handle *h, unsigned interface, uint8_t request, size_t n)
{
	return submit_control(h, 0xc1, request, 0, (uint16_t)interface, n);
}

static enum err submit_bulk(struct usb_handle *h, enum usb_slot slot, unsigned endpoint,
                            uint8_t *bytes, size_t n)
{
	struct usb *usb = h->usb;
	if (usb->memory && usb->pending + n > usb->memory)
		return ERR_USB_MEMORY;
	usb->pending += n;
	enum err err = submit(
		h, slot,
		(struct vurb){ .endpoint = (uint8_t)endpoint, .data = bytes, .length = n });
	if (err)
		usb->pending -= n;
	return err;
}

enum err usb_submit_bulk(struct usb_handle *h, unsigned endpoint, const uint8_t *bytes, size_t n)
{
	return submit_bulk(h, USB_BULK, endpoint, (uint8_t *)(uintptr_t)bytes, n);
}

enum err usb_submit_bulk_in(struct usb_handle *h, unsigned endpoint, uint8_t *to, size_t n)
{
	return submit_bulk(h, USB_BULK_IN, endpoint, to, n);
}

static enum err result(const struct slot *s, size_t *actual)
{
	*actual = s->urb.actual;
	switch (s->urb.status) {
	case VURB_OK:
		return OK;
	case VURB_STALL:
		return ERR_USB_STALL;
	case VURB_GONE:
		return ERR_USB_GONE;
	case VURB_ERROR:
		return ERR_USB_IO;
	case VURB_CANCELLED:
	case VURB_PENDING:
	default:
		return ERR_USB_TIMEOUT;
	}
}

void usb_ignore_interrupts(struct usb_handle *h)
{
	h->deaf = true;
}

static bool is_interrupted(const struct usb_handle *h)
{
	return h->usb->interrupted && !h->deaf;
}

enum err usb_await_either(struct usb_handle *h, enum usb_slot a, enum usb_slot b, uint64_t deadline)
{
	enum err err = OK;
	plat_lock(h->monitor);
	while (h->slots[a].pending && h->slots[b].pending && !err) {
		if (is_interrupted(h))
			err = ERR_INTERRUPTED;
		else if (!plat_wait(h->monitor, deadline) && h->slots[a].pending &&
		         h->slots[b].pending)
			err = ERR_USB_TIMEOUT;
	}
	plat_unlock(h->monitor);
	return err;
}

bool usb_is_pending(struct usb_handle *h, enum usb_slot slot)
{
	return h->slots[slot].pending;
}

enum err usb_await(struct usb_handle *h, enum usb_slot slot, uint64_t deadline, size_t *actual)
{
	struct slot *s = &h->slots[slot];
	*actual = 0;
	plat_lock(h->monitor);
	enum err err = OK;
	while (s->pending && !err) {
		if (is_interrupted(h))
			err = ERR_INTERRUPTED;
		else if (!plat_wait(h->monitor, deadline) && s->pending)
			err = ERR_USB_TIMEOUT;
	}
	plat_unlock(h->monitor);
	return err ? err : result(s, actual);
}

enum err usb_cancel(struct usb_handle *h, enum usb_slot slot, size_t *actual)
{
	struct slot *s = &h->slots[slot];
	*actual = 0;
	if (!s->pending)
		return OK;
	vboard_cancel(h->seat->board, plat_now(), &s->urb);
	touched(h);
	if (s->pending)
		abort();
	return result(s, actual);
}

const uint8_t *usb_read_bytes(const struct usb_handle *h)
{
	return h->control;
}

bool usb_pause(struct usb_handle *h, uint64_t time)
{
	uint64_t deadline = plat_now() + time;
	plat_lock(h->monitor);
	while (!is_interrupted(h) && plat_wait(h->monitor, deadline))
		;
	plat_unlock(h->monitor);
	return !is_interrupted(h);
}

enum err usb_clear_halt(struct usb_handle *h, unsigned endpoint)
{
	if (is_gone(h))
		return ERR_USB_GONE;
	vboard_clear_halt(h->seat->board, plat_now(), (uint8_t)endpoint);
	touched(h);
	return OK;
}
