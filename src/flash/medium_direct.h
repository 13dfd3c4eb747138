/* SPDX-License-Identifier: Apache-2.0 */
/* A board's disk through the program on the board (direct.h): chunks travel as they are in the spool, holes as a range, and
 * the board itself reads its medium and sends digests. No disk of the host is involved, so that none can be the wrong one. */
#ifndef MEDIUM_DIRECT_H
#define MEDIUM_DIRECT_H

#include "flash/direct.h"
#include "flash/medium.h"

struct medium_direct_setup {
	struct direct *session;            /* borrowed; over afterwards */
	const struct flashwire_disk *disk; /* as INFO listed it */
	bool keep;                         /* publish: leave it ejected */
	bool (*is_there)(
		const void *ctx); /* whether the board is still what the session talks to */
	const void *ctx;
};

/* Opens it. ERR_DISK_..., ERR_DIRECT, ERR_BOARD_LOST, ERR_INTERRUPTED, ERR_MEMORY: PROBLEM says what and why. SPOOL NULL: it is
 * only read. */
enum err medium_direct_open(const struct medium_direct_setup *setup, const struct spool *spool,
                            struct medium **out, char problem[MEDIUM_PROBLEM]);

/* Makes the board take the disk away from its mass storage, after flashing. */
enum err medium_direct_eject(struct direct *session, const char *name,
                             char problem[MEDIUM_PROBLEM]);

#endif
