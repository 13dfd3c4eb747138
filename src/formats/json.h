/* SPDX-License-Identifier: Apache-2.0 */
/* Writes JSON: strings, and objects and arrays with their commas.
 *
 *	struct json_out out;
 *	json_begin(&out, stdout, JSON_SPACED);
 *	json_open(&out, NULL, '{');
 *	json_put_string(&out, "path", path);
 *	json_close(&out, '}');
 *	json_end_line(&out);
 *
 * KEY is NULL inside an array and for the outermost value. Errors are those of the stream. */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Writes S as a JSON string with its quotes: quote, backslash and control characters (up to U+001F, U+007F to U+009F)
 * escaped, a byte that is not UTF-8 as \u00XX. */
void json_string(FILE *out, const char *s);

enum json_style { JSON_COMPACT, JSON_SPACED }; /* {"a":1,"b":2} and {"a": 1, "b": 2} */

struct json_out {
	FILE *stream; /* borrowed */
	bool spaced;
	bool more; /* a value precedes the next one at the same level */
};

void json_begin(struct json_out *out, FILE *stream, enum json_style style);

/* Begins and ends an object ('{', '}') or an array ('[', ']'). */
void json_open(struct json_out *out, const char *key, char bracket);
void json_close(struct json_out *out, char bracket);

/* A line break after an outermost value; the next one may follow. */
void json_end_line(struct json_out *out);

void json_put_string(struct json_out *out, const char *key, const char *value); /* NULL: null */
void json_put_known(struct json_out *out, const char *key,
                    const char *value); /* NULL, "": nothing */
void json_put_number(struct json_out *out, const char *key, uint64_t value);
void json_put_bool(struct json_out *out, const char *key, bool value);
void json_put_null(struct json_out *out, const char *key);

/* Microseconds as seconds with six decimal places. */
void json_put_seconds(struct json_out *out, const char *key, uint64_t microseconds);

#endif
