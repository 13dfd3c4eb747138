/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/configtxt.h"
#include "tap.h"

static char text[4096];
static struct configtxt config;
static struct configtxt_setting s;

static void open_bytes(const char *product, const char *bytes, size_t n)
{
	memcpy(text, bytes, n);
	memset(text + n, 'X', 8); /* nothing behind the end is read */
	configtxt_open(&config, text, n, chip_by_name(product));
}

static void open_text(const char *product, const char *string)
{
	open_bytes(product, string, strlen(string));
}

#define CHECK_NEXT(want_key, want_value, want_line, want_applies) \
	do {                                                      \
		CHECK(configtxt_next(&config, &s));               \
		CHECK_STR(s.key, want_key);                       \
		CHECK_STR(s.value, want_value);                   \
		CHECK_INT(s.line, want_line);                     \
		CHECK_INT(s.applies, want_applies);               \
	} while (0)

static void settings_and_comments(void)
{
	open_text("2711", "# comment=1\n\n a=1\n\tb = 2 \t\n  # c=3\nd\ne=f=g\n=h\nlast=9");
	CHECK_NEXT("a", "1", 3, CONFIGTXT_YES);
	CHECK_NEXT("b", "2", 4, CONFIGTXT_YES);
	CHECK_NEXT("d", "", 6, CONFIGTXT_YES);
	CHECK_NEXT("e", "f=g", 7, CONFIGTXT_YES);
	CHECK_NEXT("", "h", 8, CONFIGTXT_YES);
	CHECK_NEXT("last", "9", 9, CONFIGTXT_YES);
	CHECK(!configtxt_next(&config, &s));
	CHECK(!configtxt_next(&config, &s));
}

static void line_ends(void)
{
	open_bytes("2711", "a=1\r\nb=2\rc=3\n\rd=4\0e=5\r", 22);
	CHECK_NEXT("a", "1", 1, CONFIGTXT_YES);
	CHECK_NEXT("b", "2", 2, CONFIGTXT_YES);
	CHECK_NEXT("c", "3", 3, CONFIGTXT_YES);
	CHECK_NEXT("d", "4", 5, CONFIGTXT_YES);
	CHECK_NEXT("e", "5", 6, CONFIGTXT_YES);
	CHECK(!configtxt_next(&config, &s));
	open_text("2711", "");
	CHECK(!configtxt_next(&config, &s));
}

static void filters(void)
{
	const char *all =
		"[pi4]\na=1\n[CM4]\nb=1\n[pi5]\nc=1\n[all]\nd=1\n[none]\ne=1\n[pi4]\nf=1\n"
		"[ All ]\n[gpio4=1]\ng=1\n[pi5]\nh=1\n[pi4]\ni=1\n[all]\nj=1\n";
	open_text("2711", all);
	CHECK_NEXT("a", "1", 2, CONFIGTXT_YES);
	CHECK_NEXT("b", "1", 4, CONFIGTXT_MAYBE);
	CHECK_NEXT("c", "1", 6, CONFIGTXT_NO);
	CHECK_NEXT("d", "1", 8, CONFIGTXT_YES);
	CHECK_NEXT("e", "1", 10, CONFIGTXT_NO);
	CHECK_NEXT("f", "1", 12, CONFIGTXT_NO);
	CHECK_NEXT("g", "1", 15, CONFIGTXT_MAYBE);
	CHECK_NEXT("h", "1", 17, CONFIGTXT_NO);
	CHECK_NEXT("i", "1", 19, CONFIGTXT_MAYBE);
	CHECK_NEXT("j", "1", 21, CONFIGTXT_YES);
	open_text("2764", "[pi0]\na=1\n[pi1]\nb=1\n[0x1234abcd]\nc=1\n");
	CHECK_NEXT("a", "1", 2, CONFIGTXT_MAYBE);
	CHECK_NEXT("b", "1", 4, CONFIGTXT_NO);
	CHECK_NEXT("c", "1", 6, CONFIGTXT_NO);
}

static void odd_lines(void)
{
	open_text("2712", "include more.txt\nincludes=1\n[pi5\n[]\nx=1\n");
	CHECK_NEXT("include", "more.txt", 1, CONFIGTXT_YES);
	CHECK_NEXT("includes", "1", 2, CONFIGTXT_YES);
	CHECK_NEXT("[pi5", "", 3, CONFIGTXT_YES);
	CHECK_NEXT("x", "1", 5, CONFIGTXT_MAYBE);
	CHECK(!configtxt_next(&config, &s));
}

static void what_is_on(void)
{
	static const char *const on[] = {
		"1", "0x1", "-1", "2 # two", "yes", "99999999999999999999"
	};
	static const char *const off[] = { "", "0", "00", "0x0", "0 # off" };
	for (size_t i = 0; i < sizeof on / sizeof *on; i++)
		CHECK(configtxt_is_on(on[i]));
	for (size_t i = 0; i < sizeof off / sizeof *off; i++)
		CHECK(!configtxt_is_on(off[i]));
}

static void encodings(void)
{
	struct reason why;
	CHECK_INT(configtxt_check_text("", 0, &why), 0);
	CHECK_INT(configtxt_check_text("[all]\r\nA=\xc3\xa4\n", 12, &why), 0);
	CHECK_INT(configtxt_check_text("\xff\xfe"
	                               "A\0",
	                               4, &why),
	          -1);
	CHECK(strstr(why.text, "UTF-16") && why.where == 1);
	CHECK_INT(configtxt_check_text("\xfe\xff\0A", 4, &why), -1);
	CHECK_INT(configtxt_check_text("\xef\xbb\xbf"
	                               "A=1",
	                               6, &why),
	          -1);
	CHECK(strstr(why.text, "byte-order mark") && why.where == 1);
	CHECK_INT(configtxt_check_text("\xef\xbb", 2, &why), 0);
	CHECK_INT(configtxt_check_text("A=1\nB\0=2", 8, &why), -1);
	CHECK(strstr(why.text, "zero byte") && why.where == 2);
}

static void unread_lines(void)
{
	static const char lines_text[] = "\n# x\n#\n  [pi4] \n[all\nA=1\n  B = 2\r\nC 3\n=4\n\r\nD";
	static const unsigned lines[] = { 5, 8, 9, 11, 0 };
	const char *line = NULL;
	size_t n = 0;
	unsigned number = 0;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		number = configtxt_unread_line(lines_text, sizeof lines_text - 1, number, &line,
		                               &n);
		CHECK_INT(number, lines[i]);
		if (number == 8)
			CHECK(n == 3 && memcmp(line, "C 3", 3) == 0);
	}
}

int main(void)
{
	RUN(settings_and_comments);
	RUN(line_ends);
	RUN(filters);
	RUN(odd_lines);
	RUN(what_is_on);
	RUN(encodings);
	RUN(unread_lines);
	return tap_end();
}
