/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a disk through the host's driver, with disks and a sysfs of the test's own. */
#include "flash/medium_disk.h"
#include "platform/plat_disk.h"
#include "fakemachine.h"
#include "tap.h"

#include <errno.h>

/* --- disks instead of plat_disk_linux.c */

#define DISK_SIZE (5 * SPOOL_CHUNK)

struct plat_disk {
	bool open;
};

static struct disk {
	struct plat_disk handle;
	uint8_t bytes[DISK_SIZE];
	struct plat_disk_facts facts;
	char node[64];
	bool write, gone;
	int open_error, read_error, write_error, flush_error, eject_error;
	unsigned open_errors; /* so many times, then it opens */
	unsigned reread_busy, rereads, flushes, ejects, writes;
	uint64_t last_write_end;
} disk;

bool plat_disk_supported(void)
{
	return true;
}

int plat_disk_open(struct plat_disk **out, const char *node, bool write)
{
	CHECK(!disk.handle.open);
	snprintf(disk.node, sizeof disk.node, "%s", node);
	disk.write = write;
	if (disk.open_error && (disk.open_errors == 0 || --disk.open_errors > 0))
		return disk.open_error;
	disk.handle.open = true;
	*out = &disk.handle;
	return 0;
}

int plat_disk_facts(const struct plat_disk *d, struct plat_disk_facts *out)
{
	CHECK(d->open);
	*out = disk.facts;
	return disk.gone ? ENXIO : 0;
}

int plat_disk_read(struct plat_disk *d, uint64_t offset, void *to, size_t n)
{
	CHECK(d->open && offset % disk.facts.sector == 0 && n % disk.facts.sector == 0);
	if (disk.read_error || offset + n > DISK_SIZE)
		return disk.read_error ? disk.read_error : ENXIO;
	memcpy(to, disk.bytes + offset, n);
	return 0;
}

int plat_disk_write(struct plat_disk *d, uint64_t offset, const void *from, size_t n)
{
	CHECK(d->open && disk.write && offset % disk.facts.sector == 0 &&
	      n % disk.facts.sector == 0);
	CHECK((uintptr_t)from % 4096 == 0);
	if (disk.write_error || offset + n > DISK_SIZE)
		return disk.write_error ? disk.write_error : ENXIO;
	memcpy(disk.bytes + offset, from, n);
	disk.writes++;
	disk.last_write_end = offset + n;
	return 0;
}

int plat_disk_flush(struct plat_disk *d, unsigned seconds)
{
	CHECK(d->open && seconds >= 60);
	disk.flushes++;
	return disk.flush_error;
}

int plat_disk_reread(struct plat_disk *d)
{
	CHECK(d->open);
	return disk.rereads++ < disk.reread_busy ? EBUSY : 0;
}

int plat_disk_eject(struct plat_disk *d)
{
	CHECK(d->open && disk.flushes > 0);
	disk.ejects++;
	return disk.eject_error;
}

void plat_disk_close(struct plat_disk *d)
{
	if (d)
		d->open = false;
}

void *plat_disk_buffer(size_t n)
{
	void *buffer;
	return posix_memalign(&buffer, 4096, n) == 0 ? buffer : NULL;
}

/* --- the image: a chunk of data, a hole, and a tail that ends inside a sector */

#define TAIL 1000

static struct spool *spool;
static uint8_t *content;

static void make_spool(void)
{
	content = calloc(1, 3 * SPOOL_CHUNK);
	for (size_t i = 0; i < SPOOL_CHUNK; i++)
		content[i] = (uint8_t)(i * 7);
	memset(content + 2 * SPOOL_CHUNK, 'x', TAIL);
	if (spool_open(getenv("T") ? getenv("T") : "/tmp", &spool) != 0)
		exit(1);
	for (size_t i = 0; i < 3; i++) {
		uint8_t *buffer = spool_buffer(spool);
		memcpy(buffer, content + i * SPOOL_CHUNK, SPOOL_CHUNK);
		spool_put(spool, buffer, i == 2 ? TAIL : SPOOL_CHUNK);
	}
	if (spool_finish(spool) != 0)
		exit(1);
}

/* --- a board that has become a disk */

#define SERIAL "10000000b29d2da0"

static struct sysfs_disk seen;
static struct medium_disk_setup setup;
static char problem[MEDIUM_PROBLEM];

static const char *const disk_place =
	"devices/pci0/usb1/1-1.3/1-1.3:1.0/host6/target6:0:0/6:0:0:0/block/sda";

static void place_disk(const char *place)
{
	fake_text(fake_path("%s/%s/size", fake_sys, place), "10240\n");
	fake_text(fake_path("%s/%s/diskseq", fake_sys, place), "12\n");
	fake_text(fake_path("%s/%s/ro", fake_sys, place), "0\n");
	fake_text(fake_path("%s/%s/dev", fake_sys, place), "8:0\n");
	fake_link(fake_path("%s/block/sda", fake_sys), fake_path("../%s", place));
	fake_link(fake_path("%s/dev/block/8:0", fake_sys), fake_path("../../%s", place));
}

static void begin_with(unsigned vendor, unsigned product, const char *serial)
{
	struct sysfs_disk disks[SYSFS_DISKS];
	fake_machine();
	fake_device("1-1.3", vendor, product, 9, 3, serial);
	place_disk(disk_place);
	disk.handle.open = disk.gone = false;
	disk.open_error = disk.read_error = disk.write_error = disk.flush_error = disk.eject_error =
		0;
	disk.open_errors = disk.reread_busy = disk.rereads = disk.flushes = disk.ejects =
		disk.writes = 0;
	disk.facts = (struct plat_disk_facts){ 8, 0, DISK_SIZE, 512, 12 };
	memset(disk.bytes, 0xee, sizeof disk.bytes);
	CHECK_INT(sysfs_disks(&fake, "1-1.3", disks), 1);
	seen = disks[0];
	setup = (struct medium_disk_setup){
		.sysfs = &fake,
		.path = "1-1.3",
		.serial = SERIAL,
		.disk = &seen,
		.booted = true,
		.newer_than = 11,
		.write = true,
	};
}

static void begin(void)
{
	begin_with(0x0a5c, 0x0104, SERIAL);
}

static enum err open_medium(struct medium **m)
{
	*m = NULL;
	enum err err = medium_disk_open(&setup, spool, m, problem);
	if (err) {
		CHECK(*m == NULL);
		CHECK(*problem != 0);
		CHECK(!disk.handle.open);
		CHECK_INT(disk.writes, 0);
	}
	return err;
}

/* Opens and closes it. */
static enum err try_open(void)
{
	struct medium *m;
	enum err err = open_medium(&m);
	if (m)
		m->ops->close(m);
	CHECK(!disk.handle.open);
	return err;
}

/* --- identity */

static void the_right_disk(void)
{
	struct medium *m;
	begin();
	CHECK_INT(open_medium(&m), OK);
	if (!m)
		return;
	CHECK_STR(disk.node, "/dev/sda");
	CHECK_STR(m->name, "/dev/sda");
	CHECK_INT(m->size, DISK_SIZE);
	CHECK(!m->past_cache);
	CHECK_INT(m->ops->confirm(m), OK);
	m->ops->close(m);
}

static void another_place(void)
{
	begin();
	disk.facts.minor = 16; /* the node belongs to another disk now */
	CHECK_INT(try_open(), ERR_DISK_IDENTITY);
	begin();
	unlink(fake_path("%s/dev/block/8:0", fake_sys));
	fake_link(fake_path("%s/dev/block/8:0", fake_sys),
	          "../../devices/pci0/usb1/1-1.30/1-1.30:1.0/host6/target6:0:0/6:0:0:0/block/sda");
	CHECK_INT(try_open(), ERR_DISK_IDENTITY);
	begin();
	setup.path = "1-1"; /* the hub that the board is on */
	CHECK_INT(try_open(), ERR_DISK_IDENTITY);
	begin();
	unlink(fake_path("%s/dev/block/8:0", fake_sys)); /* a partition, not a disk */
	fake_link(
		fake_path("%s/dev/block/8:0", fake_sys),
		"../../devices/pci0/usb1/1-1.3/1-1.3:1.0/host6/target6:0:0/6:0:0:0/block/sda/sda1");
	CHECK_INT(try_open(), ERR_DISK_IDENTITY);
}

static void another_appearance(void)
{
	begin();
	disk.facts.sequence = 13;
	CHECK_INT(try_open(), ERR_DISK_IDENTITY);
	begin();
	disk.facts.size -= 512;
	CHECK_INT(try_open(), ERR_DISK_IDENTITY);
	begin();
	setup.newer_than = 12; /* it was there when the run began */
	CHECK_INT(try_open(), ERR_DISK_IDENTITY);
	begin();
	setup.booted = false; /* named by the operator */
	setup.newer_than = 12;
	CHECK_INT(try_open(), OK);
	begin();
	seen.sequence = disk.facts.sequence = 0; /* before Linux 5.15 */
	CHECK_INT(try_open(), OK);
}

/* Ids and serials of what a board can become: docs/protocol.md. */
static void another_device(void)
{
	static const struct {
		unsigned vendor, product;
		const char *serial, *rom;
		bool named, booted;
		enum err err;
	} cases[] = {
		{ 0x0a5c, 0x0104, SERIAL, SERIAL, false, true, OK },
		{ 0x0a5c, 0x0104, SERIAL, "b29d2da0", false, true, OK },
		{ 0x0a5c, 0x0104, SERIAL, "", false, true, OK },
		{ 0x0a5c, 0x0104, "10000000b29d2da1", SERIAL, false, true, ERR_DISK_IDENTITY },
		{ 0x0a5c, 0x0104, "10000000b29d2da1", SERIAL, true, true, ERR_DISK_IDENTITY },
		{ 0x0a5c, 0x0001, NULL, SERIAL, false, true, OK }, /* legacy msd: no serial */
		{ 0x0525, 0xa4a5, NULL, SERIAL, false, true, ERR_DISK_IDENTITY },
		{ 0x0525, 0xa4a5, NULL, SERIAL, true, true, OK },
		{ 0x0525, 0xa4a5, SERIAL, SERIAL, false, true, OK },
		{ 0x0781, 0x5567, "4C530001", SERIAL, true, true, ERR_DISK_IDENTITY },
		{ 0x0781, 0x5567, NULL, "", true, false, ERR_DISK_IDENTITY },
		{ 0x46f4, 0x0001, SERIAL, SERIAL, false, true,
		  OK }, /* a gadget of somebody's own */
		{ 0x46f4, 0x0001, SERIAL, SERIAL, true, false, ERR_DISK_IDENTITY },
		{ 0x0a5c, 0x2711, SERIAL, SERIAL, true, false,
		  ERR_DISK_IDENTITY }, /* the boot ROM */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin_with(cases[i].vendor, cases[i].product, cases[i].serial);
		setup.serial = cases[i].rom;
		setup.named = cases[i].named;
		setup.booted = cases[i].booted;
		enum err err = try_open();
		if (err != cases[i].err)
			TAP_FAIL("case %zu: %s", i, err_code(err));
	}
}

static void swapped_meanwhile(void)
{
	struct medium *m;
	begin();
	CHECK_INT(open_medium(&m), OK);
	if (!m)
		return;
	fake_text(fake_path("%s/block/sda/diskseq", fake_sys), "13\n");
	CHECK_INT(m->ops->confirm(m), ERR_BOARD_LOST);
	fake_text(fake_path("%s/block/sda/diskseq", fake_sys), "12\n");
	fake_attribute("1-1.3", "serial", "10000000b29d2da1\n");
	CHECK_INT(m->ops->confirm(m), ERR_DISK_IDENTITY);
	disk.gone = true;
	CHECK_INT(m->ops->confirm(m), ERR_BOARD_LOST);
	m->ops->close(m);
}

/* --- what cannot be opened */

static void cannot_open(void)
{
	begin();
	disk.open_error = EACCES;
	CHECK_INT(try_open(), ERR_DISK_ACCESS);
	begin();
	disk.open_error = EACCES;
	disk.open_errors = 3; /* udev is not through with it */
	CHECK_INT(try_open(), OK);
	begin();
	disk.open_error = ENOENT;
	CHECK_INT(try_open(), ERR_DISK_ACCESS); /* no device file: a container */
	unlink(fake_path("%s/block/sda", fake_sys));
	CHECK_INT(try_open(), ERR_BOARD_LOST);
	begin();
	fake_text(fake_path("%s/block/sda/ro", fake_sys), "1\n");
	seen.read_only = true;
	CHECK_INT(try_open(), ERR_DISK_READ_ONLY);
	setup.write = false;
	CHECK_INT(try_open(), OK);
	begin();
	disk.open_error = EROFS;
	CHECK_INT(try_open(), ERR_DISK_READ_ONLY);
}

static void in_use(void)
{
	begin();
	disk.open_error = EBUSY;
	CHECK_INT(try_open(), ERR_DISK_BUSY);
	CHECK_STR(problem, "/dev/sda: in use by another program");
	fake_text(fake_path("%s/block/sda/sda1/dev", fake_sys), "8:1\n");
	fake_text(fake_path("%s/block/sda/sda2/dev", fake_sys), "8:2\n");
	fake_text(fake_path("%s/block/sda/sda2/holders/dm-0/dev", fake_sys), "253:0\n");
	fake_text(fake_path("%s/self/mountinfo", fake_proc),
	          "22 1 8:17 / / rw - ext4 /dev/root rw\n"
	          "30 22 8:1 / /media/ann/bootfs rw,nosuid shared:5 - vfat /dev/sda1 rw\n");
	CHECK_INT(try_open(), ERR_DISK_BUSY);
	CHECK(strstr(problem, "mounted on /media/ann/bootfs") != NULL);
	CHECK(strstr(problem, "used by dm-0") != NULL);
}

/* --- transfers */

static void writes_and_compares(void)
{
	static const uint32_t sectors[] = { 512, 4096 };
	for (size_t k = 0; k < 2; k++) {
		struct medium *m;
		struct medium_difference difference;
		uint8_t *got = malloc(3 * SPOOL_CHUNK);
		begin();
		disk.facts.sector = sectors[k];
		CHECK_INT(open_medium(&m), OK);
		if (!m) {
			free(got);
			return;
		}
		for (size_t i = 0; i < 3; i++)
			CHECK_INT(m->ops->write(m, i), OK);
		size_t padded = (TAIL + sectors[k] - 1) / sectors[k] * sectors[k];
		CHECK_MEM(disk.bytes, content, 2 * SPOOL_CHUNK + padded);
		CHECK_INT(disk.bytes[2 * SPOOL_CHUNK + padded], 0xee);
		CHECK_INT(m->ops->settle(m), OK);
		CHECK_INT(disk.flushes, 1);
		CHECK_INT(m->ops->verify(m, 0, 3, &difference), OK);
		CHECK(!difference.found);
		disk.bytes[SPOOL_CHUNK + 12345] ^= 4; /* in the hole */
		CHECK_INT(m->ops->verify(m, 0, 3, &difference), OK);
		CHECK(difference.found);
		CHECK_INT(difference.offset, SPOOL_CHUNK + 12345);
		CHECK_INT(m->ops->verify(m, 2, 1, &difference), OK);
		CHECK(!difference.found);
		CHECK_INT(m->ops->read(m, 0, got, 2 * SPOOL_CHUNK + 4096), OK);
		CHECK_MEM(got, disk.bytes, 2 * SPOOL_CHUNK + 4096);
		CHECK_INT(m->ops->zero(m, SPOOL_CHUNK, 4 * SPOOL_CHUNK), OK);
		CHECK_INT(disk.last_write_end, DISK_SIZE);
		CHECK_INT(disk.bytes[DISK_SIZE - 1], 0);
		CHECK_MEM(disk.bytes, content, SPOOL_CHUNK);
		m->ops->close(m);
		free(got);
	}
}

/* Errors of a disk that stays, and of one that leaves. */
static void transfers_fail(void)
{
	for (int gone = 0; gone < 2; gone++) {
		struct medium *m;
		struct medium_difference difference;
		uint8_t byte[4096];
		begin();
		CHECK_INT(open_medium(&m), OK);
		if (!m)
			return;
		disk.write_error = disk.read_error = disk.flush_error = EIO;
		if (gone)
			unlink(fake_path("%s/dev/block/8:0", fake_sys));
		CHECK_INT(m->ops->write(m, 1), gone ? ERR_BOARD_LOST : ERR_DISK_WRITE);
		CHECK(strstr(m->problem, "1048576") &&
		      strstr(m->problem, gone ? "gone" : strerror(EIO)));
		CHECK_INT(m->ops->settle(m), gone ? ERR_BOARD_LOST : ERR_DISK_SETTLE);
		if (gone) {
			CHECK_INT(m->ops->zero(m, 0, 4096), ERR_BOARD_LOST);
			CHECK_INT(m->ops->verify(m, 0, 1, &difference), ERR_BOARD_LOST);
			CHECK_INT(m->ops->read(m, 0, byte, sizeof byte), ERR_BOARD_LOST);
		} else {
			CHECK_INT(m->ops->verify(m, 0, 1, &difference), ERR_DISK_VERIFY);
		}
		m->ops->close(m);
	}
}

static void publishes(void)
{
	struct medium *m;
	begin();
	CHECK_INT(open_medium(&m), OK);
	if (!m)
		return;
	disk.reread_busy = 3;
	m->ops->publish(m);
	CHECK_INT(disk.rereads, 4);
	m->ops->close(m);
}

/* The gadget drops its cache when it has rested: mass-storage-gadget/README.md. */
static void past_the_cache(void)
{
	struct medium *m;
	struct medium_difference difference;
	begin();
	snprintf(seen.revision, sizeof seen.revision, "rb01");
	CHECK_INT(open_medium(&m), OK);
	if (!m)
		return;
	CHECK(m->past_cache);
	CHECK_INT(m->ops->write(m, 0), OK);
	CHECK_INT(m->ops->settle(m), OK);
	uint64_t start = plat_now();
	CHECK_INT(m->ops->verify(m, 0, 1, &difference), OK);
	CHECK(plat_now() - start >= 2 * PLAT_SECOND); /* it looks once a second, and waits one */
	m->ops->close(m);
}

static void ejects(void)
{
	begin();
	CHECK_INT(medium_disk_eject(&setup, problem), OK);
	CHECK_INT(disk.ejects, 1);
	CHECK(!disk.handle.open);
	begin();
	disk.eject_error = EIO;
	CHECK_INT(medium_disk_eject(&setup, problem), ERR_DISK_SETTLE);
	begin();
	disk.facts.sequence = 13; /* another disk meanwhile */
	CHECK_INT(medium_disk_eject(&setup, problem), ERR_DISK_IDENTITY);
	CHECK_INT(disk.ejects, 0);
}

int main(void)
{
	make_spool();
	RUN(the_right_disk);
	RUN(another_place);
	RUN(another_appearance);
	RUN(another_device);
	RUN(swapped_meanwhile);
	RUN(cannot_open);
	RUN(in_use);
	RUN(writes_and_compares);
	RUN(transfers_fail);
	RUN(publishes);
	RUN(past_the_cache);
	RUN(ejects);
	spool_free(spool);
	free(content);
	return tap_end();
}
