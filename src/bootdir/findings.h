/* SPDX-License-Identifier: Apache-2.0 */
/* What was found in a boot directory: a list, the verdict for each chip, and how both are printed. The rules are in
 * bootdir/checks.h.
 *
 *	struct findings findings;
 *	findings_init(&findings);
 *	checks_directory(&findings, ...);
 *	findings_print(&findings, false, stdout);
 *	findings_free(&findings);
 */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "base/chip.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>

enum findings_severity {
	FINDING_NOTE,
	FINDING_WARNING, /* most boards will do */
	FINDING_ERROR,   /* the chip is not served well: the directory is not fit for it */
};

struct check_finding {
	enum findings_severity severity;
	unsigned chips;   /* bit N: concerns chip_table[N] */
	enum err err;     /* not OK: certain enough to refuse to serve these chips */
	bool in_runs;     /* a run reports it, too, although it is no error */
	const char *code; /* a stable word for machines */
	char *file;       /* owned; below the boot directory, "bootfiles.bin:MEMBER", or a path */
	unsigned line;    /* of it; 0: the whole file */
	char *text;       /* owned; what is wrong and why it matters, after "FILE: " */
	char *advice;     /* owned; what to do, mostly a command; without a full stop; or NULL */
};

/* The code of a setting that changes one-time programmable memory. */
#define FINDINGS_IRREVERSIBLE "irreversible-key"

/* How the text begins where a directory simply has no second stage for a chip: no reason to do anything if it has others. */
#define FINDINGS_NO_STAGE "no second stage"

/* What a directory is made for. */
enum findings_kind {
	KIND_NOTHING, /* no second stage for the chip */
	KIND_GADGET,  /* runs a boot.img */
	KIND_RECOVERY,
	KIND_LEGACY, /* the old mass-storage firmware */
	KIND_OTHER,
};

struct findings_chip {
	bool looked_at;
	enum findings_kind kind;
	char *directory; /* owned; NULL: the legacy firmware */
	char *stage;     /* owned; where the second stage is, like check_finding.file; NULL: none */
};

struct findings {
	struct findings_chip *chips; /* like chip_table */
	struct check_finding *entries;
	size_t count;
	bool out_of_memory; /* then incomplete */
};

enum findings_fit { FINDINGS_UNFIT, FINDINGS_FIT_WARNINGS, FINDINGS_FIT };

void findings_init(struct findings *findings);
void findings_free(struct findings *findings);

/* Adds a finding: LIKE with copies of FILE, TEXT and ADVICE (NULL: none). The same finding for another chip becomes one. */
void findings_add(struct findings *findings, const struct check_finding *like, const char *file,
                  const char *text, const char *advice);

/* A directory for some chips need not have the second stages of the others: makes that a note. */
void findings_demote_missing_stages(struct findings *findings);

/* The verdict for a chip that was looked at. */
enum findings_fit findings_fit(const struct findings *findings, const struct chip *chip);
bool findings_fits_any(const struct findings *findings);

/* A chip's bit in a finding. */
unsigned findings_bit(const struct chip *chip);

/* "BCM2711, BCM2712". Returns TO. */
const char *findings_chip_names(unsigned chips, char *to, size_t size);

/* Prints a table, then a line for each finding, 80 columns wide where words allow. BRIEF: only warnings and errors. */
void findings_print(const struct findings *findings, bool brief, FILE *out);

/* The same as JSON: an object a line, first for each chip, then for each finding (docs/check.md). */
void findings_print_json(const struct findings *findings, FILE *out);

#endif
