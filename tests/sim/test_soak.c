/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand boards through one run of the station: memory and open files after a hundred are those after a thousand. When
 * a board is finished, another one with its own serial is plugged in on that port. */
#include "sim.h"
#include "simrun.h"
#include "board/station.h"
#include "vfolder.h"

#include "platform/plat.h"
#include "tap.h"

#include <dirent.h>
#include <malloc.h>

#define PORTS  16
#define FIRST  100
#define BOARDS 1000

static const char *const kinds[] = { "cm4-gadget", "cm5-gadget", "cm4-gadget;status-lost",
	                             "cm5-gadget;think 20" };

/* The boards are not on this machine's bus. */
static const struct sysfs nowhere = { "/nonexistent", "/nonexistent", "/nonexistent",
	                              "/nonexistent", plat_now };

static char no_path[] = "1-1.99";
static struct vdesc descs[PORTS];
static struct vboard boards[PORTS];
static const struct vdesc gone = { .path = no_path,
	                           .arrive_us = VDESC_FOREVER }; /* an empty port */

struct usage {
	size_t bytes, files;
};

static struct {
	struct observer observer;
	unsigned plugged, finished, failed, free_ports;
	unsigned
		goal; /* boards to plug in before the next measurement, when all of them are done */
	size_t violations;
	struct usage first, last;
} soak = { .goal = FIRST };

static struct usage measure(void)
{
	struct usage now = { .bytes = mallinfo2().uordblks };
	DIR *dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		now.files++;
	if (dir)
		closedir(dir);
	return now;
}

static void plug_in(size_t port)
{
	struct vdesc *desc = &descs[port];
	free(desc->serial);
	desc->serial = malloc(20);
	if (!desc->serial)
		abort();
	snprintf(desc->serial, 20, "%016x", ++soak.plugged);
	vboard_init(&boards[port], desc, soak.plugged, plat_now());
	boards[port].judge_claims = true;
}

static void plug_in_all(void)
{
	for (size_t i = 0; i < PORTS; i++) {
		vboard_free(&boards[i]); /* what stood for "gone" */
		plug_in(i);
	}
	soak.free_ports = 0;
}

/* The board on PATH is finished: the next one, please. */
static void replace(const char *path)
{
	size_t port = 0;
	while (strcmp(descs[port].path, path) != 0)
		port++;
	struct vboard *b = &boards[port];
	vboard_finish(b, plat_now(), true);
	for (size_t i = 0; i < b->violation_count; i++)
		printf("# %s\n", b->violations[i]);
	soak.violations += b->violation_count;
	vboard_free(b);
	if (soak.plugged < soak.goal) {
		plug_in(port);
	} else {
		vboard_init(b, &gone, 1, plat_now());
		soak.free_ports++;
	}
}

/* The station waits, and no board is at work. */
static void take_stock(void)
{
	if (soak.goal == FIRST) {
		soak.first = measure();
		soak.goal = BOARDS;
		plug_in_all();
	} else {
		soak.last = measure();
		sim_interrupt_at(plat_now() + 1);
	}
}

static void see(struct observer *self, const struct event *e)
{
	(void)self;
	if (e->kind == EV_RESULT) {
		soak.finished++;
		soak.failed += e->err != OK;
		replace(e->board->path);
	} else if (e->kind == EV_WAITING && !e->board && soak.free_ports == PORTS) {
		take_stock();
	}
	sim_look_again();
}

static void end(struct observer *self)
{
	(void)self;
}

static void describe(const char *directory, size_t port)
{
	char spec[200], error[VDESC_ERROR_SIZE];
	snprintf(spec, sizeof spec, "tests/virtual/boards/%s", kinds[port % 4]);
	char *more = strchr(spec, ';');
	char lines[100] = "";
	if (more) {
		snprintf(lines, sizeof lines, "%s", more);
		*more = 0;
	}
	snprintf(spec + strlen(spec), sizeof spec - strlen(spec), ".board%s;arrive 20;path 1-1.%u",
	         lines, (unsigned)port + 1);
	if (vdesc_read(&descs[port], spec, error) != 0 ||
	    vfolder_resolve(&descs[port], directory, false, error) != 0) {
		printf("Bail out! %s\n", error);
		exit(1);
	}
}

static void serve(const char *directory)
{
	static const char *const no_roots[] = { NULL };
	struct bootfiles_places places = { .directory = directory, .roots = no_roots };
	struct report *report = report_new();
	struct station_summary summary;
	soak.observer = (struct observer){ see, end };
	report_add(report, &soak.observer);
	plug_in_all();
	sim_boards(boards, PORTS, 0);
	station_run(&(struct station_setup){ .report = report,
	                                     .places = &places,
	                                     .port = -1,
	                                     .sysfs = &nowhere,
	                                     .next_timeout = 60 * PLAT_SECOND },
	            &summary);
	report_free(report);
	CHECK_INT(summary.status, 130);
	CHECK_INT(summary.succeeded, BOARDS);
}

static void a_thousand_boards(void)
{
	const char *directory = simrun_directory("gadget");
	for (size_t i = 0; i < PORTS; i++)
		describe(directory, i);
	serve(directory);
	CHECK_INT(soak.finished, BOARDS);
	CHECK_INT(soak.failed, 0);
	CHECK_INT(soak.violations, 0);
	CHECK_INT(sim_open_handles(), 0);
}

/* Every board is counted by its serial, which takes less than 320 bytes. */
static void memory_is_flat(void)
{
	long long grown = (long long)soak.last.bytes - (long long)soak.first.bytes;
	printf("# %zu bytes after %d boards, %zu after %d\n", soak.first.bytes, FIRST,
	       soak.last.bytes, BOARDS);
	if (grown > (BOARDS - FIRST) * 320LL)
		TAP_FAIL("%lld bytes more", grown);
	CHECK_INT(soak.last.files, soak.first.files);
}

int main(void)
{
	sim_begin();
	RUN(a_thousand_boards);
	RUN(memory_is_flat);
	for (size_t i = 0; i < PORTS; i++) {
		vboard_free(&boards[i]);
		vdesc_free(&descs[i]);
	}
	return tap_end();
}
