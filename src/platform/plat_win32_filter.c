/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_stream.h"

#include "base/str.h"
#include "platform/plat.h"
#include "platform/plat_win32.h"

#include <errno.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#define DECODER   "rpi-decode.exe"
#define PIPE_SIZE (256 * 1024)

struct plat_filter {
	struct win32_process process;
	int said; /* unnamed file with its standard error */
};

/* --- the program: as a shell finds it; else the decoder that comes with this program, which takes the name of the other one as
 * its first argument (win32/decode.c) */

static bool filter_is_decoded(const char *name)
{
	static const char *const names[] = { "xz", "gzip", "bzip2", "zstd" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static wchar_t *filter_beside(const char *name)
{
	char *directory = filter_is_decoded(name) ? plat_program_directory() : NULL;
	size_t n = directory ? strlen(directory) + sizeof "/" DECODER : 0;
	char *path = directory ? malloc(n) : NULL;
	wchar_t *found = NULL;
	if (path) {
		snprintf(path, n, "%s/" DECODER, directory);
		found = win32_program_find(path);
	}
	free(path);
	free(directory);
	return found;
}

static wchar_t *filter_find(const char *const argv[], const char *const **arguments)
{
	wchar_t *program = win32_program_find(argv[0]);
	*arguments = argv + 1;
	if (program)
		return program;
	*arguments = argv;
	program = filter_beside(argv[0]);
	if (!program)
		errno = ENOENT;
	return program;
}

void plat_filter_advice(const char *package, char *out, size_t size)
{
	snprintf(out, size, "MSYS2: pacman -S %s, and its usr\\bin in PATH",
	         strcmp(package, "xz-utils") == 0 ? "xz" : package);
}

/* --- pipes: an end is a descriptor of this program, the other one a handle for the filter */

static int filter_pipe(HANDLE *theirs, int *ours, bool we_write)
{
	HANDLE read_end, write_end;
	if (!CreatePipe(&read_end, &write_end, NULL, PIPE_SIZE))
		return win32_errno(GetLastError());
	*theirs = we_write ? read_end : write_end;
	return win32_descriptor(we_write ? write_end : read_end, ours);
}

static int filter_run(struct plat_filter *f, const char *const argv[], HANDLE in, HANDLE out)
{
	const char *const *arguments;
	HANDLE handles[3] = { in, out, (HANDLE)_get_osfhandle(f->said) };
	wchar_t *program = filter_find(argv, &arguments);
	if (!program)
		return errno;
	int err = win32_process_start(&f->process, program, arguments, NULL, handles);
	free(program);
	return err;
}

int plat_filter_start(struct plat_filter **out, const char *const argv[], const char *directory,
                      int *to, int *from)
{
	HANDLE in = NULL, back = NULL;
	int fds[2] = { -1, -1 };
	struct plat_filter *f = calloc(1, sizeof *f);
	if (!f)
		return ENOMEM;
	f->said = -1;
	int err = plat_unnamed_file(directory, &f->said);
	if (!err)
		err = filter_pipe(&in, &fds[0], true);
	if (!err)
		err = filter_pipe(&back, &fds[1], false);
	if (!err)
		err = filter_run(f, argv, in, back);
	if (in)
		CloseHandle(in);
	if (back)
		CloseHandle(back);
	if (!err) {
		*to = fds[0];
		*from = fds[1];
		*out = f;
		return 0;
	}
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			plat_close(fds[i]);
	if (f->said >= 0)
		plat_close(f->said);
	free(f);
	return err;
}

void plat_filter_kill(struct plat_filter *filter)
{
	win32_process_kill(&filter->process);
}

void plat_filter_end(struct plat_filter *filter, int *status, char *words, size_t size)
{
	if (!filter)
		return;
	*status = win32_process_wait(&filter->process);
	int64_t n = plat_read_at(filter->said, 0, words, size - 1);
	words[n > 0 ? n : 0] = 0;
	str_first_line(words);
	plat_close(filter->said);
	win32_process_release(&filter->process);
	free(filter);
}
