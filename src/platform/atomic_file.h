/* SPDX-License-Identifier: Apache-2.0 */
/* An output file that is either whole or not there: written beside its target under a temporary name, synced,
 * then renamed over it. Knows nothing of what is written. */
#ifndef ATOMIC_FILE_H
#define ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct atomic_file {
	FILE *stream; /* write here; NULL when closed */
	char *path;   /* the target, owned */
	char *temp;   /* the temporary beside it, owned */
};

/* Opens a temporary beside PATH with permissions MODE (before the umask; an existing target's own mode wins).
 * Returns 0, or an errno value with OUT closed. */
int atomic_file_open(struct atomic_file *out, const char *path, unsigned mode);

/* Flushes, syncs and renames to the target. Returns 0 or an errno value; on failure the temporary is removed and
 * an older target stays as it was. OUT is closed either way. */
int atomic_file_commit(struct atomic_file *out);

/* Throws the temporary away; an older target stays as it was. Fine on a closed OUT. */
void atomic_file_abort(struct atomic_file *out);

/* Opens, writes N bytes and commits. Returns 0 or an errno value. */
int atomic_file_write(const char *path, const void *bytes, size_t n, unsigned mode);

#endif
