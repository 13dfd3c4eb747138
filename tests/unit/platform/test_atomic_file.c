/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/atomic_file.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *read_back(const char *path)
{
	static char text[64];
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	return text;
}

static void replaces_whole(void)
{
	CHECK_INT(atomic_file_write("a", "one", 3, 0644), 0);
	CHECK_STR(read_back("a"), "one");
	CHECK_INT(atomic_file_write("a", "twotwo", 6, 0644), 0);
	CHECK_STR(read_back("a"), "twotwo");
}

static void abort_leaves_the_old_one(void)
{
	struct atomic_file out;
	CHECK_INT(atomic_file_open(&out, "a", 0644), 0);
	fputs("half", out.stream);
	atomic_file_abort(&out);
	CHECK_STR(read_back("a"), "twotwo");
	CHECK_INT(atomic_file_open(&out, "b", 0644), 0);
	atomic_file_abort(&out);
	atomic_file_abort(&out);
	CHECK(access("b", F_OK) != 0);
}

static void modes(void)
{
	struct stat st;
	umask(022);
	atomic_file_write("m", "x", 1, 0666);
	CHECK_INT(stat("m", &st), 0);
	CHECK_INT(st.st_mode & 0777, 0644);
	chmod("m", 0640);
	atomic_file_write("m", "y", 1, 0666);
	CHECK_INT(stat("m", &st), 0);
	CHECK_INT(st.st_mode & 0777, 0640);
}

static void errors(void)
{
	struct atomic_file out;
	CHECK_INT(atomic_file_open(&out, "none/such", 0644), ENOENT);
	CHECK(!out.stream);
	mkdir("dir", 0755);
	CHECK(atomic_file_write("dir", "x", 1, 0644) != 0); /* rename onto a directory */
	CHECK_INT(system("test -z \"$(ls -d dir.* none* 2>/dev/null)\""), 0);
}

int main(void)
{
	tap_enter_scratch();
	RUN(replaces_whole);
	RUN(abort_leaves_the_old_one);
	RUN(modes);
	RUN(errors);
	return tap_end();
}
