/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/hex.h"
#include "formats/sigfile.h"
#include "tap.h"

#include <stdlib.h>

#define HASH  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HEX16 "00112233445566778899aabbccddeeff"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define RSA   HEX64 HEX64 HEX64 HEX64

static struct sigfile sig;
static struct reason why;

static int parse(const char *text)
{
	return sigfile_parse(text, strlen(text), &sig, &why);
}

static void formats(void)
{
	char text[SIGFILE_MAX];
	struct sigfile s = { 0 };
	CHECK(hex_decode(HASH, s.sha256, sizeof s.sha256));
	CHECK_INT(sigfile_set_time(&s, "1700000000", &why), 0);
	CHECK_INT(sigfile_format(&s, text), 80);
	CHECK_STR(text, HASH "\nts: 1700000000\n");
	*s.time = 0;
	CHECK_INT(sigfile_format(&s, text), 65);
	CHECK_STR(text, HASH "\n");
	CHECK_INT(sigfile_set_time(&s, "1700000000", &why), 0);
	CHECK_INT(sigfile_set_soc(&s, "2712", &why), 0);
	CHECK_INT(sigfile_format(&s, text), 97);
	CHECK_STR(text, HASH "\nts: 1700000000\ntarget-soc: 2712\n");
	s.is_signed = true;
	CHECK(hex_decode(RSA, s.signature, sizeof s.signature));
	CHECK_INT(sigfile_format(&s, text), 619);
	CHECK_STR(text, HASH "\nts: 1700000000\ntarget-soc: 2712\nrsa2048: " RSA "\n");
	CHECK_INT(parse(text), 0);
	CHECK(sig.is_signed);
	CHECK_STR(sig.soc, "2712");
	CHECK_STR(sig.time, "1700000000");
	CHECK_MEM(sig.signature, s.signature, sizeof s.signature);
}

/* Every text once: what the reader makes of it holds for rpiboot and the tools. The original rpi-eeprom-digest -v takes
 * the rsa2048 line and nothing else; rpi-sb-provisioner writes boot.sig without ts, and boards boot with it. */
static const struct {
	const char *text;
	const char *message; /* NULL: accepted */
	size_t line;         /* of the message */
	const char *time, *soc;
	bool is_signed;
} texts[] = {
	{ HASH, NULL, 0, "", "", false },
	{ HASH "\n", NULL, 0, "", "", false },
	{ HASH "\nts: 1700000000\n", NULL, 0, "1700000000", "", false },
	{ HASH "\nts: 0\ntarget-soc: 2712\n", NULL, 0, "0", "2712", false },
	{ HASH "\nrsa2048: " RSA "\n", NULL, 0, "", "", true },
	{ HASH "\nts: 1\nrsa2048: " RSA, NULL, 0, "1", "", true },
	{ HASH "\nts:1\nrsa2048:\t" RSA "\n", NULL, 0, "1", "", true },
	{ HASH " \nts: 1 \t\n", NULL, 0, "1", "", false }, /* blanks at the end of lines */
	{ HASH "\r\nts:  12 \r\nfuture: yes\r\n\r\nrsa2048: " RSA "\r\n", NULL, 0, "12", "", true },

	{ "", "is empty", 0, "", "", false },
	{ "\n" HASH "\n", "does not begin with", 1, "", "", false },
	{ " " HASH "\n", "does not begin with", 1, "", "", false },
	{ HASH "0\nts: 1\n", "does not begin with", 1, "", "", false },
	{ "zz" HASH "\n", "does not begin with", 1, "", "", false },
	{ "ts: 1\n" HASH "\n", "does not begin with", 1, "", "", false },
	{ "\\" HASH "\nts: 1\n", "backslash", 1, "", "", false },
	{ HASH "\nrsa2048: " RSA "\nrsa2048: " RSA "\n", "more than one rsa2048", 3, "", "", true },
	{ HASH "\nrsa2048: " RSA "0\n", "512 hexadecimal digits", 2, "", "", false },
	{ HASH "\nrsa2048: zz\n", "512 hexadecimal digits", 2, "", "", false },
	{ HASH "\nrsa2048:\n", "512 hexadecimal digits", 2, "", "", false },
	{ HASH "\nts: 1\nts: 1\n", "more than one ts", 3, "1", "", false },
	{ HASH "\nts: soon\n", "decimal", 2, "", "", false },
	{ HASH "\nts:\n", "decimal", 2, "", "", false },
	{ HASH "\nts: 12x\n", "decimal", 2, "", "", false },
	{ HASH "\ntarget-soc: 2711\ntarget-soc: 2712\n", "more than one target-soc", 3, "", "2711",
	  false },
	{ HASH "\ntarget-soc: a b\n", "one short word", 2, "", "", false },
	{ HASH "\ntarget-soc:\n", "one short word", 2, "", "", false },
	{ HASH "\ntarget-soc: " HEX64 "\n", "too long", 2, "", "", false },
};

static void every_text(void)
{
	static const uint8_t begin[] = { 0xba, 0x78, 0x16, 0xbf };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int result = parse(texts[i].text);
		if ((result == 0) != !texts[i].message ||
		    (result && (!strstr(why.text, texts[i].message) || why.where != texts[i].line)))
			TAP_FAIL("text %zu: %d, line %zu: %s", i, result, why.where, why.text);
		CHECK_STR(sig.time, texts[i].time);
		CHECK_STR(sig.soc, texts[i].soc);
		CHECK_INT(sig.is_signed, texts[i].is_signed);
		if (result == 0)
			CHECK(sig.has_hash && memcmp(sig.sha256, begin, sizeof begin) == 0);
	}
}

/* What a string cannot hold. */
static void zeros_and_sizes(void)
{
	CHECK_INT(sigfile_parse(HASH "\n\0", 66, &sig, &why), -1);
	CHECK(strstr(why.text, "zero byte") && why.where == 2);
	CHECK(sig.has_hash);
	CHECK_INT(sigfile_parse(HASH "\nts: 1\0\n", 73, &sig, &why), -1);
	char *large = malloc(SIGFILE_MAX);
	if (!large)
		return;
	memset(large, '\n', SIGFILE_MAX);
	memcpy(large, HASH, 64);
	CHECK_INT(sigfile_parse(large, SIGFILE_MAX - 1, &sig, &why), 0);
	CHECK_INT(sigfile_parse(large, SIGFILE_MAX, &sig, &why), -1);
	CHECK_STR(why.text, "is too large for a .sig file");
	free(large);
}

static void words_and_times(void)
{
	struct sigfile s;
	CHECK_INT(sigfile_set_time(&s, "0", &why), 0);
	CHECK_INT(sigfile_set_time(&s, "", &why), -1);
	CHECK_INT(sigfile_set_time(&s, "-1", &why), -1);
	CHECK_INT(sigfile_set_time(&s, "1700000000\nrsa2048: 00", &why), -1);
	CHECK_INT(sigfile_set_time(&s, "111111111111111111111111", &why), -1);
	CHECK_INT(sigfile_set_soc(&s, "", &why), -1);
	CHECK_INT(sigfile_set_soc(&s, "2712\n", &why), -1);
	CHECK_INT(sigfile_set_soc(&s, "0123456789012345678901234567890", &why), 0);
	CHECK_INT(sigfile_set_soc(&s, "01234567890123456789012345678901", &why), -1);
}

int main(void)
{
	RUN(formats);
	RUN(every_text);
	RUN(zeros_and_sizes);
	RUN(words_and_times);
	return tap_end();
}
