/* SPDX-License-Identifier: Apache-2.0 */
/* Who a board is: which arrivals are one board, which are two, and which are none. */
#include "simrun.h"

#include "platform/plat.h"
#include "tap.h"

#include <string.h>
#include <unistd.h>

static struct simrun run;

static void begin(const char *kind)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory(kind));
}

static void go(int status, unsigned succeeded, unsigned failed)
{
	simrun_go(&run);
	CHECK_INT(run.summary.succeeded, succeeded);
	CHECK_INT(run.summary.failed, failed);
	SIMRUN_CHECK(&run, status);
}

/* Both file servers report "Broadcom". */
static void two_boards_without_a_serial(void)
{
	begin("gadget-2710");
	run.setup.wanted = 2;
	simrun_add(&run, "cm3-gadget", "path 1-1.1");
	simrun_add(&run, "cm3-gadget", "path 1-1.2;arrive 5000");
	go(0, 2, 0);
	CHECK(run.boards[0].finished && run.boards[1].finished);
}

static void one_serial_on_two_ports_is_two_boards(void)
{
	static const char *const arrivals[] = { "0", "100", "700", "2000" };
	for (size_t i = 0; i < 4; i++) {
		char line[80];
		begin("gadget");
		run.setup.wanted = 2;
		snprintf(line, sizeof line, "path 1-1.2;arrive %s", arrivals[i]);
		simrun_add(&run, "cm4-gadget", "path 1-1.1");
		simrun_add(&run, "cm4-gadget", line);
		go(0, 2, 0);
		CHECK(run.boards[0].finished && run.boards[1].finished);
	}
}

/* Boards that have no serial number programmed all report zeros, and any of them may be done first. */
static void one_serial_and_the_first_to_come_is_the_last_to_end(void)
{
	begin("gadget");
	run.setup.wanted = 3;
	simrun_add(&run, "cm4-gadget", "serial 0000000000000000;path 1-1.1;think 300");
	simrun_add(&run, "cm4-gadget", "serial 0000000000000000;path 1-1.2;arrive 100;think 200");
	simrun_add(&run, "cm4-gadget", "serial 0000000000000000;path 1-1.3;arrive 200");
	go(0, 3, 0);
	CHECK(run.boards[0].finished && run.boards[1].finished && run.boards[2].finished);
}

static bool file_has(const char *path, const char *text)
{
	char bytes[400] = "";
	FILE *f = fopen(path, "r");
	if (!f)
		return false;
	bytes[fread(bytes, 1, sizeof bytes - 1, f)] = 0;
	fclose(f);
	return strstr(bytes, text) != NULL;
}

/* The first board is still there after Done when the second one reports: each has a file of its own. */
static void one_serial_and_two_metadata_files(void)
{
	static const char *const files[] = { "one-serial/b29d2da0.json",
		                             "one-serial/b29d2da0-1-1.2.json" };
	begin("gadget");
	run.setup.wanted = 2;
	run.setup.metadata_directory = "one-serial";
	simrun_add(&run, "../../../build/leaving",
	           "path 1-1.1;linger 1500;get config.txt;metadata SOCKET first;done");
	simrun_add(&run, "../../../build/leaving",
	           "path 1-1.2;arrive 1000;get config.txt;metadata SOCKET second;done");
	go(0, 2, 0);
	CHECK(file_has(files[0], "first"));
	CHECK(file_has(files[1], "second"));
	remove(files[0]);
	remove(files[1]);
	rmdir("one-serial");
}

/* Unplugged, and plugged into another port: no second board. */
static void a_board_that_moves_counts_once(void)
{
	begin("msd");
	run.setup.wanted = 2;
	simrun_add(&run, "cm4-msd", "path 1-1.1");
	simrun_add(&run, "cm4-msd", "path 1-1.2;arrive 8000");
	simrun_add(&run, "cm4-msd", "path 1-1.3;serial 10000000b29d2da1;arrive 15000");
	go(0, 3, 0);
	CHECK(run.boards[2].finished);
}

/* libusb 1.0.29 on macOS 26: a bus and no ports */
static void a_path_without_ports_is_reported_once(void)
{
	begin("gadget");
	strcpy(simrun_add(&run, "cm4-gadget", "")->path, "20");
	go(0, 1, 0);
	const char *first = strstr(run.err, "libusb does not report the USB port of device");
	CHECK(first && !strstr(first + 1, "libusb does not report"));
	begin("gadget");
	simrun_add(&run, "cm4-gadget", "path 20-1");
	go(0, 1, 0);
	CHECK(!strstr(run.err, "USB port of device"));
}

static void a_serial_of_either_length_chooses(void)
{
	static const char *const serials[] = { "10000000b29d2da0", "b29d2da0", "B29D2DA0" };
	for (size_t i = 0; i < 3; i++) {
		begin("gadget");
		run.setup.serials[run.setup.serial_count++] = serials[i];
		simrun_add(&run, "cm4-gadget", "path 1-1.1;serial 10000000b29d2da1;bystander");
		simrun_add(&run, "cm4-gadget", "path 1-1.2;arrive 300");
		go(0, 1, 0);
		begin("gadget");
		run.setup.serials[run.setup.serial_count++] = serials[i];
		simrun_add(&run, "cm4-gadget", "skips-rom");
		go(0, 1, 0);
	}
}

/* An EEPROM that is locked to a key stays so: nothing may be sent to a board that was not chosen. */
static void a_stranger_on_the_port_is_not_served(void)
{
	static const struct {
		const char *board, *lines;
	} strangers[] = {
		{ "cm4-gadget", "serial 10000000b29d2da1" },
		{ "cm4-gadget", "serial b29d2da1;skips-rom" },
		{ "cm5-gadget", "" },
		{ "cm3-gadget", "" },
		{ "cm4-gadget", "rom_index 0" },
	};
	for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
		char lines[120];
		begin("gadget");
		run.setup.serials[run.setup.serial_count++] = "10000000b29d2da0";
		snprintf(lines, sizeof lines, "%s;arrive 2000;bystander", strangers[i].lines);
		simrun_add(&run, "cm4-gadget", "never-returns");
		simrun_add(&run, strangers[i].board, *strangers[i].lines ? lines : lines + 1);
		go(3, 0, 1);
		CHECK_INT(run.boards[1].stats.second_stages, 0);
	}
}

/* Without -i the newcomer is a board of its own. */
static void a_stranger_is_counted_for_itself(void)
{
	begin("gadget");
	run.setup.wanted = 2;
	simrun_add(&run, "cm4-gadget", "never-returns");
	simrun_add(&run, "cm5-gadget", "arrive 2000");
	go(3, 1, 1);
	CHECK(run.boards[1].finished);
}

/* What an earlier run has left behind on the port. */
static void a_leaving_file_server_is_nobody(void)
{
	static const char *const stays[] = { "0", "300", "1500", "9000", "30000" };
	for (size_t i = 0; i < 5; i++) {
		char lines[120];
		begin("gadget");
		simrun_add(&run, "../../../build/leaving", "");
		snprintf(lines, sizeof lines, "think %s;leave", stays[i]);
		char error[VDESC_ERROR_SIZE];
		for (char *at = lines, *next; at; at = next) {
			next = strchr(at, ';');
			if (next)
				*next++ = 0;
			CHECK_INT(vdesc_line(&run.descs[0], at, "test", 1, error), 0);
		}
		simrun_add(&run, "cm4-gadget", "arrive 40000");
		go(0, 1, 0);
		CHECK(run.boards[1].finished);
	}
}

/* A board that -i names must be found when it is there. A string that cannot be read at first is no missing serial. */
static void a_serial_that_cannot_be_read_at_once(void)
{
	begin("gadget");
	run.setup.serials[run.setup.serial_count++] = "10000000b29d2da0";
	simrun_add(&run, "cm4-gadget", "fault stall at serial times 2");
	go(0, 1, 0);
	CHECK(!strstr(run.err, "no serial number"));
}

/* One that never can is no reason not to boot the board. */
static void a_serial_that_can_never_be_read(void)
{
	begin("gadget");
	simrun_add(&run, "cm4-gadget", "fault stall at serial times 1000");
	go(0, 1, 0);
}

/* It is reported once, and the next board is served. */
static void a_failed_board_that_stays_is_one_board(void)
{
	begin("gadget");
	run.setup.wanted = 2;
	simrun_add(&run, "cm4-gadget", "path 1-1.1;fault stall at announce times 1000000");
	simrun_add(&run, "cm5-gadget", "path 1-1.2;arrive 90000");
	go(2, 1, 1);
	CHECK(run.boards[1].finished);
}

static void two_paths_and_again(void)
{
	begin("gadget");
	run.setup.wanted = 2;
	run.setup.paths[run.setup.path_count++] = "1-1.1";
	run.setup.paths[run.setup.path_count++] = "1-1.2";
	run.setup.again = true;
	simrun_add(&run, "cm4-gadget", "path 1-1.1;linger 1900");
	simrun_add(&run, "cm5-gadget", "path 1-1.2;arrive 1000");
	go(0, 2, 0);
}

static void a_hub_is_chosen_by_a_pattern(void)
{
	begin("gadget");
	run.setup.wanted = 2;
	run.setup.paths[run.setup.path_count++] = "1-1.*";
	simrun_add(&run, "cm4-gadget", "path 1-2.1;serial 10000000b29d2da1;bystander");
	simrun_add(&run, "cm4-gadget", "path 1-11.1;serial 10000000b29d2da2;bystander");
	simrun_add(&run, "cm4-gadget", "path 1-1.2");
	simrun_add(&run, "cm5-gadget", "path 1-1.4.1");
	go(0, 2, 0);
}

int main(void)
{
	FILE *f = fopen("build/leaving.board", "w");
	if (!f)
		return 1;
	fputs("chip 2711\nserial 10000000b29d2da0\nskips-rom\n", f);
	fclose(f);
	sim_begin();
	RUN(two_boards_without_a_serial);
	RUN(one_serial_on_two_ports_is_two_boards);
	RUN(one_serial_and_the_first_to_come_is_the_last_to_end);
	RUN(one_serial_and_two_metadata_files);
	RUN(a_board_that_moves_counts_once);
	RUN(a_serial_that_cannot_be_read_at_once);
	RUN(a_serial_that_can_never_be_read);
	RUN(a_path_without_ports_is_reported_once);
	RUN(a_serial_of_either_length_chooses);
	RUN(a_stranger_on_the_port_is_not_served);
	RUN(a_stranger_is_counted_for_itself);
	RUN(a_leaving_file_server_is_nobody);
	RUN(a_failed_board_that_stays_is_one_board);
	RUN(two_paths_and_again);
	RUN(a_hub_is_chosen_by_a_pattern);
	simrun_free(&run);
	return tap_end();
}
