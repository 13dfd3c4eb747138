/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* TIOCGPTPEER, cfmakeraw */
#include "vbus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define ADDRESS_MAX 127

int vbus_open(struct vbus *bus)
{
	*bus = (struct vbus){ .testbed = umockdev_testbed_new() };
	bus->handler = umockdev_ioctl_base_new();
	bus->root = umockdev_testbed_get_root_dir(bus->testbed);
	char *path = g_build_filename(bus->root, "refused", NULL);
	int result = mkdir(path, 0755);
	g_free(path);
	if (result)
		fprintf(stderr, "virtual-board: %s: %s\n", bus->root, strerror(errno));
	return result;
}

void vbus_close(struct vbus *bus)
{
	char *path = g_build_filename(bus->root, "refused", NULL);
	rmdir(path);
	g_free(path);
	static const char *const files[] = { "lock", VBUS_LEAKS, VBUS_RACES };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		path = g_build_filename(bus->root, files[i], NULL);
		unlink(path);
		g_free(path);
	}
	for (size_t i = 0; i < bus->hub_count; i++)
		g_free(bus->hubs[i]);
	g_free(bus->hubs);
	g_free(bus->root);
	g_object_unref(bus->testbed);
	g_object_unref(bus->handler);
}

/* Renames every file FROM* of the testbed's directory to TO*. */
static void rename_all(const struct vbus *bus, const char *from, const char *to)
{
	GDir *directory = g_dir_open(bus->root, 0, NULL);
	const char *name;
	while (directory && (name = g_dir_read_name(directory))) {
		if (!g_str_has_prefix(name, from))
			continue;
		char *old = g_build_filename(bus->root, name, NULL);
		char *new = g_strdup_printf("%s/%s%s", bus->root, to, name + strlen(from));
		rename(old, new);
		g_free(old);
		g_free(new);
	}
	if (directory)
		g_dir_close(directory);
}

/* Tells the listeners. umockdev itself tells of every device as soon as it is added, before it is complete; so their
 * sockets have names that it does not look for (preload.c), except here. The lock keeps a listener from renaming its
 * socket meanwhile: a name that vanishes between umockdev's look and its connect would end this process. */
static void uevent(struct vbus *bus, const char *syspath, const char *action)
{
	char *path = g_build_filename(bus->root, "lock", NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	rename_all(bus, "listener", "event");
	umockdev_testbed_uevent(bus->testbed, syspath, action);
	rename_all(bus, "event", "listener");
	if (fd >= 0)
		close(fd);
	g_free(path);
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "virtual-board: %s: %s\n", what, strerror(errno));
	exit(97);
}

static unsigned next_address(struct vbus *bus, unsigned number)
{
	unsigned address = bus->addresses[number];
	do
		address = address >= ADDRESS_MAX ? 1 : address + 1;
	while (bus->used[number][address]);
	bus->addresses[number] = (uint8_t)address;
	bus->used[number][address] = 1;
	return address;
}

static void set_text(struct vbus *bus, const char *syspath, const char *name, const char *value)
{
	char *line = g_strdup_printf("%s\n", value);
	umockdev_testbed_set_attribute(bus->testbed, syspath, name, line);
	g_free(line);
}

static void set_number(struct vbus *bus, const char *syspath, const char *name, unsigned value)
{
	char text[16];
	snprintf(text, sizeof text, "%u", value);
	set_text(bus, syspath, name, text);
}

/* The attributes of a usb_device; all of them in the kernel's spelling. */
static char *add_usb_device(struct vbus *bus, const char *name, const char *parent, unsigned number,
                            unsigned address, const uint8_t *descriptors, size_t size)
{
	char devnode[32], text[32];
	snprintf(devnode, sizeof devnode, "/dev/bus/usb/%03u/%03u", number, address);
	snprintf(text, sizeof text, "189:%u", (number - 1) * 128 + address - 1);
	char bus_text[8], address_text[8];
	snprintf(bus_text, sizeof bus_text, "%03u", number);
	snprintf(address_text, sizeof address_text, "%03u", address);
	char *sys = umockdev_testbed_add_device(bus->testbed, "usb", name, parent, "dev", text,
	                                        NULL, "DEVTYPE", "usb_device", "DEVNAME", devnode,
	                                        "MAJOR", "189", "BUSNUM", bus_text, "DEVNUM",
	                                        address_text, NULL);
	must(sys != NULL, name);
	const char *ports = strchr(name, '-');
	set_text(bus, sys, "devpath", ports ? ports + 1 : "0");
	set_number(bus, sys, "busnum", number);
	set_number(bus, sys, "devnum", address);
	set_text(bus, sys, "speed", "480");
	set_text(bus, sys, "version", " 2.00");
	set_number(bus, sys, "bConfigurationValue", 1);
	set_number(bus, sys, "bNumConfigurations", 1);
	static const struct {
		const char *name;
		size_t offset;
		unsigned bytes;
	} fields[] = {
		{ "idVendor", 8, 2 },     { "idProduct", 10, 2 },      { "bcdDevice", 12, 2 },
		{ "bDeviceClass", 4, 1 }, { "bDeviceSubClass", 5, 1 }, { "bDeviceProtocol", 6, 1 },
	};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const uint8_t *p = descriptors + fields[i].offset;
		snprintf(text, sizeof text, "%0*x", (int)fields[i].bytes * 2,
		         fields[i].bytes == 2 ? p[0] | p[1] << 8 : p[0]);
		set_text(bus, sys, fields[i].name, text);
	}
	set_number(bus, sys, "bNumInterfaces", descriptors[18 + 4]);
	umockdev_testbed_set_attribute_binary(bus->testbed, sys, "descriptors",
	                                      (guint8 *)descriptors, (gint)size);
	return sys;
}

/* "1-1.3" hangs on "1-1", that on "usb1", that on nothing (NULL). Free it. */
static char *parent_name(const char *name, unsigned number)
{
	const char *dot = strrchr(name, '.');
	if (dot)
		return g_strndup(name, (gsize)(dot - name));
	return strchr(name, '-') ? g_strdup_printf("usb%u", number) : NULL;
}

/* Makes hub NAME ("usb1", "1-1", "1-1.3") and those on its way, once. Returns its sysfs path; free it. */
static char *need_hub(struct vbus *bus, const char *name, unsigned number)
{
	static const uint8_t descriptors[] = {
		18, 1, 0x00, 0x02, 9, 0,  1, 64, 0x6b, 0x1d, 0x02, 0x00, 0,  1, 0,
		0,  0, 1,    9,    2, 25, 0, 1,  1,    0,    0xe0, 0,    9,  4, 0,
		0,  1, 9,    0,    0, 0,  7, 5,  0x81, 3,    4,    0,    12,
	};
	char *sys = NULL, *up = parent_name(name, number);
	char *parent = up ? need_hub(bus, up, number) : NULL;
	g_free(up);
	for (size_t i = 0; i < bus->hub_count && !sys; i++)
		if (strcmp(bus->hubs[i], name) == 0)
			sys = parent ? g_strdup_printf("%s/%s", parent, name)
			             : g_strdup_printf("/sys/devices/%s", name);
	if (!sys) {
		sys = add_usb_device(bus, name, parent, number, next_address(bus, number),
		                     descriptors, sizeof descriptors);
		bus->hubs = g_renew(char *, bus->hubs, bus->hub_count + 1);
		bus->hubs[bus->hub_count++] = g_strdup(name);
		uevent(bus, sys, "add");
	}
	g_free(parent);
	return sys;
}

static void open_terminal(struct vbus *bus, struct vbus_device *dev, bool has_node)
{
	dev->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(dev->master >= 0 && grantpt(dev->master) == 0 && unlockpt(dev->master) == 0,
	     "a pseudo terminal");
	dev->slave = ioctl(dev->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	must(dev->slave >= 0, "a pseudo terminal");
	char name[64];
	must(ptsname_r(dev->master, name, sizeof name) == 0, "a pseudo terminal");
	dev->ready = true;
	vbus_set_ready(dev, false);
	char *node = g_strconcat(bus->root, dev->devnode, NULL),
	     *directory = g_path_get_dirname(node);
	g_mkdir_with_parents(directory, 0755);
	unlink(node);
	must(!has_node || symlink(name, node) == 0, node);
	g_free(directory);
	g_free(node);
}

/* The disk's place in sysfs: interface, SCSI host, target, device, block device and one partition. */
static void add_disk(struct vbus *bus, struct vbus_device *dev, uint64_t bytes)
{
	unsigned n = bus->disks++;
	char name[64];
	snprintf(name, sizeof name, "%u:0:0:0", n);
	dev->block[0] = umockdev_testbed_add_device(bus->testbed, "scsi", name, dev->interfaces[0],
	                                            NULL, NULL);
	if (n < 26)
		snprintf(name, sizeof name, "sd%c", (int)('a' + n));
	else
		snprintf(name, sizeof name, "sd%c%c", (int)('a' + n / 26 - 1), (int)('a' + n % 26));
	char devname[80], number[16];
	snprintf(devname, sizeof devname, "/dev/%s", name);
	snprintf(number, sizeof number, "8:%u", n * 16);
	dev->block[1] = umockdev_testbed_add_device(bus->testbed, "block", name, dev->block[0],
	                                            "dev", number, NULL, "DEVTYPE", "disk",
	                                            "DEVNAME", devname, NULL);
	must(dev->block[0] && dev->block[1], name);
	char *sectors = g_strdup_printf("%llu", (unsigned long long)(bytes / 512));
	set_text(bus, dev->block[1], "size", sectors);
	g_free(sectors);
	set_text(bus, dev->block[0], "vendor", "RPi-MSD-");
	set_text(bus, dev->block[0], "model", "mmcblk0");
	uevent(bus, dev->block[1], "add");
}

static void add_interfaces(struct vbus *bus, struct vbus_device *dev, const struct vbus_info *info)
{
	size_t count = 0;
	for (size_t at = 0; at + 9 <= info->config_size && info->config[at];
	     at += info->config[at]) {
		const uint8_t *p = info->config + at;
		if (p[1] != 4 || count == 2)
			continue;
		char name[80], text[8];
		snprintf(name, sizeof name, "%s:1.%u", dev->name, p[2]);
		char *sys = umockdev_testbed_add_device(bus->testbed, "usb", name, dev->syspath,
		                                        NULL, "DEVTYPE", "usb_interface", NULL);
		must(sys != NULL, name);
		dev->interfaces[count++] = sys;
		snprintf(text, sizeof text, "%02x", p[2]);
		set_text(bus, sys, "bInterfaceNumber", text);
		snprintf(text, sizeof text, "%02x", p[5]);
		set_text(bus, sys, "bInterfaceClass", text);
		if (info->interface && count == 1)
			set_text(bus, sys, "interface", info->interface);
		const char *driver = p[5] == 8 ? "usb-storage" : info->driver;
		if (driver) {
			char *to = g_strconcat("../../bus/usb/drivers/", driver, NULL);
			umockdev_testbed_set_attribute_link(bus->testbed, sys, "driver", to);
			g_free(to);
		}
	}
}

void vbus_add(struct vbus *bus, struct vbus_device *dev, const struct vbus_info *info)
{
	*dev = (struct vbus_device){ .bus = (unsigned)strtoul(info->path, NULL, 10) };
	must(dev->bus > 0 && dev->bus < 256, "a bus number");
	snprintf(dev->name, sizeof dev->name, "%s", info->path);
	char *up = parent_name(info->path, dev->bus), *parent = need_hub(bus, up, dev->bus);
	g_free(up);
	dev->address = next_address(bus, dev->bus);
	snprintf(dev->devnode, sizeof dev->devnode, "/dev/bus/usb/%03u/%03u", dev->bus,
	         dev->address);
	vbus_refuse(bus, dev, info->refused);
	uint8_t all[1024];
	memcpy(all, info->device, info->device_size);
	memcpy(all + info->device_size, info->config, info->config_size);
	dev->syspath = add_usb_device(bus, info->path, parent, dev->bus, dev->address, all,
	                              info->device_size + info->config_size);
	g_free(parent);
	if (info->manufacturer)
		set_text(bus, dev->syspath, "manufacturer", info->manufacturer);
	if (info->product)
		set_text(bus, dev->syspath, "product", info->product);
	if (info->serial)
		set_text(bus, dev->syspath, "serial", info->serial);
	if (!bus->attached[dev->bus][dev->address]) {
		GError *error = NULL;
		umockdev_testbed_attach_ioctl(bus->testbed, dev->devnode, bus->handler, &error);
		must(!error, dev->devnode);
		bus->attached[dev->bus][dev->address] = 1;
	}
	open_terminal(bus, dev, !info->no_node);
	add_interfaces(bus, dev, info);
	if (info->disk_bytes)
		add_disk(bus, dev, info->disk_bytes);
	dev->unannounced = info->unannounced;
	if (!dev->unannounced)
		uevent(bus, dev->syspath, "add");
}

static void drop(struct vbus *bus, char **syspath)
{
	if (!*syspath)
		return;
	umockdev_testbed_remove_device(bus->testbed, *syspath);
	g_free(*syspath);
	*syspath = NULL;
}

void vbus_remove(struct vbus *bus, struct vbus_device *dev)
{
	close(dev->master);
	close(dev->slave);
	vbus_refuse(bus, dev, 0);
	char *node = g_strconcat(bus->root, dev->devnode, NULL);
	unlink(node);
	g_free(node);
	if (!dev->unannounced)
		uevent(bus, dev->syspath, "remove");
	drop(bus, &dev->block[1]);
	drop(bus, &dev->block[0]);
	drop(bus, &dev->interfaces[1]);
	drop(bus, &dev->interfaces[0]);
	drop(bus, &dev->syspath);
	bus->used[dev->bus][dev->address] = 0;
}

void vbus_set_ready(struct vbus_device *dev, bool ready)
{
	if (dev->ready == ready)
		return;
	dev->ready = ready;
	tcflow(dev->slave, ready ? TCOON : TCOOFF);
}

void vbus_refuse(const struct vbus *bus, const struct vbus_device *dev, int error)
{
	char *path = g_strdup_printf("%s/refused/%03u-%03u", bus->root, dev->bus, dev->address);
	char text[16];
	snprintf(text, sizeof text, "%d", error);
	unlink(path);
	if (error && symlink(text, path) != 0)
		fprintf(stderr, "virtual-board: %s: %s\n", path, strerror(errno));
	g_free(path);
}
