/* SPDX-License-Identifier: Apache-2.0 */
/* What the live view writes: pictures that are whole, few, and leave the terminal in order. Its looks on a terminal are
 * tests/cli/progress.t's business. */
#include "platform/plat.h"
#include "report/report.h"
#include "report/summary.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

#define HIDE "\033[?25l"
#define SHOW "\033[?25h"

static const struct chip chip = { .name = "BCM2711" };
static const struct board_facts one = { .path = "1-1", .serial = "aa", .chip = &chip };
static const struct board_facts two = { .path = "1-2", .serial = "bb", .chip = &chip };

static struct report *report;
static FILE *out;

static void open_view(struct report_text_options lines)
{
	out = tmpfile();
	if (!out)
		abort();
	lines.out = lines.err = out;
	report = report_new();
	report_add(report,
	           report_progress_new(&(struct report_progress_options){ .lines = lines }));
}

/* All that was written so far, to be freed. */
static char *written(void)
{
	off_t size = lseek(fileno(out), 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);
	if (!text || pread(fileno(out), text, (size_t)size, 0) != (ssize_t)size)
		abort();
	return text;
}

/* Waits until WHAT was written, without an event. */
static void wait_for(const char *what)
{
	for (unsigned i = 0; i < 2000; i++) {
		char *text = written();
		bool there = strstr(text, what) != NULL;
		free(text);
		if (there)
			return;
		plat_pause(10 * PLAT_MS);
	}
	TAP_FAIL("'%s' was not drawn", what);
}

static char *close_view(void)
{
	report_free(report);
	char *text = written();
	fclose(out);
	return text;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;
	while ((text = strstr(text, what))) {
		n++;
		text += strlen(what);
	}
	return n;
}

static void observe(enum event_kind kind, const struct board_facts *board, const char *text)
{
	report_emit(report, &(struct event){ .kind = kind, .board = board, .text = text });
}

static void move_bytes(enum event_kind kind, const struct board_facts *board, uint64_t done)
{
	report_emit(report, &(struct event){ .kind = kind,
	                                     .board = board,
	                                     .name = "boot.img",
	                                     .done = done,
	                                     .size = 1000,
	                                     .duration = done * 10 });
}

static void shows_the_last_state_by_itself(void)
{
	open_view((struct report_text_options){ 0 });
	observe(EV_ATTACHED, &one, NULL);
	for (unsigned i = 0; i <= 1000; i += 100)
		move_bytes(EV_FILE_PROGRESS, &one, i);
	wait_for("=] 100%");
	free(close_view());
}

static void draws_few_pictures(void)
{
	open_view((struct report_text_options){ 0 });
	uint64_t start = plat_now();
	observe(EV_ATTACHED, &one, NULL);
	for (unsigned i = 0; i < 2000; i++)
		move_bytes(EV_FILE_PROGRESS, &one, i / 2);
	char *text = close_view();
	unsigned most = (unsigned)((plat_now() - start) / (80 * PLAT_MS)) + 2;
	if (count(text, HIDE) > most)
		TAP_FAIL("%u pictures, more than %u", count(text, HIDE), most);
	free(text);
}

static void is_still_while_nothing_happens(void)
{
	open_view((struct report_text_options){ 0 });
	observe(EV_WAITING, NULL, NULL);
	wait_for("Waiting for");
	observe(EV_WAITING, NULL, NULL);
	plat_pause(200 * PLAT_MS);
	char *text = close_view();
	CHECK_INT(count(text, "Waiting for"), 1);
	CHECK_INT(count(text, HIDE), 2); /* it comes, it goes */
	free(text);
}

static void leaves_the_terminal_in_order(void)
{
	open_view((struct report_text_options){ 0 });
	observe(EV_ATTACHED, &one, NULL);
	wait_for("1-1 ");
	observe(EV_ATTACHED, &two, NULL);
	wait_for("1-2 ");
	report_emit(report, &(struct event){ .kind = EV_RESULT, .board = &one, .files = 1 });
	report_emit(report,
	            &(struct event){ .kind = EV_RESULT, .board = &two, .err = ERR_INTERRUPTED });
	char *text = close_view();
	CHECK_INT(count(text, HIDE), count(text, SHOW));
	size_t n = strlen(text);
	CHECK(n > strlen(SHOW) && strcmp(text + n - strlen(SHOW), SHOW) == 0);
	const char *last = strstr(text, "1-1 BCM2711 aa done: 1 file, 0 bytes, 0.00 s, 0.0 MB/s");
	CHECK(last && strstr(last, "1-2 BCM2711 bb interrupted\033[K\n"));
	free(text);
}

static void keeps_remarks(void)
{
	open_view((struct report_text_options){ .prefix = true });
	observe(EV_START, NULL, "VERSION");
	observe(EV_ATTACHED, &one, NULL);
	report_warning(report, &one, "topic", "careful with \033[2J");
	report_notice(report, &one, "by the way");
	report_error(report, &one, ERR_SEND, "boot.img");
	report_emit(report, &(struct event){ .kind = EV_FILE_ABSENT, .board = &one, .name = "x" });
	char *text = close_view();
	CHECK(strstr(text, "VERSION\033[K\n") != NULL);
	CHECK(strstr(text, "[1-1] Warning: careful with \\x1b[2J\033[K\n") != NULL);
	CHECK(strstr(text, "[1-1] by the way\033[K\n") != NULL);
	CHECK(strstr(text, "[1-1] boot.img: a file could not be sent completely.") != NULL);
	CHECK(strstr(text, "Cannot open") == NULL);
	CHECK(strstr(text, "\033[31m") == NULL);
	free(text);
}

static void shows_more_when_verbose_and_less_when_quiet(void)
{
	open_view((struct report_text_options){ .verbose = 1 });
	report_emit(report, &(struct event){ .kind = EV_FILE_ABSENT, .board = &one, .name = "x" });
	char *text = close_view();
	CHECK(strstr(text, "Cannot open file x") != NULL);
	free(text);

	open_view((struct report_text_options){ .quiet = true });
	observe(EV_START, NULL, "VERSION");
	observe(EV_ATTACHED, &one, NULL);
	report_error(report, &one, ERR_SEND, "boot.img");
	report_emit(report, &(struct event){ .kind = EV_RESULT, .board = &one });
	text = close_view();
	CHECK(strstr(text, "VERSION") == NULL);
	CHECK(strstr(text, "done") == NULL);
	CHECK(strstr(text, "boot.img: a file") != NULL);
	free(text);
}

static void counts_what_has_no_room(void)
{
	open_view((struct report_text_options){ 0 });
	struct board_facts boards[40];
	for (unsigned i = 0; i < 40; i++) {
		boards[i] = (struct board_facts){ .chip = &chip };
		snprintf(boards[i].path, sizeof boards[i].path, "1-%u", i + 1);
		observe(EV_ATTACHED, &boards[i], NULL);
	}
	wait_for("+18 more");
	char *text = close_view(); /* no terminal: 24 rows are assumed */
	CHECK(strstr(text, "1-22 ") != NULL);
	CHECK(strstr(text, "1-40 ") == NULL);
	CHECK(strstr(text, "+18 more\033[K\n\033[J") != NULL);
	free(text);
}

int main(void)
{
	RUN(shows_the_last_state_by_itself);
	RUN(draws_few_pictures);
	RUN(is_still_while_nothing_happens);
	RUN(leaves_the_terminal_in_order);
	RUN(keeps_remarks);
	RUN(shows_more_when_verbose_and_less_when_quiet);
	RUN(counts_what_has_no_room);
	return tap_end();
}
