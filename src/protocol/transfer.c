/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/transfer.h"

#include "platform/plat.h"
#include "formats/wire.h"

#include <stdlib.h>

#define ANNOUNCE_TIME (5 * PLAT_SECOND)
#define BULK_TIME     (10 * PLAT_SECOND) /* without progress */
#define MEMORY_TIME   (10 * PLAT_SECOND) /* how long other boards may hold the kernel's memory */
#define SMALLEST      (16 * 1024)
#define RETRY_PAUSE   (50 * PLAT_MS) /* after a transaction error, which needs a moment to pass */

enum err bootdev_open(struct bootdev *bootdev, struct usb_handle *handle)
{
	*bootdev = (struct bootdev){ .handle = handle, .chunk = TRANSFER_CHUNK };
	unsigned interface = 0;
	enum err err = usb_find_bulk(handle, &interface, &bootdev->endpoint);
	if (!err)
		err = usb_claim(handle, interface);
	if (err)
		bootdev_close(bootdev);
	return err;
}

void bootdev_close(struct bootdev *bootdev)
{
	usb_close(bootdev->handle);
	free(bootdev->buffers[0]);
	free(bootdev->buffers[1]);
	*bootdev = (struct bootdev){ 0 };
}

static enum err transfer_announce_once(struct bootdev *bootdev, uint32_t length)
{
	size_t actual;
	enum err err = usb_submit_announce(bootdev->handle, wire_low(length), wire_high(length));
	if (err)
		return err;
	err = usb_await(bootdev->handle, USB_CONTROL, plat_now() + ANNOUNCE_TIME, &actual);
	if (err != ERR_USB_TIMEOUT && err != ERR_INTERRUPTED)
		return err;
	/* it may have ended well between the deadline and the cancelling */
	return usb_cancel(bootdev->handle, USB_CONTROL, &actual) == OK ? OK : err;
}

/* A refusal is retried, with PATIENT also a time-out; ATTEMPTS in all. */
static enum err transfer_announce_retry(struct bootdev *bootdev, uint32_t length, int attempts,
                                        bool patient)
{
	for (int attempt = 1;; attempt++) {
		enum err err = transfer_announce_once(bootdev, length);
		bool again = err == ERR_USB_STALL || (patient && err == ERR_USB_TIMEOUT);
		if (!again || attempt >= attempts)
			return err;
	}
}

enum err transfer_announce(struct bootdev *bootdev, uint32_t length, int attempts)
{
	return transfer_announce_retry(bootdev, length, attempts, false);
}

enum err transfer_read_begin(struct bootdev *bootdev, size_t n)
{
	return usb_submit_read(bootdev->handle, wire_low((uint32_t)n), wire_high((uint32_t)n), n);
}

enum err transfer_read_end(struct bootdev *bootdev, uint64_t deadline, const uint8_t **bytes,
                           size_t *n)
{
	*bytes = usb_read_bytes(bootdev->handle);
	return usb_await(bootdev->handle, USB_CONTROL, deadline, n);
}

void transfer_read_cancel(struct bootdev *bootdev)
{
	size_t actual;
	usb_cancel(bootdev->handle, USB_CONTROL, &actual);
}

/* --- sending: one chunk is being transferred, the next one is read meanwhile. Queueing two would gain little with chunks
 * of this size, and after a short transfer the second one would leave a gap in the data. */

struct chunk {
	uint8_t *bytes;
	uint32_t offset;
	size_t size; /* 0: not read */
};

struct sending {
	struct bootdev *bootdev;
	const struct transfer_source *source;
	uint32_t length, taken;
	struct chunk now, next;
	int attempts;
};

/* Fills CHUNK with what lies at OFFSET. */
static enum err transfer_read_chunk(const struct sending *s, struct chunk *chunk, uint32_t offset)
{
	size_t n = s->length - offset;
	chunk->offset = offset;
	chunk->size = n < TRANSFER_CHUNK ? n : TRANSFER_CHUNK;
	enum err err = s->source->read(s->source->ctx, offset, chunk->bytes, chunk->size);
	if (err)
		chunk->size = 0;
	return err;
}

/* Makes `now` the chunk that holds the next byte to send. */
static enum err transfer_turn_to_next_byte(struct sending *s)
{
	if (s->now.size > 0 && s->taken < s->now.offset + s->now.size)
		return OK;
	struct chunk done = s->now;
	if (s->next.size == 0)
		return transfer_read_chunk(s, &s->now, s->taken);
	s->now = s->next;
	s->next = (struct chunk){ .bytes = done.bytes };
	return OK;
}

/* Submits the rest of `now`, or as much of it as the kernel has memory for. */
static enum err transfer_submit_chunk(struct sending *s)
{
	struct bootdev *c = s->bootdev;
	const uint8_t *from = s->now.bytes + (s->taken - s->now.offset);
	size_t rest = s->now.offset + s->now.size - s->taken;
	uint64_t give_up = plat_now() + MEMORY_TIME;
	for (;;) {
		enum err err = usb_submit_bulk(c->handle, c->endpoint, from,
		                               rest < c->chunk ? rest : c->chunk);
		if (err != ERR_USB_MEMORY)
			return err;
		if (c->chunk > SMALLEST)
			c->chunk /= 2;
		else if (plat_now() > give_up)
			return err;
		else if (!usb_pause(c->handle, RETRY_PAUSE)) /* other boards will give some back */
			return ERR_INTERRUPTED;
	}
}

/* After a transfer ended badly: gives up, or clears the way for going on behind the bytes the board took. The halt of the
 * endpoint (also the host's side is halted after a transaction error) is cleared in any case: the board may be tried again. */
static enum err transfer_recover(struct sending *s, enum err err, bool progress)
{
	struct usb_handle *handle = s->bootdev->handle;
	enum err cleared;
	switch (err) {
	case ERR_USB_STALL:
		cleared = usb_clear_halt(handle, s->bootdev->endpoint);
		return ++s->attempts >= TRANSFER_ATTEMPTS ? err : cleared;
	case ERR_USB_TIMEOUT:
		return progress || ++s->attempts < TRANSFER_ATTEMPTS ? OK : err;
	case ERR_USB_IO:
	case ERR_USB_OVERFLOW:
		cleared = usb_clear_halt(handle, s->bootdev->endpoint);
		if (++s->attempts >= TRANSFER_ATTEMPTS)
			return err;
		if (cleared == ERR_USB_GONE)
			return cleared;
		return usb_pause(handle, RETRY_PAUSE) ? OK : ERR_INTERRUPTED;
	default: /* OK among them: a short transfer, go on behind it */
		return err;
	}
}

/* Waits for the submitted chunk, and reads the next one meanwhile. */
static enum err transfer_finish_chunk(struct sending *s)
{
	uint32_t after = s->now.offset + (uint32_t)s->now.size;
	size_t actual;
	if (s->next.size == 0 && after < s->length) {
		enum err err = transfer_read_chunk(s, &s->next, after);
		if (err) {
			usb_cancel(s->bootdev->handle, USB_BULK, &actual);
			s->taken += (uint32_t)actual;
			return err;
		}
	}
	enum err err = usb_await(s->bootdev->handle, USB_BULK, plat_now() + BULK_TIME, &actual);
	if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED)
		usb_cancel(s->bootdev->handle, USB_BULK, &actual);
	else if (!err && actual == 0)
		err = ERR_USB_IO;
	s->taken += (uint32_t)actual;
	return transfer_recover(s, err, actual > 0);
}

static enum err transfer_send_chunks(struct sending *s)
{
	while (s->taken < s->length) {
		enum err err = transfer_turn_to_next_byte(s);
		if (err)
			return err;
		err = transfer_submit_chunk(s);
		if (err)
			return err;
		err = transfer_finish_chunk(s);
		if (err)
			return err;
		if (s->source->progress)
			s->source->progress(s->source->ctx, s->taken);
	}
	return OK;
}

static enum err transfer_make_buffers(struct bootdev *bootdev)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!bootdev->buffers[i])
			bootdev->buffers[i] = malloc(TRANSFER_CHUNK);
		if (!bootdev->buffers[i])
			return ERR_MEMORY;
	}
	return OK;
}

enum err transfer_send(struct bootdev *bootdev, uint32_t length,
                       const struct transfer_source *source, uint32_t *sent)
{
	*sent = 0;
	bootdev->announced = false;
	enum err err = transfer_make_buffers(bootdev);
	if (err)
		return err;
	err = transfer_announce_retry(bootdev, length, TRANSFER_ATTEMPTS, source->patient);
	if (err)
		return err;
	bootdev->announced = true;
	struct sending s = {
		.bootdev = bootdev,
		.source = source,
		.length = length,
		.now = { .bytes = bootdev->buffers[0] },
		.next = { .bytes = bootdev->buffers[1] },
	};
	err = transfer_send_chunks(&s);
	*sent = s.taken;
	return err;
}
