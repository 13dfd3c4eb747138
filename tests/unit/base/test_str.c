/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "tap.h"

static void a_buffer_grows(void)
{
	struct str_buffer b = { 0 };
	for (int i = 0; i < 1000; i++)
		str_addf(&b, "%03d ", i);
	str_add(&b, "end", 4); /* with its NUL */
	CHECK(!b.failed);
	CHECK_INT(b.size, 4004);
	CHECK(memcmp(b.bytes, "000 001 002 ", 12) == 0);
	CHECK_STR(b.bytes + 3996, "999 end");
	CHECK_INT(b.bytes[b.size], 0);
	free(b.bytes);
}

static void nothing_added_is_an_empty_text(void)
{
	struct str_buffer b = { 0 };
	str_add(&b, "", 0);
	CHECK_STR(b.bytes, "");
	CHECK_INT(b.size, 0);
	free(b.bytes);
}

static void the_first_line(void)
{
	static const char *const texts[][2] = {
		{ "", "" },
		{ "\r\n \n", "" },
		{ "one", "one" },
		{ "one\n", "one" },
		{ "\r\n  one\r\ntwo", "one" },
		{ "one two \n", "one two " },
	};
	char text[32];
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		snprintf(text, sizeof text, "%s", texts[i][0]);
		str_first_line(text);
		CHECK_STR(text, texts[i][1]);
	}
}

/* What a POSIX shell takes as just this word: XCU 2.2.2, between single quotes all stands for itself but a quote. */
static void words_of_a_shell(void)
{
	static const char *const words[][2] = {
		{ "", "''" },
		{ "recovery5", "recovery5" },
		{ "/a/b_c-1.2+@%,=:", "/a/b_c-1.2+@%,=:" },
		{ "my dir", "'my dir'" },
		{ "$(x);`y`&", "'$(x);`y`&'" },
		{ "it's", "'it'\\''s'" },
		{ "-rf", "./-rf" },
		{ "- f", "./'- f'" },
		{ "~", "'~'" },
		{ "\xc3\xa9", "'\xc3\xa9'" },
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char *word = str_shell(words[i][0]);
		CHECK_STR(word, words[i][1]);
		free(word);
	}
}

int main(void)
{
	RUN(words_of_a_shell);
	RUN(a_buffer_grows);
	RUN(nothing_added_is_an_empty_text);
	RUN(the_first_line);
	return tap_end();
}
