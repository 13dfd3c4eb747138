/* SPDX-License-Identifier: Apache-2.0 */
#include "report/diagnose.h"
#include "fakemachine.h"
#include "tap.h"

/* The board that is meant: by path (NULL: any) and serial (NULL: any). */
struct meant {
	const char *path, *serial;
};

static bool chosen(const void *ctx, const struct usb_device_info *info, const char *serial)
{
	const struct meant *m = ctx;
	return (!m->path || strcmp(m->path, info->path) == 0) &&
	       (!m->serial || strcmp(m->serial, serial) == 0);
}

static struct finding found;

static enum diagnosis bus(const char *path, const char *serial)
{
	struct meant meant = { path, serial };
	diagnose_bus(&fake, &(struct diagnose_choice){ chosen, &meant }, &found);
	return found.what;
}

static void rom(const char *path, unsigned address)
{
	fake_device(path, 0x0a5c, 0x2711, address, 3, "10000000b29d2da0");
}

static struct usb_device_info at(const char *path)
{
	struct usb_device_info info = { 0 };
	CHECK(sysfs_device(&fake, path, &info));
	return info;
}

static void nothing_on_the_bus(void)
{
	fake_machine();
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_NOTHING);
	fake_device("1-1", 0x046d, 0xc077, 3, 0, NULL); /* a mouse */
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_NOTHING);
	CHECK_STR(found.detail, "");
}

/* BCM2835's ROM is a full-speed device, the others are high-speed devices. */
static void full_speed(void)
{
	const struct chip *chip = chip_by_product(0x2711);
	fake_machine();
	diagnose_speed(&fake, "1-2", chip, &found);
	CHECK_INT(found.what, DIAGNOSIS_NONE); /* it left */
	rom("1-2", 7);
	diagnose_speed(&fake, "1-2", chip, &found);
	CHECK_INT(found.what, DIAGNOSIS_NONE); /* unknown */
	fake_text(fake_path("%s/bus/usb/devices/1-2/speed", fake_sys), "480\n");
	diagnose_speed(&fake, "1-2", chip, &found);
	CHECK_INT(found.what, DIAGNOSIS_NONE);
	fake_text(fake_path("%s/bus/usb/devices/1-2/speed", fake_sys), "12\n");
	diagnose_speed(&fake, "1-2", chip, &found);
	CHECK_INT(found.what, DIAGNOSIS_SLOW);
	CHECK_STR(found.detail, "1-2: BCM2711 at 12 Mbit/s");
	diagnose_speed(&fake, "1-2", chip_by_product(0x2763), &found);
	CHECK_INT(found.what, DIAGNOSIS_NONE);
}

static void not_accepting_address(void)
{
	fake_machine();
	fake_text(fake_log_path,
	          "3,9,999000000,-;usb 1-2: device not accepting address 9, error -71\n");
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_ADDRESS);
	CHECK(strstr(found.detail, "usb 1-2: device not accepting"));
	diagnose_return(&fake, "1-2", &found);
	CHECK_INT(found.what, DIAGNOSIS_ADDRESS);
	diagnose_return(&fake, "1-3", &found);
	CHECK_INT(found.what, DIAGNOSIS_NO_RETURN);
	diagnose_disk(&fake, "1-2", &found);
	CHECK_INT(found.what, DIAGNOSIS_ADDRESS);
	fake_device("1-5", 0x0a5c, 0x0104, 9, 1, "x");
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_RUNNING); /* what is there says more */
}

static void not_chosen(void)
{
	fake_machine();
	rom("1-1.3", 4);
	CHECK_INT(bus("1-2", NULL), DIAGNOSIS_NOT_CHOSEN);
	CHECK_STR(found.detail, "1-1.3: boot ROM, serial 10000000b29d2da0");
	CHECK_INT(bus(NULL, "abc"), DIAGNOSIS_NOT_CHOSEN);
	fake_machine();
	fake_device("1-1", 0x0a5c, 0x2764, 4, 0, NULL);
	CHECK_INT(bus(NULL, "abc"), DIAGNOSIS_NOT_CHOSEN);
	CHECK_STR(found.detail, "1-1: boot ROM, serial unknown");
}

static void already_running(void)
{
	fake_machine();
	fake_device("1-1.3", 0x0a5c, 0x0104, 5, 1, "10000000b29d2da0");
	fake_disk("1-1.3", "sdb", "61071360", "mmcblk0");
	fake_disk("1-1.3", "sdc", "0", "spare");
	fake_disk("1-1.3", "sdd", "100", "nvme0n1");
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_RUNNING);
	CHECK_STR(found.detail, "1-1.3: mass-storage gadget, /dev/sdb, /dev/sdd");
	CHECK_INT(bus("1-1.3", NULL), DIAGNOSIS_RUNNING);
	CHECK_INT(bus("1-2", NULL), DIAGNOSIS_NOTHING);
	diagnose_return(&fake, "1-1.3", &found);
	CHECK_INT(found.what, DIAGNOSIS_RUNNING);
}

static void no_permission(void)
{
	fake_machine();
	rom("1-1.3", 4);
	struct usb_device_info info = at("1-1.3");
	if (chmod(fake_path("%s/bus/usb/001/004", fake_dev), 0600) != 0)
		abort();
	diagnose_open(&fake, &info, ERR_USB_ACCESS, &found);
	CHECK_INT(found.what, DIAGNOSIS_NO_PERMISSION);
	CHECK(strstr(found.detail, "/bus/usb/001/004"));
	diagnose_open(&fake, &info, ERR_USB_IO, &found);
	CHECK_INT(found.what, DIAGNOSIS_NONE);
	/* root may use a file of any mode, but none that is not there */
	if (remove(fake_path("%s/bus/usb/001/004", fake_dev)) != 0)
		abort();
	rom("1-5", 5);
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_NO_PERMISSION);
	CHECK_INT(bus("1-5", NULL), DIAGNOSIS_NOT_CHOSEN);
}

static void not_in_group(void)
{
	fake_machine();
	rom("1-1.3", 4);
	struct usb_device_info info = at("1-1.3");
	const char *node = fake_path("%s/bus/usb/001/004", fake_dev);
	gid_t group = getgid() ? getgid() : 1; /* 1: daemon everywhere */
	if (chown(node, (uid_t)-1, group) != 0 || chmod(node, 0660) != 0)
		abort();
	diagnose_open(&fake, &info, ERR_USB_ACCESS, &found);
	CHECK_INT(found.what, DIAGNOSIS_GROUP);
	CHECK(strstr(found.detail, " belongs to the group "));
	if (chmod(node, 0640) != 0)
		abort();
	diagnose_open(&fake, &info, ERR_USB_ACCESS, &found);
	CHECK_INT(found.what, DIAGNOSIS_NO_PERMISSION);
}

static void held_by_driver(void)
{
	fake_machine();
	fake_device("1-1", 0x0a5c, 0x2764, 4, 0, NULL);
	struct usb_device_info info = at("1-1");
	fake_driver("1-1", 0, "usb-storage"); /* of the interface that does not matter */
	diagnose_open(&fake, &info, ERR_USB_BUSY, &found);
	CHECK_INT(found.what, DIAGNOSIS_PROGRAM);
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_NOTHING);
	fake_driver("1-1", 1, "vendor_thing");
	diagnose_open(&fake, &info, ERR_USB_BUSY, &found);
	CHECK_INT(found.what, DIAGNOSIS_DRIVER);
	CHECK_STR(found.detail, "1-1: vendor_thing");
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_DRIVER);
}

static void held_by_program(void)
{
	fake_machine();
	rom("1-1", 4);
	struct usb_device_info info = at("1-1");
	fake_driver("1-1", 0, "usbfs");
	diagnose_open(&fake, &info, ERR_USB_BUSY, &found);
	CHECK_INT(found.what, DIAGNOSIS_PROGRAM);
	CHECK_STR(found.detail, "1-1: which one, only root can see");
	fake_holder("4321", "rpi-imager", 1, 4);
	diagnose_open(&fake, &info, ERR_USB_BUSY, &found);
	CHECK_INT(found.what, DIAGNOSIS_PROGRAM);
	CHECK_STR(found.detail, "1-1: rpi-imager (4321)");
	CHECK_INT(bus(NULL, NULL), DIAGNOSIS_PROGRAM);
}

static void no_return(void)
{
	fake_machine();
	diagnose_return(&fake, "1-1", &found);
	CHECK_INT(found.what, DIAGNOSIS_NO_RETURN);
	CHECK_STR(found.detail, "1-1: the port is empty");
	rom("1-1", 4);
	diagnose_return(&fake, "1-1", &found);
	CHECK_INT(found.what, DIAGNOSIS_NO_RETURN);
	CHECK_STR(found.detail, "1-1: now there is 0a5c:2711");
}

static void no_disk(void)
{
	fake_machine();
	diagnose_disk(&fake, "1-1", &found);
	CHECK_INT(found.what, DIAGNOSIS_NO_DISK);
	CHECK_STR(found.detail, "1-1: the port is empty");
	fake_device("1-1", 0x0a5c, 0x0104, 4, 1, NULL);
	fake_disk("1-1", "sda", "0", "spare");
	diagnose_disk(&fake, "1-1", &found);
	CHECK_STR(found.detail,
	          "1-1: now there is 0a5c:0104, mass-storage gadget, with disks of size 0 only");
}

static enum diagnosis ask(struct diagnose_requests *r, const char *name, bool there)
{
	diagnose_request(r, name, there, &found);
	return found.what;
}

static void asked_again(void)
{
	struct diagnose_requests r = { 0 };
	for (int i = 1; i <= 9; i++)
		CHECK_INT(ask(&r, "config.txt", true), DIAGNOSIS_NONE);
	CHECK_INT(ask(&r, "config.txt", true), DIAGNOSIS_ASKED_AGAIN);
	CHECK_STR(found.detail, "config.txt, 10 times");
	CHECK_INT(ask(&r, "config.txt", true), DIAGNOSIS_NONE); /* once is enough */
	for (int i = 0; i < 1000; i++)                          /* more names than are counted */
		CHECK_INT(ask(&r, fake_path("file%d", i), true), DIAGNOSIS_NONE);
}

static void wants_signed_image(void)
{
	struct diagnose_requests absent = { 0 }, present = { 0 };
	CHECK_INT(ask(&absent, "boot.sig", false), DIAGNOSIS_NONE);
	CHECK_INT(ask(&absent, "boot.img", true), DIAGNOSIS_NONE);
	CHECK_INT(ask(&absent, "boot.sig", false), DIAGNOSIS_SIGNED);
	CHECK(strstr(found.detail, "not there"));
	CHECK_INT(ask(&absent, "boot.sig", false), DIAGNOSIS_NONE);
	for (int i = 1; i <= 3; i++)
		CHECK_INT(ask(&present, "boot.sig", true), DIAGNOSIS_NONE);
	CHECK_INT(ask(&present, "boot.sig", true), DIAGNOSIS_SIGNED);
	CHECK(strstr(found.detail, "was sent"));
}

/* --- the manual: for each diagnosis "## TITLE", then its code, in the order of the table */

static void manual_has_every_diagnosis(void)
{
	FILE *f = fopen("docs/troubleshooting.md", "r");
	char line[512];
	int what = DIAGNOSIS_NONE, sections = 0;
	CHECK(f);
	while (f && fgets(line, sizeof line, f)) {
		if (strncmp(line, "Code: `", 7) == 0) {
			sections++;
			if (what < DIAGNOSIS_COUNT)
				CHECK_STR(line,
				          fake_path("Code: `%s`.\n", diagnosis_text(what)->code));
		}
		if (strncmp(line, "## ", 3) == 0 && ++what < DIAGNOSIS_COUNT)
			CHECK_STR(line, fake_path("## %s\n", diagnosis_text(what)->title));
	}
	CHECK_INT(what, DIAGNOSIS_COUNT - 1);
	CHECK_INT(sections, DIAGNOSIS_COUNT - 1);
	if (f)
		fclose(f);
}

/* Wrappers take a line with "fail" in it for an error. */
static void texts_are_complete_and_calm(void)
{
	for (int i = DIAGNOSIS_NONE + 1; i < DIAGNOSIS_COUNT; i++) {
		const struct diagnosis_text *t = diagnosis_text(i);
		CHECK(*t->code && *t->title && *t->text && *t->advice);
		const char *all = fake_path("%s %s %s", t->title, t->text, t->advice);
		CHECK(!strstr(all, "fail") && !strstr(all, "Fail"));
	}
}

struct witness {
	struct observer observer;
	struct event event;
	unsigned count;
};

static void witness(struct observer *self, const struct event *event)
{
	struct witness *w = (struct witness *)self;
	w->event = *event;
	w->count++;
}

static void leave(struct observer *self)
{
	(void)self;
}

static void tells_observers(void)
{
	struct witness w = { .observer = { witness, leave } };
	struct report *report = report_new();
	CHECK(report);
	if (!report)
		return;
	report_add(report, &w.observer);
	diagnose_report(report, NULL, OK, &(struct finding){ DIAGNOSIS_NONE, "" });
	CHECK_INT(w.count, 0);
	diagnose_report(report, NULL, ERR_USB_BUSY,
	                &(struct finding){ DIAGNOSIS_DRIVER, "1-1: x" });
	CHECK_INT(w.event.kind, EV_DIAGNOSIS);
	CHECK_STR(w.event.topic, "held-by-driver");
	CHECK_INT(w.event.err, ERR_USB_BUSY);
	report_free(report);
}

int main(void)
{
	RUN(nothing_on_the_bus);
	RUN(not_accepting_address);
	RUN(full_speed);
	RUN(not_chosen);
	RUN(already_running);
	RUN(no_permission);
	RUN(not_in_group);
	RUN(held_by_driver);
	RUN(held_by_program);
	RUN(no_return);
	RUN(no_disk);
	RUN(asked_again);
	RUN(wants_signed_image);
	RUN(manual_has_every_diagnosis);
	RUN(texts_are_complete_and_calm);
	RUN(tells_observers);
	return tap_end();
}
