/* SPDX-License-Identifier: Apache-2.0 */
#include "base/device_id.h"
#include "tap.h"

/* The boot ROM's serial number has 16 digits on some boards, the second stage's always 8; file servers of BCM2835 and
 * BCM2837 show "Broadcom". */
static void what_is_a_serial(void)
{
	CHECK(device_is_serial("b29d2da0"));
	CHECK(device_is_serial("B29D2DA0"));
	CHECK(device_is_serial("10000000b29d2da0"));
	CHECK(!device_is_serial(""));
	CHECK(!device_is_serial("Broadcom"));
	CHECK(!device_is_serial("b29d2da"));
	CHECK(!device_is_serial("b29d2da0 "));
	CHECK(!device_is_serial("0b29d2da0"));
	CHECK(!device_is_serial("10000000b29d2da00"));
}

static void same_board(void)
{
	CHECK(device_same_serial("10000000b29d2da0", "10000000B29D2DA0"));
	CHECK(device_same_serial("10000000b29d2da0", "b29d2da0"));
	CHECK(device_same_serial("b29d2da0", "10000000b29d2da0"));
	CHECK(!device_same_serial("10000000b29d2da0", "00000000b29d2da0"));
	CHECK(!device_same_serial("10000000b29d2da0", "b29d2da1"));
	CHECK(!device_same_serial("b29d2da0", "b29d2da1"));
}

int main(void)
{
	RUN(what_is_a_serial);
	RUN(same_board);
	return tap_end();
}
