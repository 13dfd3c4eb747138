/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/frame.h"

bool frame_available(void)
{
	return false;
}

size_t frame_bound(size_t n)
{
	return n;
}

struct frame_packer *frame_packer_new(void)
{
	return NULL;
}

void frame_packer_free(struct frame_packer *packer)
{
	(void)packer;
}

struct frame_unpacker *frame_unpacker_new(void)
{
	return NULL;
}

void frame_unpacker_free(struct frame_unpacker *unpacker)
{
	(void)unpacker;
}

size_t frame_pack(struct frame_packer *packer, void *to, size_t size, const void *from, size_t n)
{
	(void)packer, (void)to, (void)size, (void)from, (void)n;
	return 0;
}

bool frame_unpack(struct frame_unpacker *unpacker, void *to, size_t size, const void *from,
                  size_t n)
{
	(void)unpacker, (void)to, (void)size, (void)from, (void)n;
	return false;
}
