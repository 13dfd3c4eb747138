/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list.h"

#include "report/diagnose.h"
#include "formats/json.h"
#include "platform/plat.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 256

struct entry {
	struct usb_device_info info;
	enum stage stage;
	const struct chip *chip; /* NULL: not known from its ids */
	enum err access;         /* what opening it ends with */
	char serial[USB_STRING_SIZE];
	char drivers[SYSFS_TEXT], holders[SYSFS_TEXT];
	struct sysfs_disk disks[SYSFS_DISKS];
	size_t disk_count;
};

struct list {
	const struct station_setup *setup;
	struct plat_monitor *monitor; /* arrivals are reported by any thread */
	struct usb_device_info info[LIST_MAX];
	size_t seen_count;
	struct entry *entries;
	size_t count;
};

/* --- gathering */

static void list_on_arrival(void *ctx, const struct usb_device_info *info)
{
	struct list *l = ctx;
	plat_lock(l->monitor);
	if (sysfs_stage(l->setup->sysfs, info) != STAGE_NONE && l->seen_count < LIST_MAX &&
	    station_selects(l->setup, info, NULL))
		l->info[l->seen_count++] = *info;
	plat_unlock(l->monitor);
}

static void list_on_departure(void *ctx, const struct usb_device_info *info)
{
	struct list *l = ctx;
	plat_lock(l->monitor);
	for (size_t i = 0; i < l->seen_count; i++)
		if (l->info[i].attach_id == info->attach_id)
			l->info[i] = l->info[--l->seen_count];
	plat_unlock(l->monitor);
}

static int list_by_path(const void *a, const void *b)
{
	const struct usb_device_info *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static void list_read_identity(const struct list *l, struct usb *usb, struct entry *e)
{
	const struct sysfs *m = l->setup->sysfs;
	struct usb_handle *handle;
	e->stage = sysfs_stage(m, &e->info);
	if (stage_is_boot(e->stage))
		e->chip = chip_by_product(e->info.product);
	sysfs_text(m, e->info.path, "serial", e->serial);
	e->access = usb_open(usb, &e->info, &handle);
	if (!e->access) {
		if (!*e->serial && e->info.serial_index != 0)
			usb_string(handle, e->info.serial_index, e->serial);
		usb_close(handle);
	}
	sysfs_drivers(m, e->info.path, NULL, e->drivers);
	sysfs_holders(m, &e->info, e->holders);
	e->disk_count = sysfs_disks(m, e->info.path, e->disks);
}

static enum err list_gather(struct list *l)
{
	struct usb *usb;
	struct usb_setup setup = { .arrived = list_on_arrival,
		                   .left = list_on_departure,
		                   .ctx = l,
		                   .verbose = l->setup->verbose };
	enum err err = usb_start(&usb, &setup);
	if (err)
		return err;
	struct usb_device_info info[LIST_MAX];
	plat_lock(l->monitor);
	size_t count = l->seen_count;
	memcpy(info, l->info, count * sizeof *info);
	plat_unlock(l->monitor);
	qsort(info, count, sizeof *info, list_by_path);
	l->entries = calloc(count + 1, sizeof *l->entries);
	if (!l->entries)
		err = ERR_MEMORY;
	for (size_t i = 0; !err && i < count; i++) {
		struct entry *e = &l->entries[l->count];
		*e = (struct entry){ .info = info[i] };
		list_read_identity(l, usb, e);
		if (station_selects(l->setup, &e->info, e->serial))
			l->count++;
	}
	usb_stop(usb);
	return err;
}

/* --- the table */

static const char *list_access_word(enum err access)
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
static const char *list_cell(char out[CELL], int width, const char *text)
{
	char safe[4 * USB_STRING_SIZE + 1];
	str_escape(safe, sizeof safe, *text ? text : "-");
	bool fits = strlen(safe) <= (size_t)width;
	snprintf(out, CELL, "%.*s%s", fits ? width : width - 2, safe, fits ? "" : "..");
	return out;
}

static void list_print_row(FILE *out, const struct entry *e)
{
	char serial[CELL], drivers[CELL], model[4 * SYSFS_TEXT + 1];
	fprintf(out, "%-*s  %-7s  %-19s  %-*s  %-6s  %s\n", PATH_WIDTH, e->info.path,
	        e->chip ? e->chip->name : "-", stage_name(e->stage), SERIAL_WIDTH,
	        list_cell(serial, SERIAL_WIDTH, e->serial), list_access_word(e->access),
	        list_cell(drivers, DRIVER_WIDTH, e->drivers));
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

/* Which models carry the chips that were seen. */
static void list_print_models(FILE *out, const struct list *l)
{
	for (size_t i = 0; i < chip_count; i++) {
		bool info = false;
		for (size_t j = 0; j < l->count; j++)
			info = info || l->entries[j].chip == &chip_table[i];
		if (info)
			fprintf(out, "%s: %s\n", chip_table[i].name, chip_table[i].boards);
	}
}

static void list_print_table(FILE *out, const struct list *l)
{
	fprintf(out, "%-*s  %-7s  %-19s  %-*s  %-6s  %s\n", PATH_WIDTH, "PATH", "CHIP", "STAGE",
	        SERIAL_WIDTH, "SERIAL", "ACCESS", "DRIVER");
	for (size_t i = 0; i < l->count; i++)
		list_print_row(out, &l->entries[i]);
	list_print_models(out, l);
}

/* --- JSON */

/* "" is null, too. */
static void list_put_text(struct json_out *out, const char *key, const char *text)
{
	json_put_string(out, key, text && *text ? text : NULL);
}

/* A list "a, b" as an array. */
static void list_put_words(struct json_out *out, const char *key, const char *list)
{
	char copy[SYSFS_TEXT], *rest = NULL;
	memcpy(copy, list, strlen(list) + 1);
	json_open(out, key, '[');
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		json_put_string(out, NULL, word + (*word == ' '));
	json_close(out, ']');
}

static void list_print_json(FILE *stream, const struct entry *e)
{
	char id[8];
	struct json_out writer, *out = &writer;
	json_begin(out, stream, JSON_SPACED);
	json_open(out, NULL, '{');
	json_put_string(out, "path", e->info.path);
	snprintf(id, sizeof id, "%04x", e->info.vendor);
	json_put_string(out, "vendor", id);
	snprintf(id, sizeof id, "%04x", e->info.product);
	json_put_string(out, "product", id);
	list_put_text(out, "chip", e->chip ? e->chip->name : NULL);
	list_put_text(out, "models", e->chip ? e->chip->boards : NULL);
	list_put_text(out, "stage", stage_code(e->stage));
	list_put_text(out, "serial", e->serial);
	list_put_text(out, "access", list_access_word(e->access));
	list_put_words(out, "drivers", e->drivers);
	list_put_words(out, "programs", e->holders);
	json_open(out, "disks", '[');
	for (size_t i = 0; i < e->disk_count; i++) {
		json_open(out, NULL, '{');
		json_put_string(out, "device", e->disks[i].node);
		json_put_number(out, "size", e->disks[i].size);
		list_put_text(out, "model", e->disks[i].model);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
	json_end_line(out);
}

/* --- the whole */

/* Advice on the boards that may not be opened: once, it is the same for all. */
static void list_explain_denied(const struct list *l)
{
	struct finding why;
	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i].access == ERR_USB_ACCESS) {
			diagnose_open(l->setup->sysfs, &l->entries[i].info, ERR_USB_ACCESS, &why);
			diagnose_report(l->setup->report, NULL, OK, &why);
			return;
		}
}

enum err list_run(const struct station_setup *setup, bool json, FILE *out)
{
	enum err err = ERR_MEMORY;
	struct list *l = calloc(1, sizeof *l);
	if (l)
		l->monitor = plat_monitor_new();
	if (l && l->monitor) {
		l->setup = setup;
		err = list_gather(l);
	}
	if (err) {
		report_error(setup->report, NULL, err, "cannot list");
	} else if (l->count == 0) {
		err = ERR_NO_BOARD;
		if (!json)
			fputs("No board found.\n", out);
		station_explain(setup, err);
	} else if (json) {
		for (size_t i = 0; i < l->count; i++)
			list_print_json(out, &l->entries[i]);
	} else {
		list_print_table(out, l);
	}
	fflush(out);
	if (!err)
		list_explain_denied(l);
	if (l) {
		plat_monitor_free(l->monitor);
		free(l->entries);
	}
	free(l);
	return err;
}
