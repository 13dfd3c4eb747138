/* SPDX-License-Identifier: Apache-2.0 */
#include "report/status_line.h"

#include <stdio.h>
#include <string.h>

#define SERIAL_COLUMNS 16 /* of all real boards */

/* --- the layout */

/* Makes room for a part: TO columns and a blank, or as much more as there is if it has its place already. */
static void status_line_grow(unsigned *part, unsigned to, unsigned *left)
{
	if (*part == 0) {
		if (to == 0 || to + 1 > *left)
			return;
		*part = to;
		*left -= to + 1;
		return;
	}
	unsigned more = to > *part ? to - *part : 0;
	if (more > *left)
		more = *left;
	*part += more;
	*left -= more;
}

static unsigned status_line_at_most(size_t n, unsigned most)
{
	return n < most ? (unsigned)n : most;
}

struct status_line_layout status_line_layout(unsigned columns, size_t path, size_t serial)
{
	unsigned left = status_line_at_most(columns, STATUS_LINE_SIZE - 1);
	struct status_line_layout l = { .path = status_line_at_most(path, left) };
	left -= l.path;
	status_line_grow(&l.what, 6, &left); /* in the order of importance */
	status_line_grow(&l.percent, 4, &left);
	status_line_grow(&l.what, 13, &left);
	status_line_grow(&l.elapsed, 5, &left);
	status_line_grow(&l.bar, 7, &left);
	status_line_grow(&l.rate, 9, &left);
	status_line_grow(&l.serial, status_line_at_most(serial, SERIAL_COLUMNS), &left);
	status_line_grow(&l.chip, 7, &left);
	status_line_grow(&l.stage, 6, &left);
	status_line_grow(&l.bar, 22, &left);
	status_line_grow(&l.what, 24, &left);
	status_line_grow(&l.bar, 42, &left);
	return l;
}

/* --- the line */

void status_line_cell(char out[STATUS_LINE_SIZE], const char *text, unsigned width)
{
	size_t at = strlen(out), n = strlen(text);
	for (size_t i = 0; i < width && at < STATUS_LINE_SIZE - 1; i++) {
		char c = i < n ? text[i] : ' ';
		if (n > width && i + 1 == width)
			c = '~';
		out[at++] = c < 0x20 || c > 0x7e ? '?' : c;
	}
	out[at] = 0;
}

/* A part, and a blank before it if it is not the first. */
static void status_line_put(char out[STATUS_LINE_SIZE], const char *text, unsigned width)
{
	if (width == 0)
		return;
	if (*out)
		status_line_cell(out, "", 1);
	status_line_cell(out, text, width);
}

static void status_line_bar(char *out, size_t size, unsigned width, uint64_t done, uint64_t whole)
{
	if (width < 3 || width >= size)
		return;
	unsigned inner = width - 2;
	unsigned full = whole && done < whole ? (unsigned)(done * inner / whole) : inner;
	memset(out, ' ', width);
	memset(out + 1, '=', full);
	if (full < inner)
		out[1 + full] = '>';
	out[0] = '[';
	out[width - 1] = ']';
	out[width] = 0;
}

static void status_line_put_transfer(char out[STATUS_LINE_SIZE], const struct status_line_layout *l,
                                     const struct status_line *line)
{
	char text[STATUS_LINE_SIZE] = "";
	status_line_put(out, line->what, l->what);
	status_line_bar(text, sizeof text, l->bar, line->done, line->size);
	status_line_put(out, text, l->bar);
	bool all = line->done >= line->size;
	snprintf(text, sizeof text, "%3u%%", all ? 100 : (unsigned)(line->done * 100 / line->size));
	status_line_put(out, text, l->percent);
	uint64_t tenths = line->rate / 100000;
	if (tenths == 0)
		*text = 0;
	else if (tenths < 1000)
		snprintf(text, sizeof text, "%2u.%u MB/s", (unsigned)(tenths / 10),
		         (unsigned)(tenths % 10));
	else
		snprintf(text, sizeof text, "%4llu MB/s", (unsigned long long)(tenths / 10));
	status_line_put(out, text, l->rate);
}

/* What has no bar may have the bar's place. */
static unsigned status_line_wide_what(const struct status_line_layout *l)
{
	const unsigned parts[] = { l->what, l->bar, l->percent, l->rate };
	unsigned width = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		width += parts[i] ? parts[i] + 1 : 0; /* a blank before each */
	return width ? width - 1 : 0;
}

static void status_line_put_elapsed(char out[STATUS_LINE_SIZE], unsigned width, uint64_t elapsed)
{
	char text[32];
	unsigned long long seconds = elapsed / 1000000, minutes = seconds / 60;
	if (minutes < 100)
		snprintf(text, sizeof text, "%2llu:%02llu", minutes, seconds % 60);
	else
		snprintf(text, sizeof text, "%2lluh%02llu", minutes / 60, minutes % 60);
	status_line_put(out, text, width);
}

void status_line_draw(const struct status_line_layout *l, const struct status_line *line,
                      char out[STATUS_LINE_SIZE])
{
	*out = 0;
	status_line_put(out, line->path, l->path);
	status_line_put(out, line->chip, l->chip);
	status_line_put(out, line->serial, l->serial);
	status_line_put(out, line->stage, l->stage);
	if (line->moving)
		status_line_put_transfer(out, l, line);
	else
		status_line_put(out, line->what, status_line_wide_what(l));
	status_line_put_elapsed(out, l->elapsed, line->elapsed);
}
