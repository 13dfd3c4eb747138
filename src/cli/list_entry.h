/* SPDX-License-Identifier: Apache-2.0 */
/* A board on the bus as --list shows it: what is known about it, as a row of the table or as JSON. The fields:
 * docs/events.md. */
#ifndef LIST_ENTRY_H
#define LIST_ENTRY_H

#include "base/chip.h"
#include "board/station.h"
#include "platform/sysfs.h"
#include "platform/usb.h"

#include <stdbool.h>
#include <stdio.h>

struct list_entry {
	struct usb_device_info info;
	const char *place; /* its path's name (--names); NULL: none */
	enum stage stage;
	const struct chip *chip; /* NULL: not known from its ids */
	enum err access;         /* what opening it ends with */
	char serial[USB_STRING_SIZE];
	char drivers[SYSFS_TEXT], holders[SYSFS_TEXT];
	struct sysfs_disk disks[SYSFS_DISKS];
	size_t disk_count;
};

/* Whether INFO is a board on a port that SETUP selects. Its serial is known only to list_entry_read. */
bool list_entry_is_board(const struct station_setup *setup, const struct usb_device_info *info);

/* What is known about INFO. Opens it to see whether it may, and for a serial that the machine does not report. False: SETUP
 * selects other serials. SETUP's names are borrowed. */
bool list_entry_read(struct list_entry *e, const struct usb_device_info *info,
                     const struct station_setup *setup, struct usb *usb);

/* The table. */
void list_entry_print_head(FILE *out);
void list_entry_print_row(FILE *out, const struct list_entry *e);

/* A line of --follow. EVENT: "present", "arrived", "left". */
void list_entry_print_change_head(FILE *out);
void list_entry_print_change(FILE *out, const struct list_entry *e, const char *event);

/* EVENT: as above, or NULL. */
void list_entry_print_json(FILE *out, const struct list_entry *e, const char *event);

#endif
