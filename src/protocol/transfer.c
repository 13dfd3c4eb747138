/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/transfer.h"

#include "platform/plat.h"
#include "formats/wire.h"

#include <stdlib.h>

#define ANNOUNCE_TIME (5 * PLAT_SECOND)
#define BULK_TIME     (10 * PLAT_SECOND) /* without progress */
#define MEMORY_TIME   (10 * PLAT_SECOND) /* how long other boards may hold the kernel's memory */
#define SMALLEST      (16 * 1024)
#define RETRY_PAUSE   (50 * PLAT_MS) /* after an error on the wire, which needs a moment to pass */

enum err bootdev_open(struct bootdev *bootdev, struct usb_handle *handle)
{
	*bootdev = (struct bootdev){ .handle = handle, .chunk = TRANSFER_CHUNK };
	unsigned interfaces = 0;
	enum err err = usb_interfaces(handle, &interfaces);
	if (!err)
		err = usb_claim(handle, interfaces == 1 ? 0 : 1);
	bootdev->endpoint = interfaces == 1 ? 1 : 3;
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

enum err transfer_announce(struct bootdev *bootdev, uint32_t length, int attempts)
{
	enum err err = OK;
	for (int attempt = 0; attempt < attempts; attempt++) {
		size_t actual;
		err = usb_submit_announce(bootdev->handle, wire_low(length), wire_high(length));
		if (!err)
			err = usb_await(bootdev->handle, USB_CONTROL, plat_now() + ANNOUNCE_TIME,
			                &actual);
		if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED) {
			/* it may have ended well between the deadline and the cancelling */
			enum err end = usb_cancel(bootdev->handle, USB_CONTROL, &actual);
			return end == OK ? OK : err;
		}
		if (err != ERR_USB_STALL)
			break;
	}
	return err;
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

/* --- sending: one piece is on the wire, the next one is read meanwhile. Queueing two would gain little with pieces of
 * this size, and if the board took only part of the first, the second would go out behind a hole. */

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

/* Fills PIECE with what lies at OFFSET. */
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

/* Makes `now` the piece that holds the next byte to go out. */
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
		else
			plat_pause(RETRY_PAUSE); /* other boards will give some back */
	}
}

/* After a transfer ended badly: gives up, or clears the way for going on behind the bytes the board took. */
static enum err transfer_recover(struct sending *s, enum err err, bool progress)
{
	switch (err) {
	case ERR_USB_STALL:
		if (++s->attempts >= TRANSFER_ATTEMPTS)
			return err;
		return usb_clear_halt(s->bootdev->handle, s->bootdev->endpoint);
	case ERR_USB_TIMEOUT:
		return progress || ++s->attempts < TRANSFER_ATTEMPTS ? OK : err;
	case ERR_USB_IO:
	case ERR_USB_OVERFLOW:
		if (++s->attempts >= TRANSFER_ATTEMPTS)
			return err;
		plat_pause(RETRY_PAUSE);
		return OK;
	default: /* OK among them: a short piece, go on behind it */
		return err;
	}
}

/* Waits for the submitted piece, and reads the next one meanwhile. */
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
		if (!err)
			err = transfer_submit_chunk(s);
		if (!err)
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
	enum err err = transfer_make_buffers(bootdev);
	struct sending s = {
		.bootdev = bootdev,
		.source = source,
		.length = length,
		.now = { .bytes = bootdev->buffers[0] },
		.next = { .bytes = bootdev->buffers[1] },
	};
	if (!err)
		err = transfer_announce(bootdev, length, TRANSFER_ATTEMPTS);
	if (!err && length > 0)
		err = transfer_send_chunks(&s);
	*sent = s.taken;
	return err;
}
