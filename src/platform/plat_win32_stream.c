/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_stream.h"

#include "platform/plat.h"
#include "platform/plat_win32.h"

#include <errno.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define ONCE_MAX     0x1000000 /* bytes in one call */
#define CREATE_TRIES 100
#define EPOCH        116444736000000000 /* 1970 in units of 100 ns since 1601 */

static HANDLE stream_handle(int fd)
{
	return (HANDLE)_get_osfhandle(fd);
}

/* --- cancelling. Anonymous pipes and standard input take no overlapped calls, so the calls that wait are ended by
 * CancelSynchronousIo. A thread is in the list from before its call until after it; as it may not have begun to wait when it is
 * cancelled, that is repeated until it has left. */

struct stream_call {
	HANDLE thread;
	struct stream_call *next;
};

struct plat_cancel {
	SRWLOCK lock; /* for all below */
	CONDITION_VARIABLE left;
	bool set;
	struct stream_call *calls;
};

struct plat_cancel *plat_cancel_new(void)
{
	struct plat_cancel *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	InitializeSRWLock(&c->lock);
	InitializeConditionVariable(&c->left);
	return c;
}

void plat_cancel_free(struct plat_cancel *cancel)
{
	free(cancel);
}

void plat_cancel_set(struct plat_cancel *cancel)
{
	AcquireSRWLockExclusive(&cancel->lock);
	cancel->set = true;
	while (cancel->calls) {
		for (struct stream_call *c = cancel->calls; c; c = c->next)
			CancelSynchronousIo(c->thread);
		SleepConditionVariableSRW(&cancel->left, &cancel->lock, 1, 0);
	}
	ReleaseSRWLockExclusive(&cancel->lock);
}

/* An errno value: ECANCELED, or what forbids to wait. */
static int stream_enter(struct plat_cancel *cancel, struct stream_call *call)
{
	call->thread = OpenThread(THREAD_TERMINATE, FALSE, GetCurrentThreadId());
	if (!call->thread)
		return win32_errno(GetLastError());
	AcquireSRWLockExclusive(&cancel->lock);
	int err = cancel->set ? ECANCELED : 0;
	if (!err) {
		call->next = cancel->calls;
		cancel->calls = call;
	}
	ReleaseSRWLockExclusive(&cancel->lock);
	if (err)
		CloseHandle(call->thread);
	return err;
}

static void stream_leave(struct plat_cancel *cancel, struct stream_call *call)
{
	struct stream_call **at = &cancel->calls;
	AcquireSRWLockExclusive(&cancel->lock);
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	WakeAllConditionVariable(&cancel->left);
	ReleaseSRWLockExclusive(&cancel->lock);
	CloseHandle(call->thread);
}

/* --- streams */

static int stream_open_file(const wchar_t *path, int *fd)
{
	DWORD attributes = GetFileAttributesW(path);
	if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY)
		return EISDIR;
	HANDLE file = CreateFileW(path, GENERIC_READ,
	                          FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
	                          OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
	return file == INVALID_HANDLE_VALUE ? win32_errno(GetLastError())
	                                    : win32_descriptor(file, fd);
}

int plat_stream_open(const char *path, int *fd)
{
	if (strcmp(path, "-") == 0) {
		*fd = _dup(_fileno(stdin));
		return *fd < 0 ? errno : 0;
	}
	wchar_t *wide = win32_path(path);
	if (!wide)
		return errno;
	int err = stream_open_file(wide, fd);
	free(wide);
	return err;
}

void plat_stream_stamp(int fd, struct plat_stream_stamp *out)
{
	HANDLE file = stream_handle(fd);
	LARGE_INTEGER size;
	FILETIME modified;
	*out = (struct plat_stream_stamp){ 0 };
	if (GetFileType(file) != FILE_TYPE_DISK || !GetFileSizeEx(file, &size) ||
	    !GetFileTime(file, NULL, NULL, &modified))
		return;
	uint64_t time = (uint64_t)modified.dwHighDateTime << 32 | modified.dwLowDateTime;
	out->size = (uint64_t)size.QuadPart;
	out->modified = ((int64_t)time - EPOCH) * 100;
}

/* One call, of up to N bytes. Returns 0 or an errno value; *ACTUAL 0: the end. */
static int stream_read_once(HANDLE file, void *to, size_t n, DWORD *actual)
{
	DWORD want = n < ONCE_MAX ? (DWORD)n : ONCE_MAX;
	do {
		if (ReadFile(file, to, want, actual, NULL))
			continue; /* nothing read from a pipe: somebody wrote nothing into it */
		DWORD error = GetLastError();
		*actual = 0;
		if (error == ERROR_BROKEN_PIPE || error == ERROR_HANDLE_EOF)
			return 0;
		return win32_errno(error);
	} while (*actual == 0 && GetFileType(file) == FILE_TYPE_PIPE);
	return 0;
}

int64_t plat_stream_read(int fd, void *to, size_t n, struct plat_cancel *cancel)
{
	size_t done = 0;
	while (done < n) {
		struct stream_call call;
		DWORD actual = 0;
		int err = stream_enter(cancel, &call);
		if (!err) {
			err = stream_read_once(stream_handle(fd), (char *)to + done, n - done,
			                       &actual);
			stream_leave(cancel, &call);
		}
		if (err) {
			errno = err;
			return -1;
		}
		if (actual == 0)
			break;
		done += actual;
	}
	return (int64_t)done;
}

int plat_stream_write(int fd, const void *from, size_t n, struct plat_cancel *cancel)
{
	for (size_t done = 0; done < n;) {
		struct stream_call call;
		DWORD actual = 0, want = n - done < ONCE_MAX ? (DWORD)(n - done) : ONCE_MAX;
		int err = stream_enter(cancel, &call);
		if (err)
			return err;
		bool ok = WriteFile(stream_handle(fd), (const char *)from + done, want, &actual,
		                    NULL);
		DWORD error = ok ? 0 : GetLastError();
		stream_leave(cancel, &call);
		if (!ok)
			return win32_errno(error);
		done += actual;
	}
	return 0;
}

/* --- files */

char *plat_temporary_directory(void)
{
	wchar_t path[MAX_PATH + 1];
	DWORD n = GetTempPathW(MAX_PATH + 1, path);
	if (n == 0 || n > MAX_PATH)
		return NULL;
	path[n - 1] = 0; /* a backslash */
	char *directory = win32_narrow(path);
	if (directory)
		plat_path_separators(directory);
	return directory;
}

/* Windows keeps the name as long as the file is open. */
static HANDLE stream_create_temporary(const char *path)
{
	wchar_t *wide = win32_path(path);
	if (!wide)
		return INVALID_HANDLE_VALUE;
	HANDLE file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_DELETE,
	                          NULL, CREATE_NEW,
	                          FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
	if (file == INVALID_HANDLE_VALUE)
		errno = win32_errno(GetLastError());
	free(wide);
	return file;
}

int plat_unnamed_file(const char *directory, int *fd)
{
	size_t n = strlen(directory) + sizeof "/rpiboot.xxxxxxxx";
	unsigned number = GetCurrentProcessId() * 0x9e3779b1U + (unsigned)plat_now();
	HANDLE file = INVALID_HANDLE_VALUE;
	if (!plat_is_directory(directory))
		return errno;
	char *path = malloc(n);
	int err = path ? EEXIST : ENOMEM;
	for (unsigned tries = 0; err == EEXIST && tries < CREATE_TRIES; tries++) {
		snprintf(path, n, "%s/rpiboot.%08x", directory, number + tries);
		file = stream_create_temporary(path);
		err = file == INVALID_HANDLE_VALUE ? errno : 0;
	}
	free(path);
	return err ? err : win32_descriptor(file, fd);
}

int plat_write_at(int fd, uint64_t offset, const void *from, size_t n)
{
	HANDLE file = stream_handle(fd);
	for (size_t done = 0; done < n;) {
		uint64_t at = offset + done;
		OVERLAPPED where = { .Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32) };
		DWORD actual = 0, want = n - done < ONCE_MAX ? (DWORD)(n - done) : ONCE_MAX;
		if (!WriteFile(file, (const char *)from + done, want, &actual, &where))
			return win32_errno(GetLastError());
		done += actual;
	}
	return 0;
}

bool plat_is_full(int err)
{
	return err == ENOSPC || err == EFBIG;
}

uint64_t plat_free_space(int fd)
{
	wchar_t path[MAX_PATH + 1];
	ULARGE_INTEGER available;
	DWORD n = GetFinalPathNameByHandleW(stream_handle(fd), path, MAX_PATH + 1, VOLUME_NAME_DOS);
	wchar_t *last = n > 0 && n <= MAX_PATH ? wcsrchr(path, L'\\') : NULL;
	if (!last)
		return UINT64_MAX;
	last[1] = 0;
	return GetDiskFreeSpaceExW(path, &available, NULL, NULL) ? available.QuadPart : UINT64_MAX;
}

unsigned plat_processors(void)
{
	DWORD_PTR ours, all;
	unsigned n = 0;
	if (GetProcessAffinityMask(GetCurrentProcess(), &ours, &all))
		for (; ours; ours &= ours - 1)
			n++;
	return n > 0 ? n : 1;
}
