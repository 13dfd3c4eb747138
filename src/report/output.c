/* SPDX-License-Identifier: Apache-2.0 */
#include "report/output.h"

#include "platform/plat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct output_chunk {
	struct output_chunk *next;
	struct output *to;
	size_t size;
	char bytes[];
};

/* What waits for one file, and the thread that writes it. */
struct output_queue {
	struct plat_monitor *monitor; /* for everything below */
	struct plat_thread *thread;
	struct output_chunk *first, **end;
	size_t waiting; /* bytes, those that are being written included */
	uint64_t
		progress; /* when the reader last took something, or something was put where nothing waited */
	bool ending;
};

struct output {
	FILE *stream;
	struct output_queue *queue;
	bool owner; /* of the queue */
	int error;  /* of the first write that failed; inside the queue's monitor */
};

/* --- the thread */

static void output_write(struct output_chunk *chunk)
{
	struct output *o = chunk->to;
	errno = 0;
	bool ok = fwrite(chunk->bytes, 1, chunk->size, o->stream) == chunk->size;
	ok = fflush(o->stream) == 0 && ok;
	int err = ok ? 0 : plat_write_error();
	if (err && err != EPIPE && !o->error)
		o->error = err;
}

static void output_main(void *arg)
{
	struct output_queue *q = arg;
	plat_lock(q->monitor);
	while (q->first || !q->ending) {
		struct output_chunk *chunk = q->first;
		if (!chunk) {
			plat_wait(q->monitor, PLAT_FOREVER);
			continue;
		}
		plat_unlock(q->monitor);
		output_write(chunk);
		plat_lock(q->monitor);
		q->first = chunk->next;
		if (!q->first)
			q->end = &q->first;
		q->waiting -= chunk->size;
		q->progress = plat_now();
		free(chunk);
		plat_broadcast(q->monitor);
	}
	plat_unlock(q->monitor);
}

/* --- its life */

static void output_queue_free(struct output_queue *q)
{
	if (q->thread) {
		plat_lock(q->monitor);
		q->ending = true;
		plat_broadcast(q->monitor);
		plat_unlock(q->monitor);
		plat_thread_join(q->thread);
	}
	plat_monitor_free(q->monitor);
	free(q);
}

/* NULL: out of memory or threads. */
static struct output_queue *output_queue_new(void)
{
	struct output_queue *q = calloc(1, sizeof *q);
	if (!q)
		return NULL;
	q->end = &q->first;
	q->monitor = plat_monitor_new();
	if (q->monitor)
		q->thread = plat_thread_start(output_main, q);
	if (q->thread)
		return q;
	output_queue_free(q);
	return NULL;
}

struct output *output_new(FILE *to, struct output *beside)
{
	struct output *o = calloc(1, sizeof *o);
	if (!o)
		return NULL;
	o->stream = to;
	o->owner = !(beside && plat_same_file(to, beside->stream));
	o->queue = o->owner ? output_queue_new() : beside->queue;
	if (o->queue)
		return o;
	free(o);
	return NULL;
}

bool output_put(struct output *o, const char *bytes, size_t size, bool keep)
{
	struct output_queue *q = o->queue;
	struct output_chunk *chunk = malloc(sizeof *chunk + size);
	if (!chunk)
		return false;
	*chunk = (struct output_chunk){ .to = o, .size = size };
	memcpy(chunk->bytes, bytes, size);
	plat_lock(q->monitor);
	bool ok = keep || q->waiting + size <= OUTPUT_ROOM;
	if (ok) {
		if (!q->first)
			q->progress = plat_now();
		*q->end = chunk;
		q->end = &chunk->next;
		q->waiting += size;
		plat_broadcast(q->monitor);
	}
	plat_unlock(q->monitor);
	if (!ok)
		free(chunk);
	return ok;
}

bool output_has_room(struct output *o)
{
	plat_lock(o->queue->monitor);
	bool room = o->queue->waiting <= OUTPUT_ROOM / 2;
	plat_unlock(o->queue->monitor);
	return room;
}

void output_settle(struct output *o)
{
	struct output_queue *q = o->queue;
	plat_lock(q->monitor);
	while (q->first && plat_wait(q->monitor, q->progress + OUTPUT_SETTLE_TIME))
		;
	plat_unlock(q->monitor);
}

int output_free(struct output *o)
{
	if (!o)
		return 0;
	struct output_queue *q = o->queue;
	if (o->owner) {
		output_queue_free(q);
	} else {
		plat_lock(q->monitor);
		while (q->first)
			plat_wait(q->monitor, PLAT_FOREVER);
		plat_unlock(q->monitor);
	}
	int error = o->error;
	free(o);
	return error;
}
