/* SPDX-License-Identifier: Apache-2.0 */
#include "vmedium.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024
#define USED    0xd5 /* what a disk in use holds everywhere */

struct chunk {
	uint8_t *bytes;
	uint8_t sha256[32];
	size_t users;
	struct chunk *next;
};

struct vmedium {
	uint64_t size;
	size_t count;
	struct chunk **chunks;
};

static struct chunk *buckets[BUCKETS];

static void *must(void *p)
{
	if (!p)
		abort(); /* a test without memory cannot say anything useful */
	return p;
}

static struct chunk **bucket_of(const uint8_t sha256[32])
{
	return &buckets[(sha256[0] | sha256[1] << 8) % BUCKETS];
}

static void digest(const uint8_t *bytes, size_t n, uint8_t out[32])
{
	EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL);
}

/* The chunk of these contents, with one user more. */
static struct chunk *chunk_of(const uint8_t *bytes)
{
	uint8_t sha256[32];
	digest(bytes, VMEDIUM_CHUNK, sha256);
	struct chunk **at = bucket_of(sha256);
	for (struct chunk *c = *at; c; c = c->next)
		if (memcmp(c->sha256, sha256, sizeof sha256) == 0) {
			c->users++;
			return c;
		}
	struct chunk *c = must(calloc(1, sizeof *c));
	c->bytes = must(malloc(VMEDIUM_CHUNK));
	memcpy(c->bytes, bytes, VMEDIUM_CHUNK);
	memcpy(c->sha256, sha256, sizeof sha256);
	c->users = 1;
	c->next = *at;
	*at = c;
	return c;
}

static void release(struct chunk *c)
{
	if (--c->users > 0)
		return;
	for (struct chunk **at = bucket_of(c->sha256); *at; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			break;
		}
	free(c->bytes);
	free(c);
}

struct vmedium *vmedium_new(uint64_t size)
{
	struct vmedium *m = must(calloc(1, sizeof *m));
	uint8_t *used = must(malloc(VMEDIUM_CHUNK));
	memset(used, USED, VMEDIUM_CHUNK);
	m->size = size;
	m->count = (size_t)((size + VMEDIUM_CHUNK - 1) / VMEDIUM_CHUNK);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	m->chunks = must(calloc(m->count + 1, sizeof *m->chunks));
	if (m->count)
		m->chunks[0] = chunk_of(used);
	for (size_t i = 1; i < m->count; i++) {
		m->chunks[i] = m->chunks[0];
		m->chunks[0]->users++;
	}
	free(used);
	return m;
}

void vmedium_free(struct vmedium *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		release(m->chunks[i]);
	free(m->chunks);
	free(m);
}

uint64_t vmedium_size(const struct vmedium *m)
{
	return m->size;
}

/* The part of a range that lies in its first chunk. */
static size_t part(uint64_t offset, uint64_t n)
{
	uint64_t room = VMEDIUM_CHUNK - offset % VMEDIUM_CHUNK;
	return (size_t)(n < room ? n : room);
}

/* BYTES NULL: zeros. */
static void change(struct vmedium *m, uint64_t offset, const uint8_t *bytes, uint64_t n)
{
	uint8_t *whole = must(malloc(VMEDIUM_CHUNK));
	if (offset > m->size || n > m->size - offset)
		abort();
	while (n > 0) {
		size_t some = part(offset, n);
		struct chunk **at = &m->chunks[offset / VMEDIUM_CHUNK];
		memcpy(whole, (*at)->bytes, VMEDIUM_CHUNK);
		if (bytes)
			memcpy(whole + offset % VMEDIUM_CHUNK, bytes, some);
		else
			memset(whole + offset % VMEDIUM_CHUNK, 0, some);
		release(*at);
		*at = chunk_of(whole);
		if (bytes)
			bytes += some;
		offset += some;
		n -= some;
	}
	free(whole);
}

void vmedium_write(struct vmedium *m, uint64_t offset, const uint8_t *bytes, size_t n)
{
	change(m, offset, bytes, n);
}

void vmedium_zero(struct vmedium *m, uint64_t offset, uint64_t n)
{
	change(m, offset, NULL, n);
}

void vmedium_read(const struct vmedium *m, uint64_t offset, uint8_t *to, size_t n)
{
	if (offset > m->size || n > m->size - offset)
		abort();
	while (n > 0) {
		size_t some = part(offset, n);
		memcpy(to, m->chunks[offset / VMEDIUM_CHUNK]->bytes + offset % VMEDIUM_CHUNK, some);
		to += some;
		offset += some;
		n -= some;
	}
}

void vmedium_sha256(const struct vmedium *m, uint64_t offset, size_t n, uint8_t out[32])
{
	if (offset % VMEDIUM_CHUNK == 0 && n == VMEDIUM_CHUNK && offset + n <= m->size) {
		memcpy(out, m->chunks[offset / VMEDIUM_CHUNK]->sha256, 32);
		return;
	}
	uint8_t *bytes = must(malloc(n + 1));
	vmedium_read(m, offset, bytes, n);
	digest(bytes, n, out);
	free(bytes);
}

bool vmedium_is_zero(const struct vmedium *m, uint64_t offset, uint64_t n)
{
	bool zero = true;
	while (n > 0 && zero) {
		size_t some = part(offset, n);
		const uint8_t *bytes = m->chunks[offset / VMEDIUM_CHUNK]->bytes +
		                       offset % VMEDIUM_CHUNK;
		zero = bytes[0] == 0 && memcmp(bytes, bytes + 1, some - 1) == 0;
		offset += some;
		n -= some;
	}
	return zero;
}
