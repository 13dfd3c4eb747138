/* SPDX-License-Identifier: Apache-2.0 */
#include "afterboot.h"

static void begin(void)
{
	setup = (struct postboot_setup){ .disk_time = 5 * PLAT_SECOND };
	afterboot_begin(0x2711);
	facts.place = "rack 1";
}

static void interrupt(void)
{
	plat_lock(a.monitor);
	interrupted = true;
	plat_broadcast(a.monitor);
	plat_unlock(a.monitor);
}

/* --- disks */

static void two_disks(void *arg)
{
	(void)arg;
	plat_pause(250 * PLAT_MS);
	fake_device("1-1.3", 0x0a5c, 0x0104, 9, 1, "10000000b29d2da0");
	fake_disk("1-1.3", "sdb", "61071360", "mmcblk0");
	fake_disk("1-1.3", "sdc", "0", "spare");
	plat_pause(500 * PLAT_MS);
	fake_disk("1-1.3", "sdd", "8", "nvme0n1");
}

static void waits_until_all_disks_are_there(void)
{
	begin();
	struct plat_thread *t = plat_thread_start(two_disks, NULL);
	CHECK_INT(postboot_disks(&a), OK);
	plat_thread_join(t);
	CHECK_INT(a.disk_count, 2);
	CHECK_INT(w.count, 3);
	CHECK_INT(w.kind[0], EV_DISK_WAIT);
	CHECK_INT(w.kind[1], EV_DISK);
	CHECK_STR(w.name[1], "/dev/sdb");
	CHECK_STR(w.text[1], "mmcblk0");
	CHECK_STR(w.where[1], "10000000b29d2da0");
	CHECK(w.size[1] == UINT64_C(31268536320));
	CHECK_STR(w.name[2], "/dev/sdd");
	end();
}

static void disks_of_a_board_that_was_booted_before(void)
{
	begin();
	a.booted = false;
	fake_device("1-1.3", 0x0a5c, 0x0104, 9, 1, "10000000b29d2da0");
	fake_disk("1-1.3", "sdb", "61071360", "mmcblk0");
	CHECK_INT(postboot_disks(&a), OK);
	CHECK_INT(a.disk_count, 1);
	CHECK_INT(w.kind[1], EV_DISK);
	end();
}

static void tells_when_no_disk_comes(void)
{
	begin();
	setup.disk_time = 300 * PLAT_MS;
	fake_device("1-1.3", 0x0a5c, 0x2764, 9, 0, NULL); /* its ROM has a storage interface */
	fake_disk("1-1.3", "sdb", "8", "useless");
	CHECK_INT(postboot_disks(&a), ERR_NO_DISK);
	CHECK_INT(w.count, 3);
	CHECK_INT(w.err[1], ERR_NO_DISK);
	CHECK_INT(w.kind[2], EV_DIAGNOSIS);
	CHECK_STR(w.name[2], "no-disk");
	CHECK_STR(w.where[2], "1-1.3: now there is 0a5c:2764, boot ROM");
	end();
}

static void interrupt_soon(void *arg)
{
	(void)arg;
	plat_pause(200 * PLAT_MS);
	interrupt();
}

static void disk_wait_can_be_interrupted(void)
{
	begin();
	setup.disk_time = 1000 * PLAT_SECOND;
	struct plat_thread *t = plat_thread_start(interrupt_soon, NULL);
	CHECK_INT(postboot_disks(&a), ERR_INTERRUPTED);
	plat_thread_join(t);
	end();
}

static void does_not_wait_when_not_asked(void)
{
	begin();
	setup.disk_time = 0;
	CHECK_INT(postboot_disks(&a), OK);
	CHECK_INT(w.count, 0);
	end();
}

/* --- the program */

static const struct postboot_result good = {
	.err = OK,
	.files = 13,
	.bytes = 96900,
	.duration = 1230 * PLAT_MS,
	.metadata = "meta/x.json",
	.disk = "/dev/sda",
	.flash = "verified",
};

static char output[4096];

/* Makes an executable script of TEXT, with OUT for the file whose text output becomes. */
static enum err run(const char *text, const struct postboot_result *result)
{
	static char script[600], out[600];
	snprintf(script, sizeof script, "%s/script", fake_root);
	snprintf(out, sizeof out, "%s/out", fake_root);
	FILE *f = fopen(script, "w");
	if (!f || fprintf(f, "#!/bin/sh\nOUT='%s'\n%s\n", out, text) < 0 || fclose(f) != 0 ||
	    chmod(script, 0755) != 0)
		abort();
	setup.program = script;
	enum err err = postboot_exec(&a, result);
	f = fopen(out, "r");
	size_t n = f ? fread(output, 1, sizeof output - 1, f) : 0;
	output[n] = 0;
	if (f)
		fclose(f);
	return err;
}

static void program_gets_the_facts(void)
{
	begin();
	memcpy(facts.serial, "10000000b29d2da0", 17);
	a.disk_count = 2;
	memcpy(a.disks[0].node, "/dev/sdb", 9);
	memcpy(a.disks[1].node, "/dev/sdc", 9);
	setenv("RPIBOOT_PATH", "stale", 1);
	CHECK_INT(run("env | grep ^RPIBOOT_ | sort >\"$OUT\"", &good), OK);
	CHECK_STR(output, "RPIBOOT_BYTES=96900\nRPIBOOT_CHIP=BCM2711\n"
	                  "RPIBOOT_DISK=/dev/sda\nRPIBOOT_DISKS=/dev/sdb /dev/sdc\n"
	                  "RPIBOOT_FILES=13\nRPIBOOT_FLASH=verified\n"
	                  "RPIBOOT_METADATA=meta/x.json\nRPIBOOT_PATH=1-1.3\nRPIBOOT_PLACE=rack 1\n"
	                  "RPIBOOT_RESULT=ok\n"
	                  "RPIBOOT_SECONDS=1.23\nRPIBOOT_SERIAL=10000000b29d2da0\n"
	                  "RPIBOOT_STATUS=0\n");
	CHECK_INT(w.count, 2);
	CHECK_INT(w.kind[0], EV_EXEC);
	CHECK_INT(w.kind[1], EV_EXEC_END);
	CHECK_INT(w.err[1], OK);
	end();
}

static void serial_is_made_printable(void)
{
	begin();
	snprintf(facts.serial, sizeof facts.serial, "%s", "a\n$(touch x)`b`\x1b[2J;'\"");
	CHECK_INT(run("printf %s \"$RPIBOOT_SERIAL\" >\"$OUT\"", &good), OK);
	CHECK_STR(output, "a\\x0a$(touch x)`b`\\x1b[2J;'\"");
	end();
}

static void failed_boards_are_told_too(void)
{
	struct postboot_result bad = { .err = ERR_BOARD_LOST };
	begin();
	CHECK_INT(run("echo \"$RPIBOOT_RESULT $RPIBOOT_STATUS\" >\"$OUT\"", &bad), OK);
	CHECK_STR(output, "board-lost 3\n");
	end();
}

static void program_has_clean_signals_and_input(void)
{
	begin();
	CHECK_INT(run("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -s '\\t\\n' '  ' >\"$OUT\"\n"
	              "readlink /proc/self/fd/0 >>\"$OUT\"",
	              &good),
	          OK);
	if (*output && strstr(output, "SigBlk"))
		CHECK(strstr(output, "SigBlk: 0000000000000000"));
	CHECK(strstr(output, "/dev/null"));
	end();
}

static void failure_is_told(void)
{
	begin();
	CHECK_INT(run("exit 3", &good), ERR_EXEC);
	CHECK_INT(w.count, 3);
	CHECK_INT(w.kind[2], EV_ERROR);
	CHECK(strstr(w.text[2], "exit status 3"));
	CHECK_INT(run("kill -9 $$", &good), ERR_EXEC);
	CHECK(strstr(w.text[5], "exit status 137"));
	setup.program = "/nonexistent/program";
	CHECK_INT(postboot_exec(&a, &good), ERR_EXEC);
	if (!getenv("TEST_RUNNER")) /* qemu forks for vfork: posix_spawn cannot tell there */
		CHECK_STR(w.text[7], "/nonexistent/program: No such file or directory");
	setup.program = NULL;
	CHECK_INT(postboot_exec(&a, &good), OK);
	end();
}

static void program_is_ended_at_an_interrupt(void)
{
	begin();
	struct plat_thread *t = plat_thread_start(interrupt_soon, NULL);
	CHECK_INT(
		run("trap 'echo ended >\"$OUT\"; exit 0' TERM; while :; do sleep 0.1; done", &good),
		ERR_INTERRUPTED);
	plat_thread_join(t);
	CHECK_STR(output, "ended\n");
	CHECK_INT(run("echo ran >\"$OUT\"", &good), ERR_INTERRUPTED); /* not begun any more */
	CHECK_STR(output, "ended\n");
	end();
}

static void program_that_stays_is_killed(void)
{
	begin();
	struct plat_thread *t = plat_thread_start(interrupt_soon, NULL);
	CHECK_INT(run("trap '' TERM; while :; do sleep 1; done", &good), ERR_INTERRUPTED);
	plat_thread_join(t);
	CHECK_INT(w.kind[1], EV_EXEC_END);
	end();
}

int main(void)
{
	RUN(waits_until_all_disks_are_there);
	RUN(disks_of_a_board_that_was_booted_before);
	RUN(tells_when_no_disk_comes);
	RUN(disk_wait_can_be_interrupted);
	RUN(does_not_wait_when_not_asked);
	RUN(program_gets_the_facts);
	RUN(serial_is_made_printable);
	RUN(failed_boards_are_told_too);
	RUN(program_has_clean_signals_and_input);
	RUN(failure_is_told);
	RUN(program_is_ended_at_an_interrupt);
	RUN(program_that_stays_is_killed);
	return tap_end();
}
