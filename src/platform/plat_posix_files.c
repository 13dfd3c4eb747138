/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum plat_file posix_open_failed(int err)
{
	errno = err;
	return err == ENOENT || err == ENOTDIR ? PLAT_FILE_ABSENT : PLAT_FILE_ERROR;
}

enum plat_file plat_open(const char *path, int *fd, uint64_t *size)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return posix_open_failed(errno);
	if (!S_ISREG(st.st_mode)) /* opening a device can already do something */
		return PLAT_FILE_NOT_REGULAR;
	int f = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC |
	                           O_NOCTTY); /* now a FIFO after all: must not block */
	if (f < 0)
		return posix_open_failed(errno);
	if (fstat(f, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(f);
		return PLAT_FILE_NOT_REGULAR;
	}
	*fd = f;
	*size = (uint64_t)st.st_size;
	return PLAT_FILE_OK;
}

void plat_close(int fd)
{
	close(fd);
}

int64_t plat_read_at(int fd, uint64_t offset, void *to, size_t n)
{
	size_t done = 0;
	while (done < n) {
		ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

bool plat_is_directory(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode);
}

bool plat_can_write(const char *directory)
{
	return plat_is_directory(directory) && access(directory, W_OK | X_OK) == 0;
}

void plat_remove(const char *path)
{
	unlink(path);
}

bool plat_name_escapes(const char *name)
{
	(void)name; /* "/" and ".." are all there is on POSIX systems */
	return false;
}

char *plat_program_directory(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1); /* elsewhere: unknown */
	if (n <= 0)
		return NULL;
	path[n] = 0;
	char *slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = 0;
	return strdup(*path ? path : "/");
}
