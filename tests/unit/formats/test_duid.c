/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/duid.h"
#include "tap.h"

/* docs/protocol.md, FACTORY_UUID: input, text; NULL: invalid */
static const char *const vectors[][2] = {
	{ "19a519a6_19ab520e_1ac0212b", "001000911006186073" },
	{ "19a519a5_0000520e", "000000911" },
	{ "000019a5", "000" },
	{ "19a6", "001" },
	{ "0x19a6", "001" },
	{ " 19a6", "001" },
	{ "00005356", "999" },
	{ "000059bf", "AAA" },
	{ "0000fa00", "ZZZ" },
	{ "539d5870", "A1Z9B0" },
	{ "33732038_59e946ae_805f6d24_a6d5939a_cd4bba10_f39de086",
	  "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0" },
	{ "00000000", "" },
	{ "zz", "" },
	{ "", "" },
	{ "___", "" },
	{ "19a519a5_00000000_19a519a5", "000000" },
	{ "_19a6__19a6_", "001001" },
	{ "19a6zz", "001" },
	{ "119a619a6", "001001" },
	{ "fa01", NULL },
	{ "ffff", NULL },
	{ "00000001", NULL },
	{ "00010000", NULL },
	{ "0000064d", NULL },
	{ "19a4", NULL },
	{ "-1", NULL },
	{ "FFFFFFFFF", NULL },
	{ "33732038_59e946ae_805f6d24_a6d5939a_cd4bba10_f39de086_19a6", NULL }, /* over 36 */
	{ "11111111119a619a6", NULL }, /* over 64 bits: ffffffff */
};

static void decodes(void)
{
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		char text[DUID_TEXT + 1] = "?";
		bool ok = duid_decode(vectors[i][0], text);
		if (ok != (vectors[i][1] != NULL) || strcmp(text, ok ? vectors[i][1] : "") != 0)
			TAP_FAIL("'%s' gives %d '%s'", vectors[i][0], ok, text);
	}
}

/* The reverse: every text comes back. */
static void every_triple(void)
{
	const char digits[] = "????0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	for (unsigned a = 4; a < 40; a++)
		for (unsigned b = 4; b < 40; b++)
			for (unsigned c = 4; c < 40; c++) {
				char value[16], want[] = { digits[a], digits[b], digits[c], 0 };
				char text[DUID_TEXT + 1];
				snprintf(value, sizeof value, "%x", 1600 * a + 40 * b + c + 1);
				if (!duid_decode(value, text) || strcmp(text, want) != 0)
					TAP_FAIL("%s gives %s, not %s", value, text, want);
			}
}

int main(void)
{
	RUN(decodes);
	RUN(every_triple);
	return tap_end();
}
