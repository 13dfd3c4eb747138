/* SPDX-License-Identifier: Apache-2.0 */
/* What an error means to the person who started the program: advice, and the exit status. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "base/err.h"

/* What to do about it: one or more sentences, or NULL. */
const char *outcome_advice(enum err err);

/* The exit status of a run that ended with ERR; rpiboot(1) documents them:
 * 0 success, 1 boot files, 2 board failed, 3 board lost, 4 board did not come back, 5 no board,
 * 6 no disk, 7 --exec, 130 interrupted, 255 usage, libusb or permission. */
int outcome_status(enum err err);

#endif
