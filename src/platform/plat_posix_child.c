/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "base/str.h"
#include "platform/plat_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ; /* POSIX wants programs to declare it */

struct plat_child {
	pid_t pid;
	struct plat_thread *waiter;
	struct plat_monitor *monitor; /* for the fields below */
	bool ended;
	int status;
};

/* --- the environment */

static bool child_same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");
	return strncmp(a, b, n) == 0 && b[n] == '=';
}

static bool child_is_replaced(const char *old, const char *const variables[])
{
	for (; *variables; variables++)
		if (child_same_name(*variables, old))
			return true;
	return false;
}

/* Our own environment with VARIABLES; only the array is new. */
static char **child_merge(const char *const variables[])
{
	size_t count = 1, n = 0;
	for (size_t i = 0; variables[i]; i++)
		count++;
	for (size_t i = 0; environ[i]; i++)
		count++;
	char **all = calloc(count, sizeof *all);
	if (!all)
		return NULL;
	for (size_t i = 0; environ[i]; i++)
		if (!child_is_replaced(environ[i], variables))
			all[n++] = environ[i];
	for (size_t i = 0; variables[i]; i++)
		all[n++] = (char *)(uintptr_t)variables[i]; /* posix_spawn only reads them */
	return all;
}

/* --- starting */

/* An errno value. */
static int child_spawn(pid_t *pid, const char *program, char **variables, bool to_stderr)
{
	posix_spawn_file_actions_t files;
	int err = posix_spawn_file_actions_init(&files);
	if (err)
		return err;
	char *argv[] = { (char *)(uintptr_t)program, NULL };
	err = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!err && to_stderr)
		err = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	if (!err)
		err = plat_posix_spawn(pid, program, argv, variables, &files);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

static bool child_is_executable(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode))
		return access(path, X_OK) == 0;
	errno = EACCES;
	return false;
}

bool plat_can_start(const char *program)
{
	const char *path = getenv("PATH");
	if (strchr(program, '/'))
		return child_is_executable(program);
	/* posix_spawnp has a search path of its own when there is none */
	for (const char *at = path ? path : "/bin:/usr/bin"; at; at = strchr(at, ':')) {
		at += *at == ':';
		int n = (int)strcspn(at, ":");
		char *file = str_new("%.*s/%s", n ? n : 1, n ? at : ".", program);
		bool found = file && child_is_executable(file);
		free(file);
		if (found)
			return true;
	}
	errno = ENOENT;
	return false;
}

/* --- the end: the pid is released inside the monitor, so that no signal can go to a process that got it next */

#ifdef __CYGWIN__ /* has no waitid */
#define REAP_PAUSE (20 * PLAT_MS)

static int child_reap(struct plat_child *c)
{
	int status = 0;
	for (;;) {
		plat_lock(c->monitor);
		pid_t done = waitpid(c->pid, &status, WNOHANG);
		if (done == c->pid || (done < 0 && errno != EINTR))
			return status;
		plat_unlock(c->monitor);
		plat_pause(REAP_PAUSE);
	}
}
#else
static int child_reap(struct plat_child *c)
{
	siginfo_t info;
	while (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
		;
	plat_lock(c->monitor);
	int status = 0;
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}
#endif

static void child_wait_for_end(void *arg)
{
	struct plat_child *c = arg;
	int status = child_reap(c); /* and enters the monitor */
	c->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	c->ended = true;
	plat_broadcast(c->monitor);
	plat_unlock(c->monitor);
}

struct plat_child *plat_child_start(const char *program, const char *const variables[],
                                    bool to_stderr, struct plat_monitor *monitor)
{
	struct plat_child *c = calloc(1, sizeof *c);
	char **all = child_merge(variables);
	int err = ENOMEM;
	if (c && all) {
		c->monitor = monitor;
		err = child_spawn(&c->pid, program, all, to_stderr);
	}
	if (!err) {
		c->waiter = plat_thread_start(child_wait_for_end, c);
		if (!c->waiter) {
			kill(-c->pid, SIGKILL);
			waitpid(c->pid, NULL, 0);
			err = EAGAIN;
		}
	}
	free(all);
	if (!err)
		return c;
	free(c);
	errno = err;
	return NULL;
}

bool plat_child_ended(const struct plat_child *child, int *status)
{
	*status = child->status;
	return child->ended;
}

void plat_child_end(struct plat_child *child, bool at_once)
{
	if (!child->ended)
		kill(-child->pid, at_once ? SIGKILL : SIGTERM);
}

void plat_child_free(struct plat_child *child)
{
	if (!child)
		return;
	plat_thread_join(child->waiter);
	free(child);
}
