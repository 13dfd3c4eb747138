/* SPDX-License-Identifier: Apache-2.0 */
#include "base/serial.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define SHORT 8
#define LONG  16

bool serial_is_valid(const char *text)
{
	size_t n = strlen(text);
	return (n == SHORT || n == LONG) && strspn(text, "0123456789abcdefABCDEF") == n;
}

bool serial_same(const char *a, const char *b)
{
	if (!serial_is_valid(a) || !serial_is_valid(b))
		return false;
	size_t n = strlen(a), m = strlen(b);
	size_t common = n < m ? n : m;
	return strcasecmp(a + n - common, b + m - common) == 0;
}
