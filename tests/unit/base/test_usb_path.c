/* SPDX-License-Identifier: Apache-2.0 */
#include "base/usb_path.h"
#include "tap.h"

static void paths_and_patterns(void)
{
	static const char *const good[] = {
		"1-1", "1-1.3.2", "255-10.4", "1-1.*", "1-1.3.*", "2-*"
	};
	static const char *const bad[] = { "",        "1",   "1_1",  "1-",     "1-1.", "1-1..3",
		                           "1-1.*.2", "*",   "1-1*", "1-1.3x", "usb1", "1-1-3",
		                           "1-1.**",  "1.1", "-1.3", "1-1.3 " };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!usb_path_is_pattern(good[i]))
			TAP_FAIL("refused: '%s'", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (usb_path_is_pattern(bad[i]))
			TAP_FAIL("taken: '%s'", bad[i]);
}

static void a_star_stands_for_the_ports_of_a_hub(void)
{
	CHECK(usb_path_matches("1-1.3", "1-1.3"));
	CHECK(!usb_path_matches("1-1.3", "1-1.31"));
	CHECK(!usb_path_matches("1-1.3", "1-1.3.1"));
	CHECK(usb_path_matches("1-1.*", "1-1.3"));
	CHECK(usb_path_matches("1-1.*", "1-1.4.2")); /* large hubs are several chips */
	CHECK(!usb_path_matches("1-1.*", "1-1"));
	CHECK(!usb_path_matches("1-1.*", "1-11.3"));
	CHECK(usb_path_matches("1-*", "1-2"));
	CHECK(!usb_path_matches("1-*", "11-2"));
}

int main(void)
{
	RUN(paths_and_patterns);
	RUN(a_star_stands_for_the_ports_of_a_hub);
	return tap_end();
}
