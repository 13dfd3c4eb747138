/* SPDX-License-Identifier: Apache-2.0 */
#include "flashd/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define PAGE 4096

bool queue_init(struct queue *q)
{
	*q = (struct queue){ .last = &q->first };
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	while (q->free_buffers < QUEUE_BUFFERS) {
		uint8_t *buffer = aligned_alloc(PAGE, FLASHWIRE_CHUNK);
		if (!buffer)
			return false;
		q->buffers[q->free_buffers++] = buffer;
	}
	return true;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	free(job->payload);
	free(job);
}

void queue_destroy(struct queue *q)
{
	while (q->first) {
		struct job *job = q->first;
		q->first = job->next;
		free(job->chunk);
		job_free(job);
	}
	while (q->free_buffers > 0)
		free(q->buffers[--q->free_buffers]);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
}

static uint32_t queue_size(const struct job *job)
{
	return FLASHWIRE_HEADER + job->message.payload;
}

static bool queue_has_room(const struct queue *q, const struct job *job)
{
	return q->count == 0 ||
	       (q->count < QUEUE_MESSAGES && q->bytes + queue_size(job) <= QUEUE_BYTES);
}

static struct timespec queue_deadline(uint32_t milliseconds)
{
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += milliseconds / 1000;
	return end;
}

bool queue_put(struct queue *q, struct job *job, uint32_t milliseconds)
{
	struct timespec end = queue_deadline(milliseconds);
	int err = 0;
	pthread_mutex_lock(&q->lock);
	while (!q->stopped && !queue_has_room(q, job) && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&q->changed, &q->lock, &end);
	bool room = !q->stopped && queue_has_room(q, job);
	if (room) {
		*q->last = job;
		q->last = &job->next;
		q->count++;
		q->bytes += queue_size(job);
		pthread_cond_broadcast(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);
	return room;
}

bool queue_is_empty(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	bool empty = q->count == 0;
	pthread_mutex_unlock(&q->lock);
	return empty;
}

bool queue_await_empty(struct queue *q, uint32_t milliseconds)
{
	struct timespec end = queue_deadline(milliseconds);
	int err = 0;
	pthread_mutex_lock(&q->lock);
	while (q->count > 0 && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&q->changed, &q->lock, &end);
	bool empty = q->count == 0;
	pthread_mutex_unlock(&q->lock);
	return empty;
}

void queue_stop(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->stopped = true;
	if (q->range)
		q->range->count = q->range->next; /* what was begun is finished */
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

bool queue_is_stopped(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	bool stopped = q->stopped;
	pthread_mutex_unlock(&q->lock);
	return stopped;
}

/* The first frame that nobody unpacks yet, with a buffer for it. Buffers go to jobs in their order, so that the first
 * job never waits for one that a later job has. */
static struct job *queue_take_packed(struct queue *q)
{
	struct job *job = q->first;
	while (job && job->state != JOB_PACKED)
		job = job->next;
	if (!job || q->free_buffers == 0)
		return NULL;
	job->state = JOB_TAKEN;
	job->chunk = q->buffers[--q->free_buffers];
	return job;
}

/* With the lock held; false if there is no range with chunks left. */
static bool queue_work_on_range(struct queue *q, unsigned worker)
{
	struct queue_range *range = q->range;
	if (!range || range->next == range->count)
		return false;
	uint32_t number = range->next++;
	pthread_mutex_unlock(&q->lock);
	range->run(range->context, worker, number);
	pthread_mutex_lock(&q->lock);
	range->done++;
	pthread_cond_broadcast(&q->changed);
	return true;
}

struct job *queue_to_unpack(struct queue *q, unsigned worker)
{
	struct job *job = NULL;
	pthread_mutex_lock(&q->lock);
	for (;;) {
		if (queue_work_on_range(q, worker))
			continue;
		if (q->stopped)
			break;
		job = queue_take_packed(q);
		if (job)
			break;
		pthread_cond_wait(&q->changed, &q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return job;
}

void queue_unpacked(struct queue *q, struct job *job)
{
	pthread_mutex_lock(&q->lock);
	job->state = JOB_READY;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

struct job *queue_first(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	while (!q->stopped && !(q->first && q->first->state == JOB_READY))
		pthread_cond_wait(&q->changed, &q->lock);
	struct job *job = q->stopped ? NULL : q->first;
	pthread_mutex_unlock(&q->lock);
	return job;
}

void queue_pop(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct job *job = q->first;
	q->first = job->next;
	if (!q->first)
		q->last = &q->first;
	q->count--;
	q->bytes -= queue_size(job);
	if (job->chunk)
		q->buffers[q->free_buffers++] = job->chunk;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	job_free(job);
}

bool queue_run_range(struct queue *q, struct queue_range *range)
{
	pthread_mutex_lock(&q->lock);
	if (q->stopped)
		range->count = 0;
	q->range = range;
	pthread_cond_broadcast(&q->changed);
	while (range->done < range->count)
		pthread_cond_wait(&q->changed, &q->lock);
	q->range = NULL;
	bool whole = !q->stopped;
	pthread_mutex_unlock(&q->lock);
	return whole;
}
