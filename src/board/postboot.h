/* SPDX-License-Identifier: Apache-2.0 */
/* What is done for a board once it was served: wait for the disks that appear on its port (--wait-disk), run the
 * operator's program (--exec; its variables: rpiboot(1)). Runs in the board's own thread: boards do not wait for each
 * other. */
#ifndef POSTBOOT_H
#define POSTBOOT_H

#include "report/event.h"
#include "platform/sysfs.h"
#include "platform/plat.h"
#include "report/report.h"

#include <stdbool.h>

struct image;

/* --via: the way to a board's disk. */
enum flash_via {
	VIA_AUTO,   /* direct where the board offers it, otherwise as a disk */
	VIA_DIRECT, /* the program on the board writes it */
	VIA_DISK,   /* it is a disk of the host */
};

/* What is to be done with a board's disk (postflash.h); all strings are borrowed. */
struct postboot_flash {
	struct image *image;               /* --flash; NULL: none */
	const char *backup;                /* --backup, a directory; NULL: none */
	struct backup_names *backup_names; /* with it */
	const char *target;                /* --target; NULL: the only disk */
	enum flash_via via;
	bool verify, eject;
	bool named;      /* the operator chose boards by path or serial number */
	uint64_t newest; /* the highest disk sequence number when the run began; 0: unknown */
};

/* The same for all boards of a run. */
struct postboot_setup {
	uint64_t disk_time; /* microseconds; 0: do not wait for disks */
	enum stage
		stage; /* --wait-for (poststage.h): STAGE_FASTBOOT, STAGE_BOOT_ROM; STAGE_NONE: none */
	uint64_t stage_time; /* microseconds */
	bool named_each; /* the operator named each board: one that needs no boot any more is taken */
	const char *program;   /* NULL: none */
	bool output_to_stderr; /* the program's output must not mix with ours */
	struct postboot_flash flash;
};

struct postboot {
	/* borrowed, set by the caller */
	const struct postboot_setup *setup;
	const struct sysfs *sysfs;
	struct usb *usb;
	struct report *report;
	const struct board_facts *board;
	struct plat_monitor *monitor; /* wakes all waits; protects: */
	const bool *interrupted;
	const bool *restarted; /* the board is back in USB boot mode: no disk will come */
	bool booted;           /* by this run */
	const struct usb_device_info
		*became; /* what is on its port instead; attach_id 0: nothing */
	uint64_t
		deadline; /* for its disks, or its program for flashing, to come; 0: disk_time from now */

	/* set by postboot_disks */
	struct sysfs_disk disks[SYSFS_DISKS];
	size_t disk_count;
};

/* How the board fared, for the program. */
struct postboot_result {
	enum err err;
	unsigned files;
	uint64_t bytes, duration;
	const char *metadata;     /* path of its metadata file; NULL: none */
	const char *disk, *flash; /* the disk that was chosen, and what became of it; "": none */
};

/* Waits until the board's port shows disks of size > 0 and none new for a second; reports each. ERR_NO_DISK (reported; at
 * once when the board has restarted; disks of a board that was not booted by this run are complete at once),
 * ERR_INTERRUPTED. Without disk_time: OK. */
enum err postboot_disks(struct postboot *a);

/* The serial number of the board: its boot ROM's, or, where that reported none, that of what was booted, in TEXT. */
const char *postboot_serial(const struct postboot *a, char text[SYSFS_TEXT]);

/* Reports ERR: the board is back in USB boot mode. */
void postboot_report_restart(const struct postboot *a, enum err err);

/* Waits likewise for a disk that was written directly, for TIME: it is no error if no disk comes. */
void postboot_look(struct postboot *a, uint64_t time);

/* Reports that no disk came. ERR_NO_DISK. */
enum err postboot_no_disk(const struct postboot *a);

/* Runs the program, if there is one. ERR_EXEC (reported), ERR_INTERRUPTED: it was ended, or not begun. */
enum err postboot_exec(const struct postboot *a, const struct postboot_result *result);

#endif
