/* SPDX-License-Identifier: Apache-2.0 */
/* The FAT volume in a boot image, judged by its boot sector: either the whole image, or one partition of a FAT type in a
 * partition table (MBR). Facts: docs/formats.md, "boot.img".
 *
 *	struct fatvolume volume;
 *	if (fatvolume_open(&volume, read, ctx, size, &why) == 0)
 *		fatvolume_count_free(&volume, read, ctx, &count);
 */
#ifndef FATVOLUME_H
#define FATVOLUME_H

#include "base/reason.h"
#include "formats/reader.h"

#include <stdbool.h>

#define FATVOLUME_SECTOR 512

struct fatvolume {
	uint64_t offset;   /* of the volume in the image, bytes; 0: no partition table */
	uint64_t size;     /* of the volume, bytes */
	unsigned bits;     /* 12, 16 or 32 */
	uint32_t clusters; /* of the data area */
	uint32_t table;    /* offset of the first table in the volume, bytes */
};

/* Finds the volume in an image of SIZE bytes that READ returns. Returns 0, or -1 with the offset in WHY and a text that
 * continues the name of the file ("is cut short: ..."). */
int fatvolume_open(struct fatvolume *volume, reader_fn read, void *ctx, uint64_t size,
                   struct reason *why);

/* Counts the free clusters. False: the table could not be read. */
bool fatvolume_count_free(const struct fatvolume *volume, reader_fn read, void *ctx,
                          uint32_t *count);

#endif
