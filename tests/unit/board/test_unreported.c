/* SPDX-License-Identifier: Apache-2.0 */
/* Two looks of a busy station find events that are late by milliseconds, each another one: nothing was kept back. In a
 * container the first one is still there at the second look. */
#include "board/unreported.h"

#include "tap.h"

static struct unreported u;

static void note(const char *path, uint8_t address, bool left)
{
	struct usb_device_info info = { .address = address };
	snprintf(info.path, sizeof info.path, "%s", path);
	unreported_note(&u, &info, left);
}

static void nothing_differs(void)
{
	u = (struct unreported){ 0 };
	unreported_begin(&u);
	CHECK(!u.any && !u.lasting);
	unreported_begin(&u);
	CHECK(!u.any && !u.lasting);
}

static void a_board_that_stays_unreported(void)
{
	u = (struct unreported){ 0 };
	unreported_begin(&u);
	note("1-1.3", 7, false);
	CHECK(u.any && !u.lasting);
	unreported_begin(&u);
	note("1-1.2", 9, false); /* a newer one, found first */
	note("1-1.3", 7, false);
	CHECK(u.any && u.lasting);
}

static void late_events_of_several_boards(void)
{
	static const struct {
		const char *path;
		uint8_t address;
		bool left;
	} others[] = {
		{ "1-1.2", 7, false }, /* another port */
		{ "1-1.3", 8, false }, /* the next stay on the same port */
		{ "1-1.3", 7, true },  /* it left in time */
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		u = (struct unreported){ 0 };
		unreported_begin(&u);
		note("1-1.3", 7, false);
		unreported_begin(&u);
		note(others[i].path, others[i].address, others[i].left);
		CHECK(u.any && !u.lasting);
	}
}

static void reported_in_between(void)
{
	u = (struct unreported){ 0 };
	unreported_begin(&u);
	note("1-1.3", 7, false);
	unreported_begin(&u);
	CHECK(!u.any);
	unreported_begin(&u);
	note("1-1.3", 7, false);
	CHECK(u.any && !u.lasting);
}

int main(void)
{
	RUN(nothing_differs);
	RUN(a_board_that_stays_unreported);
	RUN(late_events_of_several_boards);
	RUN(reported_in_between);
	return tap_end();
}
