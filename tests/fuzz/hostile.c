/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include "platform/plat.h"
#include "sim.h"
#include "platform/usb.h"
#include "formats/wire.h"
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS       3
#define APPEARANCES 300 /* a bus on which devices come for ever is served for ever */
#define QUIET       (300 * PLAT_SECOND) /* no board may be at work longer after the last answer */
#define STEP        4

struct port {
	struct usb_device_info info;
	bool shown;
	uint64_t leave_at, return_at; /* 0: not planned */
	uint8_t next[2];              /* as whom it returns */
};

struct slot {
	bool pending;
	uint64_t due; /* PLAT_FOREVER: never */
	enum err result;
	size_t actual;
};

struct usb {
	struct usb_setup setup;
	struct port ports[PORTS];
	const uint8_t *steps;
	size_t steps_left;
	uint64_t step_at, quiet_at;
	unsigned appearances;
	struct plat_monitor *monitor;
	struct plat_thread *thread;
	bool stopping, interrupted, ended;
};

struct usb_handle {
	struct usb *usb;
	struct port *port;
	uint64_t id;
	struct plat_monitor *monitor;
	struct slot slots[USB_SLOTS];
	uint8_t control[USB_MAX_CONTROL];
	const struct hostile_file *file; /* announced */
	size_t taken;                    /* of it */
	const uint8_t *offered;          /* what is pending in the bulk slot */
	size_t offered_size;
	struct usb_handle *next;
};

static struct {
	struct hostile_script script;
	size_t at; /* of the answers */
	unsigned calls, handles;
	struct usb_handle *open;
} play;

static _Noreturn void accuse(const char *what)
{
	fprintf(stderr, "hostile: the host %s\n", what);
	abort();
}

/* --- the script */

static size_t answers_begin(void)
{
	size_t steps = play.script.size > 1 ? play.script.bytes[1] % 32u : 0;
	size_t begin = 2 + steps * STEP;
	return begin < play.script.size ? begin : play.script.size;
}

static uint8_t flags(void)
{
	return play.script.size > 0 ? play.script.bytes[0] : 0;
}

/* Whether there is another answer. */
static bool has_answer(void)
{
	bool often = play.script.size > 1 && play.script.bytes[1] >= 0xe0;
	if (play.at >= play.script.size && (flags() & HOSTILE_LOOPS) &&
	    play.calls < (often ? HOSTILE_CALLS : HOSTILE_SOME))
		play.at = answers_begin();
	return play.at < play.script.size;
}

static uint8_t take(void)
{
	return play.at < play.script.size ? play.script.bytes[play.at++] : 0;
}

void hostile_play(const struct hostile_script *script)
{
	play.script = *script;
	play.calls = 0;
	play.at = answers_begin();
}

unsigned hostile_open_handles(void)
{
	return play.handles;
}

static uint64_t delay(unsigned which)
{
	static const uint64_t delays[] = { 0,
		                           1,
		                           PLAT_MS,
		                           300 * PLAT_MS,
		                           2100 * PLAT_MS,
		                           5 * PLAT_SECOND,
		                           9999 * PLAT_MS,
		                           61 * PLAT_SECOND };
	return delays[which % 8];
}

/* --- the bus */

static void describe(struct usb *usb, struct port *port, const uint8_t as[2])
{
	static const uint16_t products[] = { 0x2711, 0x2712, 0x2763, 0x2764, 0x0104, 0xffff };
	static const uint8_t indexes[] = { 3, 1, 0, 4, 255, 2 };
	size_t index = (size_t)(port - usb->ports);
	port->info = (struct usb_device_info){
		.attach_id = ++usb->appearances,
		.vendor = as[0] & 128 ? 0x1d6b : 0x0a5c,
		.product = products[as[0] % (sizeof products / sizeof *products)],
		.bus = 1,
		.address = (uint8_t)usb->appearances,
		.port = (uint8_t)(index + 1),
		.serial_index = indexes[as[1] % sizeof indexes],
	};
	snprintf(port->info.path, sizeof port->info.path, "1-1.%u", (unsigned)index + 1);
}

static void show(struct usb *usb, struct port *port, const uint8_t as[2])
{
	if (port->shown || usb->appearances >= APPEARANCES)
		return;
	describe(usb, port, as);
	port->shown = true;
	usb->setup.arrived(usb->setup.ctx, &port->info);
}

/* What is pending ends when the device leaves. */
static void end_transfers(const struct port *port)
{
	for (struct usb_handle *h = play.open; h; h = h->next)
		for (unsigned i = 0; i < USB_SLOTS && h->id == port->info.attach_id; i++) {
			struct slot *s = &h->slots[i];
			if (!s->pending || s->due <= plat_now())
				continue;
			s->due = plat_now();
			s->result = ERR_USB_GONE;
			plat_broadcast(h->monitor);
		}
}

static void hide(struct usb *usb, struct port *port)
{
	if (!port->shown)
		return;
	port->shown = false;
	end_transfers(port);
	usb->setup.left(usb->setup.ctx, &port->info);
}

static void take_step(struct usb *usb)
{
	const uint8_t *step = usb->steps;
	struct port *port = &usb->ports[step[1] % PORTS];
	usb->steps += STEP;
	usb->steps_left--;
	usb->step_at = plat_now() + delay(step[2]);
	switch (step[0] % 4) {
	case 0:
		show(usb, port, step + 2);
		break;
	case 1:
		hide(usb, port);
		break;
	case 2: /* another device, and nobody saw the first one leave */
		port->shown = false;
		show(usb, port, step + 2);
		break;
	default: /* told twice */
		if (port->shown)
			usb->setup.arrived(usb->setup.ctx, &port->info);
		break;
	}
	usb->quiet_at = plat_now() + QUIET;
}

/* All that is due now. */
static void catch_up(struct usb *usb)
{
	uint64_t now = plat_now();
	while (usb->steps_left > 0 && usb->step_at <= now)
		take_step(usb);
	for (struct port *p = usb->ports; p < usb->ports + PORTS; p++) {
		if (p->leave_at && p->leave_at <= now) {
			p->leave_at = 0;
			hide(usb, p);
		}
		if (p->return_at && p->return_at <= now) {
			p->return_at = 0;
			show(usb, p, p->next);
		}
	}
}

static uint64_t next_event(const struct usb *usb)
{
	uint64_t next = usb->steps_left > 0 ? usb->step_at : PLAT_FOREVER;
	for (const struct port *p = usb->ports; p < usb->ports + PORTS; p++) {
		if (p->leave_at && p->leave_at < next)
			next = p->leave_at;
		if (p->return_at && p->return_at < next)
			next = p->return_at;
	}
	return next;
}

/* Nothing happens any more unless the host does something: if it is still busy after a long time, it never ends. */
static void end_when_quiet(struct usb *usb)
{
	uint64_t now = plat_now();
	if (usb->ended || next_event(usb) != PLAT_FOREVER)
		return;
	if (flags() & HOSTILE_INTERRUPT) {
		usb->ended = true;
		sim_interrupt_at(now + 1);
	} else if (now >= usb->quiet_at) {
		if (play.handles > 0)
			accuse("keeps a silent device open");
		usb->ended = true;
		sim_interrupt_at(now + 1);
	}
}

static void run_bus(void *arg)
{
	struct usb *usb = arg;
	plat_lock(usb->monitor);
	while (!usb->stopping) {
		plat_unlock(usb->monitor);
		catch_up(usb);
		end_when_quiet(usb);
		plat_lock(usb->monitor);
		uint64_t until = next_event(usb);
		if (until == PLAT_FOREVER && !usb->ended)
			until = usb->quiet_at;
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

enum err usb_start(struct usb **out, const struct usb_setup *setup)
{
	struct usb *usb = calloc(1, sizeof *usb);
	if (!usb)
		return ERR_MEMORY;
	usb->setup = *setup;
	usb->steps = play.script.bytes + 2;
	usb->steps_left = (answers_begin() - 2) / STEP;
	usb->step_at = plat_now();
	usb->quiet_at = plat_now() + QUIET;
	usb->monitor = plat_monitor_new();
	if (!usb->monitor)
		abort();
	catch_up(usb);
	usb->thread = plat_thread_start(run_bus, usb);
	*out = usb;
	return OK;
}

void usb_stop(struct usb *usb)
{
	if (!usb)
		return;
	if (play.handles > 0)
		accuse("stops with a device open");
	plat_lock(usb->monitor);
	usb->stopping = true;
	plat_broadcast(usb->monitor);
	plat_unlock(usb->monitor);
	plat_thread_join(usb->thread);
	plat_monitor_free(usb->monitor);
	free(usb);
}

bool usb_needs_poll(const struct usb *usb)
{
	(void)usb;
	return flags() & HOSTILE_POLLS;
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
	for (struct usb_handle *h = play.open; h; h = h->next)
		plat_broadcast(h->monitor);
}

/* --- answers to calls */

/* The first byte of an answer: low half how it ends. */
static enum err ending(uint8_t byte)
{
	static const enum err endings[] = {
		OK,
		OK,
		OK,
		OK,
		OK,
		OK,
		OK,
		OK,
		OK,
		OK,
		ERR_USB_GONE,
		ERR_USB_STALL,
		ERR_USB_IO,
		ERR_USB_BUSY,
		ERR_USB_OVERFLOW,
		ERR_USB_ACCESS,
	};
	return endings[byte % 16];
}

/* A call that is answered at once. */
static enum err answer_now(struct usb *usb)
{
	play.calls++;
	if (!has_answer())
		return ERR_USB_IO;
	usb->quiet_at = plat_now() + QUIET;
	return ending(take());
}

/* The device leaves after this answer, and may return as another one. */
static void plan_departure(struct usb_handle *h, uint64_t at)
{
	uint8_t how = take();
	h->port->leave_at = at + delay(how);
	h->port->next[0] = take();
	h->port->next[1] = take();
	if (!(how & 64))
		h->port->return_at = h->port->leave_at + delay(how >> 3) + 1;
	look_again(h->usb);
}

/* How much of N bytes moved. */
static size_t portion(uint8_t how, size_t n)
{
	switch (how % 8) {
	case 0:
		return 0;
	case 1:
		return n > 0 ? 1 : 0;
	case 2:
		return n / 2;
	case 3:
		return n > 0 ? n - 1 : 0;
	default:
		return n;
	}
}

/* Fills a slot with the answer to a transfer of N bytes. The second byte: a third when, a third how much, a bit: leaves. */
static enum err submit(struct usb_handle *h, enum usb_slot which, size_t n)
{
	struct slot *s = &h->slots[which];
	if (s->pending)
		accuse("submits into a busy slot");
	play.calls++;
	if (!has_answer()) {
		*s = (struct slot){ .pending = true, .due = PLAT_FOREVER };
		return OK;
	}
	h->usb->quiet_at = plat_now() + QUIET;
	uint8_t what = take(), how = what & 64 ? take() : 7 << 3;
	if ((what & 48) == 48 && ending(what) != OK)
		return which == USB_BULK && (how & 1) ? ERR_USB_MEMORY : ending(what);
	*s = (struct slot){ .pending = true,
		            .result = ending(what),
		            .actual = portion(how >> 3, n) };
	s->due = (how & 192) == 192 ? PLAT_FOREVER : plat_now() + delay(how);
	if (what & 128)
		plan_departure(h, s->due == PLAT_FOREVER ? plat_now() : s->due);
	return OK;
}

/* --- one device */

enum err usb_open(struct usb *usb, const struct usb_device_info *info, struct usb_handle **out)
{
	struct port *port = NULL;
	for (struct port *p = usb->ports; p < usb->ports + PORTS; p++)
		if (p->shown && p->info.attach_id == info->attach_id)
			port = p;
	if (!port)
		return ERR_USB_GONE;
	enum err err = answer_now(usb);
	if (err)
		return err == ERR_USB_STALL || err == ERR_USB_OVERFLOW ? ERR_USB_IO : err;
	struct usb_handle *h = calloc(1, sizeof *h);
	if (!h || !(h->monitor = plat_monitor_new()))
		abort();
	h->usb = usb;
	h->port = port;
	h->id = info->attach_id;
	h->next = play.open;
	play.open = h;
	play.handles++;
	*out = h;
	return OK;
}

void usb_close(struct usb_handle *h)
{
	if (!h)
		return;
	for (struct usb_handle **at = &play.open; *at; at = &(*at)->next)
		if (*at == h) {
			*at = h->next;
			break;
		}
	play.handles--;
	plat_monitor_free(h->monitor);
	free(h);
}

enum err usb_find_bulk(struct usb_handle *h, unsigned *interface, unsigned *endpoint)
{
	enum err err = answer_now(h->usb);
	*interface = !err && has_answer() ? take() % 2u : 0;
	*endpoint = *interface ? 3 : 1;
	return err;
}

/* These runs have no --flash: nobody may look for its interface, nor talk to it. */
enum err usb_find_pipes(struct usb *usb, const struct usb_device_info *info, uint8_t class,
                        uint8_t subclass, struct usb_pipes *pipes)
{
	(void)usb, (void)info, (void)class, (void)subclass, (void)pipes;
	accuse("looks for the interface of --flash");
	return ERR_USB_DESCRIPTOR;
}

enum err usb_claim_pipes(struct usb_handle *h, const struct usb_pipes *pipes)
{
	(void)h, (void)pipes;
	accuse("claims the interface of --flash");
	return ERR_USB_DESCRIPTOR;
}

enum err usb_submit_request(struct usb_handle *h, unsigned interface, uint8_t request, size_t n)
{
	(void)h, (void)interface, (void)request, (void)n;
	accuse("sends a request of --flash");
	return ERR_USB_STALL;
}

enum err usb_submit_bulk_in(struct usb_handle *h, unsigned endpoint, uint8_t *to, size_t n)
{
	(void)h, (void)endpoint, (void)to, (void)n;
	accuse("reads from a bulk endpoint");
	return ERR_USB_STALL;
}

enum err usb_await_either(struct usb_handle *h, enum usb_slot a, enum usb_slot b, uint64_t deadline)
{
	(void)h, (void)a, (void)b, (void)deadline;
	accuse("waits for a bulk endpoint");
	return ERR_USB_TIMEOUT;
}

void usb_ignore_interrupts(struct usb_handle *h)
{
	(void)h;
	accuse("does not listen to interrupts");
}

bool usb_is_pending(struct usb_handle *h, enum usb_slot slot)
{
	return h->slots[slot].pending;
}

bool usb_pause(struct usb_handle *h, uint64_t time)
{
	plat_pause(time);
	return !h->usb->interrupted;
}

enum err usb_claim(struct usb_handle *h, unsigned interface)
{
	if (interface > 1)
		accuse("claims an interface that does not exist");
	return answer_now(h->usb);
}

enum err usb_string(struct usb_handle *h, uint8_t index, char out[USB_STRING_SIZE])
{
	*out = 0;
	if (index == 0)
		accuse("asks for the list of languages");
	enum err err = answer_now(h->usb);
	if (err)
		return err;
	size_t n = has_answer() ? take() : 0;
	for (size_t i = 0; i < n; i++) {
		char c =
			(char)(n > 32 ? 'A'
		                      : take() &
		                                127); /* the host's USB library lets control characters through */
		out[i] = c;
	}
	out[n] = 0;
	return OK;
}

enum err usb_submit_announce(struct usb_handle *h, uint16_t value, uint16_t index)
{
	size_t length = (size_t)index << 16 | value;
	h->file = NULL;
	h->taken = 0;
	for (size_t i = 0; i < play.script.file_count && !h->file; i++)
		if (play.script.files[i].size == length)
			h->file = &play.script.files[i];
	if (!h->file && length > 0)
		accuse("announces a length that is none of the files'");
	return submit(h, USB_CONTROL, 0);
}

/* A request: what it asks, then a name of the list or one of its own. */
static void invent_request(uint8_t *to, size_t n)
{
	char name[WIRE_NAME] = "";
	uint8_t command = take(), which = take();
	if (command & 8) { /* a name of its own, or what is to follow a "*" */
		size_t length = which;
		for (size_t i = 0; i < length && i < sizeof name - 1; i++)
			name[i] = (char)(length > 64 ? '/' - (int)(i & 1) : take());
	} else if (play.script.name_count) {
		snprintf(name, sizeof name, "%s",
		         play.script.names[which % play.script.name_count]);
	}
	uint8_t request[WIRE_REQUEST] = { command & 7, (uint8_t)(command & 16 ? 255 : 0) };
	memcpy(request + 4, name, sizeof name);
	memcpy(to, request, n < sizeof request ? n : sizeof request);
}

enum err usb_submit_read(struct usb_handle *h, uint16_t value, uint16_t index, size_t n)
{
	if (n > USB_MAX_CONTROL || value != n || index != 0)
		accuse("reads more than it may");
	memset(h->control, 0, sizeof h->control);
	enum err err = submit(h, USB_CONTROL, n);
	if (err || h->slots[USB_CONTROL].result || h->slots[USB_CONTROL].due == PLAT_FOREVER)
		return err;
	if (n == WIRE_STATUS)
		h->control[0] = take() & 1;
	else
		invent_request(h->control, n);
	return OK;
}

/* The boot message: the length of one of the files; nothing or the signature behind it. */
static void check_message(const uint8_t *bytes, size_t offset, size_t n)
{
	static const uint8_t none[WIRE_SIGNATURE];
	bool known = false;
	if (offset > 0 || n != WIRE_BOOT_MESSAGE)
		return;
	for (size_t i = 0; i < play.script.file_count; i++)
		known = known || play.script.files[i].size == get_le32(bytes);
	if (!known)
		accuse("tells the boot ROM a length that is none of the files'");
	for (size_t i = 0; i < play.script.file_count; i++)
		if (play.script.files[i].size == WIRE_SIGNATURE &&
		    memcmp(bytes + 4, play.script.files[i].bytes, WIRE_SIGNATURE) == 0)
			return;
	if (memcmp(bytes + 4, none, WIRE_SIGNATURE) != 0)
		accuse("puts something else where the signature belongs");
}

/* The bytes offered must be those of the file that was announced. */
static void check_bytes(const struct usb_handle *h, const uint8_t *bytes, size_t n)
{
	if (!h->file || n > h->file->size - h->taken)
		accuse("sends more than it announced");
	if (!h->file->bytes) {
		check_message(bytes, h->taken, n);
		return;
	}
	size_t some = n < 4096 ? n : 4096;
	const uint8_t *want = h->file->bytes + h->taken;
	if (memcmp(bytes, want, some) != 0 || memcmp(bytes + n - some, want + n - some, some) != 0)
		accuse("sends other bytes than the file's");
}

enum err usb_submit_bulk(struct usb_handle *h, unsigned endpoint, const uint8_t *bytes, size_t n)
{
	if (n == 0 || (endpoint != 1 && endpoint != 3))
		accuse("sends nothing, or to a wrong endpoint");
	check_bytes(h, bytes, n);
	h->offered = bytes;
	h->offered_size = n;
	return submit(h, USB_BULK, n);
}

/* The slot's transfer is through. */
static enum err finish(struct usb_handle *h, enum usb_slot which, size_t *actual)
{
	struct slot *s = &h->slots[which];
	s->pending = false;
	*actual = s->actual;
	if (which == USB_BULK) {
		check_bytes(h, h->offered,
		            h->offered_size); /* it must not change while it is on the way */
		h->taken += s->actual;
	}
	return s->result;
}

enum err usb_await(struct usb_handle *h, enum usb_slot which, uint64_t deadline, size_t *actual)
{
	struct slot *s = &h->slots[which];
	*actual = 0;
	plat_lock(h->monitor);
	enum err err = OK;
	while (!err && s->pending && s->due > plat_now()) {
		uint64_t until = s->due < deadline ? s->due : deadline;
		if (h->usb->interrupted)
			err = ERR_INTERRUPTED;
		else if (plat_now() >= deadline)
			err = ERR_USB_TIMEOUT;
		else
			plat_wait(h->monitor, until);
	}
	plat_unlock(h->monitor);
	return err ? err : finish(h, which, actual);
}

/* Cancelling comes too late now and then, and what moved until then has moved. */
enum err usb_cancel(struct usb_handle *h, enum usb_slot which, size_t *actual)
{
	struct slot *s = &h->slots[which];
	*actual = 0;
	if (!s->pending)
		return OK;
	if (s->due > plat_now() && !(s->actual & 1))
		s->result = ERR_USB_TIMEOUT;
	return finish(h, which, actual);
}

const uint8_t *usb_read_bytes(const struct usb_handle *h)
{
	return h->control;
}

enum err usb_clear_halt(struct usb_handle *h, unsigned endpoint)
{
	(void)endpoint;
	return answer_now(h->usb);
}
