/* SPDX-License-Identifier: Apache-2.0 */
/* What plat_stream.h promises, on whatever system this runs. The filters are this program itself: test_stream ROLE. */
#include "platform/plat.h"
#include "platform/plat_stream.h"
#include "tap.h"

#include <errno.h>
#include <stdint.h>

#define BIG ((size_t)16 << 20) /* more than pipes hold */

static const char *self;

static const char *scratch(void)
{
	const char *t = getenv("T");
	return t ? t : ".";
}

/* --- the other side */

static int play(const char *role)
{
	char bytes[4096];
	size_t n;
	while (strcmp(role, "hold") == 0) /* reads nothing, never ends */
		plat_pause(PLAT_SECOND);
	if (strcmp(role, "leave") == 0)
		return 0;
	while ((n = fread(bytes, 1, sizeof bytes, stdin)) > 0)
		if (strcmp(role, "copy") == 0)
			fwrite(bytes, 1, n, stdout);
	if (strcmp(role, "fail") != 0)
		return 0;
	fputs("\r\n  not so sure\r\nmore\n", stderr);
	return 3;
}

/* --- this side */

struct filter {
	struct plat_filter *filter;
	int to, from, status;
	char words[64];
};

static struct filter start(const char *role)
{
	const char *const argv[] = { self, role, NULL };
	struct filter f = { .to = -1, .from = -1 };
	CHECK_INT(plat_filter_start(&f.filter, argv, scratch(), &f.to, &f.from), 0);
	return f;
}

static void end(struct filter *f)
{
	if (f->to >= 0)
		plat_close(f->to);
	plat_filter_end(f->filter, &f->status, f->words, sizeof f->words);
	plat_close(f->from);
}

static uint8_t *make_bytes(void)
{
	uint32_t x = 1;
	uint8_t *bytes = malloc(BIG);
	for (size_t i = 0; i < BIG; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24); /* line ends and 0x1a among them */
	}
	return bytes;
}

struct writer {
	int fd;
	const uint8_t *bytes;
	struct plat_cancel *cancel;
	int err;
};

static void writer_main(void *arg)
{
	struct writer *w = arg;
	w->err = plat_stream_write(w->fd, w->bytes, BIG, w->cancel);
	plat_close(w->fd);
}

/* Every byte comes back, whatever it is; the end of what is written is the end of what is read. */
static void filters(void)
{
	struct filter f = start("copy");
	struct plat_cancel *cancel = plat_cancel_new();
	uint8_t *bytes = make_bytes(), *got = malloc(BIG + 1);
	struct writer w = { .fd = f.to, .bytes = bytes, .cancel = cancel };
	struct plat_thread *thread = plat_thread_start(writer_main, &w);
	f.to = -1;
	CHECK_INT(plat_stream_read(f.from, got, BIG + 1, cancel), BIG);
	CHECK_MEM(got, bytes, BIG);
	CHECK_INT(plat_stream_read(f.from, got, 1, cancel), 0);
	plat_thread_join(thread);
	CHECK_INT(w.err, 0);
	end(&f);
	CHECK_INT(f.status, 0);
	CHECK_STR(f.words, "");
	plat_cancel_free(cancel);
	free(bytes);
	free(got);
}

static void says_why(void)
{
	struct filter f = start("fail");
	end(&f);
	CHECK_INT(f.status, 3);
	CHECK_STR(f.words, "not so sure");
}

static void nobody_reads(void)
{
	struct filter f = start("leave");
	struct plat_cancel *cancel = plat_cancel_new();
	uint8_t *bytes = make_bytes();
	CHECK_INT(plat_stream_write(f.to, bytes, BIG, cancel), EPIPE);
	end(&f);
	CHECK_INT(f.status, 0);
	plat_cancel_free(cancel);
	free(bytes);
}

static void killed(void)
{
	struct filter f = start("hold");
	plat_filter_kill(f.filter);
	end(&f);
	CHECK_INT(f.status, 137); /* 128 and SIGKILL */
}

static void no_program(void)
{
	const char *const argv[] = { "rpiboot-no-such-program", NULL };
	struct filter f = { 0 };
	CHECK_INT(plat_filter_start(&f.filter, argv, scratch(), &f.to, &f.from), ENOENT);
	CHECK(f.filter == NULL);
}

/* --- cancelling, before and while somebody waits: each time a little later */

struct waiter {
	struct filter filter;
	struct plat_cancel *cancel;
	uint8_t *bytes;
	bool writes;
	int err;
};

static void waiter_main(void *arg)
{
	struct waiter *w = arg;
	if (w->writes)
		w->err = plat_stream_write(w->filter.to, w->bytes, BIG, w->cancel);
	else
		w->err = plat_stream_read(w->filter.from, w->bytes, BIG, w->cancel) < 0 ? errno : 0;
}

static void cancels(void)
{
	struct waiter w = { .filter = start("hold"), .bytes = malloc(BIG) };
	memset(w.bytes, 1, BIG);
	for (unsigned i = 0; i < 12; i++) {
		w.writes = i % 2;
		w.err = 0;
		w.cancel = plat_cancel_new();
		struct plat_thread *thread = plat_thread_start(waiter_main, &w);
		plat_pause(i / 2 * PLAT_MS);
		plat_cancel_set(w.cancel);
		plat_thread_join(thread);
		CHECK_INT(w.err, ECANCELED);
		CHECK_INT(plat_stream_read(w.filter.from, w.bytes, 1, w.cancel), -1);
		CHECK_INT(errno, ECANCELED);
		CHECK_INT(plat_stream_write(w.filter.to, w.bytes, 1, w.cancel), ECANCELED);
		plat_cancel_free(w.cancel);
	}
	plat_filter_kill(w.filter.filter);
	end(&w.filter);
	free(w.bytes);
}

/* --- files */

static void reads_files(void)
{
	struct plat_cancel *cancel = plat_cancel_new();
	struct plat_stream_stamp stamp;
	char path[600], text[16] = "";
	int fd = -1;
	snprintf(path, sizeof path, "%s/\xc3\xa4 file", scratch()); /* a-umlaut in UTF-8 */
	CHECK_INT(plat_stream_open(path, &fd), ENOENT);
	CHECK_INT(plat_stream_open(scratch(), &fd), EISDIR);
	snprintf(path, sizeof path, "%s/file", scratch());
	FILE *file = fopen(path, "wb");
	CHECK(file && fwrite("a\r\n\x1a z", 1, 6, file) == 6 && fclose(file) == 0);
	CHECK_INT(plat_stream_open(path, &fd), 0);
	plat_stream_stamp(fd, &stamp);
	CHECK_INT(stamp.size, 6);
	CHECK(stamp.modified > 0);
	CHECK_INT(plat_stream_read(fd, text, 2, cancel), 2);
	CHECK_INT(plat_stream_read(fd, text + 2, sizeof text - 2, cancel), 4);
	CHECK_MEM(text, "a\r\n\x1a z", 6);
	plat_close(fd);
	plat_cancel_free(cancel);
}

static bool note_unnamed(void *ctx, const char *name)
{
	*(bool *)ctx |= strncmp(name, "rpiboot.", 8) == 0;
	return true;
}

static void unnamed_files(void)
{
	bool left = false;
	char text[8] = "";
	int fd = -1, other = -1;
	CHECK_INT(plat_unnamed_file(scratch(), &fd), 0);
	CHECK_INT(plat_unnamed_file(scratch(), &other), 0);
	CHECK_INT(plat_write_at(fd, 3, "def", 3), 0);
	CHECK_INT(plat_write_at(fd, 0, "abc", 3), 0);
	CHECK_INT(plat_read_at(fd, 0, text, sizeof text), 6);
	CHECK_STR(text, "abcdef");
	CHECK_INT(plat_read_at(other, 0, text, 1), 0);
	CHECK(plat_free_space(fd) > 0 && plat_free_space(fd) < UINT64_MAX);
	plat_close(fd);
	plat_close(other);
	plat_list(scratch(), note_unnamed, &left);
	CHECK(!left);
	char *directory = plat_temporary_directory();
	CHECK(directory && plat_is_directory(directory));
	free(directory);
	CHECK(plat_is_full(ENOSPC) && plat_is_full(EFBIG) && !plat_is_full(EIO));
	CHECK(plat_processors() >= 1);
}

int main(int argc, char **argv)
{
	plat_begin(&argc, &argv);
	if (argc > 1)
		return play(argv[1]);
	self = argv[0];
	RUN(filters);
	RUN(says_why);
	RUN(nobody_reads);
	RUN(killed);
	RUN(no_program);
	RUN(cancels);
	RUN(reads_files);
	RUN(unnamed_files);
	return tap_end();
}
