/* SPDX-License-Identifier: Apache-2.0 */
/* The board's disks: which there are, and one that is taken from the gadget's mass storage, written past the page cache,
 * and given back. How the gadget's init takes part: see the comment at its begin.
 *
 *	count = disk_list(&board, disks);
 *	err = disk_open(&board, "mmcblk0", false, &disk);	// no LUN has it from here on
 *	err = disk_write(disk, offset, buffer, n);
 *	err = disk_close(disk, DISK_OFFER);			// the host sees a new medium
 *
 * Errors are errno values of Linux, 0 is success. Offsets, and addresses of buffers, are multiples of 4096; lengths are
 * multiples of the disk's sector. Reading, writing and zeroing may happen in several threads. */
#ifndef DISK_H
#define DISK_H

#include "formats/flashwire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk_board {
	const char *root; /* "" on a board; tests have a tree with run, sys and dev of their own */
	bool read_only;   /* no disk may be written */
	uint32_t offer_time; /* ms to wait until a disk that was closed is in a LUN again */
};

struct disk;

/* The disks that the gadget's init offers. */
size_t disk_list(const struct disk_board *board, struct flashwire_disk out[FLASHWIRE_DISKS]);

/* ENOENT: not offered. EBUSY: something else has it open, or init does not let go of it. */
int disk_open(const struct disk_board *board, const char *name, bool read_only, struct disk **out);

/* What it was when it was opened. */
const struct flashwire_disk *disk_facts(const struct disk *disk);

/* Whether it was pulled out. */
bool disk_is_gone(const struct disk *disk);

int disk_write(struct disk *disk, uint64_t offset, const void *from, size_t n);
int disk_zero(struct disk *disk, uint64_t offset, uint64_t n);
int disk_read(struct disk *disk, uint64_t offset, void *to, size_t n);

/* Until all is on the medium. */
int disk_sync(struct disk *disk);

enum disk_fate {
	DISK_OFFER,  /* as mass storage again; waits until it is, at most offer_time */
	DISK_RETURN, /* the same, without waiting */
	DISK_KEEP,   /* not offered: it may be pulled out */
};

/* Reads the partition table again, lets go of the disk and frees it. What fails is not reported: see disk_sync. */
void disk_close(struct disk *disk, enum disk_fate fate);

/* Gives back what processes left behind that are gone. */
void disk_clean(const struct disk_board *board);

#endif
