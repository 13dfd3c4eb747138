/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/findings.h"

#include "base/str.h"
#include "report/outcome.h"

#include <stdlib.h>
#include <string.h>

void findings_init(struct findings *findings)
{
	*findings = (struct findings){ .chips = calloc(chip_count, sizeof *findings->chips) };
	findings->out_of_memory = !findings->chips;
}

static void findings_free_entry(struct check_finding *f)
{
	free(f->file);
	free(f->text);
	free(f->advice);
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < chip_count && findings->chips; i++) {
		free(findings->chips[i].directory);
		free(findings->chips[i].stage);
	}
	for (size_t i = 0; i < findings->count; i++)
		findings_free_entry(&findings->entries[i]);
	free(findings->chips);
	free(findings->entries);
	*findings = (struct findings){ 0 };
}

unsigned findings_bit(const struct chip *chip)
{
	return 1u << (chip - chip_table);
}

const char *findings_chip_names(unsigned chips, char *to, size_t size)
{
	size_t at = 0;
	*to = 0;
	for (size_t i = 0; i < chip_count && at < size; i++)
		if (chips >> i & 1)
			at += (size_t)snprintf(to + at, size - at, "%s%s", at ? ", " : "",
			                       chip_table[i].name);
	return to;
}

/* Appends NEW (taken over), or adds its chips to an equal finding. False: out of memory, NEW is still the caller's. */
static bool findings_append(struct findings *findings, struct check_finding *new)
{
	for (size_t i = 0; i < findings->count; i++) {
		struct check_finding *f = &findings->entries[i];
		if (f->severity == new->severity &&
		    f->line == new->line &&strcmp(f->file, new->file) == 0 &&
		    strcmp(f->text, new->text) == 0) {
			f->chips |= new->chips;
			findings_free_entry(new);
			return true;
		}
	}
	struct check_finding *more = realloc(findings->entries,
	                                     (findings->count + 1) * sizeof *more);
	if (!more)
		return false;
	findings->entries = more;
	more[findings->count++] = *new;
	return true;
}

void findings_add(struct findings *findings, const struct check_finding *like, const char *file,
                  const char *text, const char *advice)
{
	struct check_finding new = *like;
	new.file = str_new("%s", file);
	new.text = str_new("%s", text);
	new.advice = advice ? str_new("%s", advice) : NULL;
	if (new.file &&new.text && (new.advice || !advice) && findings_append(findings, &new))
		return;
	findings_free_entry(&new);
	findings->out_of_memory = true;
}

void findings_demote_missing_stages(struct findings *findings)
{
	bool any = false;
	for (size_t i = 0; i < chip_count; i++)
		any = any || findings->chips[i].kind != KIND_NOTHING;
	for (size_t i = 0; i < findings->count && any; i++)
		if (findings->entries[i].err == ERR_NO_SECOND_STAGE) {
			findings->entries[i].severity = FINDING_NOTE;
			if (!strncmp(findings->entries[i].text, FINDINGS_NO_STAGE,
			             sizeof FINDINGS_NO_STAGE - 1)) {
				free(findings->entries[i].advice);
				findings->entries[i].advice = NULL;
			}
		}
}

enum findings_fit findings_fit(const struct findings *findings, const struct chip *chip)
{
	enum findings_fit fit = FINDINGS_FIT;
	if (findings->chips[chip - chip_table].kind == KIND_NOTHING)
		return FINDINGS_UNFIT;
	for (size_t i = 0; i < findings->count; i++) {
		const struct check_finding *f = &findings->entries[i];
		if (!(f->chips & findings_bit(chip)))
			continue;
		if (f->severity == FINDING_ERROR)
			return FINDINGS_UNFIT;
		if (f->severity == FINDING_WARNING)
			fit = FINDINGS_FIT_WARNINGS;
	}
	return fit;
}

bool findings_fits_any(const struct findings *findings)
{
	for (size_t i = 0; i < chip_count; i++)
		if (findings->chips[i].looked_at &&
		    findings_fit(findings, &chip_table[i]) != FINDINGS_UNFIT)
			return true;
	return false;
}
