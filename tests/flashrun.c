/* SPDX-License-Identifier: Apache-2.0 */
/* flashrun [-n] [-s DIR] IMAGE DEVICE...: flashes block devices as rpiboot flashes the disks of boards, all at the same
 * time, each in a thread of its own, with a sysfs of its own in which each DEVICE is the disk of a board. For tests and
 * benchmarks on machines without USB: loop devices. -n: without verifying; -s: the spool's directory.
 * Prints "DEVICE CODE WRITE SETTLE VERIFY" for each, in seconds, and "image DECODED". */
#include "fakemachine.h"
#include "flash/flash.h"
#include "flash/medium_disk.h"
#include "platform/plat_disk.h"

#define DEVICES 64

struct board {
	struct image *image;
	struct report *report;
	struct plat_monitor *monitor;
	struct board_facts facts;
	const char *device;
	struct sysfs_disk disk;
	bool verify;
	enum err err;
	struct flash_figures figures;
};

static bool interrupted;

/* Shows DEVICE on port 1-NUMBER. */
static bool show(struct board *b, unsigned number)
{
	struct plat_disk *disk;
	struct plat_disk_facts facts;
	char port[16], place[200];
	const char *name = strrchr(b->device, '/') + 1;
	if (plat_disk_open(&disk, b->device, false) != 0)
		return false;
	int err = plat_disk_facts(disk, &facts);
	plat_disk_close(disk);
	if (err)
		return false;
	snprintf(port, sizeof port, "1-%u", number);
	snprintf(place, sizeof place, "devices/usb1/%s/%s:1.0/block/%.50s", port, port, name);
	fake_device(port, 0x0a5c, 0x0104, number, 3, "0000000012345678");
	fake_text(fake_path("%s/%s/size", fake_sys, place),
	          fake_path("%llu\n", (unsigned long long)facts.size / 512));
	fake_text(fake_path("%s/%s/diskseq", fake_sys, place),
	          fake_path("%llu\n", (unsigned long long)facts.sequence));
	fake_link(fake_path("%s/block/%s", fake_sys, name), fake_path("../%s", place));
	fake_link(fake_path("%s/dev/block/%u:%u", fake_sys, facts.major, facts.minor),
	          fake_path("../../%s", place));
	memcpy(b->facts.path, port, strlen(port) + 1);
	struct sysfs_disk disks[SYSFS_DISKS];
	if (sysfs_disks(&fake, port, disks) != 1)
		return false;
	b->disk = disks[0];
	return true;
}

static void run(void *arg)
{
	struct board *b = arg;
	struct flash f = {
		.steps = { .report = b->report,
		           .board = &b->facts,
		           .monitor = b->monitor,
		           .interrupted = &interrupted },
		.image = b->image,
		.verify = b->verify,
		.disk_name = "mmcblk0",
	};
	struct medium_disk_setup setup = {
		.sysfs = &fake, .path = b->facts.path, .serial = "", .disk = &b->disk, .write = true
	};
	struct medium *medium;
	char problem[MEDIUM_PROBLEM];
	b->err = flash_await_image(&f);
	if (!b->err) {
		b->err = medium_disk_open(&setup, image_spool(b->image), &medium, problem);
		if (b->err)
			fprintf(stderr, "%s: %s\n", b->device, problem);
	}
	if (b->err)
		return;
	b->err = flash_write(&f, medium);
	b->figures = f.figures;
	medium->ops->close(medium);
}

static void see(struct observer *self, const struct event *e)
{
	(void)self;
	if (e->kind == EV_IMAGE)
		printf("image %.2f\n", (double)e->duration / 1e6);
	if (e->kind == EV_ERROR || e->kind == EV_WARNING || e->kind == EV_NOTICE)
		fprintf(stderr, "%s: %s\n", e->board ? e->board->path : "-", e->text);
}

static void end(struct observer *self)
{
	(void)self;
}

int main(int argc, char **argv)
{
	struct observer observer = { see, end };
	struct image_setup setup = { .report = report_new() };
	struct board boards[DEVICES];
	struct plat_thread *threads[DEVICES];
	bool verify = true, good = true;
	int opt, n = 0;
	while ((opt = getopt(argc, argv, "ns:")) != -1) {
		if (opt == 'n')
			verify = false;
		else if (opt == 's')
			setup.spool = optarg;
		else
			return 2;
	}
	if (argc - optind < 2 || argc - optind > DEVICES + 1)
		return 2;
	setup.path = argv[optind++];
	report_add(setup.report, &observer);
	fake_machine();
	struct image *image;
	if (image_open(&setup, &image) != OK)
		return 1;
	for (; optind < argc; optind++, n++) {
		boards[n] = (struct board){ .image = image,
			                    .report = setup.report,
			                    .verify = verify,
			                    .device = argv[optind],
			                    .monitor = plat_monitor_new() };
		if (!show(&boards[n], (unsigned)n + 1)) {
			fprintf(stderr, "%s: no such disk\n", argv[optind]);
			return 1;
		}
	}
	for (int i = 0; i < n; i++)
		threads[i] = plat_thread_start(run, &boards[i]);
	for (int i = 0; i < n; i++) {
		plat_thread_join(threads[i]);
		plat_monitor_free(boards[i].monitor);
		printf("%s %s %.2f %.2f %.2f\n", boards[i].device, err_code(boards[i].err),
		       (double)boards[i].figures.write / 1e6,
		       (double)boards[i].figures.settle / 1e6,
		       (double)boards[i].figures.verify / 1e6);
		good = good && !boards[i].err;
	}
	image_free(image);
	report_free(setup.report);
	return good ? 0 : 1;
}
