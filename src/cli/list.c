#include "cli/list.h"

#include "report/diagnose.h"
#include "formats/json.h"
#include "platform/plat.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 256

struct entry {
	struct usb_seen seen;
	enum form form;
	const struct chip *chip; /* NULL: not known from its ids */
	enum err access;         /* what opening it ends with */
	char serial[USB_STRING_SIZE];
	char drivers[MACHINE_TEXT], holders[MACHINE_TEXT];
	struct machine_disk disks[MACHINE_DISKS];
	size_t disk_count;
};

struct list {
	const struct station_setup *setup;
	struct plat_monitor *monitor; /* arrivals are told by any thread */
	struct usb_seen seen[LIST_MAX];
	size_t seen_count;
	struct entry *entries;
	size_t count;
};

/* --- gathering */

static void on_arrival(void *ctx, const struct usb_seen *seen)
{
	struct list *l = ctx;
	plat_enter(l->monitor);
	if (machine_form(l->setup->machine, seen) != FORM_NONE && l->seen_count < LIST_MAX &&
	    station_selects(l->setup, seen, NULL))
		l->seen[l->seen_count++] = *seen;
	plat_leave(l->monitor);
}

static void on_departure(void *ctx, const struct usb_seen *seen)
{
	struct list *l = ctx;
	plat_enter(l->monitor);
	for (size_t i = 0; i < l->seen_count; i++)
		if (l->seen[i].id == seen->id)
			l->seen[i] = l->seen[--l->seen_count];
	plat_leave(l->monitor);
}

static int by_path(const void *a, const void *b)
{
	const struct usb_seen *x = a, *y = b;
	return strcmp(x->path, y->path);
}

static void learn(const struct list *l, struct usb *usb, struct entry *e)
{
	const struct machine *m = l->setup->machine;
	struct usb_handle *handle;
	e->form = machine_form(m, &e->seen);
	if (form_is_boot(e->form))
		e->chip = chip_by_product(e->seen.product);
	machine_text(m, e->seen.path, "serial", e->serial);
	e->access = usb_open(usb, &e->seen, &handle);
	if (!e->access) {
		if (!*e->serial && e->seen.serial_index != 0)
			usb_string(handle, e->seen.serial_index, e->serial);
		usb_close(handle);
	}
	machine_drivers(m, e->seen.path, NULL, e->drivers);
	machine_holders(m, &e->seen, e->holders);
	e->disk_count = machine_disks(m, e->seen.path, e->disks);
}

static enum err gather(struct list *l)
{
	struct usb *usb;
	struct usb_setup setup = {
		.arrived = on_arrival, .left = on_departure, .ctx = l, .verbose = l->setup->verbose
	};
	enum err err = usb_start(&usb, &setup);
	if (err)
		return err;
	struct usb_seen seen[LIST_MAX];
	plat_enter(l->monitor);
	size_t count = l->seen_count;
	memcpy(seen, l->seen, count * sizeof *seen);
	plat_leave(l->monitor);
	qsort(seen, count, sizeof *seen, by_path);
	l->entries = calloc(count + 1, sizeof *l->entries);
	if (!l->entries)
		err = ERR_MEMORY;
	for (size_t i = 0; !err && i < count; i++) {
		struct entry *e = &l->entries[l->count];
		*e = (struct entry){ .seen = seen[i] };
		learn(l, usb, e);
		if (station_selects(l->setup, &e->seen, e->serial))
			l->count++;
	}
	usb_stop(usb);
	return err;
}

/* --- the table */

static const char *access_word(enum err access)
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
static const char *cell(char out[CELL], int width, const char *text)
{
	char safe[4 * USB_STRING_SIZE + 1];
	text_escape(safe, sizeof safe, *text ? text : "-");
	bool fits = strlen(safe) <= (size_t)width;
	snprintf(out, CELL, "%.*s%s", fits ? width : width - 2, safe, fits ? "" : "..");
	return out;
}

static void print_row(FILE *out, const struct entry *e)
{
	char serial[CELL], drivers[CELL], model[4 * MACHINE_TEXT + 1];
	fprintf(out, "%-*s  %-7s  %-19s  %-*s  %-6s  %s\n", PATH_WIDTH, e->seen.path,
	        e->chip ? e->chip->name : "-", form_name(e->form), SERIAL_WIDTH,
	        cell(serial, SERIAL_WIDTH, e->serial), access_word(e->access),
	        cell(drivers, DRIVER_WIDTH, e->drivers));
	if (strlen(e->drivers) > DRIVER_WIDTH)
		fprintf(out, "%*s  drivers: %s\n", PATH_WIDTH, "", e->drivers);
	if (*e->holders)
		fprintf(out, "%*s  held by %s\n", PATH_WIDTH, "",
		        text_escape(model, sizeof model, e->holders));
	for (size_t i = 0; i < e->disk_count; i++)
		fprintf(out, "%*s  %s  %llu bytes  %s\n", PATH_WIDTH, "", e->disks[i].node,
		        (unsigned long long)e->disks[i].size,
		        text_escape(model, sizeof model,
		                    *e->disks[i].model ? e->disks[i].model : "-"));
}

/* Which models carry the chips that were seen. */
static void print_models(FILE *out, const struct list *l)
{
	for (size_t i = 0; i < chip_count; i++) {
		bool seen = false;
		for (size_t j = 0; j < l->count; j++)
			seen = seen || l->entries[j].chip == &chip_table[i];
		if (seen)
			fprintf(out, "%s: %s\n", chip_table[i].name, chip_table[i].boards);
	}
}

static void print_table(FILE *out, const struct list *l)
{
	fprintf(out, "%-*s  %-7s  %-19s  %-*s  %-6s  %s\n", PATH_WIDTH, "PATH", "CHIP", "STAGE",
	        SERIAL_WIDTH, "SERIAL", "ACCESS", "DRIVER");
	for (size_t i = 0; i < l->count; i++)
		print_row(out, &l->entries[i]);
	print_models(out, l);
}

/* --- JSON */

static void json_field(FILE *out, const char *name, const char *text)
{
	fprintf(out, ", \"%s\": ", name);
	if (text && *text)
		json_string(out, text);
	else
		fputs("null", out);
}

/* A list "a, b" as an array. */
static void json_words(FILE *out, const char *name, const char *list)
{
	char copy[MACHINE_TEXT], *rest = NULL;
	memcpy(copy, list, strlen(list) + 1);
	fprintf(out, ", \"%s\": [", name);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (word != copy)
			fputs(", ", out);
		json_string(out, word + (*word == ' '));
	}
	putc(']', out);
}

static void print_json(FILE *out, const struct entry *e)
{
	fputs("{\"path\": ", out);
	json_string(out, e->seen.path);
	fprintf(out, ", \"vendor\": \"%04x\", \"product\": \"%04x\"", e->seen.vendor,
	        e->seen.product);
	json_field(out, "chip", e->chip ? e->chip->name : NULL);
	json_field(out, "models", e->chip ? e->chip->boards : NULL);
	json_field(out, "stage", form_code(e->form));
	json_field(out, "serial", e->serial);
	json_field(out, "access", access_word(e->access));
	json_words(out, "drivers", e->drivers);
	json_words(out, "programs", e->holders);
	fputs(", \"disks\": [", out);
	for (size_t i = 0; i < e->disk_count; i++) {
		fprintf(out, "%s{\"device\": ", i ? ", " : "");
		json_string(out, e->disks[i].node);
		fprintf(out, ", \"size\": %llu", (unsigned long long)e->disks[i].size);
		json_field(out, "model", e->disks[i].model);
		putc('}', out);
	}
	fputs("]}\n", out);
}

/* --- the whole */

/* Advice on the boards that may not be opened: once, it is the same for all. */
static void explain_denied(const struct list *l)
{
	struct finding why;
	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i].access == ERR_USB_ACCESS) {
			diagnose_open(l->setup->machine, &l->entries[i].seen, ERR_USB_ACCESS, &why);
			diagnose_tell(l->setup->report, NULL, OK, &why);
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
		err = gather(l);
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
			print_json(out, &l->entries[i]);
	} else {
		print_table(out, l);
	}
	fflush(out);
	if (!err)
		explain_denied(l);
	if (l) {
		plat_monitor_free(l->monitor);
		free(l->entries);
	}
	free(l);
	return err;
}
