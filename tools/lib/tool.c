/* SPDX-License-Identifier: Apache-2.0 */
#include "tool.h"

#include "base/str.h"
#include "platform/atomic_file.h"
#include "platform/plat.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --- messages */

/* One line, whatever names of files are in it. */
__attribute__((format(printf, 2, 0))) static void tool_print(const char *before, const char *format,
                                                             va_list args, const char *after)
{
	char text[2048], safe[4 * sizeof text];
	vsnprintf(text, sizeof text, format, args);
	fprintf(stderr, "%s: %s%s\n", before, str_escape(safe, sizeof safe, text), after);
}

int tool_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tool_print("ERROR", format, args, "");
	va_end(args);
	return TOOL_ERROR;
}

void tool_warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tool_print("WARNING", format, args, "");
	va_end(args);
}

int tool_usage(const char *program, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tool_print(program, format, args, " (try --help)");
	va_end(args);
	return TOOL_USAGE;
}

/* --- reading */

FILE *tool_open(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (file)
		setvbuf(file, NULL, _IONBF, 0);
	return file;
}

/* Reads to the end of FILE into a buffer that begins with room for ROOM bytes. */
static int tool_read_growing(FILE *file, size_t room, size_t limit, struct bytes *out)
{
	*out = (struct bytes){ 0 };
	for (;; room *= 2) {
		uint8_t *grown = malloc(room + 1); /* not realloc: it could leave a key behind */
		int err = grown ? 0 : ENOMEM;
		if (!err && out->size)
			memcpy(grown, out->data, out->size);
		size_t size = out->size;
		tool_bytes_free(out);
		*out = (struct bytes){ .data = grown, .size = size };
		errno = 0;
		if (!err)
			out->size += fread(grown + size, 1, room - size, file);
		if (!err && ferror(file))
			err = errno ? errno : EIO;
		if (!err && out->size > limit)
			err = EFBIG;
		if (err) {
			tool_bytes_free(out);
			return err;
		}
		out->data[out->size] = 0;
		if (out->size < room)
			return 0;
	}
}

int tool_read_stream(FILE *file, size_t limit, struct bytes *out)
{
	return tool_read_growing(file, 4096, limit, out);
}

int tool_read_file(const char *path, size_t limit, struct bytes *out)
{
	struct stat st;
	size_t room = 4096;
	*out = (struct bytes){ 0 };
	FILE *file = tool_open(path);
	if (!file)
		return errno;
	int err = fstat(fileno(file), &st) == 0 ? 0 : errno;
	if (!err && S_ISDIR(st.st_mode))
		err = EISDIR;
	if (!err && S_ISREG(st.st_mode)) {
		if ((uintmax_t)st.st_size > limit)
			err = EFBIG;
		else
			room = (size_t)st.st_size + 1; /* one more, to see the end */
	}
	if (!err)
		err = tool_read_growing(file, room, limit, out);
	fclose(file);
	return err;
}

bool tool_is_regular(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool tool_same_existing(const char *a, const char *b)
{
	struct stat sa, sb;
	/* a system without such numbers says 0 */
	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino && sa.st_ino != 0;
}

/* Whether A and B are one name in one directory. */
static bool tool_same_place(const char *a, const char *b)
{
	const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
	if (strcmp(name_a ? name_a + 1 : a, name_b ? name_b + 1 : b) != 0)
		return false;
	/* with its slash, "/" stays "/" */
	char *in_a = name_a ? str_new("%.*s", (int)(name_a + 1 - a), a) : str_new(".");
	char *in_b = name_b ? str_new("%.*s", (int)(name_b + 1 - b), b) : str_new(".");
	bool same = in_a && in_b && tool_same_existing(in_a, in_b);
	free(in_a);
	free(in_b);
	return same;
}

bool tool_same_file(const char *a, const char *b)
{
	return strcmp(a, b) == 0 || tool_same_existing(a, b) || tool_same_place(a, b);
}

int tool_keep_inputs(const char *output, const char *const inputs[], size_t count)
{
	for (size_t i = 0; output && i < count; i++)
		if (inputs[i] && tool_is_regular(inputs[i]) && tool_same_file(inputs[i], output))
			return tool_error("the output would replace the input %s", inputs[i]);
	return TOOL_OK;
}

bool tool_has_terminal(void)
{
	FILE *terminal = fopen("/dev/tty", "r+");
	if (terminal)
		fclose(terminal);
	return terminal != NULL;
}

/* --- writing */

/* The file that PATH leads to through symbolic links, existing or not; to be freed. NULL: errno. */
static char *tool_follow_links(const char *path)
{
	char target[4096], *at = strdup(path);
	for (int i = 0; at && plat_link(at, target, sizeof target); i++) {
		const char *slash = strrchr(at, '/');
		int directory = *target == '/' || !slash ? 0 : (int)(slash + 1 - at);
		char *next = str_new("%.*s%s", directory, at, target);
		free(at);
		at = next;
		if (i == 40) {
			free(at);
			errno = ELOOP;
			return NULL;
		}
	}
	return at;
}

static int tool_write_direct(FILE *to, const void *bytes, size_t n)
{
	errno = 0;
	if (fwrite(bytes, 1, n, to) != n || fflush(to) != 0)
		return errno ? errno : EIO;
	return 0;
}

/* Devices and pipes: what is there and not a regular file. */
static bool tool_is_special(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static int tool_write_path(const char *path, const void *bytes, size_t n)
{
	int err = 0;
	if (tool_is_special(path)) {
		FILE *to = fopen(path, "wb");
		err = to ? tool_write_direct(to, bytes, n) : errno;
		if (to && fclose(to) != 0 && !err)
			err = errno;
		return err;
	}
	char *target = tool_follow_links(path);
	if (!target)
		return errno;
	plat_hold_signals(); /* the temporary file must not stay behind */
	err = atomic_file_write(target, bytes, n, 0666);
	plat_release_signals();
	free(target);
	return err;
}

int tool_write(const char *path, const void *bytes, size_t n)
{
	int err = path ? tool_write_path(path, bytes, n) : tool_write_direct(stdout, bytes, n);
	if (err)
		return tool_error("cannot write %s: %s", path ? path : "to standard output",
		                  strerror(err));
	return TOOL_OK;
}

bool tool_remove(const char *path)
{
	struct stat st;
	plat_remove(path);
	return stat(path, &st) != 0;
}

int tool_finish(int status)
{
	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != TOOL_OK)
		return status;
	return tool_error("cannot write to standard output: %s", strerror(errno ? errno : EIO));
}

void tool_bytes_free(struct bytes *b)
{
	if (b->data)
		OPENSSL_cleanse(b->data, b->size);
	free(b->data);
	*b = (struct bytes){ 0 };
}
