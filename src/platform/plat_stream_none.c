/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_stream.h"

#include <errno.h>

/* --flash needs plat_disk, too, which these systems do not have: its options are refused before any of this is called. */

struct plat_cancel *plat_cancel_new(void)
{
	errno = ENOTSUP;
	return NULL;
}

void plat_cancel_free(struct plat_cancel *cancel)
{
	(void)cancel;
}

void plat_cancel_set(struct plat_cancel *cancel)
{
	(void)cancel;
}

int plat_stream_open(const char *path, int *fd)
{
	(void)path, (void)fd;
	return ENOTSUP;
}

void plat_stream_stamp(int fd, struct plat_stream_stamp *out)
{
	(void)fd;
	*out = (struct plat_stream_stamp){ 0 };
}

int64_t plat_stream_read(int fd, void *to, size_t n, struct plat_cancel *cancel)
{
	(void)fd, (void)to, (void)n, (void)cancel;
	errno = ENOTSUP;
	return -1;
}

int plat_stream_write(int fd, const void *from, size_t n, struct plat_cancel *cancel)
{
	(void)fd, (void)from, (void)n, (void)cancel;
	return ENOTSUP;
}

int plat_filter_start(struct plat_filter **out, const char *const argv[], const char *directory,
                      int *to, int *from)
{
	(void)out, (void)argv, (void)directory, (void)to, (void)from;
	return ENOTSUP;
}

void plat_filter_kill(struct plat_filter *filter)
{
	(void)filter;
}

void plat_filter_end(struct plat_filter *filter, int *status, char *words, size_t size)
{
	(void)filter, (void)size;
	*status = 0;
	*words = 0;
}

int plat_unnamed_file(const char *directory, int *fd)
{
	(void)directory, (void)fd;
	return ENOTSUP;
}

int plat_write_at(int fd, uint64_t offset, const void *from, size_t n)
{
	(void)fd, (void)offset, (void)from, (void)n;
	return ENOTSUP;
}

bool plat_is_full(int err)
{
	return err == ENOSPC;
}

uint64_t plat_free_space(int fd)
{
	(void)fd;
	return UINT64_MAX;
}

unsigned plat_processors(void)
{
	return 1;
}
