/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the program for flashing on what a board has become, and begins a session with it (flash/direct.h). In the board's
 * own thread.
 *
 *	err = postdirect_connect(&p);
 *	if (!err && p.session) ...
 *	postdirect_end(&p);
 */
#ifndef POSTDIRECT_H
#define POSTDIRECT_H

#include "board/postboot.h"
#include "flash/direct.h"

struct postdirect {
	/* set by the caller */
	const struct postboot *a;
	bool booted; /* by this run */
	bool only;   /* there is no other way: what is in the way of a session is an error */

	/* set by postdirect_connect */
	struct direct *session; /* NULL: the board does not offer it */
	uint64_t attach_id;     /* of what the session is with */
};

/* Waits until the board has become something, or A's deadline. OK without a session: it does not offer one, or cannot be
 * used, which is reported. Other results are reported errors: ERR_NO_DISK, ERR_INTERRUPTED, ERR_DIRECT..., ERR_DISK_IDENTITY,
 * ERR_USB_..., ERR_BOARD_LOST. */
enum err postdirect_connect(struct postdirect *p);

/* Whether what the session is with still is on the board's port. CTX: a struct postdirect. */
bool postdirect_is_there(const void *ctx);

/* Fine without a session. */
void postdirect_end(struct postdirect *p);

#endif
