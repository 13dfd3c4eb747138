/* SPDX-License-Identifier: Apache-2.0 */
/* Every event as a line of JSON, to the letter; tests/cli/json.t has them read by another program. */
#include "report/metadata.h"
#include "report/report.h"
#include "report/summary.h"
#include "tap.h"

#include <stdlib.h>

static const struct chip chip = { .name = "BCM2711" };
static const struct board_facts rom = {
	.path = "1-1.3", .serial = "1000ab", .chip = &chip, .stage = STAGE_BOOT_ROM
};
static const struct board_facts server = {
	.path = "1-1.3", .serial = "1000ab", .chip = &chip, .stage = STAGE_FILE_SERVER
};

#define BOARD "\"path\":\"1-1.3\",\"chip\":\"BCM2711\",\"serial\":\"1000ab\""

/* What an observer that has seen an EV_START at SINCE prints for E. */
static char *printed_since(uint64_t since, const struct event *e, int verbose)
{
	char *text, *line;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct observer *o = report_json_new(
		&(struct report_json_options){ .verbose = verbose, .out = out });
	o->see(o, &(struct event){ .kind = EV_START, .text = "V", .time = since });
	o->see(o, e);
	o->end(o);
	fclose(out);
	line = strdup(strchr(text, '\n') + 1);
	free(text);
	return line;
}

static void check(const struct event *e, const char *want)
{
	struct event timed = *e;
	timed.time = 3000007;
	char *line = printed_since(1000000, &timed, 0), expected[2048] = "";
	if (*want)
		snprintf(expected, sizeof expected, "{%s}\n", want);
	CHECK_STR(line, expected);
	free(line);
}

#define EVENT(name) "\"event\":\"" name "\",\"time\":2.000007"

static void tells_date_and_version_at_the_start(void)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct observer *o = report_json_new(&(struct report_json_options){ .out = out });
	o->see(o, &(struct event){ .kind = EV_START, .text = "RPIBOOT: 1", .time = 77 });
	o->end(o);
	fclose(out);
	static const char before[] = "{\"event\":\"start\",\"time\":0.000000,\"at\":\"";
	CHECK(strncmp(text, before, strlen(before)) == 0);
	CHECK_STR(text + strlen(before) + strlen("2026-02-03T04:05:06.123456Z"),
	          "\",\"version\":\"RPIBOOT: 1\"}\n");
	free(text);
}

static void tells_what_happens_to_a_board(void)
{
	check(&(struct event){ .kind = EV_WAITING }, EVENT("waiting"));
	check(&(struct event){ .kind = EV_WAITING, .board = &rom }, EVENT("waiting") "," BOARD);
	check(&(struct event){ .kind = EV_ATTACHED, .board = &rom }, EVENT("attached") "," BOARD);
	check(&(struct event){ .kind = EV_STAGE, .board = &rom },
	      EVENT("stage") "," BOARD ",\"stage\":\"rom\"");
	check(&(struct event){ .kind = EV_STAGE, .board = &server },
	      EVENT("stage") "," BOARD ",\"stage\":\"server\"");
	check(&(struct event){ .kind = EV_DIRECTORY, .board = &rom, .where = "/a b" },
	      EVENT("default-folder") "," BOARD ",\"folder\":\"/a b\"");
	check(&(struct event){ .kind = EV_ARCHIVE, .board = &rom, .where = "b.bin" },
	      EVENT("archive") "," BOARD ",\"file\":\"b.bin\"");
	check(&(struct event){ .kind = EV_STATUS, .board = &rom, .code = 0xffffffff },
	      EVENT("return-code") "," BOARD ",\"value\":4294967295");
	check(&(struct event){ .kind = EV_STATUS_NONE, .board = &rom, .err = ERR_USB_GONE },
	      EVENT("no-return-code") "," BOARD ",\"reason\":\"usb-gone\"");
	check(&(struct event){ .kind = EV_STATUS_NONE, .board = &rom },
	      EVENT("no-return-code") "," BOARD);
	check(&(struct event){ .kind = EV_SERVED, .board = &server, .files = 2, .bytes = 30 },
	      EVENT("done") "," BOARD ",\"files\":2,\"bytes\":30");
}

static void tells_of_files(void)
{
	struct event e = {
		.kind = EV_SOURCE,
		.board = &server,
		.name = "a.bin",
		.where = "dir/a.bin",
		.source = SOURCE_OVERLAY,
		.size = UINT32_MAX,
		.duration = 1500000,
	};
	check(&e, EVENT("source") "," BOARD ",\"name\":\"a.bin\",\"source\":\"overlay\","
	                          "\"file\":\"dir/a.bin\",\"size\":4294967295");
	e.kind = EV_FILE_SIZE;
	check(&e, EVENT("file-size") "," BOARD ",\"name\":\"a.bin\",\"size\":4294967295");
	e.kind = EV_FILE_BEGIN;
	e.where = "embedded:a.bin";
	e.source = SOURCE_EMBEDDED;
	check(&e, EVENT("file-begin") "," BOARD ",\"name\":\"a.bin\",\"source\":\"embedded\","
	                              "\"size\":4294967295");
	e.kind = EV_FILE_PROGRESS;
	check(&e, "");
	e.kind = EV_FILE_END;
	check(&e, EVENT("file-end") "," BOARD ",\"name\":\"a.bin\",\"source\":\"embedded\","
	                            "\"size\":4294967295,\"duration\":1.500000");
	e.kind = EV_FILE_ABSENT;
	check(&e, EVENT("file-absent") "," BOARD ",\"name\":\"a.bin\",\"optional\":false");
	e.name = "boot.sig";
	check(&e, EVENT("file-absent") "," BOARD ",\"name\":\"boot.sig\",\"optional\":true");
}

static void tells_metadata(void)
{
	char *words[] = { (char[]){ "A" }, (char[]){ "1" }, (char[]){ "B" }, (char[]){ "\"" } };
	struct metadata m = { .keys = { words[0], words[2] },
		              .values = { words[1], words[3] },
		              .count = 2 };
	check(&(struct event){ .kind = EV_METADATA, .board = &server, .name = "A", .text = "" },
	      EVENT("metadata") "," BOARD ",\"name\":\"A\",\"value\":\"\"");
	check(&(struct event){ .kind = EV_METADATA_FILE,
	                       .board = &server,
	                       .where = "d/s.json",
	                       .metadata = &m },
	      EVENT("metadata-all") "," BOARD
	                            ",\"file\":\"d/s.json\",\"values\":{\"A\":\"1\",\"B\":\"\\\"\"}");
	m.count = 0;
	check(&(struct event){ .kind = EV_METADATA_OUTPUT, .board = &server, .metadata = &m },
	      EVENT("metadata-all") "," BOARD ",\"file\":null,\"values\":{}");
}

static void tells_what_goes_wrong(void)
{
	check(&(struct event){ .kind = EV_NOTICE, .text = "n" }, EVENT("notice") ",\"text\":\"n\"");
	check(&(struct event){ .kind = EV_WARNING, .board = &rom, .topic = "t", .text = "w" },
	      EVENT("warning") "," BOARD ",\"code\":\"t\",\"text\":\"w\"");
	check(&(struct event){ .kind = EV_ERROR, .err = ERR_NO_BOARD, .text = "waited" },
	      EVENT("failed") ",\"code\":\"no-board\",\"reason\":\"no board appeared in time\","
	                      "\"text\":\"waited\",\"advice\":\"Is the board in USB boot mode, "
	                      "and the cable a data cable?\"");
	check(&(struct event){ .kind = EV_ERROR, .err = ERR_MEMORY, .text = "" },
	      EVENT("failed") ",\"code\":\"memory\",\"reason\":\"out of memory\"");
	check(&(struct event){ .kind = EV_RESULT,
	                       .board = &server,
	                       .err = ERR_BOARD_LOST,
	                       .files = 1,
	                       .bytes = 5000000000,
	                       .duration = 10 },
	      EVENT("result") "," BOARD ",\"success\":false,\"code\":\"board-lost\",\"files\":1,"
	                      "\"bytes\":5000000000,\"duration\":0.000010");
}

static void tells_details_only_when_asked(void)
{
	struct event e = { .kind = EV_DEBUG, .level = 1, .text = "d" };
	check(&e, "");
	char *line = printed_since(0, &e, 1);
	CHECK_STR(line, "{\"event\":\"debug\",\"time\":0.000000,\"level\":1,\"text\":\"d\"}\n");
	free(line);
}

static void sums_up(void)
{
	struct summary s = { 0 };
	struct observer *o = report_summary_new(&s);
	o->see(o, &(struct event){ .kind = EV_ATTACHED, .board = &rom });
	check(&(struct event){ .kind = EV_SUMMARY, .summary = &s, .code = 5 },
	      EVENT("summary") ",\"succeeded\":0,\"failed\":0,\"status\":5,\"boards\":[]");
	o->see(o, &(struct event){ .kind = EV_RESULT,
	                           .board = &server,
	                           .files = 2,
	                           .bytes = 3,
	                           .duration = 4000000 });
	struct board_facts mute = { .path = "2-1" };
	o->see(o, &(struct event){ .kind = EV_RESULT, .board = &mute, .err = ERR_USB_ACCESS });
	check(&(struct event){ .kind = EV_SUMMARY, .summary = &s, .code = 255 },
	      EVENT("summary") ",\"succeeded\":1,\"failed\":1,\"status\":255,\"boards\":["
	                       "{" BOARD
	                       ",\"success\":true,\"code\":\"ok\",\"files\":2,\"bytes\":3,"
	                       "\"duration\":4.000000},"
	                       "{\"path\":\"2-1\",\"success\":false,\"code\":\"usb-access\","
	                       "\"files\":0,\"bytes\":0,\"duration\":0.000000}]");
	o->end(o);
	summary_free(&s);
}

static void prints_the_table(void)
{
	struct summary s = { 0 };
	char *text;
	size_t size;
	summary_add(&s, &(struct event){ .kind = EV_RESULT,
	                                 .board = &server,
	                                 .files = 2,
	                                 .bytes = 40000000,
	                                 .duration = 4000000 });
	struct board_facts skipped = { .path = "2-1", .serial = "\033[2J\n" };
	summary_add(&s, &(struct event){
				.kind = EV_RESULT, .board = &skipped, .err = ERR_BOARD_ABSENT });
	FILE *out = open_memstream(&text, &size);
	summary_print(&s, out);
	fclose(out);
	CHECK_STR(text,
	          "\n"
	          "Board Serial Chip    Result          Files      Bytes Seconds  MB/s\n"
	          "1-1.3 1000ab BCM2711 done                2   40000000    4.00  10.0\n"
	          "2-1   \\x1b[2J\\x0a -       board-absent        0          0    0.00   0.0\n"
	          "1 succeeded, 1 failed\n");
	free(text);
	summary_free(&s);
}

/* 2 MB in 0.4 s of writing and 0.1 s of settling. */
static void shows_what_was_flashed(void)
{
	const struct flash_figures figures = { 2000000, 400000, 100000, 300000,
		                               FLASH_CHECKED_MEDIUM };
	struct summary s = { 0 };
	char *text;
	size_t size;
	summary_add(&s, &(struct event){ .kind = EV_RESULT,
	                                 .board = &server,
	                                 .files = 2,
	                                 .bytes = 40000000,
	                                 .duration = 4000000,
	                                 .flash = &figures });
	summary_add(&s, &(struct event){ .kind = EV_RESULT,
	                                 .board = &(struct board_facts){ .path = "2-1" },
	                                 .err = ERR_DISK_BUSY });
	FILE *out = open_memstream(&text, &size);
	summary_print(&s, out);
	fclose(out);
	CHECK_STR(
		text,
		"\n"
		"Board Serial Chip    Result          Files      Bytes Seconds  MB/s      Written  MB/s Verified\n"
		"1-1.3 1000ab BCM2711 done                2   40000000    4.00  10.0      2000000   4.0 medium\n"
		"2-1   -      -       disk-busy           0          0    0.00   0.0            -     - -\n"
		"1 succeeded, 1 failed\n");
	free(text);
	summary_free(&s);
}

static void sorts_the_table(void)
{
	static const struct {
		const char *path;
		enum err err;
	} results[] = {
		{ "1-1.10", OK },  { "2-1", OK }, { "1-1.1", ERR_NO_DISK },
		{ "1-1.2", OK },   { "1-1", OK }, { "1-1.1.4", ERR_USB_IO },
		{ "1-1.2.1", OK },
	};
	struct summary s = { 0 };
	char *text, paths[200] = "";
	size_t size;
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		struct board_facts facts = { 0 };
		snprintf(facts.path, sizeof facts.path, "%s", results[i].path);
		summary_add(&s, &(struct event){ .kind = EV_RESULT,
		                                 .board = &facts,
		                                 .err = results[i].err });
	}
	FILE *out = open_memstream(&text, &size);
	summary_print(&s, out);
	fclose(out);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strchr(line, '-') && line[0] != 'B')
			snprintf(paths + strlen(paths), sizeof paths - strlen(paths), "%.*s ",
			         (int)strcspn(line, " "), line);
	CHECK_STR(paths, "1-1 1-1.2 1-1.2.1 1-1.10 2-1 1-1.1 1-1.1.4 ");
	free(text);
	summary_free(&s);
}

static void escapes_what_boards_say(void)
{
	struct board_facts skipped = { .path = "1-1", .serial = "\"\\\n\xff\xc3\xa9\x7f" };
	check(&(struct event){ .kind = EV_FILE_ABSENT,
	                       .board = &skipped,
	                       .name = "\x1b[2J\xe2\x82" },
	      EVENT("file-absent") ",\"path\":\"1-1\","
	                           "\"serial\":\"\\\"\\\\\\u000a\\u00ff\xc3\xa9\\u007f\","
	                           "\"name\":\"\\u001b[2J\\u00e2\\u0082\",\"optional\":false");
}

/* What machines do not need: a file's two ends are enough, flash-end has the time of writing. */
static bool is_left_out(enum event_kind kind)
{
	return kind == EV_FILE_PROGRESS || kind == EV_FLASH_WRITTEN;
}

static void has_a_name_for_every_kind(void)
{
	static struct metadata metadata;
	static struct summary summary;
	static struct flash_figures flash;
	for (int kind = 0; kind <= EV_SUMMARY; kind++) {
		struct event e = { .kind = (enum event_kind)kind,
			           .board = &server,
			           .name = "n",
			           .where = "w",
			           .text = "t",
			           .topic = "c",
			           .explain = "x",
			           .advice = "a",
			           .metadata = &metadata,
			           .summary = &summary,
			           .flash = &flash };
		char *line = printed_since(0, &e, 2);
		CHECK((*line == 0) == is_left_out(e.kind));
		CHECK(!*line || strstr(line, "{\"event\":\"") == line);
		if (tap_failed)
			printf("# kind %d: %s\n", kind, line);
		free(line);
	}
}

int main(void)
{
	RUN(tells_date_and_version_at_the_start);
	RUN(tells_what_happens_to_a_board);
	RUN(tells_of_files);
	RUN(tells_metadata);
	RUN(tells_what_goes_wrong);
	RUN(tells_details_only_when_asked);
	RUN(sums_up);
	RUN(prints_the_table);
	RUN(shows_what_was_flashed);
	RUN(sorts_the_table);
	RUN(escapes_what_boards_say);
	RUN(has_a_name_for_every_kind);
	return tap_end();
}
