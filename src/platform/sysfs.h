/* What the machine itself tells about the device on a USB port, without opening it: ids, serial, drivers, the programs
 * that hold it, its disks, the kernel's complaints. That is Linux' sysfs, /proc and /dev/kmsg; on other systems nothing
 * is found. Strings come from devices: whoever prints them escapes them. */
#ifndef MACHINE_H
#define MACHINE_H

#include "base/device_id.h"
#include "platform/usb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where to look; tests look elsewhere. */
struct machine {
	const char *sys, *proc, *dev, *log;
	uint64_t (*now)(void); /* the clock of the log's time stamps, as plat_now */
};

extern const struct machine machine_here;

/* Whether there is such a view of the bus at all. */
bool machine_has_bus(const struct machine *m);

#define MACHINE_TEXT 256

/* Attribute NAME of the device or interface ("1-1.3", "1-1.3:1.0"), without the line's end. */
bool machine_text(const struct machine *m, const char *path, const char *name,
                  char out[MACHINE_TEXT]);

/* The device on PATH now; seen.id is 0. False: none. */
bool machine_seen(const struct machine *m, const char *path, struct usb_seen *seen);

/* Calls FN for every device but root hubs, in any order. */
void machine_each(const struct machine *m, void (*fn)(void *ctx, const struct usb_seen *seen),
                  void *ctx);

enum form machine_form(const struct machine *m, const struct usb_seen *seen);

/* The device file. */
void machine_node(const struct machine *m, const struct usb_seen *seen, char out[MACHINE_TEXT]);

/* The drivers of its interfaces, "a, b", each once, without EXCEPT (NULL: all); "usbfs" stands for programs. False:
 * none. */
bool machine_drivers(const struct machine *m, const char *path, const char *except,
                     char out[MACHINE_TEXT]);

/* Other programs that have the device file open, "NAME (PID), ...": those that we may look at. False: none. */
bool machine_holders(const struct machine *m, const struct usb_seen *seen, char out[MACHINE_TEXT]);

struct machine_disk {
	char node[64];            /* "/dev/sda" */
	char model[MACHINE_TEXT]; /* "": unknown */
	uint64_t size;            /* bytes; 0: no medium */
};

#define MACHINE_DISKS 16

/* The disks behind the device on PATH, in the order of their names. Returns their number. */
size_t machine_disks(const struct machine *m, const char *path,
                     struct machine_disk out[MACHINE_DISKS]);

/* The kernel's latest complaint within MACHINE_LOG_TIME that it cannot enumerate a device: on PATH, or (NULL) on any
 * port on which nothing was found since. False: none, or the log may not be read. */
#define MACHINE_LOG_TIME (300 * PLAT_SECOND)
bool machine_complaint(const struct machine *m, const char *path, char out[MACHINE_TEXT]);

#endif
