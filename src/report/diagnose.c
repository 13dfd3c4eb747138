/* SPDX-License-Identifier: Apache-2.0 */
#include "report/diagnose.h"

#include "platform/plat.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKED_AGAIN \
	10 /* config.txt and pieeprom.bin are asked for several times by healthy boards */
#define SIGNED_ABSENT  2
#define SIGNED_PRESENT 4

static const struct diagnosis_text table[DIAGNOSIS_COUNT] = {
	[DIAGNOSIS_NONE] = { "none", "", "", "" },
	[DIAGNOSIS_NOTHING] = { "nothing-on-the-bus", "No board in USB boot mode is on the bus",
	                        "A board shows up only while its boot ROM finds nothing else to "
	                        "boot.",
	                        "Compute Module: fit the jumper (EMMC_DISABLE, nRPIBOOT), then "
	                        "connect power.\n"
	                        "Pi 5, 500: hold the power button while you plug in the USB-C "
	                        "cable.\n"
	                        "Zero, Zero 2 W, A, A+: take the SD card out, use the port marked "
	                        "USB.\n"
	                        "Then: a data cable, a port of the computer itself instead of a "
	                        "hub, the module seated "
	                        "firmly." },
	[DIAGNOSIS_ADDRESS] = { "not-accepting-address",
	                        "Something is plugged in, but the kernel cannot talk to it",
	                        "The electrical connection is bad: the board answers wrongly or "
	                        "not at all.",
	                        "Seat the module again (evenly, screws not too tight), try another "
	                        "cable, another port, "
	                        "no hub, a stronger power supply." },
	[DIAGNOSIS_SLOW] = { "full-speed", "The board is connected at full speed only",
	                     "It offers high speed (480 Mbit/s) and uses 12 Mbit/s: something "
	                     "between it and the computer does not carry the fast signals.",
	                     "Another cable, shorter if possible; a port of the computer itself; the "
	                     "module seated again; another carrier board." },
	[DIAGNOSIS_NOT_CHOSEN] = { "not-chosen",
	                           "A board waits, but it is not one of those that were chosen",
	                           "-p, -i or the port number leaves it out.",
	                           "Compare with rpiboot --list. Boards whose boot ROM reports no "
	                           "serial are chosen by path." },
	[DIAGNOSIS_RUNNING] = { "already-running", "The board has booted already",
	                        "It is no longer in USB boot mode, so there is nothing to send.",
	                        "Use its disk. To boot it again: eject the disk, remove the power, "
	                        "connect it again." },
	[DIAGNOSIS_NO_PERMISSION] = { "no-permission", "There is a board, but you may not open it",
	                              "Its device file belongs to root, as no udev rule says "
	                              "otherwise.",
	                              "rpiboot --udev | sudo tee "
	                              "/etc/udev/rules.d/70-rpiboot.rules\n"
	                              "sudo udevadm control --reload\n"
	                              "Then plug the board in again. Or run rpiboot as root." },
	[DIAGNOSIS_GROUP] = { "not-in-group",
	                      "There is a board, but you are not in the group that may open it",
	                      "The udev rule is there; it gives boards to a group.",
	                      "sudo usermod -aG plugdev \"$USER\"\n"
	                      "Then log out and in again: groups count from the next login. (Is it "
	                      "another group than "
	                      "plugdev? Use the one that is named above.)" },
	[DIAGNOSIS_DRIVER] = { "held-by-driver", "A kernel driver holds the board",
	                       "As long as it does, no program can talk to the board.",
	                       "Plug the board in again; if the driver takes it each time, unload "
	                       "it (sudo modprobe -r "
	                       "DRIVER) or blacklist it." },
	[DIAGNOSIS_PROGRAM] = { "held-by-program", "Another program holds the board",
	                        "Only one program at a time can talk to a board.",
	                        "End that program: another rpiboot or imager, a provisioning "
	                        "service, a virtual machine "
	                        "that takes USB devices." },
	[DIAGNOSIS_NO_RETURN] = { "no-return", "The second stage was sent, and nothing came back",
	                          "The board took the file and did not start its file server.",
	                          "Is the second stage for this chip, and signed if the board "
	                          "demands that? Is the power "
	                          "supply strong enough? Does a virtual machine pass through the "
	                          "device that comes back? "
	                          "Take the power away before you try again." },
	[DIAGNOSIS_ASKED_AGAIN] = { "asked-again",
	                            "The board asks for the same file again and again",
	                            "It rejects the file, or resets after receiving it.",
	                            "Is the file complete, and for this board? Does config.txt fit the boot "
	                            "directory? A weak power supply makes boards reset." },
	[DIAGNOSIS_SIGNED] = { "wants-signed-image", "The board wants a signed boot image",
	                       "It asks for boot.sig again: it is locked to a key, or its "
	                       "boot.conf has SIGNED_BOOT.",
	                       "Put boot.sig beside boot.img, made with the private key the board "
	                       "is locked to: "
	                       "rpi-eeprom-digest -i boot.img -o boot.sig -k KEY.pem" },
	[DIAGNOSIS_NO_DISK] = { "no-disk", "The board was served, but no disk appeared on its port",
	                        "What was booted is no mass-storage gadget, still starts, or found "
	                        "no storage.",
	                        "Does the boot directory hold the mass-storage gadget? Is there eMMC, "
	                        "or an SD card or NVMe "
	                        "drive in the board? Slow boards: --wait-disk=SECONDS." },
	[DIAGNOSIS_RESTARTED] = { "started-over",
	                          "The board was served and is back in USB boot mode",
	                          "What it was sent did not start, or crashed: the board rebooted into its "
	                          "boot ROM.",
	                          "Is the firmware whole, for this chip, and signed if the board is "
	                          "locked? Is the power supply strong enough? Disconnect what is "
	                          "plugged into the board. Its serial port (uart_2ndstage=1) shows the "
	                          "reason." },
};

const struct diagnosis_text *diagnosis_text(enum diagnosis what)
{
	return &table[what];
}

__attribute__((format(printf, 3, 4))) static void set(struct finding *out, enum diagnosis what,
                                                      const char *format, ...)
{
	va_list args;
	out->what = what;
	va_start(args, format);
	vsnprintf(out->detail, sizeof out->detail, format, args);
	va_end(args);
}

/* --- the bus */

static void diagnose_set_running(const struct sysfs *m, const char *path, enum stage stage,
                                 struct finding *out)
{
	struct sysfs_disk disks[SYSFS_DISKS];
	size_t count = sysfs_disks(m, path, disks);
	set(out, DIAGNOSIS_RUNNING, "%s: %s", path, stage_name(stage));
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(out->detail);
		if (disks[i].size)
			snprintf(out->detail + n, sizeof out->detail - n, ", %.63s", disks[i].node);
	}
}

static void diagnose_set_denied(const struct sysfs *m, const struct usb_device_info *info,
                                struct finding *out)
{
	char node[SYSFS_TEXT], group[SYSFS_TEXT / 2];
	sysfs_node(m, info, node);
	if (plat_group(node, group, sizeof group))
		set(out, DIAGNOSIS_GROUP, "%s: %.200s belongs to the group %s", info->path, node,
		    group);
	else
		set(out, DIAGNOSIS_NO_PERMISSION, "%s: %s", info->path, node);
}

/* False: nobody holds it, as far as can be seen. The storage interface of BCM2837's ROM is not the one that matters. */
static bool diagnose_set_held(const struct sysfs *m, const struct usb_device_info *info,
                              struct finding *out)
{
	char drivers[SYSFS_TEXT], holders[SYSFS_TEXT];
	bool driven = sysfs_drivers(m, info->path, "usb-storage", drivers);
	bool by_program = driven && strstr(drivers, "usbfs");
	if (sysfs_holders(m, info, holders))
		set(out, DIAGNOSIS_PROGRAM, "%s: %s", info->path, holders);
	else if (by_program)
		set(out, DIAGNOSIS_PROGRAM, "%s: which one, only root can see", info->path);
	else if (driven)
		set(out, DIAGNOSIS_DRIVER, "%s: %s", info->path, drivers);
	return driven || *holders;
}

void diagnose_open(const struct sysfs *m, const struct usb_device_info *info, enum err err,
                   struct finding *out)
{
	set(out, DIAGNOSIS_NONE, "%s", "");
	if (err == ERR_USB_ACCESS)
		diagnose_set_denied(m, info, out);
	else if (err == ERR_USB_BUSY && !diagnose_set_held(m, info, out))
		set(out, DIAGNOSIS_PROGRAM, "%s: which one cannot be seen", info->path);
}

/* The device that explains most: a chosen board that cannot be opened, one that is held, one that runs already, one that
 * is not chosen. */
struct survey {
	const struct sysfs *sysfs;
	const struct diagnose_choice *choice;
	struct finding *out;
	int rank;
};

enum { RANK_NOTHING, RANK_OTHER, RANK_RUNNING, RANK_HELD, RANK_DENIED };

static void diagnose_survey_device(void *ctx, const struct usb_device_info *info)
{
	struct survey *s = ctx;
	const struct sysfs *m = s->sysfs;
	enum stage stage = sysfs_stage(m, info);
	char serial[SYSFS_TEXT], node[SYSFS_TEXT];
	if (stage == STAGE_NONE)
		return;
	sysfs_text(m, info->path, "serial", serial);
	struct finding found = { DIAGNOSIS_NONE, "" };
	int rank = RANK_NOTHING;
	sysfs_node(m, info, node);
	if (!s->choice->chosen(s->choice->ctx, info, serial)) {
		if (!stage_is_boot(stage))
			return;
		rank = RANK_OTHER;
		set(&found, DIAGNOSIS_NOT_CHOSEN, "%s: %s, serial %s", info->path,
		    stage_name(stage), *serial ? serial : "unknown");
	} else if (!stage_is_boot(stage)) {
		rank = RANK_RUNNING;
		diagnose_set_running(m, info->path, stage, &found);
	} else if (!plat_may_use(node)) {
		rank = RANK_DENIED;
		diagnose_set_denied(m, info, &found);
	} else if (diagnose_set_held(m, info, &found)) {
		rank = RANK_HELD;
	}
	if (rank <= s->rank)
		return;
	s->rank = rank;
	*s->out = found;
}

void diagnose_bus(const struct sysfs *m, const struct diagnose_choice *choice, struct finding *out)
{
	struct survey survey = { .sysfs = m, .choice = choice, .out = out };
	char complaint[SYSFS_TEXT];
	set(out, DIAGNOSIS_NOTHING, "%s", "");
	sysfs_each(m, diagnose_survey_device, &survey);
	if (survey.rank == RANK_NOTHING && sysfs_enum_error(m, NULL, complaint))
		set(out, DIAGNOSIS_ADDRESS, "the kernel says: %s", complaint);
}

void diagnose_speed(const struct sysfs *m, const char *path, const struct chip *chip,
                    struct finding *out)
{
	char speed[SYSFS_TEXT];
	set(out, DIAGNOSIS_NONE, "%s", "");
	if (!chip->full_speed && sysfs_text(m, path, "speed", speed) && strcmp(speed, "12") == 0)
		set(out, DIAGNOSIS_SLOW, "%s: %s at %s Mbit/s", path, chip->name, speed);
}

void diagnose_return(const struct sysfs *m, const char *path, struct finding *out)
{
	struct usb_device_info info;
	char complaint[SYSFS_TEXT];
	bool there = sysfs_device(m, path, &info);
	enum stage stage = there ? sysfs_stage(m, &info) : STAGE_NONE;
	if (stage != STAGE_NONE && !stage_is_boot(stage))
		diagnose_set_running(m, path, stage, out);
	else if (sysfs_enum_error(m, path, complaint))
		set(out, DIAGNOSIS_ADDRESS, "the kernel says: %s", complaint);
	else if (there)
		set(out, DIAGNOSIS_NO_RETURN, "%s: now there is %04x:%04x", path, info.vendor,
		    info.product);
	else
		set(out, DIAGNOSIS_NO_RETURN, "%s: the port is empty", path);
}

void diagnose_disk(const struct sysfs *m, const char *path, struct finding *out)
{
	struct usb_device_info info;
	struct sysfs_disk disks[SYSFS_DISKS];
	char complaint[SYSFS_TEXT];
	if (sysfs_device(m, path, &info)) {
		enum stage stage = sysfs_stage(m, &info);
		bool empty = !stage_is_boot(stage) && sysfs_disks(m, path, disks);
		set(out, DIAGNOSIS_NO_DISK, "%s: now there is %04x:%04x, %s%s", path, info.vendor,
		    info.product, stage == STAGE_NONE ? "no board" : stage_name(stage),
		    empty ? ", with disks of size 0 only" : "");
	} else if (sysfs_enum_error(m, path, complaint)) {
		set(out, DIAGNOSIS_ADDRESS, "the kernel says: %s", complaint);
	} else {
		set(out, DIAGNOSIS_NO_DISK, "%s: the port is empty", path);
	}
}

void diagnose_restart(const char *path, struct finding *out)
{
	set(out, DIAGNOSIS_RESTARTED, "%s", path);
}

/* --- requests */

void diagnose_request(struct diagnose_requests *r, const char *name, bool found,
                      struct finding *out)
{
	set(out, DIAGNOSIS_NONE, "%s", "");
	unsigned i = 0;
	while (i < r->count && strcmp(r->names[i].name, name) != 0)
		i++;
	if (i == r->count) {
		if (r->count == DIAGNOSE_NAMES || strlen(name) >= WIRE_NAME)
			return;
		memcpy(r->names[r->count++].name, name, strlen(name) + 1);
	}
	bool was_absent = r->names[i].absent;
	unsigned count = ++r->names[i].count;
	r->names[i].absent = !found;
	if (strcmp(name, "boot.sig") == 0) {
		if (r->reported_signed || count < (was_absent ? SIGNED_ABSENT : SIGNED_PRESENT))
			return;
		r->reported_signed = true;
		set(out, DIAGNOSIS_SIGNED, "asked %u times, %s", count,
		    found ? "and it was sent: does it fit boot.img and the board's key?"
		          : "and it is not there");
	} else if (count >= ASKED_AGAIN && !r->reported_again) {
		r->reported_again = true;
		set(out, DIAGNOSIS_ASKED_AGAIN, "%s, %u times", name, count);
	}
}

void diagnose_report(struct report *report, const struct board_facts *board, enum err err,
                     const struct finding *finding)
{
	const struct diagnosis_text *t = diagnosis_text(finding->what);
	if (finding->what == DIAGNOSIS_NONE)
		return;
	report_emit(report, &(struct event){ .kind = EV_DIAGNOSIS,
	                                     .board = board,
	                                     .err = err,
	                                     .topic = t->code,
	                                     .text = t->title,
	                                     .where = finding->detail,
	                                     .explain = t->text,
	                                     .advice = t->advice });
}
