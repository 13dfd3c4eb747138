/* SPDX-License-Identifier: Apache-2.0 */
/* Stands before umockdev's preload library in every program under test and mends what it lacks (0.17.16):
 *  - opens below /dev that fail are not passed on: it would remember each as descriptor -1, of at most 50;
 *  - opening a device can be refused (also to root): the testbed's directory "refused" has the errno;
 *  - the nodes are terminals: they must not become the controlling one;
 *  - uevent sockets are named by descriptor alone, so that programs take each other's: they get names of their own,
 *    which umockdev does not look for until vbus.c lets it;
 *  - its tables are not locked: opens and closes of several threads take turns. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/netlink.h>

int close(int fd);
int bind(int fd, const struct sockaddr *address, socklen_t size);
int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* Whether PATH, a device's, can be opened; else -1 with errno. Only raw system calls: no other library looks on. */
static int may_open(const char *root, const char *path)
{
	static const char usb[] = "/dev/bus/usb/";
	char full[PATH_MAX], text[16];
	if (strncmp(path, usb, strlen(usb)) == 0 && strlen(path) < NAME_MAX) {
		snprintf(full, sizeof full, "%s/refused/%s", root, path + strlen(usb));
		char *slash = strrchr(full, '/');
		*slash = '-';
		long n = syscall(SYS_readlinkat, AT_FDCWD, full, text, sizeof text - 1);
		if (n > 0) {
			text[n] = '\0';
			errno = (int)strtol(text, NULL, 10);
			return -1;
		}
	}
	snprintf(full, sizeof full, "%s%s", root, path);
	if (syscall(SYS_faccessat, AT_FDCWD, full, F_OK) == 0)
		return 0;
	return (int)syscall(SYS_faccessat, AT_FDCWD, path, F_OK);
}

static int guarded_open(const char *name, const char *path, int flags, mode_t mode)
{
	union {
		void *object;
		int (*call)(const char *, int, ...);
	} function = { .object = next(name) };
	const char *root = getenv("UMOCKDEV_DIR");
	if (root && strncmp(path, "/dev/", 5) == 0) {
		if (!(flags & O_CREAT) && may_open(root, path) != 0)
			return -1;
		flags |= O_NOCTTY;
	}
	pthread_mutex_lock(&lock);
	int fd = function.call(path, flags, mode);
	pthread_mutex_unlock(&lock);
	return fd;
}

/* The third argument of open() into mode. */
#define READ_MODE                                 \
	mode_t mode = 0;                          \
	if (flags & (O_CREAT | O_TMPFILE)) {      \
		va_list args;                     \
		va_start(args, flags);            \
		mode = (mode_t)va_arg(args, int); \
		va_end(args);                     \
	}

int open(const char *path, int flags, ...)
{
	READ_MODE
	return guarded_open("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	READ_MODE
	return guarded_open("open64", path, flags, mode);
}

int __open_2(const char *path, int flags)
{
	return guarded_open("open", path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return guarded_open("open64", path, flags, 0);
}

int close(int fd)
{
	union {
		void *object;
		int (*call)(int);
	} function = { .object = next("close") };
	pthread_mutex_lock(&lock);
	int result = function.call(fd);
	pthread_mutex_unlock(&lock);
	return result;
}

/* umockdev has just made ROOT/eventFD of a netlink socket; nobody else must see it under that name. */
static void rename_socket(const char *root, int fd)
{
	static unsigned count;
	char from[PATH_MAX], to[PATH_MAX];
	snprintf(from, sizeof from, "%s/event%d", root, fd);
	snprintf(to, sizeof to, "%s/listener%d.%ld.%u", root, fd, (long)getpid(),
	         __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST));
	rename(from, to);
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	union {
		void *object;
		int (*call)(int, const struct sockaddr *, socklen_t);
	} function = { .object = next("bind") };
	const char *root = getenv("UMOCKDEV_DIR");
	if (!root || !address || address->sa_family != AF_NETLINK)
		return function.call(fd, address, size);
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/lock", root);
	int guard = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (guard >= 0)
		flock(guard, LOCK_EX);
	int result = function.call(fd, address, size);
	if (result == 0)
		rename_socket(root, fd);
	if (guard >= 0)
		syscall(SYS_close, guard);
	return result;
}
