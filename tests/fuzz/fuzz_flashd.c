/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes from a host to the board's program for direct flashing: the session ends, with the disk closed, and no transfer
 * reaches outside of the disk or breaks the rules of O_DIRECT. */
#define _GNU_SOURCE /* memfd_create */
#include "flashd/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DISK_SIZE (5u << 20)
#define SECTOR    4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct disk {
	struct flashwire_disk facts;
	bool open, read_only;
	uint8_t bytes[DISK_SIZE];
};
static struct disk the_disk = { .facts = { .name = "mmcblk0",
	                                   .kind = FLASHWIRE_KIND_SD,
	                                   .sector = SECTOR,
	                                   .size = DISK_SIZE } };

static void require(bool condition)
{
	if (!condition)
		abort();
}

size_t disk_list(const struct disk_board *board, struct flashwire_disk out[FLASHWIRE_DISKS])
{
	(void)board;
	out[0] = the_disk.facts;
	return 1;
}

int disk_open(const struct disk_board *board, const char *name, bool read_only, struct disk **out)
{
	(void)board;
	require(!the_disk.open && flashwire_is_name(name));
	if (strcmp(name, the_disk.facts.name) != 0)
		return ENOENT;
	the_disk.open = true;
	the_disk.read_only = read_only;
	*out = &the_disk;
	return 0;
}

const struct flashwire_disk *disk_facts(const struct disk *disk)
{
	return &disk->facts;
}

bool disk_is_gone(const struct disk *disk)
{
	return !disk->open;
}

static void check_transfer(const struct disk *disk, uint64_t offset, uint64_t n, const void *buffer)
{
	require(disk->open && n > 0 && offset % SECTOR == 0 && n % SECTOR == 0);
	require((uintptr_t)buffer % SECTOR == 0 && n <= DISK_SIZE && offset <= DISK_SIZE - n);
}

int disk_write(struct disk *disk, uint64_t offset, const void *from, size_t n)
{
	check_transfer(disk, offset, n, from);
	require(!disk->read_only);
	memcpy(disk->bytes + offset, from, n);
	return 0;
}

int disk_zero(struct disk *disk, uint64_t offset, uint64_t n)
{
	check_transfer(disk, offset, n, NULL);
	require(!disk->read_only);
	memset(disk->bytes + offset, 0, n);
	return 0;
}

int disk_read(struct disk *disk, uint64_t offset, void *to, size_t n)
{
	check_transfer(disk, offset, n, to);
	memcpy(to, disk->bytes + offset, n);
	return 0;
}

int disk_sync(struct disk *disk)
{
	require(disk->open);
	return 0;
}

void disk_close(struct disk *disk, enum disk_fate fate)
{
	(void)fate;
	require(disk->open);
	disk->open = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int in = memfd_create("host", 0), out = open("/dev/null", O_WRONLY);
	require(in >= 0 && out >= 0 && write(in, data, size) == (ssize_t)size);
	lseek(in, 0, SEEK_SET);
	signal(SIGPIPE, SIG_IGN);
	struct session_setup setup = {
		.in = in, .out = out, .serial = "", .model = "", .idle = SESSION_IDLE
	};
	require(session_run(&setup) != SESSION_FAILED && !the_disk.open);
	close(in);
	close(out);
	return 0;
}
