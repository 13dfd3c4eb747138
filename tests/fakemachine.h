/* SPDX-License-Identifier: Apache-2.0 */
/* A machine to look at (machine.h) made of files below $T: what sysfs, /proc, /dev and the kernel log would show. */
#ifndef FAKEMACHINE_H
#define FAKEMACHINE_H

#include "platform/sysfs.h"
#include "platform/plat.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char fake_root[512], fake_sys[600], fake_proc[600], fake_dev[600], fake_log_path[600];
static unsigned fake_count;

static uint64_t fake_now(void)
{
	return 1000 * PLAT_SECOND;
}

static struct sysfs fake = { fake_sys, fake_proc, fake_dev, fake_log_path, fake_now };

__attribute__((format(printf, 1, 2))) static const char *fake_path(const char *format, ...)
{
	static char path[4][1200];
	static unsigned next;
	char *p = path[next++ % 4];
	va_list args;
	va_start(args, format);
	vsnprintf(p, sizeof path[0], format, args);
	va_end(args);
	return p;
}

/* Directories on the way to PATH. */
static void fake_directories(const char *path)
{
	char part[1200];
	for (size_t i = 1; i < sizeof part && path[i]; i++)
		if (path[i] == '/') {
			memcpy(part, path, i);
			part[i] = 0;
			mkdir(part, 0755);
		}
}

static void fake_bytes(const char *path, const void *bytes, size_t n)
{
	fake_directories(path);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static void fake_text(const char *path, const char *text)
{
	fake_bytes(path, text, strlen(text));
}

static void fake_link(const char *path, const char *target)
{
	fake_directories(path);
	if (symlink(target, path) != 0)
		abort();
}

/* A new, empty machine. */
static void fake_machine(void)
{
	static char directory[] = "/tmp/rpiboot-fake.XXXXXX";
	const char *t = getenv("T");
	if (!t && !fake_count)
		t = mkdtemp(directory);
	snprintf(fake_root, sizeof fake_root, "%.400s/%u", t ? t : directory, ++fake_count);
	snprintf(fake_sys, sizeof fake_sys, "%s/sys", fake_root);
	snprintf(fake_proc, sizeof fake_proc, "%s/proc", fake_root);
	snprintf(fake_dev, sizeof fake_dev, "%s/dev", fake_root);
	snprintf(fake_log_path, sizeof fake_log_path, "%s/kmsg", fake_root);
	fake_directories(fake_path("%s/bus/usb/devices/x", fake_sys));
	fake_directories(fake_path("%s/block/x", fake_sys));
}

static void fake_attribute(const char *path, const char *name, const char *text)
{
	fake_text(fake_path("%s/bus/usb/devices/%s/%s", fake_sys, path, name), text);
}

/* A device with its file in dev; SERIAL NULL: none. */
static void fake_device(const char *path, unsigned vendor, unsigned product, unsigned address,
                        unsigned serial_index, const char *serial)
{
	uint8_t descriptor[18] = { 18, 1 };
	descriptor[16] = (uint8_t)serial_index;
	unsigned bus = (unsigned)strtoul(path, NULL, 10);
	fake_attribute(path, "idVendor", fake_path("%04x\n", vendor));
	fake_attribute(path, "idProduct", fake_path("%04x\n", product));
	fake_attribute(path, "busnum", fake_path("%u\n", bus));
	fake_attribute(path, "devnum", fake_path("%u\n", address));
	fake_bytes(fake_path("%s/bus/usb/devices/%s/descriptors", fake_sys, path), descriptor,
	           sizeof descriptor);
	if (serial)
		fake_attribute(path, "serial", fake_path("%s\n", serial));
	fake_text(fake_path("%s/bus/usb/%03u/%03u", fake_dev, bus, address), "");
}

static inline void fake_driver(const char *path, unsigned interface, const char *driver)
{
	fake_link(fake_path("%s/bus/usb/devices/%s:1.%u/driver", fake_sys, path, interface),
	          fake_path("../../../../../../bus/usb/drivers/%s", driver));
}

/* A disk as Linux shows it: host, target, LUN. */
static inline void fake_disk(const char *path, const char *name, const char *sectors,
                             const char *model)
{
	static unsigned count;
	char lun[256];
	snprintf(lun, sizeof lun, "devices/pci0/usb1/%s/%s:1.0/host6/target6:0:0/6:0:0:%u", path,
	         path, count);
	fake_text(fake_path("%s/%s/model", fake_sys, lun), fake_path("%-16s\n", model));
	fake_text(fake_path("%s/%s/block/%s/size", fake_sys, lun, name),
	          fake_path("%s\n", sectors));
	fake_link(fake_path("%s/%s/block/%s/device", fake_sys, lun, name),
	          fake_path("../../../6:0:0:%u", count++));
	fake_link(fake_path("%s/block/%s", fake_sys, name), fake_path("../%s/block/%s", lun, name));
}

/* A program that has the device file open. */
static inline void fake_holder(const char *pid, const char *name, unsigned bus, unsigned address)
{
	fake_text(fake_path("%s/%s/comm", fake_proc, pid), fake_path("%s\n", name));
	fake_link(fake_path("%s/%s/fd/3", fake_proc, pid), "/dev/null");
	fake_link(fake_path("%s/%s/fd/7", fake_proc, pid),
	          fake_path("%s/bus/usb/%03u/%03u", fake_dev, bus, address));
}

#endif
