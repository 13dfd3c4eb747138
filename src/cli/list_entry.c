/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list_entry.h"

#include "base/str.h"
#include "formats/json.h"
#include "report/place_names.h"

#include <stdlib.h>
#include <string.h>

bool list_entry_is_board(const struct station_setup *setup, const struct usb_device_info *info)
{
	return sysfs_stage(setup->sysfs, info) != STAGE_NONE && station_selects(setup, info, NULL);
}

bool list_entry_read(struct list_entry *e, const struct usb_device_info *info,
                     const struct station_setup *setup, struct usb *usb)
{
	const struct sysfs *sysfs = setup->sysfs;
	struct usb_handle *handle;
	char node[SYSFS_TEXT];
	*e = (struct list_entry){ .info = *info,
		                  .place = place_names_find(setup->names, info->path) };
	e->stage = sysfs_stage(sysfs, info);
	if (stage_is_boot(e->stage))
		e->chip = chip_by_product(info->product);
	sysfs_text(sysfs, info->path, "serial", e->serial);
	/* libusb forgets a device for good when it opens it too early */
	bool missing = sysfs_lacks_node(sysfs, info, node);
	e->access = missing ? ERR_USB_NODE : usb_open(usb, info, &handle);
	if (!e->access) {
		if (!*e->serial && info->serial_index != 0)
			usb_string(handle, info->serial_index, e->serial);
		usb_close(handle);
	}
	sysfs_drivers(sysfs, info->path, NULL, e->drivers);
	sysfs_holders(sysfs, info, e->holders);
	e->disk_count = sysfs_disks(sysfs, info->path, e->disks);
	return station_selects(setup, info, e->serial);
}

/* --- the table */

static const char *list_entry_access(enum err access)
{
	switch (access) {
	case OK:
		return "yes";
	case ERR_USB_ACCESS:
		return "denied";
	case ERR_USB_BUSY:
		return "busy";
	default:
		return "no";
	}
}

#define PATH_WIDTH   9
#define SERIAL_WIDTH 16
#define DRIVER_WIDTH 12
#define CELL         80

/* Escaped, and cut to WIDTH: the whole of it is in the JSON. */
static const char *list_entry_cell(char out[CELL], int width, const char *text)
{
	char safe[4 * USB_STRING_SIZE + 1];
	str_escape(safe, sizeof safe, *text ? text : "-");
	bool fits = strlen(safe) <= (size_t)width;
	snprintf(out, CELL, "%.*s%s", fits ? width : width - 2, safe, fits ? "" : "..");
	return out;
}

void list_entry_print_head(FILE *out)
{
	fprintf(out, "%-*s  %-7s  %-19s  %-*s  %-6s  %s\n", PATH_WIDTH, "PATH", "CHIP", "STAGE",
	        SERIAL_WIDTH, "SERIAL", "ACCESS", "DRIVER");
}

void list_entry_print_row(FILE *out, const struct list_entry *e)
{
	char serial[CELL], drivers[CELL], model[4 * SYSFS_TEXT + 1];
	fprintf(out, "%-*s  %-7s  %-19s  %-*s  %-6s  %s\n", PATH_WIDTH, e->info.path,
	        e->chip ? e->chip->name : "-", stage_name(e->stage), SERIAL_WIDTH,
	        list_entry_cell(serial, SERIAL_WIDTH, e->serial), list_entry_access(e->access),
	        list_entry_cell(drivers, DRIVER_WIDTH,
	                        e->access == ERR_USB_DRIVER && !*e->drivers ? "no driver"
	                                                                    : e->drivers));
	if (e->place)
		fprintf(out, "%*s  name: %s\n", PATH_WIDTH, "",
		        str_escape(model, sizeof model, e->place));
	if (strlen(e->drivers) > DRIVER_WIDTH)
		fprintf(out, "%*s  drivers: %s\n", PATH_WIDTH, "", e->drivers);
	if (*e->holders)
		fprintf(out, "%*s  held by %s\n", PATH_WIDTH, "",
		        str_escape(model, sizeof model, e->holders));
	for (size_t i = 0; i < e->disk_count; i++)
		fprintf(out, "%*s  %s  %llu bytes  %s\n", PATH_WIDTH, "", e->disks[i].node,
		        (unsigned long long)e->disks[i].size,
		        str_escape(model, sizeof model,
		                   *e->disks[i].model ? e->disks[i].model : "-"));
}

/* --- lines of changes */

void list_entry_print_change_head(FILE *out)
{
	fprintf(out, "%-7s  %-*s  %-7s  %-19s  %-*s  %s\n", "EVENT", PATH_WIDTH, "PATH", "CHIP",
	        "STAGE", SERIAL_WIDTH, "SERIAL", "NAME");
}

void list_entry_print_change(FILE *out, const struct list_entry *e, const char *event)
{
	char serial[CELL], place[4 * SYSFS_TEXT + 1];
	fprintf(out, "%-7s  %-*s  %-7s  %-19s  %-*s  %s\n", event, PATH_WIDTH, e->info.path,
	        e->chip ? e->chip->name : "-", stage_name(e->stage), SERIAL_WIDTH,
	        list_entry_cell(serial, SERIAL_WIDTH, e->serial),
	        str_escape(place, sizeof place, e->place ? e->place : "-"));
}

/* --- JSON */

/* "" is null, too. */
static void list_entry_put_text(struct json_out *out, const char *key, const char *text)
{
	json_put_string(out, key, text && *text ? text : NULL);
}

/* A list "a, b" as an array. */
static void list_entry_put_words(struct json_out *out, const char *key, const char *list)
{
	char copy[SYSFS_TEXT], *rest = NULL;
	memcpy(copy, list, strlen(list) + 1);
	json_open(out, key, '[');
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		json_put_string(out, NULL, word + (*word == ' '));
	json_close(out, ']');
}

void list_entry_print_json(FILE *stream, const struct list_entry *e, const char *event)
{
	char id[8];
	struct json_out writer, *out = &writer;
	json_begin(out, stream, JSON_SPACED);
	json_open(out, NULL, '{');
	json_put_known(out, "event", event);
	json_put_string(out, "path", e->info.path);
	json_put_known(out, "place", e->place);
	snprintf(id, sizeof id, "%04x", e->info.vendor);
	json_put_string(out, "vendor", id);
	snprintf(id, sizeof id, "%04x", e->info.product);
	json_put_string(out, "product", id);
	list_entry_put_text(out, "chip", e->chip ? e->chip->name : NULL);
	list_entry_put_text(out, "models", e->chip ? e->chip->boards : NULL);
	list_entry_put_text(out, "stage", stage_code(e->stage));
	list_entry_put_text(out, "serial", e->serial);
	list_entry_put_text(out, "access", list_entry_access(e->access));
	list_entry_put_words(out, "drivers", e->drivers);
	list_entry_put_words(out, "programs", e->holders);
	json_open(out, "disks", '[');
	for (size_t i = 0; i < e->disk_count; i++) {
		json_open(out, NULL, '{');
		json_put_string(out, "device", e->disks[i].node);
		json_put_number(out, "size", e->disks[i].size);
		list_entry_put_text(out, "model", e->disks[i].model);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
	json_end_line(out);
}
