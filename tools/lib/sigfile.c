/* SPDX-License-Identifier: Apache-2.0 */
#include "sigfile.h"

#include "hex.h"

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
	int n = snprintf(text, SIGFILE_MAX, "%s\nts: %s\n%s%s%s%s%s%s", hash, sig->time,
	                 *sig->soc ? "target-soc: " : "", sig->soc, *sig->soc ? "\n" : "",
	                 sig->is_signed ? "rsa2048: " : "", signature, sig->is_signed ? "\n" : "");
	return (size_t)n;
}

/* If LINE is "KEY: value": the value, without the blanks around it, in VALUE. */
static bool sigfile_value_of(const char *line, const char *key, char *value)
{
	size_t n = strlen(key);
	if (strncmp(line, key, n) != 0)
		return false;
	line += n + strspn(line + n, " \t");
	memmove(value, line, strlen(line) + 1);
	return true;
}

static int sigfile_parse_signature(const char *value, struct sigfile *sig, struct reason *why)
{
	if (sig->is_signed)
		return reason_set(why, "more than one rsa2048 line");
	if (strlen(value) != 2 * sizeof sig->signature ||
	    !hex_decode(value, sig->signature, sizeof sig->signature))
		return reason_set(why, "the rsa2048 line does not have 512 hexadecimal digits");
	sig->is_signed = true;
	return 0;
}

static int sigfile_parse_hash(const char *line, struct sigfile *sig, struct reason *why)
{
	line += *line == '\\'; /* sha256sum's mark of an unusual file name */
	if (strlen(line) != 2 * sizeof sig->sha256 ||
	    !hex_decode(line, sig->sha256, sizeof sig->sha256))
		return reason_set(why, "the first line is not a SHA-256 hash of 64 digits");
	return 0;
}

static int sigfile_parse_line(const char *line, struct sigfile *sig, struct reason *why)
{
	char value[SIGFILE_MAX];
	if (sigfile_value_of(line, "rsa2048:", value))
		return sigfile_parse_signature(value, sig, why);
	if (sigfile_value_of(line, "ts:", value))
		return *sig->time ? reason_set(why, "more than one ts line")
		                  : sigfile_set_time(sig, value, why);
	if (sigfile_value_of(line, "target-soc:", value))
		return *sig->soc ? reason_set(why, "more than one target-soc line")
		                 : sigfile_set_soc(sig, value, why);
	return 0;
}

/* Copies the line at the front of TEXT, without blanks at its end. Returns how much of the text it took. */
static size_t sigfile_take_line(const char *text, size_t n, char line[SIGFILE_MAX])
{
	const char *end = (const char *)memchr(text, '\n', n);
	size_t size = end ? (size_t)(end - text) : n;
	size_t taken = end ? size + 1 : n;
	while (size && strchr(" \t\r", text[size - 1]))
		size--;
	memcpy(line, text, size);
	line[size] = 0;
	return taken;
}

int sigfile_parse(const char *text, size_t n, struct sigfile *sig, struct reason *why)
{
	char line[SIGFILE_MAX];
	*sig = (struct sigfile){ 0 };
	if (n >= SIGFILE_MAX || memchr(text, 0, n))
		return reason_set(why, "not a signature file");
	size_t at = sigfile_take_line(text, n, line);
	if (sigfile_parse_hash(line, sig, why) != 0)
		return -1;
	while (at < n) {
		at += sigfile_take_line(text + at, n - at, line);
		if (sigfile_parse_line(line, sig, why) != 0)
			return -1;
	}
	return 0;
}
