/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <errno.h>
#include <shellapi.h>
#include <stdlib.h>
#include <string.h>

#define ADD     "/add-driver \"%s\" /install"
#define PACKAGE "driver\\rpiboot.inf"

/* The whole name of the package beside the program, with backslashes: pnputil takes no others. */
static char *driver_package(const char *directory)
{
	size_t n = strlen(directory) + sizeof "\\" PACKAGE;
	char *package = malloc(n);
	if (!package)
		return NULL;
	snprintf(package, n, "%s\\%s", directory, PACKAGE);
	for (char *c = package; *c; c++)
		if (*c == '/')
			*c = '\\';
	return package;
}

/* The arguments of pnputil. NULL: out of memory. */
static char *driver_arguments(const char *directory)
{
	char *package = driver_package(directory);
	size_t n = package ? strlen(package) + sizeof ADD : 0;
	char *arguments = package ? malloc(n) : NULL;
	if (arguments)
		snprintf(arguments, n, ADD, package);
	free(package);
	return arguments;
}

char *plat_driver_command(const char *directory)
{
	char *arguments = driver_arguments(directory);
	size_t n = arguments ? strlen(arguments) + sizeof "pnputil " : 0;
	char *command = arguments ? malloc(n) : NULL;
	if (command)
		snprintf(command, n, "pnputil %s", arguments);
	free(arguments);
	return command;
}

/* The verb "runas" makes Windows ask for the rights of an administrator. */
static bool driver_start(const wchar_t *program, const wchar_t *arguments, int *status)
{
	SHELLEXECUTEINFOW info = { .cbSize = sizeof info,
		                   .fMask = SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC |
		                            SEE_MASK_FLAG_NO_UI,
		                   .lpVerb = L"runas",
		                   .lpFile = program,
		                   .lpParameters = arguments,
		                   .nShow = SW_HIDE };
	DWORD result = 0;
	if (!ShellExecuteExW(&info)) {
		errno = GetLastError() == ERROR_CANCELLED ? ECANCELED : win32_errno(GetLastError());
		return false;
	}
	bool ok = info.hProcess && WaitForSingleObject(info.hProcess, INFINITE) == WAIT_OBJECT_0 &&
	          GetExitCodeProcess(info.hProcess, &result);
	errno = EIO;
	if (info.hProcess)
		CloseHandle(info.hProcess);
	*status = (int)result;
	return ok;
}

bool plat_driver_install(const char *directory, int *status)
{
	wchar_t program[MAX_PATH + 16];
	UINT n = GetSystemDirectoryW(program, MAX_PATH);
	char *arguments = driver_arguments(directory);
	wchar_t *wide = arguments ? win32_wide(arguments) : NULL;
	errno = n > 0 && n < MAX_PATH ? ENOMEM : EIO;
	bool ok = false;
	if (n > 0 && n < MAX_PATH && wide) {
		wcscpy(program + n, L"\\pnputil.exe");
		ok = driver_start(program, wide, status);
	}
	free(wide);
	free(arguments);
	return ok;
}
