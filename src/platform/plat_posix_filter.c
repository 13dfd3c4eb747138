/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_stream.h"

#include "base/str.h"
#include "platform/plat.h"
#include "platform/plat_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
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

static int filter_spawn(struct plat_filter *f, const char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t files;
	int err = posix_spawn_file_actions_init(&files);
	if (err)
		return err;
	err = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&files, f->said, STDERR_FILENO);
	if (!err) /* which only reads argv */
		err = plat_posix_spawn(&f->pid, argv[0], (char *const *)(uintptr_t)argv, environ,
		                       &files);
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
		err = plat_posix_pipe(in);
	if (!err)
		err = plat_posix_pipe(back);
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
