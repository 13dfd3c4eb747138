/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the image to one board's disk and proves that it is there. Runs in the board's own thread; boards do not wait for
 * each other.
 *
 *	err = flash_await_image(&f);		// nothing is written before the whole image is there, and right
 *	err = medium_..._open(..., &medium, problem);
 *	err = flash_write(&f, medium);
 *	medium->ops->close(medium);
 *
 * The first MiB is zeroed first and written last, after all else was verified: a board that is lost in between has no
 * partition table and does not start half a system. A chunk that reads back wrong is written once more.
 *
 * All errors are reported here, those of image and medium too. */
#ifndef FLASH_H
#define FLASH_H

#include "flash/flash_step.h"
#include "flash/image.h"
#include "flash/medium.h"

#include <stdbool.h>

struct flash {
	/* borrowed, set by the caller */
	struct flash_steps steps; /* whom to report to, and who interrupts */
	struct image *image;
	bool verify;           /* read back and compare */
	const char *disk_name; /* the board's own name of the disk, like "mmcblk0"; "" unknown */

	/* set by flash_write */
	struct flash_figures figures;
	enum err published; /* what medium->ops->publish returned: no failure of the board's */

	/* internal */
	bool erased,
		completed; /* the disk has no partition table; its first MiB was written again */
};

/* Waits until the image is ready. ERR_INTERRUPTED, or the image's error, which is reported already. */
enum err flash_await_image(struct flash *f);

/* Writes the image to MEDIUM, whose spool it is; verifies it; makes its partitions visible. The image is not larger than
 * the medium. OK, ERR_INTERRUPTED, or the medium's errors. */
enum err flash_write(struct flash *f, struct medium *medium);

#endif
