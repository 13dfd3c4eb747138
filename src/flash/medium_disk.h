/* SPDX-License-Identifier: Apache-2.0 */
/* A board's disk through the host's own driver (usb-storage): a block device on the port of the board, opened exclusively
 * and past the page cache.
 *
 * A name like /dev/sda proves nothing: names are given again as soon as a disk has left. So the open descriptor is asked
 * which disk it is, and that one must be behind the board's USB port, have the number and the size that were seen there,
 * and the device on the port must be a board's gadget. */
#ifndef MEDIUM_DISK_H
#define MEDIUM_DISK_H

#include "flash/medium.h"
#include "platform/sysfs.h"

struct medium_disk_setup {
	const struct sysfs *sysfs;
	const char *path;              /* the board's USB port */
	const char *serial;            /* of its boot ROM; "" unknown */
	const struct sysfs_disk *disk; /* as it was seen on the port */
	bool booted;                   /* by this run: the disk has appeared since the run began */
	uint64_t newer_than; /* the highest sequence number of a disk at that time; 0: unknown */
	bool named;          /* the operator named the port or the serial */
	bool write;          /* otherwise it is only read */
};

/* Opens it. ERR_DISK_BUSY, ERR_DISK_READ_ONLY, ERR_DISK_ACCESS, ERR_DISK_IDENTITY, ERR_BOARD_LOST, ERR_MEMORY: PROBLEM says
 * what and why. Strings of SETUP are borrowed until it is closed. */
enum err medium_disk_open(const struct medium_disk_setup *setup, const struct spool *spool,
                          struct medium **out, char problem[MEDIUM_PROBLEM]);

/* Opens it again, with the same proof, makes it write out its cache, and ejects it. */
enum err medium_disk_eject(const struct medium_disk_setup *setup, char problem[MEDIUM_PROBLEM]);

#endif
