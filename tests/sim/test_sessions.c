/* SPDX-License-Identifier: Apache-2.0 */
/* Twenty thousand seeded sessions (SESSIONS=N: as many) with random scripts, delays and faults, and racks of boards at
 * once, some of them bad. A failing seed is printed: "SEED=N build/tests/test_sessions" plays that run alone and shows
 * its lines. */
#include "simrun.h"

#include "platform/plat.h"
#include "tap.h"

#include <stdlib.h>

static struct simrun run;
static uint32_t state;

static uint32_t dice(uint32_t sides)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % sides;
}

/* A directory that fits every chip. */
static const char *rack_directory(void)
{
	static char path[600];
	if (!*path) {
		char command[2400];
		const char *gadget = simrun_directory("gadget"),
			   *old = simrun_directory("gadget-2710");
		snprintf(path, sizeof path, "%s-rack", gadget);
		snprintf(command, sizeof command,
		         "rm -rf '%s' && cp -r '%s' '%s' && cp -r '%s/2710' '%s/'", path, gadget,
		         path, old, path);
		if (system(command) != 0)
			exit(1);
	}
	return path;
}

static const char *const boards[] = { "cm1-msd", "cm3-gadget", "zero2w-gadget", "cm4-gadget",
	                              "cm5-gadget" };
#define BOARDS (sizeof boards / sizeof *boards)

/* Appends TEXT with every '#' as the number N. */
static void add_line(char *lines, size_t size, const char *text, unsigned n)
{
	size_t at = strlen(lines);
	at += (size_t)snprintf(lines + at, size - at, "%s", at ? ";" : "");
	for (; *text; text++)
		at += (size_t)(*text == '#' ? snprintf(lines + at, size - at, "%u", n)
		                            : snprintf(lines + at, size - at, "%c", *text));
}

static void random_habits(char *lines, size_t size)
{
	static const char *const habits[] = {
		"jitter #",       "think #",
		"boot-time #",    "leave-after #",
		"back-after #",   "open-refused-for #",
		"status-lost",    "same-index-again 1",
		"speed 30000000", "urb-time #",
		"server_index 4", "stay-after-done",
		"patience #",
	};
	for (unsigned i = dice(5); i > 0; i--)
		add_line(lines, size, habits[dice(sizeof habits / sizeof *habits)], 1 + dice(2000));
}

static void random_fault(char *lines, size_t size)
{
	static const char *const faults[] = {
		"fault stall at announce times #",
		"fault stall at header times #",
		"fault stall at secondstage offset #",
		"fault nak at secondstage offset # for 3000",
		"fault short 9 at secondstage offset #",
		"fault disconnect at secondstage offset #;replug-after 300",
		"fault disconnect at status;replug-after #",
		"fault stall at request times #",
		"fault short 30 at request times #",
		"fault disconnect at request",
		"fault stall at size-reply times #",
		"fault disconnect at size-reply",
		"fault stall at data offset #",
		"fault short 77 at data offset # times 3",
		"fault nak at data offset # for 12000",
		"fault nak at data offset #",
		"fault disconnect at data offset #",
		"fault nak at request",
		"stay-rom",
		"never-returns",
		"status #",
		"status 3 1",
	};
	add_line(lines, size, faults[dice(sizeof faults / sizeof *faults)],
	         1 + dice(dice(2) ? 4 : 60000));
}

static void check_invariants(uint32_t seed, const char *lines)
{
	const char *all = getenv("SEED");
	if (all)
		printf("# %s\n%s%s\n", lines, run.out, run.err);
	if (run.violations || run.leaks || run.time > 400 * PLAT_SECOND)
		TAP_FAIL("SEED=%u (%s): status %d, %zu violations, %u open handles, %.1f s", seed,
		         lines, run.summary.status, run.violations, run.leaks,
		         (double)run.time / 1e6);
	for (size_t i = 0; i < run.count; i++) {
		const struct vboard *b = &run.boards[i];
		if (b->stats.stale_requests || b->stats.cancelled_reads > 1)
			TAP_FAIL("SEED=%u (%s): %u requests to a stale ROM, %u reads cancelled",
			         seed, lines, b->stats.stale_requests, b->stats.cancelled_reads);
	}
}

static void single_boards(void)
{
	const char *only = getenv("SEED");
	unsigned counts[256] = { 0 };
	const char *sessions = getenv("SESSIONS");
	uint32_t first = only ? (uint32_t)strtoul(only, NULL, 10) : 1;
	uint32_t last = only ? first : sessions ? (uint32_t)strtoul(sessions, NULL, 10) : 20000;
	for (uint32_t seed = first; seed <= last && !tap_failed; seed++) {
		char lines[600] = "";
		state = seed * 2654435761u;
		simrun_free(&run);
		simrun_init(&run, rack_directory());
		const char *board = boards[dice(BOARDS)];
		random_habits(lines, sizeof lines);
		for (unsigned i = dice(3); i > 0; i--)
			random_fault(lines, sizeof lines);
		run.seed = seed;
		run.kernel_memory = dice(4) ? 0 : 16384 + dice(2000000);
		run.interrupt_at = dice(10) ? 0 : 1 + dice(400000);
		simrun_add(&run, board, lines);
		simrun_go(&run);
		check_invariants(seed, lines);
		counts[run.summary.status & 255]++;
		if (!memchr("\0\2\3\4\202", run.summary.status, 5)) /* the last is 130 */
			TAP_FAIL("SEED=%u (%s): status %d", seed, lines, run.summary.status);
	}
	printf("# statuses: 0: %u, 2: %u, 3: %u, 4: %u, 130: %u\n", counts[0], counts[2], counts[3],
	       counts[4], counts[130]);
	if (!only)
		CHECK(counts[0] > last / 8 && counts[2] > last / 40 && counts[3] > last / 40 &&
		      counts[4] > last / 40 && counts[130] > last / 80);
}

static bool is_done(const struct vboard *b)
{
	return b->finished;
}

/* Sixteen boards, some of them bad: the good ones all succeed, and nothing of the bad ones slows them. */
static void racks(void)
{
	for (uint32_t seed = 1; seed <= 60 && !tap_failed; seed++) {
		unsigned bad = 0;
		state = seed * 2654435761u;
		simrun_free(&run);
		simrun_init(&run, rack_directory());
		run.setup.wanted = 16;
		run.seed = seed;
		run.kernel_memory = 16 * 1024 * 1024;
		for (unsigned i = 0; i < 16; i++) {
			char lines[400];
			snprintf(
				lines, sizeof lines,
				"path 1-%u.%u;serial 10000000%08x;arrive %u;jitter %u;speed %u;urb-time 125",
				1 + i / 4, 1 + i % 4, i + 1, dice(500), dice(50),
				1000000 + dice(40000000));
			if (dice(4) == 0) {
				bad++;
				add_line(lines, sizeof lines,
				         dice(2) ? "fault nak at request"
				                 : "fault stall at secondstage times 1000",
				         0);
			}
			simrun_add(&run, boards[dice(BOARDS)], lines);
		}
		simrun_go(&run);
		check_invariants(seed, "rack");
		CHECK_INT(run.summary.failed, bad);
		CHECK_INT(run.summary.succeeded, 16 - bad);
		CHECK_INT(run.summary.status, bad ? run.summary.status : 0);
		for (size_t i = 0; i < run.count; i++) {
			const struct vboard *b = &run.boards[i];
			bool good = b->desc->fault_count == 0;
			if (good && (!is_done(b) || b->stats.waited_us > 200 * PLAT_MS))
				TAP_FAIL("seed %u: a good board: done %d, waited %.3f s", seed,
				         is_done(b), (double)b->stats.waited_us / 1e6);
		}
	}
}

/* Boards one after the other through one process. */
static void soak(void)
{
	simrun_free(&run);
	simrun_init(&run, rack_directory());
	run.setup.wanted = 48;
	for (unsigned i = 0; i < 48; i++) {
		char lines[200];
		snprintf(lines, sizeof lines, "path 1-%u.%u;serial 7%08x;arrive %u", 1 + i / 8,
		         1 + i % 8, i, i * 1000);
		simrun_add(&run, boards[i % BOARDS], lines);
	}
	simrun_go(&run);
	check_invariants(0, "soak");
	CHECK_INT(run.summary.succeeded, 48);
}

int main(void)
{
	sim_begin();
	RUN(single_boards);
	if (!getenv("SEED")) {
		RUN(racks);
		RUN(soak);
	}
	simrun_free(&run);
	return tap_end();
}
