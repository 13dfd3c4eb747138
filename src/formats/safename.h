/* SPDX-License-Identifier: Apache-2.0 */
/* File names that a board asks for: which of them name a file below the directory they are looked up in, on every system
 * that this program runs on. What only Windows understands otherwise is refused everywhere, so that a directory behaves
 * the same on all hosts.
 *
 * Source: "Naming Files, Paths, and Namespaces" in Microsoft's documentation. */
#ifndef SAFENAME_H
#define SAFENAME_H

#include <stdbool.h>

/* Whether no part of NAME, which is divided by "/", is special: "..", a drive ("C:"), a stream ("a:b"), a device ("NUL.bin"), a
 * wildcard, a control character, "\", or a name that Windows shortens (a dot or a blank at its end). A leading "/" and empty
 * parts are not judged. */
bool safename_ok(const char *name);

#endif
