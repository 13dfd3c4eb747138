/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/duid.h"

#include <stdint.h>
#include <string.h>

/* Skips to the next word; the value of its leading hexadecimal digits as strtoul would take them (blanks, sign, "0x"),
 * low 32 bits, all ones beyond 64. */
static uint32_t duid_next_word(const char **at, const char *end)
{
	const char *c = *at;
	uint64_t value = 0;
	bool negative = false, over = false;
	while (c < end && (*c == ' ' || (*c >= '\t' && *c <= '\r')))
		c++;
	if (c < end && (*c == '+' || *c == '-'))
		negative = *c++ == '-';
	if (end - c > 2 && c[0] == '0' && (c[1] | 32) == 'x' &&
	    strchr("0123456789abcdefABCDEF", c[2]))
		c += 2;
	for (; c < end; c++) {
		unsigned digit = *c >= '0' && *c <= '9' ? (unsigned)(*c - '0')
		                 : (*c | 32) >= 'a' && (*c | 32) <= 'f'
		                         ? (unsigned)((*c | 32) - 'a' + 10)
		                         : 16;
		if (digit == 16)
			break;
		over = over || value >> 60;
		value = value << 4 | digit;
	}
	*at = end;
	if (over)
		return UINT32_MAX;
	return (uint32_t)(negative ? 0 - value : value);
}

/* Three characters from 16 bits. */
static bool duid_decode_half(uint32_t h, char out[3])
{
	long rest = (long)h;
	long c[3];
	c[0] = (rest - 1) / 1600;
	rest -= 1600 * c[0];
	c[1] = (rest - 1) / 40;
	c[2] = rest - 40 * c[1] - 1;
	for (int i = 0; i < 3; i++) {
		if (c[i] >= 4 && c[i] <= 13)
			out[i] = (char)('0' + c[i] - 4);
		else if (c[i] >= 14 && c[i] <= 39)
			out[i] = (char)('A' + c[i] - 14);
		else
			return false;
	}
	return true;
}

bool duid_decode(const char *value, char text[DUID_TEXT + 1])
{
	size_t n = 0;
	while (*value) {
		const char *end = value + strcspn(value, "_");
		if (end == value) {
			value++;
			continue;
		}
		uint32_t word = duid_next_word(&value, end);
		if (word == 0)
			break;
		uint32_t halves[] = { word & 0xffff, word >> 16 };
		for (int i = 0; i < 2; i++) {
			if (i == 1 && halves[i] == 0)
				break;
			if (n + 3 > DUID_TEXT || !duid_decode_half(halves[i], text + n)) {
				text[0] = 0;
				return false;
			}
			n += 3;
		}
	}
	text[n] = 0;
	return true;
}
