/* What every tool needs besides its subject: messages in one form, whole files in memory, exit statuses. */
#ifndef TOOL_H
#define TOOL_H

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

/* Reads the whole of PATH ("-" is not special), at most LIMIT bytes. Returns 0, or an errno value with OUT empty:
 * EFBIG over the limit, EISDIR for a folder, EINVAL for anything else that is not a regular file. */
int tool_read_file(const char *path, size_t limit, struct bytes *out);

/* Frees and empties; with secrets inside, call OPENSSL_cleanse first. Fine on an empty one. */
void tool_bytes_free(struct bytes *b);

#endif
