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

/* The names of the backups of a run, of which no two boards have the same. */
struct backup_names;
struct backup_names *backup_names_new(void); /* NULL: out of memory */
void backup_names_free(struct backup_names *names);

/* The name for the board on USB_PATH: SERIAL; USB_PATH where that is ""; SERIAL-USB_PATH if a board on another path has had
 * the name SERIAL. It lives as long as NAMES; NULL: out of memory. Any thread. */
const char *backup_names_claim(struct backup_names *names, const char *serial,
                               const char *usb_path);

#endif
