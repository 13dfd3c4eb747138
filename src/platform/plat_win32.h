/* SPDX-License-Identifier: Apache-2.0 */
/* What the Windows half of plat.h shares among its files: UTF-8 paths, system errors, the console. Strings in this program
 * are UTF-8; Windows takes UTF-16. */
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

/* A stream that owns HANDLE. MODE as for fopen, binary. NULL: errno, HANDLE is closed. */
FILE *win32_stream(HANDLE handle, const char *mode);

/* Gives the console back as plat_begin found it. */
void win32_console_restore(void);

#endif
