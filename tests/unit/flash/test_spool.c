/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/spool.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#define CHUNKS 20

static const char *scratch(void)
{
	const char *t = getenv("T");
	return t ? t : "/tmp";
}

/* Chunk I: a third are holes, a third compress well, a third not at all. */
static void make(size_t i, uint8_t *to, size_t n)
{
	uint32_t x = (uint32_t)i * 2654435761u + 1;
	for (size_t k = 0; k < n; k++) {
		x = x * 1664525 + 1013904223;
		to[k] = i % 3 == 0 ? 0 : i % 3 == 1 ? (uint8_t)(k / 1000 + i) : (uint8_t)(x >> 24);
	}
}

static struct spool *make_spool(size_t count, size_t last)
{
	struct spool *spool = NULL;
	CHECK_INT(spool_open(scratch(), &spool), 0);
	for (size_t i = 0; spool && i < count; i++) {
		uint8_t *buffer = spool_buffer(spool);
		size_t n = i + 1 == count ? last : SPOOL_CHUNK;
		CHECK(buffer != NULL);
		if (!buffer)
			break;
		make(i, buffer, n);
		spool_put(spool, buffer, n);
	}
	return spool;
}

static void comes_back(void)
{
	struct spool *spool = make_spool(CHUNKS, 1000);
	uint8_t *want = malloc(SPOOL_CHUNK), *got = malloc(SPOOL_CHUNK);
	CHECK_INT(spool_finish(spool), 0);
	CHECK_INT(spool_count(spool), CHUNKS);
	CHECK_INT(spool_size(spool), (CHUNKS - 1) * SPOOL_CHUNK + 1000);
	struct spool_reader *reader = spool_reader_new(spool);
	for (size_t i = CHUNKS; i-- > 0;) { /* in any order */
		const struct spool_chunk *chunk = spool_chunk(spool, i);
		struct sha256 hash;
		uint8_t digest[SHA256_SIZE];
		CHECK_INT(chunk->size, i + 1 == CHUNKS ? 1000 : SPOOL_CHUNK);
		make(i, want, chunk->size);
		CHECK(spool_read(reader, i, got));
		CHECK_MEM(got, want, chunk->size);
		sha256_init(&hash);
		sha256_add(&hash, want, chunk->size);
		sha256_end(&hash, digest);
		CHECK_MEM(chunk->sha256, digest, sizeof digest);
	}
	spool_reader_free(reader);
	spool_free(spool);
	free(want);
	free(got);
}

static void holes_and_frames(void)
{
	struct spool *spool = make_spool(3, SPOOL_CHUNK);
	uint8_t *frame = malloc(SPOOL_CHUNK), *want = malloc(SPOOL_CHUNK);
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd }; /* RFC 8878, 3.1.1 */
	CHECK_INT(spool_finish(spool), 0);
	CHECK_INT(spool_chunk(spool, 0)->stored, 0);
	CHECK(spool_chunk(spool, 1)->stored > 0 &&
	      spool_chunk(spool, 1)->stored < SPOOL_CHUNK / 10);
	CHECK_INT(spool_chunk(spool, 2)->stored, SPOOL_CHUNK);
	CHECK_INT(spool_used(spool), spool_chunk(spool, 1)->stored + SPOOL_CHUNK);
	CHECK(spool_stored(spool, 1, frame));
	CHECK_MEM(frame, magic, sizeof magic);
	CHECK(spool_stored(spool, 2, frame));
	make(2, want, SPOOL_CHUNK);
	CHECK_MEM(frame, want, SPOOL_CHUNK);
	spool_free(spool);
	free(frame);
	free(want);
}

/* A full file system, played by the limit on the size of files. */
static void no_room(void)
{
	struct rlimit before, small = { 3 << 20, RLIM_INFINITY };
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	struct spool *spool = NULL;
	CHECK_INT(spool_open(scratch(), &spool), 0);
	uint8_t *buffer = NULL;
	for (size_t i = 0; i < 100 && (buffer = spool_buffer(spool)); i++) {
		make(2, buffer, SPOOL_CHUNK);
		spool_put(spool, buffer, SPOOL_CHUNK);
	}
	CHECK(buffer == NULL); /* the writer need not go on */
	CHECK_INT(spool_finish(spool), EFBIG);
	setrlimit(RLIMIT_FSIZE, &before);
	spool_free(spool);
}

static void no_directory(void)
{
	struct spool *spool = NULL;
	CHECK_INT(spool_open("/nonexistent", &spool), ENOENT);
	char path[600];
	snprintf(path, sizeof path, "%s/file", scratch());
	FILE *file = fopen(path, "w");
	CHECK(file && fclose(file) == 0);
	CHECK_INT(spool_open(path, &spool), ENOTDIR);
	CHECK(spool == NULL);
	spool_free(NULL);
}

static void given_up(void)
{
	struct spool *spool = make_spool(5, SPOOL_CHUNK);
	uint8_t *buffer = spool_buffer(spool);
	spool_put(spool, buffer, 0);
	spool_free(spool); /* without spool_finish */
}

int main(void)
{
	RUN(comes_back);
	RUN(holes_and_frames);
	RUN(no_room);
	RUN(no_directory);
	RUN(given_up);
	return tap_end();
}
