/* SPDX-License-Identifier: Apache-2.0 */
/* SIGUSR1: boards that are being served are finished, no other begins, and the run ends. */
#include "simrun.h"

#include "platform/plat.h"
#include "tap.h"

static struct simrun run;

static void begin(const char *kind, unsigned wanted)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory(kind));
	run.setup.wanted = wanted;
}

static void go(int status)
{
	simrun_go(&run);
	SIMRUN_CHECK(&run, status);
}

static void running_boards_finish_and_no_other_begins(void)
{
	begin("gadget", 0);
	run.drain_at = PLAT_SECOND;
	simrun_add(&run, "cm4-gadget", "path 1-1;speed 100000");
	simrun_add(&run, "cm4-gadget", "path 1-2;serial 10000000b29d2da1;arrive 1500");
	go(0);
	CHECK(run.boards[0].finished);
	CHECK(run.time > 2 * PLAT_SECOND);
	CHECK_INT(run.boards[1].stats.opens, 0);
	CHECK_INT(run.summary.succeeded, 1);
	CHECK(strstr(run.err, "draining: no further board begins, 1 being served"));
}

static void with_nobody_there_it_ends_at_once(void)
{
	begin("gadget", 0);
	run.drain_at = 5 * PLAT_SECOND;
	go(0);
	CHECK_INT(run.time, 5 * PLAT_SECOND);
	begin("gadget", 3);
	run.drain_at = 5 * PLAT_SECOND;
	go(0);
	CHECK_INT(run.time, 5 * PLAT_SECOND);
}

/* A station's status says how it ended; the status of a run with a number of boards says how they fared. */
static void boards_that_failed_before(void)
{
	for (unsigned wanted = 0; wanted <= 3; wanted += 3) {
		begin("gadget", wanted);
		run.drain_at = 100 * PLAT_SECOND;
		simrun_add(&run, "cm4-gadget", "never-returns");
		simrun_add(&run, "cm4-gadget", "path 1-2;serial 1;arrive 600000");
		go(wanted ? 4 : 0);
		CHECK_INT(run.summary.failed, 1);
		CHECK_INT(run.time, 100 * PLAT_SECOND);
	}
}

static void an_interrupt_is_stronger(void)
{
	begin("gadget", 0);
	run.drain_at = PLAT_SECOND;
	run.interrupt_at = 2 * PLAT_SECOND;
	simrun_add(&run, "cm4-gadget", "path 1-1;speed 100000");
	simrun_add(&run, "cm4-gadget", "path 1-2;serial 10000000b29d2da1;arrive 60000");
	go(130);
	CHECK(run.time < 2 * PLAT_SECOND + 10);
}

/* At whatever moment: a board is served to its end, or it was not touched. */
static void no_board_is_left_half_way(void)
{
	uint64_t whole = 0;
	for (uint64_t at = 1; at < 2 * PLAT_SECOND; at = at * 5 / 4 + 1) {
		begin("recovery", 0);
		run.drain_at = at;
		struct vdesc *desc = simrun_add(&run, "cm4-recovery", "think 20;speed 1000000");
		desc->eeprom_us = 300 * PLAT_MS;
		simrun_add(&run, "cm4-gadget", "path 1-2;serial 1000000000000001;arrive 600000");
		go(0);
		const struct vboard *b = &run.boards[0];
		CHECK(b->finished || b->stats.bulk_bytes == 0);
		whole += b->finished;
	}
	CHECK(whole > 10);
}

int main(void)
{
	sim_begin();
	RUN(running_boards_finish_and_no_other_begins);
	RUN(with_nobody_there_it_ends_at_once);
	RUN(boards_that_failed_before);
	RUN(an_interrupt_is_stronger);
	RUN(no_board_is_left_half_way);
	simrun_free(&run);
	return tap_end();
}
