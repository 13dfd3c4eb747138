/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/sigfile.h"

#include "formats/hex.h"

#include <stdio.h>
#include <string.h>

int sigfile_set_time(struct sigfile *sig, const char *digits, struct reason *why)
{
	size_t n = strlen(digits);
	if (n == 0 || n >= sizeof sig->time || strspn(digits, "0123456789") != n)
		return reason_set(why, "the time \"%s\" is not a decimal number of seconds",
		                  digits);
	memcpy(sig->time, digits, n + 1);
	return 0;
}

int sigfile_set_soc(struct sigfile *sig, const char *word, struct reason *why)
{
	size_t n = strlen(word);
	bool plain = n > 0 && n < sizeof sig->soc;
	for (size_t i = 0; i < n; i++)
		plain = plain && word[i] > ' ' && word[i] < 0x7f;
	if (!plain)
		return reason_set(why, "the target \"%s\" is not one short word (2711, 2712)",
		                  word);
	memcpy(sig->soc, word, n + 1);
	return 0;
}

size_t sigfile_format(const struct sigfile *sig, char text[SIGFILE_MAX])
{
	char hash[2 * sizeof sig->sha256 + 1], signature[2 * sizeof sig->signature + 1] = "";
	hex_encode(sig->sha256, sizeof sig->sha256, hash);
	if (sig->is_signed)
		hex_encode(sig->signature, sizeof sig->signature, signature);
	int n = snprintf(text, SIGFILE_MAX, "%s\n%s%s%s%s%s%s%s%s%s", hash,
	                 *sig->time ? "ts: " : "", sig->time, *sig->time ? "\n" : "",
	                 *sig->soc ? "target-soc: " : "", sig->soc, *sig->soc ? "\n" : "",
	                 sig->is_signed ? "rsa2048: " : "", signature, sig->is_signed ? "\n" : "");
	return (size_t)n;
}

/* A line being read: N characters without the blanks at its end. */
struct sigfile_line {
	const char *text;
	size_t n, number;
};

/* If the line is "KEY value": leaves the value, without the blanks before it, in LINE. */
static bool sigfile_take_key(struct sigfile_line *line, const char *key)
{
	size_t k = strlen(key);
	if (line->n < k || memcmp(line->text, key, k) != 0)
		return false;
	while (k < line->n && (line->text[k] == ' ' || line->text[k] == '\t'))
		k++;
	line->text += k;
	line->n -= k;
	return true;
}

static int sigfile_parse_hash(const struct sigfile_line *line, struct sigfile *sig,
                              struct reason *why)
{
	if (line->n == 1 + 2 * sizeof sig->sha256 && *line->text == '\\')
		return reason_set_at(why, 1,
		                     "has a backslash before the hash: sha256sum's mark of an "
		                     "unusual file name, which boot loaders do not expect");
	if (line->n != 2 * sizeof sig->sha256 ||
	    !hex_decode(line->text, sig->sha256, sizeof sig->sha256))
		return reason_set_at(why, 1, "does not begin with a SHA-256 hash of 64 digits");
	sig->has_hash = true;
	return 0;
}

static int sigfile_parse_signature(const struct sigfile_line *value, struct sigfile *sig,
                                   struct reason *why)
{
	if (sig->is_signed)
		return reason_set_at(why, value->number, "has more than one rsa2048 line");
	if (value->n != 2 * sizeof sig->signature ||
	    !hex_decode(value->text, sig->signature, sizeof sig->signature))
		return reason_set_at(why, value->number,
		                     "has an rsa2048 line without 512 hexadecimal digits");
	sig->is_signed = true;
	return 0;
}

/* A value that one of the setters checks. */
static int sigfile_parse_word(const struct sigfile_line *value, const char *key, const char *old,
                              int (*set)(struct sigfile *, const char *, struct reason *),
                              struct sigfile *sig, struct reason *why)
{
	char word[64];
	struct reason inner;
	if (*old)
		return reason_set_at(why, value->number, "has more than one %s line", key);
	if (value->n >= sizeof word)
		return reason_set_at(why, value->number, "has a %s line that is too long", key);
	memcpy(word, value->text, value->n);
	word[value->n] = 0;
	if (set(sig, word, &inner) == 0)
		return 0;
	return reason_set_at(why, value->number, "has a bad %s line: %.200s", key, inner.text);
}

static int sigfile_parse_line(struct sigfile_line *line, struct sigfile *sig, struct reason *why)
{
	if (line->number == 1)
		return sigfile_parse_hash(line, sig, why);
	if (sigfile_take_key(line, "rsa2048:"))
		return sigfile_parse_signature(line, sig, why);
	if (sigfile_take_key(line, "ts:"))
		return sigfile_parse_word(line, "ts", sig->time, sigfile_set_time, sig, why);
	if (sigfile_take_key(line, "target-soc:"))
		return sigfile_parse_word(line, "target-soc", sig->soc, sigfile_set_soc, sig, why);
	return 0;
}

int sigfile_parse(const char *text, size_t n, struct sigfile *sig, struct reason *why)
{
	size_t number = 0;
	*sig = (struct sigfile){ 0 };
	if (n == 0)
		return reason_set(why, "is empty");
	if (n >= SIGFILE_MAX)
		return reason_set(why, "is too large for a .sig file");
	for (size_t at = 0; at < n;) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t length = end ? (size_t)(end - text) - at : n - at, next = at + length + 1;
		struct sigfile_line line = { text + at, length, ++number };
		if (memchr(line.text, 0, line.n))
			return reason_set_at(why, number,
			                     "is not text: there is a zero byte in it");
		while (line.n > 0 && strchr(" \t\r", line.text[line.n - 1]))
			line.n--;
		if (sigfile_parse_line(&line, sig, why) != 0)
			return -1;
		at = next;
	}
	return 0;
}
