/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/bootfiles.h"
#include "bootdir/embedded.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>

/* In place of the table that the build writes. */
const struct embedded_file embedded_files[] = {
	{ "bootcode.bin", (const uint8_t *)"inner b", 7 },
	{ "bootcode4.bin", (const uint8_t *)"inner b4", 8 },
	{ "start.elf", (const uint8_t *)"inner s", 7 },
	{ NULL, NULL, 0 },
};

static const char *const roots[] = { "root", NULL };
static struct bootfiles files;
static struct bootfile file;

/* What a board with CHIP gets for NAME from DIRECTORY. */
static const char *served(const char *directory, const char *chip, const char *name)
{
	static char got[64];
	struct bootfiles_places places = { directory, false, roots };
	memset(got, 0, sizeof got);
	CHECK_INT(bootfiles_open(&files, &places, chip_by_name(chip), NULL), OK);
	enum lookup_result answer = bootfiles_find(&files, name, &file);
	if (answer == BOOTFILE_FOUND)
		CHECK_INT(bootfile_read(&file, 0, got, file.size), OK);
	bootfile_close(&file);
	bootfiles_close(&files);
	return answer == BOOTFILE_FOUND ? got : "absent";
}

static void sh(const char *command)
{
	if (system(command) != 0)
		TAP_FAIL("%s", command);
}

static void for_their_chips(void)
{
	static const struct {
		const char *chip, *name, *want;
	} cases[] = {
		{ "2835", "bootcode.bin", "inner b" }, { "2835", "start.elf", "inner s" },
		{ "2837", "bootcode.bin", "inner b" }, { "2711", "bootcode4.bin", "inner b4" },
		{ "2711", "start4.elf", "inner s" },   { "2711", "bootcode.bin", "absent" },
		{ "2711", "start.elf", "absent" },     { "2835", "start4.elf", "absent" },
		{ "2837", "bootcode4.bin", "absent" }, { "2712", "bootcode5.bin", "absent" },
		{ "2712", "bootcode.bin", "absent" },  { "2712", "start.elf", "absent" },
		{ "2835", "config.txt", "absent" },    { "2835", "./start.elf", "absent" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_STR(served(NULL, cases[i].chip, cases[i].name), cases[i].want);
}

static void last_of_all(void)
{
	sh("mkdir -p d root/msd; printf folder >d/bootcode.bin; printf installed >root/msd/start.elf");
	CHECK_STR(served("d", "2835", "bootcode.bin"), "folder");
	CHECK_STR(served("d", "2835", "start.elf"), "installed");
	CHECK_STR(served("d", "2711", "start4.elf"), "installed");
	CHECK_STR(served("d", "2711", "bootcode4.bin"), "inner b4");
	sh("rm -r d root; mkdir d");
	CHECK_STR(served("d", "2835", "bootcode.bin"), "inner b");
}

static void bounds(void)
{
	struct bootfiles_places places = { NULL, false, roots };
	char got[64];
	CHECK_INT(bootfiles_open(&files, &places, chip_by_name("2835"), NULL), OK);
	CHECK_INT(bootfiles_find(&files, "start.elf", &file), BOOTFILE_FOUND);
	CHECK_INT(file.source, SOURCE_EMBEDDED);
	CHECK_INT(file.size, 7);
	CHECK_INT(bootfile_read(&file, 6, got, 1), OK);
	CHECK_INT(got[0], 's');
	CHECK_INT(bootfile_read(&file, 7, got, 0), OK);
	CHECK_INT(bootfile_read(&file, 6, got, 2), ERR_FILE_CHANGED);
	CHECK_INT(bootfile_read(&file, 8, got, 0), ERR_FILE_CHANGED);
	CHECK_INT(bootfile_read(&file, UINT64_MAX, got, 2), ERR_FILE_CHANGED);
	bootfile_close(&file);
	bootfiles_close(&files);
}

int main(void)
{
	tap_enter_scratch();
	RUN(for_their_chips);
	RUN(last_of_all);
	RUN(bounds);
	return tap_end();
}
