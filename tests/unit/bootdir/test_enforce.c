/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/enforce.h"

#include "unit/bootfolder.h"

static const char *const no_roots[] = { NULL };
static char lines[16384]; /* what was reported: "W: text" or "E code: text" */
static unsigned warnings, errors;

static void see(struct observer *self, const struct event *e)
{
	size_t at = strlen(lines);
	(void)self;
	if (e->kind == EV_WARNING) {
		warnings++;
		snprintf(lines + at, sizeof lines - at, "W: %s\n", e->text);
	} else if (e->kind == EV_ERROR) {
		errors++;
		snprintf(lines + at, sizeof lines - at, "E %s: %s\n", err_code(e->err), e->text);
	}
}

static void end(struct observer *self)
{
	(void)self;
}

static struct observer observer = { .see = see, .end = end };
static struct report *report;
static struct enforce *enforce;
static struct bootfiles_places places;

static enum err begin(bool overlay)
{
	enforce_free(enforce);
	report_free(report);
	report = report_new();
	report_add(report, &observer);
	places = (struct bootfiles_places){ .directory = "f",
		                            .overlay = overlay,
		                            .roots = no_roots };
	enforce = enforce_new(&places, false, report);
	warnings = errors = 0;
	*lines = 0;
	return enforce_run(enforce);
}

static enum err board(const char *chip, const char *path, enum stage stage)
{
	struct board_facts facts = { .chip = chip_by_name(chip), .stage = stage };
	struct bootfiles files;
	snprintf(facts.path, sizeof facts.path, "%s", path);
	warnings = errors = 0;
	*lines = 0;
	enum err err = bootfiles_open(&files, &places, facts.chip, path);
	if (!err)
		err = enforce_board(enforce, &files, &facts);
	bootfiles_close(&files);
	return err;
}

static void sound_directories_pass_in_silence(void)
{
	make_recovery("f");
	CHECK_INT(begin(false), OK);
	CHECK_STR(lines, "");
	CHECK_INT(board("2711", "1-1", STAGE_BOOT_ROM), OK);
	CHECK_STR(lines, "");
}

static void certain_errors_stop_the_run(void)
{
	make_recovery("f");
	remove("f/pieeprom.bin");
	put("f/pieeprom.original.bin", "not made yet");
	CHECK_INT(begin(false), ERR_UNFIT);
	CHECK_STR(lines, "E unfit: f/pieeprom.bin: not there or empty: nothing to write\n");
	put("f/bootcode4.bin", "");
	CHECK_INT(begin(false), ERR_EMPTY_FILE);
	remove("f/bootcode4.bin");
	remove("f/pieeprom.original.bin");
	CHECK_INT(begin(false), ERR_NO_SECOND_STAGE);
	CHECK_STR(lines, "E no-second-stage: No 'bootcode' files found in 'f'\n");
	put("f/bootfiles.bin", "no archive");
	CHECK_INT(begin(false), ERR_ARCHIVE);
	CHECK_INT(errors, 1);
}

static void doubts_do_not(void)
{
	make_recovery("f");
	remove("f/pieeprom.sig");
	put_sparse("f/pieeprom.bin", "\x55\xaa\xf0\x0f", 1000);
	CHECK_INT(begin(false), OK);
	CHECK_INT(warnings, 2);
	CHECK_INT(board("2711", "1-1", STAGE_BOOT_ROM), OK); /* reported already */
	CHECK_INT(warnings, 0);
}

/* A directory with one chip that is fit and one that is not: only boards with the latter are refused. */
static void one_chip_of_two(void)
{
	make_recovery("f");
	put("f/bootcode5.bin", "");
	CHECK_INT(begin(false), OK);
	CHECK_STR(lines, "W: f/bootcode5.bin: empty: the board would hang\n");
	CHECK_INT(board("2711", "1-1", STAGE_BOOT_ROM), OK);
	CHECK_INT(board("2712", "1-2", STAGE_BOOT_ROM), ERR_EMPTY_FILE);
	CHECK_INT(errors, 1);
	CHECK_INT(board("2712", "1-2", STAGE_FILE_SERVER), OK); /* needs no second stage any more */
}

static void irreversible_settings_are_reported_once(void)
{
	make_recovery("f");
	put("f/config.txt", "revoke_devkey=1\n");
	CHECK_INT(begin(false), OK);
	CHECK(strstr(lines, "W: IRREVERSIBLE: f/config.txt:1\n"));
	CHECK(strstr(lines, "revoke_devkey=1 can never be undone"));
	CHECK(strstr(lines, "BCM2711"));
	CHECK_INT(board("2711", "1-1", STAGE_BOOT_ROM), OK);
	CHECK_INT(warnings, 0);
	put("f/config.txt", "\nprogram_jtag_lock=1\n"); /* changed while the run goes on */
	CHECK_INT(board("2711", "1-1", STAGE_BOOT_ROM), OK);
	CHECK(strstr(lines, "W: IRREVERSIBLE: f/config.txt:2\n"));
}

static void overlays_have_their_own(void)
{
	make_recovery("f");
	mkdir("f/1-1.2", 0755);
	put("f/1-1.2/config.txt", "program_jtag_lock=1\n");
	CHECK_INT(begin(true), OK);
	CHECK_STR(lines, "");
	CHECK_INT(board("2711", "1-1.1", STAGE_BOOT_ROM), OK);
	CHECK_STR(lines, "");
	CHECK_INT(board("2711", "1-1.2", STAGE_BOOT_ROM), OK);
	CHECK(strstr(lines, "W: IRREVERSIBLE: f/1-1.2/config.txt:1\n"));
	CHECK_INT(board("2711", "1-1.2", STAGE_BOOT_ROM), OK);
	CHECK_STR(lines, "");
	/* an image only in one overlay: the other boards have none, which is no reason not to begin */
	rename("f/pieeprom.bin", "f/1-1.2/pieeprom.bin");
	put("f/boot.conf", "[all]\n");
	CHECK_INT(begin(true), OK);
	CHECK_INT(board("2711", "1-1.1", STAGE_BOOT_ROM), ERR_UNFIT);
	CHECK_INT(board("2711", "1-1.2", STAGE_BOOT_ROM), OK);
}

static void the_first_signature(void)
{
	fresh("f");
	put_stage("f/bootcode.bin", "ordinary");
	put("f/start.elf", "firmware");
	CHECK_INT(begin(false), OK);
	enforce_free(enforce);
	enforce = enforce_new(&places, true, report);
	CHECK_INT(enforce_run(enforce), ERR_SIGNATURE);
	put("f/bootcode.sig", "01234567890123456789");
	CHECK_INT(enforce_run(enforce), OK);
}

int main(void)
{
	const char *scratch = getenv("T");
	if (scratch && chdir(scratch) != 0)
		return 1;
	RUN(sound_directories_pass_in_silence);
	RUN(certain_errors_stop_the_run);
	RUN(doubts_do_not);
	RUN(one_chip_of_two);
	RUN(irreversible_settings_are_reported_once);
	RUN(overlays_have_their_own);
	RUN(the_first_signature);
	enforce_free(enforce);
	report_free(report);
	return tap_end();
}
