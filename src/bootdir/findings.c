/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/findings.h"

#include "base/str.h"
#include "report/outcome.h"

#include <stdlib.h>
#include <string.h>

void preflight_init(struct preflight *preflight)
{
	*preflight = (struct preflight){ .chips = calloc(chip_count, sizeof *preflight->chips) };
	preflight->out_of_memory = !preflight->chips;
}

void preflight_free(struct preflight *preflight)
{
	for (size_t i = 0; i < chip_count && preflight->chips; i++) {
		free(preflight->chips[i].directory);
		free(preflight->chips[i].stage);
	}
	for (size_t i = 0; i < preflight->count; i++) {
		free(preflight->findings[i].file);
		free(preflight->findings[i].text);
	}
	free(preflight->chips);
	free(preflight->findings);
	free(preflight->hashed);
	*preflight = (struct preflight){ 0 };
}

unsigned preflight_bit(const struct chip *chip)
{
	return 1u << (chip - chip_table);
}

/* Appends a finding with its own FILE and TEXT (taken over), unless it is there already. */
static bool findings_append(struct preflight *preflight, const struct preflight_finding *like,
                            char *file, char *text)
{
	for (size_t i = 0; i < preflight->count; i++) {
		struct preflight_finding *f = &preflight->findings[i];
		if (f->severity == like->severity && strcmp(f->file, file) == 0 &&
		    f->line == like->line && strcmp(f->text, text) == 0) {
			f->chips |= like->chips;
			free(file);
			free(text);
			return true;
		}
	}
	struct preflight_finding *more = realloc(preflight->findings,
	                                         (preflight->count + 1) * sizeof *more);
	if (!more)
		return false;
	preflight->findings = more;
	more += preflight->count++;
	*more = *like;
	more->file = file;
	more->text = text;
	return true;
}

void preflight_add(struct preflight *preflight, const struct preflight_finding *like,
                   const char *file, const char *text)
{
	char *own_file = str_new("%s", file), *own_text = str_new("%s", text);
	if (!own_file || !own_text || !findings_append(preflight, like, own_file, own_text)) {
		free(own_file);
		free(own_text);
		preflight->out_of_memory = true;
	}
}

/* A directory or an archive that cannot be used. */
static void findings_add_unusable(struct preflight *preflight, const struct bootfiles *files,
                                  enum err err)
{
	const char *file = files->archive     ? files->archive
	                   : files->directory ? files->directory
	                                      : "boot folder";
	const char *problem = files->problem ? files->problem : err_text(err);
	size_t n = strlen(file);
	if (strncmp(problem, file, n) == 0 && problem[n] == ':')
		problem += n + 1 + strspn(problem + n + 1, " ");
	preflight_add(preflight,
	              &(struct preflight_finding){
			      .severity = PREFLIGHT_ERROR,
			      .chips = preflight_bit(files->chip),
			      .err = err,
			      .code = err_code(err),
			      .advice = outcome_advice(err),
		      },
	              file, problem);
}

/* A directory that is made for some chips need not have what the others begin with. */
static void findings_demote_missing_stage(struct preflight *preflight)
{
	bool any = false;
	for (size_t i = 0; i < chip_count; i++)
		any = any || preflight->chips[i].kind != PREFLIGHT_NOTHING;
	for (size_t i = 0; i < preflight->count && any; i++)
		if (preflight->findings[i].err == ERR_NO_SECOND_STAGE)
			preflight->findings[i].severity = PREFLIGHT_NOTE;
}

enum err preflight_check(struct preflight *preflight, const struct bootfiles_places *places,
                         const struct chip *chip, const char *path)
{
	for (size_t i = 0; i < chip_count && !preflight->out_of_memory; i++) {
		struct bootfiles files;
		if (chip && chip != &chip_table[i])
			continue;
		preflight->chips[i].looked_at = true;
		enum err err = bootfiles_open(&files, places, &chip_table[i], path);
		if (err == ERR_MEMORY)
			preflight->out_of_memory = true;
		else if (err)
			findings_add_unusable(preflight, &files, err);
		else
			preflight_files(preflight, &files, PREFLIGHT_WHOLE);
		bootfiles_close(&files);
	}
	findings_demote_missing_stage(preflight);
	return preflight->out_of_memory ? ERR_MEMORY : OK;
}

enum preflight_fit preflight_fit(const struct preflight *preflight, const struct chip *chip)
{
	enum preflight_fit fit = PREFLIGHT_FIT;
	if (preflight->chips[chip - chip_table].kind == PREFLIGHT_NOTHING)
		return PREFLIGHT_UNFIT;
	for (size_t i = 0; i < preflight->count; i++) {
		const struct preflight_finding *f = &preflight->findings[i];
		if (!(f->chips & preflight_bit(chip)))
			continue;
		if (f->severity == PREFLIGHT_ERROR)
			return PREFLIGHT_UNFIT;
		if (f->severity == PREFLIGHT_WARNING)
			fit = PREFLIGHT_FIT_WARNINGS;
	}
	return fit;
}

bool preflight_fits_any(const struct preflight *preflight)
{
	for (size_t i = 0; i < chip_count; i++)
		if (preflight->chips[i].looked_at &&
		    preflight_fit(preflight, &chip_table[i]) != PREFLIGHT_UNFIT)
			return true;
	return false;
}
