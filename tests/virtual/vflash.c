/* SPDX-License-Identifier: Apache-2.0 */
#include "vflash.h"

#include "flash/frame.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define READ_SIZE \
	(64u << 10) /* of the board's reads: bytes of a message that is not ended wait in one */
#define PACKET     512
#define WINDOW     (8u << 20)
#define MESSAGES   64
#define IDLE       60
#define LIFE       UINT64_C(5000000) /* between two signs of life */
#define SECTOR     512
#define HOLE_SPEED 10 /* times as fast as data */
#define TYPES      16

struct op {
	struct flashwire m;
	uint8_t *payload;
	uint64_t due;
	const struct vfault *fault; /* of its answer */
	struct op *next;
};

struct answer {
	uint8_t *bytes;
	size_t size, given;
	struct answer *next;
};

struct disk {
	const char *name;
	bool read_only;
	struct vmedium *medium;
	uint8_t *states; /* of each chunk: 0, 1 written, 2 hashed since */
};

struct vflash {
	const struct vdesc *desc;
	vflash_fault *fault;
	vflash_judge *judge;
	void *ctx;
	struct disk *disks;
	size_t disk_count;
	struct vflash_stats stats;
	struct frame_unpacker *unpacker;
	struct frame_packer *packer;

	bool begun, greeted, over;
	struct disk *open;
	bool open_read_only;
	uint8_t waiting[READ_SIZE]; /* in a read that is not complete */
	size_t waits;
	uint8_t *stream;
	size_t have;
	uint32_t sequence; /* of the last message */
	uint32_t acknowledged;
	uint64_t session_written;
	struct op *ops, **last_op;
	uint64_t pending; /* bytes of ops */
	unsigned pending_count;
	struct answer *answers, **last_answer;
	bool empty_packet; /* ends the last transfer */
	uint64_t busy, silent, life;
	uint64_t counts[TYPES + 1]; /* of messages by type; of all */
	char last[16];
};

static void *must(void *p)
{
	if (!p)
		abort(); /* a test without memory cannot say anything useful */
	return p;
}

static void add_disk(struct vflash *f, const char *name, uint64_t size, bool read_only)
{
	f->disks = must(realloc(f->disks, (f->disk_count + 1) * sizeof *f->disks));
	f->disks[f->disk_count++] = (struct disk){
		.name = name,
		.read_only = read_only,
		.medium = vmedium_new(size),
		.states = must(calloc(1, (size_t)(size / VMEDIUM_CHUNK) + 1)),
	};
}

struct vflash *vflash_new(const struct vdesc *desc, vflash_fault *fault, vflash_judge *judge,
                          void *ctx)
{
	struct vflash *f = must(calloc(1, sizeof *f));
	f->desc = desc;
	f->fault = fault;
	f->judge = judge;
	f->ctx = ctx;
	f->stream = must(malloc(FLASHWIRE_HEADER + FLASHWIRE_PAYLOAD_MAX + READ_SIZE));
	f->unpacker = frame_unpacker_new();
	f->packer = frame_packer_new();
	f->last_op = &f->ops;
	f->last_answer = &f->answers;
	for (size_t i = 0; i < desc->disk_count; i++)
		add_disk(f, desc->disks[i].name, desc->disks[i].size, desc->disks[i].read_only);
	if (desc->disk_count == 0)
		add_disk(f, "mmcblk0", desc->disk_bytes, false);
	return f;
}

static void drop_op(struct vflash *f)
{
	struct op *op = f->ops;
	f->ops = op->next;
	if (!f->ops)
		f->last_op = &f->ops;
	f->pending -= FLASHWIRE_HEADER + op->m.payload;
	f->pending_count--;
	free(op->payload);
	free(op);
}

static void drop_answer(struct vflash *f)
{
	struct answer *a = f->answers;
	f->answers = a->next;
	if (!f->answers)
		f->last_answer = &f->answers;
	free(a->bytes);
	free(a);
}

/* Whatever was under way is forgotten, the disk closed. */
static void end_session(struct vflash *f)
{
	while (f->ops)
		drop_op(f);
	while (f->answers)
		drop_answer(f);
	f->open = NULL;
	f->stats.open = f->stats.kept = false;
	f->begun = f->greeted = f->over = f->empty_packet = false;
	f->have = f->waits = 0;
	f->sequence = f->acknowledged = 0;
	f->session_written = 0;
	f->silent = 0;
}

void vflash_free(struct vflash *f)
{
	if (!f)
		return;
	end_session(f);
	for (size_t i = 0; i < f->disk_count; i++) {
		vmedium_free(f->disks[i].medium);
		free(f->disks[i].states);
	}
	frame_unpacker_free(f->unpacker);
	frame_packer_free(f->packer);
	free(f->disks);
	free(f->stream);
	free(f);
}

void vflash_start(struct vflash *f, uint64_t now)
{
	end_session(f);
	f->busy = now;
}

void vflash_leave(struct vflash *f, uint64_t now)
{
	(void)now;
	end_session(f);
}

const struct vflash_stats *vflash_stats(const struct vflash *f)
{
	return &f->stats;
}

const char *vflash_last(const struct vflash *f)
{
	return f->last;
}

struct vmedium *vflash_disk(const struct vflash *f, size_t index)
{
	return f->disks[index].medium;
}

/* --- answers */

static void answer(struct vflash *f, uint64_t now, struct flashwire m, const uint8_t *payload,
                   const struct vfault *fault)
{
	struct answer *a = must(calloc(1, sizeof *a));
	a->size = FLASHWIRE_HEADER + m.payload;
	a->bytes = must(malloc(a->size));
	m.version = (uint16_t)f->desc->flash_version;
	flashwire_put(a->bytes, &m);
	if (m.payload)
		memcpy(a->bytes + FLASHWIRE_HEADER, payload, m.payload);
	if (fault && fault->kind == VFAULT_GARBAGE && fault->number < a->size)
		a->bytes[fault->number] ^= 0xff;
	*f->last_answer = a;
	f->last_answer = &a->next;
	f->life = now + LIFE;
}

static void answer_error(struct vflash *f, uint64_t now, const struct op *op, unsigned code,
                         bool end)
{
	uint8_t bytes[FLASHWIRE_ERROR_MAX];
	struct flashwire_error error = { .code = (enum flashwire_code)code, .number = 5 };
	snprintf(error.text, sizeof error.text, "%s: made to fail",
	         flashwire_type_name(op->m.type));
	answer(f, now,
	       (struct flashwire){ .type = FLASHWIRE_ERROR,
	                           .sequence = op->m.sequence,
	                           .payload = flashwire_put_error(bytes, &error),
	                           .flags = end ? FLASHWIRE_END : 0 },
	       bytes, op->fault);
	if (end) {
		f->over = true;
		f->open = NULL;
		f->stats.open = false;
	}
}

static void answer_info(struct vflash *f, uint64_t now, const struct op *op)
{
	struct flashwire_info info = { .version = (uint16_t)f->desc->flash_version,
		                       .window = WINDOW,
		                       .messages = MESSAGES,
		                       .idle = IDLE,
		                       .memory = UINT64_C(512) << 20,
		                       .model = "a virtual board" };
	uint8_t bytes[FLASHWIRE_INFO_MAX];
	snprintf(info.serial, sizeof info.serial, "%s", f->desc->serial ? f->desc->serial : "");
	for (size_t i = 0; i < f->disk_count; i++) {
		struct disk *d = &f->disks[i];
		if (f->open && f->open != d)
			continue;
		struct flashwire_disk *to = &info.disks[info.count++];
		*to = (struct flashwire_disk){ .read_only = d->read_only,
			                       .sector = SECTOR,
			                       .size = vmedium_size(d->medium) };
		to->kind = strncmp(d->name, "nvme", 4) == 0     ? FLASHWIRE_KIND_NVME
		           : strcmp(d->name, "mmcblk1") == 0    ? FLASHWIRE_KIND_SD
		           : strncmp(d->name, "mmcblk", 6) == 0 ? FLASHWIRE_KIND_EMMC
		                                                : FLASHWIRE_KIND_OTHER;
		snprintf(to->name, sizeof to->name, "%s", d->name);
	}
	answer(f, now,
	       (struct flashwire){ .type = FLASHWIRE_INFO,
	                           .sequence = op->m.sequence,
	                           .payload = flashwire_put_info(bytes, &info) },
	       bytes, op->fault);
}

static void answer_ack(struct vflash *f, uint64_t now, uint32_t sequence,
                       const struct vfault *fault)
{
	f->acknowledged = sequence;
	answer(f, now,
	       (struct flashwire){
		       .type = FLASHWIRE_ACK, .sequence = sequence, .offset = f->session_written },
	       NULL, fault);
}

/* --- what messages do */

static void mark(struct disk *d, uint64_t offset, uint64_t n, uint8_t state)
{
	for (uint64_t i = offset / VMEDIUM_CHUNK; i * VMEDIUM_CHUNK < offset + n; i++)
		if (state == 1 || d->states[i])
			d->states[i] = state;
}

/* The first MiB gets contents: everything else must have been hashed since it was written. */
static void judge_first(struct vflash *f, uint64_t now, const struct disk *d)
{
	uint64_t chunks = (vmedium_size(d->medium) + VMEDIUM_CHUNK - 1) / VMEDIUM_CHUNK;
	for (uint64_t i = 1; i < chunks && !f->desc->flash_unverified; i++)
		if (d->states[i] == 1) {
			f->judge(f->ctx, now,
			         "the first MiB is written before all others were verified");
			return;
		}
}

static void do_write(struct vflash *f, uint64_t now, struct op *op)
{
	struct disk *d = f->open;
	uint8_t *plain = must(malloc(FLASHWIRE_CHUNK));
	const struct flashwire *m = &op->m;
	bool data = m->type == FLASHWIRE_DATA, bad = false;
	uint64_t size = vmedium_size(d->medium);
	uint64_t n = (m->length + SECTOR - 1) / SECTOR * SECTOR;
	if (m->offset > size || n > size - m->offset) {
		answer_error(f, now, op, FLASHWIRE_OUTSIDE, false);
	} else if (f->open_read_only || d->read_only) {
		answer_error(f, now, op, FLASHWIRE_CANNOT_WRITE, false);
	} else {
		if (data && m->flags & FLASHWIRE_RAW)
			memcpy(plain, op->payload, m->length);
		else if (data)
			bad = !frame_unpack(f->unpacker, plain, m->length, op->payload, m->payload);
		if (data && !bad && m->offset == 0)
			judge_first(f, now, d);
		if (op->fault && op->fault->kind == VFAULT_WRONG)
			plain[m->length / 2] ^= 1;
		if (bad)
			f->judge(f->ctx, now, "a frame that cannot be decompressed");
		else if (op->fault && op->fault->kind == VFAULT_LIE)
			;
		else if (data) {
			memset(plain + m->length, 0, (size_t)n - m->length);
			vmedium_write(d->medium, m->offset, plain, (size_t)n);
		} else {
			vmedium_zero(d->medium, m->offset, n);
		}
		mark(d, m->offset, n, 1);
		f->session_written += m->length;
		f->stats.written += m->length;
		if (bad)
			answer_error(f, now, op, FLASHWIRE_BAD_FRAME, false);
		else
			answer_ack(f, now, m->sequence, op->fault);
	}
	free(plain);
}

static void do_hash(struct vflash *f, uint64_t now, struct op *op)
{
	uint8_t digests[FLASHWIRE_DIGESTS_MAX];
	const struct flashwire *m = &op->m;
	uint64_t done = 0;
	if (m->offset > vmedium_size(f->open->medium) ||
	    m->length > vmedium_size(f->open->medium) - m->offset) {
		answer_error(f, now, op, FLASHWIRE_OUTSIDE, false);
		return;
	}
	for (uint32_t i = 0; done < m->length; i++) {
		size_t n = m->length - done < FLASHWIRE_CHUNK ? (size_t)(m->length - done)
		                                              : FLASHWIRE_CHUNK;
		vmedium_sha256(f->open->medium, m->offset + done, n,
		               digests + (size_t)i * SHA256_SIZE);
		done += n;
	}
	mark(f->open, m->offset, m->length, 2);
	answer(f, now,
	       (struct flashwire){ .type = FLASHWIRE_DIGESTS,
	                           .sequence = m->sequence,
	                           .offset = m->offset,
	                           .length = m->length,
	                           .payload = flashwire_chunks(m->length) * SHA256_SIZE },
	       digests, op->fault);
}

static void do_read(struct vflash *f, uint64_t now, struct op *op)
{
	const struct flashwire *m = &op->m;
	size_t room = frame_bound(FLASHWIRE_CHUNK);
	uint8_t *plain = must(malloc(FLASHWIRE_CHUNK)), *packed = must(malloc(room));
	if (m->offset > vmedium_size(f->open->medium) ||
	    m->length > vmedium_size(f->open->medium) - m->offset) {
		answer_error(f, now, op, FLASHWIRE_OUTSIDE, false);
		m = NULL;
	}
	for (uint32_t done = 0; m && done < m->length;) {
		uint32_t n = m->length - done < FLASHWIRE_CHUNK ? m->length - done
		                                                : FLASHWIRE_CHUNK;
		struct flashwire out = { .type = FLASHWIRE_CHUNK_DATA,
			                 .sequence = m->sequence,
			                 .offset = m->offset + done,
			                 .length = n };
		const uint8_t *payload = packed;
		vmedium_read(f->open->medium, out.offset, plain, n);
		out.payload = (uint32_t)frame_pack(f->packer, packed, room, plain, n);
		if (vmedium_is_zero(f->open->medium, out.offset, n)) {
			out.flags = FLASHWIRE_ZEROS;
			out.payload = 0;
		} else if (out.payload == 0 || out.payload >= n) {
			out.flags = FLASHWIRE_RAW;
			out.payload = n;
			payload = plain;
		}
		answer(f, now, out, payload, op->fault);
		done += n;
	}
	free(packed);
	free(plain);
}

static void do_open(struct vflash *f, uint64_t now, struct op *op)
{
	char name[FLASHWIRE_NAME];
	struct disk *d = NULL;
	bool read_only = op->m.flags & FLASHWIRE_READ_ONLY;
	if (flashwire_get_open(op->payload, op->m.payload, name))
		for (size_t i = 0; i < f->disk_count; i++)
			d = strcmp(f->disks[i].name, name) == 0 ? &f->disks[i] : d;
	if (!d)
		answer_error(f, now, op, FLASHWIRE_NO_DISK, false);
	else if (f->open)
		answer_error(f, now, op, FLASHWIRE_BAD_MESSAGE, false);
	else if (d->read_only && !read_only)
		answer_error(f, now, op, FLASHWIRE_CANNOT_WRITE, false);
	else if (op->m.offset > vmedium_size(d->medium))
		answer_error(f, now, op, FLASHWIRE_TOO_SMALL, false);
	else {
		f->open = d;
		f->stats.open = true;
		f->open_read_only = read_only;
		memset(d->states, 0, (size_t)(vmedium_size(d->medium) / VMEDIUM_CHUNK) + 1);
		answer_info(f, now, op);
	}
}

static void do_hello(struct vflash *f, uint64_t now, struct op *op)
{
	struct flashwire_versions host,
		board = { (uint16_t)f->desc->flash_version, (uint16_t)f->desc->flash_version };
	if (!flashwire_get_hello(op->payload, op->m.payload, &host) ||
	    !flashwire_common_version(&host, &board)) {
		answer_error(f, now, op, FLASHWIRE_BAD_VERSION, true);
		return;
	}
	f->greeted = true;
	answer_info(f, now, op);
}

static void do_op(struct vflash *f, uint64_t now, struct op *op)
{
	bool needs_disk = op->m.type >= FLASHWIRE_DATA && op->m.type <= FLASHWIRE_CLOSE &&
	                  op->m.type != FLASHWIRE_SYNC;
	if (op->fault && op->fault->kind == VFAULT_REFUSE) {
		answer_error(f, now, op, op->fault->number,
		             op->fault->number == FLASHWIRE_BAD_VERSION ||
		                     op->fault->number == FLASHWIRE_IDLE);
		return;
	}
	if (needs_disk && !f->open) {
		f->judge(f->ctx, now, "a message about a disk, and none is open");
		answer_error(f, now, op, FLASHWIRE_BAD_MESSAGE, false);
		return;
	}
	switch (op->m.type) {
	case FLASHWIRE_HELLO:
		do_hello(f, now, op);
		break;
	case FLASHWIRE_OPEN:
		do_open(f, now, op);
		break;
	case FLASHWIRE_DATA:
	case FLASHWIRE_HOLE:
		do_write(f, now, op);
		break;
	case FLASHWIRE_HASH:
		do_hash(f, now, op);
		break;
	case FLASHWIRE_READ:
		do_read(f, now, op);
		break;
	case FLASHWIRE_CLOSE:
		f->stats.kept = op->m.flags & FLASHWIRE_KEEP;
		f->stats.closed = now;
		f->open = NULL;
		f->stats.open = false;
		answer_ack(f, now, op->m.sequence, op->fault);
		break;
	default: /* SYNC, REBOOT */
		answer_ack(f, now, op->m.sequence, op->fault);
		break;
	}
}

void vflash_tick(struct vflash *f, uint64_t now)
{
	while (f->ops && f->ops->due <= now && !f->over && now >= f->silent) {
		do_op(f, now, f->ops);
		drop_op(f);
	}
	if (f->ops && !f->over && f->greeted && now >= f->life && now >= f->silent)
		answer_ack(f, now, f->acknowledged, NULL);
}

uint64_t vflash_next(const struct vflash *f)
{
	if (!f->ops || f->over)
		return VDESC_FOREVER;
	uint64_t next = f->ops->due < f->life || !f->greeted ? f->ops->due : f->life;
	return next > f->silent ? next : f->silent;
}

/* --- what comes */

static uint64_t cost(const struct vflash *f, const struct flashwire *m)
{
	uint64_t us = f->desc->medium_speed ? m->length * UINT64_C(1000000) / f->desc->medium_speed
	                                    : 0;
	return m->type == FLASHWIRE_HOLE ? us / HOLE_SPEED : us;
}

static void message_name(uint16_t type, char out[16])
{
	snprintf(out, 16, "%s", flashwire_type_name(type));
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

static const struct vfault *strike(struct vflash *f, const char *name, unsigned type)
{
	return f->fault(f->ctx, name, f->counts[type]++, f->counts[TYPES]++);
}

/* A message is complete: it is queued. Returns a fault that strikes. */
static const struct vfault *receive(struct vflash *f, uint64_t now, const struct flashwire *m)
{
	char name[16];
	struct op *op = must(calloc(1, sizeof *op));
	op->m = *m;
	op->payload = must(malloc(m->payload + 1));
	memcpy(op->payload, f->stream + FLASHWIRE_HEADER, m->payload);
	message_name(m->type, name);
	memcpy(f->last, name, sizeof name);
	op->fault = strike(f, name, m->type);
	f->stats.messages++;
	f->pending += FLASHWIRE_HEADER + m->payload;
	f->pending_count++;
	if (f->pending > WINDOW || f->pending_count > MESSAGES)
		f->judge(f->ctx, now, "more is sent than the window holds");
	if (!f->greeted && f->pending_count > 1)
		f->judge(f->ctx, now, "a second message is sent before INFO");
	if (!f->ops)
		f->life = now + LIFE;
	if (op->fault && op->fault->kind == VFAULT_NAK)
		f->silent = op->fault->us == VDESC_FOREVER ? VDESC_FOREVER : now + op->fault->us;
	f->busy = (f->busy > now ? f->busy : now) + cost(f, m);
	op->due = f->busy;
	*f->last_op = op;
	f->last_op = &op->next;
	return op->fault;
}

static const struct vfault *parse(struct vflash *f, uint64_t now)
{
	const struct vfault *fault = NULL, *one;
	struct flashwire m;
	while (f->have >= FLASHWIRE_HEADER && !f->over) {
		enum flashwire_result result = flashwire_request(f->stream, &m);
		size_t size = FLASHWIRE_HEADER + (size_t)m.payload;
		if (result != FLASHWIRE_OK || m.sequence != f->sequence + 1) {
			f->judge(f->ctx, now, "a message that is malformed or out of order");
			f->over = true;
			break;
		}
		if (f->have < size)
			break;
		f->sequence = m.sequence;
		one = receive(f, now, &m);
		fault = one ? one : fault;
		f->have -= size;
		memmove(f->stream, f->stream + size, f->have);
	}
	return fault;
}

bool vflash_begin(struct vflash *f, uint64_t now, uint8_t out[FLASHWIRE_BEGIN_SIZE],
                  const struct vfault **fault)
{
	struct flashwire_versions board = { (uint16_t)f->desc->flash_version,
		                            (uint16_t)f->desc->flash_version };
	*fault = strike(f, "begin", 0);
	if (*fault && (*fault)->kind == VFAULT_REFUSE)
		return false;
	end_session(f);
	f->begun = true;
	f->stats.begins++;
	f->busy = now;
	flashwire_put_begin(out, &board);
	if (*fault && (*fault)->kind == VFAULT_GARBAGE && (*fault)->number < FLASHWIRE_BEGIN_SIZE)
		out[(*fault)->number] ^= 0xff;
	return true;
}

bool vflash_takes(const struct vflash *f, uint64_t now)
{
	return now >= f->silent && f->pending < WINDOW;
}

const struct vfault *vflash_take(struct vflash *f, uint64_t now, const uint8_t *bytes, size_t n)
{
	const struct vfault *fault = NULL, *one;
	bool ends = n % PACKET != 0 || n == 0;
	f->stats.out_bytes += n;
	if (!f->begun)
		f->judge(f->ctx, now, "bytes before a session was begun");
	if (f->over || !f->begun)
		return NULL;
	while (n > 0 || ends) {
		size_t room = READ_SIZE - f->waits, some = n < room ? n : room;
		memcpy(f->waiting + f->waits, bytes, some);
		f->waits += some;
		bytes += some;
		n -= some;
		if (f->waits < READ_SIZE && !(ends && n == 0))
			break;
		memcpy(f->stream + f->have, f->waiting, f->waits);
		f->have += f->waits;
		f->waits = 0;
		ends = ends && n > 0;
		one = parse(f, now);
		fault = one ? one : fault;
	}
	return fault;
}

bool vflash_give(struct vflash *f, uint64_t now, uint8_t *to, size_t n, size_t *actual)
{
	struct answer *a = f->answers;
	*actual = 0;
	if (now < f->silent)
		return false;
	if (f->empty_packet) {
		f->empty_packet = false;
		return true;
	}
	if (!a)
		return false;
	size_t some = a->size - a->given < n ? a->size - a->given : n;
	memcpy(to, a->bytes + a->given, some);
	a->given += some;
	*actual = some;
	f->stats.in_bytes += some;
	f->empty_packet = a->given == a->size && some == n; /* it filled the transfer */
	if (a->given == a->size)
		drop_answer(f);
	return true;
}
