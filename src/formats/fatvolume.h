/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an image is a bare FAT volume that the boot firmware can read, judged by its first sector. Facts:
 * docs/formats.md, "boot.img". */
#ifndef FATVOLUME_H
#define FATVOLUME_H

#include <stdint.h>

#define FATVOLUME_SECTOR 512

/* What is wrong with an image of SIZE bytes that begins with SECTOR, as a sentence part; NULL: nothing. */
const char *fatvolume_problem(const uint8_t sector[FATVOLUME_SECTOR], uint64_t size);

#endif
