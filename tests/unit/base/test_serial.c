/* SPDX-License-Identifier: Apache-2.0 */
/* The strings are those that boards have been seen to report: docs/protocol.md, "Boards". */
#include "base/serial.h"
#include "tap.h"

static void eight_or_sixteen_hexadecimal_digits(void)
{
	CHECK(serial_is_valid("b29d2da0"));
	CHECK(serial_is_valid("10000000b29d2da0"));
	CHECK(serial_is_valid("B29D2DA0"));
	CHECK(!serial_is_valid(""));
	CHECK(!serial_is_valid("Broadcom")); /* 8 characters, too */
	CHECK(!serial_is_valid("b29d2da"));
	CHECK(!serial_is_valid("b29d2da01"));
	CHECK(!serial_is_valid("0x00000000b29d2da0"));
	CHECK(!serial_is_valid("b29d 2da"));
}

static void last_eight_digits_decide(void)
{
	CHECK(serial_same("10000000b29d2da0", "b29d2da0"));
	CHECK(serial_same("b29d2da0", "10000000B29D2DA0"));
	CHECK(serial_same("b29d2da0", "B29D2DA0"));
	CHECK(serial_same("10000000b29d2da0", "10000000b29d2da0"));
	CHECK(!serial_same("10000000b29d2da0", "20000000b29d2da0")); /* both have 16 */
	CHECK(!serial_same("10000000b29d2da0", "10000000"));
	CHECK(!serial_same("b29d2da0", "b29d2da1"));
}

static void no_serial_is_the_same_as_none(void)
{
	CHECK(!serial_same("Broadcom", "Broadcom"));
	CHECK(!serial_same("", ""));
	CHECK(!serial_same("", "b29d2da0"));
}

int main(void)
{
	RUN(eight_or_sixteen_hexadecimal_digits);
	RUN(last_eight_digits_decide);
	RUN(no_serial_is_the_same_as_none);
	return tap_end();
}
