/* SPDX-License-Identifier: Apache-2.0 */
/* An image as a sequence of chunks in an unnamed temporary file: each chunk is a hole (all zero), or stored compressed as
 * a zstd frame, or as it is where that is not smaller. Written once, by one thread, packed by several; then read by any
 * number of threads, each at its own pace.
 *
 *	int err = spool_open("/var/tmp", &spool);
 *	while ((buffer = spool_buffer(spool))) {
 *		n = ...up to SPOOL_CHUNK bytes into buffer...;
 *		spool_put(spool, buffer, n);	// less than SPOOL_CHUNK: the last
 *	}
 *	err = spool_finish(spool);
 *	reader = spool_reader_new(spool);
 *	ok = spool_read(reader, i, to);
 */
#ifndef SPOOL_H
#define SPOOL_H

#include "formats/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_CHUNK ((size_t)1 << 20) /* bytes */

struct spool;

/* Makes the file in DIRECTORY. Returns 0 or an errno value. */
int spool_open(const char *directory, struct spool **out);

/* Ends packing and frees all. After the readers. NULL is fine. */
void spool_free(struct spool *spool);

/* --- writing, from one thread */

/* A buffer of SPOOL_CHUNK bytes, when one is free. NULL: storing has failed, spool_finish() says why. */
void *spool_buffer(struct spool *spool);

/* Takes a buffer of spool_buffer() back, with N bytes in it: SPOOL_CHUNK, or less in the last chunk. 0: drops it. */
void spool_put(struct spool *spool, void *buffer, size_t n);

/* Waits until all is stored. Returns 0 or an errno value. */
int spool_finish(struct spool *spool);

/* Bytes in the file, and how many more it may have. */
uint64_t spool_used(struct spool *spool);
uint64_t spool_free_space(const struct spool *spool);

/* --- reading, after spool_finish() */

struct spool_chunk {
	uint64_t at;     /* where in the file */
	uint32_t size;   /* bytes of the image: SPOOL_CHUNK but for the last */
	uint32_t stored; /* bytes in the file: SIZE: as they are; less: a zstd frame; 0: a hole */
	uint8_t sha256[SHA256_SIZE]; /* of the image's bytes */
};

uint64_t spool_size(const struct spool *spool); /* of the image, bytes */
size_t spool_count(const struct spool *spool);  /* chunks */
const struct spool_chunk *spool_chunk(const struct spool *spool, size_t index);

/* The chunk as it is stored, CHUNK->stored bytes. False: the file cannot be read. */
bool spool_stored(const struct spool *spool, size_t index, void *to);

/* For one thread at a time. NULL: out of memory. */
struct spool_reader *spool_reader_new(const struct spool *spool);
void spool_reader_free(struct spool_reader *reader); /* NULL is fine */

/* The image's bytes in a chunk, CHUNK->size of them. False: the file cannot be read, or has been changed. */
bool spool_read(struct spool_reader *reader, size_t index, void *to);

#endif
