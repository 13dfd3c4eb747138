/* SPDX-License-Identifier: Apache-2.0 */
#include "vboard.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VENDOR            0x0a5c
#define FASTBOOT_VENDOR   0x18d1 /* the ids of Android: field notes on the provisioner */
#define FASTBOOT_PRODUCT  0x4e40
#define BOOT_MESSAGE      24  /* 5 */
#define STATUS_SIZE       4   /* 5 */
#define MESSAGE_SIZE      260 /* 6 */
#define MESSAGE_NAME      4
#define PACKET            512
#define CONTROL_PACKET    64
#define VIOLATIONS_MAX    200
#define FLASH_PENDING_MAX (512 << 10)
#define CMD_SIZE          0
#define CMD_READ          1
#define CMD_DONE          2

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void *must(void *p)
{
	if (!p)
		abort(); /* a test without memory cannot say anything useful */
	return p;
}

static char *copy(const char *text)
{
	return must(strdup(text));
}

/* --- the judge --------------------------------------------------------------------------------------------------- */

void vboard_violation(struct vboard *b, uint64_t now, const char *format, ...)
{
	if (b->violation_count == VIOLATIONS_MAX)
		return;
	char text[512];
	int n = snprintf(text, sizeof text, "%s at %llu.%06llu s: ", b->desc->path,
	                 (unsigned long long)(now / 1000000), (unsigned long long)(now % 1000000));
	va_list args;
	va_start(args, format);
	if (n > 0 && n < (int)sizeof text)
		vsnprintf(text + n, sizeof text - (size_t)n, format, args);
	va_end(args);
	b->violations = must(
		realloc(b->violations, (b->violation_count + 1) * sizeof *b->violations));
	b->violations[b->violation_count++] = copy(text);
}

bool vboard_booted(const struct vboard *b)
{
	return b->phase >= VPHASE_DISK;
}

static bool own_time(const struct vboard *b, uint64_t now)
{
	return b->phase == VPHASE_ROM_STALE || b->phase == VPHASE_SRV_OVER || vboard_booted(b) ||
	       b->unresponsive || (b->phase == VPHASE_ROM_STATUS && b->desc->status_lost) ||
	       b->desc->bystander || now < b->appeared + b->desc->open_refused_us;
}

static void account(struct vboard *b, uint64_t now)
{
	uint64_t span = now - b->accounted;
	if (b->phase >= VPHASE_ROM_IDLE && b->phase <= VPHASE_ROM_STALE)
		b->stats.rom_us += span;
	if (b->phase >= VPHASE_SRV_REQUEST && b->phase <= VPHASE_SRV_OVER)
		b->stats.server_us += span;
	if (vboard_present(b) && !b->control.head && !b->bulk.head && !own_time(b, b->accounted))
		b->stats.waited_us += span;
	b->accounted = now;
}

static const struct vstep *current(const struct vboard *b)
{
	return b->step < b->desc->step_count ? &b->desc->steps[b->step] : NULL;
}

static const char *step_name(const struct vboard *b)
{
	const struct vstep *step = current(b);
	return step && step->name ? step->name : "(no name)";
}

/* Whether N announced bytes are right for WANT; notes a violation if not. */
static void judge_size(struct vboard *b, uint64_t now, const struct vexpect *want, const char *name,
                       uint64_t n)
{
	if (want->kind == VEXPECT_ABSENT && n)
		vboard_violation(b, now, "'%s' is served (%llu bytes) though it must be absent",
		                 name, (unsigned long long)n);
	else if (want->kind == VEXPECT_SUM && want->size_known && n != want->size)
		vboard_violation(b, now, "'%s' is announced with %llu bytes, it has %llu", name,
		                 (unsigned long long)n, (unsigned long long)want->size);
	else if (want->kind == VEXPECT_SUM && !want->size_known && !n)
		vboard_violation(b, now, "'%s' is not served", name);
}

static void judge_sum(struct vboard *b, uint64_t now, const struct vexpect *want, const char *name)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	EVP_DigestFinal_ex(b->sum, sum, NULL);
	if (want->kind == VEXPECT_SUM && memcmp(sum, want->sha256, VDESC_SHA256) != 0)
		vboard_violation(b, now,
		                 "'%s' arrived with wrong bytes (sha256 %02x%02x%02x%02x...)", name,
		                 sum[0], sum[1], sum[2], sum[3]);
	struct vstats *st = &b->stats;
	st->files = must(realloc(st->files, (st->file_count + 1) * sizeof *st->files));
	struct vfile *file = &st->files[st->file_count++];
	*file = (struct vfile){ .name = copy(name), .size = b->announced };
	memcpy(file->sha256, sum, VDESC_SHA256);
}

void vboard_finish(struct vboard *b, uint64_t now, bool success)
{
	account(b, now);
	if (!b->stats.end_us)
		b->stats.end_us = now;
	if (b->desc->bystander || b->finished || !success)
		return;
	if (!b->stats.appearances)
		vboard_violation(b, now, "the host ended with success before the board appeared");
	else
		vboard_violation(
			b, now,
			"the host ended with success, but the board is not done (request %zu "
			"of %zu, %u second stages)",
			b->step, b->desc->step_count, b->stats.second_stages);
}

/* --- queues of transfers ----------------------------------------------------------------------------------------- */

static void queue_init(struct vqueue *q)
{
	q->head = NULL;
	q->tail = &q->head;
	q->count = 0;
}

static void queue_push(struct vqueue *q, struct vurb *urb)
{
	urb->next = NULL;
	*q->tail = urb;
	q->tail = &urb->next;
	q->count++;
}

static bool queue_remove(struct vqueue *q, const struct vurb *urb)
{
	for (struct vurb **p = &q->head; *p; p = &(*p)->next) {
		if (*p != urb)
			continue;
		if (q->tail == &urb->next)
			q->tail = p;
		*p = urb->next;
		q->count--;
		return true;
	}
	return false;
}

static void complete(struct vboard *b, struct vqueue *from, enum vurb_status status)
{
	struct vurb *urb = from->head;
	queue_remove(from, urb);
	urb->status = status;
	queue_push(&b->done, urb);
}

struct vurb *vboard_reap(struct vboard *b)
{
	struct vurb *urb = b->done.head;
	if (urb)
		queue_remove(&b->done, urb);
	return urb;
}

/* --- coming and going -------------------------------------------------------------------------------------------- */

/* A delay of the description, with its jitter. */
static uint64_t delay(struct vboard *b, uint64_t us)
{
	if (!b->desc->jitter_us)
		return us;
	b->seed = b->seed * 1664525 + 1013904223;
	return us + (b->seed >> 8) % (b->desc->jitter_us + 1);
}

bool vboard_present(const struct vboard *b)
{
	return b->phase != VPHASE_AWAY;
}

uint32_t vboard_appearance(const struct vboard *b)
{
	return b->stats.appearances;
}

static void reset_transfers(struct vboard *b)
{
	b->halted = b->broken = false;
	b->claimed = 0;
	b->control_until = b->bulk_until = 0;
	b->announced = b->received = 0;
	b->read_cancelled = b->unresponsive = false;
	b->told_name = NULL;
}

static void leave(struct vboard *b, uint64_t now, uint64_t back)
{
	account(b, now);
	b->phase = VPHASE_AWAY;
	b->timer = back;
	if (b->finished || back == VDESC_FOREVER)
		b->stats.end_us = b->finished && b->stats.end_us ? b->stats.end_us : now;
	while (b->control.head)
		complete(b, &b->control, VURB_GONE);
	while (b->bulk.head)
		complete(b, &b->bulk, VURB_GONE);
	while (b->bulk_in.head)
		complete(b, &b->bulk_in, VURB_GONE);
	if (b->flash)
		vflash_leave(b->flash, now);
	reset_transfers(b);
}

/* Leaves by itself: what comes next follows from what has been. */
static void depart(struct vboard *b, uint64_t now)
{
	uint64_t back = now + delay(b, b->desc->back_us);
	bool accepted = b->phase == VPHASE_ROM_STATUS || b->phase == VPHASE_ROM_STALE;
	const struct vstep *step = current(b);
	if (b->finished && step && step->kind == VSTEP_REBOOT) {
		b->step++;
		b->server_next = false;
		b->finished = b->step == b->desc->step_count; /* it reboots as the last thing */
	} else if (b->finished) {
		b->booted_next = b->desc->becomes_disk || b->desc->becomes_flash ? VPHASE_DISK
		                 : b->desc->becomes_fastboot                     ? VPHASE_FASTBOOT
		                                                                 : VPHASE_AWAY;
		if (b->booted_next == VPHASE_AWAY)
			back = VDESC_FOREVER;
	} else if (accepted && b->desc->never_returns) {
		back = VDESC_FOREVER;
	}
	leave(b, now, back);
}

/* Unplugged; after replug_us the board starts from its ROM. */
static void unplug(struct vboard *b, uint64_t now)
{
	b->server_next = b->desc->skips_rom;
	b->step = 0;
	leave(b, now, b->desc->replug_us ? now + delay(b, b->desc->replug_us) : VDESC_FOREVER);
}

/* Moves to the next request; pauses and departures of the script are carried out on the way. */
static void next_request(struct vboard *b, uint64_t now)
{
	b->phase = VPHASE_SRV_REQUEST;
	b->ready = now + delay(b, b->desc->think_us);
	const struct vstep *step = current(b);
	for (; step && step->kind == VSTEP_PAUSE; step = current(b)) {
		b->ready += step->us;
		b->step++;
	}
	if (step && step->kind == VSTEP_LEAVE) {
		b->step++;
		b->finished = true;
		b->phase = VPHASE_SRV_OVER;
		b->timer = b->ready;
	} else if (step && step->kind == VSTEP_REBOOT) {
		b->finished = true;
		b->phase = VPHASE_SRV_OVER;
		b->timer = b->ready;
	}
	if (!step)
		b->unresponsive = true;
}

static void appear(struct vboard *b, uint64_t now)
{
	account(b, now);
	b->timer = VDESC_FOREVER;
	b->appeared = now;
	if (!b->stats.appearances++)
		b->stats.first_us = now;
	if (b->booted_next != VPHASE_AWAY) {
		b->phase = b->booted_next;
		if (vboard_offers_flash(b))
			vflash_start(b->flash, now);
	} else if (b->server_next) {
		next_request(b, now + delay(b, b->desc->boot_us));
	} else {
		b->phase = VPHASE_ROM_IDLE;
	}
	b->asked = 0;
}

/* --- opening and claiming ---------------------------------------------------------------------------------------- */

enum vopen vboard_may_open(const struct vboard *b, uint64_t now)
{
	if (!vboard_present(b))
		return VOPEN_GONE;
	if (now < b->appeared + b->desc->open_refused_us)
		return b->desc->open_busy         ? VOPEN_BUSY
		       : b->desc->open_driverless ? VOPEN_DRIVER
		                                  : VOPEN_ACCESS;
	return VOPEN_OK;
}

bool vboard_configured(const struct vboard *b, uint64_t now)
{
	return vboard_present(b) && now >= b->appeared + b->desc->unconfigured_us;
}

static const struct vfault *fault_at(struct vboard *b, enum vfault_point place, const char *name,
                                     uint64_t from, uint64_t bytes)
{
	for (size_t i = 0; i < b->desc->fault_count; i++) {
		const struct vfault *f = &b->desc->faults[i];
		if (!b->faults[i].left || f->at != place || f->offset < from ||
		    f->offset >= from + bytes)
			continue;
		if (f->name && (!name || strcmp(f->name, name) != 0))
			continue;
		b->faults[i].left--;
		return f;
	}
	return NULL;
}

enum vopen vboard_open(struct vboard *b, uint64_t now)
{
	vboard_tick(b, now);
	enum vopen may = vboard_may_open(b, now);
	if (may != VOPEN_OK)
		return may;
	b->stats.opens++;
	if (b->phase == VPHASE_SRV_OVER && b->desc->stay_after_done)
		depart(b, now);
	else if (fault_at(b, VPOINT_OPEN, NULL, 0, 1))
		unplug(b, now);
	return vboard_present(b) ? VOPEN_OK : VOPEN_GONE;
}

static void violation_bystander(struct vboard *b, uint64_t now, const char *what)
{
	if (b->desc->bystander)
		vboard_violation(b, now, "%s to a board that was not meant", what);
}

void vboard_claim(struct vboard *b, uint64_t now, unsigned interface, bool on)
{
	vboard_tick(b, now);
	if (on && b->phase == VPHASE_DISK && !(b->flash && interface == VBOARD_FLASH_INTERFACE))
		vboard_violation(b, now, "interface %u of the disk is claimed", interface);
	if (on && interface != vboard_interface(b) && !vboard_booted(b))
		vboard_violation(b, now, "interface %u is claimed, the vendor interface is %u",
		                 interface, vboard_interface(b));
	if (on)
		violation_bystander(b, now, "a claim");
	uint32_t bit = interface < 32 ? 1U << interface : 0;
	b->claimed = on ? b->claimed | bit : b->claimed & ~bit;
}

bool vboard_offers_flash(const struct vboard *b)
{
	return b->flash && b->phase == VPHASE_DISK;
}

static bool is_flash_endpoint(const struct vboard *b, uint8_t endpoint)
{
	return vboard_offers_flash(b) &&
	       (endpoint == VBOARD_FLASH_OUT || endpoint == VBOARD_FLASH_IN);
}

void vboard_clear_halt(struct vboard *b, uint64_t now, uint8_t endpoint)
{
	vboard_tick(b, now);
	if (endpoint == vboard_endpoint(b) || is_flash_endpoint(b, endpoint))
		b->halted = b->broken = false;
}

/* --- what control transfers do ------------------------------------------------------------------------------------ */

enum outcome { WAIT, ACK, STALL, LEFT, ERROR };

/* Carries a fault on a control transfer out. */
static enum outcome strike_control(struct vboard *b, uint64_t now, const struct vfault *f)
{
	switch (f->kind) {
	case VFAULT_STALL:
		return STALL;
	case VFAULT_NAK:
		b->control_until = f->us == VDESC_FOREVER ? VDESC_FOREVER : now + f->us;
		return WAIT;
	case VFAULT_DISCONNECT:
		unplug(b, now);
		return LEFT;
	case VFAULT_ERROR:
		return ERROR;
	default:
		break;
	}
	return ACK;
}

static void start_data(struct vboard *b, enum vphase phase, uint64_t n)
{
	b->phase = phase;
	b->announced = n;
	b->received = 0;
	EVP_DigestInit_ex(b->sum, EVP_sha256(), NULL);
}

static enum outcome rom_announce(struct vboard *b, uint64_t now, uint32_t n)
{
	uint32_t length = le32(b->header);
	if (b->phase == VPHASE_ROM_LENGTH && n == length) {
		start_data(b, VPHASE_ROM_SECONDSTAGE, n);
		return ACK;
	}
	if (n != BOOT_MESSAGE) {
		if (b->phase == VPHASE_ROM_LENGTH)
			vboard_violation(b, now,
			                 "%u bytes are announced for the second stage, the boot "
			                 "message says %u",
			                 n, length);
		else
			vboard_violation(b, now,
			                 "%u bytes are announced where the boot message has %d", n,
			                 BOOT_MESSAGE);
		return STALL;
	}
	const struct vfault *f = fault_at(b, VPOINT_ANNOUNCE, NULL, 0, 1);
	enum outcome outcome = f ? strike_control(b, now, f) : ACK;
	if (outcome == ACK) {
		b->timer = VDESC_FOREVER;
		start_data(b, VPHASE_ROM_HEADER, n);
	}
	return outcome;
}

/* The answer to a READ, or to raw bytes that are one. */
static enum outcome read_reply(struct vboard *b, uint64_t now, const struct vstep *step, uint32_t n)
{
	if (b->told_name && step->name && strcmp(b->told_name, step->name) == 0 &&
	    b->told_size != n)
		vboard_violation(b, now,
		                 "'%s' is announced with %u bytes, its size was announced as %llu",
		                 step->name, n, (unsigned long long)b->told_size);
	judge_size(b, now, &step->want, step_name(b), n);
	if (n) {
		start_data(b, VPHASE_SRV_DATA, n);
	} else {
		b->step++;
		next_request(b, now);
	}
	return ACK;
}

/* A Done without a name may be taken for an empty name, which is answered (6, order of tests). */
static bool ended_without_name(const struct vboard *b)
{
	const struct vstep *last = b->step ? &b->desc->steps[b->step - 1] : NULL;
	return b->phase == VPHASE_SRV_OVER && last && last->kind == VSTEP_DONE && !last->name;
}

/* A file server that looks like a ROM to a host, before its first request: announcing a boot message to it is no mistake. */
static bool looks_like_rom(const struct vboard *b)
{
	uint32_t index = vdesc_server_index(b->desc);
	return (index == 0 || index == 3) && b->asked == 0;
}

static enum outcome server_announce(struct vboard *b, uint64_t now, uint32_t n)
{
	const struct vstep *step = current(b);
	if (!n && ended_without_name(b))
		return ACK;
	if (b->phase == VPHASE_SRV_REQUEST && looks_like_rom(b))
		return b->desc->ignores_announcements ? WAIT : STALL;
	if (b->phase != VPHASE_SRV_REPLY || !step) {
		vboard_violation(b, now, "%u bytes are announced, but nothing was asked", n);
		return STALL;
	}
	const struct vfault *f = fault_at(b, VPOINT_SIZE_REPLY, step->name, 0, 1);
	enum outcome outcome = f ? strike_control(b, now, f) : ACK;
	if (outcome != ACK)
		return outcome;
	if (step->no_reply_allowed) {
		vboard_violation(b, now, "a message that is none is answered (%u bytes announced)",
		                 n);
		return STALL;
	}
	if (step->kind == VSTEP_READ ||
	    (step->kind == VSTEP_RAW && step->raw_size && *step->raw == CMD_READ))
		return read_reply(b, now, step, n);
	if (step->kind == VSTEP_SIZE) {
		judge_size(b, now, &step->want, step_name(b), n);
		b->told_name = step->name;
		b->told_size = n;
	} else if (n && step->kind != VSTEP_RAW) {
		vboard_violation(b, now, "%u bytes are announced, the answer to %s is 0", n,
		                 step_name(b));
	}
	b->step++;
	if (b->finished)
		b->phase = VPHASE_SRV_OVER;
	else
		next_request(b, now);
	return ACK;
}

static enum outcome announce(struct vboard *b, uint64_t now, const struct vurb *urb)
{
	uint32_t n = le32(urb->setup + 2); /* wValue and wIndex together; 4 */
	if (urb->length) {
		vboard_violation(b, now, "an announcement with a data stage of %zu bytes",
		                 urb->length);
		return STALL;
	}
	if (b->phase < VPHASE_ROM_STALE)
		return rom_announce(b, now, n);
	return server_announce(b, now, n);
}

/* Moves up to N bytes of FROM into the read, less if a fault says so. */
static void answer(struct vurb *urb, const uint8_t *from, size_t n, const struct vfault *f)
{
	if (f && f->kind == VFAULT_SHORT && f->number < n)
		n = f->number;
	urb->actual = n < urb->length ? n : urb->length;
	memcpy(urb->data, from, urb->actual);
}

static enum outcome read_status(struct vboard *b, uint64_t now, struct vurb *urb)
{
	if (b->phase != VPHASE_ROM_STATUS)
		return WAIT;
	const struct vfault *f = fault_at(b, VPOINT_STATUS, NULL, 0, 1);
	enum outcome outcome = f ? strike_control(b, now, f) : ACK;
	if (outcome != ACK)
		return outcome;
	if (urb->length != STATUS_SIZE)
		vboard_violation(b, now, "the status is read with %zu bytes, it has %d",
		                 urb->length, STATUS_SIZE);
	uint8_t bytes[STATUS_SIZE];
	bool bad = b->desc->status &&
	           (!b->desc->status_times || b->statuses < b->desc->status_times);
	put_le32(bytes, bad ? b->desc->status : 0);
	answer(urb, bytes, sizeof bytes, f);
	b->statuses++;
	b->stats.status_reads++;
	b->phase = VPHASE_ROM_STALE;
	if (bad && b->desc->stay_rom)
		b->phase = VPHASE_ROM_IDLE;
	b->timer = b->desc->stay_rom ? VDESC_FOREVER : now + delay(b, b->desc->leave_us);
	if (bad)
		b->server_next = false;
	return ACK;
}

/* The bytes of a request; 6. Returns their number. */
static size_t message(const struct vstep *step, uint8_t out[MESSAGE_SIZE])
{
	static const uint32_t commands[] = {
		[VSTEP_SIZE] = CMD_SIZE, [VSTEP_READ] = CMD_READ,  [VSTEP_METADATA] = CMD_SIZE,
		[VSTEP_DONE] = CMD_DONE, [VSTEP_EMPTY] = CMD_SIZE,
	};
	memset(out, 0, MESSAGE_SIZE);
	if (step->kind == VSTEP_RAW) {
		size_t n = step->raw_size < MESSAGE_SIZE ? step->raw_size : MESSAGE_SIZE;
		memcpy(out, step->raw, n);
		return n;
	}
	put_le32(out, step->kind == VSTEP_UNKNOWN ? step->number : commands[step->kind]);
	if (step->name)
		memcpy(out + MESSAGE_NAME, step->name, strlen(step->name));
	return MESSAGE_SIZE;
}

/* Told its last message. */
static void finish(struct vboard *b, uint64_t now)
{
	b->finished = true;
	b->stats.end_us = now;
	if (!b->desc->stay_after_done)
		b->timer = now + delay(b, b->desc->linger_us);
}

/* The previous message was one that a host may leave without a reply. */
static void skip_unanswered(struct vboard *b, uint64_t now)
{
	const struct vstep *step = current(b);
	if (b->phase != VPHASE_SRV_REPLY || b->unresponsive || !step)
		return;
	if (step->kind == VSTEP_RAW || step->kind == VSTEP_UNKNOWN || step->kind == VSTEP_EMPTY) {
		b->step++;
		if (b->finished)
			b->phase = VPHASE_SRV_OVER;
		else
			next_request(b, now);
	} else {
		vboard_violation(b, now, "the next request is read before '%s' is answered",
		                 step_name(b));
		b->unresponsive = true;
	}
}

static enum outcome read_request(struct vboard *b, uint64_t now, struct vurb *urb)
{
	skip_unanswered(b, now);
	const struct vstep *step = current(b);
	if (b->phase != VPHASE_SRV_REQUEST || b->unresponsive || !step || now < b->ready)
		return WAIT;
	const struct vfault *f = fault_at(b, VPOINT_REQUEST, step->name, 0, 1);
	enum outcome outcome = f ? strike_control(b, now, f) : ACK;
	if (outcome != ACK)
		return outcome;
	if (urb->length != MESSAGE_SIZE)
		vboard_violation(b, now, "a request is read with %zu bytes, it has %d", urb->length,
		                 MESSAGE_SIZE);
	uint8_t bytes[MESSAGE_SIZE];
	size_t n = message(step, bytes), lost = 0;
	if (b->read_cancelled && !b->desc->not_shifted) {
		/* The read that was taken back has eaten the first packet: only the tail is left, and the board
		 * believes that it was heard (field-notes 4). */
		lost = n < CONTROL_PACKET ? n : CONTROL_PACKET;
		b->unresponsive = true;
	}
	answer(urb, bytes + lost, n - lost, f);
	b->stats.requests++;
	b->asked++;
	if (f && f->kind == VFAULT_SHORT)
		return ACK; /* no message, no answer: it is sent again */
	b->phase = VPHASE_SRV_REPLY;
	if (step->kind == VSTEP_DONE) {
		b->phase = VPHASE_SRV_OVER;
		b->step++;
		finish(b, now);
	} else if (step->kind == VSTEP_EMPTY &&
	           (b->step + 1 == b->desc->step_count ||
	            b->desc->steps[b->step + 1].kind == VSTEP_REBOOT)) {
		finish(b, now);
	}
	return ACK;
}

/* The request that begins a session of flashing. */
static enum outcome begin_flash(struct vboard *b, uint64_t now, struct vurb *urb)
{
	uint8_t bytes[FLASHWIRE_BEGIN_SIZE];
	const struct vfault *f = NULL;
	bool right = urb->setup[0] == FLASHWIRE_BEGIN_TYPE &&
	             urb->setup[1] == FLASHWIRE_BEGIN_REQUEST &&
	             le32(urb->setup + 2) == VBOARD_FLASH_INTERFACE << 16;
	if (!right)
		vboard_violation(b, now, "unknown request %02x %02x", urb->setup[0], urb->setup[1]);
	if (!right || !vflash_begin(b->flash, now, bytes, &f))
		return STALL;
	enum outcome outcome = f && f->kind <= VFAULT_ERROR ? strike_control(b, now, f) : ACK;
	if (outcome != ACK)
		return outcome;
	b->halted = b->broken = false;
	answer(urb, bytes, sizeof bytes, f);
	return ACK;
}

static enum outcome vendor_request(struct vboard *b, uint64_t now, struct vurb *urb)
{
	bool in = urb->setup[0] & 0x80;
	if (vboard_offers_flash(b))
		return begin_flash(b, now, urb);
	if ((urb->setup[0] & 0x7f) != 0x40 || urb->setup[1] != 0 || vboard_booted(b)) {
		vboard_violation(b, now, "unknown request %02x %02x", urb->setup[0], urb->setup[1]);
		return STALL;
	}
	if (b->phase == VPHASE_ROM_STALE || (b->phase == VPHASE_ROM_STATUS && b->desc->status_lost))
		return WAIT;
	if (!in)
		return announce(b, now, urb);
	return b->phase < VPHASE_ROM_STALE ? read_status(b, now, urb) : read_request(b, now, urb);
}

/* --- descriptors -------------------------------------------------------------------------------------------------- */

static bool in_rom(const struct vboard *b)
{
	return b->phase <= VPHASE_ROM_STALE;
}

static unsigned serial_index(const struct vboard *b)
{
	if (vboard_booted(b))
		return 3;
	return in_rom(b) ? vdesc_rom_index(b->desc) : vdesc_server_index(b->desc);
}

const char *vboard_string(const struct vboard *b, unsigned index)
{
	if (!index)
		return NULL;
	unsigned serial = serial_index(b);
	if (index == serial)
		return in_rom(b) || vboard_booted(b) ? b->desc->serial
		                                     : vdesc_server_serial(b->desc);
	unsigned order = index - (serial && serial < index);
	if (order == 1)
		return "Broadcom";
	if (order == 2)
		return b->phase == VPHASE_DISK       ? "mmcblk0 gadget"
		       : b->phase == VPHASE_FASTBOOT ? "fastbootd-provisioner"
		       : in_rom(b)                   ? "BCM Boot"
		                                     : "BCM File server";
	if (order == 3 && b->phase == VPHASE_FASTBOOT)
		return "fastbootd-provisioner"; /* of its interface */
	return NULL;
}

const char *vboard_read_string(struct vboard *b, unsigned index)
{
	if (index && index == serial_index(b) && fault_at(b, VPOINT_SERIAL, NULL, 0, 1))
		return NULL;
	return vboard_string(b, index);
}

/* The index of the first or second string that is not the serial. */
static uint8_t str_index(const struct vboard *b, unsigned order)
{
	unsigned serial = serial_index(b);
	return (uint8_t)(order + (serial && serial <= order));
}

size_t vboard_device_descriptor(const struct vboard *b, uint8_t out[VBOARD_DESCRIPTOR_MAX])
{
	bool booted = vboard_booted(b), fastboot = b->phase == VPHASE_FASTBOOT;
	uint32_t vendor = fastboot ? FASTBOOT_VENDOR : VENDOR;
	uint32_t id = fastboot ? FASTBOOT_PRODUCT : booted ? 0x0104 : b->desc->chip;
	const uint8_t bytes[] = { 18,
		                  1,
		                  0x00,
		                  0x02,
		                  booted ? 0 : (uint8_t)b->desc->device_class,
		                  0,
		                  0,
		                  64,
		                  (uint8_t)vendor,
		                  (uint8_t)(vendor >> 8),
		                  (uint8_t)id,
		                  (uint8_t)(id >> 8),
		                  0,
		                  1,
		                  str_index(b, 1),
		                  str_index(b, 2),
		                  (uint8_t)serial_index(b),
		                  1 };
	memcpy(out, bytes, sizeof bytes);
	return sizeof bytes;
}

/* Class, subclass and protocol of an interface with two bulk endpoints, and its string. */
struct interface {
	uint8_t class[3], string;
};

static const struct interface vendor_interface = { { 0xff, 0, 0 }, 0 },
			      storage_interface = { { 8, 6, 0x50 }, 0 },
			      fastboot_interface = { { 0xff, 0x42, 3 }, 4 };

static size_t put_interface(uint8_t *out, uint8_t number, const struct interface *is,
                            uint8_t endpoint_out, uint8_t endpoint_in)
{
	const uint8_t bytes[] = { 9,
		                  4,
		                  number,
		                  0,
		                  2,
		                  is->class[0],
		                  is -> class[1],
		                  is -> class[2],
		                  is -> string,
		                  7,
		                  5,
		                  endpoint_out,
		                  2,
		                  PACKET & 0xff,
		                  PACKET >> 8,
		                  0,
		                  7,
		                  5,
		                  endpoint_in,
		                  2,
		                  PACKET & 0xff,
		                  PACKET >> 8,
		                  0 };
	memcpy(out, bytes, sizeof bytes);
	return sizeof bytes;
}

size_t vboard_config_descriptor(const struct vboard *b, uint8_t out[VBOARD_DESCRIPTOR_MAX])
{
	bool booted = vboard_booted(b), two = !booted && b->desc->interfaces == 2;
	bool flash = vboard_offers_flash(b);
	const struct interface flash_interface = {
		{ FLASHWIRE_CLASS, FLASHWIRE_SUBCLASS, (uint8_t)b->desc->flash_protocol }, 0
	};
	size_t n = 9;
	if (b->phase == VPHASE_FASTBOOT)
		n += put_interface(out + n, 0, &fastboot_interface, 0x01, 0x81);
	else if (booted || two)
		n += put_interface(out + n, 0, &storage_interface, 0x01, 0x82);
	if (flash)
		n += put_interface(out + n, VBOARD_FLASH_INTERFACE, &flash_interface,
		                   VBOARD_FLASH_OUT, VBOARD_FLASH_IN);
	else if (two)
		n += put_interface(out + n, 1, &vendor_interface, 0x03, 0x84);
	else if (!booted)
		n += put_interface(out + n, (uint8_t)vboard_interface(b), &vendor_interface,
		                   vboard_endpoint(b), vboard_endpoint(b) | 0x81);
	const uint8_t head[] = { 9, 2,    (uint8_t)n, (uint8_t)(n >> 8), two || flash ? 2 : 1, 1,
		                 0, 0xc0, 50 };
	memcpy(out, head, sizeof head);
	return n;
}

unsigned vboard_interface(const struct vboard *b)
{
	return b->desc->interfaces == 2 ? 1 : b->desc->vendor_interface;
}

uint8_t vboard_endpoint(const struct vboard *b)
{
	return vboard_interface(b) == 1 ? 0x03 : 0x01;
}

static size_t string_descriptor(const struct vboard *b, unsigned index,
                                uint8_t out[VBOARD_DESCRIPTOR_MAX])
{
	const char *text = vboard_string(b, index);
	size_t n = 2;
	if (!index) {
		out[n++] = 0x09;
		out[n++] = 0x04;
	} else if (!text) {
		return 0;
	}
	for (; index && *text && n + 2 <= 254; text++) {
		out[n++] = (uint8_t)*text;
		out[n++] = 0;
	}
	out[0] = (uint8_t)n;
	out[1] = 3;
	return n;
}

static size_t descriptor(const struct vboard *b, unsigned type, unsigned index,
                         uint8_t out[VBOARD_DESCRIPTOR_MAX])
{
	if (type == 1)
		return vboard_device_descriptor(b, out);
	if (type == 2 && !index) {
		size_t n = vboard_config_descriptor(b, out);
		if (b->desc->config_length) {
			out[2] = (uint8_t)b->desc->config_length;
			out[3] = (uint8_t)(b->desc->config_length >> 8);
		}
		return n;
	}
	return type == 3 ? string_descriptor(b, index, out) : 0;
}

static enum outcome standard_request(struct vboard *b, uint64_t now, struct vurb *urb)
{
	uint8_t bytes[VBOARD_DESCRIPTOR_MAX] = { 0 };
	size_t n = 0;
	switch (urb->setup[0] << 8 | urb->setup[1]) {
	case 0x8006: /* GET_DESCRIPTOR */
		if (urb->setup[3] == 3 && urb->setup[2] && !vboard_read_string(b, urb->setup[2]))
			break;
		n = descriptor(b, urb->setup[3], urb->setup[2], bytes);
		break;
	case 0x8000: /* GET_STATUS of the device, an interface, an endpoint */
	case 0x8100:
	case 0x8200:
		n = 2;
		break;
	case 0x8008: /* GET_CONFIGURATION */
		bytes[0] = 1;
		n = 1;
		break;
	case 0x810a: /* GET_INTERFACE */
		n = 1;
		break;
	case 0x0201: /* CLEAR_FEATURE(ENDPOINT_HALT) */
		if (urb->setup[4] == vboard_endpoint(b) || is_flash_endpoint(b, urb->setup[4]))
			b->halted = b->broken = false;
		return ACK;
	case 0x0009:
	case 0x010b:
		vboard_violation(b, now, "the host sets %s: real boards are reset by it",
		                 urb->setup[1] == 9 ? "a configuration" : "an alternate setting");
		return ACK;
	default:
		break;
	}
	if (!n)
		return STALL;
	answer(urb, bytes, n, NULL);
	return ACK;
}

/* --- transfers move on -------------------------------------------------------------------------------------------- */

static bool is_vendor(const struct vurb *urb)
{
	return (urb->setup[0] & 0x60) == 0x40;
}

/* Tries the oldest control transfer. True: it is finished. */
static bool move_control(struct vboard *b, uint64_t now)
{
	struct vurb *urb = b->control.head;
	if (!urb || now < b->control_until)
		return false;
	enum outcome outcome = is_vendor(urb) ? vendor_request(b, now, urb)
	                                      : standard_request(b, now, urb);
	if (outcome != WAIT && outcome != LEFT)
		complete(b, &b->control,
		         outcome == ACK     ? VURB_OK
		         : outcome == STALL ? VURB_STALL
		                            : VURB_ERROR);
	return outcome != WAIT;
}

/* All announced bytes are there. */
static void received_all(struct vboard *b, uint64_t now)
{
	const struct vdesc *desc = b->desc;
	const char *second = desc->secondstage.file ? desc->secondstage.file
	                                            : vdesc_secondstage(desc->chip);
	if (b->phase == VPHASE_ROM_HEADER) {
		b->phase = VPHASE_ROM_LENGTH;
		uint32_t length = le32(b->header);
		const struct vexpect *want = &desc->secondstage;
		if (!length)
			vboard_violation(b, now,
			                 "the boot message announces an empty second stage");
		else if (want->kind == VEXPECT_SUM && want->size_known && length != want->size)
			vboard_violation(b, now, "the boot message says %u bytes, %s has %llu",
			                 length, second, (unsigned long long)want->size);
	} else if (b->phase == VPHASE_ROM_SECONDSTAGE) {
		judge_sum(b, now, &desc->secondstage, second);
		b->stats.second_stages++;
		b->phase = VPHASE_ROM_STATUS;
		b->server_next = b->again_left == 0;
		if (b->again_left)
			b->again_left--;
		if (!desc->stay_rom)
			b->timer = now +
			           delay(b, desc->status_lost ? desc->leave_us : desc->patience_us);
	} else {
		judge_sum(b, now, &current(b)->want, step_name(b));
		bool writes = strcmp(step_name(b), "pieeprom.bin") == 0 ||
		              strcmp(step_name(b), "pieeprom.upd") == 0;
		b->step++;
		next_request(b, now);
		if (writes)
			b->ready += delay(b, b->desc->eeprom_us);
	}
}

static void accept(struct vboard *b, uint64_t now, const uint8_t *bytes, size_t n)
{
	if (!n)
		return;
	if (b->phase == VPHASE_ROM_HEADER)
		memcpy(b->header + b->received, bytes, n);
	EVP_DigestUpdate(b->sum, bytes, n);
	b->received += n;
	if (b->received == b->announced)
		received_all(b, now);
}

static bool receiving(const struct vboard *b)
{
	return b->phase == VPHASE_ROM_HEADER || b->phase == VPHASE_ROM_SECONDSTAGE ||
	       b->phase == VPHASE_SRV_DATA;
}

static void refuse_bulk(struct vboard *b)
{
	b->halted = true;
	complete(b, &b->bulk, VURB_STALL);
}

/* Whether the transfer may move at all; if not, it is refused. */
static bool bulk_allowed(struct vboard *b, uint64_t now, const struct vurb *urb)
{
	if (urb->endpoint != vboard_endpoint(b) || vboard_booted(b))
		vboard_violation(b, now, "%zu bytes to endpoint %02x, the board's is %02x",
		                 urb->length, urb->endpoint, vboard_endpoint(b));
	else if (b->judge_claims && !(b->claimed & 1U << vboard_interface(b)))
		vboard_violation(b, now, "%zu bytes to an interface that is not claimed",
		                 urb->length);
	else if (!receiving(b))
		vboard_violation(b, now, "%zu bytes that were not announced", urb->length);
	else if (!urb->length)
		vboard_violation(b, now, "a bulk transfer of no bytes");
	else
		return true;
	refuse_bulk(b);
	return false;
}

/* Carries a fault on a bulk transfer out, N bytes of it being left. */
static void strike_bulk(struct vboard *b, uint64_t now, const struct vfault *f, struct vurb *urb,
                        size_t n)
{
	switch (f->kind) {
	case VFAULT_STALL:
		refuse_bulk(b);
		break;
	case VFAULT_NAK:
		b->bulk_until = f->us == VDESC_FOREVER ? VDESC_FOREVER : now + f->us;
		break;
	case VFAULT_DISCONNECT:
		unplug(b, now);
		break;
	case VFAULT_ERROR:
		b->halted = b->broken = true;
		complete(b, &b->bulk, VURB_ERROR);
		break;
	case VFAULT_SHORT:
		if (f->number < n)
			n = f->number;
		urb->actual += n;
		accept(b, now, urb->data + urb->actual - n, n);
		complete(b, &b->bulk, VURB_OK);
		break;
	default: /* those of flashing are elsewhere */
		break;
	}
}

static enum vfault_point bulk_place(const struct vboard *b)
{
	return b->phase == VPHASE_ROM_HEADER ? VPOINT_HEADER
	       : b->phase == VPHASE_SRV_DATA ? VPOINT_DATA
	                                     : VPOINT_SECONDSTAGE;
}

/* The bytes of the oldest bulk transfer that may go now, go. */
static void move_bytes(struct vboard *b, uint64_t now, struct vurb *urb)
{
	uint64_t room = b->announced - b->received;
	size_t n = urb->length - urb->actual;
	bool beyond = n > room;
	if (beyond)
		n = (size_t)room;
	const char *name = b->phase == VPHASE_SRV_DATA ? step_name(b) : NULL;
	const struct vfault *f = fault_at(b, bulk_place(b), name, b->received, n);
	size_t now_bytes = f ? (size_t)(f->offset - b->received) : n;
	const uint8_t *from = urb->data + urb->actual;
	urb->actual += now_bytes;
	if (beyond && !f)
		vboard_violation(b, now, "%zu bytes beyond the %llu announced",
		                 urb->length - urb->actual, (unsigned long long)b->announced);
	accept(b, now, from, now_bytes);
	if (f)
		strike_bulk(b, now, f, urb, n - now_bytes);
	else if (beyond)
		refuse_bulk(b);
	else
		complete(b, &b->bulk, VURB_OK);
}

/* When a transfer that begins now is through. */
static uint64_t bulk_due(struct vboard *b, uint64_t now, size_t n)
{
	uint64_t *bus = b->shared_bus ? b->shared_bus : &b->bus_free;
	uint64_t start = *bus > now ? *bus : now;
	uint32_t speed = b->desc->speed;
	*bus = start + b->desc->urb_us + (speed ? n * UINT64_C(1000000) / speed : 0);
	return *bus;
}

/* What a message that flashing received does besides its answer. */
static void strike_flash(struct vboard *b, uint64_t now, const struct vfault *f)
{
	switch (f->kind) {
	case VFAULT_STALL:
		b->halted = true;
		break;
	case VFAULT_ERROR:
		b->halted = b->broken = true;
		if (b->bulk_in.head)
			complete(b, &b->bulk_in, VURB_ERROR);
		break;
	case VFAULT_DISCONNECT:
		unplug(b, now);
		break;
	default: /* vflash carries them out */
		break;
	}
}

/* The next fault at the message NAME, the INDEXth of its type and the TOTALth of all. */
static const struct vfault *flash_fault(void *ctx, const char *name, uint64_t index, uint64_t total)
{
	struct vboard *b = ctx;
	for (size_t i = 0; i < b->desc->fault_count; i++) {
		const struct vfault *f = &b->desc->faults[i];
		bool here = f->name ? strcmp(f->name, name) == 0 && f->offset == index
		                    : f->offset == total;
		if (!b->faults[i].left || f->at != VPOINT_FLASH || !here)
			continue;
		b->faults[i].left--;
		return f;
	}
	return NULL;
}

static void flash_judge(void *ctx, uint64_t now, const char *text)
{
	vboard_violation(ctx, now, "%s", text);
}

/* Tries the oldest transfer to the interface for flashing. True: something changed. */
static bool move_flash_out(struct vboard *b, uint64_t now, struct vurb *urb)
{
	if (urb->endpoint != VBOARD_FLASH_OUT ||
	    (b->judge_claims && !(b->claimed & 1U << VBOARD_FLASH_INTERFACE))) {
		vboard_violation(b, now,
		                 "%zu bytes to endpoint %02x, which is not there or not claimed",
		                 urb->length, urb->endpoint);
		refuse_bulk(b);
		return true;
	}
	if (!urb->due && !vflash_takes(b->flash, now))
		return false;
	if (!urb->due)
		urb->due = bulk_due(b, now, urb->length);
	if (now < urb->due)
		return false;
	urb->actual = urb->length;
	const struct vfault *f = vflash_take(b->flash, now, urb->data, urb->length);
	complete(b, &b->bulk, VURB_OK);
	if (f)
		strike_flash(b, now, f);
	return true;
}

static bool move_flash_in(struct vboard *b, uint64_t now)
{
	struct vurb *urb = b->bulk_in.head;
	if (!urb)
		return false;
	if (!vboard_offers_flash(b) || urb->endpoint != VBOARD_FLASH_IN) {
		vboard_violation(b, now, "a read from endpoint %02x, which is not there",
		                 urb->endpoint);
		complete(b, &b->bulk_in, VURB_STALL);
		return true;
	}
	if (b->halted) {
		complete(b, &b->bulk_in, VURB_STALL);
		return true;
	}
	if (!urb->due && vflash_give(b->flash, now, urb->data, urb->length, &urb->actual))
		urb->due = bulk_due(b, now, urb->actual);
	if (!urb->due || now < urb->due)
		return false;
	complete(b, &b->bulk_in, VURB_OK);
	return true;
}

/* Tries the oldest bulk transfer. True: something changed. */
static bool move_bulk(struct vboard *b, uint64_t now)
{
	struct vurb *urb = b->bulk.head;
	if (!urb || b->phase == VPHASE_ROM_STALE || now < b->bulk_until)
		return false;
	if (b->halted) {
		complete(b, &b->bulk, VURB_STALL);
		return true;
	}
	if (vboard_offers_flash(b))
		return move_flash_out(b, now, urb);
	if (!bulk_allowed(b, now, urb))
		return true;
	if (!urb->due)
		urb->due = bulk_due(b, now, urb->length);
	if (now < urb->due)
		return false;
	move_bytes(b, now, urb);
	return true;
}

static void move_on(struct vboard *b, uint64_t now)
{
	do {
		if (vboard_offers_flash(b))
			vflash_tick(b->flash, now);
	} while (move_control(b, now) || move_bulk(b, now) || move_flash_in(b, now));
}

void vboard_tick(struct vboard *b, uint64_t now)
{
	account(b, now);
	move_on(b, now);
	while (b->timer <= now) {
		if (vboard_present(b))
			depart(b, now);
		else
			appear(b, now);
		move_on(b, now);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of a time that the last tick has seen pass: only what was still to come then is an event. */
static uint64_t to_come(const struct vboard *b, uint64_t when)
{
	return when > b->accounted ? when : VDESC_FOREVER;
}

uint64_t vboard_next_event(const struct vboard *b, uint64_t now)
{
	uint64_t next = b->timer;
	if (vboard_present(b))
		next = earlier(next, to_come(b, b->appeared + b->desc->open_refused_us));
	if (b->control.head) {
		next = earlier(next, to_come(b, b->control_until));
		if (b->phase == VPHASE_SRV_REQUEST)
			next = earlier(next, to_come(b, b->ready));
	}
	if (b->bulk.head) {
		next = earlier(next, to_come(b, b->bulk_until));
		next = earlier(next, to_come(b, b->bulk.head->due));
	}
	if (b->bulk_in.head && b->bulk_in.head->due)
		next = earlier(next, to_come(b, b->bulk_in.head->due));
	if (vboard_offers_flash(b))
		next = earlier(next, to_come(b, vflash_next(b->flash)));
	return next < now ? now : next;
}

static void note_bulk(struct vboard *b, const struct vurb *urb)
{
	struct vstats *st = &b->stats;
	unsigned bucket = 0;
	while (bucket < VBOARD_BUCKETS - 1 && (UINT64_C(1) << bucket) < urb->length)
		bucket++;
	st->bulk_sizes[bucket]++;
	st->bulk_urbs++;
	st->bulk_bytes += urb->length;
	if (st->bulk_urbs == 1 || urb->length < st->bulk_min)
		st->bulk_min = urb->length;
	if (urb->length > st->bulk_max)
		st->bulk_max = urb->length;
	if (b->bulk.count > st->bulk_overlap)
		st->bulk_overlap = (uint32_t)b->bulk.count;
}

/* All boards together have 16 MiB of the kernel's memory: flashing must leave room for 32. */
static void note_pending(struct vboard *b, uint64_t now)
{
	size_t pending = 0;
	if (b->phase != VPHASE_DISK)
		return;
	for (const struct vurb *u = b->bulk.head; u; u = u->next)
		pending += u->length;
	for (const struct vurb *u = b->bulk_in.head; u; u = u->next)
		pending += u->length;
	if (pending > FLASH_PENDING_MAX)
		vboard_violation(b, now, "transfers of %zu bytes are pending, more than %d",
		                 pending, FLASH_PENDING_MAX);
}

/* What can be said of a control transfer before it moves. */
static void judge_control(struct vboard *b, uint64_t now, const struct vurb *urb)
{
	if (b->control.head)
		vboard_violation(
			b, now,
			"a control transfer (%02x %02x) while another (%02x %02x) is under way",
			urb->setup[0], urb->setup[1], b->control.head->setup[0],
			b->control.head->setup[1]);
	if (!is_vendor(urb))
		return;
	violation_bystander(b, now, "a request");
	if (b->phase == VPHASE_DISK)
		return;
	bool in = urb->setup[0] & 0x80;
	if (in && le32(urb->setup + 2) != urb->length)
		vboard_violation(b, now, "a read of %zu bytes says %u in wValue and wIndex",
		                 urb->length, le32(urb->setup + 2));
	if (b->phase == VPHASE_ROM_STALE) {
		b->stats.stale_requests++;
		vboard_violation(
			b, now,
			"a request to a ROM that has reported its status and is about to leave");
	}
	if (in && b->read_cancelled && !b->unresponsive && b->phase >= VPHASE_SRV_REQUEST)
		vboard_violation(b, now,
		                 "a request is read again after the read before was cancelled");
}

void vboard_submit(struct vboard *b, uint64_t now, struct vurb *urb)
{
	vboard_tick(b, now);
	urb->actual = 0;
	urb->due = 0;
	urb->status = VURB_PENDING;
	if (!vboard_present(b)) {
		urb->status = VURB_GONE;
		queue_push(&b->done, urb);
	} else if (urb->endpoint == 0) {
		judge_control(b, now, urb);
		queue_push(&b->control, urb);
	} else if (urb->endpoint & 0x80) {
		violation_bystander(b, now, "a bulk read");
		if (urb->length == 0 || urb->length % PACKET)
			vboard_violation(b, now, "a bulk read of %zu bytes, no multiple of %d",
			                 urb->length, PACKET);
		queue_push(&b->bulk_in, urb);
		note_pending(b, now);
	} else {
		violation_bystander(b, now, "bulk data");
		if (b->broken)
			vboard_violation(b, now,
			                 "bulk data after a transaction error, and the endpoint is "
			                 "still halted");
		queue_push(&b->bulk, urb);
		note_bulk(b, urb);
		note_pending(b, now);
	}
	vboard_tick(b, now);
}

void vboard_cancel(struct vboard *b, uint64_t now, struct vurb *urb)
{
	vboard_tick(b, now);
	if (urb->status != VURB_PENDING)
		return;
	bool request = urb->endpoint == 0 && is_vendor(urb) && (urb->setup[0] & 0x80) &&
	               b->phase >= VPHASE_SRV_REQUEST;
	if (request) {
		b->read_cancelled = true;
		b->stats.cancelled_reads++;
	}
	if (!queue_remove(!urb->endpoint         ? &b->control
	                  : urb->endpoint & 0x80 ? &b->bulk_in
	                                         : &b->bulk,
	                  urb))
		return;
	if (!urb->endpoint)
		b->control_until = 0; /* a NAK lasts no longer than its transfer */
	urb->status = VURB_CANCELLED;
	queue_push(&b->done, urb);
	if (!b->bulk.head)
		b->bus_free = now;
	vboard_tick(b, now);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

bool vboard_fault_point(const struct vboard *b, enum vfault_point *place, const char **name)
{
	static const int places[] = {
		[VPHASE_AWAY] = -1,
		[VPHASE_ROM_IDLE] = VPOINT_ANNOUNCE,
		[VPHASE_ROM_HEADER] = VPOINT_HEADER,
		[VPHASE_ROM_LENGTH] = VPOINT_SECONDSTAGE,
		[VPHASE_ROM_SECONDSTAGE] = VPOINT_SECONDSTAGE,
		[VPHASE_ROM_STATUS] = VPOINT_STATUS,
		[VPHASE_ROM_STALE] = -1,
		[VPHASE_SRV_REQUEST] = VPOINT_REQUEST,
		[VPHASE_SRV_REPLY] = VPOINT_SIZE_REPLY,
		[VPHASE_SRV_DATA] = VPOINT_DATA,
		[VPHASE_SRV_OVER] = -1,
		[VPHASE_DISK] = -1,
		[VPHASE_FASTBOOT] = -1,
	};
	if (vboard_offers_flash(b)) {
		*place = VPOINT_FLASH;
		*name = vflash_last(b->flash);
		return true;
	}
	int at = places[b->phase];
	if (at < 0)
		return false;
	*place = (enum vfault_point)at;
	const struct vstep *step = b->phase >= VPHASE_SRV_REQUEST ? current(b) : NULL;
	*name = step ? step->name : NULL;
	return true;
}

void vboard_init(struct vboard *b, const struct vdesc *desc, uint32_t seed, uint64_t now)
{
	*b = (struct vboard){
		.desc = desc, .seed = seed, .accounted = now, .again_left = desc->again
	};
	queue_init(&b->control);
	queue_init(&b->bulk);
	queue_init(&b->bulk_in);
	queue_init(&b->done);
	b->sum = must(EVP_MD_CTX_new());
	b->faults = must(calloc(desc->fault_count + 1, sizeof *b->faults));
	for (size_t i = 0; i < desc->fault_count; i++)
		b->faults[i].left = desc->faults[i].times;
	if (desc->becomes_flash)
		b->flash = vflash_new(desc, flash_fault, flash_judge, b);
	b->server_next = desc->skips_rom;
	b->timer = now + delay(b, desc->arrive_us);
	vboard_tick(b, now);
}

void vboard_free(struct vboard *b)
{
	for (size_t i = 0; i < b->violation_count; i++)
		free(b->violations[i]);
	for (size_t i = 0; i < b->stats.file_count; i++)
		free(b->stats.files[i].name);
	free(b->violations);
	free(b->stats.files);
	free(b->faults);
	vflash_free(b->flash);
	EVP_MD_CTX_free(b->sum);
	*b = (struct vboard){ 0 };
}
