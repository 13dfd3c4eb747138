/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "base/serial.h"
#include "base/usb_path.h"

#include <limits.h>
#include <string.h>

#define LONGEST 1000000 /* seconds */

static const char *const option_progress_words[] = {
	[PROGRESS_AUTO] = "auto",
	[PROGRESS_ALWAYS] = "always",
	[PROGRESS_NEVER] = "never",
	NULL,
};

static const char *const option_driver_words[] = {
	[DRIVER_NO] = "no",
	[DRIVER_SHOW] = "show",
	[DRIVER_INSTALL] = "install",
	NULL,
};

static const char *const option_verify_words[] = {
	[VERIFY_YES] = "yes",
	[VERIFY_NO] = "no",
	NULL,
};

static const char *const option_wait_words[] = {
	[WAIT_DISK] = "disk",
	[WAIT_ROM] = "rom",
	[WAIT_FASTBOOT] = "fastboot",
	NULL,
};

static const char *const option_via_words[] = {
	[VIA_AUTO] = "auto",
	[VIA_DIRECT] = "direct",
	[VIA_DISK] = "disk",
	NULL,
};

/* The offset of a member of struct options, which must have this type. */
#define MEMBER(name, kind)                        \
	(offsetof(struct options, name) +         \
	 0 * sizeof(_Generic(                     \
		     ((struct options *)0)->name, \
		     kind : 0))) /* NOLINT(bugprone-macro-parentheses): a member, a type */

#define FLAG(name) .type = OPTION_FLAG, .member = MEMBER(name, bool)
#define TEXT(name) .type = OPTION_TEXT, .member = MEMBER(name, const char *)
#define NUMBER(name, a, b) \
	.type = OPTION_NUMBER, .member = MEMBER(name, unsigned long), .min = (a), .max = (b)
#define LEVEL(name, value) .type = OPTION_LEVEL, .member = MEMBER(name, int), .min = (value)
#define LIST(name, counter)                                            \
	.type = OPTION_LIST, .member = offsetof(struct options, name), \
	.count = MEMBER(counter, unsigned)
#define ACTION(value) .type = OPTION_ACTION, .result = (value)

/* clang-format off */
/* one option a paragraph, its help on one line */
const struct option option_table[] = {
	{ "d", "directory", "DIR",
	  "boot directory (default: the mass-storage gadget)",
	  TEXT(directory), .complete = COMPLETE_DIRECTORY },
	{ "l", "loop", NULL,
	  "run until interrupted and serve all boards concurrently",
	  FLAG(loop) },
	{ "n", "count", "N",
	  "end after N boards, served concurrently",
	  NUMBER(count, 1, 100000) },
	{ "p", "path", "PATH",
	  "only the board on this USB path, like 1-1.3; may be repeated",
	  LIST(paths, path_count), .valid = usb_path_is_pattern,
	  .expected = "a USB path like 1-1.3, as --list shows it" },
	{ "i", "serial", "SERIAL",
	  "only the board with this serial number; may be repeated",
	  LIST(serials, serial_count),
	  .valid = serial_is_valid,
	  .expected = "8 or 16 hexadecimal digits, as --list shows them" },
	{ "0 ... -98", "port", "N",
	  "only boards on this port number of their hub",
	  .type = OPTION_PORT, .member = MEMBER(port, int), .max = 98 },
	{ "o", "overlay", NULL,
	  "look in DIR/PATH/ first: separate files for each USB path",
	  FLAG(overlay) },
	{ "j", "metadata", "[DIR]",
	  "write each board's metadata to DIR/SERIAL.json",
	  TEXT(metadata_directory), .complete = COMPLETE_DIRECTORY },
	{ "s", "signed", NULL,
	  "signed boot of BCM2835 and BCM2837: send bootcode.sig too",
	  FLAG(sign) },
	{ NULL, "expect-key", "HASH",
	  "lock boards to the key with this hash, or in this file, and to no other",
	  TEXT(expect_key), .not_empty = true, .complete = COMPLETE_FILE },
	{ "t", "timeout", "SECONDS",
	  "how long to wait for the first board (default: no limit)",
	  NUMBER(timeout, 1, LONGEST) },
	{ NULL, "next-timeout", "SECONDS",
	  "how long a board may take to come back for its next stage (default: 60)",
	  NUMBER(next_timeout, 1, LONGEST) },
	{ NULL, "again", NULL,
	  "serve a finished board again as soon as it is back",
	  FLAG(again) },
	{ NULL, "wait-disk", "[SECONDS]",
	  "after the boot, wait for the board's disks and print them (default: 60)",
	  NUMBER(wait_disk, 1, LONGEST), .missing = 60 },
	{ NULL, "wait-for", "STAGE",
	  "after the boot, wait until the board is what it is to become: disk, rom or fastboot",
	  .type = OPTION_WORD, .member = MEMBER(wait_for, int), .words = option_wait_words },
	{ NULL, "wait-timeout", "SECONDS",
	  "how long --wait-for waits (default: 60)",
	  NUMBER(wait_timeout, 1, LONGEST) },
	{ NULL, "flash", "IMAGE",
	  "after the boot, write IMAGE (raw, .xz, .gz, .zst or .bz2; - is standard input) to each board's disk and verify it",
	  TEXT(flash), .not_empty = true, .once = true, .complete = COMPLETE_FILE },
	{ NULL, "target", "DISK",
	  "with several disks: emmc, sd, nvme, usb, or the board's name for it, like mmcblk0",
	  TEXT(target), .not_empty = true },
	{ NULL, "image-sha256", "HEX",
	  "expected SHA-256 of the extracted image, or of the file",
	  TEXT(image_sha256), .not_empty = true },
	{ NULL, "verify", "WHEN",
	  "read back and compare what --flash has written: yes (the default) or no",
	  .type = OPTION_WORD, .member = MEMBER(verify, int), .words = option_verify_words },
	{ NULL, "via", "WAY",
	  "how: direct (the program on the board writes), disk (as a disk of this host), or auto (the default: direct if the board offers it)",
	  .type = OPTION_WORD, .member = MEMBER(via, int), .words = option_via_words },
	{ NULL, "backup", "DIR",
	  "after the boot, copy each board's disk to DIR/SERIAL.img.zst",
	  TEXT(backup), .not_empty = true, .complete = COMPLETE_DIRECTORY },
	{ NULL, "spool", "DIR",
	  "directory of --flash's temporary file (default: $TMPDIR, or /var/tmp)",
	  TEXT(spool), .not_empty = true, .complete = COMPLETE_DIRECTORY },
	{ NULL, "no-eject", NULL,
	  "leave the disk visible after --flash or --backup",
	  FLAG(no_eject) },
	{ NULL, "exec", "PROGRAM",
	  "run PROGRAM for each finished board, described by RPIBOOT_... variables",
	  TEXT(exec), .not_empty = true, .complete = COMPLETE_COMMAND },
	{ NULL, "list", NULL,
	  "list the boards on the bus, also running ones, and exit",
	  FLAG(list) },
	{ NULL, "follow", NULL,
	  "with --list: print a line when a board arrives or leaves, until interrupted",
	  FLAG(follow) },
	{ NULL, "udev", NULL,
	  "print the udev rule that lets users open boards, and exit",
	  ACTION(OPTIONS_UDEV) },
	{ NULL, "driver", "[install]",
	  "show each board's driver and how to install one, or install it (Windows)",
	  .type = OPTION_WORD, .member = MEMBER(driver, int), .words = option_driver_words,
	  .missing = DRIVER_SHOW },
	{ NULL, "check", NULL,
	  "check whether the boot directory is usable, without touching a board",
	  FLAG(check) },
	{ NULL, "chip", "NAME",
	  "with --check: for this chip or board only, like 2711 or cm4",
	  .type = OPTION_CHIP, .member = MEMBER(chip, const struct chip *) },
	{ "m", "poll", "MICROSECONDS",
	  "polling interval, used only without hotplug support (default: 100000)",
	  .type = OPTION_LEADING, .member = MEMBER(poll, unsigned long), .min = 1, .max = LONG_MAX },
	{ NULL, "json", NULL,
	  "print every event as a line of JSON; text for people goes to stderr",
	  FLAG(json) },
	{ NULL, "progress", "WHEN",
	  "status lines with bars: always, never, or auto (on a terminal, the default)",
	  .type = OPTION_WORD, .member = MEMBER(progress, int), .words = option_progress_words },
	{ NULL, "names", "FILE",
	  "names of USB paths, for all output; lines like: 1-1.3 rack 1, socket 3",
	  TEXT(names), .not_empty = true, .complete = COMPLETE_FILE },
	{ NULL, "metrics", "FILE",
	  "keep FILE up to date with counts for Prometheus' node_exporter",
	  TEXT(metrics), .not_empty = true, .complete = COMPLETE_FILE },
	{ "q", "quiet", NULL,
	  "print warnings and errors only",
	  FLAG(quiet) },
	{ "v", "verbose", NULL,
	  "print more",
	  LEVEL(verbose, 1) },
	{ "vv", NULL, NULL,
	  "print even more, also libusb's messages",
	  LEVEL(verbose, 2) },
	{ "V", "version", NULL,
	  "print the version and exit",
	  ACTION(OPTIONS_VERSION) },
	{ "h", "help", NULL,
	  "print this text and exit",
	  ACTION(OPTIONS_HELP) },
};
/* clang-format on */

const size_t option_count = sizeof option_table / sizeof *option_table;
