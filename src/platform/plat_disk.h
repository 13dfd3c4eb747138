/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of the operating system, opened for writing past its cache. Implemented for Linux; elsewhere plat_disk_supported()
 * is false and plat_disk_open() fails with ENOTSUP.
 *
 *	struct plat_disk *disk;
 *	int err = plat_disk_open(&disk, "/dev/sda", true);
 *	... plat_disk_facts(disk, &facts): is it the disk that was meant?
 *	err = plat_disk_write(disk, 0, buffer, n);
 *	err = plat_disk_flush(disk, 300);
 *	plat_disk_close(disk);
 *
 * Buffers come from plat_disk_buffer(); offsets and lengths are multiples of the sector size. Functions that return int
 * return 0 or an errno value. */
#ifndef PLAT_DISK_H
#define PLAT_DISK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plat_disk;

/* What the open descriptor says about its disk: it stays with that disk, whatever gets its name later. */
struct plat_disk_facts {
	unsigned major, minor;
	uint64_t size;   /* bytes */
	uint32_t sector; /* logical sector in bytes */
	uint64_t
		sequence; /* differs for each appearance of a disk; 0: the kernel does not number them (before 5.15) */
};

bool plat_disk_supported(void);

/* Opens NODE, which must be a block device, without waiting and without using the page cache. WRITE: for reading and
 * writing, and exclusively: EBUSY while it, or a partition of it, is mounted or otherwise in use, and nobody can mount it
 * until it is closed. Device managers that honour the lock (systemd.io/BLOCK_DEVICE_LOCKING) do not probe it meanwhile. */
int plat_disk_open(struct plat_disk **out, const char *node, bool write);

int plat_disk_facts(const struct plat_disk *disk, struct plat_disk_facts *out);

/* All N bytes, or an error. */
int plat_disk_read(struct plat_disk *disk, uint64_t offset, void *to, size_t n);
int plat_disk_write(struct plat_disk *disk, uint64_t offset, const void *from, size_t n);

/* The errno value for a SCSI command that failed with sense data: EOPNOTSUPP where the disk does not know the command, else
 * EIO. SPC-4 4.5: fixed (70h, 71h) and descriptor (72h, 73h) format, ILLEGAL REQUEST (5h) with INVALID COMMAND OPERATION
 * CODE (20h/00h). */
static inline int plat_disk_sense_error(const uint8_t *sense, size_t size)
{
	uint8_t format = size < 8 ? 0 : sense[0] & 0x7f;
	bool fixed = size >= 14 && (format == 0x70 || format == 0x71),
	     described = format == 0x72 || format == 0x73;
	if (!fixed && !described)
		return EIO;
	uint8_t key = (fixed ? sense[2] : sense[1]) & 0x0f;
	const uint8_t *code = fixed ? sense + 12 : sense + 2; /* and its qualifier */
	return key == 5 && code[0] == 0x20 && code[1] == 0 ? EOPNOTSUPP : EIO;
}

/* Makes the disk write out its cache; may take up to SECONDS. A disk without such a command, which SBC allows, has
 * written out everything when it has taken the data; Linux's disk driver decides the same. */
int plat_disk_flush(struct plat_disk *disk, unsigned seconds);

/* Makes the kernel read the partition table again. EBUSY: somebody uses a partition. */
int plat_disk_reread(struct plat_disk *disk);

/* Ejects the medium: allows its removal, then unloads it. Flush first. */
int plat_disk_eject(struct plat_disk *disk);

/* NULL is fine. */
void plat_disk_close(struct plat_disk *disk);

/* Memory for reads and writes; to be freed with free(). NULL: out of memory. */
void *plat_disk_buffer(size_t n);

#endif
