/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_DIRECT */
#include "platform/plat_disk.h"

#include "platform/plat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <scsi/sg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef BLKGETDISKSEQ /* headers before Linux 5.15 */
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif

#define LOCK_TIME \
	(5 *      \
	 PLAT_SECOND) /* a device manager that probes the disk holds its lock for milliseconds */
#define LOCK_PAUSE (50 * PLAT_MS)
#define ALIGNMENT  4096 /* of buffers: the largest sector and page of usual disks */
#define SENSE_SIZE 32
#define EJECT_TIME 60 /* seconds */

/* SCSI primary and block commands (SPC-4, SBC-3) */
#define SYNCHRONIZE_CACHE_10 0x35
#define PREVENT_ALLOW        0x1e
#define START_STOP_UNIT      0x1b
#define START_STOP_LOEJ      0x02 /* with START clear: unload the medium */

struct plat_disk {
	int fd;
};

bool plat_disk_supported(void)
{
	return true;
}

/* Another program's lock is transient. */
static int disk_lock(int fd)
{
	uint64_t deadline = plat_now() + LOCK_TIME;
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return errno;
		if (plat_now() >= deadline)
			return EBUSY;
		plat_pause(LOCK_PAUSE);
	}
	return 0;
}

int plat_disk_open(struct plat_disk **out, const char *node, bool write)
{
	struct stat st;
	int flags = write ? O_RDWR | O_EXCL : O_RDONLY;
	struct plat_disk *disk = calloc(1, sizeof *disk);
	if (!disk)
		return ENOMEM;
	disk->fd = open(node, flags | O_DIRECT | O_CLOEXEC | O_NOCTTY);
	int err = disk->fd < 0 ? errno : 0;
	if (!err && fstat(disk->fd, &st) != 0)
		err = errno;
	if (!err && !S_ISBLK(st.st_mode)) /* O_EXCL would mean nothing */
		err = ENOTBLK;
	if (!err && write)
		err = disk_lock(disk->fd);
	if (err) {
		plat_disk_close(disk);
		return err;
	}
	*out = disk;
	return 0;
}

int plat_disk_facts(const struct plat_disk *disk, struct plat_disk_facts *out)
{
	struct stat st;
	uint64_t size = 0, sequence = 0;
	int sector = 0;
	if (fstat(disk->fd, &st) != 0 || ioctl(disk->fd, BLKGETSIZE64, &size) != 0 ||
	    ioctl(disk->fd, BLKSSZGET, &sector) != 0)
		return errno;
	if (ioctl(disk->fd, BLKGETDISKSEQ, &sequence) != 0)
		sequence = 0;
	*out = (struct plat_disk_facts){
		.major = major(st.st_rdev),
		.minor = minor(st.st_rdev),
		.size = size,
		.sector = (uint32_t)sector,
		.sequence = sequence,
	};
	return 0;
}

int plat_disk_read(struct plat_disk *disk, uint64_t offset, void *to, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(disk->fd, (char *)to + done, n - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0) /* behind its end */
			return ENXIO;
		done += (size_t)got;
	}
	return 0;
}

int plat_disk_write(struct plat_disk *disk, uint64_t offset, const void *from, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pwrite(disk->fd, (const char *)from + done, n - done,
		                     (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			return EIO;
		done += (size_t)got;
	}
	return 0;
}

/* A SCSI command without data. */
static int disk_command(const struct plat_disk *disk, uint8_t *command, uint8_t length,
                        unsigned seconds)
{
	uint8_t sense[SENSE_SIZE] = { 0 };
	struct sg_io_hdr io = {
		.interface_id = 'S',
		.dxfer_direction = SG_DXFER_NONE,
		.cmd_len = length,
		.cmdp = command,
		.mx_sb_len = sizeof sense,
		.sbp = sense,
		.timeout = seconds * 1000,
	};
	if (ioctl(disk->fd, SG_IO, &io) != 0)
		return errno;
	if ((io.info & SG_INFO_OK_MASK) == SG_INFO_OK)
		return 0;
	return plat_disk_sense_error(sense, io.sb_len_wr);
}

int plat_disk_flush(struct plat_disk *disk, unsigned seconds)
{
	uint8_t command[10] = { SYNCHRONIZE_CACHE_10 };
	int err = disk_command(disk, command, sizeof command, seconds);
	if (err == ENOTTY || err == EINVAL || err == ENOSYS || /* no SCSI disk */
	    err == EOPNOTSUPP) /* nor a cache: the kernel knows its way */
		err = fsync(disk->fd) == 0 ? 0 : errno;
	return err;
}

int plat_disk_reread(struct plat_disk *disk)
{
	return ioctl(disk->fd, BLKRRPART) == 0 ? 0 : errno;
}

int plat_disk_eject(struct plat_disk *disk)
{
	uint8_t allow[6] = { PREVENT_ALLOW };
	uint8_t unload[6] = { START_STOP_UNIT, 0, 0, 0, START_STOP_LOEJ, 0 };
	disk_command(disk, allow, sizeof allow,
	             EJECT_TIME); /* a disk that knows no lock refuses it */
	return disk_command(disk, unload, sizeof unload, EJECT_TIME);
}

void plat_disk_close(struct plat_disk *disk)
{
	if (!disk)
		return;
	if (disk->fd >= 0)
		close(disk->fd);
	free(disk);
}

void *plat_disk_buffer(size_t n)
{
	void *buffer;
	return posix_memalign(&buffer, ALIGNMENT, n) == 0 ? buffer : NULL;
}
