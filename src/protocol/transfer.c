#include "protocol/transfer.h"

#include "platform/plat.h"
#include "formats/wire.h"

#include <stdlib.h>

#define ANNOUNCE_TIME (5 * PLAT_SECOND)
#define BULK_TIME     (10 * PLAT_SECOND) /* without progress */
#define MEMORY_TIME   (10 * PLAT_SECOND) /* how long other boards may hold the kernel's memory */
#define SMALLEST      (16 * 1024)
#define RETRY_PAUSE   (50 * PLAT_MS) /* after an error on the wire, which needs a moment to pass */

enum err cable_open(struct cable *cable, struct usb_handle *handle)
{
	*cable = (struct cable){ .handle = handle, .piece = TRANSFER_PIECE };
	unsigned interfaces = 0;
	enum err err = usb_interfaces(handle, &interfaces);
	if (!err)
		err = usb_claim(handle, interfaces == 1 ? 0 : 1);
	cable->endpoint = interfaces == 1 ? 1 : 3;
	if (err)
		cable_close(cable);
	return err;
}

void cable_close(struct cable *cable)
{
	usb_close(cable->handle);
	free(cable->buffers[0]);
	free(cable->buffers[1]);
	*cable = (struct cable){ 0 };
}

enum err transfer_announce(struct cable *cable, uint32_t length, int attempts)
{
	enum err err = OK;
	for (int attempt = 0; attempt < attempts; attempt++) {
		size_t moved;
		err = usb_submit_announce(cable->handle, wire_low(length), wire_high(length));
		if (!err)
			err = usb_await(cable->handle, USB_CONTROL, plat_now() + ANNOUNCE_TIME,
			                &moved);
		if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED) {
			/* it may have ended well between the deadline and the cancelling */
			enum err end = usb_cancel(cable->handle, USB_CONTROL, &moved);
			return end == OK ? OK : err;
		}
		if (err != ERR_USB_STALL)
			break;
	}
	return err;
}

enum err transfer_read_begin(struct cable *cable, size_t n)
{
	return usb_submit_read(cable->handle, wire_low((uint32_t)n), wire_high((uint32_t)n), n);
}

enum err transfer_read_end(struct cable *cable, uint64_t deadline, const uint8_t **bytes, size_t *n)
{
	*bytes = usb_read_bytes(cable->handle);
	return usb_await(cable->handle, USB_CONTROL, deadline, n);
}

void transfer_read_cancel(struct cable *cable)
{
	size_t moved;
	usb_cancel(cable->handle, USB_CONTROL, &moved);
}

/* --- sending: one piece is on the wire, the next one is read meanwhile. Queueing two would gain little with pieces of
 * this size, and if the board took only part of the first, the second would go out behind a hole. */

struct piece {
	uint8_t *bytes;
	uint32_t offset;
	size_t size; /* 0: not read */
};

struct sending {
	struct cable *cable;
	const struct transfer_source *source;
	uint32_t length, taken;
	struct piece now, next;
	int attempts;
};

/* Fills PIECE with what lies at OFFSET. */
static enum err read_piece(const struct sending *s, struct piece *piece, uint32_t offset)
{
	size_t n = s->length - offset;
	piece->offset = offset;
	piece->size = n < TRANSFER_PIECE ? n : TRANSFER_PIECE;
	enum err err = s->source->read(s->source->ctx, offset, piece->bytes, piece->size);
	if (err)
		piece->size = 0;
	return err;
}

/* Makes `now` the piece that holds the next byte to go out. */
static enum err turn_to_next_byte(struct sending *s)
{
	if (s->now.size > 0 && s->taken < s->now.offset + s->now.size)
		return OK;
	struct piece done = s->now;
	if (s->next.size == 0)
		return read_piece(s, &s->now, s->taken);
	s->now = s->next;
	s->next = (struct piece){ .bytes = done.bytes };
	return OK;
}

/* Submits the rest of `now`, or as much of it as the kernel has memory for. */
static enum err submit_piece(struct sending *s)
{
	struct cable *c = s->cable;
	const uint8_t *from = s->now.bytes + (s->taken - s->now.offset);
	size_t rest = s->now.offset + s->now.size - s->taken;
	uint64_t give_up = plat_now() + MEMORY_TIME;
	for (;;) {
		enum err err = usb_submit_bulk(c->handle, c->endpoint, from,
		                               rest < c->piece ? rest : c->piece);
		if (err != ERR_USB_MEMORY)
			return err;
		if (c->piece > SMALLEST)
			c->piece /= 2;
		else if (plat_now() > give_up)
			return err;
		else
			plat_pause(RETRY_PAUSE); /* other boards will give some back */
	}
}

/* After a transfer ended badly: gives up, or clears the way for going on behind the bytes the board took. */
static enum err recover(struct sending *s, enum err err, bool progress)
{
	switch (err) {
	case ERR_USB_STALL:
		if (++s->attempts >= TRANSFER_ATTEMPTS)
			return err;
		return usb_clear_halt(s->cable->handle, s->cable->endpoint);
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
static enum err finish_piece(struct sending *s)
{
	uint32_t after = s->now.offset + (uint32_t)s->now.size;
	size_t moved;
	if (s->next.size == 0 && after < s->length) {
		enum err err = read_piece(s, &s->next, after);
		if (err) {
			usb_cancel(s->cable->handle, USB_BULK, &moved);
			s->taken += (uint32_t)moved;
			return err;
		}
	}
	enum err err = usb_await(s->cable->handle, USB_BULK, plat_now() + BULK_TIME, &moved);
	if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED)
		usb_cancel(s->cable->handle, USB_BULK, &moved);
	else if (!err && moved == 0)
		err = ERR_USB_IO;
	s->taken += (uint32_t)moved;
	return recover(s, err, moved > 0);
}

static enum err send_pieces(struct sending *s)
{
	while (s->taken < s->length) {
		enum err err = turn_to_next_byte(s);
		if (!err)
			err = submit_piece(s);
		if (!err)
			err = finish_piece(s);
		if (err)
			return err;
		if (s->source->progress)
			s->source->progress(s->source->ctx, s->taken);
	}
	return OK;
}

static enum err make_buffers(struct cable *cable)
{
	for (unsigned i = 0; i < 2; i++) {
		if (!cable->buffers[i])
			cable->buffers[i] = malloc(TRANSFER_PIECE);
		if (!cable->buffers[i])
			return ERR_MEMORY;
	}
	return OK;
}

enum err transfer_send(struct cable *cable, uint32_t length, const struct transfer_source *source,
                       uint32_t *sent)
{
	*sent = 0;
	enum err err = make_buffers(cable);
	struct sending s = {
		.cable = cable,
		.source = source,
		.length = length,
		.now = { .bytes = cable->buffers[0] },
		.next = { .bytes = cable->buffers[1] },
	};
	if (!err)
		err = transfer_announce(cable, length, TRANSFER_ATTEMPTS);
	if (!err && length > 0)
		err = send_pieces(&s);
	*sent = s.taken;
	return err;
}
