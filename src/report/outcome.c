/* SPDX-License-Identifier: Apache-2.0 */
#include "report/outcome.h"

#include <stddef.h>

/* clang-format off */
/* one error a line */
static const struct {
	int status;
	const char *advice;
} outcome_table[ERR_COUNT] = {
	[OK] = { 0, NULL },
	[ERR_USAGE] = { 255, "Try --help." },
	[ERR_MEMORY] = { 255, NULL },
	[ERR_USB_INIT] = { 255, "Is /dev/bus/usb there? Containers need it passed through." },
	[ERR_INTERRUPTED] = { 130, NULL },

	[ERR_NO_DIRECTORY] = { 1, "Name the directory with the boot files: -d DIR." },
	[ERR_NO_SECOND_STAGE] = { 1,
	                          "Name a directory that has one with -d, or run rpi-fetch-firmware." },
	[ERR_EMPTY_FILE] = { 1, "An interrupted download? Fetch the file again." },
	[ERR_FILE_TOO_LARGE] = { 1, "Make it smaller." },
	[ERR_FILE_READ] = { 1, "Check its permissions and the disk." },
	[ERR_ARCHIVE] = { 1, "It must be an uncompressed tar file; fetch it again." },
	[ERR_SIGNATURE] = { 1, "Put it into the boot directory, or omit -s." },
	[ERR_METADATA] = { 1, "Nothing was sent. Give a directory that can be written with -j." },
	[ERR_UNFIT] = { 1, "Nothing was sent. rpiboot --check reports details." },

	[ERR_USB_ACCESS] = { 255,
	                     "Run as root, or install the udev rule and join the group plugdev." },
	[ERR_USB_NODE] = { 255, "In a container, pass the devices through: docker run --net=host -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule='c 189:* rmw'" },
	[ERR_USB_DRIVER] = { 255,
	                     "Install WinUSB for it, once: rpiboot --driver prints how." },
	[ERR_USB_BUSY] = { 2, "Stop the other rpiboot, virtual machine or driver that uses it." },
	[ERR_USB_GONE] = { 3, "Check cable, hub and power." },
	[ERR_USB_TIMEOUT] = { 2, "Check cable, hub and power; power-cycle the board." },
	[ERR_USB_STALL] = { 2, "Power-cycle the board; does the file fit this chip?" },
	[ERR_USB_IO] = { 2, "Check cable, hub and power." },
	[ERR_USB_OVERFLOW] = { 2, "Power-cycle the board." },
	[ERR_USB_MEMORY] = { 2, "Raise /sys/module/usbcore/parameters/usbfs_memory_mb." },
	[ERR_USB_DESCRIPTOR] = { 2, "Power-cycle the board; check cable and hub." },

	[ERR_SECOND_STAGE] = { 2, "Wrong or unsigned file for this board? Bad cable or hub?" },
	[ERR_ROM_LOOP] = { 2, "A locked board accepts only a second stage that is signed with its key. Otherwise: is the file complete, and for this chip?" },
	[ERR_GARBAGE] = { 2, "Power-cycle the board and try again." },
	[ERR_ENDLESS] = { 2, "Does the boot directory fit this board?" },
	[ERR_SEND] = { 2, "Check cable and hub; power-cycle the board." },
	[ERR_FILE_CHANGED] = { 2, "Do not change the boot directory while a board is served." },
	[ERR_NOT_WRITTEN] = { 2, "It refused pieeprom.sig, or wants a file of another name: make both again with update-pieeprom.sh, for this chip and its key." },
	[ERR_NO_BOOT_FILE] = { 1, "Put the file into the boot directory; rpiboot --check reports more." },
	[ERR_BOARD_REPORTS] = { 2,
	                        "See its metadata; is the EEPROM image signed and for this chip?" },
	[ERR_BOARD_LOST] = { 3, "Check cable, hub and power; power-cycle the board." },
	[ERR_BOARD_ABSENT] = { 4, "Wrong or unsigned second stage? Weak power? A hub in between?" },
	[ERR_NO_BOARD] = { 5, "Is the board in USB boot mode, and the cable a data cable?" },

	[ERR_NO_DISK] = { 6,
	                  "Does the boot directory hold the mass-storage gadget? --wait-disk=SECONDS waits longer." },
	[ERR_NO_STAGE] = { 6, "Does the boot directory hold what the board is to become? --wait-timeout=SECONDS waits longer." },
	[ERR_EXEC] = { 7, NULL },

	[ERR_IMAGE_READ] = { 8, NULL },
	[ERR_IMAGE_FORMAT] = { 8, NULL },
	[ERR_IMAGE_CORRUPT] = { 8, "Fetch it again." },
	[ERR_IMAGE_HASH] = { 8, "Fetch it again, or correct --image-sha256." },
	[ERR_IMAGE_PROGRAM] = { 8, NULL },
	[ERR_SPOOL_FULL] = { 8, "--spool DIR uses another directory." },

	[ERR_DISK_AMBIGUOUS] = { 9, "--target chooses one: emmc, sd, nvme, usb, or the board's name." },
	[ERR_DISK_NONE_SUCH] = { 9, NULL },
	[ERR_DISK_TOO_SMALL] = { 9, NULL },
	[ERR_DISK_BUSY] = { 9, "Unmount it." },
	[ERR_DISK_READ_ONLY] = { 9, "Does the gadget's cmdline.txt say msg.ro=1?" },
	[ERR_DISK_ACCESS] = { 9, "Run as root, or install the udev rule and join the group plugdev." },
	[ERR_DISK_IDENTITY] = { 9, "Nothing was written to it." },
	[ERR_DIRECT_NONE] = { 9, "Boot a newer mass-storage gadget, or use --via disk (Linux)." },
	[ERR_DIRECT_VERSION] = { 9, NULL },

	[ERR_DISK_WRITE] = { 10, "The disk may be worn out; try another cable and port." },
	[ERR_DISK_SETTLE] = { 10, "The disk may be worn out; try another cable and port." },
	[ERR_DISK_VERIFY] = { 10, "The disk may be worn out; try another cable and port." },
	[ERR_DISK_READ] = { 10, "The disk may be worn out; try another cable and port." },
	[ERR_DIRECT] = { 10, "Try again; --via disk does without the program on the board." },
	[ERR_BACKUP] = { 10, NULL },
};
/* clang-format on */

const char *outcome_advice(enum err err)
{
	return outcome_table[err].advice;
}

int outcome_status(enum err err)
{
	return outcome_table[err].status;
}
