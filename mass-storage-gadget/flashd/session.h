/* SPDX-License-Identifier: Apache-2.0 */
/* One session of direct flashing on the board, from HELLO to its end, over two streams of bytes: USB in the gadget,
 * sockets or pipes in tests. Facts: docs/flash-protocol.md.
 *
 * At most some 40 MiB of memory: the window, chunks on their way to the disk, and what each of up to four workers needs. */
#ifndef SESSION_H
#define SESSION_H

#include "flashd/disk.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_IDLE 60 /* seconds */

struct session_setup {
	int in, out; /* made non-blocking; may be the same */
	struct disk_board board;
	const char *serial, *model; /* "" unknown */
	uint32_t idle;              /* seconds */
};

enum session_end {
	SESSION_OVER,   /* the host is gone, or was sent the end */
	SESSION_REBOOT, /* the host wants the board reset */
	SESSION_FAILED, /* out of memory, or no thread */
};

/* Returns when the session is over, and no disk is open any more. SIGPIPE has to be ignored. */
enum session_end session_run(const struct session_setup *setup);

#endif
