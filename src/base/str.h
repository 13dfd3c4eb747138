/* SPDX-License-Identifier: Apache-2.0 */
/* Small strings: joined paths, and what boards say made safe for a terminal. */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A new string as printf would print it, to be freed; NULL: out of memory. */
char *str_new(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A text that grows: starts as zeros; the caller frees bytes. When memory runs out, FAILED is set and nothing is added from
 * then on. */
struct str_buffer {
	char *bytes; /* NUL-terminated; NULL: nothing added yet */
	size_t size, room;
	bool failed;
};

void str_add(struct str_buffer *b, const char *bytes, size_t n);
void str_addf(struct str_buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies FROM into TO (SIZE > 0 bytes) with everything that is not printable ASCII or valid UTF-8 as \xNN; cut when it
 * does not fit. Returns TO. */
const char *str_escape(char *to, size_t size, const char *from);

/* S as one word of a shell's command line, in quotes if it needs them, to be freed; NULL: out of memory. It does not
 * begin with a dash. */
char *str_shell(const char *s);

/* Length in bytes of the valid UTF-8 sequence S begins with (1 to 4; overlong forms and surrogates are not valid), 0 if
 * it begins with none. S is terminated and not empty. */
size_t str_utf8(const char *s);

/* Prints TEXT and a line's end, broken at blanks so that lines from column INDENT on end before column WIDTH; its own line
 * ends stay. The first line is already there up to INDENT. */
void str_wrap(FILE *out, int indent, int width, const char *text);

/* Leaves the first line of TEXT that is not empty, without blanks before it and its line end. */
void str_first_line(char *text);

/* Whether the N bytes at S are a USB path: BUS-PORT[.PORT]... in decimal. */
bool str_is_usb_path(const char *s, size_t n);

/* The whole of S as an unsigned decimal number up to MAX. False when it is none. */
bool str_number(const char *s, unsigned long max, unsigned long *out);

#endif
