/* SPDX-License-Identifier: Apache-2.0 */
/* Identifies a board's boot stage from its USB ids: in its boot ROM, as the second stage's
 * file server, or as what was booted. Knows no bus. */
#ifndef DEVICE_ID_H
#define DEVICE_ID_H

#include "base/chip.h"

#include <stdbool.h>
#include <stdint.h>

enum stage {
	STAGE_NONE, /* not one of our boards */
	STAGE_BOOT_ROM,
	STAGE_FILE_SERVER,
	STAGE_MSD_GADGET, /* the mass-storage gadget */
	STAGE_LEGACY_MSD, /* the msd firmware of the first Compute Modules */
	STAGE_OLD_GADGET, /* Linux' own id for such gadgets, used by earlier ones */
	STAGE_FASTBOOT, /* the provisioner's gadget: Android's ids, recognised by its interface string */
	STAGE_COUNT
};

/* INTERFACE is the string of the device's first interface, NULL when unknown: a stage that needs it is then not recognised.
 * SERIAL_INDEX as in the device descriptor. */
enum stage device_identify(uint16_t vendor, uint16_t product, uint8_t serial_index,
                           const char *interface);

/* Whether the string of the first interface must be known to identify the stage. */
bool device_needs_interface(uint16_t vendor, uint16_t product);

/* It waits for a host to serve it. */
bool stage_is_boot(enum stage stage);

const char *stage_name(enum stage stage); /* for people: "boot ROM" */
const char *stage_code(enum stage stage); /* for machines: "rom" */

#endif
