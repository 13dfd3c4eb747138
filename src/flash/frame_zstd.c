/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/frame.h"

#include <stdlib.h>
#include <zstd.h>

/* Fast: an image is compressed once, in the time in which it is decoded. */
#define LEVEL 1

struct frame_packer {
	ZSTD_CCtx *zstd;
};

struct frame_unpacker {
	ZSTD_DCtx *zstd;
};

bool frame_available(void)
{
	return true;
}

size_t frame_bound(size_t n)
{
	return ZSTD_compressBound(n);
}

struct frame_packer *frame_packer_new(void)
{
	struct frame_packer *p = malloc(sizeof *p);
	if (!p)
		return NULL;
	p->zstd = ZSTD_createCCtx();
	if (p->zstd)
		return p;
	free(p);
	return NULL;
}

void frame_packer_free(struct frame_packer *packer)
{
	if (!packer)
		return;
	ZSTD_freeCCtx(packer->zstd);
	free(packer);
}

struct frame_unpacker *frame_unpacker_new(void)
{
	struct frame_unpacker *u = malloc(sizeof *u);
	if (!u)
		return NULL;
	u->zstd = ZSTD_createDCtx();
	if (u->zstd)
		return u;
	free(u);
	return NULL;
}

void frame_unpacker_free(struct frame_unpacker *unpacker)
{
	if (!unpacker)
		return;
	ZSTD_freeDCtx(unpacker->zstd);
	free(unpacker);
}

size_t frame_pack(struct frame_packer *packer, void *to, size_t size, const void *from, size_t n)
{
	size_t got = ZSTD_compressCCtx(packer->zstd, to, size, from, n, LEVEL);
	return ZSTD_isError(got) ? 0 : got;
}

bool frame_unpack(struct frame_unpacker *unpacker, void *to, size_t size, const void *from,
                  size_t n)
{
	size_t got = ZSTD_decompressDCtx(unpacker->zstd, to, size, from, n);
	return !ZSTD_isError(got) && got == size;
}
