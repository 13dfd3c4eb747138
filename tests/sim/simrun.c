/* SPDX-License-Identifier: Apache-2.0 */
#include "simrun.h"

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

static void serve(struct simrun *run, FILE *out, FILE *err)
{
	static const char *const no_roots[] = { NULL };
	struct bootfiles_places places = { .directory = run->directory, .roots = no_roots };
	if (!run->setup.places)
		run->setup.places = &places;
	struct report *report = report_new();
	run->setup.report = report;
	report_add(report, report_text_new(&(struct report_text_options){
				   .out = out, .err = err, .prefix = run->setup.wanted != 1 }));
	report_add(report, run->observer);
	station_run(&run->setup, &run->summary);
	report_free(report);
	run->setup.report = NULL;
	run->setup.places = NULL;
}

void simrun_go(struct simrun *run)
{
	uint64_t start = plat_now();
	size_t n;
	FILE *out = open_memstream(&run->out, &n), *err = open_memstream(&run->err, &n);
	if (!out || !err)
		abort();
	for (size_t i = 0; i < run->count; i++) {
		vboard_init(&run->boards[i], &run->descs[i], run->seed + (uint32_t)i, start);
		run->boards[i].judge_claims = true;
	}
	sim_boards(run->boards, run->count, run->kernel_memory);
	sim_end_at(start + SIM_END_OF_TIME);
	sim_interrupt_at(run->interrupt_at ? start + run->interrupt_at : 0);
	serve(run, out, err);
	sim_interrupt_at(0);
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
