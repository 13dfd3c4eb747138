/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory, for many boards that hold the same image: chunks of 1 MiB, equal ones are kept once with their SHA-256.
 * A new disk is in use already: no byte of it is zero. Knows no time and no USB. */
#ifndef VMEDIUM_H
#define VMEDIUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMEDIUM_CHUNK ((size_t)1 << 20)

struct vmedium;

struct vmedium *vmedium_new(uint64_t size);
void vmedium_free(struct vmedium *m); /* NULL is fine */

uint64_t vmedium_size(const struct vmedium *m);

/* Inside the disk; everything else is a mistake of the caller. */
void vmedium_write(struct vmedium *m, uint64_t offset, const uint8_t *bytes, size_t n);
void vmedium_zero(struct vmedium *m, uint64_t offset, uint64_t n);
void vmedium_read(const struct vmedium *m, uint64_t offset, uint8_t *to, size_t n);
void vmedium_sha256(const struct vmedium *m, uint64_t offset, size_t n, uint8_t out[32]);
bool vmedium_is_zero(const struct vmedium *m, uint64_t offset, uint64_t n);

#endif
