/* SPDX-License-Identifier: Apache-2.0 */
#include "base/device_id.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name, *code;
	uint16_t vendor, product; /* 0: see the chip table */
	const char *interface;    /* its string must be this; NULL: any */
} table[STAGE_COUNT] = {
	[STAGE_NONE] = { "unknown", "unknown", 0, 0, NULL },
	[STAGE_BOOT_ROM] = { "boot ROM", "rom", 0, 0, NULL },
	[STAGE_FILE_SERVER] = { "file server", "server", 0, 0, NULL },
	[STAGE_MSD_GADGET] = { "mass-storage gadget", "gadget", CHIP_VENDOR, 0x0104, NULL },
	[STAGE_LEGACY_MSD] = { "legacy msd", "legacy-msd", CHIP_VENDOR, 0x0001, NULL },
	[STAGE_OLD_GADGET] = { "older msd gadget", "old-gadget", 0x0525, 0xa4a5, NULL },
	[STAGE_FASTBOOT] = { "fastboot gadget", "fastboot", 0x18d1, 0x4e40,
	                     "fastbootd-provisioner" },
};

enum stage device_identify(uint16_t vendor, uint16_t product, uint8_t serial_index,
                           const char *interface)
{
	if (vendor == CHIP_VENDOR && chip_by_product(product))
		return chip_index_is_rom(serial_index) ? STAGE_BOOT_ROM : STAGE_FILE_SERVER;
	for (int i = 0; i < STAGE_COUNT; i++) {
		if (!table[i].vendor || table[i].vendor != vendor || table[i].product != product)
			continue;
		if (!table[i].interface ||
		    (interface && strcmp(interface, table[i].interface) == 0))
			return (enum stage)i;
	}
	return STAGE_NONE;
}

bool device_needs_interface(uint16_t vendor, uint16_t product)
{
	for (int i = 0; i < STAGE_COUNT; i++)
		if (table[i].interface && table[i].vendor == vendor && table[i].product == product)
			return true;
	return false;
}

bool stage_is_boot(enum stage stage)
{
	return stage == STAGE_BOOT_ROM || stage == STAGE_FILE_SERVER;
}

const char *stage_name(enum stage stage)
{
	return table[stage].name;
}

const char *stage_code(enum stage stage)
{
	return table[stage].code;
}
