/* SPDX-License-Identifier: Apache-2.0 */
/* Windows' names for the place of a USB device, read as this program's: bus and ports.
 *
 *	PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)#USB(3)   port 3 of the hub at port 2 of the controller PCIROOT(0)#PCI(1400)
 *
 * Interfaces of a composite device end in #USBMI(n). Source: DEVPKEY_Device_LocationPaths in Microsoft's documentation. */
#ifndef LOCATION_PATH_H
#define LOCATION_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the host controller's part of LOCATION ("PCIROOT(0)#PCI(1400)"); 0: not on a USB root hub. */
size_t location_controller(const char *location);

/* Writes BUS and the ports of LOCATION to OUT ("1-2.3") and the last port to *PORT. False: LOCATION is no device below a root
 * hub, or does not fit into SIZE bytes. */
bool location_to_path(const char *location, unsigned bus, char *out, size_t size, uint8_t *port);

#endif
