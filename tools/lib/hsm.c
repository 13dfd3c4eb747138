/* SPDX-License-Identifier: Apache-2.0 */
#include "hsm.h"

#include "base/str.h"
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { OUTPUT_MAX = 4096 };

/* Signals that would end us while the wrapper runs, and the one that reports its end. */
static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
enum { ENDING = sizeof ending / sizeof *ending };

static volatile sig_atomic_t caught; /* the last ending signal, 0 for none */

static void hsm_note_signal(int number)
{
	if (number != SIGCHLD)
		caught = number;
}

/* While the guard is on, ending signals only arrive inside pselect, so that there is no moment in which one could be
 * missed or leave the temporary file or the wrapper behind. */
struct guard {
	sigset_t mask_before;
	struct sigaction before[ENDING + 1];
};

static void hsm_guard_on(struct guard *guard)
{
	sigset_t block;
	struct sigaction note = { .sa_handler = hsm_note_signal };
	caught = 0;
	sigemptyset(&note.sa_mask);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&block, ending[i]);
	sigprocmask(SIG_BLOCK, &block, &guard->mask_before);
	sigaction(SIGCHLD, &note, &guard->before[ENDING]);
	for (size_t i = 0; i < ENDING; i++) {
		sigaction(ending[i], NULL, &guard->before[i]);
		if (guard->before[i].sa_handler != SIG_IGN) /* nohup stays nohup */
			sigaction(ending[i], &note, NULL);
	}
}

/* Puts everything back; a signal that came meanwhile now takes its effect. */
static void hsm_guard_off(const struct guard *guard)
{
	for (size_t i = 0; i < ENDING; i++)
		sigaction(ending[i], &guard->before[i], NULL);
	sigaction(SIGCHLD, &guard->before[ENDING], NULL);
	if (caught)
		raise(caught);
	sigprocmask(SIG_SETMASK, &guard->mask_before, NULL);
}

/* WRAPPER as a path: looked up in PATH unless it has a slash. To be freed; NULL: errno. */
static char *hsm_find(const char *wrapper)
{
	const char *path = getenv("PATH");
	if (strchr(wrapper, '/') || !path)
		return strdup(wrapper);
	int err = ENOENT;
	for (const char *at = path;; at++) {
		size_t n = strcspn(at, ":");
		char *candidate = str_new("%.*s%s%s", (int)n, at, n ? "/" : "./", wrapper);
		if (!candidate)
			return NULL;
		if (tool_is_regular(candidate)) {
			if (access(candidate, X_OK) == 0)
				return candidate;
			err = errno;
		}
		free(candidate);
		at += n;
		if (!*at)
			break;
	}
	errno = err;
	return NULL;
}

bool hsm_exists(const char *wrapper)
{
	char *path = hsm_find(wrapper);
	bool exists = path && access(path, X_OK) == 0;
	free(path);
	return exists;
}

/* Starts the program at PATH; a script without "#!" is run by sh, as a shell would do. */
static int hsm_spawn(char *path, char *file, const posix_spawn_file_actions_t *actions,
                     const posix_spawnattr_t *attributes, pid_t *child)
{
	static char shell[] = "/bin/sh", option[] = "-a", algorithm[] = "rsa2048-sha256";
	char *const argv[] = { shell, path, option, algorithm, file, NULL };
	int err = posix_spawn(child, path, actions, attributes, argv + 1, environ);
	if (err == ENOEXEC)
		err = posix_spawn(child, shell, actions, attributes, argv, environ);
	return err;
}

static int hsm_spawn_wrapper(const char *wrapper, const char *file, int output,
                             const struct guard *guard, pid_t *child)
{
	char *path = hsm_find(wrapper);
	if (!path)
		return errno;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	if (!isatty(STDIN_FILENO))
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawnattr_setsigmask(&attributes, &guard->mask_before);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	int err = hsm_spawn(path, (char *)file, &actions, &attributes, child);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(path);
	return err;
}

struct output {
	int fd;
	char text[OUTPUT_MAX];
	size_t size;
	bool ended, too_long;
};

/* Takes what is there without waiting. */
static void hsm_drain(struct output *out)
{
	while (!out->ended && !out->too_long) {
		ssize_t got = read(out->fd, out->text + out->size, sizeof out->text - out->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		out->ended = got <= 0;
		out->size += got > 0 ? (size_t)got : 0;
		out->too_long = out->size == sizeof out->text;
	}
}

/* Collects the output until the child has ended. Returns its wait status. */
static int hsm_collect(pid_t child, const struct guard *guard, struct output *out)
{
	int status = 0, seen = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		fd_set readable;
		FD_ZERO(&readable);
		bool listen = !out->ended && !out->too_long;
		if (listen)
			FD_SET(out->fd, &readable);
		pselect(listen ? out->fd + 1 : 0, &readable, NULL, NULL, NULL, &guard->mask_before);
		if (caught && caught != seen) {
			kill(child, seen ? SIGKILL : SIGTERM);
			seen = caught;
		}
		hsm_drain(out);
		if (out->too_long)
			kill(child, SIGKILL);
	}
	hsm_drain(out);
	return status;
}

static int hsm_judge(int status, const struct output *out, uint8_t signature[RAWKEY_SIGNATURE],
                     struct reason *why)
{
	if (caught)
		return reason_set(why, "interrupted");
	if (out->too_long)
		return reason_set(why, "HSM wrapper printed too much");
	if (WIFSIGNALED(status))
		return reason_set(why, "HSM wrapper was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return reason_set(why, "HSM wrapper failed with exit code %d", WEXITSTATUS(status));
	return hsm_parse(out->text, out->size, signature, why);
}

static int hsm_run(const char *wrapper, const char *file, const struct guard *guard,
                   uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	int ends[2];
	pid_t child = -1;
	struct output out = { 0 };
	if (pipe(ends) != 0)
		return reason_set(why, "cannot make a pipe: %s", strerror(errno));
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	int err = hsm_spawn_wrapper(wrapper, file, ends[1], guard, &child);
	close(ends[1]);
	out.fd = ends[0];
	int status = err ? 0 : hsm_collect(child, guard, &out);
	close(ends[0]);
	if (err)
		return reason_set(why, "HSM wrapper \"%s\" cannot be run: %s", wrapper,
		                  strerror(err));
	return hsm_judge(status, &out, signature, why);
}

int hsm_sign_file(const char *wrapper, const char *file, uint8_t signature[RAWKEY_SIGNATURE],
                  struct reason *why)
{
	struct guard guard;
	hsm_guard_on(&guard);
	int result = hsm_run(wrapper, file, &guard, signature, why);
	hsm_guard_off(&guard);
	return result;
}

static int hsm_write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t put = write(fd, bytes, n);
		if (put < 0 && errno != EINTR)
			return errno;
		if (put > 0) {
			bytes += put;
			n -= (size_t)put;
		}
	}
	return 0;
}

/* Makes a file of the bytes under PATTERN, which becomes its name. Returns 0 or an errno value without a file. */
static int hsm_write_temp(char *pattern, const uint8_t *bytes, size_t n)
{
	int fd = mkstemp(pattern);
	if (fd < 0)
		return errno;
	int err = hsm_write_all(fd, bytes, n);
	if (close(fd) != 0 && !err)
		err = errno;
	if (err)
		unlink(pattern);
	return err;
}

int hsm_sign_bytes(const char *wrapper, const uint8_t *bytes, size_t n,
                   uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	const char *directory = getenv("TMPDIR");
	char path[4096];
	int length = snprintf(path, sizeof path, "%s/rpi-sign.XXXXXX",
	                      directory && *directory ? directory : "/tmp");
	if (length < 0 || (size_t)length >= sizeof path)
		return reason_set(why, "the name of the temporary directory is too long");
	struct guard guard;
	hsm_guard_on(&guard);
	int err = hsm_write_temp(path, bytes, n);
	int result = err ? reason_set(why, "cannot write the temporary file %s: %s", path,
	                              strerror(err))
	                 : hsm_run(wrapper, path, &guard, signature, why);
	if (!err)
		unlink(path);
	hsm_guard_off(&guard);
	return result;
}
