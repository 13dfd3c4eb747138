/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct plat_child {
	struct win32_process process;
	struct plat_thread *waiter;
	struct plat_monitor *monitor; /* for the fields below */
	bool ended;
	int status;
};

/* --- the environment: "NAME=value" strings, then an empty one */

static bool environment_is_replaced(const wchar_t *old, wchar_t **variables, size_t count)
{
	bool hidden = *old == '='; /* "=C:=C:\directory": the current directory of a drive */
	size_t n = wcscspn(old + hidden, L"=") + hidden;
	for (size_t i = 0; i < count; i++)
		if (_wcsnicmp(variables[i], old, n + 1) == 0)
			return true;
	return false;
}

/* Appends to TO (NULL: only counts) at *AT. */
static void environment_append(wchar_t *to, size_t *at, const wchar_t *variable)
{
	size_t n = wcslen(variable) + 1;
	if (to)
		memcpy(to + *at, variable, n * sizeof *to);
	*at += n;
}

/* Returns the number of characters. */
static size_t environment_fill(wchar_t *to, const wchar_t *old, wchar_t **variables, size_t count)
{
	size_t at = 0;
	for (; *old; old += wcslen(old) + 1)
		if (!environment_is_replaced(old, variables, count))
			environment_append(to, &at, old);
	for (size_t i = 0; i < count; i++)
		environment_append(to, &at, variables[i]);
	environment_append(to, &at, L"");
	return at;
}

/* Our own environment with VARIABLES; new. NULL: errno. */
static wchar_t *environment_merge(const char *const variables[])
{
	size_t count = 0;
	while (variables[count])
		count++;
	wchar_t **wide = calloc(count + 1, sizeof *wide), *out = NULL;
	wchar_t *old = GetEnvironmentStringsW();
	bool ok = wide && old;
	errno = ENOMEM;
	for (size_t i = 0; ok && i < count; i++) {
		wide[i] = win32_wide(variables[i]);
		ok = wide[i] != NULL;
	}
	if (ok)
		out = malloc(environment_fill(NULL, old, wide, count) * sizeof *out);
	if (out)
		environment_fill(out, old, wide, count);
	for (size_t i = 0; wide && i < count; i++)
		free(wide[i]);
	free(wide);
	if (old)
		FreeEnvironmentStringsW(old);
	return out;
}

/* --- the end */

static void child_wait(void *arg)
{
	struct plat_child *c = arg;
	int status = win32_process_wait(&c->process);
	plat_lock(c->monitor);
	c->status = status;
	c->ended = true;
	plat_broadcast(c->monitor);
	plat_unlock(c->monitor);
}

struct plat_child *plat_child_start(const char *program, const char *const variables[],
                                    bool to_stderr, struct plat_monitor *monitor)
{
	static const char *const none[] = { NULL };
	HANDLE out = GetStdHandle(to_stderr ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
	HANDLE handles[3] = { NULL, out, GetStdHandle(STD_ERROR_HANDLE) };
	struct plat_child *c = calloc(1, sizeof *c);
	wchar_t *environment = c ? environment_merge(variables) : NULL;
	wchar_t *path = environment ? win32_program_find(program) : NULL;
	int err = errno;
	if (path) {
		c->monitor = monitor;
		err = win32_process_start(&c->process, path, none, environment, handles);
	}
	free(environment);
	free(path);
	if (path && !err) {
		c->waiter = plat_thread_start(child_wait, c);
		if (c->waiter)
			return c;
		win32_process_kill(&c->process);
		win32_process_release(&c->process);
		err = EAGAIN;
	}
	free(c);
	errno = err;
	return NULL;
}

bool plat_child_ended(const struct plat_child *child, int *status)
{
	*status = child->status;
	return child->ended;
}

/* Ctrl-Break is the gentlest that a console program can be sent. */
void plat_child_end(struct plat_child *child, bool at_once)
{
	if (child->ended)
		return;
	if (at_once || !GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, child->process.pid))
		win32_process_kill(&child->process);
}

void plat_child_free(struct plat_child *child)
{
	if (!child)
		return;
	plat_thread_join(child->waiter);
	win32_process_release(&child->process);
	free(child);
}
