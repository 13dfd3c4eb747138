/* SPDX-License-Identifier: Apache-2.0 */
/* What boards do seldom, or to do harm: what is bounded ends, what is unusual is reported, and no board is served twice
 * by mistake. */
#include "simrun.h"
#include "vfolder.h"

#include "platform/plat.h"
#include "tap.h"

static struct simrun run;

static void begin(const char *directory)
{
	simrun_free(&run);
	simrun_init(&run, directory);
	vdesc_init(&run.descs[run.count++]);
}

static void line(const char *text)
{
	char error[VDESC_ERROR_SIZE];
	if (vdesc_line(&run.descs[0], text, "test_limits", 1, error) != 0) {
		printf("Bail out! %s\n", error);
		exit(1);
	}
}

static void lines(const char *text)
{
	while (*text) {
		char one[200];
		size_t n = strcspn(text, ";");
		snprintf(one, sizeof one, "%.*s", (int)n, text);
		line(one);
		text += n + (text[n] == ';');
	}
}

static void go(void)
{
	char error[VDESC_ERROR_SIZE];
	if (vfolder_resolve(&run.descs[0], run.directory, false, error) != 0)
		TAP_FAIL("%s", error);
	simrun_go(&run);
	CHECK_INT(run.leaks, 0);
	CHECK_INT(run.violations, 0);
}

static void check(int status, const char *out, const char *err)
{
	CHECK_INT(run.summary.status, status);
	if (!strstr(run.out, out))
		TAP_FAIL("not on the standard output: %s", out);
	if (!strstr(run.err, err))
		TAP_FAIL("not on standard error: %s", err);
	if (tap_failed)
		printf("# %s\n# %s\n", run.out, run.err);
}

#define SERVER "chip 2712;serial abc;skips-rom;"

/* Makes the only step N of the same. */
static void repeat_step(size_t n)
{
	struct vdesc *desc = &run.descs[0];
	struct vstep *steps = calloc(n, sizeof *steps);
	if (!steps)
		abort();
	for (size_t i = 0; i < n; i++) {
		steps[i] = desc->steps[0];
		steps[i].name = i ? strdup(desc->steps[0].name) : desc->steps[0].name;
	}
	free(desc->steps);
	desc->steps = steps;
	desc->step_count = n;
}

static void requests_without_end(void)
{
	begin(simrun_directory("gadget"));
	lines(SERVER);
	line("size absent");
	repeat_step(20001);
	go();
	check(2, "", "too many requests from the board");
	CHECK_INT(run.boards[0].stats.requests, 20001);
}

static void done_with_a_name(void)
{
	begin(simrun_directory("gadget"));
	lines(SERVER "get config.txt;done config.txt");
	go();
	check(0, "Second stage boot server done", "");
}

static void odd_metadata(void)
{
	begin(simrun_directory("gadget"));
	lines(SERVER "metadata FACTORY_UUID ffffffff;get config.txt");
	for (unsigned i = 0; i < 130; i++) {
		char text[50];
		snprintf(text, sizeof text, "metadata K%u V", i);
		line(text);
	}
	line("done");
	go();
	check(0, "\"K127\": \"V\"\n}", "cannot decode the board's FACTORY_UUID");
	check(0, "", "too much metadata");
	CHECK(!strstr(run.out, "\"K128\"") && !strstr(run.out, "\"FACTORY_UUID\""));
}

/* The gadget directory with FILE of N bytes in it. */
static const char *directory_with(const char *kind, const char *file, size_t n)
{
	static char path[600];
	char name[700];
	snprintf(path, sizeof path, "%s", simrun_directory(kind));
	snprintf(name, sizeof name, "%s/%s", path, file);
	FILE *out = fopen(name, "wb");
	for (size_t i = 0; out && i < n; i++)
		putc((int)(i * 7 + 1), out);
	if (!out || fclose(out) != 0)
		TAP_FAIL("%s", name);
	return path;
}

static void an_empty_file(void)
{
	begin(directory_with("gadget", "empty.txt", 0));
	lines(SERVER "read empty.txt;get config.txt;done");
	run.descs[0].steps[0].want.kind = VEXPECT_ANY; /* 0 bytes: both absent and empty */
	go();
	check(0, "", "empty.txt is empty");
}

static void a_signature_goes_into_the_boot_message(void)
{
	begin(directory_with("gadget-2710", "bootcode.sig", 30));
	lines("chip 2764;rom_index 0;get config.txt;done");
	run.setup.sign = true;
	go();
	check(0, "Second stage boot server done", "");
	for (unsigned i = 0; i < 20; i++)
		CHECK_INT(run.boards[0].header[4 + i], (i * 7 + 1) & 255);
}

static void serials_cannot_choose_a_board_without_one(void)
{
	begin(simrun_directory("gadget"));
	lines("chip 2712;rom_index 0");
	run.setup.serials[run.setup.serial_count++] = "10000000b29d2da0";
	run.interrupt_at = 20 * PLAT_SECOND;
	go();
	check(130, "", "reports no serial number, so -i cannot choose it");
	CHECK_INT(run.boards[0].stats.second_stages, 0);
}

/* --- a board that is finished and comes back */

static struct {
	uint64_t away; /* microseconds until it is back */
	unsigned results, refusals;
} again;

static void plug_in_again(uint64_t after)
{
	run.descs[0].arrive_us = after;
	vboard_free(&run.boards[0]);
	vboard_init(&run.boards[0], &run.descs[0], 1, plat_now());
	run.boards[0].judge_claims = true;
	sim_look_again();
}

static void see(struct observer *self, const struct event *e)
{
	(void)self;
	if (e->kind == EV_RESULT && ++again.results == 1)
		plug_in_again(again.away);
	else if (e->kind == EV_RESULT)
		sim_interrupt_at(plat_now() + 1);
	else if (e->kind == EV_NOTICE && strstr(e->text, "finished a moment ago"))
		again.refusals++;
}

static void end(struct observer *self)
{
	(void)self;
}

#define RECOVERY                                                                        \
	"chip 2712;get config.txt;size pieeprom.bin;get pieeprom.sig;get pieeprom.bin;" \
	"metadata EEPROM_UPDATE success;done"

/* The board is served, back after AWAY seconds, and served again. */
static void serve_again(const char *kind, const char *board, unsigned away, bool at_once,
                        unsigned refusals)
{
	struct observer observer = { see, end };
	begin(simrun_directory(kind));
	lines(board);
	again.results = again.refusals = 0;
	again.away = away * PLAT_SECOND;
	run.setup.wanted = 0;
	run.setup.again = at_once;
	run.observer = &observer;
	run.interrupt_at = 1000 * PLAT_SECOND;
	go();
	check(130, "Second stage boot server done", "");
	CHECK_INT(again.results, 2);
	CHECK_INT(again.refusals, refusals);
}

static void a_finished_board_is_held_off_for_a_minute(void)
{
	serve_again("recovery5", RECOVERY ";serial 10000000b29d2da0", 3, false, 1);
	CHECK(run.time > 60 * PLAT_SECOND && run.time < 65 * PLAT_SECOND);
	CHECK(strstr(run.err, "not served again for 57 seconds") != NULL);
}

static void without_a_serial_for_five_seconds(void)
{
	serve_again("recovery5", RECOVERY, 3, false, 1);
	CHECK(run.time > 5 * PLAT_SECOND && run.time < 10 * PLAT_SECOND);
}

static void an_empty_port_ends_the_hold_off(void)
{
	serve_again("recovery5", RECOVERY ";serial 10000000b29d2da0", 7, false, 0);
	CHECK(run.time < 15 * PLAT_SECOND);
}

static void unless_it_is_wanted_again(void)
{
	serve_again("recovery5", RECOVERY ";serial 10000000b29d2da0", 3, true, 0);
	CHECK(run.time < 10 * PLAT_SECOND);
}

/* Where nothing is written, nothing is held off: a Zero that reboots is served at once. */
static void only_recovery_is_held_off(void)
{
	serve_again("gadget", "chip 2712;serial 10000000b29d2da0;get config.txt;done", 1, false, 0);
	CHECK(run.time < 5 * PLAT_SECOND);
}

/* usbfs has 16 MiB for all devices together, and another program may hold them. A board that fails has an error of its own, and
 * its advice, not only a warning that the boot message was not sent. */
static void no_memory_in_the_kernel(void)
{
	begin(simrun_directory("gadget"));
	lines("chip 2711;get config.txt;done");
	run.kernel_memory = 16;
	go();
	check(2, "", "second stage not sent: the kernel's USB memory is used up. Raise ");
}

int main(void)
{
	sim_begin();
	RUN(requests_without_end);
	RUN(done_with_a_name);
	RUN(odd_metadata);
	RUN(an_empty_file);
	RUN(a_signature_goes_into_the_boot_message);
	RUN(no_memory_in_the_kernel);
	RUN(serials_cannot_choose_a_board_without_one);
	RUN(a_finished_board_is_held_off_for_a_minute);
	RUN(without_a_serial_for_five_seconds);
	RUN(an_empty_port_ends_the_hold_off);
	RUN(unless_it_is_wanted_again);
	RUN(only_recovery_is_held_off);
	simrun_free(&run);
	return tap_end();
}
