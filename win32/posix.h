/* SPDX-License-Identifier: Apache-2.0 */
/* What the tools use of POSIX and mingw-w64 does not have. The compiler includes this file first (-include) when it builds the
 * tools for Windows. Names of files need no conversion: the manifest makes UTF-8 the code page of the C library. */
#ifndef POSIX_H
#define POSIX_H

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define O_CLOEXEC  _O_NOINHERIT
#define O_NONBLOCK 0 /* files do not block */
#define O_NOCTTY   0
#define F_SETFL    4

/* Binary, whatever the flags say; /dev/tty is the console. */
int posix_open(const char *path, int flags);

/* F_SETFL only: does nothing. */
int posix_fcntl(int fd, int command, int flags);

/* Where PATH leads, behind links; new string. NULL: errno. RESOLVED is ignored. */
char *posix_realpath(const char *path, char *resolved);

#define open     posix_open
#define fcntl    posix_fcntl
#define realpath posix_realpath

#endif
