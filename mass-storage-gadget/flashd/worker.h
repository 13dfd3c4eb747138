/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that do what takes the processor: unpack frames, hash and pack chunks of the disk. */
#ifndef WORKER_H
#define WORKER_H

#include "flashd/disk.h"
#include "flashd/queue.h"
#include "flashd/reply.h"

#define WORKERS 4

struct worker {
	struct queue *queue;
	unsigned number;
	pthread_t thread;
	struct frame_unpacker *unpacker;
	struct frame_packer *packer; /* when first needed */
	uint8_t *chunk, *frame;      /* of the disk, and what it is packed into */
};

struct workers {
	struct worker all[WORKERS];
	unsigned count;
};

/* One for each processor, at most WORKERS. False: out of memory. */
bool workers_start(struct workers *w, struct queue *queue);

/* After queue_stop. */
void workers_join(struct workers *w);

/* A message HASH or READ on an open disk. Answers it, also in case of an error. False: the host is gone. */
bool workers_hash(struct workers *w, struct disk *disk, const struct flashwire *message,
                  struct reply *reply);
bool workers_read(struct workers *w, struct disk *disk, const struct flashwire *message,
                  struct reply *reply);

#endif
