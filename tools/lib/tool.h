/* SPDX-License-Identifier: Apache-2.0 */
/* What every tool needs besides its subject: messages in one form, whole files in memory, exit statuses. */
#ifndef TOOL_H
#define TOOL_H

#include "base/reason.h"

#include <stddef.h>
#include <stdint.h>

#define TOOL_OK    0
#define TOOL_ERROR 1 /* bad input, a file that cannot be read or written, a failed check */
#define TOOL_USAGE 2 /* wrong arguments */

/* Prints "ERROR: ..." and a newline on stderr. Returns TOOL_ERROR, so that callers can `return tool_error(...)`. */
int tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "PROGRAM: ... (try --help)" on stderr. Returns TOOL_USAGE. */
int tool_usage(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct bytes {
	uint8_t *data; /* owned; at least one byte longer than size, that byte is 0 */
	size_t size;
};

/* Reads the whole of PATH ("-" is not special), at most LIMIT bytes. Pipes are read to their end (a FIFO that nobody
 * writes to is empty, not a wait). Returns 0, or an errno value with OUT empty: EFBIG over the limit, EISDIR for a
 * directory, EINVAL for anything else that is neither a regular file nor a pipe. */
int tool_read_file(const char *path, size_t limit, struct bytes *out);

/* The same for an open descriptor, from where it stands to its end. FD stays open. */
int tool_read_stream(int fd, size_t limit, struct bytes *out);

/* Puts N bytes into PATH (NULL: standard output): a regular file whole or not at all, also behind a symbolic link; a
 * device or pipe directly. Returns TOOL_OK, or TOOL_ERROR after telling why. */
int tool_write(const char *path, const void *bytes, size_t n);

/* Makes sure that all printed text has arrived. Returns STATUS, or TOOL_ERROR (told) if it was TOOL_OK and text was lost. */
int tool_finish(int status);

/* Wipes (there may be a key inside), frees and empties. Fine on an empty one. */
void tool_bytes_free(struct bytes *b);

#endif
