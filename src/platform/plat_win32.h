/* SPDX-License-Identifier: Apache-2.0 */
/* What the Windows half of plat.h shares among its files: UTF-8 paths, system errors, programs, the console. Strings in
 * this program are UTF-8; Windows takes UTF-16. */
#ifndef PLAT_WIN32_H
#define PLAT_WIN32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <windows.h>

/* UTF-8 to UTF-16 and back, as new strings; the caller frees them. NULL: errno (EILSEQ, ENOMEM). */
wchar_t *win32_wide(const char *text);
char *win32_narrow(const wchar_t *text);

/* PATH for the W functions: absolute, with backslashes, behind the prefix \\?\ (\\?\UNC\ for shares), so that any length
 * is accepted and blanks and dots at the end have no special meaning. New string, the caller frees it. NULL: errno; ENOTSUP for
 * what names a device, such as NUL. */
wchar_t *win32_path(const char *path);

/* The errno value for a value of GetLastError(). */
int win32_errno(DWORD error);

/* The handle behind a stream. */
HANDLE win32_handle(FILE *f);

/* A descriptor in *FD that owns HANDLE, binary, not inherited. Returns 0, or an errno value: HANDLE is closed. */
int win32_descriptor(HANDLE handle, int *fd);

/* A stream that owns HANDLE. MODE as for fopen, binary. NULL: errno, HANDLE is closed. */
FILE *win32_stream(HANDLE handle, const char *mode);

/* --- other programs */

/* Finds the program NAME as a shell does, but in the current directory only when NAME is a path: an .exe, .com, .cmd or .bat.
 * New string, the caller frees it. NULL: errno. */
wchar_t *win32_program_find(const char *name);

/* A program in a job of its own, so that the programs that it starts end with it. */
struct win32_process {
	HANDLE process, job; /* the job may be missing */
	DWORD pid;
};

/* Starts PROGRAM in a process group of its own, with ARGUMENTS (NULL at the end, no quotes in them) and with copies of
 * three standard HANDLES (NULL: nothing to read, nowhere to write); no other handle reaches it. ENVIRONMENT NULL: as
 * this program's. Returns 0 or an errno value. */
int win32_process_start(struct win32_process *out, const wchar_t *program,
                        const char *const arguments[], wchar_t *environment,
                        const HANDLE handles[3]);

/* Ends it at once. Any thread. */
void win32_process_kill(const struct win32_process *process);

/* Waits for its end and returns its exit status, 255 for all larger ones; killed: 137, as on POSIX systems. */
int win32_process_wait(const struct win32_process *process);

void win32_process_release(struct win32_process *process);

/* Gives the console back as plat_begin found it. */
void win32_console_restore(void);

#endif
