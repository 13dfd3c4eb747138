/* SPDX-License-Identifier: Apache-2.0 */
#include "directboard.h"

#include "flash/frame.h"
#include "formats/flashwire.h"
#include "platform/plat.h"
#include "platform/usb.h"
#include "scratch.h"

#define IN_MAX    ((size_t)64 << 10) /* what a host may have queued of the kernel's memory */
#define OUT_MAX   ((size_t)256 << 10)
#define PACKET    512u
#define WINDOW    2200000u /* two chunks */
#define MESSAGES  3u
#define LONGEST   (31 * PLAT_SECOND) /* that a host may wait for anything */
#define QUEUE     4096
#define SAYS_SIZE (4 * (FLASHWIRE_HEADER + FLASHWIRE_PAYLOAD_MAX))

struct slot {
	bool pending;
	enum err result;
	size_t actual;
};

struct usb_handle {
	struct slot slots[USB_SLOTS];
	uint8_t control[USB_MAX_CONTROL];
	uint8_t *to; /* of the pending IN transfer */
	size_t room;
	bool ignores_interrupts;
};

static struct {
	const uint8_t *script;
	size_t left;
	unsigned flags;
	const struct spool *spool;
	bool verifies, honest;
	unsigned handles;

	/* what the host has sent */
	uint8_t message[FLASHWIRE_HEADER + FLASHWIRE_PAYLOAD_MAX];
	size_t message_size;
	uint32_t sequence;
	struct flashwire queue[QUEUE]; /* not answered, from FIRST on */
	size_t first, count;
	bool greeted, opened, hashed;
	uint64_t written;

	/* what the board says */
	uint8_t says[SAYS_SIZE];
	size_t have, at;
} board;

bool directboard_interrupted;

static uint8_t frame[FLASHWIRE_PAYLOAD_MAX], letters[FLASHWIRE_CHUNK];
static size_t frame_size; /* of a chunk of letters */

void directboard_play(const uint8_t *bytes, size_t size, unsigned flags, const struct spool *spool,
                      bool verifies)
{
	scratch_require(board.handles == 0, "an open device");
	board.script = bytes;
	board.left = size;
	board.flags = flags;
	board.spool = spool;
	board.verifies = verifies;
	board.honest = true;
	board.message_size = board.first = board.count = board.have = board.at = 0;
	board.sequence = 0;
	board.written = 0;
	board.greeted = board.opened = board.hashed = false;
	directboard_interrupted = false;
	if (frame_size == 0) {
		struct frame_packer *packer = frame_packer_new();
		memset(letters, 'x', sizeof letters);
		frame_size = frame_pack(packer, frame, sizeof frame, letters, sizeof letters);
		frame_packer_free(packer);
		scratch_require(frame_size > 0, "a frame");
	}
}

bool directboard_is_honest(void)
{
	return board.honest;
}

unsigned directboard_open_handles(void)
{
	return board.handles;
}

static uint8_t take(void)
{
	if (board.left == 0)
		return 0;
	board.left--;
	return *board.script++;
}

/* --- what the host sends */

static void check_data(const struct flashwire *m)
{
	size_t index = (size_t)(m->offset / SPOOL_CHUNK);
	scratch_require(board.spool && index < spool_count(board.spool), "DATA of the image");
	const struct spool_chunk *chunk = spool_chunk(board.spool, index);
	scratch_require(m->offset % SPOOL_CHUNK == 0 && m->length == chunk->size &&
	                        m->payload == chunk->stored,
	                "a chunk of the image");
	static uint8_t want[FLASHWIRE_PAYLOAD_MAX];
	scratch_require(spool_stored(board.spool, index, want), "the spool");
	scratch_require(memcmp(board.message + FLASHWIRE_HEADER, want, m->payload) == 0,
	                "the image's bytes");
	scratch_require(index > 0 || board.hashed || !board.verifies,
	                "the first MiB after the digests of the rest");
}

static void check_request(const struct flashwire *m)
{
	bool on_disk = m->length > 0;
	scratch_require(board.greeted || m->type == FLASHWIRE_HELLO, "HELLO first");
	scratch_require(board.opened || !on_disk, "OPEN first");
	scratch_require(!on_disk || m->offset + m->length <= DIRECTBOARD_DISK || !board.honest,
	                "a place on the disk");
	switch (m->type) {
	case FLASHWIRE_HELLO:
		scratch_require(!board.greeted, "HELLO once");
		board.greeted = true;
		break;
	case FLASHWIRE_OPEN:
		scratch_require((m->flags == FLASHWIRE_READ_ONLY) == !board.spool,
		                "a disk that is written only if there is an image");
		board.opened = true;
		break;
	case FLASHWIRE_DATA:
		check_data(m);
		break;
	case FLASHWIRE_HOLE:
		scratch_require(board.spool, "zeros where an image is written");
		break;
	case FLASHWIRE_HASH:
		board.hashed = true;
		break;
	default:
		break;
	}
}

/* Bytes of the messages that are not answered. */
static uint64_t unanswered(void)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < board.count; i++)
		bytes += FLASHWIRE_HEADER + board.queue[(board.first + i) % QUEUE].payload;
	return bytes;
}

/* A transfer to the board. A short one ends a message. */
static void hear(const uint8_t *bytes, size_t n)
{
	struct flashwire m;
	scratch_require(board.message_size + n <= sizeof board.message, "messages of allowed size");
	memcpy(board.message + board.message_size, bytes, n);
	board.message_size += n;
	if (n > 0 && n % PACKET == 0)
		return;
	scratch_require(board.message_size >= FLASHWIRE_HEADER &&
	                        flashwire_request(board.message, &m) == FLASHWIRE_OK,
	                "what the protocol allows");
	scratch_require(board.message_size == FLASHWIRE_HEADER + (size_t)m.payload,
	                "whole messages");
	scratch_require(m.sequence == ++board.sequence, "messages in order");
	check_request(&m);
	board.message_size = 0;
	scratch_require(board.count < QUEUE, "an end of messages");
	board.queue[(board.first + board.count++) % QUEUE] = m;
	scratch_require(!board.honest || board.count == 1 ||
	                        (board.count <= MESSAGES && unanswered() <= WINDOW),
	                "no more than the board takes");
}

/* --- what the board says */

/* Where the next message goes. */
static uint8_t *says_end(void)
{
	return board.says + board.have;
}

static void say(const struct flashwire *m, const void *payload)
{
	flashwire_put(says_end(), m);
	if (m->payload)
		memcpy(says_end() + FLASHWIRE_HEADER, payload, m->payload);
	board.have += FLASHWIRE_HEADER + m->payload;
}

static void say_info(const struct flashwire *asked)
{
	static const struct flashwire_disk disks[] = {
		{ .name = "mmcblk0",
		  .kind = FLASHWIRE_KIND_EMMC,
		  .sector = 512,
		  .size = DIRECTBOARD_DISK },
		{ .name = "nvme0n1",
		  .kind = FLASHWIRE_KIND_NVME,
		  .sector = 4096,
		  .size = DIRECTBOARD_DISK },
	};
	static struct flashwire_info info;
	static uint8_t payload[FLASHWIRE_INFO_MAX];
	info = (struct flashwire_info){
		.version = 1, .window = WINDOW, .messages = MESSAGES, .idle = 60, .count = 2
	};
	memcpy(info.disks, disks, sizeof disks);
	if (asked->type == FLASHWIRE_OPEN)
		info.count = 1;
	say(&(struct flashwire){ .type = FLASHWIRE_INFO,
	                         .sequence = asked->sequence,
	                         .payload = flashwire_put_info(payload, &info) },
	    payload);
}

static void say_ack(uint32_t sequence)
{
	say(&(struct flashwire){ .type = FLASHWIRE_ACK,
	                         .sequence = sequence,
	                         .offset = board.written },
	    NULL);
}

static void say_digests(const struct flashwire *asked)
{
	static uint8_t payload[FLASHWIRE_DIGESTS_MAX];
	struct flashwire m = *asked;
	m.type = FLASHWIRE_DIGESTS;
	m.payload = flashwire_chunks(asked->length) * SHA256_SIZE;
	memset(payload, 0, m.payload);
	for (uint32_t i = 0; board.spool && i < m.payload / SHA256_SIZE; i++) {
		size_t index = (size_t)(asked->offset / SPOOL_CHUNK) + i;
		if (index < spool_count(board.spool))
			memcpy(payload + (size_t)i * SHA256_SIZE,
			       spool_chunk(board.spool, index)->sha256, SHA256_SIZE);
	}
	say(&m, payload);
}

/* The next chunk of a READ. True: it was the last one. */
static bool say_chunk(struct flashwire *asked)
{
	struct flashwire m = { .type = FLASHWIRE_CHUNK_DATA,
		               .sequence = asked->sequence,
		               .offset = asked->offset,
		               .length = asked->length < FLASHWIRE_CHUNK ? asked->length
		                                                         : FLASHWIRE_CHUNK };
	const uint8_t *payload = letters;
	if (m.offset == 0) {
		m.flags = FLASHWIRE_ZEROS;
	} else if (m.length == FLASHWIRE_CHUNK) {
		m.payload = (uint32_t)frame_size;
		payload = frame;
	} else {
		m.flags = FLASHWIRE_RAW;
		m.payload = m.length;
	}
	say(&m, payload);
	asked->offset += m.length;
	asked->length -= m.length;
	return asked->length == 0;
}

/* Answers the oldest message as it should be, if there is one. */
static void answer(void)
{
	struct flashwire *asked = &board.queue[board.first];
	bool whole = true;
	if (board.count == 0)
		return;
	switch (asked->type) {
	case FLASHWIRE_HELLO:
	case FLASHWIRE_OPEN:
		say_info(asked);
		break;
	case FLASHWIRE_HASH:
		say_digests(asked);
		break;
	case FLASHWIRE_READ:
		whole = say_chunk(asked);
		break;
	case FLASHWIRE_DATA:
	case FLASHWIRE_HOLE:
		board.written += asked->length;
		say_ack(asked->sequence);
		break;
	default:
		say_ack(asked->sequence);
		break;
	}
	if (whole) {
		board.first = (board.first + 1) % QUEUE;
		board.count--;
	}
}

static void say_error(void)
{
	static const char *const texts[] = { "", "mmcblk0: writing: Input/output error",
		                             "\x1b[31m\xff\n", "%s%n" };
	uint8_t payload[FLASHWIRE_ERROR_MAX], how = take();
	struct flashwire_error error = { .code = (enum flashwire_code)(how % 16), .number = 5 };
	struct flashwire m = { .type = FLASHWIRE_ERROR, .flags = how & 64 ? FLASHWIRE_END : 0 };
	snprintf(error.text, sizeof error.text, "%s", texts[how / 16 % 4]);
	m.sequence = board.count && !(how & 128) ? board.queue[board.first].sequence : 0;
	m.payload = flashwire_put_error(payload, &error);
	if (how & 32) /* as it is, control characters and all */
		memcpy(payload + 8, texts[how / 16 % 4], m.payload - 8);
	say(&m, payload);
	if (m.sequence) {
		board.first = (board.first + 1) % QUEUE;
		board.count--;
	}
	board.honest = false;
}

/* Changes a byte of what is about to be said. */
static void change(size_t from)
{
	size_t n = board.have - from, place = take();
	if (n == 0)
		return;
	if (place >= FLASHWIRE_HEADER)
		place = FLASHWIRE_HEADER + (place - FLASHWIRE_HEADER) * (1u + take() % 16u);
	board.says[from + place % n] = take();
	board.honest = false;
}

static void say_noise(void)
{
	size_t n = take();
	board.honest = false;
	for (size_t i = 0; i < n && board.left > 0; i++)
		board.says[board.have++] = take();
}

/* The board says something, or nothing. Returns how the pending IN transfer ends. */
static enum err act(void)
{
	size_t from = board.have;
	if (board.left == 0) {
		if (!(board.flags & DIRECTBOARD_SILENT))
			answer();
		return OK;
	}
	switch (take() % 16) {
	default:
		answer();
		return OK;
	case 6: /* a sign of life */
		say_ack(board.count ? board.queue[board.first].sequence - 1 : board.sequence);
		return OK;
	case 7: /* several answers in one transfer */
		answer();
		answer();
		return OK;
	case 8:
	case 9:
		answer();
		change(from);
		return OK;
	case 10:
		say_error();
		return OK;
	case 11:
		say_noise();
		return OK;
	case 12:
		directboard_interrupted = true;
		board.honest = false;
		return OK;
	case 13: /* time passes */
		plat_pause((uint64_t)take() * 200 * PLAT_MS);
		board.honest = false;
		return OK;
	case 14: /* an answer that nobody waits for any more */
		answer();
		board.have = from;
		board.honest = false;
		return OK;
	case 15:
		board.honest = false;
		switch (take() % 4) {
		case 0:
			return ERR_USB_GONE;
		case 1:
			return ERR_USB_STALL;
		case 2:
			return ERR_USB_OVERFLOW;
		default:
			return ERR_USB_IO;
		}
	}
}

/* --- transfers */

struct usb_handle *directboard_open(void)
{
	struct usb_handle *h = calloc(1, sizeof *h);
	if (!h)
		abort();
	board.handles++;
	return h;
}

void usb_close(struct usb_handle *h)
{
	if (!h)
		return;
	board.handles--;
	free(h);
}

enum err usb_claim_pipes(struct usb_handle *h, const struct usb_pipes *pipes)
{
	(void)h, (void)pipes;
	return OK;
}

static void begin_transfer(struct usb_handle *h, enum usb_slot which)
{
	scratch_require(!h->slots[which].pending, "a free slot");
	h->slots[which] = (struct slot){ .pending = true };
}

static void end_transfer(struct usb_handle *h, enum usb_slot which, enum err result, size_t actual)
{
	h->slots[which] = (struct slot){ .result = result, .actual = actual };
}

/* Ends a transfer as the script wants it: 0 to 11 well. */
static void refuse(struct usb_handle *h, enum usb_slot which, size_t n)
{
	static const enum err ends[] = { ERR_USB_STALL, ERR_USB_GONE, ERR_USB_IO };
	uint8_t how = board.flags & DIRECTBOARD_REFUSES ? take() % 16 : 0;
	board.honest = board.honest && how < 12;
	if (how < 12)
		end_transfer(h, which, OK, n);
	else if (how < 15) /* 15: for ever */
		end_transfer(h, which, ends[how - 12], 0);
}

enum err usb_submit_request(struct usb_handle *h, unsigned interface, uint8_t request, size_t n)
{
	static const struct flashwire_versions versions = { 1, 1 };
	scratch_require(interface == 4 && request == FLASHWIRE_BEGIN_REQUEST &&
	                        n == FLASHWIRE_BEGIN_SIZE,
	                "the request that begins a session");
	begin_transfer(h, USB_CONTROL);
	flashwire_put_begin(h->control, &versions);
	if (board.flags & DIRECTBOARD_REFUSES && take() % 4 == 3) {
		n = take() % (FLASHWIRE_BEGIN_SIZE + 1);
		h->control[take() % FLASHWIRE_BEGIN_SIZE] = take();
		board.honest = false;
	}
	refuse(h, USB_CONTROL, n);
	return OK;
}

enum err usb_submit_bulk(struct usb_handle *h, unsigned endpoint, const uint8_t *bytes, size_t n)
{
	scratch_require(endpoint == 4 && n <= OUT_MAX, "a transfer of the session");
	if (board.flags & DIRECTBOARD_REFUSES && take() % 32 == 31)
		return ERR_USB_MEMORY;
	begin_transfer(h, USB_BULK);
	refuse(h, USB_BULK, n);
	const struct slot *s = &h->slots[USB_BULK];
	if (!s->pending && !s->result)
		hear(bytes, n);
	return OK;
}

enum err usb_submit_bulk_in(struct usb_handle *h, unsigned endpoint, uint8_t *to, size_t n)
{
	scratch_require(endpoint == 0x84 && n > 0 && n % PACKET == 0 && n <= IN_MAX,
	                "a read of whole packets");
	begin_transfer(h, USB_BULK_IN);
	h->to = to;
	h->room = n;
	return OK;
}

/* What the board says goes into the pending IN transfer. */
static void deliver(struct usb_handle *h)
{
	size_t n = board.have - board.at;
	enum err err = OK;
	if (!h->slots[USB_BULK_IN].pending)
		return;
	if (n == 0) {
		board.have = board.at = 0;
		err = act();
		n = board.have;
	}
	if (!err && n == 0)
		return;
	n = n < h->room ? n : h->room;
	memcpy(h->to, board.says + board.at, n);
	board.at += n;
	end_transfer(h, USB_BULK_IN, err, n);
}

enum err usb_await_either(struct usb_handle *h, enum usb_slot a, enum usb_slot b, uint64_t deadline)
{
	scratch_require(deadline <= plat_now() + LONGEST, "an end of waiting");
	for (;;) {
		size_t before = board.left;
		if (!h->slots[a].pending || !h->slots[b].pending)
			return OK;
		deliver(h);
		if (!h->slots[a].pending || !h->slots[b].pending)
			return OK;
		if (directboard_interrupted && !h->ignores_interrupts)
			return ERR_INTERRUPTED;
		if (plat_now() >= deadline)
			return ERR_USB_TIMEOUT;
		if (board.left == before) /* nothing more comes */
			plat_pause(deadline - plat_now());
	}
}

enum err usb_await(struct usb_handle *h, enum usb_slot slot, uint64_t deadline, size_t *actual)
{
	*actual = 0;
	if (h->slots[slot].pending) {
		enum err err = usb_await_either(h, slot, slot, deadline);
		if (err)
			return err;
	}
	*actual = h->slots[slot].actual;
	return h->slots[slot].result;
}

enum err usb_cancel(struct usb_handle *h, enum usb_slot slot, size_t *actual)
{
	*actual = 0;
	if (!h->slots[slot].pending)
		return OK;
	end_transfer(h, slot, ERR_USB_TIMEOUT, 0);
	return ERR_USB_TIMEOUT;
}

bool usb_is_pending(struct usb_handle *h, enum usb_slot slot)
{
	return h->slots[slot].pending;
}

void usb_ignore_interrupts(struct usb_handle *h)
{
	h->ignores_interrupts = true;
}

const uint8_t *usb_read_bytes(const struct usb_handle *h)
{
	return h->control;
}

bool usb_pause(struct usb_handle *h, uint64_t time)
{
	plat_pause(time);
	return !directboard_interrupted || h->ignores_interrupts;
}

enum err usb_clear_halt(struct usb_handle *h, unsigned endpoint)
{
	(void)h;
	scratch_require(endpoint == 4 || endpoint == 0x84, "an endpoint of the session");
	return OK;
}
