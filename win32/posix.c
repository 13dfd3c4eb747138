/* SPDX-License-Identifier: Apache-2.0 */
#include "win32/posix.h"

#undef open

#include "platform/plat_win32.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>

int posix_open(const char *path, int flags)
{
	return _open(strcmp(path, "/dev/tty") == 0 ? "CONIN$" : path, flags | _O_BINARY);
}

int posix_fcntl(int fd, int command, int flags)
{
	(void)fd;
	(void)command;
	(void)flags;
	return 0;
}

/* Without the prefix \\?\, which GetFinalPathNameByHandle puts before it; win32_path adds it again where it is needed. */
static char *posix_without_prefix(const wchar_t *path)
{
	if (wcsncmp(path, L"\\\\?\\UNC\\", 8) == 0)
		return win32_narrow(path); /* a share */
	return win32_narrow(wcsncmp(path, L"\\\\?\\", 4) == 0 ? path + 4 : path);
}

char *posix_realpath(const char *path, char *resolved)
{
	(void)resolved;
	wchar_t *wide = win32_path(path), *real = NULL;
	HANDLE file = wide ? CreateFileW(wide, 0,
	                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
	                                 NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL)
	                   : INVALID_HANDLE_VALUE;
	int err = wide ? win32_errno(GetLastError()) : errno;
	DWORD n = 0;
	char *out = NULL;
	free(wide);
	if (file != INVALID_HANDLE_VALUE) {
		n = GetFinalPathNameByHandleW(file, NULL, 0, FILE_NAME_NORMALIZED);
		real = n ? malloc((n + 1) * sizeof *real) : NULL;
		if (real && GetFinalPathNameByHandleW(file, real, n + 1, FILE_NAME_NORMALIZED) > 0)
			out = posix_without_prefix(real);
		err = n ? ENOMEM : EIO;
		CloseHandle(file);
	}
	free(real);
	errno = out ? errno : err;
	return out;
}
