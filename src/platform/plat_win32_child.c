/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LONGEST 32768 /* of a path and of an environment variable, in characters */
#define KILLED  137   /* the status of a child that was ended at once, as on POSIX systems */

struct plat_child {
	HANDLE process, job;
	DWORD pid;
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

/* --- finding: as a shell does, but in the current directory only when PROGRAM is a path */

static wchar_t *program_find(const char *program)
{
	static const wchar_t *const endings[] = { L".exe", L".com", L".cmd", L".bat" };
	wchar_t *name = win32_wide(program), *out = malloc(LONGEST * sizeof *out);
	wchar_t *directories = calloc(LONGEST, sizeof *directories);
	DWORD n = 0;
	for (wchar_t *c = name; c && *c; c++)
		if (*c == '/')
			*c = '\\';
	bool is_path = name && wcspbrk(name, L"\\:");
	if (directories && !is_path)
		GetEnvironmentVariableW(L"PATH", directories, LONGEST);
	for (size_t i = 0; name && out && directories && !n && i < 4; i++)
		n = SearchPathW(is_path ? NULL : directories, name, endings[i], LONGEST, out, NULL);
	free(directories);
	free(name);
	if (n > 0 && n < LONGEST)
		return out;
	free(out);
	errno = ENOENT;
	return NULL;
}

/* --- starting */

struct spawn {
	HANDLE handles[3];
	STARTUPINFOEXW start;
	wchar_t *line;
};

static HANDLE spawn_inheritable(DWORD which)
{
	HANDLE copy = NULL, own = GetCurrentProcess();
	DuplicateHandle(own, GetStdHandle(which), own, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS);
	return copy;
}

static HANDLE spawn_nul(void)
{
	SECURITY_ATTRIBUTES inherit = { .nLength = sizeof inherit, .bInheritHandle = TRUE };
	HANDLE nul = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
	                         FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0,
	                         NULL);
	return nul == INVALID_HANDLE_VALUE ? NULL : nul;
}

/* The child inherits its three standard handles and nothing else: another board's child must not keep our pipes open. */
static bool spawn_prepare(struct spawn *s, const wchar_t *program, bool to_stderr)
{
	*s = (struct spawn){ .start.StartupInfo = { .cb = sizeof s->start,
		                                    .dwFlags = STARTF_USESTDHANDLES } };
	s->handles[0] = spawn_nul();
	s->handles[1] = spawn_inheritable(to_stderr ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE);
	s->handles[2] = spawn_inheritable(STD_ERROR_HANDLE);
	for (int i = 0; i < 3; i++)
		if (!s->handles[i])
			s->handles[i] = spawn_nul();
	s->start.StartupInfo.hStdInput = s->handles[0];
	s->start.StartupInfo.hStdOutput = s->handles[1];
	s->start.StartupInfo.hStdError = s->handles[2];

	size_t n = wcslen(program);
	s->line = malloc((n + 3) * sizeof *s->line);
	SIZE_T size = 0;
	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(size);
	if (!s->line || !list || !InitializeProcThreadAttributeList(list, 1, 0, &size)) {
		free(list);
		return false;
	}
	s->line[0] = s->line[n + 1] = '"';
	memcpy(s->line + 1, program, n * sizeof *program);
	s->line[n + 2] = 0;
	s->start.lpAttributeList = list;
	return UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, s->handles,
	                                 sizeof s->handles, NULL, NULL);
}

static void spawn_clean(struct spawn *s)
{
	if (s->start.lpAttributeList)
		DeleteProcThreadAttributeList(s->start.lpAttributeList);
	free(s->start.lpAttributeList);
	free(s->line);
	for (int i = 0; i < 3; i++)
		if (s->handles[i])
			CloseHandle(s->handles[i]);
}

/* Starts PROGRAM in a job of its own, so that its own children can be ended with it. An errno value. */
static int spawn_run(struct plat_child *c, const wchar_t *program, wchar_t *environment,
                     bool to_stderr)
{
	struct spawn s;
	PROCESS_INFORMATION info;
	int err = ENOMEM;
	if (spawn_prepare(&s, program, to_stderr)) {
		bool ok = CreateProcessW(program, s.line, NULL, NULL, TRUE,
		                         CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT |
		                                 CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT,
		                         environment, NULL, &s.start.StartupInfo, &info);
		err = ok ? 0 : win32_errno(GetLastError());
	}
	spawn_clean(&s);
	if (err)
		return err;
	c->job = CreateJobObjectW(NULL, NULL);
	if (c->job && !AssignProcessToJobObject(c->job, info.hProcess)) {
		CloseHandle(c->job);
		c->job = NULL;
	}
	ResumeThread(info.hThread);
	CloseHandle(info.hThread);
	c->process = info.hProcess;
	c->pid = info.dwProcessId;
	return 0;
}

/* --- the end */

static int child_status(DWORD code)
{
	if (code == STATUS_CONTROL_C_EXIT)
		return 130;
	return code > 255 ? 255 : (int)code;
}

static void child_wait(void *arg)
{
	struct plat_child *c = arg;
	DWORD code = 255;
	WaitForSingleObject(c->process, INFINITE);
	GetExitCodeProcess(c->process, &code);
	plat_lock(c->monitor);
	c->status = child_status(code);
	c->ended = true;
	plat_broadcast(c->monitor);
	plat_unlock(c->monitor);
}

static void child_kill(struct plat_child *c)
{
	if (!c->job || !TerminateJobObject(c->job, KILLED))
		TerminateProcess(c->process, KILLED);
}

static void child_release(struct plat_child *c)
{
	if (c->job)
		CloseHandle(c->job);
	if (c->process)
		CloseHandle(c->process);
	free(c);
}

struct plat_child *plat_child_start(const char *program, const char *const variables[],
                                    bool to_stderr, struct plat_monitor *monitor)
{
	struct plat_child *c = calloc(1, sizeof *c);
	wchar_t *environment = c ? environment_merge(variables) : NULL;
	wchar_t *path = environment ? program_find(program) : NULL;
	int err = errno;
	if (path) {
		c->monitor = monitor;
		err = spawn_run(c, path, environment, to_stderr);
	}
	free(environment);
	free(path);
	if (path && !err) {
		c->waiter = plat_thread_start(child_wait, c);
		if (c->waiter)
			return c;
		child_kill(c);
		err = EAGAIN;
	}
	if (c)
		child_release(c);
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
	if (at_once || !GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, child->pid))
		child_kill(child);
}

void plat_child_free(struct plat_child *child)
{
	if (!child)
		return;
	plat_thread_join(child->waiter);
	child_release(child);
}
