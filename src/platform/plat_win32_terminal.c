/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* The terminals of MSYS2 and Cygwin are pipes with a name like \msys-1888ae32e00d56aa-pty0-to-master. */
static bool terminal_is_pty(HANDLE h)
{
	struct {
		FILE_NAME_INFO info;
		wchar_t more[MAX_PATH];
	} name = { 0 };
	if (GetFileType(h) != FILE_TYPE_PIPE ||
	    !GetFileInformationByHandleEx(h, FileNameInfo, &name, sizeof name - sizeof(wchar_t)))
		return false;
	const wchar_t *text = name.info.FileName;
	return (wcsstr(text, L"\\msys-") || wcsstr(text, L"\\cygwin-")) && wcsstr(text, L"-pty");
}

bool plat_is_terminal(FILE *f)
{
	DWORD mode;
	return GetConsoleMode(win32_handle(f), &mode) || terminal_is_pty(win32_handle(f));
}

bool plat_draws(FILE *f)
{
	DWORD mode;
	if (GetConsoleMode(win32_handle(f), &mode))
		return mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING;
	const char *term = getenv("TERM");
	return terminal_is_pty(win32_handle(f)) && term && strcmp(term, "dumb") != 0;
}

void plat_terminal_size(FILE *f, unsigned *columns, unsigned *rows)
{
	CONSOLE_SCREEN_BUFFER_INFO info;
	bool known = GetConsoleScreenBufferInfo(win32_handle(f), &info);
	*columns = known ? (unsigned)(info.srWindow.Right - info.srWindow.Left + 1) : 80;
	*rows = known ? (unsigned)(info.srWindow.Bottom - info.srWindow.Top + 1) : 24;
}

/* --- the standard streams */

static struct {
	bool prepared;
	UINT code_page; /* 0: no console */
	DWORD out, err; /* console modes, 0: no console */
} console_before;

void win32_console_restore(void)
{
	if (console_before.code_page)
		SetConsoleOutputCP(console_before.code_page);
	if (console_before.out)
		SetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), console_before.out);
	if (console_before.err)
		SetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), console_before.err);
}

/* Bytes go out as they are: line ends stay LF, and who reads a pipe sees them at once. */
static void stream_prepare(FILE *f, DWORD *before)
{
	HANDLE h = win32_handle(f);
	_setmode(_fileno(f), _O_BINARY);
	if (h == INVALID_HANDLE_VALUE)
		return;
	if (GetConsoleMode(h, before))
		SetConsoleMode(h, *before | ENABLE_VIRTUAL_TERMINAL_PROCESSING |
		                          ENABLE_PROCESSED_OUTPUT);
	else if (GetFileType(h) != FILE_TYPE_DISK)
		setvbuf(f, NULL, _IONBF, 0);
}

/* The command line in UTF-8; false: out of memory, the arguments stay as they came. */
static bool arguments_take(int *argc, char ***argv)
{
	int n;
	wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
	char **all = wide ? calloc((size_t)n + 1, sizeof *all) : NULL;
	bool ok = all;
	for (int i = 0; ok && i < n; i++) {
		all[i] = win32_narrow(wide[i]);
		ok = all[i] != NULL;
	}
	LocalFree(wide);
	if (ok) {
		*argc = n;
		*argv = all; /* until the process ends */
	}
	return ok;
}

void plat_begin(int *argc, char ***argv)
{
	if (console_before.prepared) /* a tool in win32/multicall.c */
		return;
	console_before.prepared = true;
	console_before.code_page = GetConsoleOutputCP();
	_setmode(_fileno(stdin), _O_BINARY);
	stream_prepare(stdout, &console_before.out);
	stream_prepare(stderr, &console_before.err);
	if (console_before.code_page) {
		SetConsoleOutputCP(CP_UTF8);
		atexit(win32_console_restore);
	}
	arguments_take(argc, argv);
}

bool plat_same_file(FILE *a, FILE *b)
{
	BY_HANDLE_FILE_INFORMATION x, y;
	if (GetFileType(win32_handle(a)) != GetFileType(win32_handle(b)))
		return false;
	if (!GetFileInformationByHandle(win32_handle(a), &x) ||
	    !GetFileInformationByHandle(win32_handle(b), &y))
		return true;
	return x.dwVolumeSerialNumber == y.dwVolumeSerialNumber &&
	       x.nFileIndexHigh == y.nFileIndexHigh && x.nFileIndexLow == y.nFileIndexLow;
}

void plat_date(char out[PLAT_DATE_SIZE])
{
	FILETIME now;
	SYSTEMTIME utc;
	GetSystemTimePreciseAsFileTime(&now);
	FileTimeToSystemTime(&now, &utc);
	uint64_t ticks = (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime; /* of 100 ns */
	snprintf(out, PLAT_DATE_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", utc.wYear, utc.wMonth,
	         utc.wDay, utc.wHour, utc.wMinute, utc.wSecond, (unsigned)(ticks / 10 % 1000000));
}

/* --- memory streams: a file that need not reach the disk and goes when it is closed. tmpfile() of the C library writes
 * to the root directory of the drive, which ordinary users may not. */

bool plat_memory_open(struct plat_memory *m)
{
	wchar_t directory[MAX_PATH + 1], name[MAX_PATH + 1];
	*m = (struct plat_memory){ 0 };
	if (!GetTempPathW(MAX_PATH + 1, directory) || !GetTempFileNameW(directory, L"rpi", 0, name))
		return false;
	HANDLE file = CreateFileW(name, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_DELETE,
	                          NULL, CREATE_ALWAYS,
	                          FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
	if (file != INVALID_HANDLE_VALUE)
		m->stream = win32_stream(file, "w+b");
	return m->stream;
}

bool plat_memory_take(struct plat_memory *m)
{
	m->size = 0;
	long at = fflush(m->stream) == 0 ? ftell(m->stream) : -1;
	char *bytes = at < 0 ? NULL : realloc(m->bytes, (size_t)at + 1);
	if (!bytes)
		return false;
	m->bytes = bytes;
	rewind(m->stream);
	bool whole = fread(bytes, 1, (size_t)at, m->stream) == (size_t)at;
	fseek(m->stream, at, SEEK_SET);
	m->size = whole ? (size_t)at : 0;
	bytes[m->size] = 0;
	return whole;
}

void plat_memory_rewind(struct plat_memory *m)
{
	rewind(m->stream);
	m->size = 0;
}

bool plat_memory_close(struct plat_memory *m)
{
	bool ok = plat_memory_take(m) && !ferror(m->stream);
	fclose(m->stream);
	m->stream = NULL;
	return ok;
}
