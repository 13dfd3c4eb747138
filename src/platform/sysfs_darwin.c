/* SPDX-License-Identifier: Apache-2.0 */
/* macOS: the queries of sysfs.h, answered by the I/O Registry. Drivers, holders and the kernel log have no public
 * counterpart there: those queries find nothing. Property names: IOUSBHostFamily and IOMedia, as `ioreg -l` shows them. */
#include "platform/sysfs.h"

#include "platform/plat.h"
#include "platform/usb_location.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOKitLib.h>

const struct sysfs sysfs_default = { .now = plat_now };

/* --- properties of a registry entry */

static bool darwin_number(io_registry_entry_t entry, CFStringRef name, uint64_t *out)
{
	CFTypeRef value = IORegistryEntryCreateCFProperty(entry, name, kCFAllocatorDefault, 0);
	bool good = value && CFGetTypeID(value) == CFNumberGetTypeID() &&
	            CFNumberGetValue(value, kCFNumberSInt64Type, out);
	if (value)
		CFRelease(value);
	return good;
}

static bool darwin_copy_string(CFTypeRef value, char out[SYSFS_TEXT])
{
	return value && CFGetTypeID(value) == CFStringGetTypeID() &&
	       CFStringGetCString(value, out, SYSFS_TEXT, kCFStringEncodingUTF8) && *out;
}

static bool darwin_string(io_registry_entry_t entry, CFStringRef name, char out[SYSFS_TEXT])
{
	CFTypeRef value = IORegistryEntryCreateCFProperty(entry, name, kCFAllocatorDefault, 0);
	bool good = darwin_copy_string(value, out);
	if (value)
		CFRelease(value);
	if (!good)
		*out = 0;
	return good;
}

/* --- devices */

/* Calls FN for each object of CLASS, whole media only if WHOLE, until it returns false. */
static void darwin_each(const char *class, bool whole, bool (*fn)(void *ctx, io_object_t object),
                        void *ctx)
{
	io_iterator_t iterator;
	CFMutableDictionaryRef match = IOServiceMatching(class);
	if (match && whole)
		CFDictionarySetValue(match, CFSTR("Whole"), kCFBooleanTrue);
	if (!match || IOServiceGetMatchingServices(MACH_PORT_NULL, match, &iterator) != 0)
		return;
	bool more = true;
	for (io_object_t object; more && (object = IOIteratorNext(iterator)) != 0;) {
		more = fn(ctx, object);
		IOObjectRelease(object);
	}
	IOObjectRelease(iterator);
}

static bool darwin_describe(io_object_t device, struct usb_device_info *info)
{
	uint64_t vendor, product, location, address = 0, serial_index = 0;
	if (!darwin_number(device, CFSTR("idVendor"), &vendor) ||
	    !darwin_number(device, CFSTR("idProduct"), &product) ||
	    !darwin_number(device, CFSTR("locationID"), &location))
		return false;
	if (!darwin_number(device, CFSTR("kUSBAddress"), &address))
		darwin_number(device, CFSTR("USB Address"), &address);
	darwin_number(device, CFSTR("iSerialNumber"), &serial_index);
	*info = (struct usb_device_info){
		.vendor = (uint16_t)vendor,
		.product = (uint16_t)product,
		.bus = (uint8_t)(location >> 24),
		.address = (uint8_t)address,
		.serial_index = (uint8_t)serial_index,
	};
	info->port = usb_location_path((uint32_t)location, info->path);
	return true;
}

bool sysfs_has_bus(const struct sysfs *m)
{
	(void)m;
	return true;
}

struct each {
	void (*fn)(void *ctx, const struct usb_device_info *info);
	void *ctx;
};

static bool darwin_each_device(void *ctx, io_object_t device)
{
	const struct each *each = ctx;
	struct usb_device_info info;
	if (darwin_describe(device, &info))
		each->fn(each->ctx, &info);
	return true;
}

void sysfs_each(const struct sysfs *m, void (*fn)(void *ctx, const struct usb_device_info *info),
                void *ctx)
{
	struct each each = { fn, ctx };
	(void)m;
	darwin_each("IOUSBHostDevice", false, darwin_each_device, &each);
}

struct find {
	const char *path;
	struct usb_device_info info;
	io_object_t device; /* retained; 0: none */
};

static bool darwin_is_path(void *ctx, io_object_t device)
{
	struct find *find = ctx;
	if (!darwin_describe(device, &find->info) || strcmp(find->info.path, find->path) != 0)
		return true;
	IOObjectRetain(device);
	find->device = device;
	return false;
}

/* The device on PATH, to be released with IOObjectRelease; 0: none. */
static io_object_t darwin_find(const char *path, struct usb_device_info *info)
{
	struct find find = { .path = path };
	darwin_each("IOUSBHostDevice", false, darwin_is_path, &find);
	if (find.device && info)
		*info = find.info;
	return find.device;
}

bool sysfs_device(const struct sysfs *m, const char *path, struct usb_device_info *info)
{
	(void)m;
	io_object_t device = darwin_find(path, info);
	if (!device)
		return false;
	IOObjectRelease(device);
	return true;
}

/* The string of the first interface that has one. */
static bool darwin_interface_string(io_object_t device, char out[SYSFS_TEXT])
{
	io_iterator_t children;
	bool found = false;
	if (IORegistryEntryGetChildIterator(device, kIOServicePlane, &children) != 0)
		return false;
	for (io_object_t child; (child = IOIteratorNext(children)) != 0;) {
		found = found || darwin_string(child, CFSTR("kUSBString"), out) ||
		        darwin_string(child, CFSTR("USB Interface Name"), out);
		IOObjectRelease(child);
	}
	IOObjectRelease(children);
	return found;
}

bool sysfs_text(const struct sysfs *m, const char *path, const char *name, char out[SYSFS_TEXT])
{
	(void)m;
	*out = 0;
	io_object_t device = darwin_find(path, NULL);
	if (!device)
		return false;
	bool found = strcmp(name, "serial") == 0 &&
	             (darwin_string(device, CFSTR("kUSBSerialNumberString"), out) ||
	              darwin_string(device, CFSTR("USB Serial Number"), out));
	IOObjectRelease(device);
	return found;
}

enum stage sysfs_stage(const struct sysfs *m, const struct usb_device_info *info)
{
	char interface[SYSFS_TEXT];
	bool known = false;
	(void)m;
	if (device_needs_interface(info->vendor, info->product)) {
		io_object_t device = darwin_find(info->path, NULL);
		known = device && darwin_interface_string(device, interface);
		if (device)
			IOObjectRelease(device);
	}
	return device_identify(info->vendor, info->product, info->serial_index,
	                       known ? interface : NULL);
}

void sysfs_node(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT])
{
	(void)m;
	snprintf(out, SYSFS_TEXT, "%s", info->path);
}

/* --- disks */

struct disks {
	const char *path;
	struct sysfs_disk *out;
	size_t count;
};

/* The path of the USB device above OBJECT. */
static bool darwin_usb_path(io_object_t object, char path[USB_PATH_SIZE])
{
	struct usb_device_info info;
	io_object_t at = object, parent;
	bool found = false;
	IOObjectRetain(at);
	while (!found && IORegistryEntryGetParentEntry(at, kIOServicePlane, &parent) == 0) {
		IOObjectRelease(at);
		at = parent;
		found = IOObjectConformsTo(at, "IOUSBHostDevice") && darwin_describe(at, &info);
	}
	IOObjectRelease(at);
	if (found)
		memcpy(path, info.path, USB_PATH_SIZE);
	return found;
}

static CFTypeRef darwin_search(io_object_t media, CFStringRef name)
{
	return IORegistryEntrySearchCFProperty(media, kIOServicePlane, name, kCFAllocatorDefault,
	                                       kIORegistryIterateRecursively |
	                                               kIORegistryIterateParents);
}

/* INQUIRY fields are padded with blanks. */
static void darwin_copy_field(CFTypeRef value, char out[SYSFS_TEXT])
{
	size_t n = darwin_copy_string(value, out) ? strlen(out) : 0;
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = 0;
}

static void darwin_search_field(io_object_t media, CFStringRef name, char out[SYSFS_TEXT])
{
	CFTypeRef value = darwin_search(media, name);
	darwin_copy_field(value, out);
	if (value)
		CFRelease(value);
}

/* From the logical unit above MEDIA; disks that are not SCSI have the same in a dictionary. */
static void darwin_inquiry(io_object_t media, struct sysfs_disk *disk)
{
	darwin_search_field(media, CFSTR("Vendor Identification"), disk->vendor);
	darwin_search_field(media, CFSTR("Product Identification"), disk->model);
	darwin_search_field(media, CFSTR("Product Revision Level"), disk->revision);
	if (*disk->vendor || *disk->model)
		return;
	CFTypeRef facts = darwin_search(media, CFSTR("Device Characteristics"));
	if (!facts)
		return;
	if (CFGetTypeID(facts) == CFDictionaryGetTypeID()) {
		darwin_copy_field(CFDictionaryGetValue(facts, CFSTR("Vendor Name")), disk->vendor);
		darwin_copy_field(CFDictionaryGetValue(facts, CFSTR("Product Name")), disk->model);
	}
	CFRelease(facts);
}

/* Whether MEDIA is what a disk driver found. The volume group or container in a partition is a whole medium, too. */
static bool darwin_is_disk(io_object_t media)
{
	io_object_t parent;
	if (IORegistryEntryGetParentEntry(media, kIOServicePlane, &parent) != 0)
		return false;
	bool disk = IOObjectConformsTo(parent, "IOBlockStorageDriver");
	IOObjectRelease(parent);
	return disk;
}

static bool darwin_each_disk(void *ctx, io_object_t media)
{
	struct disks *d = ctx;
	char path[USB_PATH_SIZE], name[SYSFS_TEXT];
	struct sysfs_disk disk = { 0 };
	if (!darwin_is_disk(media) || !darwin_usb_path(media, path) || strcmp(path, d->path) != 0 ||
	    !darwin_string(media, CFSTR("BSD Name"), name) ||
	    (size_t)snprintf(disk.node, sizeof disk.node, "/dev/%s", name) >= sizeof disk.node)
		return true;
	darwin_number(media, CFSTR("Size"), &disk.size);
	darwin_inquiry(media, &disk);
	d->out[d->count++] = disk;
	return d->count < SYSFS_DISKS;
}

static int darwin_by_name(const void *a, const void *b)
{
	const struct sysfs_disk *x = a, *y = b;
	size_t m = strlen(x->node), n = strlen(y->node); /* disk10 comes after disk9 */
	return m != n ? (m < n ? -1 : 1) : strcmp(x->node, y->node);
}

size_t sysfs_disks(const struct sysfs *m, const char *path, struct sysfs_disk out[SYSFS_DISKS])
{
	struct disks disks = { .path = path, .out = out };
	(void)m;
	darwin_each("IOMedia", true, darwin_each_disk, &disks);
	qsort(out, disks.count, sizeof *out, darwin_by_name);
	return disks.count;
}

/* --- what macOS does not report */

bool sysfs_disk_at(const struct sysfs *m, unsigned major, unsigned minor, const char *path,
                   struct sysfs_disk *out)
{
	(void)m, (void)major, (void)minor, (void)path, (void)out;
	return false;
}

bool sysfs_lacks_node(const struct sysfs *m, const struct usb_device_info *info,
                      char node[SYSFS_TEXT])
{
	(void)m, (void)info; /* devices have no files there */
	*node = 0;
	return false;
}

uint64_t sysfs_disk_sequence(const struct sysfs *m)
{
	(void)m;
	return 0;
}

bool sysfs_disk_users(const struct sysfs *m, const struct sysfs_disk *disk, char out[SYSFS_TEXT])
{
	(void)m, (void)disk;
	*out = 0;
	return false;
}

bool sysfs_drivers(const struct sysfs *m, const char *path, const char *except,
                   char out[SYSFS_TEXT])
{
	(void)m, (void)path, (void)except;
	*out = 0;
	return false;
}

bool sysfs_holders(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT])
{
	(void)m, (void)info;
	*out = 0;
	return false;
}

bool sysfs_enum_error(const struct sysfs *m, const char *path, char out[SYSFS_TEXT])
{
	(void)m, (void)path;
	*out = 0;
	return false;
}
