/* SPDX-License-Identifier: Apache-2.0 */
/* The facts about the SoCs whose boot ROM speaks this protocol. Knows no USB. */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHIP_VENDOR 0x0a5c /* Broadcom, for every stage of every chip */

#define CHIP_PARTS  5  /* most files that a boot loader is made of, and NULL */
#define CHIP_MODELS 10 /* most models with one chip, and an empty row */

/* A board with this chip, as filters in config.txt name it: [pi4]. */
struct chip_model {
	const char *filter;
	bool all; /* every board with the chip passes this filter */
};

struct chip {
	uint16_t product;         /* USB product id of both boot stages */
	const char *name;         /* for people: "BCM2711" */
	const char *directory;    /* sub-directory and archive prefix of its files: "2711" */
	const char *second_stage; /* file name of the second stage */
	const char *start_file;   /* firmware that a second stage asks for; NULL: asks for none */
	const char *msd_start;    /* the file in msd/ that has it; NULL: msd/ has nothing for it */
	bool metadata;            /* reports metadata that is worth keeping */
	bool signed_message;      /* the boot message carries a signature with -s */
	bool full_speed;          /* its boot ROM is a full-speed USB device by design */
	bool gadget;              /* can run the mass-storage gadget */
	bool config_writes_otp;   /* firmware sets one-time programmable memory by config.txt */
	const char *boards;       /* what carries it */
	const char *names;        /* other words for it and its boards, for chip_by_name */

	/* The EEPROM with the boot loader. 0: the chip has none, and nothing of what follows. */
	uint32_t eeprom_size;              /* bytes of an image */
	const char *recovery;              /* directory that writes it */
	const char *recovery_signed;       /* the same with secure boot */
	const char *parts[CHIP_PARTS];     /* of the boot loader, beside the second stage */
	bool parts_needed;                 /* no second stage has them inside */
	const char *rp1_parts[CHIP_PARTS]; /* firmware of the RP1; without it no USB and Ethernet */
	bool counter_signs;                /* customers sign its boot code, with a trailer */
	uint64_t image_limit;   /* bytes of boot.img that are read; 0: no limit is known */
	uint64_t image_caution; /* bytes that older boot loaders read */

	struct chip_model models[CHIP_MODELS]; /* ends with an empty row */
};

extern const struct chip chip_table[];
extern const size_t chip_count;

/* The chip with this USB product id of CHIP_VENDOR, or NULL. */
const struct chip *chip_by_product(uint16_t product);

/* The chip with this word among its names, in any case and also after "bcm", "0x" or "pi"; NULL when there is none. */
const struct chip *chip_by_name(const char *name);

/* The boot ROM differs from the file server in the index of the serial string in the device descriptor:
 * 0 (older ROMs) or 3 (2711, 2712) is the ROM, all else (1, seen: 4) the second stage's file server. */
bool chip_index_is_rom(uint8_t serial_index);

/* Whether NAME is a second stage of any chip. Case does not count: there are file systems that ignore it. */
bool chip_is_second_stage(const char *name);

#endif
