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
		.signed_message = true,
		.boards = "Compute Module 1, Zero, Zero W, 1A, 1A+",
	},
	{
		.product = 0x2764,
		.name = "BCM2837",
		.directory = "2710",
		.second_stage = "bootcode.bin",
		.signed_message = true,
		.gadget = true,
		.boards = "Compute Module 3, 3+, 3A+, Zero 2 W",
	},
	{
		.product = 0x2711,
		.name = "BCM2711",
		.directory = "2711",
		.second_stage = "bootcode4.bin",
		.metadata = true,
		.gadget = true,
		.boards = "Compute Module 4, 4S, 4B, 400",
	},
	{
		.product = 0x2712,
		.name = "BCM2712",
		.directory = "2712",
		.second_stage = "bootcode5.bin",
		.metadata = true,
		.gadget = true,
		.boards = "Compute Module 5, 5, 500, 500+",
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

const struct chip *chip_by_name(const char *name)
{
	static const struct {
		const char *name;
		uint16_t product;
	} names[] = {
		{ "2763", 0x2763 }, { "2708", 0x2763 }, { "2835", 0x2763 }, { "2764", 0x2764 },
		{ "2709", 0x2764 }, { "2710", 0x2764 }, { "2836", 0x2764 }, { "2837", 0x2764 },
		{ "2711", 0x2711 }, { "2712", 0x2712 },
	};
	if (strncasecmp(name, "bcm", 3) == 0)
		name += 3;
	else if (strncmp(name, "0x", 2) == 0)
		name += 2;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i].name) == 0)
			return chip_by_product(names[i].product);
	return NULL;
}

bool chip_index_is_rom(uint8_t serial_index)
{
	return serial_index == 0 || serial_index == 3;
}

bool chip_is_second_stage(const char *name)
{
	for (size_t i = 0; i < chip_count; i++)
		if (strcmp(name, chip_table[i].second_stage) == 0)
			return true;
	return false;
}
