/* SPDX-License-Identifier: Apache-2.0 */
#include "fakemachine.h"
#include "cli/list.h"
#include "tap.h"

/* --- a bus that shows what the fake machine has; opening ends as ANSWERS says */

struct usb {
	const struct usb_setup *setup;
};

static enum err open_answer;
static const char *string_answer;

static void arrive(void *ctx, const struct usb_device_info *info)
{
	const struct usb *usb = ctx;
	usb->setup->arrived(usb->setup->ctx, info);
}

enum err usb_start(struct usb **out, const struct usb_setup *with)
{
	static struct usb usb;
	usb.setup = with;
	*out = &usb;
	sysfs_each(&fake, arrive, &usb);
	return OK;
}

void usb_stop(struct usb *usb)
{
	(void)usb;
}

enum err usb_open(struct usb *usb, const struct usb_device_info *info, struct usb_handle **out)
{
	(void)usb;
	(void)info;
	*out = NULL;
	return open_answer;
}

void usb_close(struct usb_handle *h)
{
	(void)h;
}

enum err usb_string(struct usb_handle *h, uint8_t index, char out[USB_STRING_SIZE])
{
	(void)h;
	(void)index;
	snprintf(out, USB_STRING_SIZE, "%s", string_answer);
	return OK;
}

/* What listing does not use, but the station. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* none is used here */
#define UNUSED(type, name, args) \
	type name args           \
	{                        \
		abort();         \
	}
UNUSED(bool, usb_needs_poll, (const struct usb *usb))
UNUSED(void, usb_poll, (struct usb * usb))
UNUSED(void, usb_rescan, (struct usb * usb))
UNUSED(void, usb_interrupt, (struct usb * usb))
UNUSED(enum err, usb_find_bulk, (struct usb_handle * h, unsigned *interface, unsigned *endpoint))
UNUSED(bool, usb_pause, (struct usb_handle * h, uint64_t time))
UNUSED(enum err, usb_claim, (struct usb_handle * h, unsigned interface))
UNUSED(enum err, usb_submit_announce, (struct usb_handle * h, uint16_t value, uint16_t index))
UNUSED(enum err, usb_submit_read, (struct usb_handle * h, uint16_t value, uint16_t index, size_t n))
UNUSED(enum err, usb_submit_bulk,
       (struct usb_handle * h, unsigned endpoint, const uint8_t *bytes, size_t n))
UNUSED(enum err, usb_find_pipes,
       (struct usb * usb, const struct usb_device_info *info, uint8_t class, uint8_t subclass,
        struct usb_pipes *pipes))
UNUSED(enum err, usb_claim_pipes, (struct usb_handle * h, const struct usb_pipes *pipes))
UNUSED(enum err, usb_submit_request,
       (struct usb_handle * h, unsigned interface, uint8_t request, size_t n))
UNUSED(enum err, usb_submit_bulk_in,
       (struct usb_handle * h, unsigned endpoint, uint8_t *to, size_t n))
UNUSED(enum err, usb_await_either,
       (struct usb_handle * h, enum usb_slot a, enum usb_slot b, uint64_t deadline))
UNUSED(void, usb_ignore_interrupts, (struct usb_handle * h))
UNUSED(bool, usb_is_pending, (struct usb_handle * h, enum usb_slot slot))
UNUSED(enum err, usb_await,
       (struct usb_handle * h, enum usb_slot slot, uint64_t deadline, size_t *actual))
UNUSED(enum err, usb_cancel, (struct usb_handle * h, enum usb_slot slot, size_t *actual))
UNUSED(const uint8_t *, usb_read_bytes, (const struct usb_handle *h))
UNUSED(enum err, usb_clear_halt, (struct usb_handle * h, unsigned endpoint))

#pragma GCC diagnostic pop

/* --- listing */

static char output[8192], said[64];
static struct station_setup setup;

static void witness(struct observer *self, const struct event *e)
{
	(void)self;
	snprintf(said, sizeof said, "%s", e->topic ? e->topic : "");
}

static void leave(struct observer *self)
{
	(void)self;
}

static void begin(void)
{
	fake_machine();
	setup = (struct station_setup){ .port = -1, .sysfs = &fake };
	open_answer = OK;
	string_answer = "from the board";
	*said = 0;
}

static enum err list(bool json)
{
	struct observer observer = { witness, leave };
	FILE *f = tmpfile();
	setup.report = report_new();
	report_add(setup.report, &observer);
	enum err err = list_run(&setup, json, f);
	rewind(f);
	output[fread(output, 1, sizeof output - 1, f)] = 0;
	fclose(f);
	report_free(setup.report);
	return err;
}

static void bench(void)
{
	begin();
	fake_device("1-1.3", 0x0a5c, 0x2711, 4, 3, "10000000b29d2da0");
	fake_device("1-1.4", 0x0a5c, 0x2764, 5, 0, NULL);
	fake_driver("1-1.4", 0, "usb-storage");
	fake_driver("1-1.4", 1, "usbfs");
	fake_holder("4321", "rpi-imager", 1, 5);
	fake_device("1-2", 0x0a5c, 0x0104, 6, 1, "8a1b2c3d4e5f6071");
	fake_driver("1-2", 0, "usb-storage");
	fake_disk("1-2", "sdb", "61071360", "mmcblk0");
	fake_device("1-3", 0x046d, 0xc077, 7, 0, NULL);
	fake_device("2-1", 0x18d1, 0x4e40, 8, 3, "fb01");
	fake_attribute("2-1:1.0", "interface", "fastbootd-provisioner\n");
}

static void prints_a_table(void)
{
	bench();
	CHECK_INT(list(false), OK);
	CHECK_STR(
		output,
		"PATH       CHIP     STAGE                SERIAL            ACCESS  DRIVER\n"
		"1-1.3      BCM2711  boot ROM             10000000b29d2da0  yes     -\n"
		"1-1.4      BCM2837  boot ROM             -                 yes     usb-storag..\n"
		"           drivers: usb-storage, usbfs\n"
		"           held by rpi-imager (4321)\n"
		"1-2        -        mass-storage gadget  8a1b2c3d4e5f6071  yes     usb-storage\n"
		"           /dev/sdb  31268536320 bytes  mmcblk0\n"
		"2-1        -        fastboot gadget      fb01              yes     -\n"
		"BCM2837: Compute Module 0, 3, 3+, 3A+, Zero 2 W\n"
		"BCM2711: Compute Module 4, 4S, 4B, 400\n");
}

static void fits_80_columns(void)
{
	begin();
	string_answer =
		"a serial \x1b[31m that is a little longer than serials are, as boards may be hostile";
	fake_device("12-1.2.3", 0x0a5c, 0x2712, 4, 1, NULL);
	fake_driver("12-1.2.3", 0, "a_driver_with_a_long_name");
	CHECK_INT(list(false), OK);
	for (const char *line = output; *line; line += strcspn(line, "\n") + 1)
		CHECK(strcspn(line, "\n") <= 80);
	CHECK(strstr(output, "file server"));
	CHECK(!strchr(output, '\x1b'));
}

static void prints_json(void)
{
	bench();
	CHECK_INT(list(true), OK);
	const char *second = strchr(output, '\n') + 1, *third = strchr(second, '\n') + 1;
	CHECK(strncmp(output,
	              "{\"path\": \"1-1.3\", \"vendor\": \"0a5c\", \"product\": \"2711\", "
	              "\"chip\": \"BCM2711\", \"models\": \"Compute Module 4, 4S, 4B, 400\", "
	              "\"stage\": \"rom\", \"serial\": \"10000000b29d2da0\", \"access\": \"yes\", "
	              "\"drivers\": [], \"programs\": [], \"disks\": []}\n",
	              (size_t)(second - output)) == 0);
	CHECK(strstr(second, "\"serial\": null, \"access\": \"yes\", \"drivers\": ["));
	CHECK(strstr(second, "\"programs\": [\"rpi-imager (4321)\"]"));
	CHECK(strncmp(third,
	              "{\"path\": \"1-2\", \"vendor\": \"0a5c\", \"product\": \"0104\", "
	              "\"chip\": null, \"models\": null, \"stage\": \"gadget\", "
	              "\"serial\": \"8a1b2c3d4e5f6071\", \"access\": \"yes\", "
	              "\"drivers\": [\"usb-storage\"], \"programs\": [], "
	              "\"disks\": [{\"device\": \"/dev/sdb\", \"size\": 31268536320, "
	              "\"model\": \"mmcblk0\"}]}\n",
	              strcspn(third, "\n")) == 0);
}

static void selects(void)
{
	bench();
	setup.paths[0] = "1-2";
	setup.path_count = 1;
	CHECK_INT(list(true), OK);
	CHECK(strncmp(output, "{\"path\": \"1-2\"", 14) == 0);
	CHECK(strchr(output, '\n')[1] == 0);
	setup.path_count = 0;
	setup.serials[0] = "10000000B29D2DA0";
	setup.serial_count = 1;
	CHECK_INT(list(true), OK);
	CHECK(strncmp(output, "{\"path\": \"1-1.3\"", 16) == 0);
	CHECK(strchr(output, '\n')[1] == 0);
	setup.serial_count = 0;
	setup.port = 4;
	CHECK_INT(list(true), OK);
	CHECK(strncmp(output, "{\"path\": \"1-1.4\"", 16) == 0);
	setup.port = 9;
	CHECK_INT(list(true), ERR_NO_BOARD);
	CHECK_STR(output, "");
	CHECK_STR(said, "not-chosen");
}

static void asks_the_board_where_the_machine_is_silent(void)
{
	begin();
	fake_device("1-1", 0x0a5c, 0x2711, 4, 3, NULL);
	CHECK_INT(list(true), OK);
	CHECK(strstr(output, "\"serial\": \"from the board\""));
}

static void tells_of_missing_permission(void)
{
	begin();
	fake_device("1-1", 0x0a5c, 0x2711, 4, 3, NULL);
	open_answer = ERR_USB_ACCESS;
	CHECK_INT(list(false), OK);
	CHECK(strstr(output, "denied"));
	CHECK(strcmp(said, "no-permission") == 0 || strcmp(said, "not-in-group") == 0);
}

/* Windows: a board that no program can open until a driver is installed. */
static void names_a_missing_driver(void)
{
	begin();
	fake_device("1-1", 0x0a5c, 0x2711, 4, 3, NULL);
	open_answer = ERR_USB_DRIVER;
	CHECK_INT(list(false), OK);
	CHECK(strstr(output, "no driver"));
	CHECK(strstr(output, "rpiboot --driver"));
}

static void explains_an_empty_bus(void)
{
	begin();
	CHECK_INT(list(false), ERR_NO_BOARD);
	CHECK_STR(output, "No board found.\n");
	CHECK_STR(said, "nothing-on-the-bus");
}

int main(void)
{
	RUN(prints_a_table);
	RUN(fits_80_columns);
	RUN(prints_json);
	RUN(selects);
	RUN(asks_the_board_where_the_machine_is_silent);
	RUN(tells_of_missing_permission);
	RUN(names_a_missing_driver);
	RUN(explains_an_empty_bus);
	return tap_end();
}
