/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_stream.h"

#include "platform/plat.h"
#include "platform/plat_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* --- cancelling: a pipe that becomes readable, and stays so */

struct plat_cancel {
	int fd[2];
};

struct plat_cancel *plat_cancel_new(void)
{
	struct plat_cancel *c = malloc(sizeof *c);
	if (!c)
		return NULL;
	if (plat_posix_pipe(c->fd) != 0) {
		free(c);
		return NULL;
	}
	return c;
}

void plat_cancel_free(struct plat_cancel *cancel)
{
	if (!cancel)
		return;
	close(cancel->fd[0]);
	close(cancel->fd[1]);
	free(cancel);
}

void plat_cancel_set(struct plat_cancel *cancel)
{
	while (write(cancel->fd[1], "", 1) < 0 && errno == EINTR)
		;
}

/* Waits until FD is ready for EVENTS (or has an error, which the following call meets), or cancelled. */
static int stream_wait(int fd, short events, const struct plat_cancel *cancel)
{
	struct pollfd fds[2] = { { .fd = fd, .events = events },
		                 { .fd = cancel->fd[0], .events = POLLIN } };
	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return errno;
	return fds[1].revents ? ECANCELED : 0;
}

/* --- streams */

int plat_stream_open(const char *path, int *fd)
{
	struct stat st;
	int f = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
	                               : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (f < 0)
		return errno;
	if (fstat(f, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(f);
		return EISDIR;
	}
	*fd = f;
	return 0;
}

void plat_stream_stamp(int fd, struct plat_stream_stamp *out)
{
	struct stat st;
	*out = (struct plat_stream_stamp){ 0 };
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return;
	out->size = (uint64_t)st.st_size;
#ifdef __APPLE__
	out->modified = (int64_t)st.st_mtimespec.tv_sec * 1000000000 + st.st_mtimespec.tv_nsec;
#else
	out->modified = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
#endif
}

int64_t plat_stream_read(int fd, void *to, size_t n, struct plat_cancel *cancel)
{
	size_t done = 0;
	while (done < n) {
		int err = stream_wait(fd, POLLIN, cancel);
		if (err) {
			errno = err;
			return -1;
		}
		ssize_t got = read(fd, (char *)to + done, n - done);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

int plat_stream_write(int fd, const void *from, size_t n, struct plat_cancel *cancel)
{
	sigset_t pipe_signal;
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL); /* EPIPE says it */
	for (size_t done = 0; done < n;) {
		int err = stream_wait(fd, POLLOUT, cancel);
		if (err)
			return err;
		ssize_t got = write(fd, (const char *)from + done, n - done);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return errno;
		done += got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* --- files */

char *plat_temporary_directory(void)
{
	const char *directory = getenv("TMPDIR");
	return strdup(directory && *directory ? directory : "/var/tmp");
}

int plat_unnamed_file(const char *directory, int *fd)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/rpiboot.XXXXXX", directory) >= sizeof path)
		return ENAMETOOLONG;
	int f = mkstemp(path);
	if (f < 0)
		return errno;
	if (unlink(path) != 0 || fcntl(f, F_SETFD, FD_CLOEXEC) != 0) {
		int err = errno;
		close(f);
		return err;
	}
	*fd = f;
	return 0;
}

int plat_write_at(int fd, uint64_t offset, const void *from, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pwrite(fd, (const char *)from + done, n - done,
		                     (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		done += (size_t)got;
	}
	return 0;
}

bool plat_is_full(int err)
{
	return err == ENOSPC || err == EDQUOT || err == EFBIG;
}

uint64_t plat_free_space(int fd)
{
	struct statvfs vfs;
	if (fstatvfs(fd, &vfs) != 0)
		return UINT64_MAX;
	return (uint64_t)vfs.f_bavail * vfs.f_frsize;
}

unsigned plat_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}
