/* SPDX-License-Identifier: Apache-2.0 */
/* What a boot directory is for, as far as that decides whether a board that was served from it has succeeded. */
#ifndef INTENT_H
#define INTENT_H

#include "bootdir/bootfiles.h"
#include "formats/rawkey.h"

#include <stdbool.h>

struct intent {
	bool recovery;   /* the second stage is a recovery program */
	bool has_eeprom; /* pieeprom.bin is there: a recovery program is to write it */
	/* the hash of the key that boards are locked to, in hexadecimal digits; "": none, or unknown */
	char key[2 * RAWKEY_HASH + 1];
};

/* What config.txt asks of a recovery program. */
struct intent_config {
	bool locks;   /* program_pubkey: the board is to be locked to a key */
	bool erases;  /* erase_eeprom: nothing is written */
	bool reboots; /* recovery_reboot: the board starts again when it is done */
};

/* Looks at what a board with the chip of FILES (open) is served. */
void intent_read(const struct bootfiles *files, struct intent *intent);

/* Reads FILE, a config.txt for CHIP; settings under filters that exclude the chip do not count. */
void intent_read_config(const struct bootfile *file, const struct chip *chip,
                        struct intent_config *config);

#endif
