/* SPDX-License-Identifier: Apache-2.0 */
#include "fakemachine.h"
#include "tap.h"

static char text[SYSFS_TEXT];

static void reads_a_device(void)
{
	fake_machine();
	fake_device("1-1.3", 0x0a5c, 0x2711, 7, 3, "10000000b29d2da0");
	struct usb_device_info info;
	CHECK(sysfs_has_bus(&fake));
	CHECK(sysfs_device(&fake, "1-1.3", &info));
	CHECK_INT(info.vendor, 0x0a5c);
	CHECK_INT(info.product, 0x2711);
	CHECK_INT(info.bus, 1);
	CHECK_INT(info.address, 7);
	CHECK_INT(info.port, 3);
	CHECK_INT(info.serial_index, 3);
	CHECK_STR(info.path, "1-1.3");
	CHECK(sysfs_text(&fake, "1-1.3", "serial", text));
	CHECK_STR(text, "10000000b29d2da0");
	CHECK(!sysfs_device(&fake, "1-1.4", &info));
	CHECK(!sysfs_text(&fake, "1-1.3", "product", text));
	CHECK_STR(text, "");
}

static void survives_odd_attributes(void)
{
	struct usb_device_info info;
	char much[5000];
	fake_machine();
	fake_device("1-1", 0x0a5c, 0x2711, 7, 3, NULL);
	fake_attribute("1-1", "idVendor", "zz\n");
	CHECK(!sysfs_device(&fake, "1-1", &info));
	fake_attribute("1-1", "idVendor", "0a5c\n");
	fake_attribute("1-1", "devnum", "999\n");
	CHECK(!sysfs_device(&fake, "1-1", &info));
	fake_attribute("1-1", "devnum", "");
	CHECK(!sysfs_device(&fake, "1-1", &info));
	memset(much, 'x', sizeof much - 1);
	much[sizeof much - 1] = 0;
	fake_attribute("1-1", "serial", much);
	CHECK(sysfs_text(&fake, "1-1", "serial", text));
	CHECK_INT(strlen(text), SYSFS_TEXT - 1);
	CHECK(!sysfs_device(&fake, much, &info));
}

static void count_device(void *ctx, const struct usb_device_info *info)
{
	(void)info;
	++*(unsigned *)ctx;
}

static void lists_devices_but_not_interfaces(void)
{
	unsigned count = 0;
	fake_machine();
	fake_device("usb1", 0x1d6b, 2, 1, 1, NULL);
	fake_device("1-1", 0x0a5c, 0x2711, 7, 3, NULL);
	fake_device("1-1.2", 0x0a5c, 0x2764, 8, 0, NULL);
	fake_attribute("1-1:1.0", "interface", "x");
	sysfs_each(&fake, count_device, &count);
	CHECK_INT(count, 2);
	fake.sys = "/nonexistent";
	count = 0;
	sysfs_each(&fake, count_device, &count);
	CHECK_INT(count, 0);
	CHECK(!sysfs_has_bus(&fake));
	fake.sys = fake_sys;
}

static enum stage stage_at(const char *path)
{
	struct usb_device_info info;
	return sysfs_device(&fake, path, &info) ? sysfs_stage(&fake, &info) : STAGE_NONE;
}

static void tells_forms(void)
{
	fake_machine();
	fake_device("1-1", 0x0a5c, 0x2711, 2, 3, NULL);
	fake_device("1-2", 0x0a5c, 0x2764, 3, 0, NULL);
	fake_device("1-3", 0x0a5c, 0x2712, 4, 1, NULL);
	fake_device("1-4", 0x0a5c, 0x0104, 5, 1, NULL);
	fake_device("1-5", 0x0a5c, 0x0001, 6, 1, NULL);
	fake_device("1-6", 0x0525, 0xa4a5, 7, 1, NULL);
	fake_device("1-7", 0x18d1, 0x4e40, 8, 1, NULL);
	fake_attribute("1-7:1.0", "interface", "fastbootd-provisioner\n");
	fake_device("1-8", 0x18d1, 0x4e40, 9, 1, NULL);
	fake_attribute("1-8:1.0", "interface", "Android Fastboot\n");
	fake_device("1-9", 0x0a5c, 0x21e8, 10, 1, NULL);
	static const enum stage want[] = { STAGE_BOOT_ROM,   STAGE_BOOT_ROM,   STAGE_FILE_SERVER,
		                           STAGE_MSD_GADGET, STAGE_LEGACY_MSD, STAGE_OLD_GADGET,
		                           STAGE_FASTBOOT,   STAGE_NONE,       STAGE_NONE };
	for (unsigned i = 0; i < sizeof want / sizeof *want; i++)
		CHECK_INT(stage_at(fake_path("1-%u", i + 1)), want[i]);
	CHECK_INT(device_identify(0x18d1, 0x4e40, 1, NULL), STAGE_NONE);
	CHECK_STR(stage_name(STAGE_MSD_GADGET), "mass-storage gadget");
	CHECK_STR(stage_code(STAGE_BOOT_ROM), "rom");
}

static void finds_drivers_and_programs(void)
{
	struct usb_device_info info;
	fake_machine();
	fake_device("1-1", 0x0a5c, 0x2764, 5, 0, NULL);
	fake_device("1-1.1", 0x0a5c, 0x2764, 6, 0, NULL);
	CHECK(!sysfs_drivers(&fake, "1-1", NULL, text));
	fake_driver("1-1.1", 0, "other");
	fake_driver("1-1", 0, "usb-storage");
	CHECK(sysfs_drivers(&fake, "1-1", NULL, text));
	CHECK_STR(text, "usb-storage");
	CHECK(!sysfs_drivers(&fake, "1-1", "usb-storage", text));
	fake_driver("1-1", 1, "usbfs");
	fake_driver("1-1", 2, "usbfs");
	CHECK(sysfs_drivers(&fake, "1-1", "usb-storage", text));
	CHECK_STR(text, "usbfs");

	CHECK(sysfs_device(&fake, "1-1", &info));
	CHECK(!sysfs_holders(&fake, &info, text));
	fake_holder("12", "sh", 1, 4);
	fake_holder("4321", "rpi-imager", 1, 5);
	fake_holder("99", "rpiboot", 1, 5);
	fake_link(fake_path("%s/self", fake_proc), "99");
	CHECK(sysfs_holders(&fake, &info, text));
	CHECK_STR(text, "rpi-imager (4321)");
}

static void finds_disks_of_the_port_only(void)
{
	struct sysfs_disk disks[SYSFS_DISKS];
	fake_machine();
	fake_disk("1-1.3", "sdc", "0", "spare");
	fake_disk("1-1.3", "sdb", "61071360", "mmcblk0");
	fake_disk("1-1", "sda", "8", "hub");
	fake_disk("1-1.3.1", "sdd", "8", "below");
	fake_link(fake_path("%s/block/nvme0n1", fake_sys), "../devices/pci0/nvme/nvme0n1");
	CHECK_INT(sysfs_disks(&fake, "1-1.3", disks), 2);
	CHECK_STR(disks[0].node, "/dev/sdb");
	CHECK(disks[0].size == UINT64_C(31268536320));
	CHECK_STR(disks[0].model, "mmcblk0");
	CHECK_STR(disks[1].node, "/dev/sdc");
	CHECK_INT(disks[1].size, 0);
	CHECK_INT(sysfs_disks(&fake, "1-2", disks), 0);
}

static void bounds_the_number_of_disks(void)
{
	struct sysfs_disk disks[SYSFS_DISKS];
	fake_machine();
	for (int i = 0; i < SYSFS_DISKS + 9; i++) {
		char name[16];
		snprintf(name, sizeof name, "sd%d", i);
		fake_disk("1-1", name, "8", "x");
	}
	CHECK_INT(sysfs_disks(&fake, "1-1", disks), SYSFS_DISKS);
}

#define OLD "6,1,600000000,-;"
#define NEW "6,2,900000000,-;"
#define BAD "device not accepting address 5, error -71"

static bool complains(const char *log, const char *path)
{
	fake_text(fake_log_path, log);
	return sysfs_enum_error(&fake, path, text);
}

static void reads_the_kernel_log(void)
{
	fake_machine();
	CHECK(!sysfs_enum_error(&fake, NULL, text)); /* no log */
	CHECK(!complains("", NULL));
	CHECK(complains(NEW "usb 1-1.3: " BAD "\n SUBSYSTEM=usb\n", NULL));
	CHECK_STR(text, "usb 1-1.3: " BAD);
	CHECK(!complains(OLD "usb 1-1.3: " BAD "\n", NULL));
	CHECK(complains(NEW "usb 1-1.3: device descriptor read/64, error -110\n", "1-1.3"));
	CHECK(!complains(NEW "usb 1-1.3: " BAD "\n", "1-1.4"));
	CHECK(!complains(NEW "usb 1-1.3: " BAD "\n", "1-1"));
	CHECK(complains(NEW "usb 1-1-port3: unable to enumerate USB device\n", "1-1.3"));
	CHECK(complains(NEW "usb usb1-port2: unable to enumerate USB device\n", "1-2"));
	CHECK(!complains(NEW "usb usb1-port2: unable to enumerate USB device\n", "1-2.2"));
	CHECK(!complains(NEW "usb 1-1.3: New USB device found, idVendor=0a5c\n", NULL));
	CHECK(!complains(NEW "usb 1-1.3: " BAD "\n" NEW "usb 1-1.3: New USB device found\n", NULL));
	CHECK(complains(NEW "usb 1-1.3: " BAD "\n" NEW "usb 1-1.4: New USB device found\n", NULL));
	CHECK(!complains("garbage;usb 1-1.3: " BAD "\n;\n,;\n,,;x\n6,2;usb 1-1: " BAD "\n", NULL));
	CHECK(!complains(NEW "program: usb 1-1.3: " BAD "\n", NULL));
}

static void reads_the_end_of_a_long_log(void)
{
	fake_machine();
	FILE *f = fopen(fake_log_path, "w");
	for (int i = 0; f && i < 40000; i++)
		fprintf(f, NEW "line %d is noise\n", i);
	CHECK(f && fprintf(f, NEW "usb 1-2: " BAD "\n") > 0 && fclose(f) == 0);
	CHECK(sysfs_enum_error(&fake, "1-2", text));
}

int main(void)
{
	RUN(reads_a_device);
	RUN(survives_odd_attributes);
	RUN(lists_devices_but_not_interfaces);
	RUN(tells_forms);
	RUN(finds_drivers_and_programs);
	RUN(finds_disks_of_the_port_only);
	RUN(bounds_the_number_of_disks);
	RUN(reads_the_kernel_log);
	RUN(reads_the_end_of_a_long_log);
	return tap_end();
}
