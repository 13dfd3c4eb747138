/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/findings.h"

#include "unit/bootfolder.h"

static struct preflight p;
static const char *const no_roots[] = { NULL };

/* Looks at the directory "f" for one chip (NULL: all). */
static void check_ctx(const char *chip)
{
	struct bootfiles_places places = { .directory = "f", .roots = no_roots };
	preflight_free(&p);
	preflight_init(&p);
	CHECK_INT(preflight_check(&p, &places, chip ? chip_by_name(chip) : NULL, NULL), OK);
}

static const struct preflight_finding *finding(const char *code)
{
	for (size_t i = 0; i < p.count; i++)
		if (strcmp(p.findings[i].code, code) == 0)
			return &p.findings[i];
	return NULL;
}

static int kind(const char *chip)
{
	return p.chips[chip_by_name(chip) - chip_table].kind;
}

static int fit(const char *chip)
{
	return preflight_fit(&p, chip_by_name(chip));
}

#define CHECK_FOUND(want_code, want_file, want_severity, want_err)          \
	do {                                                                \
		const struct preflight_finding *tap_f = finding(want_code); \
		CHECK(tap_f);                                               \
		if (tap_f) {                                                \
			CHECK_STR(tap_f->file, want_file);                  \
			CHECK_INT(tap_f->severity, want_severity);          \
			CHECK_INT(tap_f->err, want_err);                    \
		}                                                           \
	} while (0)

static void a_sound_recovery_directory(void)
{
	make_recovery("f");
	check_ctx(NULL);
	CHECK_INT(kind("2711"), PREFLIGHT_RECOVERY);
	CHECK_INT(fit("2711"), PREFLIGHT_FIT);
	CHECK_INT(fit("2712"), PREFLIGHT_UNFIT);
	CHECK_STR(p.chips[chip_by_name("2711") - chip_table].stage, "bootcode4.bin");
	CHECK(preflight_fits_any(&p));
	CHECK_FOUND("no-second-stage", "bootcode.bin", PREFLIGHT_NOTE, ERR_NO_SECOND_STAGE);
	check_ctx("2711");
	CHECK_INT(p.count, 0);
	check_ctx("2712");
	CHECK(!preflight_fits_any(&p));
	CHECK_FOUND("no-second-stage", "bootcode5.bin", PREFLIGHT_ERROR, ERR_NO_SECOND_STAGE);
}

static void recovery_without_an_image(void)
{
	make_recovery("f");
	remove("f/pieeprom.bin");
	check_ctx("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", PREFLIGHT_ERROR, ERR_UNFIT);
	put("f/pieeprom.bin", "");
	check_ctx("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", PREFLIGHT_ERROR, ERR_UNFIT);
	put("f/config.txt", "recovery_wait=1\nprogram_rpiboot_gpio=4\n");
	check_ctx("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", PREFLIGHT_WARNING, OK);
	put("f/config.txt", "erase_eeprom=1\n");
	check_ctx("2711");
	CHECK(!finding("no-eeprom-image"));
	CHECK_FOUND("erases-eeprom", "config.txt", PREFLIGHT_WARNING, OK);
	CHECK_INT(fit("2711"), PREFLIGHT_FIT_WARNINGS);
	put("f/config.txt", "[pi5]\nerase_eeprom=1\n");
	check_ctx("2711");
	CHECK(finding("no-eeprom-image"));
	put("f/pieeprom.upd", "image");
	check_ctx("2711");
	CHECK(!finding("no-eeprom-image"));
}

static void an_image_that_does_not_fit(void)
{
	make_recovery("f");
	put_sparse("f/pieeprom.bin", "\x55\xaa\xf0\x0f", 524287);
	check_ctx("2711");
	CHECK_FOUND("eeprom-image-size", "pieeprom.bin", PREFLIGHT_ERROR, OK);
	CHECK_FOUND("sig-mismatch", "pieeprom.sig", PREFLIGHT_ERROR, OK);
	put_sparse("f/pieeprom.bin", "html", 524288);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "target-soc: 2711\n");
	check_ctx("2711");
	CHECK_FOUND("eeprom-image-form", "pieeprom.bin", PREFLIGHT_ERROR, OK);
	CHECK_INT(p.count, 1);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "target-soc: 2712\n");
	check_ctx("2711");
	CHECK_FOUND("sig-target", "pieeprom.sig", PREFLIGHT_ERROR, OK);
	rename("f/bootcode4.bin", "f/bootcode5.bin");
	put_sparse("f/pieeprom.bin", "\x55\xaa\xf0\x0f", 2097152);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "target-soc: 2712\n");
	check_ctx("2712");
	CHECK_INT(p.count, 0);
}

static void sig_files(void)
{
	make_recovery("f");
	put("f/pieeprom.sig", "");
	check_ctx("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", PREFLIGHT_ERROR, ERR_UNFIT);
	put("f/pieeprom.sig", "rubbish\n");
	check_ctx("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", PREFLIGHT_ERROR, OK);
	put_sparse("f/pieeprom.sig", "rubbish\n", (off_t)1 << 30);
	check_ctx("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", PREFLIGHT_ERROR, OK);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "rsa2048: 00\n");
	check_ctx("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", PREFLIGHT_ERROR, OK);
	remove("f/pieeprom.sig");
	check_ctx("2711");
	CHECK_FOUND("no-sig", "pieeprom.sig", PREFLIGHT_ERROR, OK);
}

static void the_wrong_second_stage(void)
{
	make_recovery("f");
	put("f/bootcode4.bin", "ordinary");
	check_ctx("2711");
	CHECK_INT(kind("2711"), PREFLIGHT_RECOVERY);
	CHECK_FOUND("wrong-second-stage", "bootcode4.bin", PREFLIGHT_ERROR, OK);
	put("f/start4.elf", "firmware"); /* an ordinary boot that updates the EEPROM on its way */
	check_ctx("2711");
	CHECK(!finding("wrong-second-stage"));
	CHECK_INT(kind("2711"), PREFLIGHT_OTHER);

	fresh("f");
	put("f/bootcode4.bin", RECOVERY_TEXT);
	put("f/config.txt", "boot_ramdisk=1\n");
	put("f/boot.img", "image");
	check_ctx("2711");
	CHECK_INT(kind("2711"), PREFLIGHT_GADGET);
	CHECK_FOUND("recovery-second-stage", "bootcode4.bin", PREFLIGHT_ERROR, OK);
}

static void second_stages(void)
{
	fresh("f");
	put("f/bootcode4.bin", "");
	mkdir("f/2712", 0755);
	put_sparse("f/2712/bootcode5.bin", "x", (off_t)1 << 31);
	check_ctx(NULL);
	CHECK_FOUND("empty-second-stage", "bootcode4.bin", PREFLIGHT_ERROR, ERR_EMPTY_FILE);
	CHECK_FOUND("unusable-file", "2712/bootcode5.bin", PREFLIGHT_ERROR, ERR_FILE_TOO_LARGE);
	put_sparse("f/2712/bootcode5.bin", "x", ((off_t)1 << 31) - 1);
	check_ctx("2712");
	CHECK_FOUND("large-second-stage", "2712/bootcode5.bin", PREFLIGHT_WARNING, OK);
}

static void irreversible_keys(void)
{
	make_recovery("f");
	put("f/config.txt", "#program_pubkey=1\nprogram_pubkey=0\nrevoke_devkey=\n");
	check_ctx("2711");
	CHECK_INT(p.count, 0);
	put("f/config.txt", "[pi5]\n[none]\n  Program_Pubkey = 1\n[all]\n");
	check_ctx("2711");
	CHECK_FOUND(PREFLIGHT_IRREVERSIBLE, "config.txt", PREFLIGHT_WARNING, OK);
	CHECK_INT(finding(PREFLIGHT_IRREVERSIBLE)->line, 3);
	CHECK_INT(fit("2711"), PREFLIGHT_FIT_WARNINGS);
	put("f/config.txt", "revoke_devkey=1\nprogram_jtag_lock=1\nprogram_rpiboot_gpio=8\n"
	                    "program_pubkey=0x1\n");
	check_ctx("2711");
	CHECK_INT(p.count, 4);
	mkdir("f/2711", 0755);
	put("f/2711/config.txt", "uart_2ndstage=1\n"); /* this one is served */
	check_ctx("2711");
	CHECK_INT(p.count, 0);
}

static void config_in_a_gadget_directory(void)
{
	fresh("f");
	put("f/bootcode4.bin", "ordinary");
	put("f/boot.img", "image");
	check_ctx("2711");
	CHECK_INT(kind("2711"), PREFLIGHT_GADGET);
	CHECK_FOUND("no-boot-ramdisk", "config.txt", PREFLIGHT_WARNING, OK);
	CHECK_FOUND("boot-image-form", "boot.img", PREFLIGHT_ERROR, OK);
	put("f/config.txt", "[cm4]\nboot_ramdisk=1\n");
	check_ctx("2711");
	CHECK(!finding("no-boot-ramdisk"));
	CHECK_FOUND("conditional-boot-ramdisk", "config.txt", PREFLIGHT_NOTE, OK);
	put("f/config.txt", "boot_ramdisk=1\n");
	remove("f/boot.img");
	check_ctx("2711");
	CHECK_FOUND("no-boot-image", "boot.img", PREFLIGHT_ERROR, OK);
	put("f/config.txt", "boot_ramdisk=1\n[pi4]\nboot_ramdisk=0\ninclude x.txt\n");
	check_ctx("2711");
	CHECK_INT(kind("2711"), PREFLIGHT_OTHER);
	CHECK_FOUND("config-include", "config.txt", PREFLIGHT_NOTE, OK);
}

/* The boot loader's parts, beside the second stage and not in an archive. */
static void parts_of_the_boot_loader(void)
{
	fresh("f");
	mkdir("f/2712", 0755);
	put("f/2712/bootcode5.bin", "ordinary");
	put("f/config.txt", "boot_ramdisk=1\n");
	check_ctx("2712");
	CHECK_FOUND("no-firmware", "2712/mcb.bin", PREFLIGHT_ERROR, OK);
	static const char *const parts[] = { "f/2712/mcb.bin", "f/2712/bootmain",
		                             "f/2712/memsys00.bin", "f/2712/rp1c0fw1.bin",
		                             "f/2712/rp1c0fw2.bin" };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		put(parts[i], "part");
	check_ctx("2712");
	CHECK(!finding("no-firmware"));
	put("f/2712/memsys02.bin", "part");
	check_ctx("2712");
	CHECK_FOUND("no-firmware", "2712/memsys01.bin", PREFLIGHT_ERROR, OK);
	put("f/2712/memsys01.bin", "part");
	remove("f/2712/rp1c0fw2.bin");
	check_ctx("2712");
	CHECK_FOUND("no-firmware", "bootfiles.bin", PREFLIGHT_WARNING, OK);
}

static void hostile_directories(void)
{
	char *huge = malloc(3 << 20);
	if (!huge) {
		CHECK(huge);
		return;
	}
	make_recovery("f");
	memset(huge, 'a', 3 << 20);
	memcpy(huge + (2 << 20), "\nprogram_pubkey=1\n", 18);
	put_bytes("f/config.txt", huge, 3 << 20);
	free(huge);
	check_ctx("2711");
	CHECK_FOUND("large-config", "config.txt", PREFLIGHT_WARNING, OK);
	put_bytes("f/config.txt", "\0\xff[\0]\xfe=\0program_pubkey=1\0", 26);
	check_ctx("2711");
	CHECK_FOUND("binary-config", "config.txt", PREFLIGHT_WARNING, OK);
	CHECK_FOUND(PREFLIGHT_IRREVERSIBLE, "config.txt", PREFLIGHT_WARNING, OK);
	put_sparse("f/config.txt", "a=1\n", (off_t)1 << 31);
	check_ctx("2711");
	CHECK_FOUND("unusable-file", "config.txt", PREFLIGHT_ERROR, ERR_FILE_TOO_LARGE);
	remove("f/config.txt");
	CHECK_INT(mkfifo("f/config.txt", 0644), 0);
	check_ctx("2711");
	CHECK_FOUND("not-a-file", "config.txt", PREFLIGHT_WARNING, OK);
	CHECK_INT(fit("2711"), PREFLIGHT_FIT_WARNINGS);
	mkdir("f/boot.img", 0755);
	mkdir("f/boot.sig", 0755);
	put("f/2711", "a file where a folder could be");
	check_ctx("2711");
	CHECK(preflight_fits_any(&p));
}

static void no_permission(void)
{
	make_recovery("f");
	chmod("f/pieeprom.bin", 0);
	chmod("f/config.txt", 0);
	if (geteuid() == 0 && seteuid(65534) != 0)
		return;
	check_ctx("2711");
	CHECK_FOUND("unusable-file", "config.txt", PREFLIGHT_ERROR, ERR_FILE_READ);
	CHECK_INT(p.findings[p.count - 1].err, ERR_FILE_READ);
	CHECK_STR(p.findings[p.count - 1].file, "pieeprom.bin");
	if (getuid() == 0 && seteuid(0) != 0)
		CHECK(false);
}

static void directories_that_are_none(void)
{
	fresh("f");
	check_ctx(NULL);
	CHECK(!preflight_fits_any(&p));
	CHECK_FOUND("no-second-stage", "bootcode.bin", PREFLIGHT_ERROR, ERR_NO_SECOND_STAGE);
	put("f/bootfiles.bin", "no archive");
	check_ctx(NULL);
	CHECK_FOUND("archive", "f/bootfiles.bin", PREFLIGHT_ERROR, ERR_ARCHIVE);
	CHECK_INT(p.count, 1);
	CHECK_INT(p.findings[0].chips, 0xf);
	remove("f/bootfiles.bin");
	rmdir("f");
	check_ctx(NULL);
	CHECK_FOUND("no-folder", "f", PREFLIGHT_ERROR, ERR_NO_DIRECTORY);
}

int main(void)
{
	const char *scratch = getenv("T");
	if (scratch && chdir(scratch) != 0)
		return 1;
	RUN(a_sound_recovery_directory);
	RUN(recovery_without_an_image);
	RUN(an_image_that_does_not_fit);
	RUN(sig_files);
	RUN(the_wrong_second_stage);
	RUN(second_stages);
	RUN(irreversible_keys);
	RUN(config_in_a_gadget_directory);
	RUN(parts_of_the_boot_loader);
	RUN(hostile_directories);
	RUN(no_permission);
	RUN(directories_that_are_none);
	preflight_free(&p);
	return tap_end();
}
