#include "base/device_id.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name, *code;
	uint16_t vendor, product; /* 0: told by the chip table */
	const char *interface;    /* its string must be this; NULL: any */
} table[FORM_COUNT] = {
	[FORM_NONE] = { "unknown", "unknown", 0, 0, NULL },
	[FORM_ROM] = { "boot ROM", "rom", 0, 0, NULL },
	[FORM_SERVER] = { "file server", "server", 0, 0, NULL },
	[FORM_GADGET] = { "mass-storage gadget", "gadget", CHIP_VENDOR, 0x0104, NULL },
	[FORM_LEGACY] = { "legacy msd", "legacy-msd", CHIP_VENDOR, 0x0001, NULL },
	[FORM_OLD_GADGET] = { "older msd gadget", "old-gadget", 0x0525, 0xa4a5, NULL },
	[FORM_FASTBOOT] = { "fastboot gadget", "fastboot", 0x18d1, 0x4e40,
	                    "fastbootd-provisioner" },
};

enum form form_of(uint16_t vendor, uint16_t product, uint8_t serial_index, const char *interface)
{
	if (vendor == CHIP_VENDOR && chip_by_product(product))
		return chip_index_is_rom(serial_index) ? FORM_ROM : FORM_SERVER;
	for (int i = 0; i < FORM_COUNT; i++) {
		if (!table[i].vendor || table[i].vendor != vendor || table[i].product != product)
			continue;
		if (!table[i].interface ||
		    (interface && strcmp(interface, table[i].interface) == 0))
			return (enum form)i;
	}
	return FORM_NONE;
}

bool form_needs_interface(uint16_t vendor, uint16_t product)
{
	for (int i = 0; i < FORM_COUNT; i++)
		if (table[i].interface && table[i].vendor == vendor && table[i].product == product)
			return true;
	return false;
}

bool form_is_boot(enum form form)
{
	return form == FORM_ROM || form == FORM_SERVER;
}

const char *form_name(enum form form)
{
	return table[form].name;
}

const char *form_code(enum form form)
{
	return table[form].code;
}
