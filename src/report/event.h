/* SPDX-License-Identifier: Apache-2.0 */
/* What happened, as a tagged struct. Every observer (plain lines, live view, JSON) gets the same stream. Strings live
 * only during the call. Names and serials come from boards: observers escape them. */
#ifndef EVENT_H
#define EVENT_H

#include "base/bootfile_source.h"
#include "base/chip.h"
#include "base/device_id.h"
#include "base/err.h"
#include "platform/usb.h"

#include <stdint.h>

struct summary;

/* Who a board is, as far as known yet. */
struct board_facts {
	char path[USB_PATH_SIZE];
	const char *place; /* its path's name (--names), which outlives the run; NULL: none */
	/* base/serial.h; "" unknown. The file server's own names the metadata file. */
	char serial[USB_STRING_SIZE], server_serial[USB_STRING_SIZE];
	const struct chip *chip;
	uint8_t serial_index;
	enum stage stage;
};

enum event_kind {
	EV_START,           /* of the run: text is the version line */
	EV_WAITING,         /* for a board, or (board set) for its next stage */
	EV_ATTACHED,        /* a board of ours is on the bus */
	EV_STAGE,           /* it was opened; facts.stage says what talks to us */
	EV_DIRECTORY,       /* where: the default directory that is tried for this board */
	EV_ARCHIVE,         /* where: the bootfiles.bin that is used for this board */
	EV_SOURCE,          /* name comes from: where, source; before its first use */
	EV_STATUS,          /* the ROM's return code (code) */
	EV_STATUS_NONE,     /* no return code came (err says why): not a failure */
	EV_FILE_SIZE,       /* name's size was sent to the board */
	EV_FILE_BEGIN,      /* name's bytes are about to go out */
	EV_FILE_PROGRESS,   /* done of size bytes are out */
	EV_FILE_END,        /* all are out */
	EV_FILE_ABSENT,     /* the board asked for name, which is not there */
	EV_METADATA,        /* name = text, as the board says */
	EV_METADATA_FILE,   /* written: where */
	EV_METADATA_OUTPUT, /* metadata: to be printed, as there is no file for it */
	EV_SERVED,          /* the board ended its session: Done */
	EV_DISK_WAIT,       /* its disks are waited for */
	EV_STAGE_WAIT,      /* it is to become the stage name (a code) */
	EV_STAGE_REACHED, /* it is the stage name; where: serial ("" unknown), code: 1: it was already */
	EV_DISK,          /* its disk: name, size, text: model, where: serial ("" unknown) */
	EV_IMAGE, /* decoded: name, text: format, size, bytes: of the file, where: SHA-256 (NULL: not asked), duration */
	EV_IMAGE_WAIT, /* the board waits for the image */
	EV_FLASH, /* its disk is about to be written: name, text: the board's own name, topic: direct or disk, size, bytes: image */
	EV_FLASH_PROGRESS, /* step; done of size bytes (0: unknown) in duration */
	EV_FLASH_WRITTEN, /* all but the first MiB is written: bytes, duration; the board's cache is next */
	EV_FLASH_END, /* written, and verified if asked for: name, topic, flash */
	EV_BACKUP, /* its disk is about to be read: name, text, topic as in EV_FLASH, size; where: the file */
	EV_BACKUP_END, /* name: the file, size, bytes: of the file, where: SHA-256 of the disk, duration */
	EV_EJECTED,   /* its disk: name */
	EV_EXEC,      /* the program name is about to run for the board */
	EV_EXEC_END,  /* it has ended: code (exit status), err, duration (its own) */
	EV_DIAGNOSIS, /* err (or OK) explained: topic, text, where, explain, advice */
	EV_NOTICE,    /* text: worth knowing, nothing wrong */
	EV_WARNING,   /* topic, text */
	EV_ERROR,     /* err, text: what; the board's or the run's end follows */
	EV_RESULT, /* the board is finished: err (OK: success), files, bytes, duration, flash (NULL: nothing written) */
	EV_DEBUG,  /* text; level 1 or 2 */
	EV_SUMMARY, /* the run is over: summary, and code, its exit status */
};

struct metadata;

enum flash_step { FLASH_WRITE, FLASH_SETTLE, FLASH_VERIFY, FLASH_READ };

/* What a verify has read. */
enum flash_checked {
	FLASH_CHECKED_NONE,
	FLASH_CHECKED_CACHE,  /* perhaps the board's memory */
	FLASH_CHECKED_MEDIUM, /* the disk itself */
};

struct flash_figures {
	uint64_t bytes;                 /* of the image */
	uint64_t write, settle, verify; /* microseconds */
	enum flash_checked checked;
};

struct event {
	enum event_kind kind;
	const struct board_facts *board; /* NULL: concerns the run */
	const char *name, *where, *text, *explain, *advice;
	const char *topic; /* a stable word for machines */
	const struct metadata *metadata;
	const struct summary *summary;
	const struct flash_figures *flash;
	enum flash_step step;
	enum bootfile_source source;
	uint64_t size, done; /* bytes */
	uint32_t code;
	enum err err;
	unsigned files;
	uint64_t bytes, duration; /* of the whole visit; microseconds */
	int level;
	uint64_t time; /* plat_now, set by report_emit */
};

#endif
