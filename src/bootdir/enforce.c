/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/enforce.h"

#include "base/str.h"
#include "bootdir/checks.h"
#include "formats/hex.h"
#include "platform/plat.h"

#include <stdlib.h>
#include <string.h>

/* Something that was reported. */
struct enforce_reported {
	char *what;
	struct enforce_reported *next;
};

struct enforce {
	const struct bootfiles_places *places;
	bool sign, expects_key;
	uint8_t key[RAWKEY_HASH];
	struct report *report;
	struct plat_monitor *monitor; /* for: */
	struct enforce_reported *reported;
};

struct enforce *enforce_new(const struct bootfiles_places *places, bool sign, struct report *report)
{
	struct enforce *enforce = calloc(1, sizeof *enforce);
	if (!enforce)
		return NULL;
	*enforce = (struct enforce){ .places = places, .sign = sign, .report = report };
	enforce->monitor = plat_monitor_new();
	if (!enforce->monitor) {
		free(enforce);
		return NULL;
	}
	return enforce;
}

void enforce_expect_key(struct enforce *enforce, const uint8_t hash[RAWKEY_HASH])
{
	memcpy(enforce->key, hash, RAWKEY_HASH);
	enforce->expects_key = true;
}

void enforce_free(struct enforce *enforce)
{
	if (!enforce)
		return;
	while (enforce->reported) {
		struct enforce_reported *r = enforce->reported;
		enforce->reported = r->next;
		free(r->what);
		free(r);
	}
	plat_monitor_free(enforce->monitor);
	free(enforce);
}

/* Whether WHERE: TEXT was not reported yet; from now on it is. */
static bool enforce_is_new(struct enforce *enforce, const char *where, const char *text)
{
	struct enforce_reported *r = malloc(sizeof *r);
	char *what = str_new("%s: %s", where, text);
	bool found = false;
	if (!r || !what) { /* then it is reported twice */
		free(r);
		free(what);
		return true;
	}
	plat_lock(enforce->monitor);
	for (const struct enforce_reported *old = enforce->reported; old && !found; old = old->next)
		found = strcmp(old->what, what) == 0;
	if (!found) {
		*r = (struct enforce_reported){ what, enforce->reported };
		enforce->reported = r;
	}
	plat_unlock(enforce->monitor);
	if (found) {
		free(r);
		free(what);
	}
	return !found;
}

/* The file of a finding with its directory, to be freed. */
static char *enforce_place(const struct enforce *enforce, const struct findings *p,
                           const struct check_finding *f)
{
	const char *directory = enforce->places->directory;
	for (size_t i = 0; i < chip_count; i++)
		if ((f->chips >> i & 1) && p->chips[i].directory)
			directory = p->chips[i].directory;
	char *file = directory && *f->file != '/' ? str_new("%s/%s", directory, f->file)
	                                          : str_new("%s", f->file);
	if (file && f->line) {
		char *line = str_new("%s:%u", file, f->line);
		free(file);
		return line;
	}
	return file;
}

static void enforce_warn(struct enforce *enforce, const struct findings *p,
                         const struct check_finding *f, const struct board_facts *board)
{
	char *where = enforce_place(enforce, p, f), chips[64];
	if (!where || !enforce_is_new(enforce, where, f->text)) {
		free(where);
		return;
	}
	if (strcmp(f->code, FINDINGS_IRREVERSIBLE) == 0)
		report_warning(enforce->report, board, f->code,
		               "IRREVERSIBLE: %s\n%s.\n"
		               "Concerns every %s that is served from now on.\n"
		               "Not intended? Press Ctrl-C now.",
		               where, f->text, findings_chip_names(f->chips, chips, sizeof chips));
	else
		report_warning(enforce->report, board, f->code, "%s: %s", where, f->text);
	free(where);
}

/* Reports an error with ADVICE of its own (NULL: the error's). */
static enum err enforce_error(struct enforce *enforce, const struct board_facts *board,
                              enum err err, const char *text, const char *advice)
{
	report_emit(enforce->report, &(struct event){ .kind = EV_ERROR,
	                                              .board = board,
	                                              .err = err,
	                                              .text = text ? text : "boot files",
	                                              .advice = advice });
	return err;
}

/* FORMAT's sentence as an advice: with a full stop. */
static char *enforce_sentence(const char *advice)
{
	size_t n = advice ? strlen(advice) : 0;
	return n == 0 ? NULL : str_new("%s%s", advice, strchr(".?", advice[n - 1]) ? "" : ".");
}

/* Reports a finding that ends the run or the board. */
static enum err enforce_refuse(struct enforce *enforce, const struct findings *p,
                               const struct check_finding *f, const struct board_facts *board)
{
	char *where = enforce_place(enforce, p, f), *text, *advice = enforce_sentence(f->advice);
	if (f->err == ERR_NO_SECOND_STAGE)
		text = str_new("Failed to open second stage bootloader (%s) in %s%s%s", f->file,
		               board && p->chips[board->chip - chip_table].directory
		                       ? p->chips[board->chip - chip_table].directory
		                       : "the default directories",
		               strstr(f->text, FINDINGS_NO_STAGE) ? "" : ": ",
		               strstr(f->text, FINDINGS_NO_STAGE) ? "" : f->text);
	else if (f->err == ERR_UNFIT)
		text = str_new("%s: %s", where ? where : f->file, f->text);
	else
		text = str_new("%s", where ? where : f->file);
	enum err err = enforce_error(enforce, board, f->err, text ? text : f->file, advice);
	free(where);
	free(text);
	free(advice);
	return err;
}

/* What is reported by a run. */
static bool enforce_is_reported(const struct check_finding *f, const struct board_facts *board)
{
	if (f->err == ERR_NO_SECOND_STAGE) /* when such a board comes */
		return board && board->stage != STAGE_FILE_SERVER;
	return f->severity == FINDING_ERROR || f->in_runs;
}

/* Reports all that was found. REFUSING: what is certain is an error, the first of which is returned. */
static enum err enforce_report(struct enforce *enforce, const struct findings *p, bool refusing,
                               const struct board_facts *board)
{
	enum err err = OK;
	for (size_t i = 0; i < p->count; i++) {
		const struct check_finding *f = &p->entries[i];
		if (!enforce_is_reported(f, board))
			continue;
		if (!refusing || !f->err)
			enforce_warn(enforce, p, f, board);
		else {
			enum err refused = enforce_refuse(enforce, p, f, board);
			err = err ? err : refused;
		}
	}
	return err;
}

/* The chips that cannot be served. */
static unsigned enforce_refused_chips(const struct findings *p)
{
	unsigned chips = 0;
	for (size_t i = 0; i < p->count; i++)
		if (p->entries[i].err)
			chips |= p->entries[i].chips;
	return chips;
}

/* --- the expected key */

/* Whether FILES lock boards to another key; HASH becomes that key's. */
static bool enforce_locks_to_another_key(const struct enforce *enforce,
                                         const struct bootfiles *files, uint8_t hash[RAWKEY_HASH])
{
	return enforce->expects_key && checks_lock_key(files, hash) &&
	       memcmp(hash, enforce->key, RAWKEY_HASH) != 0;
}

bool enforce_accepts_key(const struct enforce *enforce, const struct bootfiles *files)
{
	uint8_t hash[RAWKEY_HASH];
	return !enforce || !enforce_locks_to_another_key(enforce, files, hash);
}

static enum err enforce_check_key(struct enforce *enforce, const struct bootfiles *files,
                                  const struct board_facts *board)
{
	uint8_t hash[RAWKEY_HASH];
	char got[2 * RAWKEY_HASH + 1], want[2 * RAWKEY_HASH + 1];
	if (!enforce_locks_to_another_key(enforce, files, hash))
		return OK;
	hex_encode(hash, RAWKEY_HASH, got);
	hex_encode(enforce->key, RAWKEY_HASH, want);
	char *text = str_new("%s/pieeprom.bin: would lock boards to the key %s, but --expect-key "
	                     "is %s",
	                     files->directory, got, want);
	enum err err = enforce_error(enforce, board, ERR_UNFIT, text,
	                             "Nothing was sent. Make the image with the right key.");
	free(text);
	return err;
}

/* --- before the run */

/* Adds the findings for one chip. Reports what no run can begin with. */
static enum err enforce_check(struct enforce *enforce, const struct chip *chip, struct findings *p)
{
	struct bootfiles files;
	uint8_t signature[WIRE_SIGNATURE];
	enum err err = bootfiles_open(&files, enforce->places, chip, NULL);
	if (err) {
		report_error(enforce->report, NULL, err, "%s",
		             files.problem ? files.problem : enforce->places->directory);
	} else {
		checks_files(p, &files, enforce->places->overlay ? CHECKS_START : CHECKS_QUICK);
		bool has_stage = p->chips && p->chips[chip - chip_table].kind != KIND_NOTHING;
		if (has_stage && enforce->sign && chip->signed_message) {
			err = bootfiles_signature(&files, signature);
			if (err)
				report_error(enforce->report, NULL, err,
				             "Unable to open 'bootcode.sig' from %s",
				             files.directory);
		}
		if (!err && has_stage)
			err = enforce_check_key(enforce, &files, NULL);
	}
	bootfiles_close(&files);
	return err;
}

/* No chip has a second stage: says so, with what to do for the chip that comes nearest to one. */
static enum err enforce_refuse_directory(struct enforce *enforce, const struct findings *p)
{
	const char *why = "", *advice = NULL;
	for (size_t i = 0; i < p->count; i++)
		if (p->entries[i].err == ERR_NO_SECOND_STAGE &&
		    (!advice || strstr(p->entries[i].text, "not made yet"))) {
			advice = p->entries[i].advice;
			why = p->entries[i].text;
		}
	char *text = str_new("No 'bootcode' files found in '%s'%s%s", enforce->places->directory,
	                     strstr(why, "not made yet") ? ": " : "",
	                     strstr(why, "not made yet") ? why : "");
	char *sentence = enforce_sentence(advice);
	enum err err = enforce_error(enforce, NULL, ERR_NO_SECOND_STAGE, text, sentence);
	free(text);
	free(sentence);
	return err;
}

static enum err enforce_run_directory(struct enforce *enforce, struct findings *p)
{
	unsigned staged = 0;
	for (size_t i = 0; i < chip_count; i++) {
		enum err err = enforce_check(enforce, &chip_table[i], p);
		if (err)
			return err;
		if (p->chips && p->chips[i].kind != KIND_NOTHING)
			staged |= 1u << i;
	}
	if (p->out_of_memory)
		return report_error(enforce->report, NULL, ERR_MEMORY, "%s",
		                    enforce->places->directory);
	if (!staged)
		return enforce_refuse_directory(enforce, p);
	return enforce_report(enforce, p, (staged & ~enforce_refused_chips(p)) == 0, NULL);
}

/* Whether there is a second stage for any chip where boards are served from without -d. */
static bool enforce_has_firmware(struct enforce *enforce)
{
	bool found = false;
	for (size_t i = 0; i < chip_count && !found; i++) {
		struct bootfiles files;
		struct bootfile file;
		if (bootfiles_open(&files, enforce->places, &chip_table[i], NULL) != OK) {
			found = true; /* reported when such a board comes */
		} else if (bootfiles_find(&files, chip_table[i].second_stage, &file) !=
		           BOOTFILE_DENIED) {
			found = file.where != NULL;
			bootfile_close(&file);
		}
		bootfiles_close(&files);
	}
	return found;
}

enum err enforce_run(struct enforce *enforce)
{
	struct findings p;
	if (!enforce->places->directory) {
		if (enforce_has_firmware(enforce))
			return OK;
		char *command = bootfiles_fetch_command(enforce->places, "mass-storage-gadget");
		char *advice = enforce_sentence(command);
		enum err err = enforce_error(enforce, NULL, ERR_NO_SECOND_STAGE,
		                             "No 'bootcode' files in any default directory",
		                             advice);
		free(command);
		free(advice);
		return err;
	}
	findings_init(&p);
	enum err err = enforce_run_directory(enforce, &p);
	findings_free(&p);
	return err;
}

/* --- before a board */

enum err enforce_board(struct enforce *enforce, const struct bootfiles *files,
                       const struct board_facts *board)
{
	struct findings p;
	if (!enforce)
		return OK;
	findings_init(&p);
	checks_files(&p, files, CHECKS_QUICK);
	enum err err = p.out_of_memory
	                       ? report_error(enforce->report, board, ERR_MEMORY, "boot files")
	                       : enforce_report(enforce, &p, board->stage != STAGE_FILE_SERVER,
	                                        board);
	findings_free(&p);
	return err ? err : enforce_check_key(enforce, files, board);
}
