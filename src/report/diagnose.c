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
	[DIAGNOSIS_NOT_CHOSEN] = { "not-chosen",
	                           "A board waits, but it is not one of those that were chosen",
	                           "-p, -i or the port number leaves it out.",
	                           "Compare with rpiboot --list. Boards whose boot ROM tells no "
	                           "serial are chosen by path." },
	[DIAGNOSIS_RUNNING] = { "already-running", "The board has booted already",
	                        "It is no longer in USB boot mode, so there is nothing to send.",
	                        "Use its disk. To boot it anew: eject the disk, take the power "
	                        "away, connect it again." },
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
	                          "The board took the file, left the bus, and did not start its "
	                          "file server.",
	                          "Is the second stage for this chip, and signed if the board "
	                          "demands that? Is the power "
	                          "supply strong enough? Does a virtual machine pass through the "
	                          "device that comes back? "
	                          "Take the power away before you try again." },
	[DIAGNOSIS_ASKED_AGAIN] = { "asked-again",
	                            "The board asks for the same file again and again",
	                            "It does not like what it gets, or starts anew each time.",
	                            "Is the file whole, and for this board? Does config.txt fit "
	                            "the boot folder? A weak power "
	                            "supply lets boards start anew." },
	[DIAGNOSIS_SIGNED] = { "wants-signed-image", "The board wants a signed boot image",
	                       "It asks for boot.sig again: it is locked to a key, or its "
	                       "boot.conf has SIGNED_BOOT.",
	                       "Put boot.sig beside boot.img, made with the private key the board "
	                       "is locked to: "
	                       "rpi-eeprom-digest -i boot.img -o boot.sig -k KEY.pem" },
	[DIAGNOSIS_NO_DISK] = { "no-disk", "The board was served, but no disk appeared on its port",
	                        "What was booted is no mass-storage gadget, still starts, or found "
	                        "no storage.",
	                        "Does the boot folder hold the mass-storage gadget? Is there eMMC, "
	                        "or an SD card or NVMe "
	                        "drive in the board? Slow boards: --wait-disk=SECONDS." },
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

static void set_running(const struct machine *m, const char *path, enum form form,
                        struct finding *out)
{
	struct machine_disk disks[MACHINE_DISKS];
	size_t count = machine_disks(m, path, disks);
	set(out, DIAGNOSIS_RUNNING, "%s: %s", path, form_name(form));
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(out->detail);
		if (disks[i].size)
			snprintf(out->detail + n, sizeof out->detail - n, ", %s", disks[i].node);
	}
}

static void set_denied(const struct machine *m, const struct usb_seen *seen, struct finding *out)
{
	char node[MACHINE_TEXT], group[MACHINE_TEXT / 2];
	machine_node(m, seen, node);
	if (plat_group(node, group, sizeof group))
		set(out, DIAGNOSIS_GROUP, "%s: %.200s belongs to the group %s", seen->path, node,
		    group);
	else
		set(out, DIAGNOSIS_NO_PERMISSION, "%s: %s", seen->path, node);
}

/* False: nobody holds it, as far as can be seen. The storage interface of BCM2837's ROM is not the one that matters. */
static bool set_held(const struct machine *m, const struct usb_seen *seen, struct finding *out)
{
	char drivers[MACHINE_TEXT], holders[MACHINE_TEXT];
	bool driven = machine_drivers(m, seen->path, "usb-storage", drivers);
	bool by_program = driven && strstr(drivers, "usbfs");
	if (machine_holders(m, seen, holders))
		set(out, DIAGNOSIS_PROGRAM, "%s: %s", seen->path, holders);
	else if (by_program)
		set(out, DIAGNOSIS_PROGRAM, "%s: which one, only root can see", seen->path);
	else if (driven)
		set(out, DIAGNOSIS_DRIVER, "%s: %s", seen->path, drivers);
	return driven || *holders;
}

void diagnose_open(const struct machine *m, const struct usb_seen *seen, enum err err,
                   struct finding *out)
{
	set(out, DIAGNOSIS_NONE, "%s", "");
	if (err == ERR_USB_ACCESS)
		set_denied(m, seen, out);
	else if (err == ERR_USB_BUSY && !set_held(m, seen, out))
		set(out, DIAGNOSIS_PROGRAM, "%s: which one cannot be seen", seen->path);
}

/* The device that explains most: a chosen board that cannot be opened, one that is held, one that runs already, one that
 * is not chosen. */
struct survey {
	const struct machine *machine;
	const struct diagnose_choice *choice;
	struct finding *out;
	int rank;
};

enum { RANK_NOTHING, RANK_OTHER, RANK_RUNNING, RANK_HELD, RANK_DENIED };

static void survey_device(void *ctx, const struct usb_seen *seen)
{
	struct survey *s = ctx;
	const struct machine *m = s->machine;
	enum form form = machine_form(m, seen);
	char serial[MACHINE_TEXT], node[MACHINE_TEXT];
	if (form == FORM_NONE)
		return;
	machine_text(m, seen->path, "serial", serial);
	struct finding found = { DIAGNOSIS_NONE, "" };
	int rank = RANK_NOTHING;
	machine_node(m, seen, node);
	if (!s->choice->chosen(s->choice->ctx, seen, serial)) {
		if (!form_is_boot(form))
			return;
		rank = RANK_OTHER;
		set(&found, DIAGNOSIS_NOT_CHOSEN, "%s: %s, serial %s", seen->path, form_name(form),
		    *serial ? serial : "unknown");
	} else if (!form_is_boot(form)) {
		rank = RANK_RUNNING;
		set_running(m, seen->path, form, &found);
	} else if (!plat_may_use(node)) {
		rank = RANK_DENIED;
		set_denied(m, seen, &found);
	} else if (set_held(m, seen, &found)) {
		rank = RANK_HELD;
	}
	if (rank <= s->rank)
		return;
	s->rank = rank;
	*s->out = found;
}

void diagnose_bus(const struct machine *m, const struct diagnose_choice *choice,
                  struct finding *out)
{
	struct survey survey = { .machine = m, .choice = choice, .out = out };
	char complaint[MACHINE_TEXT];
	set(out, DIAGNOSIS_NOTHING, "%s", "");
	machine_each(m, survey_device, &survey);
	if (survey.rank == RANK_NOTHING && machine_complaint(m, NULL, complaint))
		set(out, DIAGNOSIS_ADDRESS, "the kernel says: %s", complaint);
}

void diagnose_return(const struct machine *m, const char *path, struct finding *out)
{
	struct usb_seen seen;
	char complaint[MACHINE_TEXT];
	bool there = machine_seen(m, path, &seen);
	enum form form = there ? machine_form(m, &seen) : FORM_NONE;
	if (form != FORM_NONE && !form_is_boot(form))
		set_running(m, path, form, out);
	else if (machine_complaint(m, path, complaint))
		set(out, DIAGNOSIS_ADDRESS, "the kernel says: %s", complaint);
	else if (there)
		set(out, DIAGNOSIS_NO_RETURN, "%s: now there is %04x:%04x", path, seen.vendor,
		    seen.product);
	else
		set(out, DIAGNOSIS_NO_RETURN, "%s: the port is empty", path);
}

void diagnose_disk(const struct machine *m, const char *path, struct finding *out)
{
	struct usb_seen seen;
	struct machine_disk disks[MACHINE_DISKS];
	char complaint[MACHINE_TEXT];
	if (machine_seen(m, path, &seen)) {
		enum form form = machine_form(m, &seen);
		bool empty = !form_is_boot(form) && machine_disks(m, path, disks);
		set(out, DIAGNOSIS_NO_DISK, "%s: now there is %04x:%04x, %s%s", path, seen.vendor,
		    seen.product, form == FORM_NONE ? "no board" : form_name(form),
		    empty ? ", with disks of size 0 only" : "");
	} else if (machine_complaint(m, path, complaint)) {
		set(out, DIAGNOSIS_ADDRESS, "the kernel says: %s", complaint);
	} else {
		set(out, DIAGNOSIS_NO_DISK, "%s: the port is empty", path);
	}
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
		if (r->told_signed || count < (was_absent ? SIGNED_ABSENT : SIGNED_PRESENT))
			return;
		r->told_signed = true;
		set(out, DIAGNOSIS_SIGNED, "asked %u times, %s", count,
		    found ? "and it was sent: does it fit boot.img and the board's key?"
		          : "and it is not there");
	} else if (count >= ASKED_AGAIN && !r->told_again) {
		r->told_again = true;
		set(out, DIAGNOSIS_ASKED_AGAIN, "%s, %u times", name, count);
	}
}

void diagnose_tell(struct report *report, const struct board_facts *board, enum err err,
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
	                                     .remedy = t->remedy });
}
