/* SPDX-License-Identifier: Apache-2.0 */
/* Is a boot directory fit for a chip? The rules, applied to files only. They add to a list of findings; printing them,
 * and stopping a run for them (bootdir/enforce.h), is for others. Facts: docs/check.md, docs/formats.md. */
#ifndef CHECKS_H
#define CHECKS_H

#include "bootdir/bootfiles.h"
#include "bootdir/check_depth.h"
#include "bootdir/findings.h"

/* Looks at what a board with the chip of FILES (open) would be served. */
void checks_files(struct findings *findings, const struct bootfiles *files,
                  enum checks_depth depth);

/* Looks at the whole of everything for CHIP (NULL: every chip) as a board on USB path PATH (may be NULL) would see it.
 * OK or ERR_MEMORY. */
enum err checks_directory(struct findings *findings, const struct bootfiles_places *places,
                          const struct chip *chip, const char *path);

/* The key that a board locks itself to with FILES. False: config.txt does not ask for that, or there is no key. */
bool checks_lock_key(const struct bootfiles *files, uint8_t hash[32]);

#endif
