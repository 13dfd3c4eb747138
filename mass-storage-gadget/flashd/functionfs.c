/* SPDX-License-Identifier: Apache-2.0 */
#include "flashd/functionfs.h"

#include "formats/flashwire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usb/functionfs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE  256
#define STRING     1 /* index */
#define ENDPOINT   1
#define US_ENGLISH 0x409
#define COMPATIBLE 4 /* wIndex of the extended compatible ID */
#define PROPERTIES 5 /* wIndex of the extended properties */
#define VERSION_1_0 \
	1        /* BCD 0100 backwards: all that kernels before 6.3 take, and the later ones, too */
#define REG_SZ 1 /* Linux answers a stall for REG_MULTI_SZ, which would hold several identifiers */

/* What Windows lists the interface under, for programs that look for it. */
#define GUID_NAME "DeviceInterfaceGUID"
#define GUID      "{8c6b2a1e-5d7f-4c43-9f0b-3a0f6d9b7e52}"

struct functionfs_speed {
	struct usb_interface_descriptor interface;
	struct usb_endpoint_descriptor_no_audio out, in;
} __attribute__((packed));

struct functionfs_compatible {
	struct usb_os_desc_header head;
	struct usb_ext_compat_desc id;
} __attribute__((packed));

struct functionfs_properties {
	struct usb_os_desc_header head;
	struct usb_ext_prop_desc property;
	char name[sizeof GUID_NAME];
	uint32_t data_size;
	char data[sizeof GUID];
} __attribute__((packed));

struct functionfs_descriptors {
	struct usb_functionfs_descs_head_v2 head;
	uint32_t full_count, high_count, os_count;
	struct functionfs_speed full, high;
	struct functionfs_compatible compatible;
	struct functionfs_properties properties;
} __attribute__((packed));

struct functionfs_strings {
	struct usb_functionfs_strings_head head;
	uint16_t language;
	char name[sizeof FLASHWIRE_INTERFACE_NAME];
} __attribute__((packed));

static struct usb_endpoint_descriptor_no_audio functionfs_endpoint(uint8_t address, uint16_t packet)
{
	return (struct usb_endpoint_descriptor_no_audio){
		.bLength = sizeof(struct usb_endpoint_descriptor_no_audio),
		.bDescriptorType = USB_DT_ENDPOINT,
		.bEndpointAddress = address,
		.bmAttributes = USB_ENDPOINT_XFER_BULK,
		.wMaxPacketSize = packet,
	};
}

static struct functionfs_speed functionfs_speed(uint16_t packet)
{
	return (struct functionfs_speed){
		.interface = { .bLength = sizeof(struct usb_interface_descriptor),
		               .bDescriptorType = USB_DT_INTERFACE,
		               .bNumEndpoints = 2,
		               .bInterfaceClass = FLASHWIRE_CLASS,
		               .bInterfaceSubClass = FLASHWIRE_SUBCLASS,
		               .bInterfaceProtocol = FLASHWIRE_PROTOCOL,
		               .iInterface = STRING },
		.out = functionfs_endpoint(ENDPOINT, packet),
		.in = functionfs_endpoint((ENDPOINT + 1) | USB_DIR_IN, packet),
	};
}

static void functionfs_fill_os(struct functionfs_descriptors *d)
{
	d->os_count = 2;
	d->compatible.head = (struct usb_os_desc_header){ .dwLength = sizeof d->compatible,
		                                          .bcdVersion = VERSION_1_0,
		                                          .wIndex = COMPATIBLE,
		                                          .bCount = 1 };
	d->compatible.id.Reserved1 = 1;
	memcpy(d->compatible.id.CompatibleID, "WINUSB", 6);
	d->properties.head = (struct usb_os_desc_header){ .dwLength = sizeof d->properties,
		                                          .bcdVersion = VERSION_1_0,
		                                          .wIndex = PROPERTIES,
		                                          .wCount = 1 };
	d->properties.property = (struct usb_ext_prop_desc){
		.dwSize = sizeof d->properties - sizeof d->properties.head,
		.dwPropertyDataType = REG_SZ,
		.wPropertyNameLength = sizeof d->properties.name,
	};
	memcpy(d->properties.name, GUID_NAME, sizeof GUID_NAME);
	d->properties.data_size = sizeof d->properties.data;
	memcpy(d->properties.data, GUID, sizeof GUID);
}

static int functionfs_describe(int control)
{
	struct functionfs_descriptors d = {
		.head = { .magic = FUNCTIONFS_DESCRIPTORS_MAGIC_V2,
		          .length = sizeof d,
		          .flags = FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC |
		                   FUNCTIONFS_HAS_MS_OS_DESC },
		.full_count = 3,
		.high_count = 3,
		.full = functionfs_speed(64),
		.high = functionfs_speed(512),
	};
	struct functionfs_strings s = {
		.head = { .magic = FUNCTIONFS_STRINGS_MAGIC,
		          .length = sizeof s,
		          .str_count = 1,
		          .lang_count = 1 },
		.language = US_ENGLISH,
		.name = FLASHWIRE_INTERFACE_NAME,
	};
	functionfs_fill_os(&d);
	if (write(control, &d, sizeof d) != sizeof d || write(control, &s, sizeof s) != sizeof s)
		return errno;
	return 0;
}

static int functionfs_open_file(const char *directory, const char *name, int flags, int *fd)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	*fd = open(path, O_RDWR | O_CLOEXEC | flags);
	return *fd < 0 ? errno : 0;
}

int functionfs_open(const char *directory, struct functionfs *out, const char **what)
{
	*what = "ep0";
	int err = functionfs_open_file(directory, "ep0", 0, &out->control);
	if (!err) {
		*what = "descriptors";
		err = functionfs_describe(out->control);
	}
	/* the kernel numbers the endpoints' files in their order */
	if (!err) {
		*what = "ep1";
		err = functionfs_open_file(directory, "ep1", O_NONBLOCK, &out->out);
	}
	if (!err) {
		*what = "ep2";
		err = functionfs_open_file(directory, "ep2", O_NONBLOCK, &out->in);
	}
	return err;
}
