/* SPDX-License-Identifier: Apache-2.0 */
/* Location paths as Microsoft's documentation of DEVPKEY_Device_LocationPaths shows them. */
#include "platform/location_path.h"
#include "tap.h"

#include <stdint.h>

static void a_path_is_the_bus_and_the_ports(void)
{
	char path[48];
	uint8_t port = 0;
	CHECK(location_to_path("PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)", 1, path, sizeof path,
	                       &port));
	CHECK_STR(path, "1-2");
	CHECK_INT(port, 2);
	CHECK(location_to_path("PCIROOT(0)#PCI(0801)#PCI(0003)#USBROOT(0)#USB(6)#USB(3)#USB(14)",
	                       12, path, sizeof path, &port));
	CHECK_STR(path, "12-6.3.14");
	CHECK_INT(port, 14);
	CHECK(location_to_path("PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)#USBMI(1)", 1, path,
	                       sizeof path, &port));
	CHECK_STR(path, "1-2");
}

static void what_is_no_device_on_a_hub(void)
{
	static const char *const bad[] = {
		"",
		"PCIROOT(0)#PCI(1400)",
		"PCIROOT(0)#PCI(1400)#USBROOT(0)",
		"PCIROOT(0)#PCI(1400)#USBROOT(0",
		"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB()",
		"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(x)",
		"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(0)",
		"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(256)",
		"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(1",
		"PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(1)#DISK(0)",
	};
	char path[48];
	uint8_t port;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (location_to_path(bad[i], 1, path, sizeof path, &port))
			TAP_FAIL("\"%s\" became %s", bad[i], path);
}

static void what_does_not_fit(void)
{
	char path[6];
	uint8_t port;
	CHECK(location_to_path("PCIROOT(0)#USBROOT(0)#USB(2)#USB(3)", 1, path, sizeof path, &port));
	CHECK(!location_to_path("PCIROOT(0)#USBROOT(0)#USB(2)#USB(33)", 1, path, sizeof path,
	                        &port));
	CHECK(!location_to_path("PCIROOT(0)#USBROOT(0)#USB(2)#USB(3)#USB(4)", 1, path, sizeof path,
	                        &port));
}

static void the_part_of_the_controller(void)
{
	CHECK_INT(location_controller("PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(2)"), 20);
	CHECK_INT(location_controller("PCIROOT(0)#PCI(1400)"), 0);
}

int main(void)
{
	RUN(a_path_is_the_bus_and_the_ports);
	RUN(what_is_no_device_on_a_hub);
	RUN(what_does_not_fit);
	RUN(the_part_of_the_controller);
	return tap_end();
}
