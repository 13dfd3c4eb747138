/* The forms in which one of our boards can be on the bus, told by its USB ids: in its boot ROM, as the second stage's
 * file server, or as what was booted. Knows no bus. */
#ifndef FORM_H
#define FORM_H

#include "base/chip.h"

#include <stdbool.h>
#include <stdint.h>

enum form {
	FORM_NONE, /* not one of our boards */
	FORM_ROM,
	FORM_SERVER,
	FORM_GADGET,     /* the mass-storage gadget */
	FORM_LEGACY,     /* the msd firmware of the first Compute Modules */
	FORM_OLD_GADGET, /* Linux' own id for such gadgets, used by earlier ones */
	FORM_FASTBOOT,   /* the provisioner's gadget: Android's ids, told by its interface string */
	FORM_COUNT
};

/* INTERFACE is the string of the device's first interface, NULL when unknown: a form that needs it is then not seen.
 * SERIAL_INDEX as in the device descriptor. */
enum form form_of(uint16_t vendor, uint16_t product, uint8_t serial_index, const char *interface);

/* Whether the string of the first interface must be known to tell the form. */
bool form_needs_interface(uint16_t vendor, uint16_t product);

/* It waits for a host to serve it. */
bool form_is_boot(enum form form);

const char *form_name(enum form form); /* for people: "boot ROM" */
const char *form_code(enum form form); /* for machines: "rom" */

#endif
