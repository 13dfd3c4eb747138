/* SPDX-License-Identifier: Apache-2.0 */
/* Every error, with its text and its stable code; report/outcome.h has advice and exit status. Functions return enum err;
 * the function that knows path, transfer and reason reports it once, callers return it. */
#ifndef ERR_H
#define ERR_H

#include <stdbool.h>

enum err {
	OK = 0,

	/* before a board is touched */
	ERR_USAGE,       /* wrong arguments */
	ERR_MEMORY,      /* out of memory */
	ERR_USB_INIT,    /* libusb does not start */
	ERR_INTERRUPTED, /* Ctrl-C or SIGTERM */

	/* boot files */
	ERR_NO_DIRECTORY,    /* the boot directory is not there or cannot be read */
	ERR_NO_SECOND_STAGE, /* no second stage for this chip */
	ERR_EMPTY_FILE,      /* a second stage of 0 bytes */
	ERR_FILE_TOO_LARGE,  /* over 0x7fffffff bytes: the protocol's limit */
	ERR_FILE_READ,       /* there, but cannot be opened or read */
	ERR_ARCHIVE,         /* bootfiles.bin is corrupt */
	ERR_SIGNATURE,       /* -s without a usable bootcode.sig */
	ERR_METADATA,        /* the directory for metadata cannot be made or written */
	ERR_UNFIT,           /* the directory contradicts itself: preflight.h */

	/* how a USB transfer can end */
	ERR_USB_ACCESS,     /* no permission to open the device */
	ERR_USB_NODE,       /* the device file is not there */
	ERR_USB_DRIVER,     /* no driver that lets programs use the device (Windows) */
	ERR_USB_BUSY,       /* interface held by another program or driver */
	ERR_USB_GONE,       /* the device left the bus */
	ERR_USB_TIMEOUT,    /* nothing within the time given */
	ERR_USB_STALL,      /* the device refused the transfer */
	ERR_USB_IO,         /* any other transfer error */
	ERR_USB_OVERFLOW,   /* the device sent more than was asked for */
	ERR_USB_MEMORY,     /* the kernel's USB memory limit (usbfs_memory_mb) */
	ERR_USB_DESCRIPTOR, /* no usable configuration descriptor */

	/* the board: how serving it ended */
	ERR_SECOND_STAGE,  /* second stage not accepted, or refused with a return code */
	ERR_ROM_LOOP,      /* returns to the boot ROM instead of running the second stage */
	ERR_GARBAGE,       /* unintelligible requests */
	ERR_ENDLESS,       /* too many requests */
	ERR_SEND,          /* a file could not be sent completely */
	ERR_FILE_CHANGED,  /* a file shrank or vanished while it was sent */
	ERR_NOT_WRITTEN,   /* a recovery program did not take the EEPROM image */
	ERR_NO_BOOT_FILE,  /* left because boot.img or a start file is missing */
	ERR_BOARD_REPORTS, /* the board itself reports that provisioning did not work */
	ERR_BOARD_LOST,    /* vanished or fell silent before it was done */
	ERR_BOARD_ABSENT,  /* did not come back after the second stage */
	ERR_NO_BOARD,      /* no board within --timeout */

	/* after the boot */
	ERR_NO_DISK,  /* no disk within --wait-disk */
	ERR_NO_STAGE, /* not in the stage of --wait-for in time */
	ERR_EXEC,     /* the program of --exec did not start or did not succeed */

	/* the image of --flash: nothing was written */
	ERR_IMAGE_READ,    /* cannot be opened or read */
	ERR_IMAGE_FORMAT,  /* no image of a disk */
	ERR_IMAGE_CORRUPT, /* the archive is damaged, or goes on behind its end */
	ERR_IMAGE_HASH,    /* not the one of --image-sha256 */
	ERR_IMAGE_PROGRAM, /* the program that decodes its format is not installed */
	ERR_SPOOL_FULL,    /* no room, or no file, for the decoded image */

	/* the board's disk is refused: it was not touched */
	ERR_DISK_AMBIGUOUS, /* several disks, and nothing chooses one */
	ERR_DISK_NONE_SUCH, /* none that --target means */
	ERR_DISK_TOO_SMALL, /* smaller than the image */
	ERR_DISK_BUSY,      /* mounted, or used otherwise */
	ERR_DISK_READ_ONLY, /* write-protected */
	ERR_DISK_ACCESS,    /* no permission, or no device file */
	ERR_DISK_IDENTITY,  /* not the board's disk, or not the one that was seen */
	ERR_DIRECT_NONE,    /* the board does not offer direct flashing, which --via wants */
	ERR_DIRECT_VERSION, /* it speaks other versions of its protocol */

	/* the board's disk failed */
	ERR_DISK_WRITE,  /* cannot be written */
	ERR_DISK_SETTLE, /* did not write out its cache */
	ERR_DISK_VERIFY, /* reads back differently, or not at all */
	ERR_DISK_READ,   /* cannot be read, for --backup */
	ERR_DIRECT,      /* the board's program for flashing does not answer, or not as it must */
	ERR_BACKUP,      /* the file of --backup cannot be written */

	ERR_COUNT
};

/* One sentence without a full stop, lower case, for "PLACE: text". */
const char *err_text(enum err err);

/* Whether an error of opening a device may pass: udev and drivers need their time after an arrival, and the event precedes
 * the kernel's choice of a configuration. */
bool err_is_transient(enum err err);

/* A stable word for machines, e.g. "board-lost". */
const char *err_code(enum err err);

#endif
