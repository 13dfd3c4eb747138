/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat_disk.h"

#include <errno.h>
#include <stdlib.h>

bool plat_disk_supported(void)
{
	return false;
}

int plat_disk_open(struct plat_disk **out, const char *node, bool write)
{
	(void)out, (void)node, (void)write;
	return ENOTSUP;
}

int plat_disk_facts(const struct plat_disk *disk, struct plat_disk_facts *out)
{
	(void)disk, (void)out;
	return ENOTSUP;
}

int plat_disk_read(struct plat_disk *disk, uint64_t offset, void *to, size_t n)
{
	(void)disk, (void)offset, (void)to, (void)n;
	return ENOTSUP;
}

int plat_disk_write(struct plat_disk *disk, uint64_t offset, const void *from, size_t n)
{
	(void)disk, (void)offset, (void)from, (void)n;
	return ENOTSUP;
}

int plat_disk_flush(struct plat_disk *disk, unsigned seconds)
{
	(void)disk, (void)seconds;
	return ENOTSUP;
}

int plat_disk_reread(struct plat_disk *disk)
{
	(void)disk;
	return ENOTSUP;
}

int plat_disk_eject(struct plat_disk *disk)
{
	(void)disk;
	return ENOTSUP;
}

void plat_disk_close(struct plat_disk *disk)
{
	(void)disk;
}

void *plat_disk_buffer(size_t n)
{
	return malloc(n);
}
