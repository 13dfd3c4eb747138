/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/sigtext.h"
#include "tap.h"

#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define D16  "0123456789abcdef"
#define D128 D16 D16 D16 D16 D16 D16 D16 D16
#define D512 D128 D128 D128 D128

#define BACKSLASH     "\\" HASH "\nts: 1\n" /* sha256sum's mark of an unusual file name */
#define HASH_AND_MORE HASH "0\nts: 1\n"
#define BLANK_BEFORE  " " HASH "\nts: 1\n"

static struct sigtext sig;

static const char *read_text(const char *text)
{
	return sigtext_read(&sig, text, strlen(text));
}

static void good_forms(void)
{
	static const uint8_t begin[] = { 0xba, 0x78, 0x16, 0xbf };
	CHECK(!read_text(HASH "\nts: 1700000000\n"));
	CHECK(sig.has_hash && !sig.is_signed);
	CHECK_MEM(sig.hash, begin, sizeof begin);
	CHECK_INT(sig.hash[31], 0xad);
	CHECK_STR(sig.target, "");
	CHECK(!read_text(HASH "\nts: 0\ntarget-soc: 2712\n"));
	CHECK_STR(sig.target, "2712");
	CHECK(!read_text(HASH "\nts: 1700000000\nrsa2048: " D512 "\n"));
	CHECK(sig.is_signed);
	CHECK(!read_text(HASH "\r\nts: 1700000000\r\nrsa2048: " D512));
	CHECK(sig.is_signed);
}

static void unusable(void)
{
	static const char *const texts[] = {
		"\n", "x", "\nts: 1\n", BACKSLASH, HASH_AND_MORE, BLANK_BEFORE, "ts: 1\n",
	};
	CHECK_STR(read_text(""), "is empty");
	CHECK(!sig.has_hash);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		CHECK_STR(read_text(texts[i]),
		          "does not begin with a line of 64 hexadecimal digits");
		CHECK(!sig.has_hash);
	}
}

static void malformed(void)
{
	CHECK_STR(read_text(HASH), "has no ts line");
	CHECK(sig.has_hash);
	CHECK_STR(read_text(HASH "\nts:\n"), "has no ts line");
	CHECK_STR(read_text(HASH "\nts: 12x\n"), "has a ts line without a decimal number");
	CHECK_STR(read_text(HASH "\nts: 1\ntarget-soc:\n"), "has a target-soc line without a chip");
	CHECK_STR(read_text(HASH "\nts: 1\ntarget-soc: 0123456789abcdef\n"),
	          "has a target-soc line without a chip");
	CHECK_STR(read_text(HASH "\nts: 1\nrsa2048: " D128 "\n"),
	          "has an rsa2048 line without 512 hexadecimal digits");
	CHECK_STR(read_text(HASH "\nts: 1\nrsa2048: zz\n"),
	          "has an rsa2048 line without 512 hexadecimal digits");
	CHECK_STR(read_text(HASH "\nts: 1\nrsa2048: " D512 "\nrsa2048: " D512 "\n"),
	          "has more than one rsa2048 line");
	CHECK(sig.has_hash);
}

int main(void)
{
	RUN(good_forms);
	RUN(unusable);
	RUN(malformed);
	return tap_end();
}
