/* SPDX-License-Identifier: Apache-2.0 */
/* A session of direct flashing with the program on a board that runs the mass-storage gadget (docs/flash-protocol.md):
 * requests in order within the board's window, answers checked as strictly as anything that a board says.
 *
 *	err = usb_find_pipes(usb, info, FLASHWIRE_CLASS, FLASHWIRE_SUBCLASS, &pipes);
 *	err = usb_open(usb, info, &handle);
 *	err = direct_begin(handle, &pipes, &direct, problem);
 *	info = direct_info(direct);
 *	err = direct_open_disk(direct, name, size, false);
 *	bytes = direct_payload(direct); ...
 *	err = direct_send(direct, &message);		// may return before it is carried out
 *	err = direct_finish(direct);			// all of it is
 *	err = direct_close_disk(direct, false);
 *	direct_end(direct);
 *
 * All from one thread. Errors: ERR_INTERRUPTED, once, after which the rest of the session is not interrupted but has little
 * time; ERR_BOARD_LOST; ERR_DIRECT (the program on the board does not answer, or breaks the protocol); and what an ERROR of
 * the board means: ERR_DISK_... . direct_problem() describes the last one. */
#ifndef DIRECT_H
#define DIRECT_H

#include "base/err.h"
#include "formats/flashwire.h"
#include "platform/usb.h"

#define DIRECT_PROBLEM 512

struct direct;

/* Takes HANDLE over, also on failure. ERR_DIRECT_VERSION: one of both is older; ERR_USB_...: it cannot be claimed. */
enum err direct_begin(struct usb_handle *handle, const struct usb_pipes *pipes, struct direct **out,
                      char problem[DIRECT_PROBLEM]);

/* What the board said last, INFO. */
const struct flashwire_info *direct_info(const struct direct *d);

/* Opens the disk of INFO's list with that name; SIZE bytes will be written, 0: none. INFO describes this disk alone then. */
enum err direct_open_disk(struct direct *d, const char *name, uint64_t size, bool read_only);

/* Room for FLASHWIRE_PAYLOAD_MAX bytes, the payload of the next message. */
uint8_t *direct_payload(struct direct *d);

/* Sends a message of type DATA, HOLE or SYNC, when the window has room. An error may be that of an earlier one. */
enum err direct_send(struct direct *d, const struct flashwire *message);

/* Waits until all messages are answered. */
enum err direct_finish(struct direct *d);

/* Bytes of DATA and HOLE that are sent, and that the board has brought to its disk. */
uint64_t direct_sent(const struct direct *d);
uint64_t direct_written(const struct direct *d);

/* The digests of each chunk of a range, at most FLASHWIRE_RANGE bytes. */
enum err direct_hash(struct direct *d, uint64_t offset, uint32_t length,
                     uint8_t digests[FLASHWIRE_DIGESTS_MAX]);

/* Reads a range: direct_read, then direct_read_chunk for each of its chunks, in order. PAYLOAD, as the header in MESSAGE says,
 * is valid until the next call. */
enum err direct_read(struct direct *d, uint64_t offset, uint32_t length);
enum err direct_read_chunk(struct direct *d, struct flashwire *message, const uint8_t **payload);

/* Closes the disk; KEEP: the board does not offer it as mass storage again. */
enum err direct_close_disk(struct direct *d, bool keep);

const char *direct_problem(const struct direct *d);

/* Ends the session and closes the handle. A disk that is still open is offered again, if the board can be reached. NULL is
 * fine. */
void direct_end(struct direct *d);

#endif
