/* SPDX-License-Identifier: Apache-2.0 */
/* What the POSIX half of plat.h shares among its files: other programs, and descriptors that those must not inherit. */
#ifndef PLAT_POSIX_H
#define PLAT_POSIX_H

#include <spawn.h>
#include <sys/types.h>

/* A pipe whose ends no program of plat_posix_spawn inherits, whichever thread starts it. Returns 0 or an errno value. */
int plat_posix_pipe(int fd[2]);

/* Starts PROGRAM, found as a shell finds it, in a process group of its own (Ctrl-C is this program's to handle), with
 * default signals, with FILES for its descriptors, ARGV and ENVIRONMENT (NULL at the end). Returns 0 or an errno value. */
int plat_posix_spawn(pid_t *pid, const char *program, char *const argv[], char *const environment[],
                     const posix_spawn_file_actions_t *files);

#endif
