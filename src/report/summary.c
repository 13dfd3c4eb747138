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
	struct summary_board *boards = realloc(s->boards, (s->count + 1) * sizeof *boards);
	if (!boards)
		return; /* then only the numbers tell of it */
	s->boards = boards;
	boards[s->count++] = (struct summary_board){ .facts = *e->board,
		                                     .err = e->err,
		                                     .files = e->files,
		                                     .bytes = e->bytes,
		                                     .duration = e->duration };
}

void summary_free(struct summary *s)
{
	free(s->boards);
	*s = (struct summary){ 0 };
}

static void summary_print_board(const struct summary_board *b, int path, int serial, FILE *out)
{
	char safe[4 * USB_STRING_SIZE];
	double seconds = (double)b->duration / (double)PLAT_SECOND;
	double rate = b->duration ? (double)b->bytes / (double)b->duration : 0; /* bytes/us */
	str_escape(safe, sizeof safe, *b->facts.serial ? b->facts.serial : "-");
	fprintf(out, "%-*s %-*s %-7s %-15s %5u %10llu %7.2f %5.1f\n", path, b->facts.path, serial,
	        safe, b->facts.chip ? b->facts.chip->name : "-", b->err ? err_code(b->err) : "done",
	        b->files, (unsigned long long)b->bytes, seconds, rate);
}

void summary_print(const struct summary *s, FILE *out)
{
	int path = (int)strlen("Board"), serial = (int)strlen("Serial");
	for (size_t i = 0; i < s->count; i++) {
		int n = (int)strlen(s->boards[i].facts.path);
		path = n > path ? n : path;
		n = (int)strlen(s->boards[i].facts.serial);
		n = n > SERIAL_COLUMNS ? SERIAL_COLUMNS : n;
		serial = n > serial ? n : serial;
	}
	if (s->count > 0)
		fprintf(out, "\n%-*s %-*s %-7s %-15s %5s %10s %7s %5s\n", path, "Board", serial,
		        "Serial", "Chip", "Result", "Files", "Bytes", "Seconds", "MB/s");
	for (size_t i = 0; i < s->count; i++)
		summary_print_board(&s->boards[i], path, serial, out);
	fprintf(out, "%u succeeded, %u failed\n", s->succeeded, s->failed);
}
