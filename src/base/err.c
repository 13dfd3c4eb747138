/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

/* clang-format off */
/* one error a line */
static const struct {
	const char *code, *text;
} table[ERR_COUNT] = {
	[OK] = { "ok", "done" },
	[ERR_USAGE] = { "usage", "wrong arguments" },
	[ERR_MEMORY] = { "memory", "out of memory" },
	[ERR_USB_INIT] = { "usb-init", "libusb does not start" },
	[ERR_INTERRUPTED] = { "interrupted", "interrupted" },

	[ERR_NO_DIRECTORY] = { "no-folder", "boot directory cannot be read" },
	[ERR_NO_SECOND_STAGE] = { "no-second-stage", "no second stage for this chip" },
	[ERR_EMPTY_FILE] = { "empty-file", "the file is empty" },
	[ERR_FILE_TOO_LARGE] = { "file-too-large", "the file is larger than 2147483647 bytes, the protocol's limit" },
	[ERR_FILE_READ] = { "file-read", "the file cannot be read" },
	[ERR_ARCHIVE] = { "archive", "corrupted archive" },
	[ERR_SIGNATURE] = { "signature", "no usable bootcode.sig (20 bytes or more)" },
	[ERR_METADATA] = { "metadata-folder", "the metadata directory cannot be written" },
	[ERR_UNFIT] = { "unfit", "the boot directory is not usable" },

	[ERR_USB_ACCESS] = { "usb-access", "no permission to open the device" },
	[ERR_USB_NODE] = { "usb-node", "the device file is missing" },
	[ERR_USB_DRIVER] = { "usb-driver", "Windows has no driver for the device" },
	[ERR_USB_BUSY] = { "usb-busy", "the device is held by another program or driver" },
	[ERR_USB_GONE] = { "usb-gone", "the device left the bus" },
	[ERR_USB_TIMEOUT] = { "usb-timeout", "the device does not answer" },
	[ERR_USB_STALL] = { "usb-stall", "the device refused the transfer (stall)" },
	[ERR_USB_IO] = { "usb-io", "USB transfer error" },
	[ERR_USB_OVERFLOW] = { "usb-overflow", "the device sent too much" },
	[ERR_USB_MEMORY] = { "usb-memory", "the kernel's USB memory is used up" },
	[ERR_USB_DESCRIPTOR] = { "usb-descriptor", "no usable configuration descriptor" },

	[ERR_SECOND_STAGE] = { "second-stage", "the board did not accept the second stage" },
	[ERR_ROM_LOOP] = { "rom-loop", "the board returns to its boot ROM instead of running the second stage" },
	[ERR_GARBAGE] = { "garbage", "unintelligible requests from the board" },
	[ERR_ENDLESS] = { "endless", "too many requests from the board" },
	[ERR_SEND] = { "send", "a file could not be sent completely" },
	[ERR_FILE_CHANGED] = { "file-changed", "the file shrank or vanished while it was sent" },
	[ERR_NOT_WRITTEN] = { "not-written", "nothing was written to the EEPROM" },
	[ERR_NO_BOOT_FILE] = { "no-boot-file", "the board left without a file that it needs" },
	[ERR_BOARD_REPORTS] = { "board-reports", "the board reports that provisioning failed" },
	[ERR_BOARD_LOST] = { "board-lost", "the board was lost before it was done" },
	[ERR_BOARD_ABSENT] = { "board-absent", "the board did not come back" },
	[ERR_NO_BOARD] = { "no-board", "no board appeared in time" },

	[ERR_NO_DISK] = { "no-disk", "no disk appeared in time" },
	[ERR_NO_STAGE] = { "no-stage", "the board did not become what was waited for" },
	[ERR_EXEC] = { "exec", "the program did not succeed" },

	[ERR_IMAGE_READ] = { "image-read", "the image cannot be read" },
	[ERR_IMAGE_FORMAT] = { "image-format", "not an image of a disk" },
	[ERR_IMAGE_CORRUPT] = { "image-corrupt", "the image is damaged" },
	[ERR_IMAGE_HASH] = { "image-hash", "the image is not the one that was expected" },
	[ERR_IMAGE_PROGRAM] = { "image-program", "the image cannot be decoded" },
	[ERR_SPOOL_FULL] = { "spool-full", "no room for the decoded image" },

	[ERR_DISK_AMBIGUOUS] = { "disk-ambiguous", "the board has several disks" },
	[ERR_DISK_NONE_SUCH] = { "disk-none-such", "the board has no such disk" },
	[ERR_DISK_TOO_SMALL] = { "disk-too-small", "the disk is smaller than the image" },
	[ERR_DISK_BUSY] = { "disk-busy", "the disk is in use" },
	[ERR_DISK_READ_ONLY] = { "disk-read-only", "the disk is write-protected" },
	[ERR_DISK_ACCESS] = { "disk-access", "the disk cannot be opened" },
	[ERR_DISK_IDENTITY] = { "disk-identity", "not the disk that was chosen" },
	[ERR_DIRECT_NONE] = { "direct-none", "the board does not offer direct flashing" },
	[ERR_DIRECT_VERSION] = { "direct-version", "board and rpiboot have no version of direct flashing in common" },

	[ERR_DISK_WRITE] = { "disk-write", "the disk cannot be written" },
	[ERR_DISK_SETTLE] = { "disk-settle", "the disk did not write out its cache" },
	[ERR_DISK_VERIFY] = { "disk-verify", "the disk does not hold what was written" },
	[ERR_DISK_READ] = { "disk-read", "the disk cannot be read" },
	[ERR_DIRECT] = { "direct-failed", "direct flashing failed" },
	[ERR_BACKUP] = { "backup", "the backup cannot be written" },
};
/* clang-format on */

const char *err_text(enum err err)
{
	return table[err].text;
}

bool err_is_transient(enum err err)
{
	return err == ERR_USB_ACCESS || err == ERR_USB_DRIVER || err == ERR_USB_BUSY ||
	       err == ERR_USB_IO || err == ERR_USB_GONE || err == ERR_USB_DESCRIPTOR;
}

const char *err_code(enum err err)
{
	return table[err].code;
}
