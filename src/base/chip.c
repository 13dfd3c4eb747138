/* SPDX-License-Identifier: Apache-2.0 */
#include "base/chip.h"

#include <string.h>
#include <strings.h>

const struct chip chip_table[] = {
	{
		.product = 0x2763,
		.name = "BCM2835",
		.directory = "2710",
		.second_stage = "bootcode.bin",
		.start_file = "start.elf",
		.msd_start = "start.elf",
		.signed_message = true,
		.full_speed = true,
		.boards = "Compute Module 1, Zero, Zero W, 1A, 1A+",
		.names = "2763 2708 2835 cm1 zero zerow 0 0w 1a 1a+",
		.models = { { "pi0", false },
	                    { "pi0w", false },
	                    { "pi1", false },
	                    { "cm1", false } },
	},
	{
		.product = 0x2764,
		.name = "BCM2837",
		.directory = "2710",
		.second_stage = "bootcode.bin",
		.start_file = "start.elf",
		.msd_start = "start.elf",
		.signed_message = true,
		.gadget = true,
		.config_writes_otp = true,
		.boards = "Compute Module 0, 3, 3+, 3A+, Zero 2 W",
		.names = "2764 2709 2710 2836 2837 cm0 cm3 cm3+ 3a+ zero2w 02w",
		.models = { { "pi0", false },
	                    { "pi0w", false }, /* Zero 2 W and CM0 see it, too */
	                    { "pi02", false },
	                    { "pi2", false },
	                    { "pi3", false },
	                    { "pi3+", false },
	                    { "cm0", false },
	                    { "cm3", false },
	                    { "cm3+", false } },
	},
	{
		.product = 0x2711,
		.name = "BCM2711",
		.directory = "2711",
		.second_stage = "bootcode4.bin",
		.start_file = "start4.elf",
		.msd_start = "start.elf", /* one file for all chips */
		.metadata = true,
		.gadget = true,
		.boards = "Compute Module 4, 4S, 4B, 400",
		.names = "2711 cm4 cm4s 4 4b 400",
		.eeprom_size = 524288,
		.recovery = "recovery",
		.recovery_signed = "secure-boot-recovery",
		.parts = { "mcb.bin", "bootmain", "memsys00.bin" },
		.image_limit = (uint64_t)128 << 20,
		.image_caution = (uint64_t)96 << 20,
		.models = { { "pi4", true },
	                    { "pi400", false },
	                    { "cm4", false },
	                    { "cm4s", false } },
	},
	{
		.product = 0x2712,
		.name = "BCM2712",
		.directory = "2712",
		.second_stage = "bootcode5.bin",
		.metadata = true,
		.gadget = true,
		.boards = "Compute Module 5, 5, 500, 500+",
		.names = "2712 cm5 5 500 500+",
		.eeprom_size = 2097152,
		.recovery = "recovery5",
		.recovery_signed = "secure-boot-recovery5",
		.parts = { "mcb.bin", "bootmain", "memsys00.bin" },
		.parts_needed = true,
		.rp1_parts = { "rp1c0fw1.bin", "rp1c0fw2.bin" },
		.counter_signs = true,
		.models = { { "pi5", true }, { "pi500", false }, { "cm5", false } },
	},
};

const size_t chip_count = sizeof chip_table / sizeof *chip_table;

const struct chip *chip_by_product(uint16_t product)
{
	for (size_t i = 0; i < chip_count; i++)
		if (chip_table[i].product == product)
			return &chip_table[i];
	return NULL;
}

/* Whether the N characters at WORD are one of the words of LIST. */
static bool chip_lists(const char *list, const char *word, size_t n)
{
	for (const char *at = list; *at; at += strspn(at, " ")) {
		size_t m = strcspn(at, " ");
		if (m == n && strncasecmp(at, word, n) == 0)
			return true;
		at += m;
	}
	return false;
}

const struct chip *chip_by_name(const char *name)
{
	static const char *const prefixes[] = { "bcm", "0x", "pi" };
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t n = strlen(prefixes[i]);
		if (strncasecmp(name, prefixes[i], n) == 0) {
			name += n;
			break;
		}
	}
	for (size_t i = 0; i < chip_count; i++)
		if (*name && chip_lists(chip_table[i].names, name, strlen(name)))
			return &chip_table[i];
	return NULL;
}

bool chip_index_is_rom(uint8_t serial_index)
{
	return serial_index == 0 || serial_index == 3;
}

bool chip_is_second_stage(const char *name)
{
	for (size_t i = 0; i < chip_count; i++)
		if (strcasecmp(name, chip_table[i].second_stage) == 0)
			return true;
	return false;
}
