/* SPDX-License-Identifier: Apache-2.0 */
/* src/platform/sysfs_darwin.c on a fake I/O Registry. Classes, their order and the names of properties are those that
 * `ioreg -l` prints on Macs with Apple's processors (macOS 12 to 26), as public reports show them: a USB disk is IOMedia
 * below IOBlockStorageDriver below ... IOSCSILogicalUnitNub, which has the INQUIRY data, below IOUSBHostInterface below
 * IOUSBHostDevice; the container of an APFS partition is a whole medium, too. */
#include "fakeregistry.h"
#include "platform/sysfs.h"
#include "tap.h"

static const struct registry_value characteristics[] = { TEXT("Vendor Name", "Msft"),
	                                                 TEXT("Product Name", "Virtual"),
	                                                 { 0 } };

static const struct registry_entry mac[] = {
	/* 1 */ { 0, { "AppleUSBXHCI" }, { NUMBER("locationID", 0x00000000) } },
	/* 2 */
	{ 1,
	  { "IOUSBHostDevice" },
	  { NUMBER("idVendor", 1452), NUMBER("idProduct", 32789), NUMBER("locationID", 0x00100000),
	    NUMBER("USB Address", 1), NUMBER("iSerialNumber", 0) } },
	/* 3: a boot ROM */
	{ 2,
	  { "IOUSBHostDevice" },
	  { NUMBER("idVendor", 0x0a5c), NUMBER("idProduct", 0x2711),
	    NUMBER("locationID", 0x00110000), NUMBER("kUSBAddress", 9), NUMBER("USB Address", 9),
	    NUMBER("iSerialNumber", 3), TEXT("USB Serial Number", "10000000b29d2da0") } },
	/* 4: a gadget with two disks */
	{ 2,
	  { "IOUSBHostDevice" },
	  { NUMBER("idVendor", 0x0a5c), NUMBER("idProduct", 0x0104),
	    NUMBER("locationID", 0x00120000), NUMBER("kUSBAddress", 12), NUMBER("iSerialNumber", 3),
	    TEXT("kUSBSerialNumberString", "b29d2da1") } },
	/* 5 */ { 4, { "AppleUSBHostCompositeDevice" }, { { 0 } } },
	/* 6 */ { 4, { "IOUSBHostInterface" }, { NUMBER("bInterfaceNumber", 0) } },
	/* 7 */ { 6, { "IOUSBMassStorageInterfaceNub" }, { { 0 } } },
	/* 8 */ { 7, { "IOUSBMassStorageDriverNub" }, { { 0 } } },
	/* 9 */ { 8, { "IOUSBMassStorageDriver" }, { { 0 } } },
	/* 10 */
	{ 9,
	  { "IOSCSILogicalUnitNub", "IOSCSIPeripheralDeviceNub" },
	  { TEXT("Vendor Identification", "nvme0n1 "), TEXT("Product Identification", "  "),
	    TEXT("Product Revision Level", "0612") } },
	/* 11 */ { 10, { "IOSCSIPeripheralDeviceType00" }, { { 0 } } },
	/* 12 */ { 11, { "IOBlockStorageServices", "IOBlockStorageDevice" }, { { 0 } } },
	/* 13 */ { 12, { "IOBlockStorageDriver" }, { { 0 } } },
	/* 14 */
	{ 13,
	  { "IOMedia" },
	  { YES("Whole"), TEXT("BSD Name", "disk10"), NUMBER("Size", 256060514304) } },
	/* 15: the other logical unit */
	{ 9,
	  { "IOSCSILogicalUnitNub", "IOSCSIPeripheralDeviceNub" },
	  { TEXT("Vendor Identification", "mmcblk0"), TEXT("Product Identification", "") } },
	/* 16 */ { 15, { "IOSCSIPeripheralDeviceType00" }, { { 0 } } },
	/* 17 */ { 16, { "IOBlockStorageServices", "IOBlockStorageDevice" }, { { 0 } } },
	/* 18 */ { 17, { "IOBlockStorageDriver" }, { { 0 } } },
	/* 19 */
	{ 18,
	  { "IOMedia" },
	  { YES("Whole"), TEXT("BSD Name", "disk4"), NUMBER("Size", 31268536320) } },
	/* 20 */ { 19, { "IOGUIDPartitionScheme", "IOPartitionScheme" }, { { 0 } } },
	/* 21 */
	{ 20, { "IOMedia" }, { TEXT("BSD Name", "disk4s1"), NUMBER("Size", 209715200) } },
	/* 22 */ { 21, { "AppleAPFSContainerScheme" }, { { 0 } } },
	/* 23 */
	{ 22,
	  { "AppleAPFSMedia", "IOMedia" },
	  { YES("Whole"), TEXT("BSD Name", "disk5"), NUMBER("Size", 209715200) } },
	/* 24: a disk that is not on USB */
	{ 0,
	  { "IOBlockStorageDriver" },
	  { DICTIONARY("Device Characteristics", characteristics) } },
	/* 25 */
	{ 24, { "IOMedia" }, { YES("Whole"), TEXT("BSD Name", "disk0"), NUMBER("Size", 1000) } },
	/* 26: a reader that has its strings in a dictionary, on another bus */
	{ 0,
	  { "IOUSBHostDevice" },
	  { NUMBER("idVendor", 0x0a5c), NUMBER("idProduct", 0x0001),
	    NUMBER("locationID", 0x14320000), NUMBER("USB Address", 3),
	    NUMBER("iSerialNumber", 0) } },
	/* 27 */
	{ 26,
	  { "IOBlockStorageServices", "IOBlockStorageDevice" },
	  { DICTIONARY("Device Characteristics", characteristics) } },
	/* 28 */ { 27, { "IOBlockStorageDriver" }, { { 0 } } },
	/* 29 */ { 28, { "IOMedia" }, { YES("Whole"), TEXT("BSD Name", "disk6") } },
	/* 30: Android's fastboot ids, and the provisioner's interface string */
	{ 2,
	  { "IOUSBHostDevice" },
	  { NUMBER("idVendor", 0x18d1), NUMBER("idProduct", 0x4e40),
	    NUMBER("locationID", 0x00130000), NUMBER("USB Address", 4),
	    NUMBER("iSerialNumber", 3) } },
	/* 31 */ { 30, { "AppleUSBHostCompositeDevice" }, { { 0 } } },
	/* 32 */ { 30, { "IOUSBHostInterface" }, { TEXT("kUSBString", "fastbootd-provisioner") } },
	/* 33 */
	{ 2,
	  { "IOUSBHostDevice" },
	  { NUMBER("idVendor", 0x18d1), NUMBER("idProduct", 0x4e40),
	    NUMBER("locationID", 0x00140000), NUMBER("USB Address", 5),
	    NUMBER("iSerialNumber", 3) } },
	/* 34 */ { 33, { "IOUSBHostInterface" }, { TEXT("kUSBString", "ADB Interface") } },
};

static void begin(void)
{
	registry = mac;
	registry_size = sizeof mac / sizeof *mac;
	registry_references = 0;
}

/* Every reference was given back. */
static void end(void)
{
	CHECK_INT(registry_references, 0);
}

static void devices_by_path(void)
{
	struct usb_device_info info;
	begin();
	CHECK(sysfs_has_bus(&sysfs_default));
	CHECK(sysfs_device(&sysfs_default, "0-1.1", &info));
	CHECK_STR(info.path, "0-1.1");
	CHECK_INT(info.vendor, 0x0a5c);
	CHECK_INT(info.product, 0x2711);
	CHECK_INT(info.bus, 0);
	CHECK_INT(info.port, 1);
	CHECK_INT(info.address, 9);
	CHECK_INT(info.serial_index, 3);
	CHECK(sysfs_device(&sysfs_default, "20-3.2", &info));
	CHECK_INT(info.bus, 20);
	CHECK_INT(info.address, 3);
	CHECK(!sysfs_device(&sysfs_default, "0-1.9", &info));
	CHECK(!sysfs_device(&sysfs_default, "0", &info)); /* a controller */
	end();
}

static void count_device(void *ctx, const struct usb_device_info *info)
{
	unsigned *seen = ctx;
	*seen |= 1U << info->address;
}

static void all_devices(void)
{
	unsigned seen = 0;
	begin();
	sysfs_each(&sysfs_default, count_device, &seen);
	CHECK_INT(seen, 1 << 1 | 1 << 9 | 1 << 12 | 1 << 3 | 1 << 4 | 1 << 5);
	end();
}

static void serials(void)
{
	char text[SYSFS_TEXT];
	begin();
	CHECK(sysfs_text(&sysfs_default, "0-1.1", "serial", text));
	CHECK_STR(text, "10000000b29d2da0");
	CHECK(sysfs_text(&sysfs_default, "0-1.2", "serial", text));
	CHECK_STR(text, "b29d2da1");
	CHECK(!sysfs_text(&sysfs_default, "20-3.2", "serial", text));
	CHECK_STR(text, "");
	CHECK(!sysfs_text(&sysfs_default, "0-1.9", "serial", text));
	end();
}

static enum stage stage_at(const char *path)
{
	struct usb_device_info info = { 0 };
	return sysfs_device(&sysfs_default, path, &info) ? sysfs_stage(&sysfs_default, &info)
	                                                 : STAGE_COUNT;
}

static void stages(void)
{
	begin();
	CHECK_INT(stage_at("0-1.1"), STAGE_BOOT_ROM);
	CHECK_INT(stage_at("0-1.2"), STAGE_MSD_GADGET);
	CHECK_INT(stage_at("20-3.2"), STAGE_LEGACY_MSD);
	CHECK_INT(stage_at("0-1.3"), STAGE_FASTBOOT);
	CHECK_INT(stage_at("0-1.4"), STAGE_NONE);
	CHECK_INT(stage_at("0-1"), STAGE_NONE);
	end();
}

static void disks_of_a_board(void)
{
	struct sysfs_disk disks[SYSFS_DISKS];
	begin();
	size_t count = sysfs_disks(&sysfs_default, "0-1.2", disks);
	CHECK_INT(count, 2); /* neither the partition nor the container */
	CHECK_STR(disks[0].node, "/dev/disk4");
	CHECK_STR(disks[0].vendor, "mmcblk0");
	CHECK_STR(disks[0].model, "");
	CHECK_INT(disks[0].size, 31268536320);
	CHECK_STR(disks[1].node, "/dev/disk10");
	CHECK_STR(disks[1].vendor, "nvme0n1");
	CHECK_STR(disks[1].model, "");
	CHECK_STR(disks[1].revision, "0612");
	CHECK_INT(disks[1].size, 256060514304);
	CHECK_INT(sysfs_disks(&sysfs_default, "0-1.1", disks), 0);
	CHECK_INT(sysfs_disks(&sysfs_default, "0-1", disks), 0); /* the hub above */
	end();
}

static void strings_in_a_dictionary(void)
{
	struct sysfs_disk disks[SYSFS_DISKS];
	begin();
	CHECK_INT(sysfs_disks(&sysfs_default, "20-3.2", disks), 1);
	CHECK_STR(disks[0].node, "/dev/disk6");
	CHECK_STR(disks[0].vendor, "Msft");
	CHECK_STR(disks[0].model, "Virtual");
	CHECK_INT(disks[0].size, 0);
	end();
}

int main(void)
{
	RUN(devices_by_path);
	RUN(all_devices);
	RUN(serials);
	RUN(stages);
	RUN(disks_of_a_board);
	RUN(strings_in_a_dictionary);
	return tap_end();
}
