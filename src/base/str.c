/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *str_new(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *s = n < 0 ? NULL : malloc((size_t)n + 1);
	if (!s)
		return NULL;
	va_start(args, format);
	vsnprintf(s, (size_t)n + 1, format, args);
	va_end(args);
	return s;
}

/* Room for N more bytes and a NUL. */
static bool str_grow(struct str_buffer *b, size_t n)
{
	if (!b->failed && b->size + n >= b->room) {
		size_t room = b->room * 2 + n + 128;
		char *bytes = realloc(b->bytes, room);
		b->failed = !bytes;
		if (bytes) {
			b->bytes = bytes;
			b->room = room;
		}
	}
	return !b->failed;
}

void str_add(struct str_buffer *b, const char *bytes, size_t n)
{
	if (!str_grow(b, n))
		return;
	if (n > 0)
		memcpy(b->bytes + b->size, bytes, n);
	b->size += n;
	b->bytes[b->size] = 0;
}

void str_addf(struct str_buffer *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || !str_grow(b, (size_t)n))
		return;
	va_start(args, format);
	vsnprintf(b->bytes + b->size, (size_t)n + 1, format, args);
	va_end(args);
	b->size += (size_t)n;
}

size_t str_utf8(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	if (u[0] < 0x80)
		return 1;
	size_t n = u[0] >= 0xc2 && u[0] <= 0xdf   ? 2
	           : (u[0] & 0xf0) == 0xe0        ? 3
	           : u[0] >= 0xf0 && u[0] <= 0xf4 ? 4
	                                          : 0;
	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return n;
}

const char *str_escape(char *to, size_t size, const char *from)
{
	size_t at = 0;
	while (*from) {
		size_t n = str_utf8(from);
		bool control = (unsigned char)*from < 0x20 || *from == 0x7f ||
		               (n == 2 && (unsigned char)from[0] == 0xc2 &&
		                (unsigned char)from[1] < 0xa0); /* C1: terminals obey them too */
		if (n == 0 || control) {
			size_t bytes = n ? n : 1;
			if (at + 4 * bytes >= size)
				break;
			while (bytes-- > 0)
				at += (size_t)snprintf(to + at, size - at, "\\x%02x",
				                       (unsigned char)*from++);
		} else {
			if (at + n >= size)
				break;
			memcpy(to + at, from, n);
			at += n;
			from += n;
		}
	}
	to[at] = 0;
	return to;
}

char *str_shell(const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-+=:,./@%";
	struct str_buffer word = { 0 };
	if (*s == '-')
		str_addf(&word, "./");
	bool quote = s[strspn(s, plain)] || !*s;
	str_addf(&word, "%s", quote ? "'" : "");
	for (; *s; s++)
		if (*s == '\'')
			str_addf(&word, "'\\''");
		else
			str_add(&word, s, 1);
	str_addf(&word, "%s", quote ? "'" : "");
	if (!word.failed)
		return word.bytes;
	free(word.bytes);
	return NULL;
}

void str_first_line(char *text)
{
	size_t blank = strspn(text, "\r\n "), length = strcspn(text + blank, "\r\n");
	memmove(text, text + blank, length);
	text[length] = 0;
}

bool str_number(const char *s, unsigned long max, unsigned long *out)
{
	if (*s < '0' || *s > '9')
		return false;
	char *end;
	errno = 0;
	*out = strtoul(s, &end, 10);
	return !*end && errno == 0 && *out <= max;
}

static size_t str_digits(const char *s, size_t n)
{
	size_t i = 0;
	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

bool str_is_usb_path(const char *s, size_t n)
{
	size_t at = str_digits(s, n);
	char before = '-';
	if (at == 0)
		return false;
	while (at < n) {
		size_t digits = s[at] == before ? str_digits(s + at + 1, n - at - 1) : 0;
		if (digits == 0)
			return false;
		at += 1 + digits;
		before = '.';
	}
	return before == '.';
}

void str_wrap(FILE *out, int indent, int width, const char *text)
{
	int column = indent;
	while (*text) {
		int n = (int)strcspn(text, " \n");
		if (column > indent && column + 1 + n > width) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		}
		column += fprintf(out, "%s%.*s", column > indent ? " " : "", n, text);
		text += n;
		if (*text == '\n') {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		}
		text += *text != 0;
	}
	putc('\n', out);
}
