/* SPDX-License-Identifier: Apache-2.0 */
/* Carries the messages of one session out, in their order, and answers them: a thread between queue and disk. */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include "flashd/worker.h"

struct executor {
	/* borrowed, set by the caller */
	const struct disk_board *board;
	struct queue *queue;
	struct reply *reply;
	struct workers *workers;
	const struct flashwire_info *about; /* the board, without disks */

	/* internal */
	struct disk *disk;
	bool read_only, greeted;
	bool reboot; /* the host wants the board reset */
};

/* Until the queue is stopped, or the session ends; then stops the queue. A disk that is still open is given back. */
void executor_run(struct executor *e);

#endif
