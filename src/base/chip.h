/* SPDX-License-Identifier: Apache-2.0 */
/* The facts about the SoCs whose boot ROM speaks this protocol. Knows no USB. */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHIP_VENDOR 0x0a5c /* Broadcom, for every stage of every chip */

struct chip {
	uint16_t product;         /* USB product id of both boot stages */
	const char *name;         /* for people: "BCM2711" */
	const char *directory;    /* sub-directory and archive prefix of its files: "2711" */
	const char *second_stage; /* file name of the second stage */
	bool metadata;            /* reports metadata that is worth keeping */
	bool signed_message;      /* the boot message carries a signature with -s */
	bool gadget;              /* can run the mass-storage gadget */
	const char *boards;       /* what carries it */
	const char *names;        /* other words for it and its boards, for chip_by_name */
};

extern const struct chip chip_table[];
extern const size_t chip_count;

/* The chip with this USB product id of CHIP_VENDOR, or NULL. */
const struct chip *chip_by_product(uint16_t product);

/* The chip with this word among its names, in any case and also after "bcm", "0x" or "pi"; NULL when there is none. */
const struct chip *chip_by_name(const char *name);

/* The boot ROM is told from the file server by the index of the serial string in the device descriptor:
 * 0 (older ROMs) or 3 (2711, 2712) is the ROM, all else (1, seen: 4) the second stage's file server. */
bool chip_index_is_rom(uint8_t serial_index);

/* Whether NAME is a second stage of any chip. */
bool chip_is_second_stage(const char *name);

#endif
