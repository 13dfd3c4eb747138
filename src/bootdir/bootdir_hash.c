/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/bootdir_hash.h"

#include "base/str.h"
#include "formats/sha256.h"
#include "platform/plat.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 10000
#define DEPTH_MAX 16 /* links can make a circle */
#define CHUNK     65536

struct hash_walk {
	const char *root;
	char **names; /* "./config.txt", owned */
	size_t count, room;
	const char *below; /* the directory that is being listed: "." or "./overlays" */
	unsigned depth;
	bool failed;
};

static bool hash_add_name(struct hash_walk *w, char *name)
{
	if (w->count == w->room && w->room < FILES_MAX) {
		size_t room = w->room ? 2 * w->room : 64;
		char **names = realloc(w->names, room * sizeof *names);
		if (names) {
			w->names = names;
			w->room = room;
		}
	}
	if (w->count == w->room)
		return false;
	w->names[w->count++] = name;
	return true;
}

static bool hash_visit(void *ctx, const char *entry)
{
	struct hash_walk *w = ctx;
	char *name = str_new("%s/%s", w->below, entry);
	char *path = name ? str_new("%s/%s", w->root, name) : NULL;
	if (path && plat_is_directory(path)) {
		struct hash_walk inner = *w;
		inner.below = name;
		inner.depth++;
		inner.failed = inner.depth > DEPTH_MAX;
		if (!inner.failed)
			plat_list(path, hash_visit, &inner);
		w->names = inner.names;
		w->count = inner.count;
		w->room = inner.room;
		w->failed = inner.failed;
	} else if (path && hash_add_name(w, name)) {
		name = NULL;
	} else {
		w->failed = true;
	}
	free(name);
	free(path);
	return !w->failed;
}

static void hash_print(const uint8_t digest[SHA256_SIZE], char hex[BOOTDIR_HASH_SIZE])
{
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* False: could not be read. A pipe or device is no file: HEX is "". */
static bool hash_file(const char *path, char hex[BOOTDIR_HASH_SIZE])
{
	static const size_t chunk = CHUNK;
	struct sha256 hash;
	uint8_t digest[SHA256_SIZE];
	uint64_t size, at = 0;
	int64_t n = 1;
	int fd;
	*hex = 0;
	enum plat_file found = plat_open(path, &fd, &size);
	if (found != PLAT_FILE_OK)
		return found == PLAT_FILE_NOT_REGULAR;
	uint8_t *bytes = malloc(chunk);
	sha256_init(&hash);
	while (bytes && (n = plat_read_at(fd, at, bytes, chunk)) > 0) {
		sha256_add(&hash, bytes, (size_t)n);
		at += (uint64_t)n;
	}
	bool ok = bytes && n == 0;
	free(bytes);
	plat_close(fd);
	sha256_end(&hash, digest);
	if (ok)
		hash_print(digest, hex);
	return ok;
}

static int hash_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool bootdir_hash(const char *directory, char out[BOOTDIR_HASH_SIZE])
{
	struct hash_walk w = { .root = directory, .below = "." };
	struct sha256 all;
	uint8_t digest[SHA256_SIZE];
	*out = 0;
	plat_list(directory, hash_visit, &w);
	if (w.count > 0)
		qsort(w.names, w.count, sizeof *w.names, hash_compare_names);
	sha256_init(&all);
	for (size_t i = 0; i < w.count; i++) {
		char hex[BOOTDIR_HASH_SIZE];
		char *path = str_new("%s/%s", directory, w.names[i]);
		w.failed = w.failed || !path || !hash_file(path, hex);
		if (!w.failed && *hex) {
			sha256_add(&all, hex, strlen(hex));
			sha256_add(&all, "  ", 2);
			sha256_add(&all, w.names[i], strlen(w.names[i]));
			sha256_add(&all, "\n", 1);
		}
		free(path);
		free(w.names[i]);
	}
	free(w.names);
	sha256_end(&all, digest);
	if (!w.failed)
		hash_print(digest, out);
	return !w.failed;
}
