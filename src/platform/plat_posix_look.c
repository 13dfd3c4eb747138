/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_READS 200000 /* a log that grows faster than it is read must end, too */

void plat_list(const char *directory, bool (*fn)(void *ctx, const char *name), void *ctx)
{
	DIR *dir = opendir(directory);
	if (!dir)
		return;
	bool more = true;
	for (const struct dirent *e; more && (e = readdir(dir));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			more = fn(ctx, e->d_name);
	closedir(dir);
}

bool plat_link(const char *path, char *out, size_t size)
{
	ssize_t n = readlink(path, out, size);
	if (n < 0 || (size_t)n >= size)
		return false;
	out[n] = 0;
	return true;
}

bool plat_exists(const char *path)
{
	return access(path, F_OK) == 0 || errno != ENOENT;
}

bool plat_may_use(const char *path)
{
	return access(path, R_OK | W_OK) == 0;
}

bool plat_group(const char *path, char *out, size_t size)
{
	struct stat st;
	if (stat(path, &st) != 0 || st.st_gid == 0 ||
	    (st.st_mode & (S_IRGRP | S_IWGRP)) != (S_IRGRP | S_IWGRP))
		return false;
	char buffer[4096];
	struct group entry, *found = NULL;
	if (getgrgid_r(st.st_gid, &entry, buffer, sizeof buffer, &found) != 0 || !found ||
	    strlen(found->gr_name) >= size)
		return false;
	memcpy(out, found->gr_name, strlen(found->gr_name) + 1);
	return true;
}

char *plat_log(const char *path, size_t limit)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return NULL;
	char *text = malloc(2 * limit + 1);
	size_t n = 0;
	for (unsigned reads = 0; text && reads < LOG_READS; reads++) {
		if (n > limit + limit / 2) { /* the older half goes */
			memmove(text, text + n - limit, limit);
			n = limit;
		}
		ssize_t got = read(fd, text + n, 2 * limit - n);
		if (got > 0)
			n += (size_t)got;
		else if (got == 0 || (errno != EPIPE && errno != EINTR)) /* EPIPE: records lost */
			break;
	}
	close(fd);
	if (text)
		text[n] = 0;
	return text;
}

/* libusb has its own hotplug events where these files are used. */
bool plat_on_device_change(void (*fn)(void *ctx), void *ctx)
{
	(void)fn;
	(void)ctx;
	return false;
}
