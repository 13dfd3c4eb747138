/* SPDX-License-Identifier: Apache-2.0 */
/* directcpu DIRECTORY IMAGE [BOARDS]: flashes the gadget's own program directly, with a file below DIRECTORY as its disk, BOARDS
 * times one after the other, and prints what a board costs the host: "cpu SECONDS" of the board's thread, its kernel time
 * included, but not decoding and compressing the image, which is done once. For benchmarks: sockets cost about what usbfs costs, as both copy. */
#include "fakegadget.h"
#include "flash/flash.h"
#include "flash/medium_direct.h"

#include <stdio.h>
#include <time.h>

static bool is_there(const void *ctx)
{
	(void)ctx;
	return true;
}

static double thread_time(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void see(struct observer *self, const struct event *e)
{
	(void)self;
	if (e->kind == EV_ERROR)
		fprintf(stderr, "%s\n", e->text);
}

static void end(struct observer *self)
{
	(void)self;
}

int main(int argc, char **argv)
{
	static struct board_facts facts;
	struct observer observer = { see, end };
	struct report *report = report_new();
	struct image_setup setup = { .path = argv[2], .spool = argv[1], .report = report };
	struct image *image;
	bool interrupted = false;
	char problem[MEDIUM_PROBLEM];
	long boards = argc > 3 ? strtol(argv[3], NULL, 10) : 1;
	if (argc < 3)
		return 2;
	report_add(report, &observer);
	struct flash f = { .steps = { .report = report,
		                      .board = &facts,
		                      .monitor = plat_monitor_new(),
		                      .interrupted = &interrupted },
		           .verify = true,
		           .disk_name = "mmcblk0" };
	if (image_open(&setup, &image) != OK)
		return 1;
	f.image = image;
	if (flash_await_image(&f) != OK)
		return 1;
	const struct spool *spool = image_spool(image);
	gadget_make(argv[1]);
	gadget_add_disk("mmcblk0", (spool_size(spool) / SPOOL_CHUNK + 2) * SPOOL_CHUNK);
	double best = 1e9;
	for (long i = 0; i < boards; i++) {
		struct usb_handle *handle;
		struct direct *session;
		struct medium *medium;
		struct usb_pipes pipes;
		double start = thread_time();
		usb_find_pipes(&gadget_bus, &gadget_info, FLASHWIRE_CLASS, FLASHWIRE_SUBCLASS,
		               &pipes);
		if (usb_open(&gadget_bus, &gadget_info, &handle) ||
		    direct_begin(handle, &pipes, &session, problem))
			return 1;
		struct medium_direct_setup how = { .session = session,
			                           .disk = &direct_info(session)->disks[0],
			                           .keep = true,
			                           .is_there = is_there };
		if (medium_direct_open(&how, spool, &medium, problem) != OK) {
			fprintf(stderr, "%s\n", problem);
			return 1;
		}
		if (flash_write(&f, medium) != OK)
			return 1;
		medium->ops->close(medium);
		direct_end(session);
		double time = thread_time() - start;
		best = time < best ? time : best;
	}
	printf("cpu %.3f\nimage %llu\n", best, (unsigned long long)spool_size(spool));
	image_free(image);
	plat_monitor_free(f.steps.monitor);
	report_free(report);
	return 0;
}
