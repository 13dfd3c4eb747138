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

int main(void)
{
	RUN(a_buffer_grows);
	RUN(nothing_added_is_an_empty_text);
	return tap_end();
}
