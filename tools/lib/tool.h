/* SPDX-License-Identifier: Apache-2.0 */
/* What every tool needs besides its subject: messages in one form, whole files in memory, exit statuses. Only here are
 * files of the user opened. */
#ifndef TOOL_H
#define TOOL_H

#include "base/reason.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TOOL_OK    0
#define TOOL_ERROR 1 /* bad input, a file that cannot be read or written, a failed check */
#define TOOL_USAGE 2 /* wrong arguments */

/* These print one line on stderr, with the bytes in it that are not text as \xNN (base/str.h).
 *
 * "ERROR: ...". Returns TOOL_ERROR, so that callers can `return tool_error(...)`. */
int tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "WARNING: ...". */
void tool_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "PROGRAM: ... (try --help)". Returns TOOL_USAGE. */
int tool_usage(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct bytes {
	uint8_t *data; /* owned; at least one byte longer than size, that byte is 0 */
	size_t size;
};

/* Opens PATH for reading as bytes, without a buffer that could keep a key. Anything that can be read to its end is fine;
 * opening a FIFO waits for its writer. NULL: errno. */
FILE *tool_open(const char *path);

/* Reads the whole of PATH ("-" is not special), at most LIMIT bytes. Returns 0, or an errno value with OUT empty: EFBIG
 * over the limit, EISDIR for a directory. */
int tool_read_file(const char *path, size_t limit, struct bytes *out);

/* The same for an open stream, from its position to its end. FILE stays open. */
int tool_read_stream(FILE *file, size_t limit, struct bytes *out);

/* Whether PATH is a regular file, also behind symbolic links. */
bool tool_is_regular(const char *path);

/* Whether A and B are one name, also one in one directory, or one existing file, also behind symbolic links. */
bool tool_same_file(const char *a, const char *b);

/* A file that was read, a key above all, is not to be lost to a mistyped OUTPUT (NULL: standard output). Entries of INPUTS
 * may be NULL. Returns TOOL_OK, or TOOL_ERROR after a message if OUTPUT is one of the COUNT files. */
int tool_keep_inputs(const char *output, const char *const inputs[], size_t count);

/* Puts N bytes into PATH (NULL: standard output): a regular file whole or not at all, also behind a symbolic link whose
 * target need not exist; a device or pipe directly. Returns TOOL_OK, or TOOL_ERROR after a message. */
int tool_write(const char *path, const void *bytes, size_t n);

/* Removes a file; absent is fine. False: it is still there. */
bool tool_remove(const char *path);

/* Checks that all printed text was written. Returns STATUS, or TOOL_ERROR after a message if it was TOOL_OK and text was
 * lost. */
int tool_finish(int status);

/* Whether there is a terminal to ask for a passphrase. */
bool tool_has_terminal(void);

/* Wipes (there may be a key inside), frees and empties. Fine on an empty one. */
void tool_bytes_free(struct bytes *b);

#endif
