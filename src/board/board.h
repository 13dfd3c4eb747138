/* SPDX-License-Identifier: Apache-2.0 */
/* One board on one USB port, from its boot ROM to the end of its file server, across its re-enumerations. A thread of its
 * own runs straight-line protocol code; the watcher of the bus passes arrivals and departures on its port to it. */
#ifndef BOARD_H
#define BOARD_H

#include "board/postboot.h"
#include "bootdir/bootfiles.h"
#include "report/event.h"
#include "bootdir/enforce.h"
#include "platform/sysfs.h"
#include "report/metadata.h"
#include "report/place_names.h"
#include "report/report.h"
#include "platform/usb.h"

struct board;

enum board_admission {
	BOARD_ADMITTED,
	BOARD_NOT_WANTED,
	BOARD_HELD, /* finished a moment ago: to be asked again later */
};

/* The same for all boards of a run; borrowed. */
struct board_setup {
	struct usb *usb;
	struct report *report;
	const struct bootfiles_places *places;
	struct enforce *enforce;              /* NULL: nobody looks at the files */
	struct metadata_directory *directory; /* -j; NULL: none */
	bool sign;                            /* -s */
	const struct place_names *names;      /* NULL: none */
	uint64_t next_timeout;                /* microseconds a board may take to come back */
	const struct sysfs *sysfs;
	struct postboot_setup after;

	/* Called by a board's thread, when it knows the serial and before it touches anything: is this board wanted? */
	enum board_admission (*admit)(void *ctx, struct board *board);
	/* Called by a board's thread as the last thing. */
	void (*finished)(void *ctx, struct board *board);
	void *ctx;
};

struct board_result {
	bool admitted; /* false: not wanted, or gone before that was known; all else but TAKEN and HELD is void */
	bool forgotten; /* left over from an earlier run and gone: no board at all */
	bool held;      /* not admitted only because it finished a moment ago */
	bool recovery;  /* its boot directory is made for writing EEPROMs */
	uint64_t taken; /* the attach_id of its last arrival that was served or refused */
	enum err err;
	unsigned files;
	uint64_t bytes, duration; /* duration in microseconds from the arrival */
	bool flashed;             /* its disk was written: flash */
	struct flash_figures flash;
};

/* Starts to serve what has arrived; a board that was booted before goes on with what follows the boot. NULL: out of memory or threads. */
struct board *board_new(const struct board_setup *setup, const struct usb_device_info *info);

/* Arrivals and departures on the board's port. Any thread. */
void board_arrived(struct board *board, const struct usb_device_info *info);
void board_left(struct board *board, const struct usb_device_info *info);

/* Something that is no boot stage arrived on its port: what it was booted into. */
void board_became(struct board *board, const struct usb_device_info *info);

/* Ends all its waits on the port; transfers end by usb_interrupt. */
void board_interrupt(struct board *board);

/* Facts: stable from admit on for the board's own thread, and for everybody after finished. */
const struct board_facts *board_facts(const struct board *board);
const struct board_result *board_result(const struct board *board);

/* Joins its thread; only after it called finished. NULL is fine. */
void board_free(struct board *board);

#endif
