/* SPDX-License-Identifier: Apache-2.0 */
/* Both ends of direct flashing with each other: the host's medium, and the sessions of the program on the board with files
 * as disks. What is in the files afterwards is compared. */
#include "fakegadget.h"
#include "flash/backup.h"
#include "flash/flash.h"
#include "flash/medium_direct.h"
#include "tap.h"

#include <openssl/evp.h>

#define MIB       ((size_t)1 << 20)
#define CHUNKS    70 /* more than one HASH covers */
#define LAST_SIZE (5 * 512 + 100)
#define SIZE      ((CHUNKS - 1) * MIB + LAST_SIZE)
#define DISK_SIZE (80 * MIB)

static uint8_t *content, *disk;
static struct spool *spool;
static struct plat_monitor *monitor;
static bool interrupted;
static char scratch[200];

/* Holes of one and of many chunks, data that compresses and data that does not. */
static void make_spool(void)
{
	uint32_t x = 1;
	content = calloc(CHUNKS, MIB);
	disk = malloc(DISK_SIZE);
	for (size_t i = 0; i < SIZE; i++) {
		size_t chunk = i / MIB;
		x = x * 1664525 + 1013904223;
		if (chunk < 4 || chunk % 10 == 3 || chunk > 66)
			content[i] = (uint8_t)(chunk % 2 ? x >> 24 : x >> 29);
	}
	if (spool_open(scratch, &spool) != 0)
		exit(1);
	for (size_t i = 0; i < CHUNKS; i++) {
		size_t n = i + 1 == CHUNKS ? LAST_SIZE : MIB;
		uint8_t *buffer = spool_buffer(spool);
		memcpy(buffer, content + i * MIB, n);
		spool_put(spool, buffer, n);
	}
	if (spool_finish(spool) != 0)
		exit(1);
}

static void read_disk(const char *name)
{
	char path[500];
	snprintf(path, sizeof path, "%s/dev/%s", gadget.root, name);
	FILE *f = fopen(path, "r");
	if (!f || fread(disk, 1, DISK_SIZE, f) == 0)
		exit(1);
	fclose(f);
}

/* A disk that is in use: no byte of it is zero. */
static void fill_disk(const char *name, size_t size)
{
	char path[500];
	memset(disk, 0xd5, size);
	snprintf(path, sizeof path, "%s/dev/%s", gadget.root, name);
	FILE *f = fopen(path, "w");
	if (!f || fwrite(disk, 1, size, f) != size || fclose(f) != 0)
		exit(1);
}

static void begin_with(size_t size)
{
	char root[300];
	snprintf(root, sizeof root, "%s/board", scratch);
	gadget_make(root);
	gadget_add_disk("mmcblk0", size);
	fill_disk("mmcblk0", size);
	interrupted = false;
}

static void begin(void)
{
	begin_with(DISK_SIZE);
}

/* --- the host */

static struct direct *session;
static char problem[MEDIUM_PROBLEM];

static enum err greet(void)
{
	struct usb_handle *handle;
	enum err err = usb_open(&gadget_bus, &gadget_info, &handle);
	static struct usb_pipes pipes;
	usb_find_pipes(&gadget_bus, &gadget_info, FLASHWIRE_CLASS, FLASHWIRE_SUBCLASS, &pipes);
	return err ? err : direct_begin(handle, &pipes, &session, problem);
}

static bool is_there(const void *ctx)
{
	(void)ctx;
	return !gadget.gone;
}

static enum err open_medium(const struct spool *from, size_t index, bool keep, struct medium **out)
{
	struct medium_direct_setup setup = { .session = session,
		                             .disk = &direct_info(session)->disks[index],
		                             .keep = keep,
		                             .is_there = is_there };
	return medium_direct_open(&setup, from, out, problem);
}

static struct flash the_flash(struct report *report)
{
	static struct board_facts facts;
	return (struct flash){ .steps = { .report = report,
		                          .board = &facts,
		                          .monitor = monitor,
		                          .interrupted = &interrupted },
		               .verify = true,
		               .disk_name = "mmcblk0" };
}

/* All of it, in a session of its own. */
static enum err flash(bool keep)
{
	struct report *report = report_new();
	struct flash f = the_flash(report);
	struct medium *medium = NULL;
	enum err err = greet();
	if (!err && session)
		err = open_medium(spool, 0, keep, &medium);
	if (!err && medium) {
		err = flash_write(&f, medium);
		medium->ops->close(medium);
	}
	direct_end(session);
	session = NULL;
	report_free(report);
	return err;
}

/* --- tests */

static void describes_the_board(void)
{
	begin();
	gadget_add_disk("nvme0n1", 4 * MIB);
	CHECK_INT(greet(), OK);
	const struct flashwire_info *info = direct_info(session);
	CHECK_INT(info->count, 2);
	CHECK_STR(info->disks[0].name, "mmcblk0");
	CHECK_INT(info->disks[0].size, DISK_SIZE);
	CHECK_INT(info->disks[1].kind, FLASHWIRE_KIND_NVME);
	CHECK_STR(info->serial, "10000000e3f1a2b4");
	direct_end(session);
}

static void writes_what_the_image_holds(void)
{
	begin();
	CHECK_INT(flash(false), OK);
	read_disk("mmcblk0");
	CHECK(memcmp(disk, content, SIZE) == 0);
	size_t end = (SIZE + 511) / 512 * 512;
	for (size_t i = SIZE; i < end; i++)
		CHECK_INT(disk[i], 0);
	CHECK_INT(disk[end], 0xd5); /* behind it nothing is written */
	CHECK_INT(disk[DISK_SIZE - 1], 0xd5);
}

/* A hole costs a header, not its bytes. */
static void sends_a_fraction_of_it(void)
{
	begin();
	CHECK_INT(flash(true), OK);
	uint64_t stored = spool_used(spool);
	CHECK(gadget.out_bytes < stored + stored / 100 + 16384);
	CHECK(gadget.in_bytes < 65536);
}

static void erases_a_backup_of_the_table(void)
{
	char path[500];
	begin();
	snprintf(path, sizeof path, "%s/dev/mmcblk0", gadget.root);
	FILE *f = fopen(path, "r+");
	if (!f || fseek(f, (long)(DISK_SIZE - 512), SEEK_SET) != 0 || fputs("EFI PART", f) < 0 ||
	    fclose(f) != 0)
		exit(1);
	CHECK_INT(flash(false), OK);
	read_disk("mmcblk0");
	for (size_t i = DISK_SIZE - MIB; i < DISK_SIZE; i++)
		if (disk[i] != 0) {
			TAP_FAIL("byte %zu is %02x", i, disk[i]);
			break;
		}
	CHECK_INT(disk[DISK_SIZE - MIB - 1], 0xd5);
}

static void refuses_a_disk_that_is_too_small(void)
{
	struct medium *medium;
	begin_with(SIZE / MIB * MIB);
	CHECK_INT(greet(), OK);
	CHECK_INT(open_medium(spool, 0, false, &medium), ERR_DISK_TOO_SMALL);
	CHECK(strstr(problem, "mmcblk0: the board says: ") == problem);
	direct_end(session);
}

static void reads_the_disk(void)
{
	struct medium *medium;
	uint8_t *back = malloc(DISK_SIZE);
	begin();
	CHECK_INT(flash(false), OK);
	CHECK_INT(greet(), OK);
	CHECK_INT(open_medium(NULL, 0, true, &medium), OK);
	for (size_t at = 0; at < DISK_SIZE && !tap_failed; at += MIB)
		CHECK_INT(medium->ops->read(medium, at, back + at, MIB), OK);
	/* out of order, too */
	CHECK_INT(medium->ops->read(medium, 3 * MIB, back + 3 * MIB, MIB), OK);
	CHECK_INT(medium->ops->read(medium, 20 * MIB, back + 20 * MIB, MIB), OK);
	medium->ops->publish(medium);
	medium->ops->close(medium);
	direct_end(session);
	read_disk("mmcblk0");
	CHECK(memcmp(disk, back, DISK_SIZE) == 0);
	free(back);
}

static void copies_the_disk(void)
{
	struct report *report = report_new();
	struct flash f = the_flash(report);
	struct medium *medium;
	char path[500], line[100] = "", hex[65];
	uint8_t digest[32];
	begin();
	CHECK_INT(flash(false), OK);
	CHECK_INT(greet(), OK);
	CHECK_INT(open_medium(NULL, 0, true, &medium), OK);
	CHECK_INT(backup_write(&f, medium, scratch, "10000000e3f1a2b4"), OK);
	medium->ops->close(medium);
	direct_end(session);
	read_disk("mmcblk0");
	EVP_Digest(disk, DISK_SIZE, digest, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(path, sizeof path, "%s/10000000e3f1a2b4.img.sha256", scratch);
	FILE *sum = fopen(path, "r");
	CHECK(sum && fgets(line, sizeof line, sum) && strncmp(line, hex, 64) == 0);
	if (sum)
		fclose(sum);
	report_free(report);
}

static bool has_table(void)
{
	read_disk("mmcblk0");
	return disk[0] != 0 || memcmp(disk, disk + 1, MIB - 1) != 0;
}

static void leaves_a_lost_board_without_a_table(void)
{
	begin();
	gadget.leave_after = spool_used(spool) / 2;
	CHECK_INT(flash(false), ERR_BOARD_LOST);
	CHECK(!has_table());
}

/* INFO after OPEN says the same as before (docs/flash-protocol.md, section 4). */
static void refuses_another_disk_of_the_name(void)
{
	char path[500];
	struct medium *medium;
	begin();
	CHECK_INT(greet(), OK);
	snprintf(path, sizeof path, "%s/sys/block/mmcblk0/device", gadget.root);
	mkdir(path, 0755); /* or it is there */
	snprintf(path, sizeof path, "%s/sys/block/mmcblk0/device/name", gadget.root);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs("OTHER\n", f) >= 0 && fclose(f) == 0);
	CHECK_INT(open_medium(spool, 0, false, &medium), ERR_DISK_IDENTITY);
	CHECK(strstr(problem, "OTHER") != NULL);
	direct_end(session);
}

/* An interrupt is seen between two chunks; the board is told to close the disk. */
static void ends_at_an_interrupt(void)
{
	begin();
	interrupted = true;
	CHECK_INT(flash(false), ERR_INTERRUPTED);
	CHECK_INT(gadget.begins, 2);
	CHECK(!has_table());
	begin(); /* and while it waits for the board */
	gadget.interrupted = true;
	CHECK_INT(flash(false), ERR_INTERRUPTED);
	begin();
	CHECK_INT(flash(false), OK);
}

int main(void)
{
	const char *t = getenv("T");
	snprintf(scratch, sizeof scratch, "%s", t ? t : "/tmp");
	monitor = plat_monitor_new();
	make_spool();
	RUN(describes_the_board);
	RUN(writes_what_the_image_holds);
	RUN(sends_a_fraction_of_it);
	RUN(erases_a_backup_of_the_table);
	RUN(refuses_a_disk_that_is_too_small);
	RUN(refuses_another_disk_of_the_name);
	RUN(reads_the_disk);
	RUN(copies_the_disk);
	RUN(leaves_a_lost_board_without_a_table);
	RUN(ends_at_an_interrupt);
	spool_free(spool);
	plat_monitor_free(monitor);
	free(content);
	free(disk);
	return tap_end();
}
