/* SPDX-License-Identifier: Apache-2.0 */
/* Byte streams: a file or standard input, a program that turns one stream into another, and a temporary file without a
 * name. Reads end early when they are cancelled from another thread.
 *
 * Functions that return int return 0 or an errno value, unless they say otherwise. Descriptors are closed with
 * plat_close() and do not reach other programs. */
#ifndef PLAT_STREAM_H
#define PLAT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- cancelling */
struct plat_cancel;

struct plat_cancel *plat_cancel_new(void); /* NULL: errno */
void plat_cancel_free(struct plat_cancel *cancel);

/* Ends all reads and writes that have CANCEL, now and from now on, with ECANCELED. Any thread. */
void plat_cancel_set(struct plat_cancel *cancel);

/* --- streams */

/* What identifies the contents of a regular file; both 0 for anything else. */
struct plat_stream_stamp {
	uint64_t size;    /* bytes */
	int64_t modified; /* nanoseconds */
};

/* Opens PATH for reading: a regular file, pipe or device, but no directory (EISDIR). "-": standard input. */
int plat_stream_open(const char *path, int *fd);
void plat_stream_stamp(int fd, struct plat_stream_stamp *out);

/* Reads up to N bytes; less than N only at the end. Returns their number, or -1 with errno. */
int64_t plat_stream_read(int fd, void *to, size_t n, struct plat_cancel *cancel);

/* Writes all N bytes to a pipe; EPIPE when nobody reads it any more. */
int plat_stream_write(int fd, const void *from, size_t n, struct plat_cancel *cancel);

/* --- a program as a filter */
struct plat_filter;

/* Finds ARGV[0] like a shell does, on Windows after that also in the decoder beside this program, and starts it without a
 * shell, in a process group of its own. It reads what is written to *TO; what it writes is read from *FROM; what it says on
 * standard error is kept in an unnamed file in DIRECTORY. */
int plat_filter_start(struct plat_filter **out, const char *const argv[], const char *directory,
                      int *to, int *from);

/* Any thread, until plat_filter_end(). */
void plat_filter_kill(struct plat_filter *filter);

/* How to get a program that is missing, for a message: PACKAGE is Debian's. */
void plat_filter_advice(const char *package, char *out, size_t size);

/* Waits for its end and frees it. *STATUS: the exit status; 128 and the signal's number if it was killed. WORDS: the first
 * line that it said, "" if none. NULL is fine. */
void plat_filter_end(struct plat_filter *filter, int *status, char *words, size_t size);

/* --- a temporary file */

/* The user's directory for large temporary files; the caller frees it. NULL: out of memory. */
char *plat_temporary_directory(void);

/* Makes a file in DIRECTORY that has no name there any more: it is gone when it is closed, however the program ends. */
int plat_unnamed_file(const char *directory, int *fd);

/* Writes all N bytes at OFFSET. Any thread. */
int plat_write_at(int fd, uint64_t offset, const void *from, size_t n);

/* Whether the errno value says that there is no room: file system, quota, or limit on a file's size. */
bool plat_is_full(int err);

/* Bytes that this user may still write to the file system of FD; UINT64_MAX when unknown. */
uint64_t plat_free_space(int fd);

/* Processors that this process may use; at least 1. */
unsigned plat_processors(void);

#endif
