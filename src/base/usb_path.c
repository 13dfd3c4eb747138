/* SPDX-License-Identifier: Apache-2.0 */
#include "base/usb_path.h"

#include <stddef.h>
#include <string.h>

bool usb_path_is_pattern(const char *text)
{
	for (char before = '-';; before = '.') {
		size_t digits = strspn(text, "0123456789");
		if (digits == 0)
			return false;
		text += digits;
		if (*text == 0)
			return before == '.'; /* a bus alone is no path */
		if (*text != before)
			return false;
		text++;
		if (strcmp(text, "*") == 0)
			return true;
	}
}

bool usb_path_matches(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);
	if (n > 0 && pattern[n - 1] == '*')
		return strncmp(pattern, path, n - 1) == 0;
	return strcmp(pattern, path) == 0;
}
