/* SPDX-License-Identifier: Apache-2.0 */
/* A boot EEPROM image in memory: the walk along its sections, finding, reading and replacing files. Pure functions over
 * a byte buffer; knows no files of the host, no keys, no options.
 *
 * Layout (docs/formats.md, section 1): a chain of sections from offset 0, each a big-endian header (magic, length of what
 * follows) on an 8-byte boundary, up to an end marker or the end of the image. Erased bytes are 0xff. A modifiable file
 * has a 12-byte name and 4 bytes of zeros before its content. Reasons name an offset in bytes. */
#ifndef EEPROM_H
#define EEPROM_H

#include "base/reason.h"

#include <stdbool.h>
#include <stdint.h>

#define EEPROM_SIZE_2711 524288u
#define EEPROM_SIZE_2712 2097152u
/* For all files but bootcode and bootsys: what rpi-eeprom-config of raspberrypi/rpi-eeprom allows. */
#define EEPROM_FILE_MAX  4076u
#define EEPROM_FILE_SAFE 4072u /* a file of this size ends with its 4 KiB flash sector */

struct eeprom {
	uint8_t *bytes; /* borrowed */
	size_t size;
};

enum eeprom_kind { EEPROM_BOOTCODE, EEPROM_RESOURCE, EEPROM_FILE, EEPROM_PADDING };

struct eeprom_section {
	size_t offset; /* of the header */
	size_t length; /* of all after the 8-byte header */
	enum eeprom_kind kind;
	char name[13]; /* of a file or a resource, bytes as found; "" for others */
	bool valid;    /* false: before the first section */
};

/* Takes an image of the two possible sizes whose chain is sound: every header known, every section inside the image.
 * Returns 0 or -1. */
int eeprom_open(struct eeprom *image, uint8_t *bytes, size_t size, struct reason *why);

/* Steps to the next section ({0} to the first). Returns 1, 0 at the end of the chain, -1 if it is corrupt there. */
int eeprom_next(const struct eeprom *image, struct eeprom_section *section, struct reason *why);

/* The first file NAME in the whole image. Returns whether there is one. */
bool eeprom_find(const struct eeprom *image, const char *name, struct eeprom_section *section);

/* "BCM2711" or "BCM2712", by the size of the image. */
const char *eeprom_chip_name(const struct eeprom *image);

/* Whether the image has two boot partitions. */
bool eeprom_is_ab(const struct eeprom *image);

/* What a section carries: a file's content, a resource's data after its name, the code of bootcode. */
const uint8_t *eeprom_content(const struct eeprom *image, const struct eeprom_section *section,
                              size_t *n);

/* The most bytes that a replacement of this section may have; 0 for what cannot be replaced. */
size_t eeprom_room(const struct eeprom *image, const struct eeprom_section *section);

/* Replaces the content of the updatable file NAME (the first with its header in [0x10000, 0x107000)) and pads the rest
 * of its slot. Returns 0, or -1 with the image unchanged. */
int eeprom_replace(struct eeprom *image, const char *name, const uint8_t *content, size_t n,
                   struct reason *why);

/* The same for the second stage at offset 0. */
int eeprom_replace_bootcode(struct eeprom *image, const uint8_t *content, size_t n,
                            struct reason *why);

/* Stores the update time: in the `updatetime` files of an A/B image, otherwise in the last 8 bytes. Returns 0 or -1. */
int eeprom_set_time(struct eeprom *image, uint32_t seconds, struct reason *why);

/* When the boot loader was built, in seconds since 1970: the text BUILD_TIMESTAMP= in the image. False: it has none. */
bool eeprom_build_time(const struct eeprom *image, uint32_t *seconds);

/* The boot loader's version: the text VERSION: and 8 hexadecimal digits in the image. False: it has none. */
#define EEPROM_VERSION 8
bool eeprom_version(const struct eeprom *image, char version[EEPROM_VERSION + 1]);

#endif
