/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/medium_direct.h"

#include "flash/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct medium_direct {
	struct medium medium; /* first: the same address */
	struct medium_direct_setup setup;
	uint64_t hole, hole_size; /* a range that is to be zeroed and not sent yet */
	uint8_t digests[FLASHWIRE_DIGESTS_MAX];
	struct frame_unpacker *frame;
	uint64_t read_at, read_end; /* what the board still sends of the last READ */
};

static struct medium_direct *medium_direct_of(struct medium *m)
{
	return (struct medium_direct *)m;
}

/* Passes on what the session returned. */
static enum err medium_direct_result(struct medium_direct *d, enum err err)
{
	struct direct *session = d->setup.session;
	d->medium.pending = direct_sent(session) - direct_written(session) + d->hole_size;
	if (err)
		snprintf(d->medium.problem, MEDIUM_PROBLEM, "%s", direct_problem(session));
	return err;
}

/* Sends the hole that is waiting. */
static enum err medium_direct_send_hole(struct medium_direct *d)
{
	enum err err = OK;
	while (!err && d->hole_size > 0) {
		uint32_t n = (uint32_t)(d->hole_size < FLASHWIRE_RANGE ? d->hole_size
		                                                       : FLASHWIRE_RANGE);
		struct flashwire m = { .type = FLASHWIRE_HOLE, .offset = d->hole, .length = n };
		err = direct_send(d->setup.session, &m);
		d->hole += n;
		d->hole_size -= n;
	}
	return err;
}

/* Adds a range to the hole that is waiting, or sends that and begins another. */
static enum err medium_direct_add_hole(struct medium_direct *d, uint64_t offset, uint64_t n)
{
	enum err err = OK;
	bool follows = d->hole_size > 0 && offset == d->hole + d->hole_size;
	if (!follows) {
		err = medium_direct_send_hole(d);
		d->hole = offset;
	}
	d->hole_size += n;
	if (!err && d->hole_size >= FLASHWIRE_RANGE)
		err = medium_direct_send_hole(d);
	return err;
}

static enum err medium_direct_write(struct medium *m, size_t index)
{
	struct medium_direct *d = medium_direct_of(m);
	const struct spool_chunk *chunk = spool_chunk(m->spool, index);
	uint64_t offset = (uint64_t)index * SPOOL_CHUNK;
	if (chunk->stored == 0)
		return medium_direct_result(d, medium_direct_add_hole(d, offset, chunk->size));
	enum err err = medium_direct_send_hole(d);
	if (err)
		return medium_direct_result(d, err);
	if (!spool_stored(m->spool, index, direct_payload(d->setup.session))) {
		snprintf(m->problem, MEDIUM_PROBLEM, "the spool cannot be read");
		return ERR_IMAGE_READ;
	}
	struct flashwire message = { .type = FLASHWIRE_DATA,
		                     .offset = offset,
		                     .length = chunk->size,
		                     .payload = chunk->stored,
		                     .flags = chunk->stored == chunk->size ? FLASHWIRE_RAW : 0 };
	return medium_direct_result(d, direct_send(d->setup.session, &message));
}

static enum err medium_direct_zero(struct medium *m, uint64_t offset, uint64_t length)
{
	struct medium_direct *d = medium_direct_of(m);
	return medium_direct_result(d, medium_direct_add_hole(d, offset, length));
}

static enum err medium_direct_settle(struct medium *m)
{
	struct medium_direct *d = medium_direct_of(m);
	enum err err = medium_direct_send_hole(d);
	if (!err)
		err = direct_send(d->setup.session, &(struct flashwire){ .type = FLASHWIRE_SYNC });
	if (!err)
		err = direct_finish(d->setup.session);
	return medium_direct_result(d, err);
}

static enum err medium_direct_verify(struct medium *m, size_t first, size_t count,
                                     struct medium_difference *difference)
{
	struct medium_direct *d = medium_direct_of(m);
	uint64_t offset = (uint64_t)first * SPOOL_CHUNK, length = 0;
	*difference = (struct medium_difference){ 0 };
	for (size_t i = first; i < first + count; i++)
		length += spool_chunk(m->spool, i)->size;
	enum err err = direct_hash(d->setup.session, offset, (uint32_t)length, d->digests);
	if (err)
		return medium_direct_result(d, err);
	for (size_t i = 0; i < count && !difference->found; i++) {
		const uint8_t *wanted = spool_chunk(m->spool, first + i)->sha256;
		if (memcmp(d->digests + i * SHA256_SIZE, wanted, SHA256_SIZE) == 0)
			continue;
		difference->found = true;
		difference->offset = offset + i * SPOOL_CHUNK;
	}
	return OK;
}

/* --- reading: a whole range is asked for as soon as reading goes on in order */

/* The next chunk of the READ that is under way; TO has room for N bytes, its length. */
static enum err medium_direct_take_chunk(struct medium_direct *d, uint8_t *to, size_t n)
{
	struct flashwire message;
	const uint8_t *payload;
	enum err err = direct_read_chunk(d->setup.session, &message, &payload);
	if (err)
		return medium_direct_result(d, err);
	d->read_at += message.length;
	if (message.flags & FLASHWIRE_ZEROS)
		memset(to, 0, n);
	else if (message.flags & FLASHWIRE_RAW)
		memcpy(to, payload, n);
	else if (!frame_unpack(d->frame, to, n, payload, message.payload)) {
		snprintf(d->medium.problem, MEDIUM_PROBLEM,
		         "the board sent bytes that cannot be decompressed, at byte %llu",
		         (unsigned long long)message.offset);
		return ERR_DIRECT;
	}
	return OK;
}

/* Takes what is still to come of a READ that nobody goes on with. */
static enum err medium_direct_skip(struct medium_direct *d)
{
	struct flashwire message;
	const uint8_t *payload;
	enum err err = OK;
	while (!err && d->read_at < d->read_end) {
		err = direct_read_chunk(d->setup.session, &message, &payload);
		d->read_at += err ? 0 : message.length;
	}
	return medium_direct_result(d, err);
}

/* Asks for N bytes from OFFSET, more when only reading. */
static enum err medium_direct_begin_read(struct medium_direct *d, uint64_t offset, size_t n)
{
	uint64_t size = d->medium.size - offset;
	enum err err = medium_direct_skip(d);
	if (d->medium.spool)
		size = n;
	if (size > FLASHWIRE_RANGE)
		size = FLASHWIRE_RANGE;
	if (!err)
		err = medium_direct_result(d,
		                           direct_read(d->setup.session, offset, (uint32_t)size));
	d->read_at = offset;
	d->read_end = err ? offset : offset + size;
	return err;
}

static enum err medium_direct_read_bytes(struct medium *m, uint64_t offset, void *to, size_t n)
{
	struct medium_direct *d = medium_direct_of(m);
	enum err err = OK;
	for (size_t done = 0; !err && done < n;) {
		size_t part = n - done < FLASHWIRE_CHUNK ? n - done : FLASHWIRE_CHUNK;
		uint64_t left = d->read_end - d->read_at;
		bool goes_on = d->read_at == offset + done && left > 0 &&
		               part == (left < FLASHWIRE_CHUNK ? left : FLASHWIRE_CHUNK);
		if (!goes_on)
			err = medium_direct_begin_read(d, offset + done, n - done);
		left = d->read_end - d->read_at;
		if (!err && part != (left < FLASHWIRE_CHUNK ? left : FLASHWIRE_CHUNK)) {
			/* less than a chunk, not at the end of what was asked for */
			snprintf(m->problem, MEDIUM_PROBLEM, "not a chunk");
			return ERR_DISK_READ;
		}
		if (!err)
			err = medium_direct_take_chunk(d, (uint8_t *)to + done, part);
		done += part;
	}
	return err;
}

/* --- opening and closing */

static enum err medium_direct_confirm(struct medium *m)
{
	struct medium_direct *d = medium_direct_of(m);
	if (d->setup.is_there(d->setup.ctx))
		return OK; /* the session is with this attachment of the device, and with one disk */
	snprintf(m->problem, MEDIUM_PROBLEM, "the board is gone");
	return ERR_BOARD_LOST;
}

static enum err medium_direct_publish(struct medium *m)
{
	struct medium_direct *d = medium_direct_of(m);
	return medium_direct_result(d, direct_close_disk(d->setup.session, d->setup.keep));
}

static void medium_direct_close(struct medium *m)
{
	struct medium_direct *d = medium_direct_of(m);
	frame_unpacker_free(d->frame);
	free(d);
}

static const struct medium_ops medium_direct_ops = {
	.write = medium_direct_write,
	.zero = medium_direct_zero,
	.settle = medium_direct_settle,
	.verify = medium_direct_verify,
	.read = medium_direct_read_bytes,
	.confirm = medium_direct_confirm,
	.publish = medium_direct_publish,
	.close = medium_direct_close,
};

enum err medium_direct_open(const struct medium_direct_setup *setup, const struct spool *spool,
                            struct medium **out, char problem[MEDIUM_PROBLEM])
{
	struct medium_direct *d = calloc(1, sizeof *d);
	struct direct *session = setup->session;
	const struct flashwire_disk *disk = setup->disk, *opened = &direct_info(session)->disks[0];
	uint64_t size = disk->size;
	uint32_t sector = disk->sector;
	char name[FLASHWIRE_NAME], model[FLASHWIRE_DISK_MODEL];
	*problem = 0;
	if (!d)
		return ERR_MEMORY;
	memcpy(name, disk->name, sizeof name); /* INFO changes when the disk is opened */
	memcpy(model, disk->model, sizeof model);
	d->setup = *setup;
	d->frame = frame_unpacker_new();
	enum err err = d->frame ? direct_open_disk(session, name, spool ? spool_size(spool) : 0,
	                                           spool == NULL)
	                        : ERR_MEMORY;
	if (err)
		snprintf(problem, MEDIUM_PROBLEM, "%s: %s", name, direct_problem(session));
	if (!err && (opened->size != size || opened->sector != sector)) {
		snprintf(problem, MEDIUM_PROBLEM, "%s has %llu bytes, not %llu as before", name,
		         (unsigned long long)opened->size, (unsigned long long)size);
		err = ERR_DISK_IDENTITY;
	}
	if (!err && strcmp(opened->model, model) != 0) {
		snprintf(problem, MEDIUM_PROBLEM, "%s is a '%s', not a '%s' as before", name,
		         opened->model, model);
		err = ERR_DISK_IDENTITY;
	}
	if (err) {
		medium_direct_close(&d->medium);
		return err;
	}
	d->medium.ops = &medium_direct_ops;
	d->medium.spool = spool;
	d->medium.size = size;
	d->medium.verify_count = FLASHWIRE_RANGE / FLASHWIRE_CHUNK;
	d->medium.past_cache = true;
	d->medium.direct = true;
	snprintf(d->medium.name, sizeof d->medium.name, "%s", name);
	*out = &d->medium;
	return OK;
}

enum err medium_direct_eject(struct direct *session, const char *name, char problem[MEDIUM_PROBLEM])
{
	enum err err = direct_open_disk(session, name, 0, true);
	if (!err)
		err = direct_close_disk(session, true);
	if (err)
		snprintf(problem, MEDIUM_PROBLEM, "%s: %s", name, direct_problem(session));
	return err;
}
