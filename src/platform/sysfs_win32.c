/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/sysfs.h"

#include "platform/location_path.h"
#include "platform/plat.h"
#include "platform/plat_win32.h"

#include <initguid.h>

#include <cfgmgr32.h>
#include <setupapi.h>
#include <stdlib.h>
#include <string.h>
#include <usbiodef.h>
#include <wchar.h>
#include <winioctl.h>

/* The device tree of Windows instead of sysfs. A device is found by its place: its location path gives the controller and
 * the ports, and the number of the controller is its index among the controllers' interfaces, which is libusb's bus number. */

#define WIDE_TEXT 512 /* the longest property that is read, in characters */

const struct sysfs sysfs_default = { .sys = "", .proc = "", .dev = "", .log = "", .now = plat_now };

struct device {
	HDEVINFO set;
	SP_DEVINFO_DATA data;
	char location[WIDE_TEXT];
	struct usb_device_info info; /* attach_id, address, serial_index: 0 */
};

/* --- properties */

/* The first string of a property, in UTF-8. False: it has none. */
static bool device_property(HDEVINFO set, SP_DEVINFO_DATA *data, DWORD property, char *out,
                            int size)
{
	wchar_t text[WIDE_TEXT] = L"";
	*out = 0;
	return SetupDiGetDeviceRegistryPropertyW(set, data, property, NULL, (BYTE *)text,
	                                         sizeof text - sizeof *text, NULL) &&
	       *text && WideCharToMultiByte(CP_UTF8, 0, text, -1, out, size, NULL, NULL) > 0;
}

/* "USB\VID_0A5C&PID_2711\...": false for interfaces (&MI_) and everything else. */
static bool device_ids(HDEVINFO set, SP_DEVINFO_DATA *data, struct usb_device_info *info,
                       wchar_t id[WIDE_TEXT])
{
	unsigned vendor, product;
	if (!SetupDiGetDeviceInstanceIdW(set, data, id, WIDE_TEXT, NULL) ||
	    swscanf(id, L"USB\\VID_%4x&PID_%4x", &vendor, &product) != 2 || wcsstr(id, L"&MI_"))
		return false;
	info->vendor = (uint16_t)vendor;
	info->product = (uint16_t)product;
	return true;
}

/* --- the bus */

/* The number of the controller that LOCATION begins with; 0: not found. */
static unsigned bus_number(const char *location)
{
	size_t n = location_controller(location);
	HDEVINFO set = SetupDiGetClassDevsW(&GUID_DEVINTERFACE_USB_HOST_CONTROLLER, NULL, NULL,
	                                    DIGCF_PRESENT | DIGCF_DEVICEINTERFACE);
	if (set == INVALID_HANDLE_VALUE)
		return 0;
	unsigned number = 0;
	SP_DEVINFO_DATA data = { .cbSize = sizeof data };
	for (DWORD i = 0; n && !number && SetupDiEnumDeviceInfo(set, i, &data); i++) {
		char own[WIDE_TEXT];
		if (device_property(set, &data, SPDRP_LOCATION_PATHS, own, sizeof own) &&
		    strlen(own) == n && strncmp(own, location, n) == 0)
			number = i + 1;
	}
	SetupDiDestroyDeviceInfoList(set);
	return number;
}

/* Calls FN for every USB device that is present, until it returns false. */
static void device_each(bool (*fn)(void *ctx, struct device *device), void *ctx)
{
	struct device d = { .data = { .cbSize = sizeof d.data } };
	bool more = true;
	d.set = SetupDiGetClassDevsW(NULL, L"USB", NULL, DIGCF_PRESENT | DIGCF_ALLCLASSES);
	if (d.set == INVALID_HANDLE_VALUE)
		return;
	for (DWORD i = 0; more && SetupDiEnumDeviceInfo(d.set, i, &d.data); i++) {
		wchar_t id[WIDE_TEXT];
		d.info = (struct usb_device_info){ 0 };
		if (!device_ids(d.set, &d.data, &d.info, id) ||
		    !device_property(d.set, &d.data, SPDRP_LOCATION_PATHS, d.location,
		                     sizeof d.location))
			continue;
		d.info.bus = (uint8_t)bus_number(d.location);
		if (d.info.bus && location_to_path(d.location, d.info.bus, d.info.path,
		                                   sizeof d.info.path, &d.info.port))
			more = fn(ctx, &d);
	}
	SetupDiDestroyDeviceInfoList(d.set);
}

struct search {
	const char *path;
	bool (*use)(struct search *s, struct device *device); /* its result becomes "found" */
	bool found;
	void *out;
};

static bool search_step(void *ctx, struct device *device)
{
	struct search *s = ctx;
	if (strcmp(device->info.path, s->path) != 0)
		return true;
	s->found = s->use(s, device);
	return false;
}

static bool search_run(struct search *s)
{
	device_each(search_step, s);
	return s->found;
}

bool sysfs_has_bus(const struct sysfs *m)
{
	return m == &sysfs_default;
}

static bool use_info(struct search *s, struct device *device)
{
	memcpy(s->out, &device->info, sizeof device->info);
	return true;
}

bool sysfs_device(const struct sysfs *m, const char *path, struct usb_device_info *info)
{
	(void)m;
	return search_run(&(struct search){ .path = path, .use = use_info, .out = info });
}

/* A device with a serial has it at the end of its instance id; others get a made-up word with "&" in it. */
static bool use_serial(struct search *s, struct device *device)
{
	wchar_t id[WIDE_TEXT];
	char *out = s->out;
	struct usb_device_info info;
	if (!device_ids(device->set, &device->data, &info, id))
		return false;
	const wchar_t *last = wcsrchr(id, '\\');
	return last && !wcschr(last, '&') &&
	       WideCharToMultiByte(CP_UTF8, 0, last + 1, -1, out, SYSFS_TEXT, NULL, NULL) > 0;
}

bool sysfs_text(const struct sysfs *m, const char *path, const char *name, char out[SYSFS_TEXT])
{
	(void)m;
	*out = 0;
	return strcmp(name, "serial") == 0 &&
	       search_run(&(struct search){ .path = path, .use = use_serial, .out = out });
}

struct each {
	void (*fn)(void *ctx, const struct usb_device_info *info);
	void *ctx;
};

static bool each_step(void *ctx, struct device *device)
{
	const struct each *each = ctx;
	each->fn(each->ctx, &device->info);
	return true;
}

void sysfs_each(const struct sysfs *m, void (*fn)(void *ctx, const struct usb_device_info *info),
                void *ctx)
{
	(void)m;
	device_each(each_step, &(struct each){ fn, ctx });
}

enum stage sysfs_stage(const struct sysfs *m, const struct usb_device_info *info)
{
	(void)m;
	return device_identify(info->vendor, info->product, info->serial_index, NULL);
}

/* --- who holds it */

void sysfs_node(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT])
{
	(void)m;
	snprintf(out, SYSFS_TEXT, "USB\\VID_%04X&PID_%04X", info->vendor, info->product);
}

/* There are no device files that could be missing. */
bool sysfs_lacks_node(const struct sysfs *m, const struct usb_device_info *info,
                      char node[SYSFS_TEXT])
{
	(void)m;
	(void)info;
	*node = 0;
	return false;
}

/* "WinUSB", "usbccgp", ...; none: no driver is installed for it (problem 28). */
static bool use_driver(struct search *s, struct device *device)
{
	return device_property(device->set, &device->data, SPDRP_SERVICE, s->out, SYSFS_TEXT);
}

bool sysfs_drivers(const struct sysfs *m, const char *path, const char *except,
                   char out[SYSFS_TEXT])
{
	(void)m;
	*out = 0;
	bool found = search_run(&(struct search){ .path = path, .use = use_driver, .out = out });
	if (found && except && strcmp(out, except) == 0)
		*out = 0;
	return *out;
}

/* Windows does not say which program has a device open. */
bool sysfs_holders(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT])
{
	(void)m;
	(void)info;
	*out = 0;
	return false;
}

/* --- disks */

static bool disk_ask(HANDLE disk, DWORD code, void *in, DWORD in_size, void *out, DWORD out_size)
{
	DWORD size;
	return DeviceIoControl(disk, code, in, in_size, out, out_size, &size, NULL);
}

/* The text at OFFSET of a storage descriptor, without blanks at its end. */
static void disk_copy_text(const char *bytes, size_t size, DWORD offset, char out[SYSFS_TEXT])
{
	*out = 0;
	if (offset && offset < size)
		snprintf(out, SYSFS_TEXT, "%.200s", bytes + offset);
	for (size_t n = strlen(out); n > 0 && out[n - 1] == ' ';)
		out[--n] = 0;
}

static void disk_read_names(HANDLE handle, struct sysfs_disk *out)
{
	STORAGE_PROPERTY_QUERY query = { .PropertyId = StorageDeviceProperty,
		                         .QueryType = PropertyStandardQuery };
	union {
		STORAGE_DEVICE_DESCRIPTOR descriptor;
		char bytes[1024];
	} answer = { 0 };
	if (!disk_ask(handle, IOCTL_STORAGE_QUERY_PROPERTY, &query, sizeof query, &answer,
	              sizeof answer - 1))
		return;
	disk_copy_text(answer.bytes, sizeof answer, answer.descriptor.VendorIdOffset, out->vendor);
	disk_copy_text(answer.bytes, sizeof answer, answer.descriptor.ProductIdOffset, out->model);
}

/* What an open with access 0 shows: needs no privilege. */
static bool disk_read(const wchar_t *path, struct sysfs_disk *out)
{
	STORAGE_DEVICE_NUMBER number;
	union {
		DISK_GEOMETRY_EX geometry;
		char bytes[1024];
	} answer;
	HANDLE handle = CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
	                            OPEN_EXISTING, 0, NULL);
	if (handle == INVALID_HANDLE_VALUE)
		return false;
	*out = (struct sysfs_disk){ 0 };
	bool ok = disk_ask(handle, IOCTL_STORAGE_GET_DEVICE_NUMBER, NULL, 0, &number,
	                   sizeof number);
	if (ok) {
		snprintf(out->node, sizeof out->node, "\\\\.\\PhysicalDrive%lu",
		         number.DeviceNumber);
		if (disk_ask(handle, IOCTL_DISK_GET_DRIVE_GEOMETRY_EX, NULL, 0, &answer,
		             sizeof answer))
			out->size = (uint64_t)answer.geometry.DiskSize.QuadPart;
		disk_read_names(handle, out);
		out->read_only = !disk_ask(handle, IOCTL_DISK_IS_WRITABLE, NULL, 0, NULL, 0) &&
		                 GetLastError() == ERROR_WRITE_PROTECT;
	}
	CloseHandle(handle);
	return ok;
}

/* Whether one of the devices above DISK is DEVICE. */
static bool disk_is_below(DEVINST disk, DEVINST device)
{
	DEVINST parent = disk;
	while (CM_Get_Parent(&parent, parent, 0) == CR_SUCCESS)
		if (parent == device)
			return true;
	return false;
}

struct disks {
	struct sysfs_disk *out;
	size_t count;
};

static int disk_by_number(const void *a, const void *b)
{
	const struct sysfs_disk *x = a, *y = b;
	size_t n = strlen(x->node), m = strlen(y->node);
	return n != m ? (n > m) - (n < m) : strcmp(x->node, y->node);
}

static bool use_disks(struct search *s, struct device *device)
{
	struct disks *disks = s->out;
	HDEVINFO set = SetupDiGetClassDevsW(&GUID_DEVINTERFACE_DISK, NULL, NULL,
	                                    DIGCF_PRESENT | DIGCF_DEVICEINTERFACE);
	if (set == INVALID_HANDLE_VALUE)
		return false;
	SP_DEVICE_INTERFACE_DATA face = { .cbSize = sizeof face };
	for (DWORD i = 0; disks->count < SYSFS_DISKS &&
	                  SetupDiEnumDeviceInterfaces(set, NULL, &GUID_DEVINTERFACE_DISK, i, &face);
	     i++) {
		union {
			SP_DEVICE_INTERFACE_DETAIL_DATA_W detail;
			wchar_t room[WIDE_TEXT];
		} name = { .detail = { .cbSize = sizeof name.detail } };
		SP_DEVINFO_DATA data = { .cbSize = sizeof data };
		if (SetupDiGetDeviceInterfaceDetailW(set, &face, &name.detail, sizeof name, NULL,
		                                     &data) &&
		    disk_is_below(data.DevInst, device->data.DevInst) &&
		    disk_read(name.detail.DevicePath, &disks->out[disks->count]))
			disks->count++;
	}
	SetupDiDestroyDeviceInfoList(set);
	return true;
}

size_t sysfs_disks(const struct sysfs *m, const char *path, struct sysfs_disk out[SYSFS_DISKS])
{
	(void)m;
	struct disks disks = { .out = out };
	search_run(&(struct search){ .path = path, .use = use_disks, .out = &disks });
	qsort(out, disks.count, sizeof *out, disk_by_number);
	return disks.count;
}

/* Device numbers, sequence numbers and users of disks are Linux'. */
bool sysfs_disk_at(const struct sysfs *m, unsigned major, unsigned minor, const char *path,
                   struct sysfs_disk *out)
{
	(void)m;
	(void)major;
	(void)minor;
	(void)path;
	(void)out;
	return false;
}

uint64_t sysfs_disk_sequence(const struct sysfs *m)
{
	(void)m;
	return 0;
}

bool sysfs_disk_users(const struct sysfs *m, const struct sysfs_disk *disk, char out[SYSFS_TEXT])
{
	(void)m;
	(void)disk;
	*out = 0;
	return false;
}

/* Windows keeps no log of failed enumerations that programs can read. */
bool sysfs_enum_error(const struct sysfs *m, const char *path, char out[SYSFS_TEXT])
{
	(void)m;
	(void)path;
	*out = 0;
	return false;
}
