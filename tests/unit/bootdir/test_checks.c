/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/checks.h"

#include "formats/hex.h"
#include "unit/bootfolder.h"

static struct findings p;
static const char *const no_roots[] = { NULL };

/* Looks at the directory "f" for one chip (NULL: all). */
static void check_directory(const char *chip)
{
	struct bootfiles_places places = { .directory = "f", .roots = no_roots };
	findings_free(&p);
	findings_init(&p);
	CHECK_INT(checks_directory(&p, &places, chip ? chip_by_name(chip) : NULL, NULL), OK);
}

static const struct check_finding *finding(const char *code)
{
	for (size_t i = 0; i < p.count; i++)
		if (strcmp(p.entries[i].code, code) == 0)
			return &p.entries[i];
	return NULL;
}

static int kind(const char *chip)
{
	return p.chips[chip_by_name(chip) - chip_table].kind;
}

static int fit(const char *chip)
{
	return findings_fit(&p, chip_by_name(chip));
}

#define CHECK_FOUND(want_code, want_file, want_severity, want_err)      \
	do {                                                            \
		const struct check_finding *tap_f = finding(want_code); \
		CHECK(tap_f);                                           \
		if (tap_f) {                                            \
			CHECK_STR(tap_f->file, want_file);              \
			CHECK_INT(tap_f->severity, want_severity);      \
			CHECK_INT(tap_f->err, want_err);                \
		}                                                       \
	} while (0)

static void a_sound_recovery_directory(void)
{
	make_recovery("f");
	check_directory(NULL);
	CHECK_INT(kind("2711"), KIND_RECOVERY);
	CHECK_INT(fit("2711"), FINDINGS_FIT);
	CHECK_INT(fit("2712"), FINDINGS_UNFIT);
	CHECK_STR(p.chips[chip_by_name("2711") - chip_table].stage, "bootcode4.bin");
	CHECK(findings_fits_any(&p));
	CHECK_FOUND("no-second-stage", "bootcode.bin", FINDING_NOTE, ERR_NO_SECOND_STAGE);
	check_directory("2711");
	CHECK_FOUND("eeprom-image", "pieeprom.bin", FINDING_NOTE, OK);
	CHECK_INT(p.count, 1);
	check_directory("2712");
	CHECK(!findings_fits_any(&p));
	CHECK_FOUND("no-second-stage", "bootcode5.bin", FINDING_ERROR, ERR_NO_SECOND_STAGE);
}

static void recovery_without_an_image(void)
{
	make_recovery("f");
	remove("f/pieeprom.bin");
	put("f/pieeprom.original.bin", "not made yet");
	check_directory("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", FINDING_ERROR, ERR_UNFIT);
	CHECK(strstr(finding("no-eeprom-image")->advice, "cd f && ./update-pieeprom.sh"));
	put("f/pieeprom.bin", "");
	check_directory("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", FINDING_ERROR, ERR_UNFIT);
	put("f/config.txt", "recovery_wait=1\nprogram_rpiboot_gpio=4\n");
	check_directory("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", FINDING_WARNING, OK);
	put("f/config.txt", "erase_eeprom=1\n");
	check_directory("2711");
	CHECK(!finding("no-eeprom-image"));
	CHECK_FOUND("erases-eeprom", "config.txt", FINDING_WARNING, OK);
	CHECK_INT(fit("2711"), FINDINGS_FIT_WARNINGS);
	put("f/config.txt", "[pi5]\nerase_eeprom=1\n");
	check_directory("2711");
	CHECK(finding("no-eeprom-image"));
	put("f/pieeprom.upd", "image");
	check_directory("2711");
	CHECK(!finding("no-eeprom-image"));
}

/* Reading what the board says about itself is a use of its own: nothing but the program and config.txt is needed. */
static void recovery_for_metadata_only(void)
{
	make_recovery("f");
	remove("f/pieeprom.bin");
	remove("f/pieeprom.sig");
	check_directory("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", FINDING_WARNING, OK);
	CHECK_INT(fit("2711"), FINDINGS_FIT_WARNINGS);
	put("f/config.txt", "recovery_metadata=0\n");
	check_directory("2711");
	CHECK_FOUND("no-eeprom-image", "pieeprom.bin", FINDING_ERROR, ERR_UNFIT);
}

static void an_image_that_does_not_fit(void)
{
	make_recovery("f");
	put_sparse("f/pieeprom.bin", "\x55\xaa\xf0\x0f", 524287);
	check_directory("2711");
	CHECK_FOUND("eeprom-image-size", "pieeprom.bin", FINDING_ERROR, OK);
	CHECK_FOUND("sig-mismatch", "pieeprom.sig", FINDING_ERROR, OK);
	put_sparse("f/pieeprom.bin", "html", 524288);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "target-soc: 2711\n");
	check_directory("2711");
	CHECK_FOUND("eeprom-image-form", "pieeprom.bin", FINDING_ERROR, OK);
	CHECK_INT(p.count, 1);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "target-soc: 2712\n");
	check_directory("2711");
	CHECK_FOUND("sig-target", "pieeprom.sig", FINDING_ERROR, OK);
	rename("f/bootcode4.bin", "f/bootcode5.bin");
	put_sparse("f/pieeprom.bin", "\x55\xaa\xf0\x0f", 2097152);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "target-soc: 2712\n");
	check_directory("2712");
	CHECK_FOUND("eeprom-image", "pieeprom.bin", FINDING_NOTE, OK);
	CHECK_INT(p.count, 1);
}

static void sig_files(void)
{
	make_recovery("f");
	put("f/pieeprom.sig", "");
	check_directory("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", FINDING_ERROR, ERR_UNFIT);
	put("f/pieeprom.sig", "rubbish\n");
	check_directory("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", FINDING_ERROR, OK);
	put_sparse("f/pieeprom.sig", "rubbish\n", (off_t)1 << 30);
	check_directory("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", FINDING_ERROR, OK);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "rsa2048: 00\n");
	check_directory("2711");
	CHECK_FOUND("malformed-sig", "pieeprom.sig", FINDING_ERROR, OK);
	remove("f/pieeprom.sig");
	check_directory("2711");
	CHECK_FOUND("no-sig", "pieeprom.sig", FINDING_ERROR, OK);
}

static void the_wrong_second_stage(void)
{
	make_recovery("f");
	put_stage("f/bootcode4.bin", "ordinary");
	check_directory("2711");
	CHECK_INT(kind("2711"), KIND_RECOVERY);
	CHECK_FOUND("wrong-second-stage", "bootcode4.bin", FINDING_ERROR, OK);
	put("f/start4.elf", "firmware"); /* an ordinary boot that updates the EEPROM on its way */
	check_directory("2711");
	CHECK(!finding("wrong-second-stage"));
	CHECK_INT(kind("2711"), KIND_OTHER);

	fresh("f");
	put_stage("f/bootcode4.bin", RECOVERY_TEXT);
	put("f/config.txt", "boot_ramdisk=1\n");
	put("f/boot.img", "image");
	check_directory("2711");
	CHECK_INT(kind("2711"), KIND_GADGET);
	CHECK_FOUND("recovery-second-stage", "bootcode4.bin", FINDING_ERROR, OK);
}

/* Firmware of older boards beside the second stages of all chips. BCM2712 has no start*.elf: its boot loader is bootmain. */
static void firmware_that_one_chip_has_none_of(void)
{
	static const char *const names[] = { "f/start4.elf", "f/start.elf" };
	for (size_t i = 0; i < 2; i++) {
		fresh("f");
		put_stage("f/bootcode.bin", "program");
		put_stage("f/bootcode4.bin", "program");
		put_stage("f/bootcode5.bin", "program");
		put(names[i], "firmware");
		check_directory(NULL);
		CHECK_INT(kind("2764"), KIND_LEGACY);
		CHECK_INT(kind("2711"), KIND_LEGACY);
		CHECK_INT(kind("2712"), KIND_OTHER);
	}
}

static void second_stages(void)
{
	fresh("f");
	put("f/bootcode4.bin", "");
	mkdir("f/2712", 0755);
	put_sparse("f/2712/bootcode5.bin", "x", (off_t)1 << 31);
	check_directory(NULL);
	CHECK_FOUND("empty-second-stage", "bootcode4.bin", FINDING_ERROR, ERR_EMPTY_FILE);
	CHECK_FOUND("unusable-file", "2712/bootcode5.bin", FINDING_ERROR, ERR_FILE_TOO_LARGE);
	put_sparse("f/2712/bootcode5.bin", "x", ((off_t)1 << 31) - 1);
	check_directory("2712");
	CHECK_FOUND("large-second-stage", "2712/bootcode5.bin", FINDING_WARNING, OK);
}

static unsigned count_of(const char *code)
{
	unsigned n = 0;
	for (size_t i = 0; i < p.count; i++)
		n += strcmp(p.entries[i].code, code) == 0;
	return n;
}

static void irreversible_settings(void)
{
	make_recovery("f");
	put("f/config.txt", "#program_pubkey=1\nprogram_pubkey=0\nrevoke_devkey=\n");
	check_directory("2711");
	CHECK_INT(count_of(FINDINGS_IRREVERSIBLE), 0);
	put("f/config.txt", "[pi5]\n[none]\n  Program_Jtag_Lock = 1\n[all]\n");
	check_directory("2711");
	CHECK_FOUND(FINDINGS_IRREVERSIBLE, "config.txt", FINDING_WARNING, OK);
	CHECK_INT(finding(FINDINGS_IRREVERSIBLE)->line, 3);
	CHECK_INT(fit("2711"), FINDINGS_FIT_WARNINGS);
	put("f/config.txt", "revoke_devkey=1\nprogram_jtag_lock=1\nprogram_rpiboot_gpio=8\n"
	                    "program_pubkey=0x1\nprogram_usb_boot_mode=1\n");
	check_directory("2711");
	CHECK_INT(count_of(FINDINGS_IRREVERSIBLE), 4);
	mkdir("f/2711", 0755);
	put("f/2711/config.txt", "uart_2ndstage=1\n"); /* this one is served */
	check_directory("2711");
	CHECK_INT(count_of(FINDINGS_IRREVERSIBLE), 0);
}

/* A BCM2837's firmware writes one-time programmable memory from the config.txt of any system. */
static void irreversible_settings_of_a_system(void)
{
	static const char *const keys[] = { "program_usb_boot_mode=1\n",
		                            "program_gpio_bootmode=1\n",
		                            "program_usb_boot_timeout=1\n" };
	fresh("f");
	put_stage("f/bootcode.bin", "ordinary");
	put("f/start.elf", "firmware");
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		put("f/config.txt", keys[i]);
		check_directory("2837");
		CHECK_FOUND(FINDINGS_IRREVERSIBLE, "config.txt", FINDING_WARNING, OK);
		check_directory("2835");
		CHECK(!finding(FINDINGS_IRREVERSIBLE));
	}
	put("f/config.txt", "program_pubkey=1\n");
	check_directory("2837");
	CHECK(!finding(FINDINGS_IRREVERSIBLE));
}

static void encodings_of_config(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *code;
		int severity;
	} cases[] = {
		{ "\xff\xfe"
		  "a\0=\0001\0",
		  8, "config-utf16", FINDING_ERROR },
		{ "\xfe\xff\0a\0=\0001", 8, "config-utf16", FINDING_ERROR },
		{ "a\0=\0001\0\n\0", 8, "config-utf16", FINDING_ERROR },
		{ "\xef\xbb\xbf"
		  "a=1\n",
		  7, "config-bom", FINDING_WARNING },
		{ "a=1\n\0\0\0", 7, "binary-config", FINDING_WARNING },
		{ "\0", 1, "binary-config", FINDING_WARNING },
	};
	make_recovery("f");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		put_bytes("f/config.txt", cases[i].bytes, cases[i].n);
		check_directory("2711");
		CHECK(finding(cases[i].code));
		if (finding(cases[i].code))
			CHECK_INT(finding(cases[i].code)->severity, cases[i].severity);
	}
	put("f/config.txt", "# Gr\xc3\xbc\xc3\x9f\nuart_2ndstage=1\n");
	check_directory("2711");
	CHECK_INT(p.count, 1); /* the image's content */
}

/* Files that come in place of a second stage. */
static void no_program(void)
{
	static char trailer[532];
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS" },
		{ "\r\n <!DOCTYPE html>\n<html>", "web page" },
		{ "<?xml version=\"1.0\"?><Error>AccessDenied</Error>", "web page" },
		{ "../firmware/2711/bootcode4.bin", "core.symlinks" },
		{ "../firmware/2711/bootcode4.bin\n", "core.symlinks" },
		{ "short", "too small" },
	};
	make_recovery("f");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		put("f/bootcode4.bin", cases[i].text);
		check_directory("2711");
		CHECK_FOUND("not-a-program", "bootcode4.bin", FINDING_ERROR, ERR_UNFIT);
		if (finding("not-a-program"))
			CHECK(strstr(finding("not-a-program")->text, cases[i].says));
		CHECK_INT(fit("2711"), FINDINGS_UNFIT);
	}
	put_sparse("f/bootcode4.bin", "<html><body>404</body>", 90000); /* size says nothing */
	check_directory("2711");
	CHECK(finding("not-a-program"));
	trailer[4] = 16;
	trailer[268] = 3;
	trailer[268 + 255] = (char)0x80;
	trailer[268 + 256] = 3;
	put_bytes("f/bootcode5.bin", trailer, sizeof trailer);
	check_directory("2712");
	CHECK(finding("not-a-program"));
	CHECK(strstr(finding("not-a-program")->text, "trailer"));
}

static void keys_in_the_directory(void)
{
	make_recovery("f");
	mkdir("f/sub", 0755);
	put("f/sub/my.key", "text\n-----BEGIN PRIVATE KEY-----\nMII\n");
	put("f/public.pem", "-----BEGIN PUBLIC KEY-----\nMII\n");
	check_directory("2711");
	CHECK_FOUND("private-key", "sub/my.key", FINDING_ERROR, ERR_UNFIT);
	CHECK_INT(count_of("private-key"), 1);
	CHECK(strstr(finding("private-key")->advice, "mv f/sub/my.key ~/keys/"));
	remove("f/sub/my.key");
	check_directory("2711");
	CHECK(!finding("private-key"));
	/* the command moves just this file, whatever its name is: @ stands for the directory elsewhere */
	put("f/sub/me@host $(x).key", "-----BEGIN PRIVATE KEY-----\nMII\n");
	check_directory("2711");
	CHECK(finding("private-key") &&
	      strstr(finding("private-key")->advice, "mv 'f/sub/me@host $(x).key' ~/keys/"));
	remove("f/sub/me@host $(x).key");
}

/* The directories beside this one that a board of another chip needs. */
static void the_wrong_directory(void)
{
	make_recovery("f");
	check_directory("2712");
	CHECK_FOUND("no-second-stage", "bootcode5.bin", FINDING_ERROR, ERR_NO_SECOND_STAGE);
	CHECK_STR(finding("no-second-stage")->text,
	          "this directory is for BCM2711, not for BCM2712");
	CHECK(strstr(finding("no-second-stage")->advice, "rpiboot -d recovery5"));
	check_directory("2837");
	CHECK(strstr(finding("no-second-stage")->advice, "rpiboot -d mass-storage-gadget"));
	fresh("f");
	put("f/recovery.original.bin", "not made yet");
	check_directory("2712");
	CHECK(strstr(finding("no-second-stage")->advice, "cd f && ./update-pieeprom.sh"));
}

static void config_in_a_gadget_directory(void)
{
	fresh("f");
	put_stage("f/bootcode4.bin", "ordinary");
	put("f/boot.img", "image");
	check_directory("2711");
	CHECK_INT(kind("2711"), KIND_GADGET);
	CHECK_FOUND("no-boot-ramdisk", "config.txt", FINDING_WARNING, OK);
	CHECK_FOUND("boot-image-form", "boot.img", FINDING_ERROR, OK);
	put("f/config.txt", "[cm4]\nboot_ramdisk=1\n");
	check_directory("2711");
	CHECK(!finding("no-boot-ramdisk"));
	CHECK_FOUND("conditional-boot-ramdisk", "config.txt", FINDING_NOTE, OK);
	put("f/config.txt", "boot_ramdisk=1\n");
	remove("f/boot.img");
	check_directory("2711");
	CHECK_FOUND("no-boot-image", "boot.img", FINDING_ERROR, ERR_UNFIT);
	put("f/config.txt", "boot_ramdisk=1\n[pi4]\nboot_ramdisk=0\ninclude x.txt\n");
	check_directory("2711");
	CHECK_INT(kind("2711"), KIND_OTHER);
	CHECK_FOUND("config-include", "config.txt", FINDING_NOTE, OK);
}

/* The boot loader's parts, beside the second stage and not in an archive. */
static void parts_of_the_boot_loader(void)
{
	fresh("f");
	mkdir("f/2712", 0755);
	put_stage("f/2712/bootcode5.bin", "ordinary");
	put("f/config.txt", "boot_ramdisk=1\n");
	check_directory("2712");
	CHECK_FOUND("no-firmware", "2712/mcb.bin", FINDING_ERROR, OK);
	static const char *const parts[] = { "f/2712/mcb.bin", "f/2712/bootmain",
		                             "f/2712/memsys00.bin", "f/2712/rp1c0fw1.bin",
		                             "f/2712/rp1c0fw2.bin" };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		put(parts[i], "part");
	check_directory("2712");
	CHECK(!finding("no-firmware"));
	put("f/2712/memsys02.bin", "part");
	check_directory("2712");
	CHECK_FOUND("no-firmware", "2712/memsys01.bin", FINDING_ERROR, OK);
	put("f/2712/memsys01.bin", "part");
	remove("f/2712/rp1c0fw2.bin");
	check_directory("2712");
	CHECK_FOUND("no-firmware", "bootfiles.bin", FINDING_WARNING, OK);
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
	check_directory("2711");
	CHECK_FOUND("large-config", "config.txt", FINDING_WARNING, OK);
	put_bytes("f/config.txt", "\0\xff[\0]\xfe=\0program_pubkey=1\0", 26);
	check_directory("2711");
	CHECK_FOUND("binary-config", "config.txt", FINDING_WARNING, OK);
	CHECK_FOUND(FINDINGS_IRREVERSIBLE, "config.txt", FINDING_WARNING, OK);
	put_sparse("f/config.txt", "a=1\n", (off_t)1 << 31);
	check_directory("2711");
	CHECK_FOUND("unusable-file", "config.txt", FINDING_ERROR, ERR_FILE_TOO_LARGE);
	remove("f/config.txt");
	CHECK_INT(mkfifo("f/config.txt", 0644), 0);
	check_directory("2711");
	CHECK_FOUND("not-a-file", "config.txt", FINDING_WARNING, OK);
	CHECK_INT(fit("2711"), FINDINGS_FIT_WARNINGS);
	mkdir("f/boot.img", 0755);
	mkdir("f/boot.sig", 0755);
	put("f/2711", "a file where a folder could be");
	check_directory("2711");
	CHECK(findings_fits_any(&p));
}

static void no_permission(void)
{
	make_recovery("f");
	chmod("f/pieeprom.bin", 0);
	chmod("f/config.txt", 0);
	if (geteuid() == 0 && seteuid(65534) != 0)
		return;
	check_directory("2711");
	CHECK_FOUND("unusable-file", "config.txt", FINDING_ERROR, ERR_FILE_READ);
	CHECK_INT(p.entries[p.count - 1].err, ERR_FILE_READ);
	CHECK_STR(p.entries[p.count - 1].file, "pieeprom.bin");
	if (getuid() == 0 && seteuid(0) != 0)
		CHECK(false);
}

static void directories_that_are_none(void)
{
	fresh("f");
	check_directory(NULL);
	CHECK(!findings_fits_any(&p));
	CHECK_FOUND("no-second-stage", "bootcode.bin", FINDING_ERROR, ERR_NO_SECOND_STAGE);
	put("f/bootfiles.bin", "no archive");
	check_directory(NULL);
	CHECK_FOUND("archive", "f/bootfiles.bin", FINDING_ERROR, ERR_ARCHIVE);
	CHECK_INT(p.count, 1);
	CHECK_INT(p.entries[0].chips, 0xf);
	remove("f/bootfiles.bin");
	rmdir("f");
	check_directory(NULL);
	CHECK_FOUND("no-folder", "f", FINDING_ERROR, ERR_NO_DIRECTORY);
}

/* The installation's second stage counts where there is something to start with it. */
static void second_stages_of_the_installation(void)
{
	static const char *const roots[] = { "root", NULL };
	struct bootfiles_places places = { .directory = "f", .roots = roots };
	fresh("f");
	fresh("root");
	mkdir("root/msd", 0755);
	put_stage("root/msd/bootcode.bin", "boot_ramdisk");
	for (int i = 0; i < 3; i++) {
		findings_free(&p);
		findings_init(&p);
		if (i == 1)
			put("f/config.txt", "arm_64bit=1\n");
		if (i == 2)
			put("f/boot.conf", "[all]\n"); /* a directory that writes EEPROMs */
		CHECK_INT(checks_directory(&p, &places, chip_by_name("2837"), NULL), OK);
		CHECK_INT(!finding("no-second-stage"), i == 1);
	}
}

/* A manifest of the installation with a remark about this archive. */
static void remarks_about_firmware(void)
{
	static const char *const roots[] = { "root", NULL };
	struct bootfiles_places places = { .directory = "f", .roots = roots };
	struct sha256 sha256;
	uint8_t hash[SHA256_SIZE];
	char digits[2 * SHA256_SIZE + 1], text[400];
	static char archive[65536];
	fresh("f");
	fresh("root");
	mkdir("root/tools", 0755);
	mkdir("f/2711", 0755);
	put_stage("f/2711/bootcode4.bin", "program");
	if (system("tar --format=ustar -cf f/bootfiles.bin -C f 2711") !=
	    0) /* NOLINT(cert-env33-c) */
		TAP_FAIL("tar");
	FILE *f = fopen("f/bootfiles.bin", "rb");
	sha256_init(&sha256);
	sha256_add(&sha256, archive, f ? fread(archive, 1, sizeof archive, f) : 0);
	sha256_end(&sha256, hash);
	if (f)
		fclose(f);
	hex_encode(hash, sizeof hash, digits);
	snprintf(text, sizeof text, "remark sha256:%064d not this\nremark sha256:%s take another\n",
	         0, digits);
	put("root/tools/firmware.manifest", text);
	findings_free(&p);
	findings_init(&p);
	CHECK_INT(checks_directory(&p, &places, chip_by_name("2711"), NULL), OK);
	CHECK_FOUND("firmware-remark", "bootfiles.bin", FINDING_NOTE, OK);
	CHECK_STR(finding("firmware-remark")->text, "take another");
	CHECK_INT(count_of("firmware-remark"), 1);
}

int main(void)
{
	const char *scratch = getenv("T");
	if (scratch && chdir(scratch) != 0)
		return 1;
	RUN(a_sound_recovery_directory);
	RUN(recovery_without_an_image);
	RUN(recovery_for_metadata_only);
	RUN(an_image_that_does_not_fit);
	RUN(sig_files);
	RUN(the_wrong_second_stage);
	RUN(firmware_that_one_chip_has_none_of);
	RUN(second_stages);
	RUN(irreversible_settings);
	RUN(irreversible_settings_of_a_system);
	RUN(encodings_of_config);
	RUN(no_program);
	RUN(keys_in_the_directory);
	RUN(the_wrong_directory);
	RUN(config_in_a_gadget_directory);
	RUN(parts_of_the_boot_loader);
	RUN(hostile_directories);
	RUN(no_permission);
	RUN(second_stages_of_the_installation);
	RUN(remarks_about_firmware);
	RUN(directories_that_are_none);
	findings_free(&p);
	return tap_end();
}
