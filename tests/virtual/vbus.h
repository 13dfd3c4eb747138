/* SPDX-License-Identifier: Apache-2.0 */
/* The USB buses of the mocked machine: sysfs entries, device nodes and uevents by umockdev. Owns the testbed and what
 * a program sees without opening a device; knows nothing of boards' behaviour nor of what is done on an open node
 * (usbfs.h).
 *
 * What umockdev 0.17 needs help with is handled here and in preload.c: nodes are pseudo terminals (a plain file is
 * always ready, a terminal's readiness can be switched), and uevents go out under a lock. */
#ifndef VBUS_H
#define VBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <umockdev.h>

struct vbus {
	UMockdevTestbed *testbed;
	UMockdevIoctlBase *handler; /* of every board's node */
	char *root;                 /* the testbed's directory */
	char **hubs;                /* names that are there already ("usb1", "1-1") */
	size_t hub_count;
	uint8_t addresses[256];     /* the last one given, for each bus */
	uint8_t used[256][128];     /* [bus][address]: now on the bus */
	uint8_t attached[256][128]; /* the handler listens for this node */
	unsigned disks;
};

struct vbus_device {
	unsigned bus, address;
	char name[64];    /* "1-1.3.2" */
	char devnode[32]; /* "/dev/bus/usb/001/005" */
	char *syspath, *interfaces[2], *block[3];
	int master, slave; /* of the terminal */
	bool ready, unannounced;
};

#define VBUS_INTERFACE_STRING \
	(9 + 8) /* where a configuration names the string of its first interface */

struct vbus_info {
	const char *path;
	const uint8_t *device, *config;
	size_t device_size, config_size;
	const char *manufacturer, *product, *serial; /* NULL: none */
	const char *interface; /* the string of the first interface; NULL: none */
	const char *driver;    /* of the vendor interface; NULL: none */
	int refused;           /* errno that opening gives at first; 0: none */
	uint64_t disk_bytes;   /* 0: no block device comes with it */
	bool unannounced;      /* no uevents */
	bool no_node;          /* the device file is missing */
};

/* Files in the root: suppressions for LeakSanitizer and ThreadSanitizer. */
#define VBUS_LEAKS "leaks"
#define VBUS_RACES "races"

/* Makes the testbed. Returns 0, or -1 with a message printed. */
int vbus_open(struct vbus *bus);
/* Removes the testbed's directory too. */
void vbus_close(struct vbus *bus);

/* Puts a device on the bus under a new address: hubs on its way, attributes, node; then the uevent. */
void vbus_add(struct vbus *bus, struct vbus_device *dev, const struct vbus_info *info);
/* Takes it away: hang-up on the node, uevent, attributes. */
void vbus_remove(struct vbus *bus, struct vbus_device *dev);

/* Whether poll() on the node reports something to reap. */
void vbus_set_ready(struct vbus_device *dev, bool ready);

/* Opening the node fails with ERROR (an errno value; 0: it does not). */
void vbus_refuse(const struct vbus *bus, const struct vbus_device *dev, int error);

#endif
