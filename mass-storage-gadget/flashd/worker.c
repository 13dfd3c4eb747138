/* SPDX-License-Identifier: Apache-2.0 */
#include "flashd/worker.h"

#include "flash/frame.h"
#include "flashd/failure.h"
#include "formats/sha256.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE  4096
#define STACK (256u << 10)

/* --- frames */

static void worker_unpack(const struct worker *w, struct job *job)
{
	const struct flashwire *m = &job->message;
	if (m->flags & FLASHWIRE_RAW)
		memcpy(job->chunk, job->payload, m->length);
	else if (!frame_unpack(w->unpacker, job->chunk, m->length, job->payload, m->payload))
		job->refuse = (struct flashwire_error){ FLASHWIRE_BAD_FRAME, 0,
			                                "not a frame of the stated length" };
	/* the last sector is filled up */
	memset(job->chunk + m->length, 0,
	       (FLASHWIRE_ALIGN - m->length % FLASHWIRE_ALIGN) % FLASHWIRE_ALIGN);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct job *job;
	while ((job = queue_to_unpack(w->queue, w->number))) {
		worker_unpack(w, job);
		queue_unpacked(w->queue, job);
	}
	return NULL;
}

static void worker_free(struct worker *w)
{
	frame_unpacker_free(w->unpacker);
	frame_packer_free(w->packer);
	free(w->chunk);
	free(w->frame);
}

static bool worker_start(struct worker *w)
{
	pthread_attr_t attributes;
	w->unpacker = frame_unpacker_new();
	w->chunk = aligned_alloc(PAGE, FLASHWIRE_CHUNK);
	if (!w->unpacker || !w->chunk)
		return false;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	int err = pthread_create(&w->thread, &attributes, worker_main, w);
	pthread_attr_destroy(&attributes);
	return err == 0;
}

bool workers_start(struct workers *w, struct queue *queue)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = processors > 0 && processors < WORKERS ? (unsigned)processors : WORKERS;
	*w = (struct workers){ 0 };
	while (w->count < count) {
		struct worker *one = &w->all[w->count];
		*one = (struct worker){ .queue = queue, .number = w->count };
		if (!worker_start(one)) {
			worker_free(one);
			break;
		}
		w->count++;
	}
	return w->count > 0;
}

void workers_join(struct workers *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		pthread_join(w->all[i].thread, NULL);
		worker_free(&w->all[i]);
	}
}

/* --- chunks of the disk */

struct range {
	struct workers *workers;
	struct disk *disk;
	const struct flashwire *message;
	struct reply *reply;
	uint8_t digests[FLASHWIRE_DIGESTS_MAX];

	pthread_mutex_t lock; /* for the rest */
	pthread_cond_t moved;
	uint32_t sent; /* chunks that went to the host */
	int err;       /* of the first chunk that failed */
	uint64_t failed_at;
	bool host_gone;
};

static uint32_t range_length(const struct range *r, uint32_t number)
{
	uint32_t done = number * FLASHWIRE_CHUNK;
	return r->message->length - done < FLASHWIRE_CHUNK ? r->message->length - done
	                                                   : FLASHWIRE_CHUNK;
}

static uint64_t range_offset(const struct range *r, uint32_t number)
{
	return r->message->offset + (uint64_t)number * FLASHWIRE_CHUNK;
}

static void range_fail(struct range *r, uint32_t number, int err)
{
	pthread_mutex_lock(&r->lock);
	if (!r->err || range_offset(r, number) < r->failed_at) {
		r->err = err;
		r->failed_at = range_offset(r, number);
	}
	pthread_mutex_unlock(&r->lock);
}

/* Reads a chunk into the worker's buffer. */
static bool range_load(struct range *r, struct worker *w, uint32_t number)
{
	uint32_t sector = disk_facts(r->disk)->sector, length = range_length(r, number);
	int err = disk_read(r->disk, range_offset(r, number), w->chunk,
	                    (length + sector - 1) / sector * sector);
	if (err)
		range_fail(r, number, err);
	return err == 0;
}

static void range_hash(void *context, unsigned worker, uint32_t number)
{
	struct range *r = context;
	struct worker *w = &r->workers->all[worker];
	struct sha256 hash;
	if (!range_load(r, w, number))
		return;
	sha256_init(&hash);
	sha256_add(&hash, w->chunk, range_length(r, number));
	sha256_end(&hash, r->digests + (size_t)number * SHA256_SIZE);
}

static bool range_is_zero(const uint8_t *bytes, size_t n)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

/* Packs the worker's chunk as it goes to the host; returns the payload. */
static const uint8_t *range_pack(struct worker *w, struct flashwire *chunk)
{
	if (range_is_zero(w->chunk, chunk->length)) {
		chunk->flags = FLASHWIRE_ZEROS;
		return NULL;
	}
	size_t room = frame_bound(FLASHWIRE_CHUNK), packed = 0;
	if (!w->packer)
		w->packer = frame_packer_new();
	if (!w->frame)
		w->frame = malloc(room);
	if (w->packer && w->frame)
		packed = frame_pack(w->packer, w->frame, room, w->chunk, chunk->length);
	if (packed > 0 && packed < chunk->length) {
		chunk->payload = (uint32_t)packed;
		return w->frame;
	}
	chunk->flags = FLASHWIRE_RAW;
	chunk->payload = chunk->length;
	return w->chunk;
}

static void range_read(void *context, unsigned worker, uint32_t number)
{
	struct range *r = context;
	struct worker *w = &r->workers->all[worker];
	struct flashwire chunk = {
		.type = FLASHWIRE_CHUNK_DATA,
		.sequence = r->message->sequence,
		.offset = range_offset(r, number),
		.length = range_length(r, number),
	};
	const uint8_t *payload = NULL;
	bool loaded = range_load(r, w, number);
	if (loaded)
		payload = range_pack(w, &chunk);
	pthread_mutex_lock(&r->lock);
	while (r->sent != number)
		pthread_cond_wait(&r->moved, &r->lock);
	bool send = loaded && !r->host_gone && !(r->err && r->failed_at < chunk.offset);
	pthread_mutex_unlock(&r->lock);
	/* the lock is free meanwhile: the others wait for their turn, which this thread gives */
	bool last = chunk.offset + chunk.length == r->message->offset + r->message->length;
	bool sent = !send || reply_send(r->reply, &chunk, payload, last);
	pthread_mutex_lock(&r->lock);
	r->host_gone = r->host_gone || !sent;
	r->sent++;
	pthread_cond_broadcast(&r->moved);
	pthread_mutex_unlock(&r->lock);
}

/* False: the host is gone, the session stopped, or the host has got an ERROR. */
static bool range_run(struct range *r, void (*run)(void *, unsigned, uint32_t))
{
	struct queue_range range = { .run = run,
		                     .context = r,
		                     .count = flashwire_chunks(r->message->length) };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->moved, NULL);
	bool whole = queue_run_range(r->workers->all[0].queue, &range);
	pthread_cond_destroy(&r->moved);
	pthread_mutex_destroy(&r->lock);
	if (!whole)
		r->host_gone = true;
	if (r->host_gone)
		return false;
	if (!r->err)
		return true;
	struct flashwire about = *r->message;
	about.offset = r->failed_at;
	r->host_gone = !failure_send(r->reply, &about, r->disk, "reading", r->err);
	return false;
}

bool workers_hash(struct workers *w, struct disk *disk, const struct flashwire *message,
                  struct reply *reply)
{
	struct range r = { .workers = w, .disk = disk, .message = message, .reply = reply };
	if (!range_run(&r, range_hash))
		return !r.host_gone;
	struct flashwire digests = *message;
	digests.type = FLASHWIRE_DIGESTS;
	digests.payload = flashwire_chunks(message->length) * SHA256_SIZE;
	return reply_send(reply, &digests, r.digests, true);
}

bool workers_read(struct workers *w, struct disk *disk, const struct flashwire *message,
                  struct reply *reply)
{
	struct range r = { .workers = w, .disk = disk, .message = message, .reply = reply };
	range_run(&r, range_read);
	return !r.host_gone;
}
