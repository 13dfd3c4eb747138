/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/check_ctx.h"

#include "base/str.h"
#include "formats/hex.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *check_literal(const char *text)
{
	struct str_buffer literal = { 0 };
	str_add(&literal, "", 0);
	for (; *text; text++) {
		if (*text == '@')
			str_add(&literal, "@", 1);
		str_add(&literal, text, 1);
	}
	if (!literal.failed)
		return literal.bytes;
	free(literal.bytes);
	return NULL;
}

/* ADVICE with the boot directory, as a shell takes it, for "@", to be freed; NULL: out of memory. */
static char *check_expand(const struct check_ctx *c, const char *advice)
{
	struct str_buffer text = { 0 };
	char *directory = str_shell(c->files->directory ? c->files->directory : ".");
	text.failed = !directory;
	str_addf(&text, "%s", ""); /* an empty advice is a text, too */
	while (!text.failed && *advice) {
		size_t n = strcspn(advice, "@");
		bool literal = advice[n] == '@' && advice[n + 1] == '@';
		str_add(&text, advice, n + literal);
		if (advice[n] == '@' && !literal)
			str_addf(&text, "%s", directory);
		advice += n + (advice[n] == '@') + literal;
	}
	free(directory);
	if (!text.failed)
		return text.bytes;
	free(text.bytes);
	return NULL;
}

static void check_add_text(struct check_ctx *c, const struct rule *rule, enum err err,
                           const char *file, unsigned line, const char *advice, const char *text)
{
	struct check_finding like = {
		.severity = rule->severity,
		.chips = findings_bit(c->chip),
		.err = err ? err : rule->err,
		.in_runs = rule->in_runs,
		.code = rule->code,
		.line = line,
	};
	char *expanded = advice ? check_expand(c, advice) : NULL;
	if (advice && !expanded)
		c->findings->out_of_memory = true;
	else
		findings_add(c->findings, &like, file, text, expanded);
	free(expanded);
}

void check_add(struct check_ctx *c, const struct rule *rule, const char *file, unsigned line,
               const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	check_add_text(c, rule, OK, file, line, rule->advice, text);
}

void check_add_advice(struct check_ctx *c, const struct rule *rule, enum err err, const char *file,
                      unsigned line, const char *advice, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	check_add_text(c, rule, err, file, line, advice, text);
}

const char *check_relative(const struct check_ctx *c, const char *path)
{
	size_t n = c->files->directory ? strlen(c->files->directory) : 0;
	if (n == 0 || strncmp(path, c->files->directory, n) != 0 || path[n] != '/')
		return path;
	return path + n + strspn(path + n, "/");
}

const char *check_directory_name(const struct bootfiles *files)
{
	const char *slash = files->directory ? strrchr(files->directory, '/') : NULL;
	return slash ? slash + 1 : files->directory ? files->directory : "";
}

void check_item_close(struct check_item *item)
{
	bootfile_close(&item->file);
	free(item->label);
	item->label = NULL;
}

bool check_item_take(struct check_ctx *c, const char *name, const struct bootfile *file,
                     struct check_item *item)
{
	const char *where = check_relative(c, file->where);
	item->file = *file;
	item->label = file->source == SOURCE_ARCHIVE
	                      ? str_new("%s:%s/%s", where, c->chip->directory, name)
	                      : str_new("%s", where);
	if (item->label)
		return true;
	c->findings->out_of_memory = true;
	check_item_close(item);
	return false;
}

static const struct rule not_regular = { .code = "not-a-file",
	                                 .severity = FINDING_WARNING,
	                                 .advice = "Remove it" };
static const struct rule unusable = { .code = "unusable-file", .severity = FINDING_ERROR };

bool check_item_open(struct check_ctx *c, const char *name, bool needed, struct check_item *item)
{
	struct bootfile file;
	enum lookup_result result = c->files->directory ? bootfiles_find_own(c->files, name, &file)
	                                                : bootfiles_find(c->files, name, &file);
	if (result == BOOTFILE_DENIED)
		return false;
	if (file.skipped)
		check_add(c, &not_regular, check_relative(c, file.skipped), 0,
		          "ignored: not a regular file");
	if (result == BOOTFILE_ABSENT || !check_item_take(c, name, &file, item)) {
		bootfile_close(&file);
		return false;
	}
	if (result == BOOTFILE_FOUND)
		return true;
	check_add_advice(c, &unusable, needed ? item->file.err : OK, item->label, 0,
	                 item->file.err == ERR_FILE_READ ? "Check its permissions: ls -l @" : NULL,
	                 "%s", err_text(item->file.err));
	check_item_close(item);
	return false;
}

bool check_has(const struct check_ctx *c, const char *name)
{
	struct bootfile file;
	enum lookup_result result = bootfiles_find_own(c->files, name, &file);
	bool there = result == BOOTFILE_FAILED || (result == BOOTFILE_FOUND && file.size > 0);
	if (result != BOOTFILE_DENIED)
		bootfile_close(&file);
	return there;
}

char *check_item_read(struct check_ctx *c, const struct check_item *item, size_t max, size_t *n)
{
	*n = item->file.size < max ? item->file.size : max;
	char *bytes = malloc(*n + 1);
	if (!bytes) {
		c->findings->out_of_memory = true;
		return NULL;
	}
	enum err err = bootfile_read(&item->file, 0, bytes, *n);
	bytes[*n] = 0;
	if (!err)
		return bytes;
	check_add_advice(c, &unusable, err, item->label, 0, NULL, "%s", err_text(err));
	free(bytes);
	return NULL;
}

static enum err check_hash_item(const struct check_item *item, uint8_t hash[SHA256_SIZE])
{
	enum { CHUNK = 64 * 1024 };
	struct sha256 sha256;
	uint8_t *chunk = malloc(CHUNK);
	enum err err = chunk ? OK : ERR_MEMORY;
	sha256_init(&sha256);
	for (uint32_t at = 0; !err && at < item->file.size; at += CHUNK) {
		uint32_t n = item->file.size - at < CHUNK ? item->file.size - at : CHUNK;
		err = bootfile_read(&item->file, at, chunk, n);
		if (!err)
			sha256_add(&sha256, chunk, n);
	}
	sha256_end(&sha256, hash);
	free(chunk);
	return err;
}

bool check_item_hash(struct check_ctx *c, const struct check_item *item, uint8_t hash[SHA256_SIZE])
{
	/* members of an archive share its path */
	struct check_cache *cache = item->file.offset == 0 ? c->cache : NULL;
	if (cache && cache->hashed && strcmp(cache->hashed, item->file.where) == 0) {
		memcpy(hash, cache->hash, SHA256_SIZE);
		return true;
	}
	enum err err = check_hash_item(item, hash);
	if (err) {
		check_add(c, &unusable, item->label, 0, "%s", err_text(err));
		return false;
	}
	if (cache) {
		free(cache->hashed);
		cache->hashed = str_new("%s", item->file.where);
		memcpy(cache->hash, hash, SHA256_SIZE);
	}
	return true;
}

int64_t check_item_reader(void *ctx, uint64_t offset, void *to, size_t n)
{
	struct check_item *item = ctx;
	if (offset >= item->file.size)
		return 0;
	size_t rest = item->file.size - (size_t)offset;
	n = n < rest ? n : rest;
	return bootfile_read(&item->file, offset, to, n) == OK ? (int64_t)n : -1;
}

const char *check_hash_text(const uint8_t hash[SHA256_SIZE], char to[CHECK_HASH_TEXT])
{
	hex_encode(hash, SHA256_SIZE, to);
	return to;
}

bool check_same_key(const struct check_key *key, const struct check_key *other)
{
	return key->known && other->known && memcmp(key->hash, other->hash, RAWKEY_HASH) == 0;
}

bool check_contains(const char *bytes, size_t n, const char *text)
{
	size_t length = strlen(text);
	for (const char *p = bytes; (p = memchr(p, *text, n - (size_t)(p - bytes))); p++) {
		if (n - (size_t)(p - bytes) < length)
			return false;
		if (memcmp(p, text, length) == 0)
			return true;
	}
	return false;
}
