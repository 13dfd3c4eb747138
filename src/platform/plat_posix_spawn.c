/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Not every system has pipe2(): nothing is started between the two calls that make a pipe. */
static pthread_mutex_t spawn_lock = PTHREAD_MUTEX_INITIALIZER;

int plat_posix_pipe(int fd[2])
{
	pthread_mutex_lock(&spawn_lock);
	int err = pipe(fd) == 0 ? 0 : errno;
	if (!err) {
		fcntl(fd[0], F_SETFD, FD_CLOEXEC);
		fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	}
	pthread_mutex_unlock(&spawn_lock);
	return err;
}

/* What this program changed about signals (plat_on_signal, plat_stream_write) is undone. */
static int spawn_set_signals(posix_spawnattr_t *attr)
{
	sigset_t none, defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	int err = posix_spawnattr_setsigmask(attr, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attr, &defaults);
	if (!err)
		err = posix_spawnattr_setpgroup(attr, 0);
	if (!err)
		err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
		                                             POSIX_SPAWN_SETSIGDEF |
		                                             POSIX_SPAWN_SETPGROUP);
	return err;
}

int plat_posix_spawn(pid_t *pid, const char *program, char *const argv[], char *const environment[],
                     const posix_spawn_file_actions_t *files)
{
	posix_spawnattr_t attr;
	int err = posix_spawnattr_init(&attr);
	if (err)
		return err;
	err = spawn_set_signals(&attr);
	if (!err) {
		pthread_mutex_lock(&spawn_lock);
		err = posix_spawnp(pid, program, files, &attr, argv, environment);
		pthread_mutex_unlock(&spawn_lock);
	}
	posix_spawnattr_destroy(&attr);
	return err;
}
