/* SPDX-License-Identifier: Apache-2.0 */
/* Copies one board's disk into a compressed image, SERIAL.img.zst, that --flash can write back; beside it SERIAL.img.sha256
 * with the hash of the uncompressed image. Both appear when they are complete, or not at all. */
#ifndef BACKUP_H
#define BACKUP_H

#include "flash/flash.h"

/* Reads all of MEDIUM into files in DIRECTORY whose names begin with NAME. Uses F's report, board, monitor and disk_name.
 * OK, ERR_INTERRUPTED, ERR_BACKUP, ERR_MEMORY, or the medium's errors; all are reported. */
enum err backup_write(struct flash *f, struct medium *medium, const char *directory,
                      const char *name);

#endif
