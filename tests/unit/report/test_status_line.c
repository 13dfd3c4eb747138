/* SPDX-License-Identifier: Apache-2.0 */
/* The live view's line: what is shown in which width, and that nothing makes it wider or prints anything but ASCII. */
#include "report/status_line.h"
#include "tap.h"

static const struct status_line busy = {
	.path = "1-1.3",
	.chip = "BCM2711",
	.serial = "10000000b29d2da0",
	.stage = "server",
	.what = "boot.img",
	.moving = true,
	.done = 15 * 1000 * 1000,
	.size = 33 * 1000 * 1000,
	.rate = 31234567,
	.elapsed = 12345678,
};

static const char *draw(unsigned columns, const struct status_line *line)
{
	static char out[STATUS_LINE_SIZE];
	struct status_line_layout layout = status_line_layout(columns, strlen(line->path),
	                                                      strlen(line->serial));
	status_line_draw(&layout, line, out);
	return out;
}

static void shows_all_in_a_wide_window(void)
{
	CHECK_STR(
		draw(100, &busy),
		"1-1.3 BCM2711 10000000b29d2da0 server boot.img           [=========>          ]  45% "
		"31.2 MB/s  0:12");
}

static void shows_less_in_80_and_40_columns(void)
{
	CHECK_STR(
		draw(79, &busy),
		"1-1.3 BCM2711 10000000b29d2da0 boot.img      [=====>     ]  45% 31.2 MB/s  0:12");
	CHECK_STR(draw(60, &busy), "1-1.3 BCM2711 boot.img      [====>    ]  45% 31.2 MB/s  0:12");
	CHECK_STR(draw(39, &busy), "1-1.3 boot.img      [==>   ]  45%  0:12");
	CHECK_STR(draw(20, &busy), "1-1.3 boot.img   45%");
	CHECK_STR(draw(12, &busy), "1-1.3 boot.~");
	CHECK_STR(draw(5, &busy), "1-1.3");
	CHECK_STR(draw(3, &busy), "1-~");
	CHECK_STR(draw(0, &busy), "");
}

static void gives_the_place_of_the_bar_to_words(void)
{
	struct status_line line = busy;
	line.moving = false;
	line.what = "waiting for its next stage";
	CHECK_STR(draw(39, &line), "1-1.3 waiting for its next stage   0:12");
	CHECK_STR(
		draw(79, &line),
		"1-1.3 BCM2711 10000000b29d2da0 waiting for its next stage                  0:12");
}

static void fits_every_width(void)
{
	struct status_line lines[] = { busy, busy, busy, busy };
	lines[1].moving = false;
	lines[2].done = lines[2].size = lines[2].rate = lines[2].elapsed = UINT64_MAX;
	lines[3].serial = lines[3].path = lines[3].chip = lines[3].stage = "";
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		for (unsigned columns = 0; columns < 400; columns++) {
			size_t n = strlen(draw(columns, &lines[i]));
			if (n > columns || n >= STATUS_LINE_SIZE)
				TAP_FAIL("line %zu in %u columns has %zu", i, columns, n);
		}
}

static void keeps_columns_with_other_boards(void)
{
	char out[STATUS_LINE_SIZE], other[STATUS_LINE_SIZE];
	struct status_line line = busy;
	line.path = "1-1.4.1";
	line.serial = "";
	struct status_line_layout layout = status_line_layout(120, 7, 16);
	status_line_draw(&layout, &busy, out);
	status_line_draw(&layout, &line, other);
	CHECK_INT(strlen(out), strlen(other));
	CHECK_INT(strchr(out, '[') - out, strchr(other, '[') - other);
}

static void never_rounds_up_to_done(void)
{
	struct status_line line = busy;
	line.done = line.size - 1;
	CHECK(strstr(draw(79, &line), ">]  99%") != NULL);
	line.done = line.size;
	CHECK(strstr(draw(79, &line), "==] 100%") != NULL);
	line.done = line.size = 0;
	CHECK(strstr(draw(79, &line), "==] 100%") != NULL);
}

static void writes_speed_and_time_in_their_columns(void)
{
	struct status_line line = busy;
	line.rate = 480500000;
	line.elapsed = UINT64_C(5999) * 1000000;
	CHECK(strstr(draw(79, &line), "%  480 MB/s 99:59") != NULL);
	line.rate = 0;
	line.elapsed = UINT64_C(7384) * 1000000;
	CHECK(strstr(draw(79, &line), "%            2h03") != NULL);
}

static void lets_no_control_character_out(void)
{
	struct status_line line = busy;
	line.path = "1\n2";
	line.serial = "\033[2J\x9b\xc3\xa9";
	line.what = "\xff\r\x7f.img";
	const char *text = draw(100, &line);
	for (const char *c = text; *c; c++)
		CHECK(*c >= 0x20 && *c <= 0x7e);
	CHECK(strstr(text, "?[2J???") != NULL);
	CHECK(strstr(text, "???.img") != NULL);
}

int main(void)
{
	RUN(shows_all_in_a_wide_window);
	RUN(shows_less_in_80_and_40_columns);
	RUN(gives_the_place_of_the_bar_to_words);
	RUN(fits_every_width);
	RUN(keeps_columns_with_other_boards);
	RUN(never_rounds_up_to_done);
	RUN(writes_speed_and_time_in_their_columns);
	RUN(lets_no_control_character_out);
	return tap_end();
}
