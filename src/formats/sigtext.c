/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/sigtext.h"

#include <string.h>

static int sigtext_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Whether the N characters of TEXT are hexadecimal digits. */
static bool sigtext_is_hex(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sigtext_digit(text[i]) < 0)
			return false;
	return true;
}

/* Whether the line of N characters begins with KEY; *VALUE: what follows, without blanks before it. */
static bool sigtext_has_key(const char **value, size_t *n, const char *key)
{
	size_t k = strlen(key);
	if (*n < k || memcmp(*value, key, k) != 0)
		return false;
	while (k < *n && (*value)[k] == ' ')
		k++;
	*value += k;
	*n -= k;
	return true;
}

static bool sigtext_take_hash(struct sigtext *sig, const char *line, size_t n)
{
	if (n != 2 * SHA256_SIZE || !sigtext_is_hex(line, n))
		return false;
	for (size_t i = 0; i < SHA256_SIZE; i++)
		sig->hash[i] = (uint8_t)(sigtext_digit(line[2 * i]) * 16 +
		                         sigtext_digit(line[2 * i + 1]));
	sig->has_hash = true;
	return true;
}

/* A line after the first. */
static const char *sigtext_take_line(struct sigtext *sig, const char *line, size_t n,
                                     bool *has_time)
{
	if (sigtext_has_key(&line, &n, "ts:")) {
		*has_time = n > 0;
		for (size_t i = 0; i < n; i++)
			if (line[i] < '0' || line[i] > '9')
				return "has a ts line without a decimal number";
	} else if (sigtext_has_key(&line, &n, "target-soc:")) {
		if (n == 0 || n >= sizeof sig->target)
			return "has a target-soc line without a chip";
		memcpy(sig->target, line, n);
	} else if (sigtext_has_key(&line, &n, "rsa2048:")) {
		if (sig->is_signed)
			return "has more than one rsa2048 line";
		if (n != 512 || !sigtext_is_hex(line, n))
			return "has an rsa2048 line without 512 hexadecimal digits";
		sig->is_signed = true;
	}
	return NULL;
}

const char *sigtext_read(struct sigtext *sig, const char *text, size_t n)
{
	*sig = (struct sigtext){ .is_signed = false };
	if (n == 0)
		return "is empty";
	bool has_time = false;
	for (size_t at = 0; at < n;) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t length = end ? (size_t)(end - text) - at : n - at, next = at + length + 1;
		if (length > 0 && text[at + length - 1] == '\r')
			length--;
		if (at == 0) {
			if (!sigtext_take_hash(sig, text, length))
				return "does not begin with a line of 64 hexadecimal digits";
		} else {
			const char *problem = sigtext_take_line(sig, text + at, length, &has_time);
			if (problem)
				return problem;
		}
		at = next;
	}
	return has_time ? NULL : "has no ts line";
}
