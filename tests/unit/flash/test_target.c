/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/target.h"
#include "tap.h"

/* Names as Linux gives them: Documentation/admin-guide/devices.txt, mmc and nvme drivers. */
static void kinds(void)
{
	static const struct {
		const char *name;
		enum target_kind kind;
	} cases[] = {
		{ "mmcblk0", TARGET_MMC },       { "mmcblk12", TARGET_MMC },
		{ "mmcblk0boot0", TARGET_BOOT }, { "mmcblk0boot1", TARGET_BOOT },
		{ "mmcblk0p1", TARGET_UNKNOWN }, { "mmcblk0rpmb", TARGET_UNKNOWN },
		{ "mmcblk", TARGET_UNKNOWN },    { "mmcblk0boot", TARGET_UNKNOWN },
		{ "nvme0n1", TARGET_NVME },      { "nvme10n2", TARGET_NVME },
		{ "nvme0", TARGET_UNKNOWN },     { "nvme0n1p1", TARGET_UNKNOWN },
		{ "sda", TARGET_USB },           { "sdaa", TARGET_USB },
		{ "sd", TARGET_UNKNOWN },        { "sda1", TARGET_UNKNOWN },
		{ "spare", TARGET_UNKNOWN },     { "", TARGET_UNKNOWN },
		{ "HARDDISK", TARGET_UNKNOWN },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (target_kind(cases[i].name) != cases[i].kind)
			TAP_FAIL("kind of \"%s\"", cases[i].name);
}

/* The inquiry string of f_mass_storage fills the vendor's 8 characters, then the model's 16. */
static void names(void)
{
	char name[TARGET_NAME];
	target_name("mmcblk0", "", name);
	CHECK_STR(name, "mmcblk0");
	target_name("mmcblk0b", "oot1", name);
	CHECK_STR(name, "mmcblk0boot1");
	target_name("Linux", "mmcblk0", name);
	CHECK_STR(name, "mmcblk0");
	target_name("RPi-MSD-", "0001", name); /* the legacy msd firmware */
	CHECK_STR(name, "");
	target_name("QEMU", "QEMU HARDDISK", name);
	CHECK_STR(name, "");
	target_name("", "nvme0n1", name);
	CHECK_STR(name, "nvme0n1");
}

static void words(void)
{
	static const char *const good[] = {
		"emmc", "sd", "nvme", "usb", "mmcblk0", "nvme0n1", "sdb"
	};
	static const char *const bad[] = { "", "eMMC", "/dev/sda", "mmcblk0p1", "disk", "sda1" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!target_is_word(good[i]))
			TAP_FAIL("\"%s\" is not taken", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (target_is_word(bad[i]))
			TAP_FAIL("\"%s\" is taken", bad[i]);
}

/* --- the choice */

static const struct target_disk emmc = { "mmcblk0", "/dev/sda", 1000, NULL };
static const struct target_disk boot = { "mmcblk0boot0", "/dev/sdb", 10, NULL };
static const struct target_disk nvme = { "nvme0n1", "/dev/sdc", 2000, NULL };
static const struct target_disk usb = { "sda", "/dev/sdd", 3000, NULL };
static const struct target_disk empty = { "", "/dev/sde", 0, NULL };
static const struct target_disk unnamed = { "", "/dev/sdf", 4000, NULL };
/* of a board that knows what they are */
static const struct target_disk known_emmc = { "mmcblk0", "/dev/sdg", 1000, "emmc" };
static const struct target_disk known_sd = { "mmcblk1", "/dev/sdh", 1000, "sd" };

/* Returns the chosen disk's node, or the error's code. */
static const char *chosen(const char *which, unsigned count, const struct target_disk *const list[])
{
	struct target_disk disks[8];
	size_t index = 99;
	for (unsigned i = 0; i < count; i++)
		disks[i] = *list[i];
	enum err err = target_choose(disks, count, which, &index);
	if (err)
		return err_code(err);
	return index < count ? disks[index].node : "no such index";
}

#define CHOSEN(which, ...)                                             \
	chosen((which),                                                \
	       sizeof((const struct target_disk *[]){ __VA_ARGS__ }) / \
	               sizeof(const struct target_disk *),             \
	       (const struct target_disk *[]){ __VA_ARGS__ })

static void the_only_disk(void)
{
	CHECK_STR(CHOSEN(NULL, &emmc), "/dev/sda");
	CHECK_STR(CHOSEN(NULL, &empty, &nvme), "/dev/sdc");
	CHECK_STR(CHOSEN(NULL, &unnamed, &empty), "/dev/sdf");
	CHECK_STR(CHOSEN(NULL, &empty), "disk-none-such");
	CHECK_STR(CHOSEN(NULL, &emmc, &nvme), "disk-ambiguous");
	CHECK_STR(CHOSEN(NULL, &emmc, &boot), "disk-ambiguous");
}

static void by_kind(void)
{
	CHECK_STR(CHOSEN("emmc", &boot, &emmc, &nvme), "/dev/sda");
	CHECK_STR(CHOSEN("sd", &emmc, &nvme, &usb), "/dev/sda");
	CHECK_STR(CHOSEN("nvme", &emmc, &nvme, &usb), "/dev/sdc");
	CHECK_STR(CHOSEN("usb", &emmc, &nvme, &usb), "/dev/sdd");
	CHECK_STR(CHOSEN("nvme", &emmc, &usb), "disk-none-such");
	CHECK_STR(CHOSEN("nvme", &unnamed), "disk-none-such");
	CHECK_STR(CHOSEN("emmc", &unnamed), "/dev/sdf");
	CHECK_STR(CHOSEN("usb", &usb, &usb), "disk-ambiguous");
	CHECK_STR(CHOSEN("emmc", &known_sd, &known_emmc), "/dev/sdg");
	CHECK_STR(CHOSEN("sd", &known_emmc, &known_sd), "/dev/sdh");
	CHECK_STR(CHOSEN("sd", &known_emmc), "disk-none-such");
}

static void by_name(void)
{
	CHECK_STR(CHOSEN("mmcblk0boot0", &emmc, &boot), "/dev/sdb");
	CHECK_STR(CHOSEN("mmcblk0", &emmc, &boot), "/dev/sda");
	CHECK_STR(CHOSEN("mmcblk1", &emmc, &boot), "disk-none-such");
	CHECK_STR(CHOSEN("sda", &emmc, &usb), "/dev/sdd"); /* the board's name, not the host's */
}

static void lists(void)
{
	char text[200], small[20];
	const struct target_disk disks[] = { emmc, empty, unnamed };
	target_list(disks, 3, text, sizeof text);
	CHECK_STR(text, "mmcblk0 (/dev/sda, 1000 bytes), unnamed disk (/dev/sdf, 4000 bytes)");
	target_list(disks, 3, small, sizeof small);
	CHECK_STR(small, "mmcblk0 (/dev/sda, ");
	target_list(disks, 0, text, sizeof text);
	CHECK_STR(text, "");
}

int main(void)
{
	RUN(kinds);
	RUN(names);
	RUN(words);
	RUN(the_only_disk);
	RUN(by_kind);
	RUN(by_name);
	RUN(lists);
	return tap_end();
}
