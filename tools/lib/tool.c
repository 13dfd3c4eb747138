/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700 /* realpath is XSI */

#include "tool.h"

#include "platform/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tool_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("ERROR: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return TOOL_ERROR;
}

int tool_usage(const char *program, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s: ", program);
	vfprintf(stderr, format, args);
	fputs(" (try --help)\n", stderr);
	va_end(args);
	return TOOL_USAGE;
}

/* Reads up to N bytes, however short the single reads are. Returns the count, or -1 with errno. */
static ssize_t tool_read_fully(int fd, uint8_t *to, size_t n)
{
	size_t done = 0;
	while (done < n) {
		ssize_t got = read(fd, to + done, n - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int tool_read_stream(int fd, size_t limit, struct bytes *out)
{
	*out = (struct bytes){ 0 };
	for (size_t room = 4096;; room *= 2) {
		uint8_t *grown = malloc(room +
		                        1); /* no realloc: what it leaves behind may be a key */
		int err = grown ? 0 : ENOMEM;
		if (!err && out->size)
			memcpy(grown, out->data, out->size);
		size_t size = out->size;
		tool_bytes_free(out);
		*out = (struct bytes){ .data = grown, .size = size };
		ssize_t got = err ? 0 : tool_read_fully(fd, grown + out->size, room - out->size);
		if (got < 0)
			err = errno;
		else
			out->size += (size_t)got;
		if (!err && out->size > limit)
			err = EFBIG;
		if (err) {
			tool_bytes_free(out);
			return err;
		}
		out->data[out->size] = 0;
		if (out->size < room)
			return 0;
	}
}

static int tool_read_regular(int fd, size_t size, struct bytes *out)
{
	out->data = malloc(size + 1);
	if (!out->data)
		return ENOMEM;
	ssize_t got = tool_read_fully(fd, out->data, size);
	if (got < 0) {
		int err = errno;
		tool_bytes_free(out);
		return err;
	}
	out->size = (size_t)got;
	out->data[got] = 0;
	return 0;
}

int tool_read_file(const char *path, size_t limit, struct bytes *out)
{
	*out = (struct bytes){ 0 };
	int err = 0;
	int fd = open(path,
	              O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* opening a FIFO must not hang us */
	if (fd < 0)
		return errno;
	struct stat st;
	if (fstat(fd, &st) != 0)
		err = errno;
	else if (S_ISFIFO(st.st_mode)) /* blocking reads end at once when nobody writes */
		err = fcntl(fd, F_SETFL, 0) != 0 ? errno : tool_read_stream(fd, limit, out);
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else if ((uintmax_t)st.st_size > limit)
		err = EFBIG;
	else
		err = tool_read_regular(fd, (size_t)st.st_size, out);
	close(fd);
	return err;
}

/* Where a rename must go: behind symbolic links; NULL for what is no regular file (written directly). */
static char *tool_rename_target(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return strdup(path);
	return S_ISREG(st.st_mode) ? realpath(path, NULL) : NULL;
}

static int tool_write_direct(FILE *to, const void *bytes, size_t n)
{
	errno = 0;
	if (fwrite(bytes, 1, n, to) != n || fflush(to) != 0)
		return errno ? errno : EIO;
	return 0;
}

int tool_write(const char *path, const void *bytes, size_t n)
{
	int err = 0;
	char *target = path ? tool_rename_target(path) : NULL;
	if (!path) {
		err = tool_write_direct(stdout, bytes, n);
	} else if (target) {
		err = atomic_file_write(target, bytes, n, 0666);
	} else {
		FILE *to = fopen(path, "wb");
		err = to ? tool_write_direct(to, bytes, n) : errno;
		if (to && fclose(to) != 0 && !err)
			err = errno;
	}
	free(target);
	if (err)
		return tool_error("cannot write %s: %s", path ? path : "to standard output",
		                  strerror(err));
	return TOOL_OK;
}

int tool_finish(int status)
{
	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != TOOL_OK)
		return status;
	return tool_error("cannot write to standard output: %s", strerror(errno ? errno : EIO));
}

void tool_bytes_free(struct bytes *b)
{
	if (b->data)
		OPENSSL_cleanse(b->data, b->size);
	free(b->data);
	*b = (struct bytes){ 0 };
}
