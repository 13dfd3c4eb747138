/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"
#include "sigfile.h"
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

static void reads_what_others_write(void)
{
	CHECK_INT(parse(HASH), 0);
	CHECK(!sig.is_signed);
	CHECK_INT(parse("\\" HASH "\r\nts:  12 \r\nfuture: yes\r\n\r\nrsa2048: " RSA "\r\n"), 0);
	CHECK(sig.is_signed);
	CHECK_STR(sig.time, "12");
}

static void refuses(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "first line is not" },
		{ "\n" HASH "\n", "first line is not" },
		{ HASH "0\n", "first line is not" },
		{ "zz" HASH "\n", "first line is not" },
		{ HASH "\nrsa2048: " RSA "\nrsa2048: " RSA "\n", "more than one rsa2048" },
		{ HASH "\nrsa2048: " RSA "0\n", "512 hexadecimal digits" },
		{ HASH "\nrsa2048: zz\n", "512 hexadecimal digits" },
		{ HASH "\nrsa2048:\n", "512 hexadecimal digits" },
		{ HASH "\nts: 1\nts: 1\n", "more than one ts" },
		{ HASH "\nts: soon\n", "decimal" },
		{ HASH "\ntarget-soc: 2711\ntarget-soc: 2712\n", "more than one target-soc" },
		{ HASH "\ntarget-soc: a b\n", "one short word" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CHECK_INT(parse(cases[i].text), -1);
		if (!strstr(why.text, cases[i].message))
			TAP_FAIL("case %zu: \"%s\"", i, why.text);
	}
	CHECK_INT(sigfile_parse(HASH "\n\0", 66, &sig, &why), -1);
	char *large = calloc(1, SIGFILE_MAX);
	CHECK(large != NULL);
	memset(large, 'x', SIGFILE_MAX);
	CHECK_INT(sigfile_parse(large, SIGFILE_MAX, &sig, &why), -1);
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
	RUN(reads_what_others_write);
	RUN(refuses);
	RUN(words_and_times);
	return tap_end();
}
