/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/checks.h"

#include "base/str.h"
#include "bootdir/check_ctx.h"
#include "report/outcome.h"

#include <stdlib.h>
#include <string.h>

/* The rules for each kind of directory. */
static const struct {
	void (*run)(struct check_ctx *);
	unsigned kinds;          /* bit N: enum findings_kind */
	enum checks_depth depth; /* the least */
} checks[] = {
	{ check_known, ~0u, CHECKS_WHOLE },
	{ check_recovery, 1u << KIND_RECOVERY, CHECKS_QUICK },
	{ check_image, 1u << KIND_GADGET, CHECKS_QUICK },
	{ check_legacy, 1u << KIND_LEGACY, CHECKS_QUICK },
};

static enum findings_kind checks_kind_of(const struct check_ctx *c)
{
	if (!c->files->directory)
		return KIND_LEGACY;
	bool image = c->ramdisk != CONFIGTXT_NO || check_has(c, "boot.img");
	bool firmware = check_has(c, "start.elf") || check_has(c, "start4.elf");
	bool eeprom = c->chip->eeprom_size &&
	              (check_has(c, "pieeprom.bin") || check_has(c, "pieeprom.upd"));
	bool keys = c->chip->eeprom_size && (c->erases || c->has_purpose);
	if (c->is_recovery)
		return image && !eeprom && !keys ? KIND_GADGET : KIND_RECOVERY;
	if (image)
		return KIND_GADGET;
	if (!firmware && (eeprom || (keys && !check_has(c, "bootmain"))))
		return KIND_RECOVERY;
	if (!c->chip->start_file) /* there is no such firmware for it */
		return KIND_OTHER;
	return (firmware && !c->files->archive && !check_has(c, "config.txt")) ||
	                       (c->is_legacy && !firmware)
	               ? KIND_LEGACY
	               : KIND_OTHER;
}

static void checks_run(struct findings *findings, const struct bootfiles *files,
                       enum checks_depth depth, struct check_cache *cache)
{
	if (findings->out_of_memory)
		return;
	struct findings_chip *result = &findings->chips[files->chip - chip_table];
	struct check_ctx c = { .findings = findings,
		               .result = result,
		               .files = files,
		               .chip = files->chip,
		               .depth = depth,
		               .cache = cache };
	result->looked_at = true;
	if (files->directory) {
		result->directory = str_new("%s", files->directory);
		findings->out_of_memory |= !result->directory;
	}
	if (check_second_stage(&c)) {
		check_private_keys(&c);
		check_config(&c);
		result->kind = checks_kind_of(&c);
		for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
			if (c.is_usable && depth >= checks[i].depth &&
			    (checks[i].kinds >> result->kind & 1))
				checks[i].run(&c);
	}
	free(c.eeprom.bytes);
}

void checks_files(struct findings *findings, const struct bootfiles *files, enum checks_depth depth)
{
	checks_run(findings, files, depth, NULL);
}

/* A directory or an archive that cannot be used. */
static void checks_add_unusable(struct findings *findings, const struct bootfiles *files,
                                enum err err)
{
	const char *file = files->archive     ? files->archive
	                   : files->directory ? files->directory
	                                      : "boot directory";
	const char *problem = files->problem ? files->problem : err_text(err);
	size_t n = strlen(file);
	if (strncmp(problem, file, n) == 0 && problem[n] == ':')
		problem += n + 1 + strspn(problem + n + 1, " ");
	const struct check_finding like = { .severity = FINDING_ERROR,
		                            .chips = findings_bit(files->chip),
		                            .err = err,
		                            .code = err_code(err) };
	findings_add(findings, &like, file, problem, outcome_advice(err));
}

enum err checks_directory(struct findings *findings, const struct bootfiles_places *places,
                          const struct chip *chip, const char *path)
{
	struct check_cache cache = { NULL, { 0 } };
	for (size_t i = 0; i < chip_count && !findings->out_of_memory; i++) {
		struct bootfiles files;
		if (chip && chip != &chip_table[i])
			continue;
		findings->chips[i].looked_at = true;
		enum err err = bootfiles_open(&files, places, &chip_table[i], path);
		if (err == ERR_MEMORY)
			findings->out_of_memory = true;
		else if (err)
			checks_add_unusable(findings, &files, err);
		else
			checks_run(findings, &files, CHECKS_WHOLE, &cache);
		bootfiles_close(&files);
	}
	free(cache.hashed);
	if (!findings->out_of_memory)
		findings_demote_missing_stages(findings);
	return findings->out_of_memory ? ERR_MEMORY : OK;
}

bool checks_lock_key(const struct bootfiles *files, uint8_t hash[RAWKEY_HASH])
{
	struct findings findings;
	findings_init(&findings);
	struct check_ctx c = { .findings = &findings, .files = files, .chip = files->chip };
	if (findings.chips) {
		c.result = &findings.chips[files->chip - chip_table];
		check_config(&c);
	}
	bool found = c.locks && c.eeprom.pubkey.known;
	if (found)
		memcpy(hash, c.eeprom.pubkey.hash, RAWKEY_HASH);
	free(c.eeprom.bytes);
	findings_free(&findings);
	return found;
}
