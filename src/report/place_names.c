/* SPDX-License-Identifier: Apache-2.0 */
#include "report/place_names.h"

#include "base/str.h"
#include "platform/plat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 1000000 /* bytes */

struct place_name {
	const char *path, *name; /* in the text */
};

struct place_names {
	char *text;
	struct place_name *rows;
	size_t count;
};

/* The whole file with a NUL behind it, to be freed; NULL: errno says why. */
static char *place_names_load(const char *file)
{
	int fd;
	uint64_t size;
	enum plat_file found = plat_open(file, &fd, &size);
	if (found != PLAT_FILE_OK) {
		if (found != PLAT_FILE_ERROR)
			errno = found == PLAT_FILE_ABSENT ? ENOENT : EINVAL;
		return NULL;
	}
	char *text = size > FILE_MAX ? NULL : malloc((size_t)size + 1);
	int64_t n = text ? plat_read_at(fd, 0, text, (size_t)size) : -1;
	int why = size > FILE_MAX ? EFBIG : errno;
	plat_close(fd);
	if (n < 0) {
		free(text);
		errno = why;
		return NULL;
	}
	text[n] = 0;
	return text;
}

/* Splits LINE in place. False: no path, or no name. */
static bool place_names_take(struct place_names *names, char *line)
{
	size_t path = strcspn(line, " \t");
	char *name = line + path + strspn(line + path, " \t");
	size_t end = strlen(name);
	while (end > 0 && strchr(" \t\r", name[end - 1]))
		end--;
	if (!str_is_usb_path(line, path) || end == 0)
		return false;
	name[end] = 0;
	line[path] = 0;
	if (place_names_find(names, line))
		return false;
	names->rows[names->count++] = (struct place_name){ line, name };
	return true;
}

struct place_names *place_names_read(const char *file, char *error, size_t size)
{
	struct place_names *names = calloc(1, sizeof *names);
	if (names)
		names->text = place_names_load(file);
	if (!names || !names->text) {
		snprintf(error, size, "%s: %s", file, strerror(errno));
		goto fail;
	}
	size_t lines = 1;
	for (const char *c = names->text; *c; c++)
		lines += *c == '\n';
	names->rows = calloc(lines, sizeof *names->rows);
	if (!names->rows) {
		snprintf(error, size, "%s: %s", file, strerror(errno));
		goto fail;
	}
	char *next = names->text;
	for (size_t number = 1; next; number++) {
		char *line = next + strspn(next, " \t");
		next = strchr(next, '\n');
		if (next)
			*next++ = 0;
		line[strcspn(line, "\r")] = 0;
		if (*line && *line != '#' && !place_names_take(names, line)) {
			snprintf(error, size, "%s:%zu: expected a new USB path and its name", file,
			         number);
			goto fail;
		}
	}
	return names;
fail:
	place_names_free(names);
	return NULL;
}

const char *place_names_find(const struct place_names *names, const char *path)
{
	for (size_t i = 0; names && i < names->count; i++)
		if (strcmp(names->rows[i].path, path) == 0)
			return names->rows[i].name;
	return NULL;
}

void place_names_free(struct place_names *names)
{
	if (!names)
		return;
	free(names->rows);
	free(names->text);
	free(names);
}
