/* SPDX-License-Identifier: Apache-2.0 */
/* A reader that stops: nobody waits for it, progress is dropped, results are kept. */
#include "platform/plat.h"
#include "report/output.h"
#include "report/report.h"
#include "report/summary.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int reader;
static FILE *writer;

static void open_pipe(void)
{
	int ends[2];
	if (pipe(ends) != 0)
		abort();
	reader = ends[0];
	writer = fdopen(ends[1], "w");
	if (!writer)
		abort();
}

/* Everything that comes until the writer is closed. */
static char *received;
static size_t received_size;

static void read_all(void *arg)
{
	static char buffer[65536];
	FILE *to = open_memstream(&received, &received_size);
	ssize_t n;
	(void)arg;
	while ((n = read(reader, buffer, sizeof buffer)) > 0)
		fwrite(buffer, 1, (size_t)n, to);
	fclose(to);
	close(reader);
}

static unsigned long lines_with(const char *what)
{
	unsigned long n = 0;
	for (const char *at = received; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static struct observer *make_json(void *ctx, FILE *out, FILE *err)
{
	(void)ctx;
	CHECK(!err);
	return report_json_new(&(struct report_json_options){ .out = out });
}

static void nobody_waits_for_a_reader_that_stopped(void)
{
	enum { NOTICES = 60000, RESULTS = 100 };
	struct board_facts board = { .path = "1-1" };
	struct summary summary = { 0 };
	open_pipe();
	struct output *out = output_new(writer, NULL);
	struct observer *o = report_output_new(
		&(struct report_output_options){ .out = out, .make = make_json });
	for (int i = 0; i < NOTICES; i++) /* 100 characters each: more than there is room for */
		o->see(o, &(struct event){ .kind = EV_NOTICE,
		                           .board = &board,
		                           .text = "0123456789012345678901234567890123456789"
		                                   "01234567890123456789" });
	CHECK(!output_has_room(out));
	for (int i = 0; i < RESULTS; i++)
		o->see(o, &(struct event){ .kind = EV_RESULT, .board = &board });
	output_settle(out); /* comes back although nobody reads */
	o->see(o, &(struct event){ .kind = EV_SUMMARY, .summary = &summary });

	struct plat_thread *thread = plat_thread_start(read_all, NULL);
	o->end(o);
	CHECK_INT(output_free(out), 0);
	fclose(writer);
	plat_thread_join(thread);
	CHECK_INT(lines_with("\"event\":\"result\""), RESULTS);
	CHECK_INT(lines_with("\"event\":\"summary\""), 1);
	CHECK(strstr(received, "\"event\":\"summary\"") > strstr(received, "\"output-dropped\""));
	static const char text[] = "\"text\":\"output was not read: ";
	const char *warning = strstr(received, text);
	CHECK(warning);
	unsigned long dropped = warning ? strtoul(warning + strlen(text), NULL, 10) : 0;
	CHECK_INT(lines_with("\"event\":\"notice\"") + dropped, NOTICES);
	CHECK(dropped > 0 && dropped < NOTICES);
	free(received);
}

static void two_streams_of_one_file_keep_their_order(void)
{
	open_pipe();
	FILE *second = fdopen(dup(fileno(writer)), "w");
	struct plat_thread *thread = plat_thread_start(read_all, NULL);
	struct output *out = output_new(writer, NULL), *err = output_new(second, out);
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	for (size_t i = 0; i < strlen(letters); i++)
		CHECK(output_put(i % 2 ? err : out, letters + i, 1, false));
	CHECK_INT(output_free(err), 0);
	CHECK_INT(output_free(out), 0);
	fclose(writer);
	fclose(second);
	plat_thread_join(thread);
	CHECK_STR(received, letters);
	free(received);
}

static void a_stopped_stream_does_not_stop_another(void)
{
	open_pipe();
	FILE *file = tmpfile();
	static char much[1 << 20];
	struct output *out = output_new(writer, NULL), *err = output_new(file, out);
	CHECK(output_put(out, much, sizeof much, true)); /* a pipe holds less */
	CHECK(output_put(err, "x", 1, true));
	CHECK_INT(output_free(err), 0); /* waits for this one only */
	CHECK_INT(ftell(file), 1);
	fclose(file);
	struct plat_thread *thread = plat_thread_start(read_all, NULL);
	CHECK_INT(output_free(out), 0);
	fclose(writer);
	plat_thread_join(thread);
	CHECK_INT(received_size, sizeof much);
	free(received);
}

static void says_what_could_not_be_written(void)
{
	FILE *full = fopen("/dev/full", "w");
	if (!full) {
		tap_skip("no /dev/full");
		return;
	}
	struct output *out = output_new(full, NULL);
	CHECK(output_put(out, "x", 1, true));
	CHECK_INT(output_free(out), ENOSPC);
	fclose(full);

	signal(SIGPIPE, SIG_IGN); /* as plat_on_signal does */
	open_pipe();
	close(reader);
	out = output_new(writer, NULL);
	CHECK(output_put(out, "x", 1, true));
	CHECK_INT(output_free(out), 0); /* a reader that has left is no error */
	fclose(writer);
}

int main(void)
{
	RUN(nobody_waits_for_a_reader_that_stopped);
	RUN(two_streams_of_one_file_keep_their_order);
	RUN(a_stopped_stream_does_not_stop_another);
	RUN(says_what_could_not_be_written);
	return tap_end();
}
