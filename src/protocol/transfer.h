/* SPDX-License-Identifier: Apache-2.0 */
/* The transfers both conversations are made of: announce a length, read a message, send bytes in large chunks with a
 * bounded number of retries. Facts: docs/protocol.md, "Transfers". Knows no messages and no files. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "base/err.h"
#include "platform/usb.h"

#define TRANSFER_CHUNK \
	(1024 * 1024)       /* Linux hands a chunk of this size to the controller as one request */
#define TRANSFER_ATTEMPTS 3 /* stalls and time-outs that one message may meet */

/* One opened board. Buffers are made at the first use. */
struct bootdev {
	struct usb_handle *handle;
	unsigned endpoint; /* bulk OUT */
	size_t chunk;      /* bytes per transfer now: less after the kernel ran out of memory */
	bool announced;    /* the last transfer_send got past its announcement */
	uint8_t *buffers[2];
};

/* Claims the interface that a boot ROM or its second stage talks on (usb_find_bulk). BOOTDEV takes HANDLE over, also on
 * failure. */
enum err bootdev_open(struct bootdev *bootdev, struct usb_handle *handle);

/* Fine on a closed one. */
void bootdev_close(struct bootdev *bootdev);

/* Announces LENGTH bytes to the board; 0: no data follows. A refusal (stall) is retried, ATTEMPTS in all. */
enum err transfer_announce(struct bootdev *bootdev, uint32_t length, int attempts);

/* Starts the read of an N byte message; N <= USB_MAX_CONTROL. */
enum err transfer_read_begin(struct bootdev *bootdev, size_t n);

/* Waits for it until DEADLINE. ERR_USB_TIMEOUT and ERR_INTERRUPTED leave it pending: wait again, or
 * transfer_read_cancel. *BYTES is valid until the next transfer. */
enum err transfer_read_end(struct bootdev *bootdev, uint64_t deadline, const uint8_t **bytes,
                           size_t *n);

void transfer_read_cancel(struct bootdev *bootdev);

/* Where the bytes come from. READ puts N bytes from OFFSET into TO or fails, which ends the sending. */
struct transfer_source {
	enum err (*read)(void *ctx, uint64_t offset, uint8_t *to, size_t n);
	void (*progress)(void *ctx, uint64_t done); /* may be NULL */
	bool patient; /* the announcement may time out as often as it may stall */
	void *ctx;
};

/* Announces LENGTH and sends as many bytes. *SENT: how many bytes the board took, also on failure; nothing is ever
 * sent twice. */
enum err transfer_send(struct bootdev *bootdev, uint32_t length,
                       const struct transfer_source *source, uint32_t *sent);

#endif
