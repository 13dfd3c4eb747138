/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/backup.h"
#include "tap.h"

#include <sys/stat.h>

#define DISK_SIZE (3 * SPOOL_CHUNK + 5 * 512)

/* --- a disk in memory */

static uint8_t *disk;
static unsigned reads, fail_at, interrupt_at;
static bool interrupted;

static enum err fake_read(struct medium *m, uint64_t offset, void *to, size_t n)
{
	CHECK(offset % 4096 == 0 && offset + n <= DISK_SIZE);
	if (++reads == interrupt_at)
		interrupted = true;
	if (reads == fail_at) {
		snprintf(m->problem, sizeof m->problem, "made to fail");
		return ERR_DISK_READ;
	}
	memcpy(to, disk + offset, n);
	return OK;
}

static const struct medium_ops fake_ops = { .read = fake_read };

/* --- what was reported */

struct witness {
	struct observer observer;
	enum err err;
	unsigned errors, begins, ends;
	uint64_t size, bytes, done;
	char name[200], where[100];
};

static struct witness w;

static void witness_see(struct observer *self, const struct event *e)
{
	(void)self;
	if (e->kind == EV_ERROR) {
		w.errors++;
		w.err = e->err;
	}
	w.begins += e->kind == EV_BACKUP;
	if (e->kind == EV_FLASH_PROGRESS && e->step == FLASH_READ)
		w.done = e->done;
	if (e->kind == EV_BACKUP_END) {
		w.ends++;
		w.size = e->size;
		w.bytes = e->bytes;
		snprintf(w.name, sizeof w.name, "%s", e->name);
		snprintf(w.where, sizeof w.where, "%s", e->where);
	}
}

static void witness_end(struct observer *self)
{
	(void)self;
}

static enum err back_up(const char *directory)
{
	static const struct board_facts facts = { .path = "1-1" };
	struct medium m = { .ops = &fake_ops, .size = DISK_SIZE, .name = "/dev/sdz" };
	struct flash f = { .disk_name = "mmcblk0" };
	f.steps.report = report_new();
	f.steps.board = &facts;
	f.steps.monitor = plat_monitor_new();
	f.steps.interrupted = &interrupted;
	w = (struct witness){ .observer = { witness_see, witness_end } };
	report_add(f.steps.report, &w.observer);
	reads = 0;
	interrupted = false;
	enum err err = backup_write(&f, &m, directory, "10000000b29d2da0");
	report_free(f.steps.report);
	plat_monitor_free(f.steps.monitor);
	return err;
}

static bool is_empty(const char *directory)
{
	char command[100];
	snprintf(command, sizeof command, "test -z \"$(ls -A %s)\"", directory);
	return system(command) == 0;
}

/* Read back by the programs that people have. */
static void whole_disk(void)
{
	struct stat st = { 0 };
	fail_at = interrupt_at = 0;
	mkdir("out", 0755);
	CHECK_INT(back_up("out"), OK);
	CHECK_INT(w.begins + w.ends, 2);
	CHECK_INT(w.size, DISK_SIZE);
	CHECK_STR(w.name, "out/10000000b29d2da0.img.zst");
	CHECK_INT(stat(w.name, &st), 0);
	CHECK_INT(w.bytes, st.st_size);
	CHECK(w.bytes < DISK_SIZE);
	FILE *f = fopen("disk", "wb");
	CHECK(f && fwrite(disk, 1, DISK_SIZE, f) == DISK_SIZE && fclose(f) == 0);
	if (system("command -v zstd >/dev/null") == 0)
		CHECK_INT(system("zstd -dcq out/10000000b29d2da0.img.zst | cmp - disk"), 0);
	CHECK_INT(
		system("mv disk 10000000b29d2da0.img && sha256sum --status -c out/10000000b29d2da0.img.sha256"),
		0);
	CHECK_INT(system("rm -r out"), 0);
}

static void fails_on_the_way(void)
{
	mkdir("none", 0755);
	for (fail_at = 1; fail_at <= 4; fail_at++) {
		CHECK_INT(back_up("none"), ERR_DISK_READ);
		CHECK_INT(w.errors, 1);
		CHECK(is_empty("none"));
	}
	fail_at = 0;
	for (interrupt_at = 1; interrupt_at <= 3; interrupt_at++) {
		CHECK_INT(back_up("none"), ERR_INTERRUPTED);
		CHECK_INT(w.errors + w.ends, 0);
		CHECK(is_empty("none"));
	}
	interrupt_at = 0;
	CHECK_INT(back_up("nowhere"), ERR_BACKUP);
	CHECK_INT(w.errors, 1);
	CHECK_INT(w.begins, 0);
}

/* Boards with one serial number on two ports are two boards, whichever is first, and also after it has ended. */
static void one_name_for_each_board(void)
{
	static const char serial[] = "10000000b29d2da0";
	struct backup_names *names = backup_names_new();
	CHECK(names != NULL);
	CHECK_STR(backup_names_claim(names, serial, "1-1.2"), serial);
	CHECK_STR(backup_names_claim(names, serial, "1-1.3"), "10000000b29d2da0-1-1.3");
	CHECK_STR(backup_names_claim(names, serial, "1-1.4"), "10000000b29d2da0-1-1.4");
	CHECK_STR(backup_names_claim(names, serial, "1-1.3"), "10000000b29d2da0-1-1.3");
	CHECK_STR(backup_names_claim(names, serial, "1-1.2"), serial);
	CHECK_STR(backup_names_claim(names, "", "1-1.2"), "1-1.2");
	CHECK_STR(backup_names_claim(names, "10000000b29d2da1", "1-1.2"), "10000000b29d2da1");
	backup_names_free(names);
}

int main(void)
{
	tap_enter_scratch();
	disk = calloc(1, DISK_SIZE);
	for (size_t i = 0; i < SPOOL_CHUNK; i++)
		disk[i] = (uint8_t)(i * i >> 8);
	memset(disk + DISK_SIZE - 100, 'x', 100);
	RUN(whole_disk);
	RUN(fails_on_the_way);
	RUN(one_name_for_each_board);
	free(disk);
	return tap_end();
}
