/* SPDX-License-Identifier: Apache-2.0 */
/* Every place of the conversations x every fault x every chip: the run ends in bounded time, with a status that is true,
 * nothing is left open, and the board saw nothing it would not accept. Then thousands of seeded sessions with random
 * scripts, faults and delays, and racks of boards. */
#include "simrun.h"

#include "platform/plat.h"
#include "tap.h"

#include <stdlib.h>

static struct simrun run;

static const struct {
	const char *kind, *board;
} boards[] = {
	{ "msd", "cm1-msd" },           { "gadget-2710", "cm3-gadget" },
	{ "gadget", "cm4-gadget" },     { "gadget", "cm5-gadget" },
	{ "recovery", "cm4-recovery" }, { "recovery5", "cm5-recovery" },
};
#define BOARDS (sizeof boards / sizeof *boards)

/* No conversation may take longer than this, whatever a board does: three times ten seconds of silence in each of three
 * bulk messages, sixty for a request, sixty for coming back, minutes for the flash memory. */
#define BOUND (600 * PLAT_SECOND)

static bool has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

static void start(const char *kind)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory(kind));
}

/* What must hold of every run. */
static void check_invariants(const char *what)
{
	bool known = false;
	static const int statuses[] = { 0, 2, 3, 4, 130 };
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		known = known || run.summary.status == statuses[i];
	if (!known || run.violations || run.leaks || run.time > BOUND)
		TAP_FAIL("%s: status %d, %zu violations, %u open handles, %.1f s\n%s%s", what,
		         run.summary.status, run.violations, run.leaks, (double)run.time / 1e6,
		         run.out, run.err);
	if (run.summary.status == 0 && (has(run.out, "Failed") || has(run.out, "failed")) &&
	    !has(run.out, "Failed : 0x"))
		TAP_FAIL("%s: a successful run says failed", what);
	if (run.summary.status != 0 && run.summary.status != 130 && !*run.err)
		TAP_FAIL("%s: status %d without a word", what, run.summary.status);
	for (size_t i = 0; i < run.count; i++)
		if (run.boards[i].stats.stale_requests)
			TAP_FAIL("%s: %u requests to a stale ROM", what,
			         run.boards[i].stats.stale_requests);
}

/* Metadata is published whole at a normal end, and not at all otherwise. */
static void check_metadata(const char *what, const char *directory, const char *serial)
{
	char path[700], text[4096];
	snprintf(path, sizeof path, "%s/%s.json", directory, serial);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	text[n] = 0;
	if (f)
		fclose(f);
	remove(path);
	if ((f != NULL) != (run.summary.status == 0))
		TAP_FAIL("%s: status %d, metadata %s", what, run.summary.status,
		         f ? "written" : "absent");
	if (f && (text[0] != '{' || n < 4 || strcmp(text + n - 3, "\n}\n") != 0))
		TAP_FAIL("%s: metadata is not whole: %s", what, text);
}

/* --- the matrix */

struct cell {
	const char *place, *fault;
	int once;   /* status when the fault strikes once */
	int always; /* when it strikes every time */
};

static const struct cell matrix[] = {
	{ "announce", "stall", 0, 2 },
	{ "announce", "nak", 0, 2 },
	{ "announce", "error", 0, 2 },
	{ "announce", "disconnect", 0, 2 },
	{ "header", "stall", 0, 2 },
	{ "header", "nak", 2, 2 },
	{ "header", "short 5", 0, 0 },
	{ "header", "disconnect", 0, 2 },
	{ "header", "error", 0, 2 },
	{ "secondstage", "stall", 0, 2 },
	{ "secondstage", "nak", 2, 2 },
	{ "secondstage", "short 5", 0, 0 },
	{ "secondstage", "disconnect", 0, 2 },
	{ "secondstage", "error", 0, 2 },
	{ "status", "stall", 0, 0 },
	{ "status", "nak", 0, 0 },
	{ "status", "short 2", 0, 0 },
	{ "status", "disconnect", 0, 2 },
	{ "status", "error", 0, 0 },
	{ "request", "stall", 0, 2 },
	{ "request", "nak", 3, 3 },
	{ "request", "short 100", 0, 2 },
	{ "request", "short 0", 0, 2 },
	{ "request", "disconnect", 0, 2 },
	{ "request", "error", 0, 2 },
	{ "size-reply", "stall", 0, 2 },
	{ "size-reply", "nak", 2, 2 },
	{ "size-reply", "disconnect", 3, 3 },
	{ "data", "stall", 0, 2 },
	{ "data", "nak", 2, 2 },
	{ "data", "short 5", 0, 0 },
	{ "data", "disconnect", 3, 3 },
	{ "data", "error", 0, 2 },
};
#define CELLS (sizeof matrix / sizeof *matrix)

static void fault_matrix(void)
{
	unsigned runs = 0;
	const char *t = getenv("T"), *metadata = t ? t : "build";
	for (size_t b = 0; b < BOARDS; b++)
		for (size_t c = 0; c < CELLS; c++)
			for (int often = 0; often < 2; often++)
				for (unsigned offset = 0; offset <= 20000;
				     offset = offset ? offset * 10 + 7 : 1) {
					bool bytes = has("header secondstage data",
					                 matrix[c].place);
					if (offset &&
					    (!bytes || (offset > 23 && *matrix[c].place == 'h')))
						continue;
					char lines[200];
					snprintf(lines, sizeof lines,
					         "fault %s at %s offset %u times %d;replug-after "
					         "200",
					         matrix[c].fault, matrix[c].place, offset,
					         often ? 1000000 : 1);
					start(boards[b].kind);
					run.setup.metadata_directory = metadata;
					simrun_add(&run, boards[b].board, lines);
					simrun_go(&run);
					runs++;
					char what[300];
					snprintf(what, sizeof what, "%s with %s", boards[b].board,
					         lines);
					check_invariants(what);
					if (has(boards[b].kind, "recovery"))
						check_metadata(what, metadata,
						               vdesc_server_serial(&run.descs[0]));
					int want = often ? matrix[c].always : matrix[c].once;
					if (run.summary.status != want)
						TAP_FAIL("%s: status %d, not %d\n%s%s", what,
						         run.summary.status, want, run.out,
						         run.err);
					if (tap_failed)
						return;
				}
	printf("# %u runs\n", runs);
}

int main(void)
{
	sim_begin();
	RUN(fault_matrix);
	simrun_free(&run);
	return tap_end();
}
