/* SPDX-License-Identifier: Apache-2.0 */
/* What plat.h promises, on whatever system this runs. */
#include "platform/atomic_file.h"
#include "platform/plat.h"
#include "tap.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static enum plat_file kind(const char *path)
{
	int fd;
	uint64_t size;
	enum plat_file answer = plat_open(path, &fd, &size);
	if (answer == PLAT_FILE_OK)
		plat_close(fd);
	return answer;
}

static void put(const char *path, const char *text)
{
	if (atomic_file_write(path, text, strlen(text), 0644) != 0)
		TAP_FAIL("cannot write %s", path);
}

/* --- files */

static void kinds_of_files(void)
{
	put("file", "12345");
	mkdir("directory", 0755);
	CHECK_INT(kind("file"), PLAT_FILE_OK);
	CHECK_INT(kind("directory"), PLAT_FILE_NOT_REGULAR);
	CHECK_INT(kind("none"), PLAT_FILE_ABSENT);
	CHECK_INT(kind("none/file"), PLAT_FILE_ABSENT);
	CHECK_INT(kind("file/inside"), PLAT_FILE_ABSENT);
	CHECK_INT(kind(""), PLAT_FILE_ABSENT);
	CHECK(plat_is_directory("directory"));
	CHECK(!plat_is_directory("file"));
	CHECK_INT(errno, ENOTDIR);
	CHECK(!plat_is_directory("none"));
	CHECK_INT(errno, ENOENT);
	CHECK(plat_can_write("directory"));
	CHECK(!plat_can_write("none"));
}

static void reads_at_any_place(void)
{
	int fd;
	uint64_t size;
	char text[8] = "";
	put("file", "12345");
	CHECK_INT(plat_open("file", &fd, &size), PLAT_FILE_OK);
	CHECK_INT(size, 5);
	CHECK_INT(plat_read_at(fd, 3, text, sizeof text), 2);
	CHECK(memcmp(text, "45", 2) == 0);
	CHECK_INT(plat_read_at(fd, 0, text, 2), 2);
	CHECK(memcmp(text, "12", 2) == 0);
	CHECK_INT(plat_read_at(fd, 5, text, 2), 0);
	plat_close(fd);
}

static bool note_name(void *ctx, const char *name)
{
	char *list = ctx;
	strcat(list, name);
	strcat(list, " ");
	return true;
}

static void lists_what_is_there(void)
{
	char list[256] = "";
	mkdir("list", 0755);
	put("list/b", "");
	put("list/\xc3\xa4", ""); /* a-umlaut in UTF-8 */
	plat_list("list", note_name, list);
	CHECK_INT(strlen(list), 5);
	CHECK(strstr(list, "b "));
	CHECK(strstr(list, "\xc3\xa4 "));
	*list = 0;
	plat_list("none", note_name, list);
	CHECK_STR(list, "");
}

/* Windows' classic limit is 260 characters. */
static void paths_may_be_long(void)
{
	char path[700] = "";
	for (int i = 0; i < 24; i++) {
		strcat(path, i ? "/0123456789 abcdefghijk" : "long");
		mkdir(path, 0755);
		if (!plat_is_directory(path))
			return; /* the test's own mkdir has that limit */
	}
	strcat(path, "/file");
	put(path, "far");
	CHECK_INT(kind(path), PLAT_FILE_OK);
}

static void a_reader_keeps_the_old_file(void)
{
	int fd;
	uint64_t size;
	char text[8] = "";
	put("kept", "old");
	CHECK_INT(plat_open("kept", &fd, &size), PLAT_FILE_OK);
	int err = atomic_file_write("kept", "new!", 4, 0644);
	CHECK_INT(plat_read_at(fd, 0, text, sizeof text), 3);
	CHECK_STR(text, "old");
	plat_close(fd);
	if (err) /* Windows: not while it is open */
		CHECK_INT(atomic_file_write("kept", "new!", 4, 0644), 0);
	CHECK_INT(plat_open("kept", &fd, &size), PLAT_FILE_OK);
	CHECK_INT(size, 4);
	plat_close(fd);
}

/* --- memory streams */

static void a_stream_into_memory(void)
{
	struct plat_memory m;
	if (!plat_memory_open(&m)) {
		TAP_FAIL("not opened");
		return;
	}
	fprintf(m.stream, "line %d\n", 1);
	CHECK(plat_memory_take(&m));
	CHECK_INT(m.size, 7);
	CHECK(memcmp(m.bytes, "line 1\n", 7) == 0);
	fputs("more\n", m.stream);
	CHECK(plat_memory_take(&m));
	CHECK_INT(m.size, 12);
	plat_memory_rewind(&m);
	fputs("next", m.stream);
	CHECK(plat_memory_take(&m));
	CHECK_INT(m.size, 4);
	CHECK(memcmp(m.bytes, "next", 4) == 0);
	CHECK(plat_memory_close(&m));
	CHECK_INT(m.size, 4);
	CHECK(memcmp(m.bytes, "next", 5) == 0); /* with a NUL behind */
	free(m.bytes);
}

/* --- threads */

struct writer {
	const char *path;
	struct plat_thread *thread;
	int failed;
};

static void write_often(void *ctx)
{
	struct writer *w = ctx;
	for (int i = 0; i < 50; i++)
		w->failed += atomic_file_write(w->path, w->path, strlen(w->path), 0666) != 0;
}

/* The umask belongs to the process: writers in two threads must neither lose it nor see it changed. */
static void two_threads_write_files(void)
{
	struct writer writers[2] = { { .path = "first" }, { .path = "second" } };
	struct stat st;
	mode_t mask = umask(027);
	for (int i = 0; i < 2; i++)
		writers[i].thread = plat_thread_start(write_often, &writers[i]);
	for (int i = 0; i < 2; i++) {
		CHECK(writers[i].thread);
		plat_thread_join(writers[i].thread);
		CHECK_INT(writers[i].failed, 0);
		CHECK_INT(stat(writers[i].path, &st), 0);
	}
	CHECK_INT(umask(mask), 027);
}

struct waker {
	struct plat_monitor *monitor;
	bool woken;
};

static void wake(void *ctx)
{
	struct waker *w = ctx;
	plat_lock(w->monitor);
	w->woken = true;
	plat_broadcast(w->monitor);
	plat_unlock(w->monitor);
}

static void waiting_ends_when_woken_or_when_the_time_is_over(void)
{
	struct waker w = { .monitor = plat_monitor_new() };
	plat_lock(w.monitor);
	struct plat_thread *thread = plat_thread_start(wake, &w);
	while (!w.woken)
		plat_wait(w.monitor, PLAT_FOREVER);
	plat_unlock(w.monitor);
	plat_thread_join(thread);

	uint64_t deadline = plat_now() + 5 * PLAT_MS;
	plat_lock(w.monitor);
	while (plat_wait(w.monitor, deadline))
		;
	plat_unlock(w.monitor);
	CHECK(plat_now() >= deadline);
	plat_monitor_free(w.monitor);
}

/* --- this and that */

static void where_boot_directories_may_be(void)
{
	const char *roots[PLAT_ROOTS];
	size_t count = 0;
	plat_roots(roots, "/usr/share/rpiboot", "/opt/rpiboot");
	while (roots[count])
		count++;
	CHECK(count >= 2);
	CHECK_STR(roots[count - 1], ".");
	CHECK_STR(roots[count - 2], "/opt/rpiboot");
}

static void the_program_knows_its_directory(void)
{
	char *directory = plat_program_directory();
	CHECK(directory && plat_is_directory(directory));
	free(directory);
}

static void a_date_is_in_the_form_of_rfc_3339(void)
{
	char date[PLAT_DATE_SIZE];
	plat_date(date);
	CHECK_INT(strlen(date), 27);
	for (const char *at = date, *form = "2026-02-03T04:05:06.123456Z"; *form; at++, form++)
		if (*form >= '0' && *form <= '9' ? *at < '0' || *at > '9' : *at != *form)
			TAP_FAIL("%s", date);
}

static void a_program_that_is_not_there(void)
{
	static const char *const none[] = { NULL };
	struct plat_monitor *monitor = plat_monitor_new();
	errno = 0;
	CHECK(!plat_child_start("no-such-program-anywhere", none, false, monitor));
	CHECK_INT(errno, ENOENT);
	CHECK(!plat_child_start("./none/such", none, false, monitor));
	CHECK_INT(errno, ENOENT);
	plat_monitor_free(monitor);
}

int main(void)
{
	tap_enter_scratch();
	RUN(kinds_of_files);
	RUN(reads_at_any_place);
	RUN(lists_what_is_there);
	RUN(paths_may_be_long);
	RUN(a_reader_keeps_the_old_file);
	RUN(a_stream_into_memory);
	RUN(two_threads_write_files);
	RUN(waiting_ends_when_woken_or_when_the_time_is_over);
	RUN(where_boot_directories_may_be);
	RUN(the_program_knows_its_directory);
	RUN(a_date_is_in_the_form_of_rfc_3339);
	RUN(a_program_that_is_not_there);
	return tap_end();
}
