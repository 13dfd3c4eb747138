#include "tool.h"

#include <errno.h>
#include <fcntl.h>
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
static ssize_t read_fully(int fd, uint8_t *to, size_t n)
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

int tool_read_file(const char *path, size_t limit, struct bytes *out)
{
	*out = (struct bytes){ 0 };
	int err = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us */
	if (fd < 0)
		return errno;
	struct stat st;
	if (fstat(fd, &st) != 0)
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else if ((uintmax_t)st.st_size > limit)
		err = EFBIG;
	else if (!(out->data = malloc((size_t)st.st_size + 1)))
		err = ENOMEM;
	if (!err) {
		ssize_t got = read_fully(fd, out->data, (size_t)st.st_size);
		if (got < 0) {
			err = errno;
			tool_bytes_free(out);
		} else {
			out->size = (size_t)got;
			out->data[got] = 0;
		}
	}
	close(fd);
	return err;
}

void tool_bytes_free(struct bytes *b)
{
	free(b->data);
	*b = (struct bytes){ 0 };
}
