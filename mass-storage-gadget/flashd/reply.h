/* SPDX-License-Identifier: Apache-2.0 */
/* What the board says to the host: whole messages, from several threads. Milliseconds are moment_now()'s. */
#ifndef REPLY_H
#define REPLY_H

#include "formats/flashwire.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct reply {
	int fd;
	uint32_t patience; /* ms that the host may take nothing */
	pthread_mutex_t lock;
	uint32_t sequence; /* up to which messages are answered */
	uint64_t bytes;    /* on the medium */
	uint64_t last;     /* when the host took something */
	bool broken;       /* the host takes nothing any more */
};

void reply_init(struct reply *r, int fd, uint32_t patience);

/* HEADER and its payload. ANSWERED: with it every message up to its sequence number is answered. False: the host is gone. */
bool reply_send(struct reply *r, const struct flashwire *header, const void *payload,
                bool answered);

/* Message SEQUENCE is carried out. */
bool reply_ack(struct reply *r, uint32_t sequence);

/* CODE, or with END also the end of the session. TEXT is cut if it is too long. */
bool reply_error(struct reply *r, const struct flashwire *about,
                 const struct flashwire_error *error, bool end);

/* Counts bytes that have reached the medium; sets their number. */
void reply_progress(struct reply *r, uint64_t bytes);
void reply_restart(struct reply *r);

/* A sign of life, if nothing was sent for PAUSE milliseconds. */
void reply_alive(struct reply *r, uint32_t pause);

/* When the host last took something (now, while something is being sent); whether it still does. */
uint64_t reply_last(struct reply *r);
bool reply_is_broken(struct reply *r);

#endif
