/* SPDX-License-Identifier: Apache-2.0 */
/* What --flash and --backup do for a board once it was served: find a way to its disks, choose one, check it, write the image
 * or read it all, and eject it after the operator's program has run. In the board's own thread.
 *
 *	err = postflash_connect(&p, &a);
 *	if (!p.direct)
 *		err = postboot_disks(&a);
 *	err = postflash_run(&p, &a);
 *	... the program of --exec
 *	postflash_eject(&p, &a);
 */
#ifndef POSTFLASH_H
#define POSTFLASH_H

#include "board/postboot.h"
#include "board/postdirect.h"
#include "flash/flash.h"
#include "flash/target.h"
#include "platform/sysfs.h"

struct postflash {
	/* set by the caller */
	const struct postboot_flash *setup;
	bool booted; /* by this run: its disk appeared since */

	/* set by postflash_connect */
	bool direct; /* the program on the board is used */

	/* set by postflash_run */
	bool chosen, done; /* a disk is chosen; it was written, or read, as asked */
	bool ejected;
	char not_ejected[MEDIUM_PROBLEM]; /* why, after an attempt; "": none, or it is ejected */
	char name[TARGET_NAME];           /* the board's own of the disk; "" unknown */
	uint64_t size;                    /* of it, bytes */
	struct sysfs_disk disk;           /* where it is one of the host; node "" where it is not */
	struct flash_figures figures;

	/* internal */
	struct postdirect connection;
};

/* Begins a session with the board's program for flashing, if there is something to flash or to back up, the board offers it,
 * and --via allows it. Errors are reported. */
enum err postflash_connect(struct postflash *p, const struct postboot *a);

/* Flashes or backs up the board's disk; without either, does nothing. Errors are reported. */
enum err postflash_run(struct postflash *p, struct postboot *a);

/* The disk's device file, "" where the host shows none. */
const char *postflash_node(const struct postflash *p);

/* What became of it, for the program: "verified" (the medium itself), "read-back", "written", or an error's code; "" when
 * nothing was to be flashed. ERR is postflash_run's result. */
const char *postflash_word(const struct postflash *p, enum err err);

/* Ejects the disk if all went well and the operator does not want to keep it. What fails is a warning. */
void postflash_eject(struct postflash *p, const struct postboot *a);

#endif
