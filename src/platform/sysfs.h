/* SPDX-License-Identifier: Apache-2.0 */
/* What the operating system reports about the device on a USB port, without opening it: ids, serial, drivers, the programs
 * that hold it, its disks, the kernel's complaints. On Linux from sysfs, /proc and /dev/kmsg; on macOS and Windows
 * (sysfs_darwin.c, sysfs_win32.c) what their registries of devices have of it; elsewhere nothing is found. Strings come
 * from devices: they must be escaped when printed. */
#ifndef SYSFS_H
#define SYSFS_H

#include "base/device_id.h"
#include "platform/usb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where to look; tests look elsewhere. */
struct sysfs {
	const char *sys, *proc, *dev, *log;
	uint64_t (*now)(void); /* the clock of the log's time stamps, as plat_now */
};

extern const struct sysfs sysfs_default;

/* Whether there is such a view of the bus at all. */
bool sysfs_has_bus(const struct sysfs *m);

#define SYSFS_TEXT 256

/* Attribute NAME of the device or interface ("1-1.3", "1-1.3:1.0"), without the line's end. */
bool sysfs_text(const struct sysfs *m, const char *path, const char *name, char out[SYSFS_TEXT]);

/* The device on PATH now; its attach_id is 0. False: none. */
bool sysfs_device(const struct sysfs *m, const char *path, struct usb_device_info *info);

/* Calls FN for every device but root hubs, in any order. */
void sysfs_each(const struct sysfs *m, void (*fn)(void *ctx, const struct usb_device_info *info),
                void *ctx);

enum stage sysfs_stage(const struct sysfs *m, const struct usb_device_info *info);

/* The device file. */
void sysfs_node(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT]);

/* Whether the system knows the device on its path and has no device file for it: NODE. */
bool sysfs_lacks_node(const struct sysfs *m, const struct usb_device_info *info,
                      char node[SYSFS_TEXT]);

/* The drivers of its interfaces, "a, b", each once, without EXCEPT (NULL: all); "usbfs" stands for programs. False:
 * none. */
bool sysfs_drivers(const struct sysfs *m, const char *path, const char *except,
                   char out[SYSFS_TEXT]);

/* Other programs that have the device file open, "NAME (PID), ...": those that we may look at. False: none. */
bool sysfs_holders(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT]);

struct sysfs_disk {
	char node[64];             /* "/dev/sda" */
	char vendor[SYSFS_TEXT];   /* "": unknown */
	char model[SYSFS_TEXT];    /* "": unknown */
	char revision[SYSFS_TEXT]; /* of the disk's firmware; "": unknown */
	uint64_t size;             /* bytes; 0: no medium */
	uint64_t
		sequence; /* differs for each appearance of a disk; 0: unknown (before Linux 5.15) */
	bool read_only;
};

#define SYSFS_DISKS 16

/* The disks behind the device on PATH, in the order of their names. Returns their number. */
size_t sysfs_disks(const struct sysfs *m, const char *path, struct sysfs_disk out[SYSFS_DISKS]);

/* The disk with device number MAJOR:MINOR, if it is behind the device on PATH. */
bool sysfs_disk_at(const struct sysfs *m, unsigned major, unsigned minor, const char *path,
                   struct sysfs_disk *out);

/* The highest sequence number of all disks: later ones get higher ones. 0: unknown. */
uint64_t sysfs_disk_sequence(const struct sysfs *m);

/* What uses the disk or its partitions: "mounted on /media/boot, used by dm-0". False: nothing that shows. */
bool sysfs_disk_users(const struct sysfs *m, const struct sysfs_disk *disk, char out[SYSFS_TEXT]);

/* The kernel's latest complaint within SYSFS_LOG_TIME that it cannot enumerate a device: on PATH, or (NULL) on any
 * port on which nothing was found since. False: none, or the log may not be read. */
#define SYSFS_LOG_TIME (300 * PLAT_SECOND)
bool sysfs_enum_error(const struct sysfs *m, const char *path, char out[SYSFS_TEXT]);

#endif
