/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/bootfiles.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const roots[] = { "root1", "root2", NULL };
static struct bootfiles files;
static struct bootfile file;
static char got[64];

static void sh(const char *command)
{
	if (system(command) != 0)
		TAP_FAIL("%s", command);
}

static enum err open_for(const char *directory, bool overlay, const char *chip, const char *path)
{
	static struct bootfiles_places places;
	bootfiles_close(&files);
	places = (struct bootfiles_places){ directory, overlay, roots };
	return bootfiles_open(&files, &places, chip_by_name(chip), path);
}

/* What is served for NAME: its content; or "absent", "denied", "failed". */
static const char *served(const char *name)
{
	enum lookup_result answer = bootfiles_find(&files, name, &file);
	if (answer == BOOTFILE_DENIED)
		return "denied";
	memset(got, 0, sizeof got);
	if (answer == BOOTFILE_FOUND && bootfile_read(&file, 0, got, file.size) != OK)
		answer = BOOTFILE_FAILED;
	bootfile_close(&file);
	return answer == BOOTFILE_ABSENT ? "absent" : answer == BOOTFILE_FAILED ? "failed" : got;
}

static void order(void)
{
	sh("mkdir -p d/1-1.2/2711 d/2711 a/2711 root1 root2/msd;"
	   "for f in x bootcode4.bin; do printf archive >a/2711/$f; done; printf archive "
	   ">a/2711/only;"
	   "(cd a && tar cf ../d/bootfiles.bin 2711);"
	   "for f in x bootcode4.bin; do printf top >d/$f; printf chip >d/2711/$f; printf path "
	   ">d/1-1.2/$f; done");
	CHECK_INT(open_for("d", true, "2711", "1-1.2"), OK);
	CHECK_STR(served("x"), "path");
	CHECK_STR(served("bootcode4.bin"), "chip");
	CHECK_INT(open_for("d", false, "2711", "1-1.2"), OK);
	CHECK_STR(served("x"), "chip");
	sh("rm d/2711/x d/2711/bootcode4.bin");
	CHECK_STR(served("x"), "archive");
	CHECK_STR(served("only"), "archive");
	CHECK_STR(served("ONLY"), "archive"); /* the archive does not mind case */
	CHECK_STR(served("X"), "archive");
	CHECK_INT(open_for("d", true, "2711", "1-1.2"), OK);
	CHECK_STR(served("bootcode4.bin"), "archive"); /* never from the overlay */
	CHECK_INT(open_for("d", false, "2712", "1-1.2"), OK);
	CHECK_STR(served("x"), "top");
	CHECK_STR(served("only"), "absent");
	CHECK_STR(served("1-1.2/x"), "path"); /* an ordinary directory */
}

static void chips_archive_before_the_common_one(void)
{
	sh("mkdir -p e/2711 b/2711; printf chips >b/2711/y; (cd b && tar cf "
	   "../e/2711/bootfiles.bin 2711);"
	   "printf common >b/2711/y; (cd b && tar cf ../e/bootfiles.bin 2711)");
	CHECK_INT(open_for("e", false, "2711", ""), OK);
	CHECK_STR(served("y"), "chips");
}

static void containment(void)
{
	sh("printf secret >secret; mkdir -p d/sub; printf s >d/sub/s; printf dots >d/a..b; printf "
	   "dots >d/..c; ln -sf ../secret d/link");
	CHECK_INT(open_for("d", true, "2711", "1-1.2"), OK);
	static const char *const outside[] = { "../secret", "/../secret", "sub/../../secret",
		                               "..",        "sub/..",     "a/b/../c" };
	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		CHECK_STR(served(outside[i]), "denied");
	CHECK_STR(served("/etc/passwd"),
	          "absent"); /* below the directory, as upstream rpiboot has it */
	CHECK_STR(served("sub/s"), "s");
	CHECK_STR(served("//sub/s"), "s");
	CHECK_STR(served("a..b"), "dots");
	CHECK_STR(served("..c"), "dots");
	CHECK_STR(served("link"), "secret"); /* the operator's */
}

static void odd_files(void)
{
	sh("mkdir -p d/folder; mkfifo d/fifo; truncate -s 2147483647 d/large; truncate -s "
	   "2147483648 d/toolarge; :>d/empty");
	CHECK_INT(open_for("d", false, "2711", ""), OK);
	CHECK_INT(bootfiles_find(&files, "folder", &file), BOOTFILE_ABSENT);
	CHECK_STR(file.skipped, "d/folder");
	bootfile_close(&file);
	CHECK_STR(served("fifo"), "absent");
	CHECK_STR(served("empty"), "");
	CHECK_STR(served("x/y"), "absent");
	CHECK_INT(bootfiles_find(&files, "large", &file), BOOTFILE_FOUND);
	CHECK_INT(file.size, 2147483647);
	bootfile_close(&file);
	CHECK_INT(bootfiles_find(&files, "toolarge", &file), BOOTFILE_FAILED);
	CHECK_INT(file.err, ERR_FILE_TOO_LARGE);
	bootfile_close(&file);
	char name[400];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	CHECK_STR(served(name), "failed"); /* ENAMETOOLONG: not a silent cut */
}

static void shrinking(void)
{
	sh("printf 12345678 >d/shrinks");
	CHECK_INT(open_for("d", false, "2711", ""), OK);
	CHECK_INT(bootfiles_find(&files, "shrinks", &file), BOOTFILE_FOUND);
	sh("printf 123 >d/shrinks");
	CHECK_INT(bootfile_read(&file, 0, got, 8), ERR_FILE_CHANGED);
	CHECK_INT(bootfile_read(&file, 0, got, 3), OK);
	bootfile_close(&file);
}

static void legacy_firmware(void)
{
	sh("printf b >root2/msd/bootcode.bin; printf b4 >root2/msd/bootcode4.bin; printf s "
	   ">root2/msd/start.elf; mkdir -p empty");
	static const struct {
		const char *chip, *name, *want;
	} cases[] = {
		{ "2835", "bootcode.bin", "b" },       { "2835", "start.elf", "s" },
		{ "2837", "start.elf", "s" },          { "2837", "start4.elf", "absent" },
		{ "2711", "bootcode4.bin", "b4" },     { "2711", "start4.elf", "s" },
		{ "2711", "start.elf", "absent" },     { "2711", "bootcode.bin", "absent" },
		{ "2712", "bootcode.bin", "absent" },  { "2712", "start.elf", "absent" },
		{ "2712", "bootcode5.bin", "absent" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_INT(open_for("empty", false, cases[i].chip, ""), OK);
		CHECK_STR(served(cases[i].name), cases[i].want);
	}
}

/* What a system in boot.img brings must not be answered from msd/. */
static void no_legacy_start_file_beside_boot_img(void)
{
	sh("mkdir -p g g/1-1; printf 'boot_ramdisk=1\\n' >g/config.txt");
	CHECK_INT(open_for("g", false, "2837", ""), OK);
	CHECK_STR(served("start.elf"), "absent");
	CHECK_STR(served("bootcode.bin"), "b");
	CHECK_INT(open_for("g", false, "2711", ""), OK);
	CHECK_STR(served("start4.elf"), "absent");
	sh("printf '[pi4]\\nboot_ramdisk=1\\n' >g/config.txt");
	CHECK_STR(served("start4.elf"), "absent");
	CHECK_INT(open_for("g", false, "2837", ""), OK);
	CHECK_STR(served("start.elf"), "s");
	sh("printf '#boot_ramdisk=1\\n' >g/config.txt");
	CHECK_STR(served("start.elf"), "s");
	sh("printf 'boot_ramdisk=1\\n' >g/1-1/config.txt");
	CHECK_INT(open_for("g", true, "2837", "1-1"), OK);
	CHECK_STR(served("start.elf"), "absent");
	sh("printf own >g/start.elf");
	CHECK_STR(served("start.elf"), "own");
}

static void private_keys(void)
{
	sh("mkdir -p k/keys; printf 'Bag Attributes\\n-----BEGIN RSA PRIVATE KEY-----\\nMII\\n' "
	   ">k/private.pem;"
	   "printf -- '-----BEGIN ENCRYPTED PRIVATE KEY-----\\n' >k/keys/a;"
	   "printf -- '-----BEGIN PUBLIC KEY-----\\n' >k/public.pem;"
	   "printf '\\060\\202\\004\\244\\002\\001\\000\\002\\202\\001\\001\\000"
	   "0123456789' >k/key.der");
	CHECK_INT(open_for("k", false, "2711", ""), OK);
	CHECK_INT(bootfiles_find(&files, "private.pem", &file), BOOTFILE_PRIVATE);
	CHECK_INT(bootfiles_find(&files, "keys/a", &file), BOOTFILE_PRIVATE);
	CHECK_INT(bootfiles_find(&files, "key.der", &file), BOOTFILE_PRIVATE);
	CHECK_INT(bootfiles_find(&files, "public.pem", &file), BOOTFILE_FOUND);
	bootfile_close(&file);
}

static void default_directories(void)
{
	sh("mkdir -p root1/mass-storage-gadget root2/mass-storage-gadget64/2712;"
	   "printf g >root1/mass-storage-gadget/bootcode4.bin; printf 5 "
	   ">root2/mass-storage-gadget64/2712/bootcode5.bin");
	CHECK_INT(open_for(NULL, false, "2711", ""), OK);
	CHECK_STR(files.directory, "root1/mass-storage-gadget");
	CHECK_INT(open_for(NULL, false, "2712", ""), OK);
	CHECK_STR(files.directory, "root2/mass-storage-gadget64");
	CHECK_INT(open_for(NULL, false, "2837", ""), OK); /* nothing there for it: legacy */
	CHECK(!files.directory);
	CHECK_STR(served("bootcode.bin"), "b");
	sh("mkdir root2/mass-storage-gadget64/2710; printf z "
	   ">root2/mass-storage-gadget64/2710/bootcode.bin");
	CHECK_INT(open_for(NULL, false, "2837", ""), OK);
	CHECK_STR(files.directory, "root2/mass-storage-gadget64");
	CHECK_INT(open_for(NULL, false, "2835", ""), OK); /* only ever the legacy firmware */
	CHECK(!files.directory);
}

static void aliases(void)
{
	static const struct {
		const char *given, *want;
	} cases[] = {
		{ "root1/mass-storage-gadget64", "root1/mass-storage-gadget" },
		{ "root1/mass-storage-gadget64/", "root1/mass-storage-gadget" },
		{ "root1/mass-storage-gadget64-cm3", "root1/mass-storage-gadget" },
		{ "root2/mass-storage-gadget64", "root2/mass-storage-gadget64" },
		{ "root2/mass-storage-gadget64-cm3", "root2/mass-storage-gadget64-cm3" },
		{ "root1/other", "root1/other" },
		{ "only-in-root2", "root2/only-in-root2" }, /* a bare name that is not here */
		{ "./only-in-root2", "./only-in-root2" },
		{ "mass-storage-gadget64-cm3", "root1/mass-storage-gadget" },
		{ "nowhere", "nowhere" },
	};
	sh("mkdir -p root2/only-in-root2");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *directory = bootfiles_directory(cases[i].given, roots);
		CHECK_STR(directory, cases[i].want);
		free(directory);
	}
}

static void problems(void)
{
	CHECK_INT(open_for("none", false, "2711", ""), ERR_NO_DIRECTORY);
	CHECK_STR(files.problem, "none: No such file or directory");
	sh("mkdir -p bad; printf rubbish >bad/bootfiles.bin");
	CHECK_INT(open_for("bad", false, "2711", ""), ERR_ARCHIVE);
	CHECK_STR(files.problem, "bad/bootfiles.bin: ends inside a header at byte 0");
	sh("mkdir -p link; printf ../firmware/bootfiles.bin >link/bootfiles.bin");
	CHECK_INT(open_for("link", false, "2711", ""), ERR_ARCHIVE);
	CHECK_STR(
		files.problem,
		"link/bootfiles.bin: holds only the words ../firmware/bootfiles.bin: git did not make "
		"the link (core.symlinks); in the clone: git config core.symlinks true && git "
		"checkout -- .");
	CHECK_INT(open_for("bad/bootfiles.bin", false, "2711", ""), ERR_NO_DIRECTORY);
}

int main(void)
{
	tap_enter_scratch();
	RUN(order);
	RUN(chips_archive_before_the_common_one);
	RUN(containment);
	RUN(odd_files);
	RUN(shrinking);
	RUN(legacy_firmware);
	RUN(no_legacy_start_file_beside_boot_img);
	RUN(private_keys);
	RUN(default_directories);
	RUN(aliases);
	RUN(problems);
	bootfiles_close(&files);
	return tap_end();
}
