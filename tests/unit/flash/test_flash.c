/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/flash.h"
#include "tap.h"

/* --- the image */

#define CHUNKS     6
#define LAST_SIZE  (300 * 512)
#define IMAGE_SIZE ((CHUNKS - 1) * SPOOL_CHUNK + LAST_SIZE)
#define DISK_SIZE  (10 * SPOOL_CHUNK)

static uint8_t *content; /* a hole in its third chunk */
static struct spool *spool;

static void make_spool(void)
{
	uint32_t x = 1;
	content = calloc(1, IMAGE_SIZE);
	for (size_t i = 0; i < IMAGE_SIZE; i++) {
		x = x * 1664525 + 1013904223;
		if (i / SPOOL_CHUNK != 2)
			content[i] = (uint8_t)(x >> 28 | 1);
	}
	if (spool_open(getenv("T") ? getenv("T") : "/tmp", &spool) != 0)
		exit(1);
	for (size_t i = 0; i < CHUNKS; i++) {
		size_t n = i + 1 == CHUNKS ? LAST_SIZE : SPOOL_CHUNK;
		uint8_t *buffer = spool_buffer(spool);
		memcpy(buffer, content + i * SPOOL_CHUNK, n);
		spool_put(spool, buffer, n);
	}
	if (spool_finish(spool) != 0)
		exit(1);
}

/* --- a disk in memory, which can fail in every way, and judges the order of what is done to it */

enum op { OP_WRITE, OP_ZERO, OP_SETTLE, OP_VERIFY, OP_READ, OP_CONFIRM, OP_PUBLISH };

#define ALWAYS 1000

struct fake {
	struct medium medium; /* first */
	struct spool_reader *reader;
	uint8_t *disk;
	bool verified[CHUNKS], settled, published, closed;
	enum err publish_result;
	bool verify; /* the first MiB may only come after the others are verified */
	unsigned violations, ops, count[OP_PUBLISH + 1];

	unsigned fail_at; /* the operation with this number fails; 0: none */
	enum err fail_with;
	unsigned interrupt_at; /* the operation with this number is interrupted; 0: none */
	size_t wrong_chunk;    /* reads back wrong ... */
	unsigned wrong_times;  /* ... so many times */
	bool gone;             /* after it failed nothing works any more */
};

static struct fake fake;
static bool interrupted;
static struct plat_monitor *monitor;

static bool all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static enum err fake_op(enum op op)
{
	fake.count[op]++;
	if (++fake.ops == fake.interrupt_at)
		interrupted = true;
	fake.violations += fake.published;
	if (fake.ops != fake.fail_at && !(fake.gone && fake.fail_at && fake.ops > fake.fail_at))
		return OK;
	snprintf(fake.medium.problem, sizeof fake.medium.problem, "made to fail");
	return fake.fail_with;
}

static enum err fake_write(struct medium *m, size_t index)
{
	size_t n = spool_chunk(m->spool, index)->size;
	enum err err = fake_op(OP_WRITE);
	for (size_t i = 1; index == 0 && i < CHUNKS; i++)
		fake.violations += fake.verify && !fake.verified[i];
	if (!err && !spool_read(fake.reader, index, fake.disk + index * SPOOL_CHUNK))
		exit(1);
	if (err) /* half of it is there */
		memcpy(fake.disk + index * SPOOL_CHUNK, content + index * SPOOL_CHUNK, n / 2);
	fake.verified[index] = false;
	fake.settled = false;
	return err;
}

static enum err fake_zero(struct medium *m, uint64_t offset, uint64_t length)
{
	(void)m;
	enum err err = fake_op(OP_ZERO);
	fake.violations += offset % 4096 || offset + length > DISK_SIZE;
	if (!err)
		memset(fake.disk + offset, 0, length);
	fake.settled = false;
	return err;
}

static enum err fake_settle(struct medium *m)
{
	(void)m;
	enum err err = fake_op(OP_SETTLE);
	fake.settled = !err;
	return err;
}

static enum err fake_verify(struct medium *m, size_t first, size_t count,
                            struct medium_difference *difference)
{
	enum err err = fake_op(OP_VERIFY);
	fake.violations += !fake.settled || first + count > CHUNKS;
	*difference = (struct medium_difference){ 0 };
	for (size_t i = first; !err && i < first + count; i++) {
		size_t n = spool_chunk(m->spool, i)->size;
		bool wrong = i == fake.wrong_chunk && fake.wrong_times > 0;
		if (wrong && fake.wrong_times != ALWAYS)
			fake.wrong_times--;
		if (wrong ||
		    memcmp(fake.disk + i * SPOOL_CHUNK, content + i * SPOOL_CHUNK, n) != 0) {
			*difference = (struct medium_difference){ true, i * SPOOL_CHUNK + 77 };
			return OK;
		}
		fake.verified[i] = true;
	}
	return err;
}

static enum err fake_read(struct medium *m, uint64_t offset, void *to, size_t n)
{
	(void)m;
	enum err err = fake_op(OP_READ);
	if (!err)
		memcpy(to, fake.disk + offset, n);
	return err;
}

static enum err fake_confirm(struct medium *m)
{
	(void)m;
	return fake_op(OP_CONFIRM);
}

static enum err fake_publish(struct medium *m)
{
	(void)m;
	enum err err = fake_op(OP_PUBLISH);
	fake.published = true;
	return err;
}

static void fake_close(struct medium *m)
{
	(void)m;
	fake.closed = true;
}

static const struct medium_ops fake_ops = { fake_write, fake_zero,    fake_settle,  fake_verify,
	                                    fake_read,  fake_confirm, fake_publish, fake_close };

/* --- what was reported */

struct witness {
	struct observer observer;
	enum err err;
	unsigned errors, begins, ends, notices, warnings, progress;
	char text[1024], notice[1024];
	uint64_t done[FLASH_READ + 1], bytes;
	enum flash_checked checked;
};

static struct witness w;

static void witness_see(struct observer *self, const struct event *e)
{
	(void)self;
	switch (e->kind) {
	case EV_ERROR:
		w.errors++;
		w.err = e->err;
		snprintf(w.text, sizeof w.text, "%s", e->text);
		break;
	case EV_NOTICE:
		w.notices++;
		snprintf(w.notice, sizeof w.notice, "%s", e->text);
		break;
	case EV_WARNING:
		w.warnings++;
		break;
	case EV_FLASH:
		w.begins++;
		break;
	case EV_FLASH_PROGRESS:
		w.progress++;
		w.done[e->step] = e->done;
		break;
	case EV_FLASH_END:
		w.ends++;
		w.bytes = e->flash->bytes;
		w.checked = e->flash->checked;
		break;
	default:
		break;
	}
}

static void witness_end(struct observer *self)
{
	(void)self;
}

/* --- one run */

static struct board_facts facts = { .path = "1-1" };

/* A used disk: with a partition table and a backup of it. */
static void fake_begin(void)
{
	uint8_t *disk = fake.disk ? fake.disk : malloc(DISK_SIZE);
	struct spool_reader *reader = fake.reader ? fake.reader : spool_reader_new(spool);
	fake = (struct fake){ .disk = disk, .reader = reader, .verify = true };
	fake.medium = (struct medium){ .ops = &fake_ops,
		                       .spool = spool,
		                       .size = DISK_SIZE,
		                       .verify_count = 1,
		                       .name = "/dev/sdz" };
	memset(disk, 0xee, DISK_SIZE);
	memcpy(disk + DISK_SIZE - 512, "EFI PART", 8);
	interrupted = false;
}

static enum err fake_run(void)
{
	struct report *report = report_new();
	struct flash f = {
		.steps = { .report = report,
		           .board = &facts,
		           .monitor = monitor,
		           .interrupted = &interrupted },
		.verify = fake.verify,
		.disk_name = "mmcblk0",
	};
	w = (struct witness){ .observer = { witness_see, witness_end } };
	report_add(report, &w.observer);
	enum err err = flash_write(&f, &fake.medium);
	fake.publish_result = f.published;
	report_free(report);
	CHECK_INT(fake.violations, 0);
	CHECK_INT(w.begins, 1);
	CHECK_INT(w.ends, err == OK);
	CHECK_INT(fake.published, err == OK);
	return err;
}

static bool has_image(void)
{
	return memcmp(fake.disk, content, IMAGE_SIZE) == 0;
}

static bool has_no_table(void)
{
	return all_zero(fake.disk, SPOOL_CHUNK) && all_zero(fake.disk + DISK_SIZE - 512, 512);
}

static void fares_well(void)
{
	for (unsigned count = 1; count <= 4; count++) {
		fake_begin();
		fake.medium.verify_count = count;
		fake.medium.past_cache = count == 2;
		CHECK_INT(fake_run(), OK);
		CHECK(has_image());
		CHECK(all_zero(fake.disk + DISK_SIZE - 512, 512));
		CHECK_INT(fake.disk[DISK_SIZE - SPOOL_CHUNK - 1], 0xee); /* not touched */
		CHECK_INT(fake.count[OP_WRITE], CHUNKS);
		CHECK_INT(fake.count[OP_CONFIRM], 1);
		CHECK_INT(w.errors + w.warnings + w.notices, 0);
		CHECK_INT(w.bytes, IMAGE_SIZE);
		CHECK_INT(w.checked, count == 2 ? FLASH_CHECKED_MEDIUM : FLASH_CHECKED_CACHE);
	}
}

static void without_verify(void)
{
	fake_begin();
	fake.verify = false;
	CHECK_INT(fake_run(), OK);
	CHECK(has_image());
	CHECK_INT(fake.count[OP_VERIFY], 0);
	CHECK_INT(w.checked, FLASH_CHECKED_NONE);
}

static void no_backup_table(void)
{
	fake_begin();
	memset(fake.disk + DISK_SIZE - 512, 0xee, 512);
	CHECK_INT(fake_run(), OK);
	CHECK_INT(fake.disk[DISK_SIZE - 1], 0xee);
}

/* The disk ends where the image does, and is hardly larger than a chunk. */
static void small_disk(void)
{
	fake_begin();
	fake.medium.size = IMAGE_SIZE;
	memcpy(fake.disk + IMAGE_SIZE - 512, "EFI PART", 8);
	CHECK_INT(fake_run(), OK);
	CHECK(has_image());
}

/* All is on the disk then: no failure, but the caller hears of it. */
static void publishing_fails(void)
{
	fake_begin();
	CHECK_INT(fake_run(), OK);
	CHECK_INT(fake.publish_result, OK);
	unsigned last = fake.ops;
	fake_begin();
	fake.fail_at = last;
	fake.fail_with = ERR_DIRECT;
	CHECK_INT(fake_run(), OK);
	CHECK_INT(fake.publish_result, ERR_DIRECT);
	CHECK_INT(w.errors, 0);
	CHECK(has_image());
}

/* Each operation fails once, whichever it is: a status, one error, no partition table. */
static void fails_anywhere(void)
{
	fake_begin();
	CHECK_INT(fake_run(), OK);
	unsigned total = fake.ops - 1; /* the last is publishing */
	CHECK(total > 2 * CHUNKS);
	for (unsigned at = 1; at <= total; at++) {
		fake_begin();
		fake.fail_at = at;
		fake.fail_with = ERR_DISK_WRITE;
		CHECK_INT(fake_run(), ERR_DISK_WRITE);
		CHECK_INT(w.errors, 1);
		CHECK(strstr(w.text, "made to fail") != NULL);
		bool erased = strstr(w.notice, "no partition table") != NULL;
		if (erased && !has_no_table())
			TAP_FAIL("operation %u: a partition table is there", at);
		if (!erased && at > 4) /* zero, read, zero, settle */
			TAP_FAIL("operation %u: nothing is said about the table", at);
	}
}

/* The board is unplugged at each operation: nothing is done to it afterwards. */
static void gone_anywhere(void)
{
	fake_begin();
	CHECK_INT(fake_run(), OK);
	unsigned total = fake.ops - 1;
	for (unsigned at = 1; at <= total; at++) {
		fake_begin();
		fake.fail_at = at;
		fake.fail_with = ERR_BOARD_LOST;
		fake.gone = true;
		CHECK_INT(fake_run(), ERR_BOARD_LOST);
		CHECK_INT(fake.ops, at);
		CHECK_INT(w.errors, 1);
		CHECK_INT(w.notices, 0);
	}
}

/* Up to its last chunk it can be interrupted; then it is as good as done. */
static void interrupted_anywhere(void)
{
	fake_begin();
	CHECK_INT(fake_run(), OK);
	unsigned total = fake.ops;
	unsigned ended = 0;
	for (unsigned at = 1; at <= total; at++) {
		fake_begin();
		fake.interrupt_at = at;
		enum err err = fake_run();
		ended += err == ERR_INTERRUPTED;
		if (err)
			CHECK_INT(err, ERR_INTERRUPTED);
		CHECK_INT(w.errors, 0);
		CHECK(err ? has_no_table() && w.notices == 1 : has_image());
		if (err)
			CHECK(fake.ops - at <= 5); /* soon; it may have to erase the table again */
	}
	CHECK(ended > 2 * (CHUNKS - 1));
}

static void another_disk_in_the_end(void)
{
	fake_begin();
	CHECK_INT(fake_run(), OK);
	unsigned confirm = fake.ops - 1;
	fake_begin();
	fake.fail_at = confirm;
	fake.fail_with = ERR_DISK_IDENTITY;
	CHECK_INT(fake_run(), ERR_DISK_IDENTITY);
	CHECK_INT(fake.ops, confirm); /* nothing is written to it */
}

/* --- what reads back wrong */

static void wrong_once(void)
{
	for (size_t chunk = 0; chunk < CHUNKS; chunk++)
		for (unsigned count = 1; count <= 3; count++) {
			fake_begin();
			fake.medium.verify_count = count;
			fake.wrong_chunk = chunk;
			fake.wrong_times = 1;
			CHECK_INT(fake_run(), OK);
			CHECK(has_image());
			CHECK_INT(w.warnings, 1);
			CHECK_INT(fake.count[OP_WRITE], CHUNKS + 1);
		}
}

static void wrong_twice(void)
{
	for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
		char offset[32];
		fake_begin();
		fake.wrong_chunk = chunk;
		fake.wrong_times = 2;
		CHECK_INT(fake_run(), ERR_DISK_VERIFY);
		CHECK_INT(w.errors, 1);
		snprintf(offset, sizeof offset, "byte %zu", chunk * SPOOL_CHUNK + 77);
		CHECK(strstr(w.text, offset) != NULL);
		CHECK(has_no_table());
	}
}

/* A disk that loses what comes to it. */
static enum err lossy_write(struct medium *m, size_t index)
{
	static unsigned n;
	enum err err = fake_write(m, index);
	if (index > 0 && ++n < CHUNKS)
		fake.disk[index * SPOOL_CHUNK + 5] ^= 1;
	return err;
}

static void wrong_everywhere(void)
{
	struct medium_ops lossy = fake_ops;
	lossy.write = lossy_write;
	fake_begin();
	fake.medium.ops = &lossy;
	CHECK_INT(fake_run(), ERR_DISK_VERIFY);
	CHECK_INT(w.warnings, 3);
	CHECK(has_no_table());
}

/* What is on its way does not count as done. */
static void pending(void)
{
	fake_begin();
	fake.medium.pending = 5 * SPOOL_CHUNK;
	CHECK_INT(fake_run(), OK);
	CHECK(w.done[FLASH_WRITE] == 0);
}

int main(void)
{
	make_spool();
	monitor = plat_monitor_new();
	RUN(fares_well);
	RUN(without_verify);
	RUN(no_backup_table);
	RUN(small_disk);
	RUN(publishing_fails);
	RUN(fails_anywhere);
	RUN(gone_anywhere);
	RUN(interrupted_anywhere);
	RUN(another_disk_in_the_end);
	RUN(wrong_once);
	RUN(wrong_twice);
	RUN(wrong_everywhere);
	RUN(pending);
	plat_monitor_free(monitor);
	spool_reader_free(fake.reader);
	spool_free(spool);
	free(fake.disk);
	free(content);
	return tap_end();
}
