/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_DIRECT */
#include "flashd/disk.h"

#include "flashd/moment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 320
#define TEXT_SIZE 1024
#define LUN_TIME \
	15000 /* ms: init empties a LUN within a second; a slow disk writes out its cache first */
#define LUN_PAUSE  20  /* ms */
#define SYS_SECTOR 512 /* sysfs' unit */
#define ZERO_SIZE  65536

struct disk {
	struct disk_board board;
	struct flashwire_disk facts;
	int fd;
	bool block; /* a device, not a test's file */
};

/* --- files of the board */

#define DISK_PATH(path, board, ...) disk_path((path), (board)->root, __VA_ARGS__)

static const char *disk_path(char path[PATH_SIZE], const char *root, const char *directory,
                             const char *name, const char *file)
{
	snprintf(path, PATH_SIZE, "%s%s/%s%s", root, directory, name, file);
	return path;
}

/* The first line of a file, without blanks at its end; "" if there is none. */
static void disk_line(const char *path, char to[TEXT_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, to, TEXT_SIZE - 1);
	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = 0;
	size_t length = strcspn(to, "\n");
	while (length > 0 && to[length - 1] == ' ')
		length--;
	to[length] = 0;
}

static uint64_t disk_number(const struct disk_board *board, const char *name, const char *file)
{
	char path[PATH_SIZE], text[TEXT_SIZE];
	disk_line(DISK_PATH(path, board, "/sys/block", name, file), text);
	return strtoull(text, NULL, 10);
}

static int disk_make(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno;
	size_t n = strlen(text);
	int err = write(fd, text, n) == (ssize_t)n ? 0 : errno;
	close(fd);
	return err;
}

static bool disk_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* --- which there are */

static enum flashwire_kind disk_kind(const struct disk_board *board, const char *name)
{
	char path[PATH_SIZE], text[TEXT_SIZE];
	if (strncmp(name, "nvme", 4) == 0)
		return FLASHWIRE_KIND_NVME;
	if (strncmp(name, "sd", 2) == 0)
		return FLASHWIRE_KIND_USB;
	if (strncmp(name, "mmcblk", 6) != 0)
		return FLASHWIRE_KIND_OTHER;
	disk_line(DISK_PATH(path, board, "/sys/block", name, "/device/type"), text);
	return strcmp(text, "SD") == 0 ? FLASHWIRE_KIND_SD : FLASHWIRE_KIND_EMMC;
}

static bool disk_describe(const struct disk_board *board, const char *name,
                          struct flashwire_disk *out)
{
	char path[PATH_SIZE], model[TEXT_SIZE];
	*out = (struct flashwire_disk){
		.kind = disk_kind(board, name),
		.read_only = board->read_only || disk_number(board, name, "/ro") != 0,
		.sector = (uint32_t)disk_number(board, name, "/queue/logical_block_size"),
		.size = disk_number(board, name, "/size") * SYS_SECTOR,
	};
	disk_line(DISK_PATH(path, board, "/sys/block", name, "/device/model"), model);
	if (!*model) /* what eMMCs and cards have */
		disk_line(DISK_PATH(path, board, "/sys/block", name, "/device/name"), model);
	snprintf(out->name, sizeof out->name, "%s", name);
	snprintf(out->model, sizeof out->model, "%.47s", model);
	bool sector = out->sector >= SYS_SECTOR && out->sector <= FLASHWIRE_ALIGN &&
	              (out->sector & (out->sector - 1)) == 0;
	return sector && out->size > 0 && out->size <= FLASHWIRE_OFFSET_MAX;
}

size_t disk_list(const struct disk_board *board, struct flashwire_disk out[FLASHWIRE_DISKS])
{
	char path[PATH_SIZE], names[TEXT_SIZE], *rest;
	size_t count = 0;
	disk_line(DISK_PATH(path, board, "/run", "disks", ""), names);
	for (char *name = strtok_r(names, " ", &rest); name && count < FLASHWIRE_DISKS;
	     name = strtok_r(NULL, " ", &rest))
		if (flashwire_is_name(name) && disk_describe(board, name, &out[count]))
			count++;
	return count;
}

/* --- taking and giving back */

static void disk_let_go(const struct disk *d)
{
	char path[PATH_SIZE];
	unlink(DISK_PATH(path, &d->board, "/run/held", d->facts.name, ""));
}

/* Makes the file that keeps the disk out of LUNs, and waits until it is in none. Its text is the process that has it. */
static int disk_hold(const struct disk *d)
{
	char path[PATH_SIZE], text[32];
	DISK_PATH(path, &d->board, "/run/held", d->facts.name, "");
	snprintf(text, sizeof text, "%ld\n", (long)getpid());
	int err = disk_make(path, text);
	if (err)
		return err == EEXIST ? EBUSY : err;
	DISK_PATH(path, &d->board, "/run/lun", d->facts.name, "");
	for (uint64_t end = moment_now() + LUN_TIME; disk_exists(path); moment_pause(LUN_PAUSE))
		if (moment_now() >= end) {
			disk_let_go(d);
			return EBUSY;
		}
	return 0;
}

static int disk_open_device(struct disk *d, bool read_only)
{
	char path[PATH_SIZE];
	struct stat st;
	uint64_t size;
	DISK_PATH(path, &d->board, "/dev", d->facts.name, "");
	d->fd = open(path, (read_only ? O_RDONLY : O_RDWR) | O_EXCL | O_CLOEXEC);
	if (d->fd < 0 || fstat(d->fd, &st) != 0)
		return errno;
	d->block = S_ISBLK(st.st_mode);
	if (!d->block)
		return 0;
	if (fcntl(d->fd, F_SETFL, O_DIRECT) != 0 || ioctl(d->fd, BLKGETSIZE64, &size) != 0)
		return errno;
	return size == d->facts.size ? 0 : ENXIO; /* another medium since it was described */
}

int disk_open(const struct disk_board *board, const char *name, bool read_only, struct disk **out)
{
	struct flashwire_disk list[FLASHWIRE_DISKS];
	size_t count = disk_list(board, list), i = 0;
	while (i < count && strcmp(list[i].name, name) != 0)
		i++;
	if (i == count)
		return ENOENT;
	if (!read_only && list[i].read_only)
		return EROFS;
	struct disk *d = malloc(sizeof *d);
	if (!d)
		return ENOMEM;
	*d = (struct disk){ .board = *board, .facts = list[i], .fd = -1 };
	int err = disk_hold(d);
	if (!err) {
		err = disk_open_device(d, read_only);
		if (err)
			disk_let_go(d);
	}
	if (!err) {
		*out = d;
		return 0;
	}
	if (d->fd >= 0)
		close(d->fd);
	free(d);
	return err;
}

const struct flashwire_disk *disk_facts(const struct disk *disk)
{
	return &disk->facts;
}

bool disk_is_gone(const struct disk *disk)
{
	return disk_number(&disk->board, disk->facts.name, "/size") == 0;
}

/* Waits until a LUN has the disk. init may have none that is free. */
static void disk_await_lun(const struct disk *d)
{
	char path[PATH_SIZE];
	DISK_PATH(path, &d->board, "/run/lun", d->facts.name, "");
	uint64_t end = moment_now() + d->board.offer_time;
	while (!disk_exists(path) && !disk_is_gone(d) && moment_now() < end)
		moment_pause(LUN_PAUSE);
}

void disk_close(struct disk *disk, enum disk_fate fate)
{
	char path[PATH_SIZE];
	if (disk->block)
		ioctl(disk->fd, BLKRRPART);
	close(disk->fd);
	if (fate == DISK_KEEP) /* before it is let go: init looks for both */
		disk_make(DISK_PATH(path, &disk->board, "/run/ejected", disk->facts.name, ""), "");
	disk_let_go(disk);
	if (fate == DISK_OFFER)
		disk_await_lun(disk);
	free(disk);
}

void disk_clean(const struct disk_board *board)
{
	char path[PATH_SIZE], text[TEXT_SIZE];
	snprintf(path, sizeof path, "%s/run/held", board->root);
	DIR *dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (!flashwire_is_name(entry->d_name))
			continue;
		disk_line(DISK_PATH(path, board, "/run/held", entry->d_name, ""), text);
		long pid = strtol(text, NULL, 10);
		if (pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH)
			unlink(path);
	}
	closedir(dir);
}

/* --- transfers */

/* Writes what is at FROM; without that, reads to TO. A full disk writes less than asked; what follows says why. */
static int disk_transfer(struct disk *disk, uint64_t offset, const uint8_t *from, uint8_t *to,
                         size_t n)
{
	for (size_t done = 0; done < n;) {
		off_t at = (off_t)(offset + done);
		ssize_t part = from ? pwrite(disk->fd, from + done, n - done, at)
		                    : pread(disk->fd, to + done, n - done, at);
		if (part < 0 && errno == EINTR)
			continue;
		if (part <= 0)
			return part < 0 ? errno : EIO;
		done += (size_t)part;
	}
	return 0;
}

int disk_write(struct disk *disk, uint64_t offset, const void *from, size_t n)
{
	return disk_transfer(disk, offset, from, NULL, n);
}

int disk_read(struct disk *disk, uint64_t offset, void *to, size_t n)
{
	return disk_transfer(disk, offset, NULL, to, n);
}

/* The kernel takes the disk's own command where that is sure to leave zeros (which discarding is not), and writes
 * otherwise. */
int disk_zero(struct disk *disk, uint64_t offset, uint64_t n)
{
	static const uint8_t zeros[ZERO_SIZE];
	if (disk->block) {
		uint64_t range[] = { offset, n };
		return ioctl(disk->fd, BLKZEROOUT, range) == 0 ? 0 : errno;
	}
	while (n > 0) {
		size_t part = n < sizeof zeros ? (size_t)n : sizeof zeros;
		int err = disk_write(disk, offset, zeros, part);
		if (err)
			return err;
		offset += part;
		n -= part;
	}
	return 0;
}

int disk_sync(struct disk *disk)
{
	return fsync(disk->fd) == 0 ? 0 : errno;
}
