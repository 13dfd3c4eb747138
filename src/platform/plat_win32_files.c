/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define CREATE_TRIES   100
#define READ_SIZE      0x1000000 /* bytes in one call */
#define REPLACE_TRIES  20        /* scanners and indexers hold new files for a moment */
#define REPLACE_PAUSE  (50 * PLAT_MS)
#define PROGRAM_LENGTH 32768 /* the longest path of a program, in characters */

/* --- names and errors */

wchar_t *win32_wide(const char *text)
{
	int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
	wchar_t *wide = n > 0 ? malloc((size_t)n * sizeof *wide) : NULL;
	if (wide)
		MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, n);
	else
		errno = n > 0 ? ENOMEM : EILSEQ;
	return wide;
}

char *win32_narrow(const wchar_t *text)
{
	int n = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
	char *narrow = n > 0 ? malloc((size_t)n) : NULL;
	if (narrow)
		WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, n, NULL, NULL);
	else
		errno = n > 0 ? ENOMEM : EILSEQ;
	return narrow;
}

int win32_errno(DWORD error)
{
	static const struct {
		DWORD error;
		int err;
	} table[] = {
		{ ERROR_FILE_NOT_FOUND, ENOENT },
		{ ERROR_PATH_NOT_FOUND, ENOENT },
		{ ERROR_INVALID_NAME, ENOENT },
		{ ERROR_BAD_PATHNAME, ENOENT },
		{ ERROR_INVALID_DRIVE, ENOENT },
		{ ERROR_BAD_NETPATH, ENOENT },
		{ ERROR_BAD_NET_NAME, ENOENT },
		{ ERROR_DIRECTORY, ENOTDIR },
		{ ERROR_ACCESS_DENIED, EACCES },
		{ ERROR_WRITE_PROTECT, EROFS },
		{ ERROR_SHARING_VIOLATION, EBUSY },
		{ ERROR_LOCK_VIOLATION, EBUSY },
		{ ERROR_DISK_FULL, ENOSPC },
		{ ERROR_HANDLE_DISK_FULL, ENOSPC },
		{ ERROR_FILE_TOO_LARGE, EFBIG },
		{ ERROR_BROKEN_PIPE, EPIPE },
		{ ERROR_NO_DATA, EPIPE },
		{ ERROR_OPERATION_ABORTED, ECANCELED },
		{ ERROR_NOT_ENOUGH_MEMORY, ENOMEM },
		{ ERROR_OUTOFMEMORY, ENOMEM },
		{ ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG },
		{ ERROR_FILE_EXISTS, EEXIST },
		{ ERROR_ALREADY_EXISTS, EEXIST },
		{ ERROR_DIR_NOT_EMPTY, ENOTEMPTY },
		{ ERROR_BAD_EXE_FORMAT, ENOEXEC },
		{ ERROR_TOO_MANY_OPEN_FILES, EMFILE },
		{ ERROR_NOT_READY, ENODEV },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].error == error)
			return table[i].err;
	return EIO;
}

/* FULL, an absolute path, behind the prefix that lifts the limits of Win32 paths. NULL: errno. */
static wchar_t *win32_with_prefix(const wchar_t *full)
{
	bool share = full[0] == '\\' && full[1] == '\\';
	const wchar_t *prefix = share ? L"\\\\?\\UNC" : L"\\\\?\\";
	size_t n = wcslen(prefix), m = wcslen(full + share);
	wchar_t *out = malloc((n + m + 1) * sizeof *out);
	if (!out)
		return NULL;
	memcpy(out, prefix, n * sizeof *out);
	memcpy(out + n, full + share, (m + 1) * sizeof *out);
	return out;
}

wchar_t *win32_path(const char *path)
{
	/* "" is no file, not the current directory: a name that cannot exist stands for it */
	wchar_t *given = win32_wide(*path ? path : "\1");
	if (!given || wcsncmp(given, L"\\\\?\\", 4) == 0)
		return given;
	DWORD n = GetFullPathNameW(given, 0, NULL, NULL);
	wchar_t *full = n ? malloc(n * sizeof *full) : NULL, *out = NULL;
	errno = n ? ENOMEM : ENOENT;
	if (full && GetFullPathNameW(given, n, full, NULL) < n) {
		if (wcsncmp(full, L"\\\\.\\", 4) == 0) /* CON, NUL, ... */
			errno = ENOTSUP;
		else
			out = win32_with_prefix(full);
	}
	free(full);
	free(given);
	return out;
}

HANDLE win32_handle(FILE *f)
{
	return (HANDLE)_get_osfhandle(_fileno(f));
}

int win32_descriptor(HANDLE handle, int *fd)
{
	*fd = _open_osfhandle((intptr_t)handle, _O_BINARY | _O_NOINHERIT);
	if (*fd >= 0)
		return 0;
	CloseHandle(handle);
	return EMFILE;
}

FILE *win32_stream(HANDLE handle, const char *mode)
{
	int fd, err = win32_descriptor(handle, &fd);
	if (err) {
		errno = err;
		return NULL;
	}
	FILE *f = _fdopen(fd, mode);
	if (!f)
		_close(fd);
	return f;
}

/* --- reading */

static enum plat_file open_failed(DWORD error)
{
	errno = win32_errno(error);
	return errno == ENOENT || errno == ENOTDIR ? PLAT_FILE_ABSENT : PLAT_FILE_ERROR;
}

static enum plat_file open_wide(const wchar_t *path, int *fd, uint64_t *size)
{
	DWORD attributes = GetFileAttributesW(path);
	if (attributes == INVALID_FILE_ATTRIBUTES)
		return open_failed(GetLastError());
	if (attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE))
		return PLAT_FILE_NOT_REGULAR;
	HANDLE file = CreateFileW(path, GENERIC_READ,
	                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
	                          OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return open_failed(GetLastError());
	LARGE_INTEGER length;
	if (GetFileType(file) != FILE_TYPE_DISK || !GetFileSizeEx(file, &length)) {
		CloseHandle(file);
		return PLAT_FILE_NOT_REGULAR;
	}
	int err = win32_descriptor(file, fd);
	if (err) {
		errno = err;
		return PLAT_FILE_ERROR;
	}
	*size = (uint64_t)length.QuadPart;
	return PLAT_FILE_OK;
}

enum plat_file plat_open(const char *path, int *fd, uint64_t *size)
{
	wchar_t *wide = win32_path(path);
	if (!wide)
		return errno == ENOTSUP                     ? PLAT_FILE_NOT_REGULAR
		       : errno == EILSEQ || errno == ENOENT ? PLAT_FILE_ABSENT
		                                            : PLAT_FILE_ERROR;
	enum plat_file result = open_wide(wide, fd, size);
	int err = errno;
	free(wide);
	errno = err;
	return result;
}

void plat_close(int fd)
{
	_close(fd);
}

int64_t plat_read_at(int fd, uint64_t offset, void *to, size_t n)
{
	HANDLE file = (HANDLE)_get_osfhandle(fd);
	size_t done = 0;
	while (done < n) {
		uint64_t at = offset + done;
		OVERLAPPED where = { .Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32) };
		DWORD actual = 0, want = n - done < READ_SIZE ? (DWORD)(n - done) : READ_SIZE;
		if (!ReadFile(file, (char *)to + done, want, &actual, &where) &&
		    GetLastError() != ERROR_HANDLE_EOF) {
			errno = win32_errno(GetLastError());
			return -1;
		}
		if (actual == 0)
			break;
		done += actual;
	}
	return (int64_t)done;
}

/* --- directories */

bool plat_is_directory(const char *path)
{
	wchar_t *wide = win32_path(path);
	DWORD attributes = wide ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
	errno = !wide                                   ? ENOENT
	        : attributes == INVALID_FILE_ATTRIBUTES ? win32_errno(GetLastError())
	                                                : ENOTDIR;
	int err = errno;
	free(wide);
	errno = err;
	return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
}

/* Access control lists are too rich to be predicted: a file is created and goes again. */
bool plat_can_write(const char *directory)
{
	size_t n = strlen(directory) + sizeof "/.rpiboot-xxxxxxxx";
	char *name = plat_is_directory(directory) ? malloc(n) : NULL;
	if (!name)
		return false;
	snprintf(name, n, "%s/.rpiboot-%08lx", directory, GetCurrentProcessId());
	wchar_t *wide = win32_path(name);
	free(name);
	HANDLE file = wide ? CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW,
	                                 FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL)
	                   : INVALID_HANDLE_VALUE;
	errno = win32_errno(GetLastError());
	int err = errno;
	free(wide);
	errno = err;
	if (file == INVALID_HANDLE_VALUE)
		return false;
	CloseHandle(file);
	return true;
}

bool plat_make_directory(const char *path)
{
	wchar_t *wide = win32_path(path);
	if (!wide)
		return false;
	bool ok = CreateDirectoryW(wide, NULL);
	int err = ok ? 0 : win32_errno(GetLastError());
	free(wide);
	errno = err;
	return ok;
}

void plat_remove(const char *path)
{
	wchar_t *wide = win32_path(path);
	if (wide)
		DeleteFileW(wide);
	free(wide);
}

void plat_path_separators(char *path)
{
	for (; *path; path++)
		if (*path == '\\')
			*path = '/';
}

char *plat_program_directory(void)
{
	wchar_t *path = malloc(PROGRAM_LENGTH * sizeof *path);
	DWORD n = path ? GetModuleFileNameW(NULL, path, PROGRAM_LENGTH) : 0;
	char *directory = n > 0 && n < PROGRAM_LENGTH ? win32_narrow(path) : NULL, *last = NULL;
	free(path);
	if (directory)
		plat_path_separators(directory);
	last = directory ? strrchr(directory, '/') : NULL;
	if (last)
		*last = 0;
	return directory;
}

/* INSTALLED is a path like /usr/share/rpiboot, which Windows takes for a directory of the current drive that every user may
 * create: boot files in it could be anybody's. */
void plat_roots(const char *roots[PLAT_ROOTS], const char *installed, const char *beside)
{
	(void)installed;
	roots[0] = beside ? beside : ".";
	roots[1] = ".";
	roots[2] = NULL;
}

/* --- output files */

int plat_create_beside(const char *path, unsigned mode, char **temp, FILE **stream)
{
	(void)mode; /* a new file gets the access control list of its directory */
	size_t n = strlen(path) + sizeof ".xxxxxx";
	unsigned number = GetCurrentProcessId() * 0x9e3779b1U + (unsigned)plat_now();
	HANDLE file = INVALID_HANDLE_VALUE;
	int err = ENOMEM;
	*temp = malloc(n);
	for (unsigned tries = 0; *temp && file == INVALID_HANDLE_VALUE && tries < CREATE_TRIES;
	     tries++) {
		snprintf(*temp, n, "%s.%06x", path, (number + tries) & 0xffffff);
		wchar_t *wide = win32_path(*temp);
		err = wide ? 0 : errno;
		if (wide)
			file = CreateFileW(wide, GENERIC_WRITE | DELETE, FILE_SHARE_READ, NULL,
			                   CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
		if (wide && file == INVALID_HANDLE_VALUE)
			err = win32_errno(GetLastError());
		free(wide);
		if (err && err != EEXIST)
			break;
	}
	if (file != INVALID_HANDLE_VALUE) {
		*stream = win32_stream(file, "wb");
		if (*stream)
			return 0;
		plat_remove(*temp);
		err = EMFILE;
	}
	free(*temp);
	*temp = NULL;
	return err;
}

/* The C library has no errno value of its own for a pipe that was closed at the other end. */
int plat_write_error(void)
{
	unsigned long error = _doserrno;
	return error ? win32_errno(error) : errno ? errno : EIO;
}

int plat_sync(FILE *f)
{
	return FlushFileBuffers(win32_handle(f)) ? 0 : win32_errno(GetLastError());
}

int plat_replace(const char *from, const char *to)
{
	wchar_t *a = win32_path(from), *b = a ? win32_path(to) : NULL;
	int err = b ? 0 : errno;
	for (int tries = 1; !err; tries++) {
		if (MoveFileExW(a, b, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
			break;
		DWORD error = GetLastError();
		bool transient = error == ERROR_SHARING_VIOLATION || error == ERROR_ACCESS_DENIED;
		if (!transient || tries == REPLACE_TRIES)
			err = win32_errno(error);
		else
			plat_pause(REPLACE_PAUSE);
	}
	free(a);
	free(b);
	return err;
}
