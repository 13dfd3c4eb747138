/* SPDX-License-Identifier: Apache-2.0 */
/* What the installer cannot do well itself: NSIS cuts strings at 1024 characters, and pnputil's output is translated.
 *
 *	setup-helper path add|remove DIRECTORY   adds it to the system's search path, or removes it
 *	setup-helper oem GUID                    prints the name (oemN.inf) of each installed INF that contains GUID
 *
 * Exit status: 0 done, 1 failed or nothing found, 2 wrong usage. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define INF_SIZE (1 << 20) /* the part of an INF that is searched, in bytes */

static const wchar_t environment[] =
	L"SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment";

static bool path_is(const wchar_t *item, size_t n, const wchar_t *directory)
{
	while (n > 0 && item[n - 1] == '\\') /* "C:\x\" and "C:\x" are the same */
		n--;
	return wcslen(directory) == n && _wcsnicmp(item, directory, n) == 0;
}

/* The value Path, with room for MORE bytes; to be freed. NULL: not readable. *TYPE keeps REG_EXPAND_SZ. */
static wchar_t *path_read(HKEY key, DWORD *type, size_t more)
{
	DWORD size = 0;
	*type = REG_EXPAND_SZ;
	LONG err = RegQueryValueExW(key, L"Path", NULL, type, NULL, &size);
	wchar_t *value = calloc(1, size + more + 2 * sizeof *value);
	if (value && err == 0)
		err = RegQueryValueExW(key, L"Path", NULL, type, (BYTE *)value, &size);
	if (err == 0 || err == ERROR_FILE_NOT_FOUND)
		return value;
	free(value);
	return NULL;
}

/* Writes the items of OLD without DIRECTORY to NEW. */
static void path_without(const wchar_t *old, const wchar_t *directory, wchar_t *new)
{
	for (const wchar_t *at = old; *at;) {
		size_t n = wcscspn(at, L";");
		if (n && !path_is(at, n, directory)) {
			if (*new)
				wcscat(new, L";");
			wcsncat(new, at, n);
		}
		at += n + (at[n] == ';');
	}
}

static bool path_edit(HKEY key, bool add, const wchar_t *directory)
{
	size_t more = (wcslen(directory) + 2) * sizeof *directory;
	DWORD type;
	wchar_t *old = path_read(key, &type, 0), *new = path_read(key, &type, more);
	bool ok = old && new;
	if (ok) {
		*new = 0;
		path_without(old, directory, new);
		if (add && *new)
			wcscat(new, L";");
		if (add)
			wcscat(new, directory);
		ok = RegSetValueExW(key, L"Path", 0, type, (const BYTE *)new,
		                    (DWORD)((wcslen(new) + 1) * sizeof *new)) == 0;
	}
	free(old);
	free(new);
	return ok;
}

static int path_command(bool add, wchar_t *directory)
{
	size_t n = wcslen(directory);
	while (n > 0 && directory[n - 1] == '\\')
		directory[--n] = 0;
	HKEY key;
	if (n == 0 || RegOpenKeyExW(HKEY_LOCAL_MACHINE, environment, 0,
	                            KEY_READ | KEY_WRITE | KEY_WOW64_64KEY, &key) != 0)
		return 1;
	bool ok = path_edit(key, add, directory);
	RegCloseKey(key);
	SendMessageTimeoutW(HWND_BROADCAST, WM_SETTINGCHANGE, 0, (LPARAM)L"Environment",
	                    SMTO_ABORTIFHUNG, 2000, NULL);
	return !ok;
}

/* Whether FILE contains GUID, in UTF-16 or in 8-bit text: zero bytes are skipped. */
static bool oem_contains(const wchar_t *file, const char *guid)
{
	char *text = malloc(INF_SIZE + 1);
	FILE *f = text ? _wfopen(file, L"rb") : NULL;
	size_t n = f ? fread(text, 1, INF_SIZE, f) : 0, at = 0;
	if (f)
		fclose(f);
	for (size_t i = 0; i < n; i++)
		if (text[i])
			text[at++] = text[i];
	if (text)
		text[at] = 0;
	bool found = at > 0 && strstr(text, guid);
	free(text);
	return found;
}

static int oem_command(const char *guid)
{
	wchar_t windows[MAX_PATH], pattern[MAX_PATH + 16], file[2 * MAX_PATH];
	WIN32_FIND_DATAW entry;
	if (GetWindowsDirectoryW(windows, MAX_PATH) == 0)
		return 1;
	swprintf(pattern, MAX_PATH + 16, L"%ls\\INF\\oem*.inf", windows);
	HANDLE search = FindFirstFileW(pattern, &entry);
	if (search == INVALID_HANDLE_VALUE)
		return 1;
	int status = 1;
	do {
		swprintf(file, 2 * MAX_PATH, L"%ls\\INF\\%ls", windows, entry.cFileName);
		if (oem_contains(file, guid)) {
			printf("%ls\n", entry.cFileName);
			status = 0;
		}
	} while (FindNextFileW(search, &entry));
	FindClose(search);
	return status;
}

int main(int argc, char **argv)
{
	int n = 0;
	wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
	if (wide && n == argc && argc == 4 && strcmp(argv[1], "path") == 0 &&
	    (strcmp(argv[2], "add") == 0 || strcmp(argv[2], "remove") == 0))
		return path_command(strcmp(argv[2], "add") == 0, wide[3]);
	if (argc == 3 && strcmp(argv[1], "oem") == 0)
		return oem_command(argv[2]);
	fputs("usage: setup-helper path add|remove DIRECTORY\n       setup-helper oem GUID\n",
	      stderr);
	return 2;
}
