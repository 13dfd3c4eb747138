/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/tar.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLOCK       512
#define MAX_MEMBERS 4096

/* A number field: octal digits, blanks around them, within its N bytes. False when it is none. */
static bool tar_octal(const uint8_t *field, size_t n, uint64_t *out)
{
	size_t i = 0;
	*out = 0;
	while (i < n && field[i] == ' ')
		i++;
	size_t first = i;
	for (; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		*out = *out << 3 | (uint64_t)(field[i] - '0');
	if (i == first)
		return false;
	for (; i < n; i++)
		if (field[i] != ' ' && field[i] != 0)
			return false;
	return true;
}

static bool tar_is_zero(const uint8_t *block)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (block[i])
			return false;
	return true;
}

/* The sum of all bytes with the sum's own field taken as blanks. */
static bool tar_checksum_holds(const uint8_t *block)
{
	uint64_t want, sum = 0;
	if (!tar_octal(block + 148, 8, &want))
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	return sum == want;
}

static enum err tar_bad(struct tar *tar, uint64_t offset, const char *what)
{
	tar_close(tar);
	tar->bad_offset = offset;
	tar->bad = what;
	return ERR_ARCHIVE;
}

static enum err tar_append(struct tar *tar, const uint8_t *block, uint64_t offset, uint64_t size)
{
	if (tar->count % 64 == 0) {
		struct tar_member *more = realloc(tar->members, (tar->count + 64) * sizeof *more);
		if (!more) {
			tar_close(tar);
			return ERR_MEMORY;
		}
		tar->members = more;
	}
	struct tar_member *m = &tar->members[tar->count++];
	size_t skip = memcmp(block, "./", 2) == 0 ? 2 : 0;
	memset(m->name, 0, sizeof m->name);
	memcpy(m->name, block + skip, TAR_NAME - skip);
	m->offset = offset;
	m->size = size;
	return OK;
}

enum err tar_open(struct tar *tar, reader_fn read, void *ctx, uint64_t size)
{
	*tar = (struct tar){ 0 };
	uint64_t at = 0;
	bool after_zero = false;
	while (at < size) {
		uint8_t block[BLOCK];
		int64_t got = read(ctx, at, block, BLOCK);
		if (got < 0) {
			tar_close(tar);
			return ERR_FILE_READ;
		}
		if (got < BLOCK)
			return tar_bad(tar, at, "ends inside a header");
		bool zero = tar_is_zero(block);
		if (zero && after_zero)
			break;
		after_zero = zero;
		if (zero) {
			at += BLOCK;
			continue;
		}

		uint64_t length;
		if (!tar_checksum_holds(block))
			return tar_bad(tar, at, "not a tar header");
		if (!tar_octal(block + 124, 12, &length))
			return tar_bad(tar, at, "a size that is not a number");
		if (length > size - at - BLOCK)
			return tar_bad(tar, at, "a member runs past the end");
		if (tar->count >= MAX_MEMBERS)
			return tar_bad(tar, at, "too many members");
		uint8_t type = block[156];
		if (type == '0' || type == 0) {
			enum err err = tar_append(tar, block, at + BLOCK, length);
			if (err)
				return err;
		}
		at += BLOCK + (length + BLOCK - 1) / BLOCK * BLOCK;
	}
	if (tar->count == 0)
		return tar_bad(tar, 0, "no files in it");
	return OK;
}

void tar_close(struct tar *tar)
{
	free(tar->members);
	*tar = (struct tar){ 0 };
}

const struct tar_member *tar_find(const struct tar *tar, const char *directory, const char *name)
{
	size_t n = strlen(directory);
	for (size_t i = 0; i < tar->count; i++) {
		const char *m = tar->members[i].name;
		if (strncasecmp(m, directory, n) == 0 && m[n] == '/' &&
		    strcasecmp(m + n + 1, name) == 0)
			return &tar->members[i];
	}
	return NULL;
}
