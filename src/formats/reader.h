/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a large file come from: readers of such files ask for what they need. */
#ifndef READER_H
#define READER_H

#include <stddef.h>
#include <stdint.h>

/* Reads N bytes at OFFSET. Returns the count, less than N at the end only, or -1. */
typedef int64_t (*reader_fn)(void *ctx, uint64_t offset, void *to, size_t n);

#endif
