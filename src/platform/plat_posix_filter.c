/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_stream.h"

#include "base/str.h"
#include "platform/plat.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ; /* POSIX wants programs to declare it */

struct plat_filter {
	pid_t pid;
	int said; /* unnamed file with its standard error */
};

static void filter_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* A pipe that no other program inherits. */
static int filter_pipe(int fd[2])
{
	if (pipe(fd) != 0)
		return errno;
	fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	return 0;
}

/* Signals as a program expects them, whatever this one did about its own. */
static int filter_signals(posix_spawnattr_t *attr)
{
	sigset_t none, defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	int err = posix_spawnattr_setsigmask(attr, &none);
	if (!err)
		err = posix_spawnattr_setsigdefault(attr, &defaults);
	if (!err)
		err = posix_spawnattr_setpgroup(attr, 0); /* Ctrl-C is this program's to handle */
	if (!err)
		err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
		                                             POSIX_SPAWN_SETSIGDEF |
		                                             POSIX_SPAWN_SETPGROUP);
	return err;
}

static int filter_spawn(struct plat_filter *f, const char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int err = posix_spawn_file_actions_init(&files);
	if (err)
		return err;
	err = posix_spawnattr_init(&attr);
	if (err) {
		posix_spawn_file_actions_destroy(&files);
		return err;
	}
	err = filter_signals(&attr);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, f->said, STDERR_FILENO);
	if (!err)
		err = posix_spawnp(&f->pid, argv[0], &files, &attr, (char *const *)(uintptr_t)argv,
		                   environ); /* only reads them */
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

int plat_filter_start(struct plat_filter **out, const char *const argv[], const char *directory,
                      int *to, int *from)
{
	int in[2] = { -1, -1 }, back[2] = { -1, -1 };
	struct plat_filter *f = calloc(1, sizeof *f);
	if (!f)
		return ENOMEM;
	f->said = -1;
	int err = plat_unnamed_file(directory, &f->said);
	if (!err)
		err = filter_pipe(in);
	if (!err)
		err = filter_pipe(back);
	if (!err)
		err = filter_spawn(f, argv, in[0], back[1]);
	filter_close(in[0]);
	filter_close(back[1]);
	if (err) {
		filter_close(in[1]);
		filter_close(back[0]);
		filter_close(f->said);
		free(f);
		return err;
	}
	fcntl(in[1], F_SETFL, O_NONBLOCK); /* plat_stream_write waits so that it can be cancelled */
	*to = in[1];
	*from = back[0];
	*out = f;
	return 0;
}

void plat_filter_advice(const char *package, char *out, size_t size)
{
	snprintf(out, size, "Debian: apt-get install %s", package);
}

void plat_filter_kill(struct plat_filter *filter)
{
	kill(-filter->pid, SIGKILL);
}

void plat_filter_end(struct plat_filter *filter, int *status, char *words, size_t size)
{
	int end = 0;
	if (!filter)
		return;
	while (waitpid(filter->pid, &end, 0) < 0 && errno == EINTR)
		;
	*status = WIFSIGNALED(end) ? 128 + WTERMSIG(end) : WEXITSTATUS(end);
	int64_t n = plat_read_at(filter->said, 0, words, size - 1);
	words[n > 0 ? n : 0] = 0;
	str_first_line(words);
	close(filter->said);
	free(filter);
}
