/* SPDX-License-Identifier: Apache-2.0 */
/* How the program for direct flashing finds a board's disks and takes them from the gadget's init. The disks are files, and
 * this test is init: mass-storage-gadget/init says what both do. */
#include "flashd/disk.h"
#include "flashd/moment.h"
#include "tap.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct disk_board board;
static char root[32]; /* of the tree that stands for a board's */
static struct flashwire_disk list[FLASHWIRE_DISKS];
_Alignas(4096) static uint8_t buffer[2][8192];

static void path_of(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", root, name);
}

static bool exists(const char *name)
{
	char path[256];
	path_of(path, name);
	return access(path, F_OK) == 0;
}

static void delete (const char *name)
{
	char path[256];
	path_of(path, name);
	unlink(path);
}

static void text(const char *name, const char *value)
{
	char path[256];
	path_of(path, name);
	for (char *c = strchr(path, '/'); c; c = strchr(c + 1, '/')) {
		*c = 0;
		mkdir(path, 0755);
		*c = '/';
	}
	FILE *file = fopen(path, "w");
	if (!file || fputs(value, file) < 0 || fclose(file) != 0)
		TAP_FAIL("%s cannot be written", path);
}

static void add_disk(const char *name, const char *sectors, const char *block)
{
	char file[128], path[256];
	snprintf(file, sizeof file, "sys/block/%s/size", name);
	text(file, sectors);
	snprintf(file, sizeof file, "sys/block/%s/ro", name);
	text(file, "0\n");
	snprintf(file, sizeof file, "sys/block/%s/queue/logical_block_size", name);
	text(file, block);
	snprintf(file, sizeof file, "dev/%s", name);
	text(file, "");
	path_of(path, file);
	if (truncate(path, 1 << 20) != 0)
		TAP_FAIL("no file for %s", name);
}

static void begin(void)
{
	static unsigned count;
	snprintf(root, sizeof root, "board%u", count++);
	board = (struct disk_board){ .root = root };
	text("run/held/.keep", "");
	text("run/lun/.keep", "");
	text("run/ejected/.keep", "");
	add_disk("mmcblk0", "2048\n", "512\n");
	text("sys/block/mmcblk0/device/name", "BJTD4R\n");
	text("sys/block/mmcblk0/device/type", "MMC\n");
	add_disk("nvme0n1", "2048\n", "4096\n");
	text("sys/block/nvme0n1/device/model", "Some NVMe disk                          \n");
	text("run/disks", "mmcblk0 nvme0n1\n");
}

static void lists(void)
{
	begin();
	CHECK_INT(disk_list(&board, list), 2);
	CHECK_STR(list[0].name, "mmcblk0");
	CHECK_STR(list[0].model, "BJTD4R");
	CHECK_INT(list[0].kind, FLASHWIRE_KIND_EMMC);
	CHECK_INT(list[0].sector, 512);
	CHECK_INT(list[0].size, 1 << 20);
	CHECK_INT(list[0].read_only, 0);
	CHECK_STR(list[1].model, "Some NVMe disk");
	CHECK_INT(list[1].kind, FLASHWIRE_KIND_NVME);
	CHECK_INT(list[1].sector, 4096);
	text("sys/block/mmcblk0/device/type", "SD\n");
	text("sys/block/nvme0n1/ro", "1\n");
	CHECK_INT(disk_list(&board, list), 2);
	CHECK_INT(list[0].kind, FLASHWIRE_KIND_SD);
	CHECK_INT(list[1].read_only, 1);
	text("sys/block/mmcblk0/size", "0\n"); /* no medium */
	text("run/disks", "mmcblk0 nvme0n1 sdx\n");
	CHECK_INT(disk_list(&board, list), 1);
	CHECK_STR(list[0].name, "nvme0n1");
	board.read_only = true;
	add_disk("sda", "2048\n", "512\n");
	text("run/disks", "sda\n");
	CHECK_INT(disk_list(&board, list), 1);
	CHECK_INT(list[0].kind, FLASHWIRE_KIND_USB);
	CHECK_INT(list[0].read_only, 1);
	text("run/disks", "\n");
	CHECK_INT(disk_list(&board, list), 0);
}

static void transfers(void)
{
	struct disk *disk = NULL;
	begin();
	CHECK_INT(disk_open(&board, "mmcblk0", false, &disk), 0);
	CHECK(exists("run/held/mmcblk0"));
	CHECK_STR(disk_facts(disk)->name, "mmcblk0");
	memset(buffer[0], 'x', sizeof buffer[0]);
	CHECK_INT(disk_write(disk, 4096, buffer[0], sizeof buffer[0]), 0);
	CHECK_INT(disk_zero(disk, 8192, 512), 0);
	memset(buffer[0] + 4096, 0, 512);
	CHECK_INT(disk_sync(disk), 0);
	CHECK_INT(disk_read(disk, 4096, buffer[1], sizeof buffer[1]), 0);
	CHECK_MEM(buffer[1], buffer[0], sizeof buffer[0]);
	CHECK_INT(disk_read(disk, 1 << 20, buffer[1], 512), EIO); /* the end */
	CHECK(!disk_is_gone(disk));
	text("sys/block/mmcblk0/size", "0\n");
	CHECK(disk_is_gone(disk));
	disk_close(disk, DISK_RETURN);
	CHECK(!exists("run/held/mmcblk0"));
	CHECK(!exists("run/ejected/mmcblk0"));
	text("sys/block/mmcblk0/size", "2048\n");
	CHECK_INT(disk_open(&board, "mmcblk0", true, &disk), 0);
	CHECK_INT(disk_write(disk, 0, buffer[0], 512), EBADF);
	disk_close(disk, DISK_KEEP);
	CHECK(!exists("run/held/mmcblk0"));
	CHECK(exists("run/ejected/mmcblk0"));
}

static void refusals(void)
{
	struct disk *disk;
	begin();
	CHECK_INT(disk_open(&board, "sda", false, &disk), ENOENT);
	text("sys/block/nvme0n1/ro", "1\n");
	CHECK_INT(disk_open(&board, "nvme0n1", false, &disk), EROFS);
	CHECK(!exists("run/held/nvme0n1"));
	text("run/held/mmcblk0", "another program\n");
	CHECK_INT(disk_open(&board, "mmcblk0", false, &disk), EBUSY);
	CHECK(exists("run/held/mmcblk0")); /* is that program's */
	delete ("run/held/mmcblk0");
	delete ("dev/mmcblk0");
	CHECK_INT(disk_open(&board, "mmcblk0", false, &disk), ENOENT);
	CHECK(!exists("run/held/mmcblk0"));
}

/* init: empties the LUN when the disk is held, fills it when it is not. */
static void *play_init(void *arg)
{
	(void)arg;
	while (!exists("run/held/mmcblk0"))
		moment_pause(1);
	delete ("run/lun/mmcblk0");
	while (exists("run/held/mmcblk0"))
		moment_pause(1);
	text("run/lun/mmcblk0", "");
	return NULL;
}

static void hands_over(void)
{
	struct disk *disk = NULL;
	pthread_t init;
	begin();
	board.offer_time = 60000;
	text("run/lun/mmcblk0", "");
	CHECK_INT(pthread_create(&init, NULL, play_init, NULL), 0);
	CHECK_INT(disk_open(&board, "mmcblk0", false, &disk), 0);
	CHECK(!exists("run/lun/mmcblk0"));
	disk_close(disk, DISK_OFFER);
	CHECK(exists("run/lun/mmcblk0"));
	pthread_join(init, NULL);
}

/* What a process left behind that was killed. */
static void cleans(void)
{
	struct disk *disk;
	int status;
	begin();
	pid_t child = fork();
	if (child == 0)
		_exit(disk_open(&board, "mmcblk0", false, &disk));
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(exists("run/held/mmcblk0"));
	text("run/held/nvme0n1", ""); /* of a program that is none of ours */
	CHECK_INT(disk_open(&board, "mmcblk0", false, &disk), EBUSY);
	disk_clean(&board);
	CHECK(!exists("run/held/mmcblk0"));
	CHECK(exists("run/held/nvme0n1"));
	CHECK_INT(disk_open(&board, "mmcblk0", false, &disk), 0);
	disk_clean(&board);
	CHECK(exists("run/held/mmcblk0")); /* this process lives */
	disk_close(disk, DISK_RETURN);
}

int main(void)
{
	tap_enter_scratch();
	RUN(lists);
	RUN(transfers);
	RUN(refusals);
	RUN(hands_over);
	RUN(cleans);
	return tap_end();
}
