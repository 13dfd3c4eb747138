/* SPDX-License-Identifier: Apache-2.0 */
/* Which endings of a session are a success, and which are none: docs/protocol.md, "The end". */
#include "simrun.h"
#include "vfolder.h"

#include "platform/plat.h"
#include "tap.h"

#include <stdlib.h>

static struct simrun run;
static enum stage awaited; /* --wait-for */

/* The boot directory KIND of its own, with CONFIG as its config.txt and without the file REMOVED ("" for none). */
static const char *directory(const char *kind, const char *config, const char *removed)
{
	static char path[600];
	static unsigned count;
	char command[2000];
	snprintf(path, sizeof path, "%s-%u", simrun_directory(kind), count++);
	snprintf(command, sizeof command,
	         "cp -r '%s' '%s' && printf '%s\\n' >>'%s/config.txt' && rm -f '%s/%s'",
	         simrun_directory(kind), path, config, path, path, *removed ? removed : "-");
	if (system(command) != 0) {
		fprintf(stderr, "%s\n", command);
		exit(1);
	}
	return path;
}

/* A board with LINES is served from DIRECTORY. */
static void go(const char *from, const char *lines, int status)
{
	char error[VDESC_ERROR_SIZE], one[300];
	simrun_free(&run);
	simrun_init(&run, from);
	run.setup.after.stage = awaited;
	run.setup.after.stage_time = 40 * PLAT_SECOND;
	struct vdesc *desc = &run.descs[run.count++];
	vdesc_init(desc);
	for (const char *at = lines; *at;) {
		size_t n = strcspn(at, ";");
		snprintf(one, sizeof one, "%.*s", (int)n, at);
		if (vdesc_line(desc, one, "test_endings", 1, error) != 0)
			TAP_FAIL("%s", error);
		at += n + (at[n] == ';');
	}
	if (vfolder_resolve(desc, from, false, error) != 0)
		TAP_FAIL("%s", error);
	simrun_go(&run);
	SIMRUN_CHECK(&run, status);
	if (tap_failed)
		printf("# %s\n", lines);
}

static bool says(const char *text)
{
	return strstr(run.err, text) != NULL;
}

#define CM4 "chip 2711;serial 10000000b29d2da0;"

static void leaving_right_after_a_file(void)
{
	const char *gadget = directory("gadget", "", "");
	go(gadget, CM4 "get config.txt;get boot.img;leave", 0);
	go(gadget, CM4 "get boot.sig;get config.txt;metadata A B;get boot.img;leave", 0);
}

static void leaving_with_something_still_to_come(void)
{
	const char *gadget = directory("gadget", "", "");
	go(gadget, CM4 "get config.txt;size bootmain;leave", 3);
	go(gadget, CM4 "size boot.img;get config.txt;leave", 3);
	CHECK(says("before boot.img was sent"));
	go(gadget, CM4 "get boot.img;size boot.sig;leave", 3);
	go(gadget, CM4 "metadata A B;leave", 3);
	go(directory("msd", "", ""), CM4 "size start4.elf;get config.txt;leave", 3);
}

static void leaving_without_its_boot_image(void)
{
	go(directory("gadget", "", "boot.img"), CM4 "get config.txt;get boot.img;leave", 1);
	CHECK(says("boot.img"));
	go(directory("gadget", "", "boot.img"),
	   CM4 "get boot.img;get config.txt;get bootmain;leave", 1);
	go(directory("msd", "", "start4.elf"), CM4 "get start4.elf;get bootcode4.bin;leave", 1);
	/* with Done it had all that it wanted */
	go(directory("gadget", "", ""), CM4 "get recover4.elf;get config.txt;done", 0);
}

#define REFUSED CM4 "get config.txt;size pieeprom.bin;get pieeprom.sig;"

static void recovery_that_does_not_read_the_image(void)
{
	const char *recovery = directory("recovery", "", "");
	static const char *const endings[] = { REFUSED "done", REFUSED "leave",
		                               REFUSED "metadata MAC_ADDR x;done",
		                               CM4 "get config.txt;get pieeprom.upd;done" };
	for (size_t i = 0; i < 4; i++) {
		go(recovery, endings[i], 2);
		CHECK(says("nothing was written"));
		CHECK(says("pieeprom.sig"));
	}
	go(recovery, CM4 "get config.txt;metadata EEPROM_ERASE success;done", 0);
	go(directory("recovery", "erase_eeprom=1", ""), CM4 "get config.txt;done", 0);
}

#define WRITTEN CM4 "get config.txt;get pieeprom.sig;get pieeprom.bin;"

static void recovery_that_ends_without_a_word(void)
{
	const char *recovery = directory("recovery", "", "");
	go(recovery, WRITTEN "done", 0);
	go(recovery, WRITTEN "metadata EEPROM_UPDATE success;leave", 0);
	go(recovery, WRITTEN "leave", 3);
	CHECK(!says("ower-cycle"));
	go(recovery, WRITTEN "metadata EEPROM_UPDATE fail;done", 2);
}

static void recovery_that_reboots_without_a_word(void)
{
	go(directory("recovery", "recovery_reboot=1", ""), WRITTEN "leave;reboot", 0);
	CHECK_INT(run.boards[0].stats.second_stages, 1);
	go(directory("recovery", "recovery_reboot=1", ""), WRITTEN "leave;reboot;back-after 50000",
	   0);
	go(directory("recovery", "recovery_reboot=1", ""), WRITTEN "leave", 3);
	go(directory("recovery", "recovery_reboot=0", ""), WRITTEN "leave;reboot", 3);
	go(directory("recovery", "recovery_reboot=1", ""), REFUSED "leave;reboot", 2);
}

static void what_the_board_becomes(void)
{
	const char *gadget = directory("gadget", "", "");
	awaited = STAGE_BOOT_ROM;
	go(gadget, CM4 "get config.txt;get boot.img;done;reboot;back-after 9000", 0);
	CHECK(run.time > 18 * PLAT_SECOND && run.time < 22 * PLAT_SECOND); /* twice away */
	CHECK_INT(run.boards[0].stats.second_stages, 1);
	go(gadget, CM4 "get config.txt;get boot.img;done", 6);
	CHECK(run.time > 40 * PLAT_SECOND && run.time < 45 * PLAT_SECOND);
	CHECK(says("no boot ROM within 40 seconds"));
	awaited = STAGE_FASTBOOT;
	go(gadget, CM4 "get config.txt;get boot.img;done;reboot;back-after 9000", 6);
	CHECK(run.time > 18 * PLAT_SECOND && run.time < 22 * PLAT_SECOND); /* twice away */
	CHECK(says("back in USB boot mode"));
	CHECK_INT(run.boards[0].stats.second_stages, 1);
	awaited = STAGE_BOOT_ROM;
	go(directory("recovery", "recovery_reboot=1", ""), WRITTEN "leave;reboot", 0);
	awaited = STAGE_NONE;
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define HASH  "8251a63a2edee9d8f710d63e9da5d639064929ce15a2238986a189ac6fcd3cee"

static void a_lock_that_was_asked_for(void)
{
	const char *locking = directory("recovery", "program_pubkey=1", "");
	go(locking,
	   WRITTEN "metadata EEPROM_UPDATE success;metadata CUSTOMER_KEY_HASH " ZEROS ";done", 2);
	CHECK(says("not locked"));
	go(locking,
	   WRITTEN "metadata EEPROM_UPDATE success;metadata CUSTOMER_KEY_HASH " HASH ";done", 0);
	CHECK(!says("lock"));
	go(locking, WRITTEN "metadata SECURE_BOOT_PROVISION success;done", 0);
	CHECK(!says("did not confirm"));
	go(locking, WRITTEN "metadata EEPROM_UPDATE success;leave", 0);
	CHECK(says("did not confirm"));
	go(locking, WRITTEN "done", 0);
	CHECK(says("did not confirm"));
	go(directory("recovery", "program_pubkey=0", ""),
	   WRITTEN "metadata CUSTOMER_KEY_HASH " ZEROS ";done", 0);
	CHECK(!says("lock"));
	go(directory("recovery", "[pi5]\\nprogram_pubkey=1", ""), WRITTEN "done", 0);
	CHECK(!says("lock"));
}

/* Served without its boot ROM; the judge in simrun.c checks that "attached" comes before the error and the result. */
static void a_file_server_that_was_running_fails(void)
{
	const char *gadget = directory("gadget", "", "");
	go(gadget, CM4 "skips-rom;garbage;garbage;garbage;garbage", 2);
	CHECK(says("times in a row"));
	go(gadget, CM4 "skips-rom;get config.txt;fault disconnect at data", 3);
	go(gadget, CM4 "skips-rom;get config.txt;fault nak at request", 3);
	CHECK(says("no request for 60 seconds"));
	go(gadget, CM4 "skips-rom;open-refused-for 60000", 255);
}

int main(void)
{
	sim_begin();
	RUN(leaving_right_after_a_file);
	RUN(leaving_with_something_still_to_come);
	RUN(leaving_without_its_boot_image);
	RUN(recovery_that_does_not_read_the_image);
	RUN(recovery_that_ends_without_a_word);
	RUN(recovery_that_reboots_without_a_word);
	RUN(what_the_board_becomes);
	RUN(a_lock_that_was_asked_for);
	RUN(a_file_server_that_was_running_fails);
	simrun_free(&run);
	return tap_end();
}
