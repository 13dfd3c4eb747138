/* SPDX-License-Identifier: Apache-2.0 */
/* The text form of a virtual board: what it means, and that mistakes are told with file and line. */
#include <stdlib.h>
#include <unistd.h>
#include "tap.h"
#include "virtual/vdesc.h"

static struct vdesc desc;
static char error[VDESC_ERROR_SIZE];

static int line(const char *text)
{
	*error = '\0';
	return vdesc_line(&desc, text, "a.board", 7, error);
}

static void check_error(const char *text, const char *want)
{
	vdesc_init(&desc);
	CHECK_INT(line(text), -1);
	CHECK_STR(error, want);
	vdesc_free(&desc);
}

static void settings(void)
{
	vdesc_init(&desc);
	CHECK_INT(line("chip 2711 # CM4"), 0);
	CHECK_INT(line("  rom_index\t3 "), 0);
	CHECK_INT(line("serial 10000000b29d2da0"), 0);
	CHECK_INT(line("leave-after 30"), 0);
	CHECK_INT(line("urb-time 125"), 0);
	CHECK_INT(line("stay-after-done"), 0);
	CHECK_INT(line("status 0x10 2"), 0);
	CHECK_INT(line("# nothing"), 0);
	CHECK_INT(line(""), 0);
	CHECK_INT(desc.chip, 0x2711);
	CHECK_INT(desc.rom_index, 3);
	CHECK_STR(desc.serial, "10000000b29d2da0");
	CHECK_INT(desc.leave_us, 30000);
	CHECK_INT(desc.urb_us, 125);
	CHECK(desc.stay_after_done && !desc.status_lost);
	CHECK_INT(desc.status, 16);
	CHECK_INT(desc.status_times, 2);
	vdesc_free(&desc);
}

static void requests(void)
{
	vdesc_init(&desc);
	CHECK_INT(line("get boot.img"), 0);
	CHECK_INT(line("size pieeprom.bin absent"), 0);
	CHECK_INT(line("metadata MAC_ADDR d8:3a 05 ee"), 0);
	CHECK_INT(line("pause 20"), 0);
	CHECK_INT(line("raw 0001ff"), 0);
	CHECK_INT(line("garbage"), 0);
	CHECK_INT(line("done x"), 0);
	CHECK_INT(desc.step_count, 8);
	CHECK_INT(desc.steps[0].kind, VSTEP_SIZE);
	CHECK_INT(desc.steps[1].kind, VSTEP_READ);
	CHECK_STR(desc.steps[1].name, "boot.img");
	CHECK_INT(desc.steps[2].want.kind, VEXPECT_ABSENT);
	CHECK_STR(desc.steps[3].name, "*MAC_ADDR*d8:3a 05 ee");
	CHECK_INT(desc.steps[4].us, 20000);
	CHECK_INT(desc.steps[5].raw_size, 3);
	CHECK_INT(desc.steps[5].raw[2], 0xff);
	CHECK_INT(desc.steps[6].raw_size, 260);
	CHECK(desc.steps[6].no_reply_allowed);
	CHECK_STR(desc.steps[7].name, "x");
	vdesc_free(&desc);
}

static void faults(void)
{
	vdesc_init(&desc);
	CHECK_INT(line("fault nak at data boot.img offset 65536 for 300 times 2"), 0);
	CHECK_INT(line("fault short 3 at status"), 0);
	CHECK_INT(line("fault disconnect at open"), 0);
	CHECK_INT(desc.fault_count, 3);
	CHECK_INT(desc.faults[0].kind, VFAULT_NAK);
	CHECK_INT(desc.faults[0].at, VPOINT_DATA);
	CHECK_STR(desc.faults[0].name, "boot.img");
	CHECK_INT(desc.faults[0].offset, 65536);
	CHECK_INT(desc.faults[0].us, 300000);
	CHECK_INT(desc.faults[0].times, 2);
	CHECK_INT(desc.faults[1].number, 3);
	CHECK(desc.faults[1].us == VDESC_FOREVER);
	vdesc_free(&desc);
}

static void mistakes(void)
{
	check_error("colour red", "a.board:7: unknown word 'colour'");
	check_error("chip 2711x", "a.board:7: '2711x' is no number for 'chip'");
	check_error("chip", "a.board:7: 'chip' takes one value");
	check_error("interfaces 3", "a.board:7: '3' is no number for 'interfaces'");
	check_error("rom_index -1", "a.board:7: '-1' is no number for 'rom_index'");
	check_error("status-lost yes", "a.board:7: 'status-lost' takes no value");
	check_error("get", "a.board:7: 'get' needs a file name");
	check_error("read a sha256 12", "a.board:7: '12' is no sha256 (64 hex digits)");
	check_error("read a sometimes",
	            "a.board:7: 'sometimes' is none of sha256, equals, absent, any");
	check_error("read a absent b", "a.board:7: 'b' is one word too many");
	check_error("raw 123", "a.board:7: 'raw' takes pairs of hex digits");
	check_error(
		"fault burn at data",
		"a.board:7: a fault is one of stall, nak, short N, disconnect, error, refuse N, "
		"garbage N, wrong, lie, then 'at PLACE'");
	check_error("fault stall at home", "a.board:7: unknown place 'home'");
	check_error("fault stall at data offset", "a.board:7: 'offset' needs a number");
	check_error("fault stall at open",
	            "a.board:7: 'open' can only disconnect (open-refused-for refuses)");
}

static void long_lines(void)
{
	char text[4096];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	check_error(text, "a.board:7: the line is longer than 2047 bytes");
	snprintf(text, sizeof text, "get %0300d", 1);
	check_error(text, "a.board:7: a name has at most 255 bytes");
}

/* A file and what the argument adds to it. */
static void whole_files(void)
{
	char path[] = "/tmp/vdesc.XXXXXX", spec[128], want[128];
	int fd = mkstemp(path);
	static const char text[] = "chip 2712\npath 1-2\nget a\n";
	CHECK(fd >= 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
	close(fd);
	snprintf(spec, sizeof spec, "%s;path 3-4.5;done", path);
	CHECK_INT(vdesc_read(&desc, spec, error), 0);
	CHECK_STR(desc.path, "3-4.5");
	CHECK_INT(desc.step_count, 3);
	vdesc_free(&desc);
	snprintf(spec, sizeof spec, "%s;path 3-", path);
	snprintf(want, sizeof want, "%s: 'path' must be BUS-PORT[.PORT...]", path);
	CHECK_INT(vdesc_read(&desc, spec, error), -1);
	CHECK_STR(error, want);
	snprintf(spec, sizeof spec, "%s;chop 1", path);
	CHECK_INT(vdesc_read(&desc, spec, error), -1);
	CHECK_STR(error, "argument:1: unknown word 'chop'");
	unlink(path);
	CHECK_INT(vdesc_read(&desc, path, error), -1);
}

int main(void)
{
	RUN(settings);
	RUN(requests);
	RUN(faults);
	RUN(mistakes);
	RUN(long_lines);
	RUN(whole_files);
	return tap_end();
}
