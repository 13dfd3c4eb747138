/* SPDX-License-Identifier: Apache-2.0 */
/* What --flash and --backup do for a board once its disks are there: choose one, check it, write the image or read it all,
 * and eject it after the operator's program has run. In the board's own thread.
 *
 *	err = postboot_disks(&a);
 *	err = postflash_run(&p, &a);
 *	... the program of --exec
 *	postflash_eject(&p, &a);
 */
#ifndef POSTFLASH_H
#define POSTFLASH_H

#include "board/postboot.h"
#include "flash/flash.h"
#include "platform/sysfs.h"

struct postflash {
	/* set by the caller */
	const struct postboot_flash *setup;
	bool booted; /* by this run: its disk appeared since */

	/* set by postflash_run */
	bool chosen, done; /* a disk is chosen; it was written, or read, as asked */
	struct sysfs_disk disk;
	struct flash_figures figures;
};

/* Flashes or backs up the board's disk; without either, does nothing. Errors are reported. */
enum err postflash_run(struct postflash *p, const struct postboot *a);

/* What became of it, for the program: "verified" (the medium itself), "read-back", "written", or an error's code; "" when
 * nothing was to be flashed. ERR is postflash_run's result. */
const char *postflash_word(const struct postflash *p, enum err err);

/* Ejects the disk if all went well and the operator does not want to keep it. What fails is a warning. */
void postflash_eject(const struct postflash *p, const struct postboot *a);

#endif
