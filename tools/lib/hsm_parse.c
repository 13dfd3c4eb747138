/* SPDX-License-Identifier: Apache-2.0 */
#include "hsm.h"

#include "base/str.h"
#include "formats/hex.h"
#include "tool.h"

#include <string.h>

int hsm_parse(const char *text, size_t n, uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	char digits[2 * RAWKEY_SIGNATURE];
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		if (text[i] && strchr(" \t\r\n\v\f", text[i]))
			continue;
		if (count == sizeof digits)
			return reason_set(why,
			                  "HSM wrapper printed more than 512 hexadecimal digits");
		digits[count++] = text[i];
	}
	if (count != sizeof digits || !hex_decode(digits, signature, RAWKEY_SIGNATURE))
		return reason_set(why, "HSM wrapper did not print 512 hexadecimal digits");
	return 0;
}
