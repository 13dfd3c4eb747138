/* SPDX-License-Identifier: Apache-2.0 */
/* Zstandard frames of at most one chunk (IMAGE_CHUNK bytes), each complete in itself. Optional at build time: without
 * libzstd, frame_available() is false and there is no --flash. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>

bool frame_available(void);

/* The size of the largest frame that N bytes can become. */
size_t frame_bound(size_t n);

/* What compressing, or decompressing, keeps between frames; for one thread at a time. NULL: out of memory. */
struct frame_packer *frame_packer_new(void);
void frame_packer_free(struct frame_packer *packer); /* NULL is fine */
struct frame_unpacker *frame_unpacker_new(void);
void frame_unpacker_free(struct frame_unpacker *unpacker); /* NULL is fine */

/* Compresses N bytes into TO, SIZE bytes. Returns the frame's size, 0 on failure (out of memory, SIZE under the bound). */
size_t frame_pack(struct frame_packer *packer, void *to, size_t size, const void *from, size_t n);

/* Decompresses the frame FROM, which must become exactly SIZE bytes. */
bool frame_unpack(struct frame_unpacker *unpacker, void *to, size_t size, const void *from,
                  size_t n);

#endif
