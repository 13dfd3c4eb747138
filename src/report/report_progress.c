/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "report/status_line.h"
#include "platform/plat.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* The picture is one live line a board below the lines that stay. Events only note what is new; a thread of its own
 * draws, so that bursts of events become one picture, the last state is always shown, and a terminal that was stopped
 * (Ctrl-S) holds up no board. While nothing changes the thread sleeps.
 *
 * A picture is one write. The cursor is hidden from its beginning to its end only and stands below the picture in
 * between: however the program ends, the terminal is left in order. */

#define PICTURE_TIME (80 * PLAT_MS) /* at most 12 pictures a second */

#define HIDE        "\033[?25l"
#define SHOW        "\033[?25h"
#define CLEAR_RIGHT "\033[K"
#define CLEAR_BELOW "\033[J"
#define RED         "\033[31m"
#define GREEN       "\033[32m"
#define YELLOW      "\033[33m"
#define PLAIN       "\033[m"

struct live {
	struct board_facts facts;
	char what[STATUS_LINE_SIZE]; /* a file's name, or what happens */
	bool moving;
	uint64_t done, size, rate;
	uint64_t since;
	struct live *next;
};

struct progress {
	struct observer observer;
	struct report_progress_options options;
	struct observer *plain;   /* writes into LINES what stays */
	struct plat_memory fresh; /* lines that are not shown yet */
	FILE *lines;              /* its stream */
	struct plat_thread *thread;
	struct plat_monitor *monitor; /* for the above and: */
	struct live *boards;          /* in the order of their arrival */
	size_t path, serial;          /* the longest so far */
	bool waiting;                 /* no board yet */
	bool news, ending;

	/* the drawing thread's: the live lines on the screen, each with its newline, and the width they were made for */
	char *frame;
	unsigned columns;
};

/* --- the picture */

static const char *progress_stage_name(enum stage stage)
{
	return stage == STAGE_BOOT_ROM ? "ROM" : stage == STAGE_FILE_SERVER ? "server" : "";
}

static void progress_print_live(const struct live *b, const struct status_line_layout *layout,
                                struct str_buffer *out)
{
	char text[STATUS_LINE_SIZE];
	status_line_draw(layout,
	                 &(struct status_line){ .path = b->facts.path,
	                                        .chip = b->facts.chip ? b->facts.chip->name : "",
	                                        .serial = b->facts.serial,
	                                        .stage = progress_stage_name(b->facts.stage),
	                                        .what = b->what,
	                                        .moving = b->moving,
	                                        .done = b->done,
	                                        .size = b->size,
	                                        .rate = b->rate,
	                                        .elapsed = plat_now() - b->since },
	                 text);
	str_addf(out, "%s\n", text);
}

/* A line that is no board's. */
static void progress_print_remark(const char *remark, unsigned columns, struct str_buffer *out)
{
	char text[STATUS_LINE_SIZE] = "";
	size_t n = strlen(remark);
	status_line_cell(text, remark, n < columns ? (unsigned)n : columns);
	str_addf(out, "%s\n", text);
}

/* The text; NULL: out of memory, nothing is left to free. */
static char *progress_take(struct str_buffer *out)
{
	if (out->failed) {
		free(out->bytes);
		out->bytes = NULL;
	}
	return out->bytes;
}

/* The live lines, at most ROWS of them. New string; NULL: out of memory. */
static char *progress_live_lines(const struct progress *p, unsigned columns, unsigned rows)
{
	struct str_buffer out = { 0 };
	char more[32];
	size_t count = 0, shown = 0;
	str_add(&out, "", 0);
	for (const struct live *b = p->boards; b; b = b->next)
		count++;
	size_t room = count <= rows ? count : rows - (rows > 0);
	struct status_line_layout layout = status_line_layout(columns, p->path, p->serial);
	for (const struct live *b = p->boards; b && shown < room; b = b->next, shown++)
		progress_print_live(b, &layout, &out);
	if (count > shown && rows > 0) {
		snprintf(more, sizeof more, "+%zu more", count - shown);
		progress_print_remark(more, columns, &out);
	}
	if (count == 0 && p->waiting && rows > 0)
		progress_print_remark(REPORT_WAITING, columns, &out);
	return progress_take(&out);
}

/* How many rows of COLUMNS the live lines take; a terminal that becomes narrower wraps its lines again. */
static unsigned progress_rows_of(const char *lines, unsigned columns)
{
	unsigned rows = 0;
	while (lines && *lines) {
		size_t n = strcspn(lines, "\n");
		rows += n ? (unsigned)((n - 1) / columns) + 1 : 1;
		lines += n + 1;
	}
	return rows;
}

/* TEXT over whatever stands there. */
static void progress_print_over(const char *text, size_t size, struct str_buffer *out)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n')
			str_addf(out, CLEAR_RIGHT);
		str_add(out, text + i, 1);
	}
}

/* One frame: the lines that stay, from where the last frame stood, then FRAME. New string of *SIZE bytes. */
static char *progress_compose(struct progress *p, const char *frame, unsigned columns, size_t *size)
{
	struct str_buffer out = { 0 };
	unsigned up = progress_rows_of(p->frame, columns);
	str_addf(&out, HIDE "\r");
	if (up > 0)
		str_addf(&out, "\033[%uA", up);
	if (columns != p->columns) /* lines that were wrapped must be forgotten as such */
		str_addf(&out, CLEAR_BELOW);
	progress_print_over(p->fresh.bytes, p->fresh.size, &out);
	progress_print_over(frame, strlen(frame), &out);
	str_addf(&out, CLEAR_BELOW SHOW);
	*size = out.size;
	return progress_take(&out);
}

/* Brings the screen up to date. Inside the monitor, which is left while the terminal takes its time. */
static void progress_draw(struct progress *p)
{
	FILE *out = p->options.lines.out;
	unsigned columns, rows;
	size_t size = 0;
	plat_terminal_size(out, &columns, &rows);
	p->news = false;
	plat_memory_take(&p->fresh);
	char *update = NULL, *frame = progress_live_lines(p, columns - 1, rows - 1);
	if (!frame)
		return;
	if (p->fresh.size > 0 || strcmp(frame, p->frame ? p->frame : "") != 0)
		update = progress_compose(p, frame, columns, &size);
	if (update)
		plat_memory_rewind(&p->fresh);
	plat_unlock(p->monitor);
	if (update) {
		fwrite(update, 1, size, out);
		fflush(out);
		free(p->frame);
		p->frame = frame;
		p->columns = columns;
		frame = NULL;
	}
	free(update);
	free(frame);
	plat_lock(p->monitor);
}

static void progress_draw_main(void *arg)
{
	struct progress *p = arg;
	uint64_t next = 0;
	plat_lock(p->monitor);
	while (!p->ending) {
		if (!p->news) {
			plat_wait(p->monitor, PLAT_FOREVER);
		} else if (plat_now() < next) {
			plat_wait(p->monitor, next);
		} else {
			progress_draw(p);
			next = plat_now() + PICTURE_TIME;
		}
	}
	plat_unlock(p->monitor);
}

/* --- what stays */

static void progress_paint(const struct progress *p, const char *colour)
{
	if (p->options.colour)
		fputs(colour, p->lines);
}

static void progress_print_plain(struct progress *p, const struct event *e, const char *colour)
{
	bool mine = p->options.lines.err == p->lines; /* errors elsewhere stay without colour */
	if (colour && mine)
		progress_paint(p, colour);
	p->plain->see(p->plain, e);
	if (colour && mine)
		progress_paint(p, PLAIN);
}

static void progress_print_result(struct progress *p, const struct event *e)
{
	char path[STATUS_LINE_SIZE] = "", serial[4 * USB_STRING_SIZE];
	double rate = e->duration ? (double)e->bytes / (double)e->duration : 0; /* bytes/us */
	size_t width = strlen(
		e->board->path); /* of a board that could not be opened: none so far */
	status_line_cell(path, e->board->path, (unsigned)(width > p->path ? width : p->path));
	str_escape(serial, sizeof serial, e->board->serial);
	fprintf(p->lines, "%s %-7s %s%s", path, e->board->chip ? e->board->chip->name : "", serial,
	        *serial ? " " : "");
	progress_paint(p, e->err ? RED : GREEN);
	fputs(e->err ? err_text(e->err) : "done", p->lines);
	progress_paint(p, PLAIN);
	if (!e->err)
		fprintf(p->lines, ": %u file%s, %llu bytes, %.2f s, %.1f MB/s", e->files,
		        e->files == 1 ? "" : "s", (unsigned long long)e->bytes,
		        (double)e->duration / (double)PLAT_SECOND, rate);
	putc('\n', p->lines);
}

/* Whether the event leaves a line besides its trace in the picture. */
static void progress_note_lines(struct progress *p, const struct event *e)
{
	switch (e->kind) {
	case EV_ERROR:
		progress_print_plain(p, e, RED);
		break;
	case EV_WARNING:
		progress_print_plain(p, e, YELLOW);
		break;
	case EV_STAGE: /* lines that programs look for, also on a terminal of their own */
		if (e->board->stage == STAGE_FILE_SERVER || p->options.lines.verbose)
			progress_print_plain(p, e, NULL);
		break;
	case EV_SERVED:
	case EV_START:
	case EV_NOTICE:
	case EV_METADATA:
	case EV_METADATA_FILE:
	case EV_METADATA_OUTPUT:
	case EV_STAGE_REACHED:
	case EV_DISK:
	case EV_IMAGE:
	case EV_FLASH:
	case EV_FLASH_END:
	case EV_BACKUP_END:
	case EV_EJECTED:
	case EV_DIAGNOSIS:
	case EV_SUMMARY:
		progress_print_plain(p, e, NULL);
		break;
	case EV_RESULT:
		if (!p->options.lines.quiet && e->board)
			progress_print_result(p, e);
		break;
	default:
		if (p->options.lines.verbose)
			progress_print_plain(p, e, NULL);
		break;
	}
}

/* --- what is live */

static struct live **progress_find(struct progress *p, const struct board_facts *facts)
{
	struct live **at = &p->boards;
	while (*at && !(facts && strcmp((*at)->facts.path, facts->path) == 0))
		at = &(*at)->next;
	return at;
}

static void progress_add(struct progress *p, const struct event *e)
{
	struct live **at = progress_find(p, e->board), *b = *at;
	if (!b)
		b = calloc(1, sizeof *b);
	if (!b)
		return; /* works all the same, only unseen */
	*at = b;
	b->facts = *e->board;
	b->since = e->time;
}

static void progress_set_what(struct live *b, const char *what)
{
	b->moving = false;
	snprintf(b->what, sizeof b->what, "%s", what);
}

static void progress_note_transfer(struct live *b, const struct event *e, const char *what)
{
	progress_set_what(b, what);
	b->moving = true;
	b->done = e->done;
	b->size = e->size;
	b->rate = e->duration ? e->done * PLAT_SECOND / e->duration : 0;
}

static void progress_note_flash(struct live *b, const struct event *e)
{
	static const char *const steps[] = {
		[FLASH_WRITE] = "writing",
		[FLASH_SETTLE] = "settling",
		[FLASH_VERIFY] = "verifying",
		[FLASH_READ] = "reading",
	};
	if (e->size)
		progress_note_transfer(b, e, steps[e->step]);
	else
		progress_set_what(b, steps[e->step]);
}

static void progress_note_board(struct progress *p, struct live *b, const struct event *e)
{
	b->facts = *e->board;
	size_t path = strlen(b->facts.path), serial = strlen(b->facts.serial);
	p->path = path > p->path ? path : p->path;
	p->serial = serial > p->serial ? serial : p->serial;
	switch (e->kind) {
	case EV_ATTACHED:
		progress_set_what(b, "attached");
		break;
	case EV_STAGE:
		progress_set_what(b, b->facts.stage == STAGE_BOOT_ROM ? "second stage"
		                                                      : "file server");
		break;
	case EV_WAITING:
		progress_set_what(b, "waiting for its next stage");
		break;
	case EV_DISK_WAIT:
		progress_set_what(b, "waiting for its disks");
		break;
	case EV_STAGE_WAIT:
		progress_set_what(b, "waiting for what it becomes");
		break;
	case EV_IMAGE_WAIT:
		progress_set_what(b, "waiting for the image");
		break;
	case EV_FLASH_PROGRESS:
		progress_note_flash(b, e);
		break;
	case EV_EXEC:
		progress_set_what(b, "the program runs");
		break;
	case EV_FILE_BEGIN:
	case EV_FILE_PROGRESS:
	case EV_FILE_END:
		progress_note_transfer(b, e, e->name);
		break;
	default:
		break;
	}
}

static void progress_note_live(struct progress *p, const struct event *e)
{
	if (e->kind == EV_ATTACHED)
		progress_add(p, e);
	if (e->kind == EV_WAITING && !e->board)
		p->waiting = true;
	if (!e->board)
		return;
	struct live **at = progress_find(p, e->board), *b = *at;
	if (b)
		progress_note_board(p, b, e);
	if (b && e->kind == EV_RESULT) {
		*at = b->next;
		free(b);
	}
}

static void progress_observe(struct observer *self, const struct event *e)
{
	struct progress *p = (struct progress *)self;
	plat_lock(p->monitor);
	progress_note_live(p, e);
	progress_note_lines(p, e);
	if (!p->news)
		plat_broadcast(p->monitor);
	p->news = true;
	plat_unlock(p->monitor);
}

/* --- its life */

static void progress_finish(struct observer *self)
{
	struct progress *p = (struct progress *)self;
	if (p->thread) {
		plat_lock(p->monitor);
		p->ending = true;
		p->waiting = false;
		plat_broadcast(p->monitor);
		plat_unlock(p->monitor);
		plat_thread_join(p->thread);
		plat_lock(p->monitor);
		progress_draw(p);
		plat_unlock(p->monitor);
	}
	if (p->plain)
		p->plain->end(p->plain);
	if (p->lines)
		plat_memory_close(&p->fresh);
	plat_monitor_free(p->monitor);
	while (p->boards) {
		struct live *b = p->boards;
		p->boards = b->next;
		free(b);
	}
	free(p->fresh.bytes);
	free(p->frame);
	free(p);
}

struct observer *report_progress_new(const struct report_progress_options *options)
{
	struct progress *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	*p = (struct progress){ .observer = { .see = progress_observe, .end = progress_finish },
		                .options = *options };
	struct report_text_options *lines = &p->options.lines, plain = *lines;
	if (plat_memory_open(&p->fresh))
		p->lines = plain.out = p->fresh.stream;
	if (lines->err == lines->out ||
	    (plat_is_terminal(lines->err) && plat_is_terminal(lines->out)))
		lines->err = plain.err = p->lines;
	if (p->lines)
		p->plain = report_text_new(&plain);
	p->monitor = plat_monitor_new();
	if (p->plain && p->monitor) {
		setvbuf(lines->out, NULL, _IONBF, 0);
		p->thread = plat_thread_start(progress_draw_main, p);
	}
	if (p->thread)
		return &p->observer;
	progress_finish(&p->observer);
	return NULL;
}
