/* SPDX-License-Identifier: Apache-2.0 */
/* The device nodes of the mocked machine as Linux' usbfs behaves on them: ioctls in, transfers of vboard.h out. Owns
 * the boards that are played, their place on the bus and every open handle; follows drivers/usb/core/devio.c of the
 * kernel where programs can tell (errno values, order of reaping, the 16 MiB limit). Knows nothing of processes. */
#ifndef USBFS_H
#define USBFS_H

#include "vboard.h"
#include "vbus.h"

struct usbfs_handle;

struct usbfs_board {
	struct vdesc desc;
	struct vboard board;
	struct vbus_device device;
	uint32_t shown; /* the appearance that is on the bus now; 0: none */
	enum vopen open_state;
};

struct usbfs {
	struct vbus bus;
	struct usbfs_board *boards;
	size_t board_count;
	struct usbfs_handle *handles;
	size_t memory; /* of all transfers that are not reaped */
	GMutex lock; /* umockdev runs ioctls in a thread of its own, the boards' timers run in the main loop */
	GSource *timer;
	void (*changed)(
		void *context); /* called, locked, after anything that may have moved a board on */
	void *context;
};

/* Puts the boards (their desc filled) to work. Returns 0, or -1 with a message printed. */
int usbfs_start(struct usbfs *fs, uint32_t seed);
/* Takes all boards away. */
void usbfs_stop(struct usbfs *fs);

/* Microseconds of the clock that the boards live by: they start near 0. */
uint64_t usbfs_now(void);

#endif
