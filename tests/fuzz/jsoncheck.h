/* SPDX-License-Identifier: Apache-2.0 */
/* Is a text valid JSON (RFC 8259)? A strict reader that keeps nothing, for tests of what writes JSON. */
#ifndef JSONCHECK_H
#define JSONCHECK_H

#include "base/str.h"

#include <stdbool.h>
#include <string.h>

#define JSONCHECK_DEPTH 16

/* Moves *AT behind the value there; false: it is none. AT points into a terminated text. */
static inline bool jsoncheck_value(const char **at, unsigned depth);

static inline void jsoncheck_blanks(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

static inline bool jsoncheck_escape(const char **at)
{
	char c = *++*at;
	if (c == 'u')
		return strspn(++*at, "0123456789abcdefABCDEF") >= 4 && (*at += 4);
	return c && strchr("\"\\/bfnrt", c) && ++*at;
}

static inline bool jsoncheck_string(const char **at)
{
	if (**at != '"')
		return false;
	++*at;
	while (**at != '"') {
		size_t n = str_utf8(*at);
		if ((unsigned char)**at < 0x20 || n == 0)
			return false;
		if (**at == '\\') {
			if (!jsoncheck_escape(at))
				return false;
		} else {
			*at += n;
		}
	}
	++*at;
	return true;
}

static inline bool jsoncheck_digits(const char **at)
{
	size_t n = strspn(*at, "0123456789");
	*at += n;
	return n > 0;
}

static inline bool jsoncheck_number(const char **at)
{
	*at += **at == '-';
	bool ok = **at == '0' ? *++*at < '0' || **at > '9' : jsoncheck_digits(at);
	if (ok && **at == '.')
		ok = ++*at && jsoncheck_digits(at);
	if (ok && (**at | 32) == 'e') {
		++*at;
		*at += **at == '+' || **at == '-';
		ok = jsoncheck_digits(at);
	}
	return ok;
}

/* An object's or array's elements up to CLOSE. */
static inline bool jsoncheck_list(const char **at, char close, unsigned depth)
{
	++*at;
	jsoncheck_blanks(at);
	for (bool first = true; **at != close; first = false) {
		if (!first && *(*at)++ != ',')
			return false;
		jsoncheck_blanks(at);
		if (close == '}') {
			if (!jsoncheck_string(at))
				return false;
			jsoncheck_blanks(at);
			if (*(*at)++ != ':')
				return false;
		}
		if (!jsoncheck_value(at, depth + 1))
			return false;
		jsoncheck_blanks(at);
	}
	++*at;
	return true;
}

static inline bool jsoncheck_value(const char **at, unsigned depth)
{
	static const char *const words[] = { "true", "false", "null" };
	jsoncheck_blanks(at);
	if (depth > JSONCHECK_DEPTH)
		return false;
	if (**at == '"')
		return jsoncheck_string(at);
	if (**at == '{' || **at == '[')
		return jsoncheck_list(at, **at == '{' ? '}' : ']', depth);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncmp(*at, words[i], strlen(words[i])) == 0) {
			*at += strlen(words[i]);
			return true;
		}
	return jsoncheck_number(at);
}

/* Whether the whole of TEXT is one JSON value. */
static inline bool jsoncheck(const char *text)
{
	if (!jsoncheck_value(&text, 0))
		return false;
	jsoncheck_blanks(&text);
	return !*text;
}

#endif
