/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/spool.h"

#include "flash/frame.h"
#include "platform/plat.h"
#include "platform/plat_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PACKERS_MAX 8
#define SLOTS_MAX   (PACKERS_MAX + 2) /* one is filled, one waits */

enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_QUEUED, SLOT_PACKING };

struct slot {
	uint8_t *bytes;
	size_t n, index;
	enum slot_state state;
};

struct spool {
	int fd;
	struct plat_thread *packers[PACKERS_MAX];
	unsigned packer_count, slot_count;

	struct plat_monitor *monitor; /* for all below */
	struct slot slots[SLOTS_MAX];
	struct spool_chunk *chunks;
	size_t count, room;
	uint64_t size, used;
	bool ending;
	int err; /* an errno value */
};

/* --- packing */

static bool spool_is_zero(const uint8_t *bytes, size_t n)
{
	return n == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0);
}

static void spool_hash(const uint8_t *bytes, size_t n, uint8_t out[SHA256_SIZE])
{
	struct sha256 hash;
	sha256_init(&hash);
	sha256_add(&hash, bytes, n);
	sha256_end(&hash, out);
}

/* Stores N bytes at the end of the file. */
static int spool_append(struct spool *s, const void *bytes, size_t n, uint64_t *at)
{
	plat_lock(s->monitor);
	*at = s->used;
	s->used += n;
	plat_unlock(s->monitor);
	return plat_write_at(s->fd, *at, bytes, n);
}

struct packer {
	struct frame_packer *frame;
	uint8_t *packed;
	size_t room;
};

static int spool_pack(struct spool *s, struct packer *p, const struct slot *slot,
                      struct spool_chunk *chunk)
{
	chunk->size = (uint32_t)slot->n;
	spool_hash(slot->bytes, slot->n, chunk->sha256);
	if (spool_is_zero(slot->bytes, slot->n))
		return 0;
	size_t n = frame_pack(p->frame, p->packed, p->room, slot->bytes, slot->n);
	if (n == 0)
		return ENOMEM;
	bool smaller = n < slot->n;
	chunk->stored = (uint32_t)(smaller ? n : slot->n);
	return spool_append(s, smaller ? p->packed : slot->bytes, chunk->stored, &chunk->at);
}

/* The earliest chunk that waits. */
static struct slot *spool_queued(struct spool *s)
{
	struct slot *first = NULL;
	for (unsigned i = 0; i < s->slot_count; i++) {
		struct slot *slot = &s->slots[i];
		if (slot->state == SLOT_QUEUED && (!first || slot->index < first->index))
			first = slot;
	}
	return first;
}

static void spool_packer_main(void *arg)
{
	struct spool *s = arg;
	struct packer p = { .frame = frame_packer_new(), .room = frame_bound(SPOOL_CHUNK) };
	p.packed = malloc(p.room);
	plat_lock(s->monitor);
	if (!p.frame || !p.packed)
		s->err = ENOMEM;
	while (!s->err) {
		struct slot *slot = spool_queued(s);
		struct spool_chunk chunk = { 0 };
		if (!slot && s->ending)
			break;
		if (!slot) {
			plat_wait(s->monitor, PLAT_FOREVER);
			continue;
		}
		slot->state = SLOT_PACKING;
		plat_unlock(s->monitor);
		int err = spool_pack(s, &p, slot, &chunk);
		plat_lock(s->monitor);
		if (err)
			s->err = err;
		s->chunks[slot->index] = chunk;
		slot->state = SLOT_FREE;
		plat_broadcast(s->monitor);
	}
	plat_broadcast(s->monitor);
	plat_unlock(s->monitor);
	frame_packer_free(p.frame);
	free(p.packed);
}

/* --- writing */

static bool spool_start(struct spool *s)
{
	unsigned wanted = plat_processors();
	if (wanted > PACKERS_MAX)
		wanted = PACKERS_MAX;
	s->slot_count = wanted + 2;
	for (unsigned i = 0; i < s->slot_count; i++) {
		s->slots[i].bytes = malloc(SPOOL_CHUNK);
		if (!s->slots[i].bytes)
			return false;
	}
	while (s->packer_count < wanted) {
		s->packers[s->packer_count] = plat_thread_start(spool_packer_main, s);
		if (!s->packers[s->packer_count])
			break;
		s->packer_count++;
	}
	return s->packer_count > 0;
}

int spool_open(const char *directory, struct spool **out)
{
	struct spool *s = calloc(1, sizeof *s);
	if (!s)
		return ENOMEM;
	s->fd = -1;
	s->monitor = plat_monitor_new();
	int err = s->monitor ? plat_unnamed_file(directory, &s->fd) : ENOMEM;
	if (!err && !spool_start(s))
		err = ENOMEM;
	if (err) {
		spool_free(s);
		return err;
	}
	*out = s;
	return 0;
}

/* Lets the packers finish what waits, and ends them. */
static void spool_join(struct spool *s)
{
	if (s->packer_count == 0)
		return;
	plat_lock(s->monitor);
	s->ending = true;
	plat_broadcast(s->monitor);
	plat_unlock(s->monitor);
	while (s->packer_count > 0)
		plat_thread_join(s->packers[--s->packer_count]);
}

void spool_free(struct spool *spool)
{
	if (!spool)
		return;
	spool_join(spool);
	for (unsigned i = 0; i < spool->slot_count; i++)
		free(spool->slots[i].bytes);
	if (spool->fd >= 0)
		plat_close(spool->fd);
	plat_monitor_free(spool->monitor);
	free(spool->chunks);
	free(spool);
}

static struct slot *spool_free_slot(struct spool *s)
{
	for (unsigned i = 0; i < s->slot_count; i++)
		if (s->slots[i].state == SLOT_FREE)
			return &s->slots[i];
	return NULL;
}

void *spool_buffer(struct spool *spool)
{
	struct slot *slot = NULL;
	plat_lock(spool->monitor);
	while (!spool->err && !(slot = spool_free_slot(spool)))
		plat_wait(spool->monitor, PLAT_FOREVER);
	if (slot)
		slot->state = SLOT_FILLING;
	plat_unlock(spool->monitor);
	return slot ? slot->bytes : NULL;
}

/* Room in the index for one chunk more. */
static bool spool_grow(struct spool *s)
{
	if (s->count < s->room)
		return true;
	size_t room = s->room ? 2 * s->room : 1024;
	struct spool_chunk *chunks = realloc(s->chunks, room * sizeof *chunks);
	if (!chunks)
		return false;
	s->chunks = chunks;
	s->room = room;
	return true;
}

void spool_put(struct spool *spool, void *buffer, size_t n)
{
	plat_lock(spool->monitor);
	for (unsigned i = 0; i < spool->slot_count; i++) {
		struct slot *slot = &spool->slots[i];
		if (slot->bytes != buffer)
			continue;
		slot->state = SLOT_FREE;
		if (n == 0)
			continue;
		if (!spool_grow(spool)) {
			spool->err = ENOMEM;
			continue;
		}
		slot->n = n;
		slot->index = spool->count++;
		slot->state = SLOT_QUEUED;
		spool->size += n;
	}
	plat_broadcast(spool->monitor);
	plat_unlock(spool->monitor);
}

int spool_finish(struct spool *spool)
{
	spool_join(spool);
	return spool->err;
}

uint64_t spool_used(struct spool *spool)
{
	plat_lock(spool->monitor);
	uint64_t used = spool->used;
	plat_unlock(spool->monitor);
	return used;
}

uint64_t spool_free_space(const struct spool *spool)
{
	return plat_free_space(spool->fd);
}

/* --- reading */

uint64_t spool_size(const struct spool *spool)
{
	return spool->size;
}

size_t spool_count(const struct spool *spool)
{
	return spool->count;
}

const struct spool_chunk *spool_chunk(const struct spool *spool, size_t index)
{
	return &spool->chunks[index];
}

bool spool_stored(const struct spool *spool, size_t index, void *to)
{
	const struct spool_chunk *chunk = &spool->chunks[index];
	return plat_read_at(spool->fd, chunk->at, to, chunk->stored) == (int64_t)chunk->stored;
}

struct spool_reader {
	const struct spool *spool;
	struct frame_unpacker *frame;
	uint8_t *stored;
};

struct spool_reader *spool_reader_new(const struct spool *spool)
{
	struct spool_reader *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->spool = spool;
	r->frame = frame_unpacker_new();
	r->stored = malloc(SPOOL_CHUNK);
	if (r->frame && r->stored)
		return r;
	spool_reader_free(r);
	return NULL;
}

void spool_reader_free(struct spool_reader *reader)
{
	if (!reader)
		return;
	frame_unpacker_free(reader->frame);
	free(reader->stored);
	free(reader);
}

bool spool_read(struct spool_reader *reader, size_t index, void *to)
{
	const struct spool_chunk *chunk = &reader->spool->chunks[index];
	if (chunk->stored == 0) {
		memset(to, 0, chunk->size);
		return true;
	}
	if (chunk->stored == chunk->size)
		return spool_stored(reader->spool, index, to);
	return spool_stored(reader->spool, index, reader->stored) &&
	       frame_unpack(reader->frame, to, chunk->size, reader->stored, chunk->stored);
}
