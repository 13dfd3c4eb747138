/* SPDX-License-Identifier: Apache-2.0 */
#include "flashd/reply.h"

#include "flashd/moment.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void reply_init(struct reply *r, int fd, uint32_t patience)
{
	*r = (struct reply){ .fd = fd, .patience = patience, .last = moment_now() };
	pthread_mutex_init(&r->lock, NULL);
}

/* With the lock held. */
static void reply_write(struct reply *r, const uint8_t *from, size_t n)
{
	while (n > 0 && !r->broken) {
		struct pollfd p = { .fd = r->fd, .events = POLLOUT };
		int ready = poll(&p, 1, (int)r->patience);
		if (ready < 0 && errno == EINTR)
			continue;
		ssize_t done = ready > 0 ? write(r->fd, from, n) : -1;
		if (done < 0 && ready > 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (done < 0) {
			r->broken = true;
			return;
		}
		from += done;
		n -= (size_t)done;
		r->last = moment_now();
	}
}

static bool reply_send_locked(struct reply *r, const struct flashwire *header, const void *payload,
                              bool answered)
{
	uint8_t bytes[FLASHWIRE_HEADER];
	if (answered)
		r->sequence = header->sequence;
	flashwire_put(bytes, header);
	reply_write(r, bytes, sizeof bytes);
	reply_write(r, payload, header->payload);
	return !r->broken;
}

bool reply_send(struct reply *r, const struct flashwire *header, const void *payload, bool answered)
{
	pthread_mutex_lock(&r->lock);
	bool sent = reply_send_locked(r, header, payload, answered);
	pthread_mutex_unlock(&r->lock);
	return sent;
}

bool reply_ack(struct reply *r, uint32_t sequence)
{
	pthread_mutex_lock(&r->lock);
	struct flashwire ack = { .type = FLASHWIRE_ACK, .sequence = sequence, .offset = r->bytes };
	bool sent = reply_send_locked(r, &ack, NULL, true);
	pthread_mutex_unlock(&r->lock);
	return sent;
}

bool reply_error(struct reply *r, const struct flashwire *about,
                 const struct flashwire_error *error, bool end)
{
	uint8_t payload[FLASHWIRE_ERROR_MAX];
	bool place = about->type >= FLASHWIRE_DATA && about->type <= FLASHWIRE_READ;
	struct flashwire message = {
		.type = FLASHWIRE_ERROR,
		.sequence = about->sequence,
		.offset = place ? about->offset : 0,
		.payload = flashwire_put_error(payload, error),
		.flags = end ? FLASHWIRE_END : 0,
	};
	return reply_send(r, &message, payload, true);
}

void reply_progress(struct reply *r, uint64_t bytes)
{
	pthread_mutex_lock(&r->lock);
	r->bytes += bytes;
	pthread_mutex_unlock(&r->lock);
}

void reply_restart(struct reply *r)
{
	pthread_mutex_lock(&r->lock);
	r->bytes = 0;
	pthread_mutex_unlock(&r->lock);
}

void reply_alive(struct reply *r, uint32_t pause)
{
	if (pthread_mutex_trylock(&r->lock) != 0)
		return; /* something is being sent */
	if (moment_now() - r->last >= pause) {
		struct flashwire ack = { .type = FLASHWIRE_ACK,
			                 .sequence = r->sequence,
			                 .offset = r->bytes };
		reply_send_locked(r, &ack, NULL, false);
	}
	pthread_mutex_unlock(&r->lock);
}

uint64_t reply_last(struct reply *r)
{
	if (pthread_mutex_trylock(&r->lock) != 0)
		return moment_now();
	uint64_t last = r->last;
	pthread_mutex_unlock(&r->lock);
	return last;
}

bool reply_is_broken(struct reply *r)
{
	if (pthread_mutex_trylock(&r->lock) != 0)
		return false; /* the sender finds out */
	bool broken = r->broken;
	pthread_mutex_unlock(&r->lock);
	return broken;
}
