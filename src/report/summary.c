/* SPDX-License-Identifier: Apache-2.0 */
#include "report/summary.h"

#include "platform/plat.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define SERIAL_COLUMNS 16 /* of all real boards; longer ones are not cut, only not aligned */

void summary_add(struct summary *s, const struct event *e)
{
	if (e->err)
		s->failed++;
	else
		s->succeeded++;
	s->flashed += e->flash != NULL;
	struct summary_board *boards = realloc(s->boards, (s->count + 1) * sizeof *boards);
	if (!boards)
		return; /* then it is only in the totals */
	s->boards = boards;
	boards[s->count++] = (struct summary_board){ .facts = *e->board,
		                                     .err = e->err,
		                                     .files = e->files,
		                                     .bytes = e->bytes,
		                                     .duration = e->duration };
	if (e->flash)
		boards[s->count - 1].flash = *e->flash;
}

void summary_free(struct summary *s)
{
	free(s->boards);
	*s = (struct summary){ 0 };
}

/* Bytes, their rate until they had left the board's cache, and what was read back. */
static void summary_print_flash(const struct flash_figures *f, FILE *out)
{
	static const char *const checked[] = {
		[FLASH_CHECKED_NONE] = "no",
		[FLASH_CHECKED_CACHE] = "read back",
		[FLASH_CHECKED_MEDIUM] = "medium",
	};
	uint64_t time = f->write + f->settle;
	if (f->bytes)
		fprintf(out, " %12llu %5.1f %s", (unsigned long long)f->bytes,
		        time ? (double)f->bytes / (double)time : 0, checked[f->checked]);
	else
		fprintf(out, " %12s %5s %s", "-", "-", "-");
}

static void summary_print_board(const struct summary_board *b, int path, int serial, bool flash,
                                FILE *out)
{
	char safe[4 * USB_STRING_SIZE];
	double seconds = (double)b->duration / (double)PLAT_SECOND;
	double rate = b->duration ? (double)b->bytes / (double)b->duration : 0; /* bytes/us */
	str_escape(safe, sizeof safe, *b->facts.serial ? b->facts.serial : "-");
	fprintf(out, "%-*s %-*s %-7s %-15s %5u %10llu %7.2f %5.1f", path, b->facts.path, serial,
	        safe, b->facts.chip ? b->facts.chip->name : "-", b->err ? err_code(b->err) : "done",
	        b->files, (unsigned long long)b->bytes, seconds, rate);
	if (flash)
		summary_print_flash(&b->flash, out);
	putc('\n', out);
	if (b->facts.place)
		fprintf(out, "%*s %s\n", path, "", str_escape(safe, sizeof safe, b->facts.place));
}

/* Successes first, then in the order of bus and ports. */
static int summary_compare(const void *a, const void *b)
{
	const struct summary_board *x = *(const struct summary_board *const *)a;
	const struct summary_board *y = *(const struct summary_board *const *)b;
	if (!x->err != !y->err)
		return x->err ? 1 : -1;
	const char *p = x->facts.path, *q = y->facts.path;
	while (*p && *q) {
		char *p_end, *q_end;
		unsigned long m = strtoul(p, &p_end, 10), n = strtoul(q, &q_end, 10);
		if (m != n)
			return m < n ? -1 : 1;
		p = p_end + (*p_end != 0);
		q = q_end + (*q_end != 0);
	}
	return (*p != 0) - (*q != 0);
}

void summary_print(const struct summary *s, FILE *out)
{
	/* NOLINTBEGIN(bugprone-sizeof-expression): the elements are pointers */
	const struct summary_board **order = malloc((s->count + 1) * sizeof *order);
	int path = (int)strlen("Board"), serial = (int)strlen("Serial");
	for (size_t i = 0; i < s->count; i++) {
		int n = (int)strlen(s->boards[i].facts.path);
		path = n > path ? n : path;
		n = (int)strlen(s->boards[i].facts.serial);
		n = n > SERIAL_COLUMNS ? SERIAL_COLUMNS : n;
		serial = n > serial ? n : serial;
	}
	if (s->count > 0)
		fprintf(out, "\n%-*s %-*s %-7s %-15s %5s %10s %7s %5s%s\n", path, "Board", serial,
		        "Serial", "Chip", "Result", "Files", "Bytes", "Seconds", "MB/s",
		        s->flashed ? "      Written  MB/s Verified" : "");
	for (size_t i = 0; order && i < s->count; i++)
		order[i] = &s->boards[i];
	if (order && s->count > 1)
		qsort(order, s->count, sizeof *order, summary_compare);
	/* NOLINTEND(bugprone-sizeof-expression) */
	for (size_t i = 0; i < s->count; i++)
		summary_print_board(order ? order[i] : &s->boards[i], path, serial, s->flashed > 0,
		                    out);
	free(order);
	fprintf(out, "%u succeeded", s->succeeded);
	if (s->failed) /* a good run does not contain the word: scripts look for it */
		fprintf(out, ", %u failed", s->failed);
	putc('\n', out);
}
