/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the tools. */
#include "platform/plat.h"
#include "tap.h"
#include "tool.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void has(const char *path, const char *text)
{
	struct bytes file;
	CHECK_INT(tool_read_file(path, 100, &file), 0);
	CHECK_STR((char *)file.data, text);
	tool_bytes_free(&file);
}

static int entries(const char *directory)
{
	int n = -2; /* . and .. */
	DIR *d = opendir(directory);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void names_of_one_file(void)
{
	put("one", "1");
	put("two", "1");
	CHECK(symlink("one", "link") == 0 && link("one", "hard") == 0 && mkdir("sub", 0777) == 0);
	CHECK(tool_same_file("one", "one") && tool_same_file("one", "./one"));
	CHECK(tool_same_file("one", "link") && tool_same_file("hard", "sub/../link"));
	CHECK(!tool_same_file("one", "two") && !tool_same_file("one", "sub/one"));
	CHECK(tool_same_file("none", "none") && tool_same_file("none", "./none"));
	CHECK(tool_same_file("sub/none", "./sub//none") && tool_same_file("/none", "//none"));
	CHECK(!tool_same_file("none", "sub/none") && !tool_same_file("none", "never"));
	CHECK(!tool_same_file("no/none", "nor/none"));
}

static void inputs_are_kept(void)
{
	const char *const inputs[] = { NULL, "one", "/dev/null", "none" };
	CHECK_INT(tool_keep_inputs(NULL, inputs, 4), TOOL_OK);
	CHECK_INT(tool_keep_inputs("two", inputs, 4), TOOL_OK);
	CHECK_INT(tool_keep_inputs("/dev/null", inputs, 4), TOOL_OK);
	CHECK_INT(tool_keep_inputs("none", inputs, 4), TOOL_OK);
	CHECK_INT(tool_keep_inputs("./one", inputs, 4), TOOL_ERROR);
	CHECK_INT(tool_keep_inputs("hard", inputs, 4), TOOL_ERROR);
	CHECK_INT(tool_keep_inputs("link", inputs, 4), TOOL_ERROR);
}

/* The C library's, which is called while a temporary file is there. */
static int signal_at_sync;
int fsync(int fd)
{
	(void)fd;
	return signal_at_sync ? raise(signal_at_sync) : 0;
}

/* Writes "w/file" twice in a child process to which SIGNAL is sent each time. Returns its wait status. */
static int write_with(int signal, bool hold)
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		signal_at_sync = signal;
		if (hold)
			plat_hold_signals();
		int bad = tool_write("w/file", "new", 3) | tool_write("w/other", "new", 3);
		_exit(bad ? 99 : 7);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	return status;
}

static void signals_leave_no_temporary_file(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	CHECK(mkdir("w", 0777) == 0);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		put("w/file", "old");
		int status = write_with(signals[i], false);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
		CHECK_INT(entries("w"), 1);
		has("w/file", "new");
	}
}

static void held_signals_wait_for_all_files(void)
{
	put("w/file", "old");
	int status = write_with(SIGTERM, true);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	CHECK_INT(entries("w"), 2);
	has("w/file", "new");
	has("w/other", "new");
}

int main(void)
{
	tap_enter_scratch();
	RUN(names_of_one_file);
	RUN(inputs_are_kept);
	RUN(signals_leave_no_temporary_file);
	RUN(held_signals_wait_for_all_files);
	return tap_end();
}
