#include "report/status_line.h"

#include <stdio.h>
#include <string.h>

#define SERIAL_COLUMNS 16 /* of all real boards */

/* --- the layout */

/* Makes room for a part: TO columns and a blank, or as much more as there is if it has its place already. */
static void grow(unsigned *part, unsigned to, unsigned *left)
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

static unsigned at_most(size_t n, unsigned most)
{
	return n < most ? (unsigned)n : most;
}

struct liveline_layout liveline_layout(unsigned columns, size_t path, size_t serial)
{
	unsigned left = at_most(columns, LIVELINE_SIZE - 1);
	struct liveline_layout l = { .path = at_most(path, left) };
	left -= l.path;
	grow(&l.what, 6, &left); /* in the order of importance */
	grow(&l.percent, 4, &left);
	grow(&l.what, 13, &left);
	grow(&l.elapsed, 5, &left);
	grow(&l.bar, 7, &left);
	grow(&l.rate, 9, &left);
	grow(&l.serial, at_most(serial, SERIAL_COLUMNS), &left);
	grow(&l.chip, 7, &left);
	grow(&l.stage, 6, &left);
	grow(&l.bar, 22, &left);
	grow(&l.what, 24, &left);
	grow(&l.bar, 42, &left);
	return l;
}

/* --- the line */

void liveline_cell(char out[LIVELINE_SIZE], const char *text, unsigned width)
{
	size_t at = strlen(out), n = strlen(text);
	for (size_t i = 0; i < width && at < LIVELINE_SIZE - 1; i++) {
		char c = i < n ? text[i] : ' ';
		if (n > width && i + 1 == width)
			c = '~';
		out[at++] = c < 0x20 || c > 0x7e ? '?' : c;
	}
	out[at] = 0;
}

/* A part, and a blank before it if it is not the first. */
static void put(char out[LIVELINE_SIZE], const char *text, unsigned width)
{
	if (width == 0)
		return;
	if (*out)
		liveline_cell(out, "", 1);
	liveline_cell(out, text, width);
}

static void bar(char *out, size_t size, unsigned width, uint64_t done, uint64_t whole)
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

static void put_transfer(char out[LIVELINE_SIZE], const struct liveline_layout *l,
                         const struct liveline *line)
{
	char text[LIVELINE_SIZE] = "";
	put(out, line->what, l->what);
	bar(text, sizeof text, l->bar, line->done, line->size);
	put(out, text, l->bar);
	bool all = line->done >= line->size;
	snprintf(text, sizeof text, "%3u%%", all ? 100 : (unsigned)(line->done * 100 / line->size));
	put(out, text, l->percent);
	uint64_t tenths = line->rate / 100000;
	if (tenths == 0)
		*text = 0;
	else if (tenths < 1000)
		snprintf(text, sizeof text, "%2u.%u MB/s", (unsigned)(tenths / 10),
		         (unsigned)(tenths % 10));
	else
		snprintf(text, sizeof text, "%4llu MB/s", (unsigned long long)(tenths / 10));
	put(out, text, l->rate);
}

/* What has no bar may have the bar's place. */
static unsigned wide_what(const struct liveline_layout *l)
{
	const unsigned parts[] = { l->what, l->bar, l->percent, l->rate };
	unsigned width = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		width += parts[i] ? parts[i] + 1 : 0; /* a blank before each */
	return width ? width - 1 : 0;
}

static void put_elapsed(char out[LIVELINE_SIZE], unsigned width, uint64_t elapsed)
{
	char text[32];
	unsigned long long seconds = elapsed / 1000000, minutes = seconds / 60;
	if (minutes < 100)
		snprintf(text, sizeof text, "%2llu:%02llu", minutes, seconds % 60);
	else
		snprintf(text, sizeof text, "%2lluh%02llu", minutes / 60, minutes % 60);
	put(out, text, width);
}

void liveline_draw(const struct liveline_layout *l, const struct liveline *line,
                   char out[LIVELINE_SIZE])
{
	*out = 0;
	put(out, line->path, l->path);
	put(out, line->chip, l->chip);
	put(out, line->serial, l->serial);
	put(out, line->stage, l->stage);
	if (line->moving)
		put_transfer(out, l, line);
	else
		put(out, line->what, wide_what(l));
	put_elapsed(out, l->elapsed, line->elapsed);
}
