/* SPDX-License-Identifier: Apache-2.0 */
/* --driver: which driver each board has, and how to install one, where programs need a driver to reach boards (Windows). */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>

/* DIRECTORY is the program's (NULL: unknown); INSTALL: installs the package beside it instead of printing how. Returns the
 * exit status: 0, also on systems that need none; 255 with one line on stderr. */
int driver_run(const char *directory, bool install);

#endif
