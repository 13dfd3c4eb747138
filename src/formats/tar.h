/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded reader of bootfiles.bin: a plain POSIX or GNU tar. The index is read once, members are found by name. Trusts
 * nothing in the file. Facts: docs/formats.md. */
#ifndef TAR_H
#define TAR_H

#include "base/err.h"
#include "formats/reader.h"

#define TAR_NAME 100 /* longest member name */

struct tar_member {
	char name[TAR_NAME + 1]; /* without a leading "./" */
	uint64_t offset, size;   /* bytes, inside the archive */
};

struct tar {
	struct tar_member *members; /* owned; in the archive's order; regular files only */
	size_t count;
	uint64_t bad_offset; /* after ERR_ARCHIVE: where */
	const char *bad;     /* after ERR_ARCHIVE: what */
};

/* Reads the index of an archive of SIZE bytes. ERR_ARCHIVE, ERR_FILE_READ, ERR_MEMORY leave it empty. */
enum err tar_open(struct tar *tar, reader_fn read, void *ctx, uint64_t size);
void tar_close(struct tar *tar); /* fine on an empty one */

/* The first member "DIRECTORY/NAME", compared as the boot loader does: without regard to ASCII case. NULL: none. */
const struct tar_member *tar_find(const struct tar *tar, const char *directory, const char *name);

#endif
