/* SPDX-License-Identifier: Apache-2.0 */
/* When a waiting user gets a hint on what may be wrong, in virtual time. */
#include "simrun.h"

#include "platform/plat.h"
#include "tap.h"

static struct simrun run;

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void begin(void)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory("gadget"));
}

static void a_hint_after_15_seconds_and_at_the_end(void)
{
	begin();
	run.setup.timeout = 14 * PLAT_SECOND;
	simrun_go(&run);
	CHECK_INT(run.summary.status, 5);
	CHECK_INT(count(run.err, "(nothing-on-the-bus)"), 1);
	begin();
	run.setup.timeout = 600 * PLAT_SECOND;
	simrun_go(&run);
	CHECK_INT(run.summary.status, 5);
	CHECK_INT(count(run.err, "(nothing-on-the-bus)"), 2);
	CHECK(run.time < 601 * PLAT_SECOND);
}

static void no_hint_when_something_happened(void)
{
	begin();
	simrun_add(&run, "cm4-gadget", "arrive 14000");
	simrun_go(&run);
	CHECK_INT(run.summary.status, 0);
	CHECK_STR(run.err, "");
	begin();
	simrun_add(&run, "cm4-gadget", "arrive 100");
	run.setup.wanted = 0;
	run.interrupt_at = 100 * PLAT_SECOND;
	simrun_go(&run);
	CHECK_INT(run.summary.status, 130);
	CHECK_INT(count(run.err, "on-the-bus"), 0);
}

static void a_hint_does_not_end_the_wait(void)
{
	begin();
	simrun_add(&run, "cm4-gadget", "arrive 20000");
	simrun_go(&run);
	CHECK_INT(run.summary.status, 0);
	CHECK_INT(count(run.err, "(nothing-on-the-bus)"), 1);
	CHECK_INT(run.violations, 0);
}

static void a_board_that_does_not_return(void)
{
	begin();
	simrun_add(&run, "cm4-gadget", "never-returns");
	simrun_go(&run);
	CHECK_INT(run.summary.status, 4);
	CHECK_INT(count(run.err, "(no-return)"), 1);
}

static void a_board_that_cannot_be_opened(void)
{
	begin();
	simrun_add(&run, "cm4-gadget", "open-refused-for 60000");
	simrun_go(&run);
	CHECK_INT(run.summary.status, 255);
	CHECK_INT(count(run.err, "(no-permission)"), 1);
	begin();
	simrun_add(&run, "cm4-gadget", "open-refused-for 60000;open-busy");
	simrun_go(&run);
	CHECK_INT(run.summary.status, 2);
	CHECK_INT(count(run.err, "(held-by-program)"), 1);
}

int main(void)
{
	sim_begin();
	RUN(a_hint_after_15_seconds_and_at_the_end);
	RUN(no_hint_when_something_happened);
	RUN(a_hint_does_not_end_the_wait);
	RUN(a_board_that_does_not_return);
	RUN(a_board_that_cannot_be_opened);
	simrun_free(&run);
	return tap_end();
}
