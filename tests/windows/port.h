/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests use of POSIX and mingw-w64 does not have. The compiler includes this file first (-include) when it builds
 * tests for Windows; the programs themselves are built without it. */
#ifndef PORT_H
#define PORT_H

#include <direct.h>
#include <errno.h>
#include <io.h>
#include <process.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

typedef unsigned uid_t;
typedef unsigned gid_t;

char *port_mkdtemp(char *template);
int port_mkdir(const char *path, unsigned mode);
int port_setenv(const char *name, const char *value, int overwrite);
int port_truncate(const char *path, int64_t size);
ssize_t port_getline(char **line, size_t *room, FILE *f);
ssize_t port_pread(int fd, void *to, size_t n, int64_t offset);

/* Runs COMMAND with the Unix shell below Wine's drive Z: and returns its exit status, -1 when it could not be run. */
int port_system(const char *command);

FILE *port_open_memstream(char **text, size_t *size);
int port_fclose(FILE *f);

/* Fail with ENOSYS: a test that needs one of them is in tests/windows/excluded, with its reason. */
int port_symlink(const char *target, const char *path);
int port_mkfifo(const char *path, unsigned mode);
int port_chown(const char *path, uid_t user, gid_t group);
int port_seteuid(uid_t user);
uid_t port_id(void); /* 0 */

int port_pipe(int fd[2]);

/* signal() refuses them. */
#define SIGPIPE 13
#define SIGXFSZ 25

#define mkdtemp        port_mkdtemp
#define mkdir          port_mkdir
#define setenv         port_setenv
#define truncate       port_truncate
#define getline        port_getline
#define pread          port_pread
#define system         port_system
#define open_memstream port_open_memstream
#define fclose         port_fclose
#define symlink        port_symlink
#define mkfifo         port_mkfifo
#define chown          port_chown
#define seteuid        port_seteuid
#define getuid         port_id
#define geteuid        port_id
#define getgid         port_id
#define pipe           port_pipe

#endif
