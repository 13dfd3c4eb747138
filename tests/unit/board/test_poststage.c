/* SPDX-License-Identifier: Apache-2.0 */
/* --wait-for on a machine of files: when the wait ends, and what is reported. */
#include "afterboot.h"
#include "board/poststage.h"

static void begin(enum stage stage)
{
	setup = (struct postboot_setup){ .stage = stage, .stage_time = 1000 * PLAT_SECOND };
	afterboot_begin(0x2712);
}

static void fastboot(const char *path)
{
	char interface[32];
	snprintf(interface, sizeof interface, "%s:1.0", path);
	fake_device(path, 0x18d1, 0x4e40, 9, 3, "8a1b2c3d4e5f6071");
	fake_attribute(interface, "interface", "fastbootd-provisioner\n");
}

static void fastboot_later(void *arg)
{
	(void)arg;
	plat_pause(250 * PLAT_MS);
	fastboot("1-1.3");
}

static void fastboot_is_waited_for(void)
{
	begin(STAGE_FASTBOOT);
	fastboot("1-1.4"); /* another board's */
	struct plat_thread *t = plat_thread_start(fastboot_later, NULL);
	CHECK_INT(poststage_await(&a), OK);
	plat_thread_join(t);
	CHECK_INT(w.count, 2);
	CHECK_INT(w.kind[0], EV_STAGE_WAIT);
	CHECK_STR(w.name[0], "fastboot");
	CHECK_INT(w.kind[1], EV_STAGE_REACHED);
	CHECK_STR(w.name[1], "fastboot");
	CHECK_STR(w.where[1], "8a1b2c3d4e5f6071");
	CHECK_INT(w.code[1], 0);
	end();
}

static void fastboot_that_is_there_already(void)
{
	begin(STAGE_FASTBOOT);
	a.booted = false;
	fastboot("1-1.3");
	CHECK_INT(poststage_await(&a), OK);
	CHECK_INT(w.count, 2);
	CHECK_INT(w.code[1], 1);
	end();
}

static void other_gadgets_with_the_same_ids_do_not_count(void)
{
	begin(STAGE_FASTBOOT);
	setup.stage_time = 300 * PLAT_MS;
	fake_device("1-1.3", 0x18d1, 0x4e40, 9, 3, "phone");
	fake_attribute("1-1.3:1.0", "interface", "fastboot\n");
	CHECK_INT(poststage_await(&a), ERR_NO_STAGE);
	CHECK_INT(w.count, 2);
	CHECK_INT(w.kind[1], EV_ERROR);
	CHECK_INT(w.err[1], ERR_NO_STAGE);
	CHECK(strstr(w.text[1], "there is 18d1:4e40, unknown"));
	end();
}

static void an_empty_port_is_said(void)
{
	begin(STAGE_FASTBOOT);
	setup.stage_time = 300 * PLAT_MS;
	CHECK_INT(poststage_await(&a), ERR_NO_STAGE);
	CHECK(strstr(w.text[1], "no fastboot gadget within 0 seconds"));
	CHECK(strstr(w.text[1], "there is nothing"));
	end();
}

static void set_soon(void *flag)
{
	plat_pause(200 * PLAT_MS);
	plat_lock(a.monitor);
	*(bool *)flag = true;
	plat_broadcast(a.monitor);
	plat_unlock(a.monitor);
}

/* Waits with a limit of 1000 s until FLAG, which another thread sets. */
static enum err await_with(bool *flag)
{
	struct plat_thread *t = plat_thread_start(set_soon, flag);
	enum err err = poststage_await(&a);
	plat_thread_join(t);
	return err;
}

static void back_in_the_rom_ends_the_wait_for_fastboot(void)
{
	begin(STAGE_FASTBOOT);
	CHECK_INT(await_with(&restarted), ERR_NO_STAGE);
	CHECK_INT(w.count, 3);
	CHECK(strstr(w.text[1], "back in USB boot mode"));
	CHECK_INT(w.kind[2], EV_DIAGNOSIS);
	CHECK_STR(w.name[2], "started-over");
	end();
}

static void back_in_the_rom_is_waited_for(void)
{
	begin(STAGE_BOOT_ROM);
	CHECK_INT(await_with(&restarted), OK);
	CHECK_INT(w.count, 2);
	CHECK_STR(w.name[1], "rom");
	end();
}

static void an_interrupt_ends_it(void)
{
	begin(STAGE_BOOT_ROM);
	CHECK_INT(await_with(&interrupted), ERR_INTERRUPTED);
	CHECK_INT(w.count, 1);
	end();
}

static void nothing_without_a_stage(void)
{
	begin(STAGE_NONE);
	CHECK_INT(poststage_await(&a), OK);
	CHECK_INT(w.count, 0);
	end();
}

int main(void)
{
	RUN(fastboot_is_waited_for);
	RUN(fastboot_that_is_there_already);
	RUN(other_gadgets_with_the_same_ids_do_not_count);
	RUN(an_empty_port_is_said);
	RUN(back_in_the_rom_ends_the_wait_for_fastboot);
	RUN(back_in_the_rom_is_waited_for);
	RUN(an_interrupt_ends_it);
	RUN(nothing_without_a_stage);
	return tap_end();
}
