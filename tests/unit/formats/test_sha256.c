/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/sha256.h"
#include "tap.h"

#include <stdlib.h>

static const char *hex(const uint8_t *bytes)
{
	static char text[2 * SHA256_SIZE + 1];
	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return text;
}

/* The hash of N bytes, added in parts of STEP. */
static const char *hash(const void *bytes, size_t n, size_t step)
{
	struct sha256 h;
	uint8_t out[SHA256_SIZE];
	sha256_init(&h);
	for (size_t at = 0; at < n; at += step)
		sha256_add(&h, (const char *)bytes + at, n - at < step ? n - at : step);
	sha256_end(&h, out);
	return hex(out);
}

/* The examples that accompany FIPS 180-4. */
static void standard_vectors(void)
{
	static const struct {
		const char *text, *want;
	} v[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		CHECK_STR(hash(v[i].text, strlen(v[i].text), 1000), v[i].want);
}

static void a_million_letters(void)
{
	const char *want = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
	char *text = malloc(1000000);
	if (!text) {
		CHECK(text);
		return;
	}
	memset(text, 'a', 1000000);
	static const size_t steps[] = { 1, 63, 64, 65, 4096, 1000000 };
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		CHECK_STR(hash(text, 1000000, steps[i]), want);
	free(text);
}

/* Every length around the block size, at once and byte by byte. */
static void lengths_around_a_block(void)
{
	char bytes[200];
	memset(bytes, 0x5a, sizeof bytes);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		char whole[2 * SHA256_SIZE + 1];
		strcpy(whole, hash(bytes, n, sizeof bytes));
		CHECK_STR(hash(bytes, n, 1), whole);
	}
	CHECK_STR(hash(bytes, 55, 200),
	          "5f25f149aa92e3e13093aed8216072fae623f35e26ca605b6cce17e04b7ccf44");
	CHECK_STR(hash(bytes, 56, 200),
	          "301c69927f1603720c9f847b7e5e3bef77a7b9f75344490fe9039f13c36b842a");
	CHECK_STR(hash(bytes, 64, 200),
	          "cc7321cce5e4409bd8077d58422e1214969059bbd40b4eeb0de0a642f40f7282");
}

int main(void)
{
	RUN(standard_vectors);
	RUN(a_million_letters);
	RUN(lengths_around_a_block);
	return tap_end();
}
