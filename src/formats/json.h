/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings. */
#ifndef JSON_H
#define JSON_H

#include <stdio.h>

/* Writes S as a JSON string with its quotes: quote, backslash and control characters (up to U+001F, U+007F to U+009F)
 * escaped, a byte that is not UTF-8 as \u00XX. */
void json_string(FILE *out, const char *s);

#endif
