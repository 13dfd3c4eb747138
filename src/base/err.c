/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stddef.h>

static const struct {
	const char *code, *text, *advice;
	int status;
} table[ERR_COUNT] = {
	[OK] = { "ok", "done", NULL, 0 },
	[ERR_USAGE] = { "usage", "wrong arguments", "Try --help.", 255 },
	[ERR_MEMORY] = { "memory", "out of memory", NULL, 255 },
	[ERR_USB_INIT] = { "usb-init", "libusb does not start",
	                   "Is /dev/bus/usb there? Containers need it passed through.", 255 },
	[ERR_INTERRUPTED] = { "interrupted", "interrupted", NULL, 130 },

	[ERR_NO_DIRECTORY] = { "no-folder", "boot folder cannot be read",
	                       "Give the folder with the boot files: -d FOLDER.", 1 },
	[ERR_NO_SECOND_STAGE] = { "no-second-stage", "no second stage for this chip",
	                          "Give a folder that has it with -d, or fetch the firmware.", 1 },
	[ERR_EMPTY_FILE] = { "empty-file", "the file is empty",
	                     "An interrupted download? Fetch the file again.", 1 },
	[ERR_FILE_TOO_LARGE] = { "file-too-large",
	                         "the file is larger than 2147483647 bytes, the protocol's limit",
	                         "Make it smaller.", 1 },
	[ERR_FILE_READ] = { "file-read", "the file cannot be read",
	                    "Check its permissions and the disk.", 1 },
	[ERR_ARCHIVE] = { "archive", "corrupted archive",
	                  "It must be an uncompressed tar file; fetch it again.", 1 },
	[ERR_SIGNATURE] = { "signature", "no usable bootcode.sig (20 bytes or more)",
	                    "Put it into the boot folder, or leave out -s.", 1 },
	[ERR_UNFIT] = { "unfit", "the boot folder is not fit",
	                "Nothing was sent. rpiboot --check tells more.", 1 },

	[ERR_USB_ACCESS] = { "usb-access", "no permission to open the device",
	                     "Run as root, or install the udev rule and join the group plugdev.",
	                     255 },
	[ERR_USB_BUSY] = { "usb-busy", "the device is held by another program or driver",
	                   "Stop the other rpiboot, virtual machine or driver that uses it.", 2 },
	[ERR_USB_GONE] = { "usb-gone", "the device left the bus", "Check cable, hub and power.",
	                   3 },
	[ERR_USB_TIMEOUT] = { "usb-timeout", "the device does not answer",
	                      "Check cable, hub and power; power-cycle the board.", 2 },
	[ERR_USB_STALL] = { "usb-stall", "the device refused the transfer (stall)",
	                    "Power-cycle the board; does the file fit this chip?", 2 },
	[ERR_USB_IO] = { "usb-io", "error on the wire", "Check cable, hub and power.", 2 },
	[ERR_USB_OVERFLOW] = { "usb-overflow", "the device sent too much", "Power-cycle the board.",
	                       2 },
	[ERR_USB_MEMORY] = { "usb-memory", "the kernel's USB memory is used up",
	                     "Raise /sys/module/usbcore/parameters/usbfs_memory_mb.", 2 },
	[ERR_USB_DESCRIPTOR] = { "usb-descriptor", "no usable configuration descriptor",
	                         "Power-cycle the board; check cable and hub.", 2 },

	[ERR_SECOND_STAGE] = { "second-stage", "the board did not take the second stage",
	                       "Wrong or unsigned file for this board? Bad cable or hub?", 2 },
	[ERR_ROM_LOOP] = { "rom-loop",
	                   "the board comes back to its boot ROM instead of running the second "
	                   "stage",
	                   "Wrong or unsigned second stage for this board?", 2 },
	[ERR_GARBAGE] = { "garbage", "unintelligible requests from the board",
	                  "Power-cycle the board and try again.", 2 },
	[ERR_ENDLESS] = { "endless", "the board asks without end",
	                  "Does the boot folder fit this board?", 2 },
	[ERR_SEND] = { "send", "a file could not be sent whole",
	               "Check cable and hub; power-cycle the board.", 2 },
	[ERR_FILE_CHANGED] = { "file-changed", "the file shrank or vanished while it was sent",
	                       "Do not change the boot folder while a board is served.", 2 },
	[ERR_BOARD_REPORTS] = { "board-reports", "the board reports that provisioning went wrong",
	                        "See its metadata; is the EEPROM image signed and for this chip?",
	                        2 },
	[ERR_BOARD_LOST] = { "board-lost", "the board was lost before it was done",
	                     "Check cable, hub and power; power-cycle the board.", 3 },
	[ERR_BOARD_ABSENT] = { "board-absent", "the board did not come back",
	                       "Wrong or unsigned second stage? Weak power? A hub in between?", 4 },
	[ERR_NO_BOARD] = { "no-board", "no board appeared in time",
	                   "Is the board in USB boot mode, and the cable a data cable?", 5 },

	[ERR_NO_DISK] = { "no-disk", "no disk appeared in time",
	                  "Does the boot folder hold the mass-storage gadget? --wait-disk=SECONDS "
	                  "waits longer.",
	                  6 },
	[ERR_EXEC] = { "exec", "the program did not succeed", NULL, 7 },
};

const char *err_text(enum err err)
{
	return table[err].text;
}

const char *err_advice(enum err err)
{
	return table[err].advice;
}

const char *err_code(enum err err)
{
	return table[err].code;
}

int err_status(enum err err)
{
	return table[err].status;
}
