/* SPDX-License-Identifier: Apache-2.0 */
/* Names from boards. What Windows does with a name is from Microsoft's "Naming Files, Paths, and Namespaces". */
#include "formats/safename.h"
#include "tap.h"

static void names_that_leave_or_are_no_files(void)
{
	static const char *const bad[] = {
		"..",          "../x",        "a/../../x",
		"a/..",        "..\\x",       "a\\b",
		"c:x",         "C:/x",        "a:stream",
		"a::$DATA",    "CON",         "con.txt",
		"NUL",         "nul.bin",     "aux",
		"2711/NUL",    "COM1",        "com9.cfg",
		"LPT1.x",      "COM0",        "lpt9",
		"PRN .txt",    "CONIN$",      "conout$.x",
		"CLOCK$",      "COM\xc2\xb9", "LPT\xc2\xb2.txt",
		"COM\xc2\xb3", "x.",          "x ",
		"dir./x",      "dir /x",      "...",
		"a/.../b",     "a*",          "a?b",
		"a<b",         "a>b",         "a|b",
		"a\"b",        "\x01",        "a\tb",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (safename_ok(bad[i]))
			TAP_FAIL("\"%s\" passes", bad[i]);
}

static void names_that_boards_ask_for(void)
{
	static const char *const good[] = {
		"config.txt",
		"start4.elf",
		"2711/bootcode4.bin",
		"overlays/x.dtbo",
		"a..b",
		"..a",
		"console.txt",
		"nullmodem",
		"com10x",
		"COMx",
		"lpt",
		"bcm2711-rpi-4-b.dtb",
		".hidden",
		"a b c",
		"1-1.3/config.txt",
		"./config.txt",
		"/config.txt",
		"a//b",
		"COM\xc2\xb4",
		"\xc3\xa4.txt",
		"CONFIG.TXT",
		"auxiliary",
		"boot.img",
		"",
	};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!safename_ok(good[i]))
			TAP_FAIL("\"%s\" is refused", good[i]);
}

int main(void)
{
	RUN(names_that_leave_or_are_no_files);
	RUN(names_that_boards_ask_for);
	return tap_end();
}
