/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json.h"

#include "base/str.h"

void json_string(FILE *out, const char *s)
{
	putc('"', out);
	while (*s) {
		unsigned char c = (unsigned char)*s;
		size_t n = str_utf8(s);
		if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
			s++;
		} else if (n == 0 || c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
			s++;
		} else if (n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0) {
			fprintf(out, "\\u%04x", (unsigned char)s[1]); /* C1: terminals obey them */
			s += 2;
		} else {
			fwrite(s, 1, n, out);
			s += n;
		}
	}
	putc('"', out);
}
