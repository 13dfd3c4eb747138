/* SPDX-License-Identifier: Apache-2.0 */
/* Names for USB paths, like "rack 1, socket 3" for 1-1.3, read from a file (--names): a line is a path, blanks, and the
 * name up to the line's end; empty lines and lines that begin with # are ignored. */
#ifndef PLACE_NAMES_H
#define PLACE_NAMES_H

#include <stddef.h>

struct place_names;

/* Reads FILE. NULL: ERROR (SIZE bytes) says why, with the line. */
struct place_names *place_names_read(const char *file, char *error, size_t size);

/* The name of PATH, or NULL. NAMES may be NULL. */
const char *place_names_find(const struct place_names *names, const char *path);

void place_names_free(struct place_names *names); /* NULL is fine */

#endif
