/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/list.h"

#include "cli/list_entry.h"
#include "report/diagnose.h"
#include "platform/plat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 256

struct list {
	const struct station_setup *setup;
	struct plat_monitor *monitor; /* arrivals are reported by any thread */
	struct usb_device_info info[LIST_MAX];
	size_t seen_count;
	struct list_entry *entries;
	size_t count;
};

/* --- gathering */

static void list_on_arrival(void *ctx, const struct usb_device_info *info)
{
	struct list *l = ctx;
	plat_lock(l->monitor);
	if (list_entry_is_board(l->setup, info) && l->seen_count < LIST_MAX)
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
	for (size_t i = 0; !err && i < count; i++)
		l->count += list_entry_read(&l->entries[l->count], &info[i], l->setup, usb);
	usb_stop(usb);
	return err;
}

/* --- the table */

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
	list_entry_print_head(out);
	for (size_t i = 0; i < l->count; i++)
		list_entry_print_row(out, &l->entries[i]);
	list_print_models(out, l);
	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i].access == ERR_USB_DRIVER) {
			fputs("rpiboot --driver prints how to install a driver.\n", out);
			return;
		}
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
			list_entry_print_json(out, &l->entries[i], NULL);
	} else {
		list_print_table(out, l);
	}
	if (fflush(out) != 0)
		err = report_error(setup->report, NULL, ERR_USAGE, "standard output: %s",
		                   strerror(errno));
	if (l) {
		if (!err)
			list_explain_denied(l);
		plat_monitor_free(l->monitor);
		free(l->entries);
	}
	free(l);
	return err;
}
