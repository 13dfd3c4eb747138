/* SPDX-License-Identifier: Apache-2.0 */
/* hsm.h on Windows: the wrapper is a program or a script for cmd, found in PATH. Ctrl-C reaches the wrapper as well, as it is
 * in the same console. */
#include "hsm.h"

#include "platform/plat_win32.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define OUTPUT_MAX 4096
#define LONGEST    32768 /* of a command line, in characters */

bool hsm_exists(const char *wrapper)
{
	wchar_t *path = win32_program_find(wrapper);
	bool exists = path;
	free(path);
	return exists;
}

/* Starts PROGRAM with OUTPUT as its standard output. FILE has no quotes in it: Windows does not allow them in names. */
static bool hsm_start(const wchar_t *program, const char *file, HANDLE output, HANDLE *process)
{
	wchar_t *line = malloc(LONGEST * sizeof *line), *wide = win32_wide(file);
	STARTUPINFOW start = { .cb = sizeof start,
		               .dwFlags = STARTF_USESTDHANDLES,
		               .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
		               .hStdOutput = output,
		               .hStdError = GetStdHandle(STD_ERROR_HANDLE) };
	PROCESS_INFORMATION info;
	bool ok = line && wide && wcslen(program) + wcslen(wide) + 32 < LONGEST;
	if (ok) {
		wcscpy(line, L"\"");
		wcscat(line, program);
		wcscat(line, L"\" -a rsa2048-sha256 \"");
		wcscat(line, wide);
		wcscat(line, L"\"");
		ok = CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &info);
	}
	free(line);
	free(wide);
	if (ok) {
		CloseHandle(info.hThread);
		*process = info.hProcess;
	}
	return ok;
}

/* Reads all of it; false: more than OUTPUT_MAX bytes. */
static bool hsm_collect(HANDLE from, char text[OUTPUT_MAX], size_t *size)
{
	DWORD actual = 0;
	*size = 0;
	while (*size < OUTPUT_MAX &&
	       ReadFile(from, text + *size, (DWORD)(OUTPUT_MAX - *size), &actual, NULL) &&
	       actual > 0)
		*size += actual;
	return *size < OUTPUT_MAX;
}

static int hsm_judge(HANDLE process, bool fits, const char *text, size_t size,
                     uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	DWORD status = 1;
	if (!fits) {
		TerminateProcess(process, 1);
		return reason_set(why, "HSM wrapper printed too much");
	}
	WaitForSingleObject(process, INFINITE);
	GetExitCodeProcess(process, &status);
	if (status != 0)
		return reason_set(why, "HSM wrapper failed with exit code %lu", status);
	return hsm_parse(text, size, signature, why);
}

int hsm_sign_file(const char *wrapper, const char *file, uint8_t signature[RAWKEY_SIGNATURE],
                  struct reason *why)
{
	SECURITY_ATTRIBUTES inherit = { .nLength = sizeof inherit, .bInheritHandle = TRUE };
	HANDLE from, to, process;
	char text[OUTPUT_MAX];
	size_t size;
	wchar_t *program = win32_program_find(wrapper);
	if (!program)
		return reason_set(why, "HSM wrapper \"%s\" cannot be run: %s", wrapper,
		                  strerror(ENOENT));
	if (!CreatePipe(&from, &to, &inherit, 0)) {
		free(program);
		return reason_set(why, "no pipe: %s", strerror(win32_errno(GetLastError())));
	}
	SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
	bool started = hsm_start(program, file, to, &process);
	int err = started ? 0 : win32_errno(GetLastError());
	free(program);
	CloseHandle(to);
	int result = 0;
	if (started) {
		bool fits = hsm_collect(from, text, &size);
		result = hsm_judge(process, fits, text, size, signature, why);
		CloseHandle(process);
	} else {
		result = reason_set(why, "HSM wrapper \"%s\" cannot be run: %s", wrapper,
		                    strerror(err));
	}
	CloseHandle(from);
	return result;
}

int hsm_sign_bytes(const char *wrapper, const uint8_t *bytes, size_t n,
                   uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	wchar_t directory[MAX_PATH + 1], name[MAX_PATH + 1];
	if (!GetTempPathW(MAX_PATH + 1, directory) || !GetTempFileNameW(directory, L"rpi", 0, name))
		return reason_set(why, "no temporary file: %s",
		                  strerror(win32_errno(GetLastError())));
	FILE *f = _wfopen(name, L"wb");
	bool written = f && fwrite(bytes, 1, n, f) == n;
	if (f && fclose(f) != 0)
		written = false;
	char *path = written ? win32_narrow(name) : NULL;
	int result = path ? hsm_sign_file(wrapper, path, signature, why)
	                  : reason_set(why, "no temporary file: %s", strerror(errno));
	free(path);
	_wremove(name);
	return result;
}
