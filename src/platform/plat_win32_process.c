/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_win32.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define LONGEST 32768 /* of a path, an environment variable and a command line, in characters */
#define KILLED  137

/* --- finding */

wchar_t *win32_program_find(const char *name)
{
	static const wchar_t *const endings[] = { L".exe", L".com", L".cmd", L".bat" };
	wchar_t *wide = win32_wide(name), *out = malloc(LONGEST * sizeof *out);
	wchar_t *directories = calloc(LONGEST, sizeof *directories);
	DWORD n = 0;
	for (wchar_t *c = wide; c && *c; c++)
		if (*c == '/')
			*c = '\\';
	bool is_path = wide && wcspbrk(wide, L"\\:");
	if (directories && !is_path)
		GetEnvironmentVariableW(L"PATH", directories, LONGEST);
	for (size_t i = 0; wide && out && directories && !n && i < 4; i++)
		n = SearchPathW(is_path ? NULL : directories, wide, endings[i], LONGEST, out, NULL);
	free(directories);
	free(wide);
	if (n > 0 && n < LONGEST)
		return out;
	free(out);
	errno = ENOENT;
	return NULL;
}

/* --- starting */

struct process_setup {
	HANDLE handles[3];
	STARTUPINFOEXW start;
	wchar_t *line;
};

static HANDLE process_inheritable(HANDLE handle)
{
	HANDLE copy = NULL, own = GetCurrentProcess();
	if (handle)
		DuplicateHandle(own, handle, own, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS);
	return copy;
}

static HANDLE process_nul(void)
{
	SECURITY_ATTRIBUTES inherit = { .nLength = sizeof inherit, .bInheritHandle = TRUE };
	HANDLE nul = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
	                         FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0,
	                         NULL);
	return nul == INVALID_HANDLE_VALUE ? NULL : nul;
}

static bool process_add_word(wchar_t *line, const wchar_t *word)
{
	if (wcslen(line) + wcslen(word) + 4 > LONGEST)
		return false;
	if (*line)
		wcscat(line, L" ");
	wcscat(line, L"\"");
	wcscat(line, word);
	wcscat(line, L"\"");
	return true;
}

/* New string; NULL: out of memory, or too long. */
static wchar_t *process_line(const wchar_t *program, const char *const arguments[])
{
	wchar_t *line = calloc(LONGEST, sizeof *line);
	bool ok = line && process_add_word(line, program);
	for (size_t i = 0; ok && arguments[i]; i++) {
		wchar_t *word = win32_wide(arguments[i]);
		ok = word && process_add_word(line, word);
		free(word);
	}
	if (ok)
		return line;
	free(line);
	return NULL;
}

static bool process_prepare(struct process_setup *s, const wchar_t *program,
                            const char *const arguments[], const HANDLE handles[3])
{
	*s = (struct process_setup){ .start.StartupInfo = { .cb = sizeof s->start,
		                                            .dwFlags = STARTF_USESTDHANDLES } };
	for (int i = 0; i < 3; i++) {
		s->handles[i] = process_inheritable(handles[i]);
		if (!s->handles[i])
			s->handles[i] = process_nul();
	}
	s->start.StartupInfo.hStdInput = s->handles[0];
	s->start.StartupInfo.hStdOutput = s->handles[1];
	s->start.StartupInfo.hStdError = s->handles[2];
	s->line = process_line(program, arguments);
	SIZE_T size = 0;
	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(size);
	if (!s->line || !list || !InitializeProcThreadAttributeList(list, 1, 0, &size)) {
		free(list);
		return false;
	}
	s->start.lpAttributeList = list;
	return UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, s->handles,
	                                 sizeof s->handles, NULL, NULL);
}

static void process_clean(struct process_setup *s)
{
	if (s->start.lpAttributeList)
		DeleteProcThreadAttributeList(s->start.lpAttributeList);
	free(s->start.lpAttributeList);
	free(s->line);
	for (int i = 0; i < 3; i++)
		if (s->handles[i])
			CloseHandle(s->handles[i]);
}

int win32_process_start(struct win32_process *out, const wchar_t *program,
                        const char *const arguments[], wchar_t *environment,
                        const HANDLE handles[3])
{
	struct process_setup s;
	PROCESS_INFORMATION info;
	int err = ENOMEM;
	if (process_prepare(&s, program, arguments, handles)) {
		bool ok = CreateProcessW(program, s.line, NULL, NULL, TRUE,
		                         CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT |
		                                 CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT,
		                         environment, NULL, &s.start.StartupInfo, &info);
		err = ok ? 0 : win32_errno(GetLastError());
	}
	process_clean(&s);
	if (err)
		return err;
	*out = (struct win32_process){ .process = info.hProcess,
		                       .job = CreateJobObjectW(NULL, NULL),
		                       .pid = info.dwProcessId };
	if (out->job && !AssignProcessToJobObject(out->job, info.hProcess)) {
		CloseHandle(out->job);
		out->job = NULL;
	}
	ResumeThread(info.hThread);
	CloseHandle(info.hThread);
	return 0;
}

/* --- the end */

void win32_process_kill(const struct win32_process *process)
{
	if (!process->job || !TerminateJobObject(process->job, KILLED))
		TerminateProcess(process->process, KILLED);
}

int win32_process_wait(const struct win32_process *process)
{
	DWORD code = 255;
	WaitForSingleObject(process->process, INFINITE);
	GetExitCodeProcess(process->process, &code);
	if (code == (DWORD)STATUS_CONTROL_C_EXIT)
		return 130;
	return code > 255 ? 255 : (int)code;
}

void win32_process_release(struct win32_process *process)
{
	if (process->job)
		CloseHandle(process->job);
	if (process->process)
		CloseHandle(process->process);
	*process = (struct win32_process){ 0 };
}
