/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that wait to be carried out, in order. One thread puts them in, several prepare those at the front (unpack
 * their frames), one carries out the first, then removes it.
 *
 *	queue_put(q, job);
 *	while ((job = queue_to_unpack(q)))	// a worker
 *		job->err = ..., queue_unpacked(q, job);
 *	while ((job = queue_first(q)))		// the executor
 *		..., queue_pop(q);
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "formats/flashwire.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_BYTES    (8u << 20) /* the window: bytes of messages, with headers */
#define QUEUE_MESSAGES 64
#define QUEUE_BUFFERS  6 /* chunks that are unpacked and not on the disk yet */

/* What to do with a chunk of a range, in several threads: HASH, READ. NUMBER counts from 0. */
struct queue_range {
	void (*run)(void *context, unsigned worker, uint32_t number);
	void *context;
	uint32_t count, next, done;
};

enum job_state {
	JOB_PACKED, /* a frame */
	JOB_TAKEN,  /* a worker unpacks it */
	JOB_READY,
};

struct job {
	struct job *next;
	struct flashwire message;
	uint8_t *payload; /* message.payload bytes, or NULL */
	enum job_state state;
	uint8_t *chunk;                /* DATA: what goes to the disk; a buffer of the queue */
	struct flashwire_error refuse; /* code: answered with this instead of being carried out */
	bool end;                      /* and the session ends */
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, **last;
	size_t count;
	uint32_t bytes;
	uint8_t *buffers[QUEUE_BUFFERS]; /* those that are free */
	size_t free_buffers;
	struct queue_range *range; /* being worked on */
	bool stopped;
};

/* False: out of memory. */
bool queue_init(struct queue *q);
void queue_destroy(struct queue *q);

/* Waits up to MILLISECONDS for room. False: there is none, or the queue has been stopped. */
bool queue_put(struct queue *q, struct job *job, uint32_t milliseconds);
bool queue_is_empty(struct queue *q);

/* Waits up to MILLISECONDS. False: there still are jobs. */
bool queue_await_empty(struct queue *q, uint32_t milliseconds);

/* Nobody gets anything more. */
void queue_stop(struct queue *q);
bool queue_is_stopped(struct queue *q);

/* One thing for worker WORKER: a job whose frame is to be unpacked into its chunk. Chunks of ranges are done on the way.
 * NULL: stopped. */
struct job *queue_to_unpack(struct queue *q, unsigned worker);
void queue_unpacked(struct queue *q, struct job *job);

/* The first job, when it is ready. NULL: stopped. */
struct job *queue_first(struct queue *q);
void queue_pop(struct queue *q);

/* Has the workers do a range, and waits until it is done. False: stopped before that. */
bool queue_run_range(struct queue *q, struct queue_range *range);

void job_free(struct job *job);

#endif
