/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void plat_list(const char *directory, bool (*fn)(void *ctx, const char *name), void *ctx)
{
	size_t n = strlen(directory) + sizeof "/x";
	char *inside = malloc(n);
	if (!inside)
		return;
	snprintf(inside, n, "%s/x", directory);
	wchar_t *pattern = win32_path(inside);
	free(inside);
	if (!pattern)
		return;
	pattern[wcslen(pattern) - 1] = '*'; /* win32_path takes no patterns */
	WIN32_FIND_DATAW entry;
	HANDLE search = FindFirstFileW(pattern, &entry);
	free(pattern);
	if (search == INVALID_HANDLE_VALUE)
		return;
	bool more = true;
	do {
		char *name = win32_narrow(entry.cFileName);
		if (name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			more = fn(ctx, name);
		free(name);
	} while (more && FindNextFileW(search, &entry));
	FindClose(search);
}

/* The rest is asked of device files and the kernel's log, which Windows does not have. */

bool plat_link(const char *path, char *out, size_t size)
{
	(void)path;
	(void)out;
	(void)size;
	return false;
}

bool plat_may_use(const char *path)
{
	(void)path;
	return true;
}

bool plat_group(const char *path, char *out, size_t size)
{
	(void)path;
	(void)out;
	(void)size;
	return false;
}

char *plat_log(const char *path, size_t limit)
{
	(void)path;
	(void)limit;
	return NULL;
}
