/* SPDX-License-Identifier: Apache-2.0 */
#include "flashd/session.h"

#include "flashd/executor.h"
#include "flashd/moment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK           1000 /* ms */
#define ALIVE          4000 /* ms: a sign of life is promised every 5 s */
#define EXECUTOR_STACK (256u << 10)

struct session {
	const struct session_setup *setup;
	struct queue queue;
	struct reply reply;
	struct workers workers;
	struct executor executor;
	struct flashwire_info about;
	uint32_t sequence;  /* of the last message */
	uint64_t last_byte; /* from the host, ms */
};

/* What becomes of a stream. */
enum session_input {
	INPUT_READ,
	INPUT_END,  /* the host is gone, or the session is over */
	INPUT_IDLE, /* nothing came for too long */
};

/* --- the host's stream */

/* Every second: signs of life, the end. */
static enum session_input session_tick(struct session *s)
{
	if (reply_is_broken(&s->reply) || queue_is_stopped(&s->queue))
		return INPUT_END;
	if (!queue_is_empty(&s->queue)) {
		reply_alive(&s->reply, ALIVE);
		return INPUT_READ;
	}
	uint64_t last = reply_last(&s->reply);
	if (last < s->last_byte)
		last = s->last_byte;
	return moment_now() - last < (uint64_t)s->setup->idle * 1000 ? INPUT_READ : INPUT_IDLE;
}

/* Reads N bytes; with TO NULL drops them. */
static enum session_input session_read(struct session *s, uint8_t *to, size_t n)
{
	uint8_t dropped[4096] = { 0 };
	uint64_t next = moment_now() + TICK;
	while (n > 0) {
		struct pollfd p = { .fd = s->setup->in, .events = POLLIN };
		int ready = poll(&p, 1, TICK);
		if (ready <= 0 || moment_now() >= next) {
			enum session_input state = session_tick(s);
			if (state != INPUT_READ)
				return state;
			next = moment_now() + TICK;
		}
		if (ready <= 0)
			continue;
		size_t want = to || n < sizeof dropped ? n : sizeof dropped;
		ssize_t got = read(s->setup->in, to ? to : dropped, want);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return INPUT_END;
		s->last_byte = moment_now();
		to = to ? to + got : NULL;
		n -= (size_t)got;
	}
	return INPUT_READ;
}

/* --- messages */

static void session_refuse(struct job *job, enum flashwire_code code, bool end, const char *text)
{
	job->refuse.code = code;
	job->end = end;
	snprintf(job->refuse.text, sizeof job->refuse.text, "%s", text);
}

/* Puts what is wrong with a message's header into its job. */
static void session_judge(struct session *s, struct job *job, enum flashwire_result result)
{
	switch (result) {
	case FLASHWIRE_OK:
		break;
	case FLASHWIRE_UNKNOWN_TYPE:
		session_refuse(job, FLASHWIRE_BAD_TYPE, false, "unknown type of message");
		break;
	case FLASHWIRE_MALFORMED:
		session_refuse(job, FLASHWIRE_BAD_MESSAGE, false,
		               "a member of the header has a value that is not allowed");
		break;
	case FLASHWIRE_NO_MESSAGE:
		job->message = (struct flashwire){ .sequence = s->sequence };
		session_refuse(job, FLASHWIRE_BAD_MESSAGE, true, "no message begins here");
		break;
	case FLASHWIRE_TOO_LONG:
		session_refuse(job, FLASHWIRE_BAD_MESSAGE, true, "the payload is too long");
		break;
	case FLASHWIRE_OTHER_VERSION:
		session_refuse(job, FLASHWIRE_BAD_VERSION, true, "a message of another version");
		break;
	}
	if (!job->end && job->message.sequence != s->sequence + 1)
		session_refuse(job, FLASHWIRE_BAD_MESSAGE, true,
		               "the sequence number is not the next one");
	if (job->end)
		job->message.payload = 0; /* not read */
}

/* Reads the payload that a header announced. */
static enum session_input session_payload(struct session *s, struct job *job)
{
	uint32_t n = job->message.payload;
	if (job->refuse.code) {
		job->message.payload = 0;
		return session_read(s, NULL, n);
	}
	if (n > 0) {
		job->payload = malloc(n);
		if (!job->payload) {
			job->message.payload = 0;
			session_refuse(job, FLASHWIRE_NO_MEMORY, false, "out of memory");
		}
	}
	return session_read(s, job->payload, n);
}

/* Puts a job into the queue when there is room. */
static enum session_input session_put(struct session *s, struct job *job)
{
	if (job->message.type == FLASHWIRE_DATA && !job->refuse.code)
		job->state = JOB_PACKED;
	else
		job->state = JOB_READY;
	while (!queue_put(&s->queue, job, TICK)) {
		if (session_tick(s) == INPUT_END) {
			job_free(job);
			return INPUT_END;
		}
	}
	return INPUT_READ;
}

/* One message into the queue. INPUT_END also after one that ends the session. */
static enum session_input session_message(struct session *s)
{
	uint8_t header[FLASHWIRE_HEADER];
	enum session_input state = session_read(s, header, sizeof header);
	if (state != INPUT_READ)
		return state;
	struct job *job = calloc(1, sizeof *job);
	if (!job)
		return INPUT_END;
	session_judge(s, job, flashwire_request(header, &job->message));
	s->sequence = job->message.sequence;
	bool end = job->end;
	if (!end)
		state = session_payload(s, job);
	if (state != INPUT_READ) {
		job_free(job);
		return state;
	}
	state = session_put(s, job);
	return end ? INPUT_END : state;
}

/* The host does nothing any more, and is informed, in case it is still there. */
static void session_end_idle(struct session *s)
{
	struct flashwire_error error = { .code = FLASHWIRE_IDLE };
	snprintf(error.text, sizeof error.text, "nothing came for %u seconds", s->setup->idle);
	reply_error(&s->reply, &(struct flashwire){ 0 }, &error, true);
	queue_stop(&s->queue);
}

static void session_read_all(struct session *s)
{
	enum session_input state;
	do
		state = session_message(s);
	while (state == INPUT_READ);
	if (state == INPUT_IDLE)
		session_end_idle(s);
	/* a host that has closed its side gets the answers */
	while (!queue_await_empty(&s->queue, TICK) && session_tick(s) != INPUT_END)
		;
	queue_stop(&s->queue);
}

/* --- the board */

static void *session_execute(void *arg)
{
	executor_run(arg);
	return NULL;
}

static bool session_start_executor(struct session *s, pthread_t *thread)
{
	pthread_attr_t attributes;
	s->executor = (struct executor){ .board = &s->setup->board,
		                         .queue = &s->queue,
		                         .reply = &s->reply,
		                         .workers = &s->workers,
		                         .about = &s->about };
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, EXECUTOR_STACK);
	int err = pthread_create(thread, &attributes, session_execute, &s->executor);
	pthread_attr_destroy(&attributes);
	return err == 0;
}

static void session_describe(struct session *s)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	s->about = (struct flashwire_info){
		.window = QUEUE_BYTES,
		.messages = QUEUE_MESSAGES,
		.idle = s->setup->idle,
		.memory = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0,
	};
	snprintf(s->about.serial, sizeof s->about.serial, "%s", s->setup->serial);
	snprintf(s->about.model, sizeof s->about.model, "%s", s->setup->model);
}

static void session_unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

enum session_end session_run(const struct session_setup *setup)
{
	struct session *s = calloc(1, sizeof *s);
	pthread_t executor;
	enum session_end end = SESSION_FAILED;
	if (!s)
		return end;
	s->setup = setup;
	s->last_byte = moment_now();
	session_unblock(setup->in);
	session_unblock(setup->out);
	session_describe(s);
	reply_init(&s->reply, setup->out, setup->idle * 1000);
	bool ready = queue_init(&s->queue) && workers_start(&s->workers, &s->queue);
	if (ready && session_start_executor(s, &executor)) {
		session_read_all(s);
		pthread_join(executor, NULL);
		end = s->executor.reboot ? SESSION_REBOOT : SESSION_OVER;
	}
	queue_stop(&s->queue);
	workers_join(&s->workers);
	queue_destroy(&s->queue);
	free(s);
	return end;
}
