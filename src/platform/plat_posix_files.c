/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* realpath: glibc counts it to X/Open, not to POSIX */

#include "platform/plat.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined __APPLE__
#include <mach-o/dyld.h>
#elif defined __FreeBSD__ || defined __NetBSD__
#include <sys/types.h>

#include <sys/sysctl.h>
#endif

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

void plat_path_separators(char *path)
{
	(void)path; /* '\\' is a character like others */
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

bool plat_make_directory(const char *path)
{
	return mkdir(path, 0777) == 0;
}

void plat_remove(const char *path)
{
	unlink(path);
}

/* The path of the running program, as the system has it. False: unknown. */
static bool program_path(char *path, size_t size)
{
#if defined __APPLE__
	uint32_t n = (uint32_t)size;
	return _NSGetExecutablePath(path, &n) == 0;
#elif defined __FreeBSD__
	int name[] = { CTL_KERN, KERN_PROC, KERN_PROC_PATHNAME, -1 };
	return sysctl(name, 4, path, &size, NULL, 0) == 0;
#elif defined __NetBSD__
	int name[] = { CTL_KERN, KERN_PROC_ARGS, -1, KERN_PROC_PATHNAME };
	return sysctl(name, 4, path, &size, NULL, 0) == 0;
#else
	ssize_t n = readlink("/proc/self/exe", path, size - 1); /* OpenBSD: unknown */
	path[n > 0 ? n : 0] = 0;
	return n > 0;
#endif
}

char *plat_program_directory(void)
{
	char path[4096];
	char *real = program_path(path, sizeof path) ? realpath(path, NULL) : NULL;
	char *slash = real ? strrchr(real, '/') : NULL;
	if (!slash) {
		free(real);
		return NULL;
	}
	slash[slash == real] = 0;
	return real;
}

void plat_roots(const char *roots[PLAT_ROOTS], const char *installed, const char *beside)
{
	roots[0] = installed;
	roots[1] = beside ? beside : ".";
	roots[2] = ".";
	roots[3] = NULL;
}

/* --- output files */

#define CREATE_TRIES 100

/* stdio does not always say why it failed. */
static int last_error(void)
{
	int err = errno;
	return err ? err : EIO;
}

/* Creates TEMP, PATH with a suffix that no other file has. The kernel applies the umask: asking for it would change it
 * for other threads. Returns the file descriptor, or -1 with errno. */
static int create_unique(const char *path, char *temp, size_t size, mode_t mode)
{
	unsigned number = (unsigned)getpid() * 0x9e3779b1U + (unsigned)plat_now();
	int fd = -1;
	for (int tries = 0; fd < 0 && tries < CREATE_TRIES; tries++) {
		snprintf(temp, size, "%s.%06x", path, (number + (unsigned)tries) & 0xffffff);
		fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

int plat_create_beside(const char *path, unsigned mode, char **temp, FILE **stream)
{
	size_t size = strlen(path) + sizeof ".xxxxxx";
	struct stat st;
	bool exists = stat(path, &st) == 0;
	*temp = malloc(size);
	if (!*temp)
		return ENOMEM;
	int fd = create_unique(path, *temp, size, exists ? 0600 : (mode_t)mode);
	if (fd >= 0 && (!exists || fchmod(fd, st.st_mode & 0777) == 0) &&
	    (*stream = fdopen(fd, "wb")))
		return 0;
	int err = last_error();
	if (fd >= 0) {
		close(fd);
		unlink(*temp);
	}
	free(*temp);
	*temp = NULL;
	return err;
}

int plat_write_error(void)
{
	return errno ? errno : EIO;
}

int plat_sync(FILE *f)
{
	return fsync(fileno(f)) == 0 ? 0 : last_error();
}

int plat_replace(const char *from, const char *to)
{
	return rename(from, to) == 0 ? 0 : last_error();
}
