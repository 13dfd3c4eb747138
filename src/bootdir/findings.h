/* SPDX-License-Identifier: Apache-2.0 */
/* Is this boot directory fit for this chip? Looks at files only and makes a list of findings; printing them, and stopping a
 * run for them (gate.h), is for others. Facts: docs/check.md, docs/formats.md. */
#ifndef FINDINGS_H
#define FINDINGS_H

#include "bootdir/bootfiles.h"
#include "formats/sha256.h"

#include <stdbool.h>
#include <stdio.h>

enum preflight_severity {
	PREFLIGHT_NOTE,
	PREFLIGHT_WARNING, /* most boards will do */
	PREFLIGHT_ERROR,   /* the chip is not served well: the directory is not fit for it */
};

struct preflight_finding {
	enum preflight_severity severity;
	unsigned chips;     /* bit N: concerns chip_table[N] */
	enum err err;       /* not OK: certain enough to refuse to serve these chips */
	const char *code;   /* a stable word for machines */
	char *file;         /* owned; below the boot directory, "bootfiles.bin:MEMBER", or a path */
	unsigned line;      /* of it; 0: the whole file */
	char *text;         /* owned; what is wrong, after "FILE: " */
	const char *advice; /* what to do: a sentence without a full stop; or NULL */
};

#define PREFLIGHT_IRREVERSIBLE \
	"irreversible-key" /* the code of a key that changes the chip for ever */

/* What a directory is made for. */
enum preflight_kind {
	PREFLIGHT_NOTHING, /* no second stage for the chip */
	PREFLIGHT_GADGET,  /* runs a boot.img */
	PREFLIGHT_RECOVERY,
	PREFLIGHT_LEGACY, /* the old mass-storage firmware */
	PREFLIGHT_OTHER,
};

struct preflight_chip {
	bool looked_at;
	enum preflight_kind kind;
	char *directory; /* owned; NULL: the legacy firmware */
	char *stage;     /* owned; where the second stage is, like finding.file; NULL: none */
};

struct preflight {
	struct preflight_chip *chips; /* like chip_table */
	struct preflight_finding *findings;
	size_t count;
	bool out_of_memory; /* then incomplete */

	char *hashed; /* owned; the file whose hash this is: chips share large files */
	uint8_t hash[SHA256_SIZE];
};

enum preflight_depth {
	PREFLIGHT_START, /* the second stage and the irreversible keys: what holds for boards with overlays too */
	PREFLIGHT_QUICK, /* what costs a few milliseconds */
	PREFLIGHT_WHOLE, /* also what reads large files */
};

enum preflight_fit { PREFLIGHT_UNFIT, PREFLIGHT_FIT_WARNINGS, PREFLIGHT_FIT };

void preflight_init(struct preflight *preflight);
void preflight_free(struct preflight *preflight);

/* Looks at what a board with the chip of FILES (open) would be served. */
void preflight_files(struct preflight *preflight, const struct bootfiles *files,
                     enum preflight_depth depth);

/* Looks at the whole of everything for CHIP (NULL: every chip) as a board on USB path PATH (may be NULL) would see it.
 * OK or ERR_MEMORY. */
enum err preflight_check(struct preflight *preflight, const struct bootfiles_places *places,
                         const struct chip *chip, const char *path);

/* The verdict for a chip that was looked at. */
enum preflight_fit preflight_fit(const struct preflight *preflight, const struct chip *chip);
bool preflight_fits_any(const struct preflight *preflight);

/* A chip's bit in a finding. */
unsigned preflight_bit(const struct chip *chip);

/* Adds a finding about FILE: LIKE with this file and text. The same finding for another chip becomes one. */
void preflight_add(struct preflight *preflight, const struct preflight_finding *like,
                   const char *file, const char *text);

/* Prints what was found: a table, then a line for each finding, 80 columns wide where words allow. BRIEF: only warnings
 * and errors. */
void preflight_print(const struct preflight *preflight, bool brief, FILE *out);

/* The same as JSON: an object a line, first for each chip, then for each finding (docs/check.md). */
void preflight_print_json(const struct preflight *preflight, FILE *out);

#endif
