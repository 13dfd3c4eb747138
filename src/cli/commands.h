/* SPDX-License-Identifier: Apache-2.0 */
/* What the program can be asked to do, each from its options to its exit status. Chooses the output: plain lines, live
 * lines, JSON. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "bootdir/bootfiles.h"
#include "cli/options.h"

/* Serves boards. VERSION is the line that is printed first, RELEASE what records keep of it. */
int command_serve(const struct options *options, const struct bootfiles_places *places,
                  const char *version, const char *release);

/* --check: looks at the boot files and at nothing else. */
int command_check(const struct options *options, const struct bootfiles_places *places);

/* --list: the boards on the bus. */
int command_list(const struct options *options);

/* Ends a text on standard output: STATUS, or, after a message, ERR_USAGE's in place of 0 if not all of it could be written. */
int command_printed(int status);

#endif
