/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as bootfiles.bin: members lie inside, names end, each can be found; a reader that fails or falls short leaves
 * nothing behind. The first byte says how reading goes and whether headers get right sums. */
#include "formats/tar.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BLOCK 512

struct archive {
	uint8_t *bytes;
	uint64_t size;
	unsigned reads_left; /* before reading fails */
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int64_t read_bytes(void *ctx, uint64_t offset, void *to, size_t n)
{
	struct archive *a = ctx;
	if (a->reads_left-- == 0)
		return -1;
	if (offset >= a->size)
		return 0;
	if (n > a->size - offset)
		n = (size_t)(a->size - offset);
	memcpy(to, a->bytes + offset, n);
	return (int64_t)n;
}

/* Every block as if it were a header: members' contents do not matter here. */
static void make_sums_right(struct archive *a)
{
	for (uint64_t at = 0; at + BLOCK <= a->size; at += BLOCK) {
		uint8_t *block = a->bytes + at;
		unsigned sum = 8 * ' ';
		bool zero = true;
		for (unsigned i = 0; i < BLOCK; i++) {
			sum += i >= 148 && i < 156 ? 0 : block[i];
			zero = zero && !block[i];
		}
		char text[9];
		snprintf(text, sizeof text, "%06o", sum);
		if (!zero)
			memcpy(block + 148, text, 7);
	}
}

static void check_members(const struct tar *tar, uint64_t size)
{
	require(tar->count > 0);
	for (size_t i = 0; i < tar->count; i++) {
		const struct tar_member *m = &tar->members[i];
		char directory[TAR_NAME + 1];
		require(memchr(m->name, 0, sizeof m->name));
		require(m->offset <= size && m->size <= size - m->offset);
		memcpy(directory, m->name, sizeof directory);
		char *slash = strchr(directory, '/');
		if (!slash)
			continue;
		*slash = 0;
		const struct tar_member *found = tar_find(tar, directory, slash + 1);
		require(found && found <= m);
	}
	(void)tar_find(tar, "", "");
	require(!tar_find(tar, "no such directory", "no such file"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct archive a = { .bytes = malloc(size), .size = size - 1, .reads_left = UINT32_MAX };
	struct tar tar;
	if (!a.bytes)
		return 0;
	memcpy(a.bytes, data + 1, size - 1);
	if (data[0] & 1)
		make_sums_right(&a);
	if (data[0] & 2)
		a.reads_left = data[0] >> 2;
	uint64_t said = a.size + (data[0] & 4 ? 700u : 0u); /* it shrank after its size was taken */
	switch (tar_open(&tar, read_bytes, &a, said)) {
	case OK:
		check_members(&tar, said);
		break;
	case ERR_ARCHIVE:
		require(tar.bad && tar.count == 0 && !tar.members);
		break;
	default:
		require(tar.count == 0 && !tar.members);
		break;
	}
	tar_close(&tar);
	free(a.bytes);
	return 0;
}
