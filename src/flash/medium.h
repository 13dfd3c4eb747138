/* SPDX-License-Identifier: Apache-2.0 */
/* A board's disk as flashing sees it, whatever the way to it: writes chunks of a spool, proves that they are there. One
 * implementation for each way; all calls come from the board's thread, one after the other.
 *
 *	medium_NAME_open(..., &medium, problem);	// with proof that it is the disk that was meant
 *	err = medium->ops->write(medium, i);
 *	err = medium->ops->settle(medium);
 *	err = medium->ops->verify(medium, i, 1, &result);
 *	medium->ops->close(medium);
 *
 * Functions return ERR_BOARD_LOST when the disk is gone, otherwise the error named below, and describe it in
 * medium->problem. Nothing is reported here. */
#ifndef MEDIUM_H
#define MEDIUM_H

#include "base/err.h"
#include "flash/spool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIUM_PROBLEM 512

struct medium;

struct medium_difference {
	bool found;
	uint64_t
		offset; /* bytes from the start of the disk: of the first byte that differs, or of its chunk */
};

struct medium_ops {
	/* Writes chunk INDEX of the spool to its place; a hole as zeros; the last one filled up with zeros to a sector. May
	 * return before the disk has it: a later call then returns the error. ERR_DISK_WRITE; ERR_IMAGE_READ (spool). */
	enum err (*write)(struct medium *m, size_t index);

	/* Zeros LENGTH bytes. Both numbers are multiples of 4096, or LENGTH ends at the end of the disk. ERR_DISK_WRITE. */
	enum err (*zero)(struct medium *m, uint64_t offset, uint64_t length);

	/* Waits until all that was written is on the disk's medium. ERR_DISK_SETTLE, and what write returns. */
	enum err (*settle)(struct medium *m);

	/* Compares COUNT chunks from FIRST on with the spool's. A difference is no error. ERR_DISK_VERIFY: cannot be read;
	 * ERR_IMAGE_READ (spool). */
	enum err (*verify)(struct medium *m, size_t first, size_t count,
	                   struct medium_difference *difference);

	/* Reads N bytes. OFFSET is a multiple of 4096, N too or up to the end of the disk. ERR_DISK_READ. */
	enum err (*read)(struct medium *m, uint64_t offset, void *to, size_t n);

	/* Whether it still is the same disk, in its place. ERR_DISK_IDENTITY. */
	enum err (*confirm)(struct medium *m);

	/* Makes the new partitions visible to the host, or where it was opened so, takes the disk away from it. What fails here
	 * does no harm to what was written. ERR_DIRECT. */
	enum err (*publish)(struct medium *m);

	/* Frees it; the host may use the disk again. */
	void (*close)(struct medium *m);
};

struct medium {
	const struct medium_ops *ops;
	const struct spool *spool; /* what is written; NULL: only read */
	uint64_t size;             /* bytes */
	size_t verify_count;       /* chunks that are verified together best */
	uint64_t pending; /* bytes that write has accepted and that are not on the disk yet */
	bool past_cache;  /* verify reads the board's medium, not a cache in front of it */
	bool direct;      /* written by the program on the board, not as a disk of the host */
	char name[80];    /* for messages: "/dev/sda" */
	char problem[MEDIUM_PROBLEM]; /* of the last error: what and why */
};

#endif
