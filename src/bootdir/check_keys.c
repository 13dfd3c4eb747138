/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys in the boot directory. Boards ask for any name they like, and copies of directories are passed on. */
#include "bootdir/check_ctx.h"

#include "base/str.h"
#include "platform/plat.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH   4    /* levels of directories that are searched */
#define MAX_ENTRIES 2000 /* files and directories: a boot directory has some dozens */

static const struct rule private_key = { .code = "private-key",
	                                 .severity = FINDING_ERROR,
	                                 .err = ERR_UNFIT };

struct check_keys_search {
	struct check_ctx *c;
	const char *directory;
	unsigned depth, *entries;
};

static void check_keys_search_directory(struct check_ctx *c, const char *directory, unsigned depth,
                                        unsigned *entries);

static void check_keys_add(struct check_ctx *c, const char *path)
{
	char *word = str_shell(path), *name = word ? check_literal(word) : NULL;
	char *advice = name ? str_new("Keep keys elsewhere: mkdir -p ~/keys && mv %s ~/keys/", name)
	                    : NULL;
	if (advice)
		check_add_advice(
			c, &private_key, OK, check_relative(c, path), 0, advice,
			"a private key: anyone who has it can sign for your boards, and the "
			"directory is served to them");
	else
		c->findings->out_of_memory = true;
	free(word);
	free(name);
	free(advice);
}

/* Whether the regular file PATH holds one. */
static bool check_keys_is_key(const char *path)
{
	struct bootfile file = { .owns_fd = true };
	uint64_t size;
	if (plat_open(path, &file.fd, &size) != PLAT_FILE_OK)
		return false;
	file.size = size > UINT32_MAX ? 0 : (uint32_t)size;
	bool is_key = bootfile_is_private_key(&file);
	bootfile_close(&file);
	return is_key;
}

static bool check_keys_entry(void *ctx, const char *name)
{
	const struct check_keys_search *s = ctx;
	char *path = str_new("%s/%s", s->directory, name);
	if (!path) {
		s->c->findings->out_of_memory = true;
		return false;
	}
	if (plat_is_directory(path))
		check_keys_search_directory(s->c, path, s->depth + 1, s->entries);
	else if (check_keys_is_key(path))
		check_keys_add(s->c, path);
	free(path);
	return ++*s->entries < MAX_ENTRIES;
}

static void check_keys_search_directory(struct check_ctx *c, const char *directory, unsigned depth,
                                        unsigned *entries)
{
	struct check_keys_search search = { c, directory, depth, entries };
	if (depth < MAX_DEPTH)
		plat_list(directory, check_keys_entry, &search);
}

void check_private_keys(struct check_ctx *c)
{
	unsigned entries = 0;
	if (c->files->directory)
		check_keys_search_directory(c, c->files->directory, 0, &entries);
}
