/* SPDX-License-Identifier: Apache-2.0 */
#include "simrun.h"

#include "flash/image.h"
#include "platform/plat.h"
#include "report/report.h"
#include "vfolder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* As long as flash memory may take: 2 MiB at 400 ms for each 4 KiB. */
#define EEPROM_WRITE (205 * PLAT_SECOND)

/* The boards are not on this machine's bus. */
static const struct sysfs nowhere = { "/nonexistent", "/nonexistent", "/nonexistent",
	                              "/nonexistent", plat_now };

void simrun_init(struct simrun *run, const char *directory)
{
	memset(run, 0, sizeof *run);
	run->directory = directory;
	run->setup = (struct station_setup){
		.port = -1,
		.wanted = 1,
		.next_timeout = 60 * PLAT_SECOND,
		.poll = 100 * PLAT_MS,
		.sysfs = &nowhere,
	};
}

struct vdesc *simrun_add(struct simrun *run, const char *name, const char *lines)
{
	char spec[2048], error[VDESC_ERROR_SIZE];
	snprintf(spec, sizeof spec, "tests/virtual/boards/%s.board%s%s", name, *lines ? ";" : "",
	         lines);
	struct vdesc *desc = &run->descs[run->count++];
	int bad = vdesc_read(desc, spec, error);
	if (!bad && !desc->eeprom_us)
		desc->eeprom_us = EEPROM_WRITE;
	if (bad || vfolder_resolve(desc, run->directory,
	                           run->setup.places && run->setup.places->overlay, error)) {
		fprintf(stderr, "%s\n", error);
		exit(1);
	}
	return desc;
}

/* --- the order of events, docs/events.md: a board's first event of weight is "attached" unless it cannot be opened, and
 * whatever has begun has exactly one "result", its last */

struct order {
	struct observer observer;
	struct {
		char path[USB_PATH_SIZE];
		bool attached, refused;
	} boards[SIMRUN_BOARDS];
	size_t violations;
};

static void order_violation(struct order *order, const char *path, const char *what)
{
	order->violations++;
	printf("# events of %s: %s\n", path, what);
}

static void order_observe(struct observer *self, const struct event *e)
{
	struct order *order = (struct order *)self;
	size_t i = 0;
	if (!e->board)
		return;
	while (i < SIMRUN_BOARDS - 1 && *order->boards[i].path &&
	       strcmp(order->boards[i].path, e->board->path) != 0)
		i++;
	memcpy(order->boards[i].path, e->board->path, sizeof e->board->path);
	bool *attached = &order->boards[i].attached, *refused = &order->boards[i].refused;
	switch (e->kind) {
	case EV_WARNING:
	case EV_NOTICE:
	case EV_DEBUG:
	case EV_DIAGNOSIS:
		break;
	case EV_ATTACHED:
		if (*attached)
			order_violation(order, e->board->path, "attached twice");
		*attached = true;
		break;
	case EV_ERROR:
		*refused = *refused || e->err == ERR_USB_ACCESS || e->err == ERR_USB_NODE ||
		           e->err == ERR_USB_DRIVER || e->err == ERR_USB_BUSY ||
		           e->err == ERR_USB_IO || e->err == ERR_USB_DESCRIPTOR;
		if (!*attached && !*refused)
			order_violation(order, e->board->path, "failed before it was attached");
		break;
	case EV_RESULT:
		if (!*attached && !*refused)
			order_violation(order, e->board->path, "result without attached");
		*attached = *refused = false;
		break;
	default:
		if (!*attached)
			order_violation(order, e->board->path, "an event before it was attached");
		break;
	}
}

static void order_finish(struct observer *self)
{
	struct order *order = (struct order *)self;
	for (size_t i = 0; i < SIMRUN_BOARDS; i++)
		if (order->boards[i].attached || order->boards[i].refused)
			order_violation(order, order->boards[i].path, "no result");
}

/* --flash; its image is decoded in the background, as it is in the program. */
static void serve_flash(struct simrun *run)
{
	struct image_setup setup = { .path = run->image,
		                     .spool = getenv("T"),
		                     .report = run->setup.report };
	struct postboot_flash *flash = &run->setup.after.flash;
	if (image_open(&setup, &flash->image) != OK)
		exit(1);
	station_run(&run->setup, &run->summary);
	image_free(flash->image);
	flash->image = NULL;
}

static void serve(struct simrun *run, FILE *out, FILE *err)
{
	struct order order = { .observer = { .see = order_observe, .end = order_finish } };
	static const char *const no_roots[] = { NULL };
	struct bootfiles_places places = { .directory = run->directory, .roots = no_roots };
	if (!run->setup.places)
		run->setup.places = &places;
	struct report *report = report_new();
	run->setup.report = report;
	report_add(report, report_text_new(&(struct report_text_options){
				   .out = out, .err = err, .prefix = run->setup.wanted != 1 }));
	report_add(report, run->observer);
	report_add(report, &order.observer);
	if (run->image)
		serve_flash(run);
	else
		station_run(&run->setup, &run->summary);
	report_free(report);
	run->violations += order.violations;
	run->setup.report = NULL;
	run->setup.places = NULL;
}

void simrun_go(struct simrun *run)
{
	uint64_t start = plat_now();
	size_t n;
	run->bus_free = 0;
	FILE *out = open_memstream(&run->out, &n), *err = open_memstream(&run->err, &n);
	if (!out || !err)
		abort();
	for (size_t i = 0; i < run->count; i++) {
		vboard_init(&run->boards[i], &run->descs[i], run->seed + (uint32_t)i, start);
		run->boards[i].judge_claims = true;
		if (run->shares_bus)
			run->boards[i].shared_bus = &run->bus_free;
	}
	sim_boards(run->boards, run->count, run->kernel_memory);
	sim_end_at(start + SIM_END_OF_TIME);
	sim_interrupt_at(run->interrupt_at ? start + run->interrupt_at : 0);
	sim_drain_at(run->drain_at ? start + run->drain_at : 0);
	serve(run, out, err);
	sim_interrupt_at(0);
	sim_drain_at(0);
	fclose(out);
	fclose(err);
	run->time = plat_now() - start;
	run->leaks = sim_open_handles();
	for (size_t i = 0; i < run->count; i++) {
		struct vboard *b = &run->boards[i];
		vboard_finish(b, plat_now(), run->summary.status == 0 && run->count == 1);
		run->violations += b->violation_count;
		for (size_t v = 0; v < b->violation_count; v++)
			printf("# %s\n", b->violations[v]);
	}
}

void simrun_free(struct simrun *run)
{
	for (size_t i = 0; i < run->count; i++) {
		vboard_free(&run->boards[i]);
		vdesc_free(&run->descs[i]);
	}
	free(run->out);
	free(run->err);
}

const char *simrun_directory(const char *kind)
{
	static struct {
		char kind[32], path[512];
	} made[8];
	size_t i = 0;
	while (i < 7 && *made[i].kind && strcmp(made[i].kind, kind) != 0)
		i++;
	if (*made[i].kind)
		return made[i].path;
	const char *t = getenv("T");
	char command[1024];
	snprintf(made[i].kind, sizeof made[i].kind, "%s", kind);
	snprintf(made[i].path, sizeof made[i].path, "%s/%s", t ? t : "build", kind);
	snprintf(command, sizeof command, "sh tests/virtual/mkfolder.sh %s '%s'", kind,
	         made[i].path);
	int status = system(command);
	if (status != 0) {
		fprintf(stderr, "%s: status %d\n", command, status);
		exit(1);
	}
	return made[i].path;
}
