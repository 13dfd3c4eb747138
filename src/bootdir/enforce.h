/* SPDX-License-Identifier: Apache-2.0 */
/* Enforces the checks of boot files: before the first byte is sent, directories that certainly do not work stop the run or
 * the board, and settings that change one-time programmable memory are reported. Reports each thing once. The rules are
 * in bootdir/checks.h. */
#ifndef ENFORCE_H
#define ENFORCE_H

#include "bootdir/bootfiles.h"
#include "formats/rawkey.h"
#include "report/report.h"

#include <stdbool.h>

struct enforce;

/* PLACES and REPORT are borrowed. SIGN: -s. NULL: out of memory. */
struct enforce *enforce_new(const struct bootfiles_places *places, bool sign,
                            struct report *report);
void enforce_free(struct enforce *enforce); /* NULL is fine */

/* Refuses every directory that would lock boards to another key than the one with this hash. */
void enforce_expect_key(struct enforce *enforce, const uint8_t hash[RAWKEY_HASH]);

/* Before any board is touched: whether a run can serve any chip from the directory given with -d, or, without -d, whether
 * there is any second stage at all. Reports what is wrong; what is wrong only for some chips is a warning.
 * ERR_NO_DIRECTORY, ERR_ARCHIVE, ERR_FILE_READ, ERR_MEMORY, ERR_SIGNATURE, ERR_NO_SECOND_STAGE, ERR_EMPTY_FILE,
 * ERR_FILE_TOO_LARGE, ERR_UNFIT. */
enum err enforce_run(struct enforce *enforce);

/* Whether FILES lock boards to no other key than the expected one. */
bool enforce_accepts_key(const struct enforce *enforce, const struct bootfiles *files);

/* Before BOARD gets its first byte from FILES: the same for what this board, with its own overlay, will see. A board that
 * already runs its second stage is refused for the key alone. ENFORCE NULL: nothing is checked. Any thread. */
enum err enforce_board(struct enforce *enforce, const struct bootfiles *files,
                       const struct board_facts *board);

#endif
