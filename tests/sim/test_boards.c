/* SPDX-License-Identifier: Apache-2.0 */
/* Every ready board, and what real boards have been seen to do, in virtual time. */
#include "simrun.h"

#include "platform/plat.h"
#include "tap.h"

#include <stdlib.h>
#include <strings.h>

static struct simrun run;

static void go(const char *kind, const char *board, const char *lines)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory(kind));
	simrun_add(&run, board, lines);
	simrun_go(&run);
}

static bool has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

static bool says_failed(void)
{
	for (const char *text = run.out; *text; text++)
		if (strncasecmp(text, "failed", 6) == 0)
			return true;
	for (const char *text = run.err; *text; text++)
		if (strncasecmp(text, "failed", 6) == 0)
			return true;
	return false;
}

#define CHECK_STATUS(want) SIMRUN_CHECK(&run, want)

static const struct {
	const char *kind, *board;
} ready[] = {
	{ "msd", "cm1-msd" },
	{ "msd", "zero-msd" },
	{ "msd", "cm3-msd" },
	{ "msd", "cm4-msd" },
	{ "gadget-2710", "cm3-gadget" },
	{ "gadget-2710", "zero2w-gadget" },
	{ "gadget", "cm4-gadget" },
	{ "gadget", "cm5-gadget" },
	{ "recovery", "cm4-recovery" },
	{ "recovery5", "cm5-recovery" },
};
#define READY (sizeof ready / sizeof *ready)

static void every_ready_board_boots(void)
{
	for (size_t i = 0; i < READY; i++) {
		go(ready[i].kind, ready[i].board, "eeprom-write 29000");
		CHECK_STATUS(0);
		CHECK(!says_failed());
		CHECK(has(run.out, "Second stage boot server done"));
		CHECK_STR(run.err, "");
	}
}

static void the_host_hardly_makes_them_wait(void)
{
	for (size_t i = 0; i < READY; i++) {
		go(ready[i].kind, ready[i].board, "");
		CHECK_INT(run.boards[0].stats.waited_us,
		          0); /* virtual time: no delay of ours at all */
	}
}

static void every_delay_of_a_board_is_waited_for(void)
{
	go("gadget", "cm4-gadget",
	   "arrive 100000;leave-after 15000;back-after 40000;boot-time 20000;think 30000");
	CHECK_STATUS(0);
	go("gadget", "cm4-gadget", "jitter 9000;urb-time 5000;speed 100000");
	CHECK_STATUS(0);
	go("recovery", "cm4-recovery", "pause 40000;done");
	CHECK_STATUS(0);
	CHECK_INT(run.boards[0].stats.cancelled_reads, 0);
}

static void opening_is_retried(void)
{
	go("gadget", "cm4-gadget", "open-refused-for 4000");
	CHECK_STATUS(0);
	go("gadget", "cm4-gadget", "open-refused-for 4000;open-busy");
	CHECK_STATUS(0);
	go("gadget", "cm4-gadget", "open-refused-for 20000");
	CHECK_STATUS(255);
	CHECK(has(run.err, "Permission to access USB device denied"));
	CHECK(run.time < 7 * PLAT_SECOND);
	go("gadget", "cm4-gadget", "open-refused-for 20000;open-busy");
	CHECK_STATUS(2);
	go("gadget", "cm4-gadget", "unconfigured-for 4000");
	CHECK_STATUS(0);
	go("gadget", "cm4-gadget", "unconfigured-for 20000");
	CHECK_STATUS(2);
}

/* Windows installs a driver at the first plug, which takes up to a minute. */
static void a_driver_is_waited_for(void)
{
	go("gadget", "cm4-gadget", "open-refused-for 2000;open-driverless");
	CHECK_STATUS(0);
	CHECK(!has(run.err, "Windows installs the driver"));
	go("gadget", "cm4-gadget", "open-refused-for 40000;open-driverless");
	CHECK_STATUS(0);
	CHECK(has(run.err, "Windows installs the driver"));
	go("gadget", "cm4-gadget", "open-refused-for 90000;open-driverless");
	CHECK_STATUS(255);
	CHECK(has(run.err, "Windows has no driver for the device"));
	CHECK(run.time < 65 * PLAT_SECOND);
}

static void a_lost_status_is_no_failure(void)
{
	go("gadget", "cm4-gadget", "status-lost");
	CHECK_STATUS(0);
	CHECK(!says_failed());
	CHECK(!has(run.out, "Successful read"));
}

static void a_refused_second_stage_is_tried_again(void)
{
	go("gadget", "cm4-gadget", "status 1 2");
	CHECK_STATUS(0);
	CHECK(has(run.out, "Failed : 0x1\n"));
	go("gadget", "cm4-gadget", "status 7");
	CHECK_STATUS(2);
	CHECK_INT(run.boards[0].stats.second_stages, 3);
}

/* What a BCM2712 does with a counter-signed second stage that is not for it: it takes it, stays, and answers nothing from
 * then on (usbboot issues 304 and 380, rpi-eeprom issue 701); the next rpiboot finds it like this. */
static void a_rom_that_answers_nothing(void)
{
	go("gadget", "cm5-gadget", "stay-rom");
	CHECK_INT(run.summary.status, 4);
	CHECK(has(run.err, "(no-return)"));
	go("gadget", "cm5-gadget", "fault nak at announce times 1000");
	CHECK_STATUS(2);
	CHECK_INT(run.boards[0].stats.second_stages, 0);
	CHECK(has(run.err, "Take away its power"));
}

static void back_as_rom(void)
{
	go("gadget", "cm4-gadget", "same-index-again 1");
	CHECK_STATUS(0);
	CHECK_INT(run.boards[0].stats.second_stages, 2);
	go("gadget", "cm4-gadget", "stay-rom");
	CHECK_INT(run.summary.status, 4);
	CHECK_INT(run.boards[0].stats.stale_requests, 0);
	go("gadget", "cm4-gadget", "never-returns");
	CHECK_STATUS(4);
	CHECK(run.time < 70 * PLAT_SECOND);
	go("gadget", "cm4-gadget", "same-index-again 2");
	CHECK_STATUS(0);
	go("gadget", "cm4-gadget", "same-index-again 1000"); /* the ROM rejects what it accepted */
	CHECK_STATUS(2);
	CHECK_INT(run.boards[0].stats.second_stages, 3);
	CHECK(run.time < 5 * PLAT_SECOND);
	CHECK(has(run.err, "signed with its key"));
}

static void server_with_the_index_of_a_rom(void)
{
	go("gadget", "cm4-gadget", "server_index 3;same-index-again 1");
	CHECK_STATUS(0);
	CHECK_INT(run.boards[0].stats.second_stages, 2);
	go("gadget", "cm4-gadget", "server_index 3");
	CHECK_STATUS(0);
	CHECK_INT(run.boards[0].stats.second_stages, 1);
	go("gadget", "cm4-gadget", "server_index 3;ignores-announcements");
	CHECK_STATUS(0);
	CHECK(run.time < 20 * PLAT_SECOND);
}

static void attached_in_the_file_server(void)
{
	go("gadget", "cm4-gadget", "skips-rom");
	CHECK_STATUS(0);
	CHECK_INT(run.boards[0].stats.second_stages, 0);
}

static void leaving_without_done(void)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory("gadget"));
	struct vdesc *d = simrun_add(&run, "cm4-gadget", "");
	d->steps[d->step_count - 1].kind = VSTEP_LEAVE; /* instead of Done */
	simrun_go(&run);
	CHECK_STATUS(0);

	simrun_free(&run);
	simrun_init(&run, simrun_directory("recovery"));
	d = simrun_add(&run, "cm4-recovery", "");
	for (size_t i = 0; i < d->step_count; i++)
		if (d->steps[i].kind == VSTEP_METADATA)
			d->steps[i].kind =
				VSTEP_LEAVE; /* the EEPROM was served, nothing was reported */
	simrun_go(&run);
	CHECK_STATUS(3);
}

static void board_reports_trouble(void)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory("recovery"));
	struct vdesc *d = simrun_add(&run, "cm4-recovery", "");
	for (size_t i = 0; i < d->step_count; i++)
		if (d->steps[i].name && strcmp(d->steps[i].name, "*EEPROM_UPDATE*success") == 0)
			strcpy(d->steps[i].name, "*EEPROM_UPDATE*fail");
	simrun_go(&run);
	CHECK_STATUS(2);
	CHECK(has(run.out, "\"EEPROM_UPDATE\": \"fail\""));
	CHECK(!has(run.out, "Second stage boot server done"));
}

static void finished_board_that_stays(void)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory("gadget"));
	simrun_add(&run, "cm4-gadget", "stay-after-done");
	simrun_go(&run);
	CHECK_STATUS(0);
	CHECK_INT(run.boards[0].stats.opens, 3); /* ROM, file server, and once more to detach it */
	CHECK(!vboard_present(&run.boards[0]) || run.boards[0].phase == VPHASE_DISK);
}

/* One that leaves within two seconds is not opened again. */
static void finished_board_that_lingers(void)
{
	go("gadget", "cm4-gadget", "linger 1900");
	CHECK_STATUS(0);
	CHECK_INT(run.boards[0].stats.opens, 2);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	for (const char *at = text; (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* 2 MiB of flash memory at 400 ms for each 4 KiB take 205 s; the limit is ten minutes. */
static void eeprom_writes_take_minutes(void)
{
	go("recovery5", "cm5-recovery", "");
	CHECK_STATUS(0);
	CHECK_INT(count(run.err, "the power must stay on"), 6); /* 30, 60, ... 180 s */
	go("recovery5", "cm5-recovery", "eeprom-write 590000");
	CHECK_STATUS(0);
	go("recovery5", "cm5-recovery", "eeprom-write 700000");
	CHECK_STATUS(3);
	CHECK(!has(run.err, "ower-cycle") && !has(run.err, "Check cable, hub and power"));
	CHECK(has(run.err, "leave the power on"));
	go("recovery", "cm4-recovery", "fault stall at request *USER_SERIAL_NUM*b29d2da0 times 50");
	CHECK_STATUS(0);
}

static void garbage_is_asked_again(void)
{
	static const char *const bad[] = { "garbage", "unknown 7 config.txt", "empty",
		                           "unknown 7" };
	for (size_t i = 0; i < 4; i++) {
		char lines[200];
		simrun_free(&run);
		simrun_init(&run, simrun_directory("msd"));
		snprintf(lines, sizeof lines, "chip 2711;serial 10000001;%s;%s;get start4.elf;done",
		         bad[i], bad[i]);
		FILE *f = fopen("build/garbage.board", "w");
		if (!f)
			abort();
		fputs("chip 2711\nserial 10000001\n", f);
		fclose(f);
		simrun_add(&run, "../../../build/garbage", strstr(lines, bad[i]));
		simrun_go(&run);
		CHECK_STATUS(0);
		simrun_free(&run);
		simrun_init(&run, simrun_directory("msd"));
		snprintf(lines, sizeof lines, "%s;%s;%s;get start4.elf;done", bad[i], bad[i],
		         bad[i]);
		simrun_add(&run, "../../../build/garbage", lines);
		simrun_go(&run);
		CHECK_STATUS(2);
	}
}

static void silence_ends(void)
{
	go("gadget", "cm4-gadget", "fault nak at request bootmain");
	CHECK_STATUS(3);
	CHECK(run.time < 65 * PLAT_SECOND);
	CHECK(has(run.err, "no request for 10 seconds"));
}

static void interrupts(void)
{
	static const uint64_t times[] = { 1, 500, 2000, 40000, 700000, 800000 };
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		simrun_free(&run);
		simrun_init(&run, simrun_directory("recovery"));
		run.interrupt_at = times[i];
		simrun_add(&run, "cm4-recovery", "think 20;speed 1000000");
		simrun_go(&run);
		CHECK_STATUS(130);
		CHECK(run.time < times[i] + 10);
	}
	simrun_free(&run);
	simrun_init(&run, simrun_directory("gadget"));
	run.interrupt_at = 5 * PLAT_SECOND;
	simrun_go(&run); /* nobody there */
	CHECK_STATUS(130);
	CHECK_INT(run.time, 5 * PLAT_SECOND);
}

static void nobody_comes(void)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory("gadget"));
	run.setup.timeout = 7 * PLAT_SECOND;
	simrun_go(&run);
	CHECK_STATUS(5);
	CHECK_INT(run.time, 7 * PLAT_SECOND);
}

int main(void)
{
	sim_begin();
	RUN(every_ready_board_boots);
	RUN(the_host_hardly_makes_them_wait);
	RUN(every_delay_of_a_board_is_waited_for);
	RUN(opening_is_retried);
	RUN(a_driver_is_waited_for);
	RUN(a_lost_status_is_no_failure);
	RUN(a_refused_second_stage_is_tried_again);
	RUN(a_rom_that_answers_nothing);
	RUN(back_as_rom);
	RUN(server_with_the_index_of_a_rom);
	RUN(attached_in_the_file_server);
	RUN(leaving_without_done);
	RUN(board_reports_trouble);
	RUN(finished_board_that_stays);
	RUN(finished_board_that_lingers);
	RUN(eeprom_writes_take_minutes);
	RUN(garbage_is_asked_again);
	RUN(silence_ends);
	RUN(interrupts);
	RUN(nobody_comes);
	simrun_free(&run);
	return tap_end();
}
