/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between the boot files and a board: before the first byte goes out, directories that certainly do not work stop
 * the run or the board, and what changes a chip for ever is told loudly. Tells each thing once. What is looked at is
 * preflight's business. */
#ifndef ENFORCE_H
#define ENFORCE_H

#include "bootdir/bootfiles.h"
#include "report/report.h"

#include <stdbool.h>

struct enforce;

/* PLACES and REPORT are borrowed. SIGN: -s. NULL: out of memory. */
struct enforce *enforce_new(const struct bootfiles_places *places, bool sign,
                            struct report *report);
void enforce_free(struct enforce *enforce); /* NULL is fine */

/* Before any board is touched: whether a run can serve any chip from the directory given with -d. Without one: OK. Reports
 * what is wrong; what is wrong only for some chips is a warning. ERR_NO_DIRECTORY, ERR_ARCHIVE, ERR_FILE_READ, ERR_MEMORY,
 * ERR_SIGNATURE, ERR_NO_SECOND_STAGE, ERR_EMPTY_FILE, ERR_FILE_TOO_LARGE, ERR_UNFIT. */
enum err enforce_run(struct enforce *enforce);

/* Before BOARD gets its first byte from FILES: the same for what this board, with its own overlay, will see. A board that
 * already runs its second stage is never refused. GATE NULL: nobody looks. Any thread. */
enum err enforce_board(struct enforce *enforce, const struct bootfiles *files,
                       const struct board_facts *board);

#endif
