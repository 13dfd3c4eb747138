/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/enforce.h"

#include "platform/plat.h"
#include "bootdir/findings.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Something that was told. */
struct told {
	char *what;
	struct told *next;
};

struct enforce {
	const struct bootfiles_places *places;
	bool sign;
	struct report *report;
	struct plat_monitor *monitor; /* for: */
	struct told *told;
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

void enforce_free(struct enforce *enforce)
{
	if (!enforce)
		return;
	while (enforce->told) {
		struct told *t = enforce->told;
		enforce->told = t->next;
		free(t->what);
		free(t);
	}
	plat_monitor_free(enforce->monitor);
	free(enforce);
}

/* Whether WHERE: TEXT was not told yet; from now on it is. */
static bool enforce_is_new(struct enforce *enforce, const char *where, const char *text)
{
	struct told *t = malloc(sizeof *t);
	char *what = str_new("%s: %s", where, text);
	bool found = false;
	if (!t || !what) { /* then it is told twice */
		free(t);
		free(what);
		return true;
	}
	plat_lock(enforce->monitor);
	for (const struct told *old = enforce->told; old && !found; old = old->next)
		found = strcmp(old->what, what) == 0;
	if (!found) {
		*t = (struct told){ what, enforce->told };
		enforce->told = t;
	}
	plat_unlock(enforce->monitor);
	if (found) {
		free(t);
		free(what);
	}
	return !found;
}

/* The file of a finding with its directory, to be freed. */
static char *enforce_place(const struct enforce *enforce, const struct preflight *p,
                           const struct preflight_finding *f)
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

static void enforce_warn(struct enforce *enforce, const struct preflight *p,
                         const struct preflight_finding *f, const struct board_facts *board)
{
	char *where = enforce_place(enforce, p, f);
	if (!where || !enforce_is_new(enforce, where, f->text)) {
		free(where);
		return;
	}
	if (strcmp(f->code, PREFLIGHT_IRREVERSIBLE) != 0) {
		report_warning(enforce->report, board, f->code, "%s: %s", where, f->text);
		free(where);
		return;
	}
	char chips[80] = "";
	for (size_t i = 0, at = 0; i < chip_count; i++)
		if (f->chips >> i & 1)
			at += (size_t)snprintf(chips + at, sizeof chips - at, "%s%s",
			                       at ? ", " : "", chip_table[i].name);
	report_warning(enforce->report, board, f->code,
	               "IRREVERSIBLE: %s\n%s.\n"
	               "Concerns every %s that is served from now on.\n"
	               "Not intended? Press Ctrl-C now.",
	               where, f->text, chips);
	free(where);
}

/* Reports a finding that ends the run or the board. */
static enum err enforce_refuse(struct enforce *enforce, const struct preflight *p,
                               const struct preflight_finding *f, const struct board_facts *board)
{
	char *where = enforce_place(enforce, p, f);
	if (f->err == ERR_UNFIT)
		report_error(enforce->report, board, f->err, "%s: %s", where ? where : f->file,
		             f->text);
	else
		report_error(enforce->report, board, f->err, "%s", where ? where : f->file);
	free(where);
	return f->err;
}

/* What is worth telling before a run: errors, and what cannot be undone. */
static bool enforce_was_reported(const struct preflight_finding *f)
{
	if (f->err == ERR_NO_SECOND_STAGE) /* told when such a board comes */
		return false;
	return f->severity == PREFLIGHT_ERROR || strcmp(f->code, PREFLIGHT_IRREVERSIBLE) == 0;
}

/* Tells all that P found. REFUSING: what is certain is an error, the first of which is returned. */
static enum err enforce_report(struct enforce *enforce, const struct preflight *p, bool refusing,
                               const struct board_facts *board)
{
	enum err err = OK;
	for (size_t i = 0; i < p->count; i++) {
		const struct preflight_finding *f = &p->findings[i];
		if (!enforce_was_reported(f))
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
static unsigned enforce_refused_chips(const struct preflight *p)
{
	unsigned chips = 0;
	for (size_t i = 0; i < p->count; i++)
		if (p->findings[i].err)
			chips |= p->findings[i].chips;
	return chips;
}

/* --- before the run */

/* Adds the findings for one chip. Reports what no run can begin with. */
static enum err enforce_check(struct enforce *enforce, const struct chip *chip, struct preflight *p)
{
	struct bootfiles files;
	uint8_t signature[WIRE_SIGNATURE];
	enum err err = bootfiles_open(&files, enforce->places, chip, NULL);
	if (err) {
		report_error(enforce->report, NULL, err, "%s",
		             files.problem ? files.problem : enforce->places->directory);
	} else {
		preflight_files(p, &files,
		                enforce->places->overlay ? PREFLIGHT_START : PREFLIGHT_QUICK);
		bool has_stage = p->chips && p->chips[chip - chip_table].kind != PREFLIGHT_NOTHING;
		if (has_stage && enforce->sign && chip->signed_message) {
			err = bootfiles_signature(&files, signature);
			if (err)
				report_error(enforce->report, NULL, err,
				             "Unable to open 'bootcode.sig' from %s",
				             files.directory);
		}
	}
	bootfiles_close(&files);
	return err;
}

enum err enforce_run(struct enforce *enforce)
{
	struct preflight p;
	enum err err = OK;
	unsigned staged = 0;
	if (!enforce->places->directory)
		return OK;
	preflight_init(&p);
	for (size_t i = 0; i < chip_count && !err; i++) {
		err = enforce_check(enforce, &chip_table[i], &p);
		if (p.chips && p.chips[i].kind != PREFLIGHT_NOTHING)
			staged |= 1u << i;
	}
	if (!err && p.out_of_memory)
		err = report_error(enforce->report, NULL, ERR_MEMORY, "%s",
		                   enforce->places->directory);
	else if (!err && !staged)
		err = report_error(enforce->report, NULL, ERR_NO_SECOND_STAGE,
		                   "No 'bootcode' files found in '%s'", enforce->places->directory);
	else if (!err)
		err = enforce_report(enforce, &p, (staged & ~enforce_refused_chips(&p)) == 0, NULL);
	preflight_free(&p);
	return err;
}

/* --- before a board */

enum err enforce_board(struct enforce *enforce, const struct bootfiles *files,
                       const struct board_facts *board)
{
	struct preflight p;
	if (!enforce)
		return OK;
	preflight_init(&p);
	preflight_files(&p, files, PREFLIGHT_QUICK);
	enum err err = p.out_of_memory
	                       ? report_error(enforce->report, board, ERR_MEMORY, "boot files")
	                       : enforce_report(enforce, &p, board->stage != STAGE_FILE_SERVER,
	                                        board);
	preflight_free(&p);
	return err;
}
