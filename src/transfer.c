#include "transfer.h"

#include "plat.h"
#include "wire.h"

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

/* --- sending */

struct sending {
	struct cable *cable;
	const struct transfer_source *source;
	uint32_t length;
	uint32_t submitted, taken; /* bytes handed to the host controller; accepted by the board */
	size_t size[2];            /* of the pending pieces; the older one is in slot `oldest` */
	unsigned oldest, pending;
	int attempts;
};

static enum usb_slot slot_of(unsigned i)
{
	return i ? USB_BULK_B : USB_BULK_A;
}

/* Reads the next piece of the file and submits it. *FULL: no memory for a second one now, go on with what is pending. */
static enum err submit_piece(struct sending *s, bool *full)
{
	struct cable *c = s->cable;
	unsigned slot = (s->oldest + s->pending) % 2;
	uint64_t give_up = plat_now() + MEMORY_TIME;
	for (;;) {
		size_t n = s->length - s->submitted;
		if (n > c->piece)
			n = c->piece;
		enum err err = s->source->read(s->source->ctx, s->submitted, c->buffers[slot], n);
		if (err)
			return err;
		err = usb_submit_bulk(c->handle, slot_of(slot), c->endpoint, c->buffers[slot], n);
		if (!err) {
			s->size[slot] = n;
			s->submitted += (uint32_t)n;
			s->pending++;
			c->transfers++;
			return OK;
		}
		if (err != ERR_USB_MEMORY)
			return err;
		*full = s->pending > 0;
		if (*full)
			return OK;
		if (c->piece > SMALLEST)
			c->piece /= 2;
		else if (plat_now() > give_up)
			return err;
		else
			plat_pause(RETRY_PAUSE); /* other boards will give some back */
	}
}

/* Takes back what is pending, the youngest first: cancelling the older one first would let the younger overtake it. */
static enum err take_back(struct sending *s)
{
	bool overtaken = false;
	while (s->pending > 0) {
		unsigned slot = (s->oldest + s->pending - 1) % 2;
		size_t moved;
		usb_cancel(s->cable->handle, slot_of(slot), &moved);
		s->pending--;
		s->taken += (uint32_t)moved;
		if (s->pending > 0)
			overtaken = moved > 0;
		else if (moved < s->size[slot] && overtaken)
			return ERR_USB_IO;
	}
	s->submitted = s->taken;
	return OK;
}

/* After a piece ended badly and nothing is pending: gives up, or clears the way for going on behind the bytes the board
 * took. */
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

/* Waits for the older piece. */
static enum err finish_piece(struct sending *s)
{
	uint32_t before = s->taken;
	size_t moved;
	enum err err = usb_await(s->cable->handle, slot_of(s->oldest), plat_now() + BULK_TIME,
	                         &moved);
	enum err lost = OK;
	if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED) { /* still pending */
		lost = take_back(s);
	} else {
		size_t size = s->size[s->oldest];
		s->taken += (uint32_t)moved;
		s->oldest = (s->oldest + 1) % 2;
		s->pending--;
		if (!err && moved == size)
			return OK;
		uint32_t taken = s->taken;
		lost = take_back(s);
		if (!lost && moved < size && s->taken != taken)
			lost = ERR_USB_IO; /* the next piece went out behind a hole */
		if (!err && moved == 0)
			err = ERR_USB_IO;
	}
	return lost ? lost : recover(s, err, s->taken > before);
}

static enum err send_pieces(struct sending *s)
{
	while (s->taken < s->length) {
		bool full = false;
		while (s->pending < 2 && s->submitted < s->length && !full) {
			enum err err = submit_piece(s, &full);
			if (err)
				return err;
		}
		enum err err = finish_piece(s);
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
	struct sending s = { .cable = cable, .source = source, .length = length };
	*sent = 0;
	enum err err = make_buffers(cable);
	if (!err)
		err = transfer_announce(cable, length, TRANSFER_ATTEMPTS);
	if (!err && length > 0)
		err = send_pieces(&s);
	if (err && s.pending)
		take_back(&s);
	*sent = s.taken;
	return err;
}
