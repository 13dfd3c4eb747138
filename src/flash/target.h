/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a board's disks is meant. Pure: knows no system and no bus. */
#ifndef TARGET_H
#define TARGET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What kind of disk the board's own kernel says it is, from the name that it gives to it. */
enum target_kind {
	TARGET_UNKNOWN, /* the gadget does not show the board's name */
	TARGET_MMC,     /* mmcblkN: eMMC or SD card; Compute Modules have one of them */
	TARGET_BOOT,    /* mmcblkNbootM: a boot partition of the eMMC, shown as a disk */
	TARGET_NVME,    /* nvmeNnM */
	TARGET_USB,     /* sdX: a disk on the board's own USB port */
};

#define TARGET_NAME 32

struct target_disk {
	char name[TARGET_NAME]; /* the board's own name, like "mmcblk0"; "" unknown */
	const char *node;       /* the host's, like "/dev/sda"; NULL where there is none */
	uint64_t size;          /* bytes; 0: no medium */
	const char *word; /* "emmc" or "sd" where the board knows which; NULL: the name decides */
};

/* The board's name of a disk from the vendor (8 characters) and model (16) of its SCSI inquiry data, in which our gadget
 * and upstream's show it, trailing blanks cut: "mmcblk0", "". "" when it is none. */
void target_name(const char *vendor, const char *model, char out[TARGET_NAME]);

enum target_kind target_kind(const char *name);

/* Whether WHICH is a word that target_choose() understands: emmc, sd, nvme, usb, or a name of the board's kernel. */
bool target_is_word(const char *which);

/* Chooses among the disks that have a medium: by kind or name, or the only one when WHICH is NULL. *INDEX is set when OK.
 * ERR_DISK_AMBIGUOUS: more than one; ERR_DISK_NONE_SUCH: none of that kind or name. */
enum err target_choose(const struct target_disk disks[], size_t count, const char *which,
                       size_t *index);

/* "mmcblk0 (/dev/sda, 31268536320 bytes), nvme0n1 (...)": those with a medium. Cut when it does not fit. */
void target_list(const struct target_disk disks[], size_t count, char *out, size_t size);

#endif
