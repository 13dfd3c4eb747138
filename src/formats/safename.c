/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/safename.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool safename_is_word(const char *part, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(part, word, n) == 0;
}

/* COM0 to COM9 and LPT0 to LPT9, also with the superscript digits 1 to 3 of Latin-1 (U+00B9, U+00B2, U+00B3). */
static bool safename_is_port(const char *part, size_t n)
{
	if (n < 4 || (strncasecmp(part, "COM", 3) != 0 && strncasecmp(part, "LPT", 3) != 0))
		return false;
	if (n == 4)
		return part[3] >= '0' && part[3] <= '9';
	return n == 5 && part[3] == '\xc2' &&
	       (part[4] == '\xb9' || part[4] == '\xb2' || part[4] == '\xb3');
}

/* A device's name stands for the device with any extension, and with blanks before that. */
static bool safename_is_device(const char *part, size_t n)
{
	static const char *const words[] = { "CON",    "PRN",     "AUX",   "NUL",
		                             "CONIN$", "CONOUT$", "CLOCK$" };
	const char *dot = memchr(part, '.', n);
	size_t stem = dot ? (size_t)(dot - part) : n;
	while (stem > 0 && part[stem - 1] == ' ')
		stem--;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (safename_is_word(part, stem, words[i]))
			return true;
	return safename_is_port(part, stem);
}

static bool safename_part_ok(const char *part, size_t n)
{
	if (n == 0 || (n == 1 && *part == '.'))
		return true; /* "a//b", "./a": the same file as without */
	return part[n - 1] != '.' && part[n - 1] != ' ' && !safename_is_device(part, n);
}

bool safename_ok(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || strchr("\\:*?\"<>|", *c))
			return false;
	for (const char *part = name;; part++) {
		size_t n = strcspn(part, "/");
		if (!safename_part_ok(part, n))
			return false;
		part += n;
		if (!*part)
			return true;
	}
}
