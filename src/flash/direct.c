/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/direct.h"

#include "platform/plat.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* docs/flash-protocol.md, sections 2 and 6 */
#define BEGIN_TIME  (30 * PLAT_SECOND) /* for the board to end a former session */
#define QUIET_TIME  (30 * PLAT_SECOND) /* without a sign of life: the board is given up */
#define HURRY_TIME  (3 * PLAT_SECOND)  /* the same after an interrupt */
#define RETRY_TIME  (10 * PLAT_SECOND) /* for the board's program to be started again */
#define RETRY_PAUSE (200 * PLAT_MS)
#define GONE_TIME   (2 * PLAT_SECOND)  /* from a failed transfer to the board's departure */
#define MEMORY_TIME (10 * PLAT_SECOND) /* how long other boards may hold the kernel's memory */

/* Of 512 KiB of the kernel's memory for one board: Linux has 16 MiB for all. */
#define OUT_SIZE  ((size_t)256 << 10)
#define IN_SIZE   ((size_t)64 << 10)
#define OUT_LEAST ((size_t)16 << 10) /* when the kernel's memory is short */

#define MESSAGES    64          /* unanswered at most */
#define WINDOW_MAX  (16u << 20) /* bytes of them */
#define STREAM_SIZE (FLASHWIRE_HEADER + FLASHWIRE_PAYLOAD_MAX + IN_SIZE)

static const struct flashwire_versions direct_versions = { FLASHWIRE_VERSION, FLASHWIRE_VERSION };

struct direct {
	struct usb_handle *handle;
	struct usb_pipes pipes;
	uint8_t *message, *in,
		*stream; /* header and payload; one transfer; what came and is not taken */
	size_t have;     /* bytes in stream */
	bool listens;    /* a read is queued, or has ended and was not taken */
	size_t piece;    /* largest OUT transfer */

	struct flashwire_info info;
	bool has_info;
	uint32_t sent, answered;              /* sequence numbers */
	uint32_t sizes[MESSAGES], unanswered; /* bytes of messages */
	uint16_t types[MESSAGES];
	uint64_t sent_bytes, written_bytes;
	uint64_t heard; /* when the last sign of life came */

	/* the only message that is not answered by ACK; type 0: none */
	struct flashwire asked;
	uint8_t *digests;
	struct flashwire held; /* a CHUNK that the caller looks at: the stream begins with it */
	bool holds;

	enum err failed; /* an ERROR of the board that was not returned yet */
	enum err over;   /* the session is, with this error */
	bool interrupted, opened;
	char problem[DIRECT_PROBLEM];
};

__attribute__((format(printf, 3, 4))) static enum err direct_fail(struct direct *d, enum err err,
                                                                  const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(d->problem, sizeof d->problem, format, args);
	va_end(args);
	return err;
}

/* The session cannot go on. */
__attribute__((format(printf, 3, 4))) static enum err direct_over(struct direct *d, enum err err,
                                                                  const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(d->problem, sizeof d->problem, format, args);
	va_end(args);
	d->over = err;
	return err;
}

static enum err direct_breaks(struct direct *d, const char *what)
{
	return direct_over(d, ERR_DIRECT, "the board breaks the protocol of flashing: %s", what);
}

/* --- USB */

/* A transfer failed: a board that is about to leave fails first. */
static enum err direct_usb_failed(struct direct *d, enum err err)
{
	uint64_t deadline = plat_now() + GONE_TIME;
	bool gone = err == ERR_USB_GONE;
	while (!gone && err != ERR_USB_STALL && plat_now() < deadline) {
		gone = usb_clear_halt(d->handle, d->pipes.out) == ERR_USB_GONE;
		if (!gone && !usb_pause(d->handle, RETRY_PAUSE))
			break;
	}
	if (gone)
		return direct_over(d, ERR_BOARD_LOST, "the board is gone");
	if (err == ERR_USB_STALL)
		return direct_over(d, ERR_DIRECT, "the program on the board has ended");
	return direct_over(d, ERR_DIRECT, "%s", err_text(err));
}

static uint64_t direct_deadline(const struct direct *d)
{
	return d->heard + (d->interrupted ? HURRY_TIME : QUIET_TIME);
}

/* From now on nothing interrupts the session. */
static void direct_note_interrupt(struct direct *d)
{
	usb_ignore_interrupts(d->handle);
	d->interrupted = true;
	d->heard = plat_now();
	direct_fail(d, ERR_INTERRUPTED, "interrupted");
}

static enum err direct_submit_in(struct direct *d)
{
	uint64_t give_up = plat_now() + MEMORY_TIME;
	for (;;) {
		enum err err = usb_submit_bulk_in(d->handle, d->pipes.in, d->in, IN_SIZE);
		d->listens = !err;
		if (!err)
			return OK;
		if (err != ERR_USB_MEMORY || plat_now() > give_up)
			return direct_usb_failed(d, err);
		if (!usb_pause(d->handle, RETRY_PAUSE)) {
			direct_note_interrupt(d);
			return direct_over(d, ERR_INTERRUPTED, "interrupted");
		}
	}
}

/* Takes what the finished IN transfer has brought. */
static enum err direct_collect(struct direct *d)
{
	size_t n;
	enum err err = usb_await(d->handle, USB_BULK_IN, 0, &n);
	d->listens = false;
	if (err)
		return direct_usb_failed(d, err);
	memcpy(d->stream + d->have, d->in, n);
	d->have += n;
	d->heard = plat_now();
	return OK;
}

/* Keeps a read queued unless what came fills the room for it. */
static enum err direct_listen(struct direct *d)
{
	if (d->listens || d->have > STREAM_SIZE - IN_SIZE)
		return OK;
	return direct_submit_in(d);
}

/* --- answers */

/* What it means that a message of this type failed on the disk. */
static enum err direct_blame(uint16_t type)
{
	switch (type) {
	case FLASHWIRE_OPEN:
		return ERR_DISK_ACCESS;
	case FLASHWIRE_DATA:
	case FLASHWIRE_HOLE:
		return ERR_DISK_WRITE;
	case FLASHWIRE_SYNC:
	case FLASHWIRE_CLOSE:
		return ERR_DISK_SETTLE;
	case FLASHWIRE_HASH:
		return ERR_DISK_VERIFY;
	case FLASHWIRE_READ:
		return ERR_DISK_READ;
	default:
		return ERR_DIRECT;
	}
}

static enum err direct_meaning(const struct direct *d, uint32_t sequence, enum flashwire_code code)
{
	switch (code) {
	case FLASHWIRE_BAD_VERSION:
		return ERR_DIRECT_VERSION;
	case FLASHWIRE_NO_DISK:
		return ERR_DISK_NONE_SUCH;
	case FLASHWIRE_BUSY:
		return ERR_DISK_BUSY;
	case FLASHWIRE_CANNOT_WRITE:
		return ERR_DISK_READ_ONLY;
	case FLASHWIRE_TOO_SMALL:
		return ERR_DISK_TOO_SMALL;
	case FLASHWIRE_DISK_FAILED:
	case FLASHWIRE_FAILED:
	case FLASHWIRE_NO_MEMORY:
		return direct_blame(d->types[sequence % MESSAGES]);
	case FLASHWIRE_DISK_GONE:
		return ERR_BOARD_LOST;
	default: /* the board did not understand what it must, or gave up */
		return ERR_DIRECT;
	}
}

/* Messages up to SEQUENCE are answered. */
static void direct_release(struct direct *d, uint32_t sequence)
{
	while (d->answered < sequence) {
		d->answered++;
		d->unanswered -= d->sizes[d->answered % MESSAGES];
	}
}

static enum err direct_take_error(struct direct *d, const struct flashwire *m,
                                  const uint8_t *payload)
{
	struct flashwire_error error;
	if (!flashwire_get_error(payload, m->payload, &error))
		return direct_breaks(d, "an ERROR that cannot be read");
	enum err err = direct_meaning(d, m->sequence, error.code);
	const char *text = *error.text ? error.text : "it does not say why";
	if (m->flags & FLASHWIRE_END || m->sequence == 0)
		return direct_over(d, err, "the board says: %s", text);
	if (m->sequence <= d->answered)
		return direct_breaks(d, "an answer out of turn");
	if (!d->failed) {
		d->failed = err;
		direct_fail(d, err, "the board says: %s", text);
	}
	if (d->asked.type && m->sequence >= d->asked.sequence)
		d->asked.type = 0;
	direct_release(d, m->sequence);
	return OK;
}

static enum err direct_take_ack(struct direct *d, const struct flashwire *m)
{
	if (d->asked.type && m->sequence >= d->asked.sequence)
		return direct_breaks(d, "ACK where another answer is due");
	if (m->offset > d->sent_bytes || m->offset < d->written_bytes)
		return direct_breaks(d, "ACK of more bytes than were sent, or of less than before");
	d->written_bytes = m->offset;
	direct_release(d, m->sequence); /* an old one is a sign of life */
	return OK;
}

/* INFO or DIGESTS. */
static enum err direct_take_answer(struct direct *d, const struct flashwire *m,
                                   const uint8_t *payload)
{
	const struct flashwire *asked = &d->asked;
	bool wanted = asked->type && m->sequence == asked->sequence;
	if (m->type == FLASHWIRE_INFO)
		wanted = wanted &&
		         (asked->type == FLASHWIRE_HELLO || asked->type == FLASHWIRE_OPEN);
	else
		wanted = wanted && asked->type == FLASHWIRE_HASH && m->offset == asked->offset &&
		         m->length == asked->length;
	if (!wanted)
		return direct_breaks(d, "an answer to what was not asked");
	if (m->type == FLASHWIRE_DIGESTS)
		memcpy(d->digests, payload, m->payload);
	else if (!flashwire_get_info(payload, m->payload, &d->info))
		return direct_breaks(d, "INFO that cannot be right");
	d->asked.type = 0;
	direct_release(d, m->sequence);
	return OK;
}

/* The message that the stream begins with. *COMPLETE: all of it is there. */
static enum err direct_head(struct direct *d, struct flashwire *m, bool *complete)
{
	*complete = false;
	if (d->have < FLASHWIRE_HEADER)
		return OK;
	if (flashwire_reply(d->stream, m) != FLASHWIRE_OK)
		return direct_breaks(d, "an answer that is none");
	if (m->sequence > d->sent)
		return direct_breaks(d, "an answer out of turn");
	*complete = d->have >= FLASHWIRE_HEADER + (size_t)m->payload;
	return OK;
}

static void direct_drop(struct direct *d, const struct flashwire *m)
{
	size_t n = FLASHWIRE_HEADER + (size_t)m->payload;
	d->have -= n;
	memmove(d->stream, d->stream + n, d->have);
}

static void direct_drop_held(struct direct *d)
{
	if (d->holds)
		direct_drop(d, &d->held);
	d->holds = false;
}

/* Takes all answers that are complete, up to a CHUNK, which direct_read_chunk takes: *CHUNK. */
static enum err direct_take(struct direct *d, struct flashwire *m, bool *chunk)
{
	bool complete;
	enum err err;
	*chunk = false;
	while (!(err = direct_head(d, m, &complete)) && complete) {
		const uint8_t *payload = d->stream + FLASHWIRE_HEADER;
		switch (m->type) {
		case FLASHWIRE_ACK:
			err = direct_take_ack(d, m);
			break;
		case FLASHWIRE_ERROR:
			err = direct_take_error(d, m, payload);
			break;
		case FLASHWIRE_CHUNK_DATA:
			*chunk = d->asked.type == FLASHWIRE_READ &&
			         m->sequence == d->asked.sequence;
			return *chunk ? OK : direct_breaks(d, "bytes that were not asked for");
		default:
			err = direct_take_answer(d, m, payload);
			break;
		}
		if (err)
			return err;
		direct_drop(d, m);
	}
	return err;
}

/* What the board reported since, once. */
static enum err direct_failure(struct direct *d)
{
	enum err err = d->failed;
	d->failed = OK;
	return err;
}

/* Waits for something from the board, and takes it. */
static enum err direct_hear(struct direct *d, struct flashwire *m, bool *chunk)
{
	enum err err = direct_listen(d);
	*chunk = false;
	if (err)
		return err;
	err = usb_await_either(d->handle, USB_BULK_IN, USB_BULK_IN, direct_deadline(d));
	if (err == ERR_INTERRUPTED) {
		direct_note_interrupt(d);
		return err;
	}
	if (err)
		return direct_over(d, ERR_DIRECT, "the board does not answer");
	err = direct_collect(d);
	return err ? err : direct_take(d, m, chunk);
}

/* The same where no CHUNK is due. */
static enum err direct_hear_answer(struct direct *d)
{
	struct flashwire m;
	bool chunk;
	enum err err = direct_hear(d, &m, &chunk);
	return !err && chunk ? direct_breaks(d, "bytes that were not asked for") : err;
}

enum err direct_finish(struct direct *d)
{
	enum err err = d->over;
	direct_drop_held(d);
	while (!err && d->answered < d->sent)
		err = direct_hear_answer(d);
	return err ? err : direct_failure(d);
}

/* --- messages */

/* Waits for the OUT transfer; takes answers meanwhile. */
static enum err direct_await_out(struct direct *d, size_t *actual)
{
	struct flashwire m;
	bool chunk;
	for (;;) {
		enum err err = direct_listen(d);
		if (!err)
			err = usb_await_either(d->handle, USB_BULK,
			                       d->listens ? USB_BULK_IN : USB_BULK,
			                       direct_deadline(d));
		if (err == ERR_INTERRUPTED) { /* after this message */
			direct_note_interrupt(d);
			d->failed = ERR_INTERRUPTED;
			continue;
		}
		if (err == ERR_USB_TIMEOUT)
			return direct_over(d, ERR_DIRECT, "the board takes no data");
		if (err)
			return d->over ? err : direct_usb_failed(d, err);
		if (d->listens && !usb_is_pending(d->handle, USB_BULK_IN))
			err = direct_collect(d);
		if (!err) /* a CHUNK may come before the end of the transfer that asks for it */
			err = direct_take(d, &m, &chunk);
		if (err)
			return err;
		if (!usb_is_pending(d->handle, USB_BULK))
			break;
	}
	enum err err = usb_await(d->handle, USB_BULK, 0, actual);
	d->heard = plat_now();
	return err ? direct_usb_failed(d, err) : OK;
}

/* Submits N bytes, or less where the kernel's memory is short: *N. */
static enum err direct_submit_out(struct direct *d, const uint8_t *bytes, size_t *n)
{
	uint64_t give_up = plat_now() + MEMORY_TIME;
	for (;;) {
		*n = *n < d->piece ? *n : d->piece;
		enum err err = usb_submit_bulk(d->handle, d->pipes.out, bytes, *n);
		if (err != ERR_USB_MEMORY || plat_now() > give_up)
			return err ? direct_usb_failed(d, err) : OK;
		if (d->piece > OUT_LEAST) {
			d->piece /= 2;
		} else if (!usb_pause(d->handle, RETRY_PAUSE)) {
			direct_note_interrupt(d);
			d->failed = ERR_INTERRUPTED;
		}
	}
}

static enum err direct_transfer(struct direct *d, size_t size)
{
	bool ended = false;
	for (size_t done = 0; !ended;) {
		size_t n = size - done, actual;
		enum err err = direct_submit_out(d, d->message + done, &n);
		if (!err)
			err = direct_await_out(d, &actual);
		if (err)
			return err;
		if (actual != n)
			return direct_over(d, ERR_DIRECT, "the board takes no data");
		/* the last packet must be a short one, if need be an empty one */
		ended = done + n == size &&
		        (n == 0 || !flashwire_needs_zero_packet((uint32_t)size, d->pipes.packet));
		done += n;
	}
	return OK;
}

/* Whether the window has room for a message of SIZE bytes. */
static bool direct_has_room(const struct direct *d, size_t size)
{
	uint32_t open = d->sent - d->answered;
	if (open == 0)
		return true;
	return d->has_info && open < MESSAGES && open < d->info.messages &&
	       d->unanswered + size <= (d->info.window < WINDOW_MAX ? d->info.window : WINDOW_MAX);
}

enum err direct_send(struct direct *d, const struct flashwire *message)
{
	size_t size = FLASHWIRE_HEADER + (size_t)message->payload;
	struct flashwire m = *message;
	enum err err = d->over;
	direct_drop_held(d);
	while (!err && !direct_has_room(d, size))
		err = direct_hear_answer(d);
	if (!err)
		err = direct_failure(d);
	if (err)
		return err;
	if (d->answered == d->sent)
		d->heard = plat_now(); /* until now there was nothing to say */
	m.sequence = ++d->sent;
	d->sizes[m.sequence % MESSAGES] = (uint32_t)size;
	d->types[m.sequence % MESSAGES] = m.type;
	d->unanswered += (uint32_t)size;
	if (m.type == FLASHWIRE_DATA || m.type == FLASHWIRE_HOLE)
		d->sent_bytes += m.length;
	else if (m.type != FLASHWIRE_SYNC && m.type != FLASHWIRE_CLOSE)
		d->asked = m;
	flashwire_put(d->message, &m);
	err = direct_transfer(d, size);
	return err ? err : direct_failure(d);
}

uint8_t *direct_payload(struct direct *d)
{
	return d->message + FLASHWIRE_HEADER;
}

/* Sends a message and waits for its answer. */
static enum err direct_ask(struct direct *d, const struct flashwire *message)
{
	enum err err = direct_send(d, message);
	return err ? err : direct_finish(d);
}

enum err direct_hash(struct direct *d, uint64_t offset, uint32_t length,
                     uint8_t digests[FLASHWIRE_DIGESTS_MAX])
{
	d->digests = digests;
	return direct_ask(d, &(struct flashwire){
				     .type = FLASHWIRE_HASH, .offset = offset, .length = length });
}

enum err direct_read(struct direct *d, uint64_t offset, uint32_t length)
{
	return direct_send(d, &(struct flashwire){
				      .type = FLASHWIRE_READ, .offset = offset, .length = length });
}

enum err direct_read_chunk(struct direct *d, struct flashwire *message, const uint8_t **payload)
{
	struct flashwire *asked = &d->asked;
	bool chunk;
	direct_drop_held(d);
	d->heard = plat_now(); /* the caller took its time */
	enum err err = d->over ? d->over : direct_take(d, message, &chunk);
	while (!err && !chunk && asked->type)
		err = direct_hear(d, message, &chunk);
	if (err || !chunk)
		return err ? err : direct_failure(d);
	uint32_t wanted = asked->length < FLASHWIRE_CHUNK ? asked->length : FLASHWIRE_CHUNK;
	if (message->offset != asked->offset || message->length != wanted)
		return direct_breaks(d, "other bytes than those that were asked for");
	asked->offset += wanted;
	asked->length -= wanted;
	if (asked->length == 0) {
		asked->type = 0;
		direct_release(d, message->sequence);
	}
	d->held = *message;
	d->holds = true;
	*payload = d->stream + FLASHWIRE_HEADER;
	return OK;
}

/* --- sessions */

enum err direct_open_disk(struct direct *d, const char *name, uint64_t size, bool read_only)
{
	d->sent_bytes = d->written_bytes = 0;
	flashwire_put_open(direct_payload(d), name);
	d->opened = true; /* even if it fails, as far as is known */
	enum err err = direct_ask(
		d, &(struct flashwire){ .type = FLASHWIRE_OPEN,
	                                .offset = size,
	                                .payload = FLASHWIRE_NAME,
	                                .flags = read_only ? FLASHWIRE_READ_ONLY : 0 });
	if (!err && (d->info.count != 1 || strcmp(d->info.disks[0].name, name) != 0))
		err = direct_breaks(d, "it opened another disk");
	return err;
}

enum err direct_close_disk(struct direct *d, bool keep)
{
	enum err err = direct_ask(d, &(struct flashwire){ .type = FLASHWIRE_CLOSE,
	                                                  .flags = keep ? FLASHWIRE_KEEP : 0 });
	d->opened = d->opened && err;
	return err;
}

/* The control request, once. */
static enum err direct_request(struct direct *d, uint64_t deadline, size_t *actual)
{
	size_t unused;
	enum err err = usb_submit_request(d->handle, d->pipes.interface, FLASHWIRE_BEGIN_REQUEST,
	                                  FLASHWIRE_BEGIN_SIZE);
	if (!err)
		err = usb_await(d->handle, USB_CONTROL, deadline, actual);
	if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED)
		usb_cancel(d->handle, USB_CONTROL, &unused);
	return err;
}

static enum err direct_other_version(struct direct *d, unsigned lowest, unsigned highest)
{
	bool newer = lowest > FLASHWIRE_VERSION;
	return direct_fail(d, ERR_DIRECT_VERSION,
	                   "the board speaks version %u to %u of the protocol of flashing, this "
	                   "rpiboot version %u: %s, or use --via disk",
	                   lowest, highest, FLASHWIRE_VERSION,
	                   newer ? "update rpiboot" : "update the mass-storage gadget");
}

/* Empties both pipes and ends any former session. */
static enum err direct_reset(struct direct *d)
{
	struct flashwire_versions board;
	uint64_t start = plat_now();
	size_t n = 0;
	enum err err;
	while ((err = direct_request(d, plat_now() + BEGIN_TIME, &n)) == ERR_USB_STALL &&
	       plat_now() < start + RETRY_TIME)
		if (!usb_pause(d->handle, RETRY_PAUSE))
			return direct_fail(d, ERR_INTERRUPTED, "interrupted");
	if (err == ERR_USB_STALL)
		return direct_fail(d, ERR_DIRECT,
		                   "the program for flashing does not run on the board");
	if (err == ERR_USB_TIMEOUT)
		return direct_fail(d, ERR_DIRECT, "the board does not answer");
	if (err == ERR_INTERRUPTED)
		return direct_fail(d, err, "interrupted");
	if (err)
		return direct_usb_failed(d, err);
	if (!flashwire_get_begin(usb_read_bytes(d->handle), n, &board))
		return direct_breaks(d, "a first answer that is none");
	if (flashwire_common_version(&board, &direct_versions) == 0)
		return direct_other_version(d, board.lowest, board.highest);
	err = usb_clear_halt(d->handle, d->pipes.out);
	if (!err)
		err = usb_clear_halt(d->handle, d->pipes.in);
	return err ? direct_usb_failed(d, err) : OK;
}

static enum err direct_hello(struct direct *d)
{
	uint32_t size = flashwire_put_hello(direct_payload(d), &direct_versions);
	enum err err = direct_ask(d,
	                          &(struct flashwire){ .type = FLASHWIRE_HELLO, .payload = size });
	if (!err && d->info.version != FLASHWIRE_VERSION)
		err = direct_breaks(d, "INFO that cannot be right");
	d->has_info = !err;
	return err;
}

static enum err direct_claim(struct direct *d)
{
	if (d->pipes.protocol != FLASHWIRE_PROTOCOL) /* numbered like the versions */
		return direct_other_version(d, d->pipes.protocol, d->pipes.protocol);
	enum err err = usb_claim_pipes(d->handle, &d->pipes);
	return err ? direct_fail(d, err, "its interface for flashing: %s", err_text(err)) : OK;
}

enum err direct_begin(struct usb_handle *handle, const struct usb_pipes *pipes, struct direct **out,
                      char problem[DIRECT_PROBLEM])
{
	struct direct *d = calloc(1, sizeof *d);
	enum err err = ERR_MEMORY;
	*out = NULL;
	*problem = 0;
	if (!d) {
		usb_close(handle);
		return err;
	}
	d->handle = handle;
	d->pipes = *pipes;
	d->piece = OUT_SIZE;
	d->message = malloc(FLASHWIRE_HEADER + FLASHWIRE_PAYLOAD_MAX);
	d->in = malloc(IN_SIZE);
	d->stream = malloc(STREAM_SIZE);
	if (d->message && d->in && d->stream)
		err = direct_claim(d);
	if (!err)
		err = direct_reset(d);
	if (!err)
		err = direct_hello(d);
	if (err) {
		memcpy(problem, d->problem, DIRECT_PROBLEM);
		direct_end(d);
		return err;
	}
	*out = d;
	return OK;
}

const struct flashwire_info *direct_info(const struct direct *d)
{
	return &d->info;
}

uint64_t direct_sent(const struct direct *d)
{
	return d->sent_bytes;
}

uint64_t direct_written(const struct direct *d)
{
	return d->written_bytes;
}

const char *direct_problem(const struct direct *d)
{
	return d->problem;
}

void direct_end(struct direct *d)
{
	size_t n;
	if (!d)
		return;
	if (d->opened && d->over != ERR_BOARD_LOST) {
		/* the disk is still open: the end of the session closes it */
		usb_ignore_interrupts(d->handle);
		usb_cancel(d->handle, USB_BULK, &n);
		usb_cancel(d->handle, USB_BULK_IN, &n);
		direct_request(d, plat_now() + HURRY_TIME, &n);
	}
	usb_close(d->handle);
	free(d->stream);
	free(d->in);
	free(d->message);
	free(d);
}
