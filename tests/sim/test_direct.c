/* SPDX-License-Identifier: Apache-2.0 */
/* --flash and --backup by the program on the board: every fault at every message, untrusted answers, other versions, and
 * boards that do not disturb each other. What must hold whatever happens: the first MiB has contents only if all is right
 * (the model's judge), a refused disk is untouched, and the exit status says what happened (docs/flash.md). */
#include "simrun.h"

#include "flash/spool.h"
#include "platform/plat.h"
#include "tap.h"
#include "vfolder.h"

#include <stdlib.h>
#include <sys/stat.h>

#define IMAGE_CHUNKS 5
#define IMAGE_SIZE   (IMAGE_CHUNKS * VMEDIUM_CHUNK - 1000) /* no multiple of a sector */
#define DISK_SIZE    "16777216"
#define FLASHES      "becomes-flash;disk-size " DISK_SIZE

static struct simrun run;
static uint8_t image[IMAGE_CHUNKS * VMEDIUM_CHUNK];
static char image_path[600];

/* An image with a partition table: data that compresses, a hole, data that does not, data. */
static void make_image(void)
{
	const char *t = getenv("T");
	uint32_t x = 1;
	for (size_t i = 0; i < IMAGE_SIZE; i++) {
		x = x * 1664525 + 1013904223;
		size_t chunk = i / VMEDIUM_CHUNK;
		image[i] = chunk == 1 ? 0 : (uint8_t)(chunk == 2 ? x >> 24 : x >> 29);
	}
	image[510] = 0x55;
	image[511] = 0xaa;
	memset(image + 446, 0, 64);
	snprintf(image_path, sizeof image_path, "%s/image", t ? t : "/tmp");
	FILE *f = fopen(image_path, "wb");
	if (!f || fwrite(image, 1, IMAGE_SIZE, f) != IMAGE_SIZE || fclose(f) != 0)
		exit(1);
}

/* --- what was reported */

struct witness {
	struct observer observer;
	unsigned begins, ends, ejected, not_ejected, rewrites;
	enum flash_checked checked;
	enum err err;
	uint64_t done;
	bool backwards; /* progress ran */
	char via[16];
};

static struct witness w;

static void witness_see(struct observer *self, const struct event *e)
{
	(void)self;
	switch (e->kind) {
	case EV_FLASH:
		w.begins++;
		snprintf(w.via, sizeof w.via, "%s", e->topic);
		break;
	case EV_FLASH_PROGRESS:
		w.backwards = w.backwards || (e->done && e->done < w.done) ||
		              (e->size && e->done > e->size);
		w.done = e->done;
		break;
	case EV_FLASH_END:
		w.ends++;
		w.checked = e->flash->checked;
		break;
	case EV_EJECTED:
		w.ejected++;
		break;
	case EV_WARNING:
		w.rewrites += strcmp(e->topic, "disk-rewrite") == 0;
		w.not_ejected += strcmp(e->topic, "eject") == 0;
		break;
	case EV_ERROR:
		w.err = e->err;
		break;
	default:
		break;
	}
}

static void witness_end(struct observer *self)
{
	(void)self;
}

/* --- runs */

static void prepare(void)
{
	simrun_free(&run);
	simrun_init(&run, simrun_directory("gadget"));
	w = (struct witness){ .observer = { witness_see, witness_end } };
	run.observer = &w.observer;
	run.image = image_path;
	run.setup.after.disk_time = 60 * PLAT_SECOND;
	run.setup.after.flash.verify = true;
	run.setup.after.flash.eject = true;
}

static struct vflash *board(size_t i)
{
	return run.boards[i].flash;
}

static bool holds_image(size_t i)
{
	static uint8_t bytes[sizeof image];
	vmedium_read(vflash_disk(board(i), 0), 0, bytes, sizeof bytes);
	return memcmp(bytes, image, IMAGE_SIZE) == 0;
}

static bool has_table(size_t i)
{
	return !vmedium_is_zero(vflash_disk(board(i), 0), 0, VMEDIUM_CHUNK);
}

static bool untouched(size_t i)
{
	return vflash_stats(board(i))->written == 0;
}

/* Adds a board that asks for little before it becomes what LINES say. */
static void add(const char *lines)
{
	char all[1500], error[VDESC_ERROR_SIZE];
	struct vdesc *desc = &run.descs[run.count++];
	snprintf(
		all, sizeof all,
		"chip 2711;serial 10000000b29d2da0;get config.txt;done;linger 10;leave-after 10;%s",
		lines);
	vdesc_init(desc);
	for (char *save, *line = strtok_r(all, ";", &save); line; line = strtok_r(NULL, ";", &save))
		if (vdesc_line(desc, line, "test_direct", 1, error) != 0)
			exit(1);
	if (vfolder_resolve(desc, run.directory, false, error) != 0)
		exit(1);
}

static void go(int status)
{
	simrun_go(&run);
	SIMRUN_CHECK(&run, status);
}

/* One board, LINES added to its description. */
static void flash(const char *lines, int status)
{
	char all[1500];
	prepare();
	snprintf(all, sizeof all, FLASHES "%s%s", *lines ? ";" : "", lines);
	add(all);
	go(status);
}

static void writes_verifies_and_ejects(void)
{
	flash("medium-speed 60000000;speed 40000000", 0);
	CHECK(holds_image(0));
	CHECK_INT(w.begins, 1);
	CHECK_INT(w.ends, 1);
	CHECK_INT(w.checked, FLASH_CHECKED_MEDIUM);
	CHECK_INT(w.ejected, 1);
	CHECK_INT(w.backwards, false);
	CHECK_STR(w.via, "direct");
	CHECK(vflash_stats(board(0))->kept);
	CHECK(!vflash_stats(board(0))->open);
	CHECK(strstr(run.out, "Flashing mmcblk0 directly, " DISK_SIZE " bytes") != NULL);
	CHECK(strstr(run.out, "bytes read from the medium") != NULL);
}

static void offers_the_disk_again_if_it_is_to_stay(void)
{
	prepare();
	run.setup.after.flash.eject = false;
	add(FLASHES);
	go(0);
	CHECK(holds_image(0));
	CHECK_INT(w.ejected, 0);
	CHECK(!vflash_stats(board(0))->kept && vflash_stats(board(0))->closed);
}

static void writes_without_verifying(void)
{
	prepare();
	run.setup.after.flash.verify = false;
	add(FLASHES ";flash-unverified");
	go(0);
	CHECK(holds_image(0));
	CHECK_INT(w.checked, FLASH_CHECKED_NONE);
}

/* --- which disk, and whether */

static void chooses_the_disk(void)
{
	prepare();
	run.setup.after.flash.target = "sd";
	simrun_add(
		&run, "cm4-gadget",
		"becomes-flash;disk mmcblk1 16777216;disk mmcblk0 16777216;disk nvme0n1 33554432");
	go(0);
	CHECK(holds_image(0));
	CHECK(vmedium_is_zero(vflash_disk(board(0), 1), 0, VMEDIUM_CHUNK) == false);
}

static void refuses_without_touching(void)
{
	static const struct {
		const char *lines, *target;
		enum err err;
	} cases[] = {
		{ "becomes-flash;disk mmcblk0 16777216;disk nvme0n1 16777216", NULL,
		  ERR_DISK_AMBIGUOUS },
		{ "becomes-flash;disk mmcblk0 16777216;disk nvme0n1 16777216", "usb",
		  ERR_DISK_NONE_SUCH },
		{ "becomes-flash;disk mmcblk0 16777216", "sd", ERR_DISK_NONE_SUCH },
		{ "becomes-flash;disk mmcblk0 5241344", NULL, ERR_DISK_TOO_SMALL },
		{ "becomes-flash;disk mmcblk0 16777216 read-only", NULL, ERR_DISK_READ_ONLY },
		{ FLASHES ";fault refuse 5 at flash open", NULL, ERR_DISK_NONE_SUCH },
		{ FLASHES ";fault refuse 6 at flash open", NULL, ERR_DISK_BUSY },
		{ FLASHES ";fault refuse 7 at flash open", NULL, ERR_DISK_READ_ONLY },
		{ FLASHES ";fault refuse 8 at flash open", NULL, ERR_DISK_TOO_SMALL },
		{ FLASHES ";fault refuse 11 at flash open", NULL, ERR_DISK_ACCESS },
		{ FLASHES ";fault refuse 4 at flash hello", NULL, ERR_DIRECT_VERSION },
		{ FLASHES ";flash-version 2", NULL, ERR_DIRECT_VERSION },
		{ FLASHES ";flash-protocol 2", NULL, ERR_DIRECT_VERSION },
		{ "becomes-disk", NULL, ERR_DIRECT_NONE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		prepare();
		run.setup.after.flash.target = cases[i].target;
		add(cases[i].lines);
		go(9);
		CHECK_INT(w.err, cases[i].err);
		CHECK_INT(w.begins, 0);
		CHECK(!board(0) || untouched(0));
		CHECK(!board(0) || !vflash_stats(board(0))->open);
		if (tap_failed)
			TAP_FAIL("%s", cases[i].lines);
	}
}

/* One line that says which of both is older, and what to do. */
static void tells_which_side_is_older(void)
{
	flash("flash-version 2", 9);
	CHECK(strstr(run.err, "the board speaks version 2 to 2") != NULL);
	CHECK(strstr(run.err, "this rpiboot version 1: update rpiboot") != NULL);
}

static void only_the_disk_is_wanted(void)
{
	prepare();
	run.setup.after.flash.via = VIA_DISK;
	run.setup.after.disk_time = PLAT_SECOND;
	add(FLASHES);
	go(6); /* the simulated host shows no disks */
	CHECK_INT(vflash_stats(board(0))->begins, 0);
}

/* --- faults */

struct message {
	const char *name;
	unsigned count; /* in a run without faults */
};

/* HELLO, OPEN, the first MiB zeroed, READ of the last block, SYNC; 3 DATA, 1 HOLE; SYNC, HASH; the first MiB, SYNC, HASH; CLOSE. */
static const struct message messages[] = { { "begin", 1 }, { "hello", 1 }, { "open", 1 },
	                                   { "hole", 2 },  { "read", 1 },  { "data", 4 },
	                                   { "sync", 3 },  { "hash", 2 },  { "close", 1 } };

#define MESSAGES (sizeof messages / sizeof *messages)

/* Whether the disk is in one of the states that flash.md promises after a failure: untouched, without a table, or right. */
static bool is_safe(size_t i)
{
	return untouched(i) || !has_table(i) || holds_image(i);
}

/* A run with FAULT at each message from FIRST on, which ends with STATUS. All is verified before CLOSE: that only makes the
 * disk visible or not, and its answer alone says that the disk is ejected. CHECK, if any, looks at each run. */
static void each_message(const char *fault, size_t first, int status, void (*check)(void))
{
	for (size_t i = first; i < MESSAGES; i++)
		for (unsigned n = 0; n < messages[i].count; n++) {
			char line[200];
			bool close = strcmp(messages[i].name, "close") == 0;
			snprintf(line, sizeof line, "fault %s at flash %s offset %u", fault,
			         messages[i].name, n);
			flash(line, close ? 0 : status);
			CHECK(is_safe(0));
			CHECK(close ? holds_image(0) : true);
			CHECK_INT(w.ejected, 0);
			CHECK_INT(w.not_ejected, close);
			if (check)
				check();
			if (tap_failed)
				TAP_FAIL("%s", line);
		}
}

static void leaves_at_every_message(void)
{
	each_message("disconnect", 0, 3, NULL);
}

static void is_closed(void)
{
	CHECK(!vflash_stats(board(0))->open);
}

static void ends_in_time(void)
{
	CHECK(run.time < 200 * PLAT_SECOND);
}

static void stalls_at_every_message(void)
{
	each_message("stall", 1, 10, is_closed);
}

static void falls_silent_at_every_message(void)
{
	each_message("nak", 1, 10, ends_in_time);
}

static void close_is_refused(void)
{
	flash("fault refuse 11 at flash close", 0);
	CHECK(holds_image(0));
	CHECK_INT(w.ejected, 0);
	CHECK_INT(w.not_ejected, 1);
	prepare();
	run.setup.after.flash.eject = false;
	add(FLASHES ";fault refuse 11 at flash close");
	go(0);
	CHECK_INT(w.not_ejected, 0);
	CHECK(strstr(run.out, "mmcblk0 is not offered as a disk again: ") != NULL ||
	      strstr(run.err, "mmcblk0 is not offered as a disk again: ") != NULL);
}

/* Twenty seconds without a sign of life: not yet given up. */
static void is_patient_with_a_slow_board(void)
{
	for (size_t i = 0; i < MESSAGES; i++) {
		char line[200];
		snprintf(line, sizeof line, "fault nak at flash %s for 20000", messages[i].name);
		flash(line, 0);
		CHECK(holds_image(0));
		if (tap_failed)
			TAP_FAIL("%s", line);
	}
}

/* 1 MB/s: every message takes long, the board gives its signs of life. */
static void takes_a_slow_medium_for_what_it_is(void)
{
	flash("medium-speed 100000", 0);
	CHECK(holds_image(0));
	CHECK(run.time > 60 * PLAT_SECOND);
	CHECK_INT(w.backwards, false);
}

static void reports_what_the_board_reports(void)
{
	static const struct {
		const char *fault;
		int status;
		enum err err;
	} cases[] = {
		{ "refuse 11 at flash data", 10, ERR_DISK_WRITE },
		{ "refuse 11 at flash data offset 2", 10, ERR_DISK_WRITE },
		{ "refuse 11 at flash hole", 10, ERR_DISK_WRITE },
		{ "refuse 11 at flash hole offset 1", 10, ERR_DISK_WRITE },
		{ "refuse 11 at flash sync", 10, ERR_DISK_SETTLE },
		{ "refuse 11 at flash sync offset 1", 10, ERR_DISK_SETTLE },
		{ "refuse 11 at flash sync offset 2", 10, ERR_DISK_SETTLE },
		{ "refuse 11 at flash hash", 10, ERR_DISK_VERIFY },
		{ "refuse 11 at flash hash offset 1", 10, ERR_DISK_VERIFY },
		{ "refuse 12 at flash data offset 1", 3, ERR_BOARD_LOST },
		{ "refuse 12 at flash hash", 3, ERR_BOARD_LOST },
		{ "refuse 13 at flash data", 10, ERR_DISK_WRITE },
		{ "refuse 1 at flash sync offset 1", 10, ERR_DISK_SETTLE },
		{ "refuse 10 at flash data", 10, ERR_DIRECT },
		{ "refuse 9 at flash hash", 10, ERR_DIRECT },
		{ "refuse 14 at flash sync offset 1", 10, ERR_DIRECT },
		{ "refuse 99 at flash data", 10, ERR_DISK_WRITE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char line[100];
		snprintf(line, sizeof line, "fault %s", cases[i].fault);
		flash(line, cases[i].status);
		CHECK_INT(w.err, cases[i].err);
		CHECK(is_safe(0) && !holds_image(0));
		CHECK(!vflash_stats(board(0))->open);
		if (tap_failed)
			TAP_FAIL("%s", line);
	}
}

/* --- disks that lie */

static void writes_a_wrong_chunk_once_more(void)
{
	flash("fault wrong at flash data offset 1", 0);
	CHECK(holds_image(0));
	CHECK_INT(w.rewrites, 1);
	flash("fault lie at flash data offset 3", 0); /* the first MiB */
	CHECK(holds_image(0));
	CHECK_INT(w.rewrites, 1);
}

static void gives_up_a_disk_that_lies(void)
{
	flash("fault wrong at flash data offset 1;fault wrong at flash data offset 3", 10);
	CHECK_INT(w.err, ERR_DISK_VERIFY);
	CHECK(!has_table(0));
	flash("fault lie at flash hole offset 1;fault lie at flash hole offset 2", 10);
	CHECK_INT(w.err, ERR_DISK_VERIFY);
	CHECK(!has_table(0));
	flash("fault lie at flash data offset 3;fault lie at flash data offset 4", 10);
	CHECK_INT(w.err, ERR_DISK_VERIFY);
	CHECK(!has_table(0));
}

/* --- untrusted answers: a byte of an answer is another one, of each member of a header, and here and there behind it */

static const unsigned header_bytes[] = { 0, 4, 6, 7, 8, 11, 12, 13, 19, 20, 23, 24, 26, 28, 31 };

static void answer_differs(const char *name, unsigned at)
{
	char line[400];
	prepare();
	snprintf(line, sizeof line, FLASHES ";fault garbage %u at flash %s", at, name);
	add(line);
	simrun_go(&run);
	int status = run.summary.status;
	CHECK(status == 0 || status == 9 || status == 10);
	CHECK(status ? is_safe(0) : holds_image(0));
	CHECK_INT(run.violations, 0);
	CHECK_INT(run.leaks, 0);
	CHECK(run.time < 200 * PLAT_SECOND);
	if (tap_failed)
		TAP_FAIL("%s: status %d", line, status);
}

static void bears_any_answer(void)
{
	static const struct {
		const char *name;
		unsigned size; /* of its answer */
	} answers[] = { { "begin", 8 },  { "hello", 280 }, { "open", 280 },
		        { "data", 32 },  { "hole", 32 },   { "sync", 32 },
		        { "hash", 160 }, { "read", 64 },   { "close", 32 } };
	for (size_t i = 0; i < sizeof answers / sizeof *answers && !tap_failed; i++) {
		for (size_t n = 0; n < sizeof header_bytes / sizeof *header_bytes; n++)
			if (header_bytes[n] < answers[i].size)
				answer_differs(answers[i].name, header_bytes[n]);
		for (unsigned at = FLASHWIRE_HEADER; at < answers[i].size; at += 13)
			answer_differs(answers[i].name, at);
	}
}

/* --- interrupts */

static void is_interrupted_at_any_time(void)
{
	flash("medium-speed 2000000;speed 4000000", 0);
	uint64_t time = run.time;
	for (unsigned i = 1; i < 30; i++) {
		prepare();
		add(FLASHES ";medium-speed 2000000;speed 4000000");
		run.interrupt_at = time * i / 30;
		simrun_go(&run);
		CHECK_INT(run.summary.status, 130);
		CHECK(is_safe(0));
		CHECK_INT(run.violations, 0);
		CHECK_INT(run.leaks, 0);
		CHECK(run.time < run.interrupt_at + 10 * PLAT_SECOND);
		CHECK(!vflash_stats(board(0))->open);
		if (tap_failed) {
			TAP_FAIL("interrupt %u\n# %s\n# %s", i, run.out, run.err);
			return;
		}
	}
}

/* --- several boards */

static void rack(unsigned count, const char *lines, const char *odd)
{
	prepare();
	run.setup.wanted = count;
	run.shares_bus = true;
	for (unsigned i = 0; i < count; i++) {
		char all[500];
		snprintf(all, sizeof all,
		         "path 1-1.%u;serial 10000000b29d2d%02x;" FLASHES "%s%s%s%s", i + 1, i,
		         *lines ? ";" : "", lines, i == 0 && *odd ? ";" : "", i == 0 ? odd : "");
		add(all);
	}
}

static void flashes_sixteen_boards(void)
{
	rack(16, "medium-speed 60000000;speed 40000000", "");
	run.kernel_memory = 16 << 20;
	go(0);
	for (size_t i = 0; i < 16; i++)
		CHECK(holds_image(i));
	CHECK_INT(w.ends, 16);
}

/* When the last of the others is done. */
static uint64_t others_done(unsigned count)
{
	uint64_t last = 0;
	for (unsigned i = 1; i < count; i++)
		if (vflash_stats(board(i))->closed > last)
			last = vflash_stats(board(i))->closed;
	return last - run.boards[1].stats.first_us;
}

/* A board that fails or is slow: the others take as long as without it, and 5 % at most. */
static void does_not_disturb_the_others(void)
{
	static const char *const odd[] = { "medium-speed 1000000",
		                           "fault disconnect at flash data offset 1",
		                           "fault refuse 11 at flash data",
		                           "fault nak at flash data offset 1",
		                           "fault lie at flash data offset 0" };
	const char *same = "medium-speed 10000000;speed 40000000";
	rack(8, same, "");
	go(0);
	uint64_t alone = others_done(8);
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		rack(8, same, odd[i]);
		simrun_go(&run);
		CHECK_INT(run.violations, 0);
		for (size_t b = 1; b < 8; b++)
			CHECK(holds_image(b));
		CHECK(is_safe(0));
		CHECK(others_done(8) * 100 <= alone * 105);
		if (tap_failed)
			TAP_FAIL("%s", odd[i]);
	}
}

int main(void)
{
	sim_begin();
	make_image();
	RUN(writes_verifies_and_ejects);
	RUN(offers_the_disk_again_if_it_is_to_stay);
	RUN(writes_without_verifying);
	RUN(chooses_the_disk);
	RUN(refuses_without_touching);
	RUN(tells_which_side_is_older);
	RUN(only_the_disk_is_wanted);
	RUN(leaves_at_every_message);
	RUN(stalls_at_every_message);
	RUN(falls_silent_at_every_message);
	RUN(close_is_refused);
	RUN(is_patient_with_a_slow_board);
	RUN(takes_a_slow_medium_for_what_it_is);
	RUN(reports_what_the_board_reports);
	RUN(writes_a_wrong_chunk_once_more);
	RUN(gives_up_a_disk_that_lies);
	RUN(bears_any_answer);
	RUN(is_interrupted_at_any_time);
	RUN(flashes_sixteen_boards);
	RUN(does_not_disturb_the_others);
	simrun_free(&run);
	return tap_end();
}
