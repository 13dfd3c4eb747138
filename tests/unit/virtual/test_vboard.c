/* SPDX-License-Identifier: Apache-2.0 */
/* The model of a board against a host written out by hand, in virtual time: what it lets through, what it refuses,
 * what it notes a violation, and its accounts. */
#include <openssl/sha.h>
#include <stdlib.h>
#include "tap.h"
#include "virtual/vboard.h"

static struct vdesc desc;
static struct vboard board;
static uint64_t now;

static void board_of(const char *lines)
{
	char error[VDESC_ERROR_SIZE] = "", text[2048];
	snprintf(text, sizeof text, "%s", lines);
	vdesc_init(&desc);
	int number = 0, bad = 0;
	for (char *save, *p = strtok_r(text, ";", &save); p; p = strtok_r(NULL, ";", &save))
		bad |= vdesc_line(&desc, p, "test", ++number, error);
	CHECK_STR(error, "");
	CHECK_INT(bad, 0);
	now = 1000;
	vboard_init(&board, &desc, 1, now);
	board.judge_claims = true;
	vboard_claim(&board, now, vboard_interface(&board), true);
}

static void finish(void)
{
	vboard_free(&board);
	vdesc_free(&desc);
}

static void check_violation(const char *text)
{
	if (!text) {
		CHECK_INT(board.violation_count, 0);
		if (board.violation_count)
			TAP_FAIL("%s", board.violations[0]);
		return;
	}
	for (size_t i = 0; i < board.violation_count; i++)
		if (strstr(board.violations[i], text))
			return;
	TAP_FAIL("no violation: %s", text);
}

/* Lets the board live until the transfer is through, at most LIMIT microseconds; then it is cancelled. */
static enum vurb_status wait_for(struct vurb *urb, uint64_t limit)
{
	uint64_t end = now + limit;
	while (urb->status == VURB_PENDING) {
		uint64_t next = vboard_next_event(&board, now);
		now = next < end ? next : end;
		if (now == end)
			vboard_cancel(&board, now, urb);
		else
			vboard_tick(&board, now);
	}
	while (vboard_reap(&board))
		;
	return urb->status;
}

static enum vurb_status control(uint8_t type, uint8_t request, uint32_t value, uint8_t *data,
                                uint16_t size, size_t *actual)
{
	struct vurb urb = { .setup = { type, request, (uint8_t)value, (uint8_t)(value >> 8),
		                       (uint8_t)(value >> 16), (uint8_t)(value >> 24),
		                       (uint8_t)size, (uint8_t)(size >> 8) },
		            .data = data,
		            .length = size };
	vboard_submit(&board, now, &urb);
	enum vurb_status status = wait_for(&urb, 1000000);
	if (actual)
		*actual = urb.actual;
	return status;
}

static enum vurb_status announce(uint32_t n)
{
	return control(0x40, 0, n, NULL, 0, NULL);
}

static enum vurb_status get(uint8_t *data, uint16_t size, size_t *actual)
{
	return control(0xc0, 0, size, data, size, actual);
}

static enum vurb_status bulk(uint8_t endpoint, const void *data, size_t size, size_t *actual)
{
	uint8_t *bytes = malloc(size + 1);
	memcpy(bytes, data, size);
	struct vurb urb = { .endpoint = endpoint, .data = bytes, .length = size };
	vboard_submit(&board, now, &urb);
	enum vurb_status status = wait_for(&urb, 1000000);
	if (actual)
		*actual = urb.actual;
	free(bytes);
	return status;
}

static void send(const void *data, size_t size)
{
	CHECK_INT(announce((uint32_t)size), VURB_OK);
	if (size)
		CHECK_INT(bulk(1, data, size, NULL), VURB_OK);
}

static const uint8_t second[1000] = { 1, 2, 3 };

static void send_header(uint32_t size)
{
	const uint8_t header[24] = { (uint8_t)size, (uint8_t)(size >> 8) };
	send(header, sizeof header);
}

static void pass_rom(void)
{
	uint8_t status[4] = { 9, 9, 9, 9 };
	send_header(sizeof second);
	send(second, sizeof second);
	CHECK_INT(get(status, 4, NULL), VURB_OK);
	CHECK_INT(status[0], 0);
}

static void pass_time(uint64_t us)
{
	uint64_t end = now + us;
	while (now < end) {
		uint64_t next = vboard_next_event(&board, now);
		now = next < end ? next : end;
		vboard_tick(&board, now);
	}
}

static void to_server(void)
{
	pass_rom();
	pass_time(200000);
	CHECK_INT(vboard_appearance(&board), 2);
	vboard_claim(&board, now, vboard_interface(&board), true);
}

static void check_message(uint8_t command, const char *name)
{
	uint8_t message[260];
	size_t n;
	CHECK_INT(get(message, sizeof message, &n), VURB_OK);
	CHECK_INT(n, 260);
	CHECK_INT(message[0], command);
	CHECK_STR((const char *)message + 4, name);
}

static void boots(void)
{
	board_of("chip 2711;serial 10000000b29d2da0;get a;get b;metadata K V;done x");
	uint8_t d[VBOARD_DESCRIPTOR_MAX];
	CHECK_INT(vboard_device_descriptor(&board, d), 18);
	CHECK_INT(d[16], 3);
	CHECK_STR(vboard_string(&board, 3), "10000000b29d2da0");
	to_server();
	vboard_device_descriptor(&board, d);
	CHECK_INT(d[16], 4);
	CHECK_STR(vboard_string(&board, 4), "b29d2da0");
	check_message(0, "a");
	CHECK_INT(announce(5), VURB_OK);
	check_message(1, "a");
	send("hello", 5);
	check_message(0, "b");
	send("", 0);
	check_message(1, "b");
	send("", 0);
	check_message(0, "*K*V");
	send("", 0);
	check_message(2, "x");
	CHECK(board.finished);
	pass_time(1000000);
	CHECK(!vboard_present(&board));
	vboard_finish(&board, now, true);
	check_violation(NULL);
	CHECK_INT(board.stats.file_count, 2);
	CHECK_STR(board.stats.files[0].name, "bootcode4.bin");
	CHECK_INT(board.stats.files[1].size, 5);
	uint8_t sum[SHA256_DIGEST_LENGTH];
	SHA256((const uint8_t *)"hello", 5, sum);
	CHECK_MEM(board.stats.files[1].sha256, sum, sizeof sum);
	CHECK_INT(board.stats.requests, 6);
	CHECK_INT(board.stats.second_stages, 1);
	finish();
}

static void two_interfaces(void)
{
	board_of("chip 2764;interfaces 2;done");
	uint8_t d[VBOARD_DESCRIPTOR_MAX];
	size_t n = vboard_config_descriptor(&board, d);
	CHECK_INT(n, 9 + 2 * 23);
	CHECK_INT(d[4], 2);
	CHECK_INT(d[9 + 5], 8);
	CHECK_INT(d[9 + 23 + 2], 1);
	CHECK_INT(announce(24), VURB_OK);
	CHECK_INT(bulk(1, second, 24, NULL), VURB_STALL);
	check_violation("to endpoint 01, the board's is 03");
	finish();
}

/* As src/base/device_id.h recognises the provisioner's gadget. */
static void becomes_fastboot(void)
{
	board_of("chip 2712;serial 8a1b2c3d4e5f6071;becomes-fastboot;done");
	uint8_t d[VBOARD_DESCRIPTOR_MAX];
	to_server();
	uint8_t message[260];
	size_t n;
	CHECK_INT(get(message, sizeof message, &n), VURB_OK);
	pass_time(1000000);
	CHECK(vboard_present(&board) && vboard_booted(&board));
	vboard_device_descriptor(&board, d);
	CHECK_INT(d[8] | d[9] << 8, 0x18d1);
	CHECK_INT(d[10] | d[11] << 8, 0x4e40);
	CHECK_STR(vboard_string(&board, d[16]), "8a1b2c3d4e5f6071");
	CHECK_INT(vboard_config_descriptor(&board, d), 9 + 23);
	CHECK_STR(vboard_string(&board, d[9 + 8]), "fastbootd-provisioner");
	vboard_finish(&board, now, true);
	check_violation(NULL);
	finish();
}

static void descriptors(void)
{
	board_of("chip 2711;device-class 0;config-length 55;unconfigured-for 10;done");
	uint8_t d[VBOARD_DESCRIPTOR_MAX] = { 0 };
	vboard_device_descriptor(&board, d);
	CHECK_INT(d[4], 0);
	struct vurb get = { .setup = { 0x80, 6, 0, 2, 0, 0, 55, 0 }, .data = d, .length = 55 };
	vboard_submit(&board, now, &get);
	CHECK(vboard_reap(&board) == &get);
	CHECK_INT(get.actual, 32);
	CHECK_INT(d[2], 55);
	CHECK(!vboard_configured(&board, now));
	pass_time(10000);
	CHECK(vboard_configured(&board, now));
	finish();
}

static void too_many_bytes(void)
{
	board_of("chip 2711;done");
	size_t actual;
	CHECK_INT(announce(24), VURB_OK);
	CHECK_INT(bulk(1, second, 30, &actual), VURB_STALL);
	CHECK_INT(actual, 24);
	check_violation("6 bytes beyond the 24 announced");
	finish();
}

static void unannounced_bytes(void)
{
	board_of("chip 2711;done");
	CHECK_INT(bulk(1, second, 24, NULL), VURB_STALL);
	check_violation("24 bytes that were not announced");
	CHECK_INT(announce(24), VURB_OK);
	CHECK_INT(bulk(1, second, 24, NULL), VURB_STALL); /* halted */
	vboard_clear_halt(&board, now, 1);
	CHECK_INT(bulk(1, second, 24, NULL), VURB_OK);
	finish();
}

static void wrong_lengths(void)
{
	board_of("chip 2711;done");
	CHECK_INT(announce(25), VURB_STALL);
	check_violation("25 bytes are announced where the boot message has 24");
	send_header(1000);
	CHECK_INT(announce(999), VURB_STALL);
	check_violation("999 bytes are announced for the second stage, the boot message says 1000");
	finish();
}

static void unclaimed(void)
{
	board_of("chip 2711;done");
	vboard_claim(&board, now, 0, false);
	CHECK_INT(announce(24), VURB_OK);
	CHECK_INT(bulk(1, second, 24, NULL), VURB_STALL);
	check_violation("an interface that is not claimed");
	finish();
}

static void stale_rom(void)
{
	board_of("chip 2711;leave-after 50;done");
	pass_rom();
	CHECK_INT(announce(24), VURB_GONE);
	check_violation("a ROM that has reported its status");
	CHECK_INT(board.stats.stale_requests, 1);
	finish();
}

static void wrong_files(void)
{
	board_of("chip 2711;skips-rom;get a absent;"
	         "get b sha256 "
	         "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824;done");
	check_message(0, "a");
	CHECK_INT(announce(1), VURB_OK);
	check_violation("'a' is served (1 bytes) though it must be absent");
	check_message(1, "a");
	send("x", 1);
	check_message(0, "b");
	CHECK_INT(announce(5), VURB_OK);
	check_message(1, "b");
	send("hellO", 5);
	check_violation("'b' arrived with wrong bytes");
	finish();
}

static void size_and_read_differ(void)
{
	board_of("chip 2711;skips-rom;get a;done");
	check_message(0, "a");
	CHECK_INT(announce(6), VURB_OK);
	check_message(1, "a");
	CHECK_INT(announce(5), VURB_OK);
	check_violation("its size was announced as 6");
	finish();
}

static void not_a_message(void)
{
	board_of("chip 2711;skips-rom;unknown 7 z;garbage;done");
	check_message(7, "z");
	CHECK_INT(announce(0), VURB_STALL);
	check_violation("a message that is none is answered");
	uint8_t message[260];
	CHECK_INT(get(message, sizeof message, NULL), VURB_OK);
	CHECK(message[0] & 0x80);
	check_message(2, "");
	CHECK_INT(announce(0),
	          VURB_OK); /* a Done without a name may be answered as an empty name is */
	CHECK_INT(board.violation_count, 1);
	finish();
}

/* field-notes 4: a read that is taken back eats the first packet; the next one gets the tail, then silence. */
static void cancelled_read(void)
{
	board_of("chip 2711;skips-rom;pause 2000;get abc;done");
	uint8_t message[260];
	size_t n;
	CHECK_INT(get(message, sizeof message, NULL), VURB_CANCELLED);
	CHECK_INT(board.stats.cancelled_reads, 1);
	check_violation(NULL);
	pass_time(1500000);
	CHECK_INT(get(message, sizeof message, &n), VURB_OK);
	CHECK_INT(n, 196);
	check_violation("a request is read again after the read before was cancelled");
	CHECK_INT(get(message, sizeof message, NULL), VURB_CANCELLED);
	finish();
}

static void overlapping_control(void)
{
	board_of("chip 2711;skips-rom;pause 500;done");
	uint8_t message[260], text[64];
	struct vurb read = { .setup = { 0xc0, 0, 4, 1, 0, 0, 4, 1 },
		             .data = message,
		             .length = 260 };
	vboard_submit(&board, now, &read);
	CHECK_INT(control(0x80, 6, 0x0100, text, sizeof text, NULL), VURB_OK); /* waits its turn */
	check_violation("while another (c0 00) is under way");
	CHECK_INT(read.status, VURB_OK);
	finish();
}

static void resets(void)
{
	board_of("chip 2711;done");
	CHECK_INT(control(0x00, 9, 1, NULL, 0, NULL), VURB_OK);
	check_violation("sets a configuration");
	CHECK_INT(control(0x01, 11, 0, NULL, 0, NULL), VURB_OK);
	check_violation("sets an alternate setting");
	finish();
}

static void faults_on_bulk(void)
{
	board_of("chip 2711;skips-rom;read a;read b;read c;read d;done;replug-after 10;"
	         "fault stall at data a offset 3;fault nak at data b offset 2 for 400;"
	         "fault short 1 at data c offset 2;fault disconnect at data d offset 1");
	size_t actual;
	check_message(1, "a");
	CHECK_INT(announce(5), VURB_OK);
	CHECK_INT(bulk(1, "hello", 5, &actual), VURB_STALL);
	CHECK_INT(actual, 3);
	vboard_clear_halt(&board, now, 1);
	CHECK_INT(bulk(1, "lo", 2, &actual), VURB_OK);
	check_message(1, "b");
	CHECK_INT(announce(5), VURB_OK);
	uint64_t before = now;
	CHECK_INT(bulk(1, "hello", 5, &actual), VURB_OK);
	CHECK_INT(now - before, 400000);
	check_message(1, "c");
	CHECK_INT(announce(5), VURB_OK);
	CHECK_INT(bulk(1, "hello", 5, &actual), VURB_OK);
	CHECK_INT(actual, 3);
	CHECK_INT(bulk(1, "lo", 2, NULL), VURB_OK);
	check_message(1, "d");
	CHECK_INT(announce(5), VURB_OK);
	CHECK_INT(bulk(1, "hello", 5, &actual), VURB_GONE);
	CHECK_INT(actual, 1);
	CHECK(!vboard_present(&board));
	check_violation(NULL);
	pass_time(10000);
	CHECK(vboard_present(&board));
	finish();
}

static void faults_on_control(void)
{
	board_of("chip 2711;status 7 1;fault stall at announce;fault short 2 at status");
	CHECK_INT(announce(24), VURB_STALL);
	send_header(sizeof second);
	send(second, sizeof second);
	uint8_t status[4] = { 0 };
	size_t n;
	CHECK_INT(get(status, 4, &n), VURB_OK);
	CHECK_INT(n, 2);
	CHECK_INT(status[0], 7);
	pass_time(200000); /* refused: it comes back as a ROM, and then accepts */
	vboard_claim(&board, now, 0, true);
	pass_rom();
	check_violation(NULL);
	finish();
}

static void comes_back_again(void)
{
	board_of("chip 2711;rom_index 3;server_index 3;same-index-again 1;done");
	to_server();
	CHECK_INT(board.phase, VPHASE_ROM_IDLE);
	pass_rom();
	pass_time(200000);
	CHECK_INT(board.phase, VPHASE_SRV_REQUEST);
	CHECK_INT(vboard_appearance(&board), 3);
	finish();
}

static void speed_and_overlap(void)
{
	board_of("chip 2711;skips-rom;read a;done;speed 1000000;urb-time 100");
	check_message(1, "a");
	CHECK_INT(announce(3000), VURB_OK);
	static uint8_t bytes[3][1000];
	struct vurb urbs[3] = { 0 };
	uint64_t before = now;
	for (int i = 0; i < 3; i++) {
		urbs[i] = (struct vurb){ .endpoint = 1, .data = bytes[i], .length = 1000 };
		vboard_submit(&board, now, &urbs[i]);
	}
	CHECK_INT(wait_for(&urbs[2], 1000000), VURB_OK);
	CHECK_INT(urbs[0].status, VURB_OK);
	CHECK_INT(now - before, 3 * (1000 + 100));
	CHECK_INT(board.stats.bulk_overlap, 3);
	CHECK_INT(board.stats.bulk_urbs, 3);
	CHECK_INT(board.stats.bulk_sizes[10], 3);
	check_violation(NULL);
	finish();
}

/* Waited: 300 ms for the host; not its own 50 ms of thought, not the time after Done. */
static void waiting_time(void)
{
	board_of("chip 2711;skips-rom;get a;done;think 50;linger 500");
	pass_time(300000);
	check_message(0, "a");
	send("", 0);
	check_message(1, "a");
	send("", 0);
	check_message(2, "");
	pass_time(1000000);
	vboard_finish(&board, now, true);
	CHECK_INT(board.stats.waited_us, 300000);
	CHECK_INT(board.stats.server_us, 300000 + 2 * 50000 + 500000);
	finish();
}

static void refusals(void)
{
	board_of("chip 2711;open-refused-for 100;done");
	CHECK_INT(vboard_open(&board, now), VOPEN_ACCESS);
	pass_time(100000);
	CHECK_INT(vboard_open(&board, now), VOPEN_OK);
	finish();
	board_of("chip 2711;fault disconnect at open;done");
	CHECK_INT(vboard_open(&board, now), VOPEN_GONE);
	CHECK(!vboard_present(&board));
	finish();
}

static void open_after_done(void)
{
	board_of("chip 2711;skips-rom;done;stay-after-done");
	check_message(2, "");
	pass_time(5000000);
	CHECK(vboard_present(&board));
	CHECK_INT(vboard_open(&board, now), VOPEN_GONE);
	CHECK(!vboard_present(&board));
	finish();
}

static void verdicts(void)
{
	board_of("chip 2711;done");
	vboard_finish(&board, now, true);
	check_violation("the host ended with success, but the board is not done");
	finish();
	board_of("chip 2711;done");
	vboard_finish(&board, now, false);
	check_violation(NULL);
	finish();
	board_of("chip 2711;bystander;done");
	CHECK_INT(announce(24), VURB_OK);
	check_violation("a request to a board that was not meant");
	finish();
}

int main(void)
{
	RUN(boots);
	RUN(two_interfaces);
	RUN(becomes_fastboot);
	RUN(descriptors);
	RUN(too_many_bytes);
	RUN(unannounced_bytes);
	RUN(wrong_lengths);
	RUN(unclaimed);
	RUN(stale_rom);
	RUN(wrong_files);
	RUN(size_and_read_differ);
	RUN(not_a_message);
	RUN(cancelled_read);
	RUN(overlapping_control);
	RUN(resets);
	RUN(faults_on_bulk);
	RUN(faults_on_control);
	RUN(comes_back_again);
	RUN(speed_and_overlap);
	RUN(waiting_time);
	RUN(refusals);
	RUN(open_after_done);
	RUN(verdicts);
	return tap_end();
}
