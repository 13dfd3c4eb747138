/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/medium_disk.h"

#include "base/serial.h"
#include "platform/plat.h"
#include "platform/plat_disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS_TIME  (3 * PLAT_SECOND) /* udev sets the rights of a new disk's file */
#define GONE_TIME    (2 * PLAT_SECOND) /* from a failed transfer to the disk's departure */
#define PUBLISH_TIME (2 * PLAT_SECOND) /* somebody looks at the new partitions */
#define LOOK_PAUSE   (50 * PLAT_MS)
/* The mass-storage gadget promises by its revision to drop what the board's memory has of a disk that nobody wrote to for a
 * second (mass-storage-gadget/README.md); it looks once a second. */
#define DROPS_CACHE "rb01"
#define DROP_TIME   (3 * PLAT_SECOND)
#define FLUSH_TIME  300 /* seconds: a board may have gigabytes of its memory to write out */

struct medium_disk {
	struct medium medium; /* first: the same address */
	struct medium_disk_setup setup;
	struct sysfs_disk seen;
	struct plat_disk *disk;
	struct plat_disk_facts facts;
	struct spool_reader *reader;
	uint8_t *io, *wanted; /* SPOOL_CHUNK bytes each */
	uint64_t dropped;     /* when the board's memory has nothing of the disk any more */
};

static struct medium_disk *disk_of(struct medium *m)
{
	return (struct medium_disk *)m;
}

#define PROBLEM(to, ...) snprintf((to), MEDIUM_PROBLEM, __VA_ARGS__)

/* --- identity */

/* Whether the device on the port is one that a board becomes. */
static bool disk_is_gadget(const struct medium_disk_setup *s, char problem[MEDIUM_PROBLEM])
{
	struct usb_device_info info;
	char serial[SYSFS_TEXT] = "";
	if (!sysfs_device(s->sysfs, s->path, &info)) {
		PROBLEM(problem, "nothing is on port %s any more", s->path);
		return false;
	}
	sysfs_text(s->sysfs, s->path, "serial", serial);
	bool known = serial_is_valid(s->serial) && serial_is_valid(serial);
	if (known && !serial_same(s->serial, serial)) {
		PROBLEM(problem, "the disk on port %s has serial %s, the board %s", s->path, serial,
		        s->serial);
		return false;
	}
	switch (sysfs_stage(s->sysfs, &info)) {
	case STAGE_MSD_GADGET:
	case STAGE_LEGACY_MSD:
		return true;
	case STAGE_OLD_GADGET: /* any Linux machine's gadget has this id */
		if (known || s->named)
			return true;
		break;
	default:
		if (known &&
		    s->booted) /* a gadget of the operator's own that has the board's serial */
			return true;
		break;
	}
	PROBLEM(problem, "the device on port %s (%04x:%04x) is not a board's disk", s->path,
	        info.vendor, info.product);
	return false;
}

/* Whether the disk that FACTS describe is the one that was seen. */
static bool disk_is_seen(const struct medium_disk_setup *s, const struct plat_disk_facts *facts,
                         char problem[MEDIUM_PROBLEM])
{
	const struct sysfs_disk *seen = s->disk;
	struct sysfs_disk now;
	if (!sysfs_disk_at(s->sysfs, facts->major, facts->minor, s->path, &now)) {
		PROBLEM(problem, "%s is not on port %s", seen->node, s->path);
		return false;
	}
	if (facts->size != seen->size) {
		PROBLEM(problem, "%s has %llu bytes, not %llu as before", seen->node,
		        (unsigned long long)facts->size, (unsigned long long)seen->size);
		return false;
	}
	if (facts->sequence != seen->sequence && facts->sequence && seen->sequence) {
		PROBLEM(problem, "%s is another disk than before", seen->node);
		return false;
	}
	if (s->booted && facts->sequence && facts->sequence <= s->newer_than) {
		PROBLEM(problem, "%s was there before the board was booted", seen->node);
		return false;
	}
	return true;
}

/* Whether the disk is still behind the port. */
static bool disk_is_there(const struct medium_disk *d)
{
	struct sysfs_disk now;
	return sysfs_disk_at(d->setup.sysfs, d->facts.major, d->facts.minor, d->setup.path, &now) &&
	       now.sequence == d->seen.sequence;
}

static enum err disk_confirm(struct medium *m)
{
	struct medium_disk *d = disk_of(m);
	struct plat_disk_facts now;
	if (plat_disk_facts(d->disk, &now) != 0 || !disk_is_there(d)) {
		PROBLEM(m->problem, "the disk is gone");
		return ERR_BOARD_LOST;
	}
	return disk_is_seen(&d->setup, &now, m->problem) && disk_is_gadget(&d->setup, m->problem)
	               ? OK
	               : ERR_DISK_IDENTITY;
}

/* --- transfers */

/* What the errno value of a transfer means: a disk that is about to leave fails first. */
static enum err disk_failed(struct medium_disk *d, enum err err, const char *what, uint64_t offset,
                            int error)
{
	uint64_t deadline = plat_now() + GONE_TIME;
	bool there;
	while ((there = disk_is_there(d)) && plat_now() < deadline)
		plat_pause(LOOK_PAUSE);
	PROBLEM(d->medium.problem, "%s at byte %llu: %s", what, (unsigned long long)offset,
	        there ? strerror(error) : "the disk is gone");
	return there ? err : ERR_BOARD_LOST;
}

/* The size of a transfer: whole sectors. */
static size_t disk_round(const struct medium_disk *d, size_t n)
{
	size_t sector = d->facts.sector;
	return (n + sector - 1) / sector * sector;
}

static enum err disk_spool_failed(struct medium_disk *d)
{
	PROBLEM(d->medium.problem, "the spool cannot be read");
	return ERR_IMAGE_READ;
}

static enum err disk_write(struct medium *m, size_t index)
{
	struct medium_disk *d = disk_of(m);
	const struct spool_chunk *chunk = spool_chunk(m->spool, index);
	uint64_t offset = (uint64_t)index * SPOOL_CHUNK;
	size_t n = disk_round(d, chunk->size);
	if (!spool_read(d->reader, index, d->io))
		return disk_spool_failed(d);
	memset(d->io + chunk->size, 0, n - chunk->size);
	int error = plat_disk_write(d->disk, offset, d->io, n);
	return error ? disk_failed(d, ERR_DISK_WRITE, "writing", offset, error) : OK;
}

static enum err disk_zero(struct medium *m, uint64_t offset, uint64_t length)
{
	struct medium_disk *d = disk_of(m);
	memset(d->io, 0, SPOOL_CHUNK);
	while (length > 0) {
		size_t n = length < SPOOL_CHUNK ? (size_t)length : SPOOL_CHUNK;
		int error = plat_disk_write(d->disk, offset, d->io, n);
		if (error)
			return disk_failed(d, ERR_DISK_WRITE, "writing", offset, error);
		offset += n;
		length -= n;
	}
	return OK;
}

static enum err disk_settle(struct medium *m)
{
	struct medium_disk *d = disk_of(m);
	int error = plat_disk_flush(d->disk, FLUSH_TIME);
	d->dropped = plat_now() + DROP_TIME;
	if (!error)
		return OK;
	enum err err = disk_failed(d, ERR_DISK_SETTLE, "", 0, error);
	PROBLEM(m->problem, "writing out the cache: %s",
	        err == ERR_BOARD_LOST ? "the disk is gone" : strerror(error));
	return err;
}

static size_t disk_first_difference(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

static enum err disk_verify(struct medium *m, size_t first, size_t count,
                            struct medium_difference *difference)
{
	struct medium_disk *d = disk_of(m);
	uint64_t now = plat_now();
	if (m->past_cache && now < d->dropped)
		plat_pause(d->dropped - now);
	*difference = (struct medium_difference){ 0 };
	for (size_t i = first; i < first + count; i++) {
		size_t size = spool_chunk(m->spool, i)->size;
		uint64_t offset = (uint64_t)i * SPOOL_CHUNK;
		if (!spool_read(d->reader, i, d->wanted))
			return disk_spool_failed(d);
		int error = plat_disk_read(d->disk, offset, d->io, disk_round(d, size));
		if (error)
			return disk_failed(d, ERR_DISK_VERIFY, "reading back", offset, error);
		if (memcmp(d->io, d->wanted, size) == 0)
			continue;
		difference->found = true;
		difference->offset = offset + disk_first_difference(d->io, d->wanted, size);
		return OK;
	}
	return OK;
}

static enum err disk_read(struct medium *m, uint64_t offset, void *to, size_t n)
{
	struct medium_disk *d = disk_of(m);
	for (size_t done = 0; done < n;) {
		size_t part = n - done < SPOOL_CHUNK ? n - done : SPOOL_CHUNK;
		int error = plat_disk_read(d->disk, offset + done, d->io, part);
		if (error)
			return disk_failed(d, ERR_DISK_READ, "reading", offset + done, error);
		memcpy((uint8_t *)to + done, d->io, part);
		done += part;
	}
	return OK;
}

/* --- opening and closing */

static enum err disk_publish(struct medium *m)
{
	struct medium_disk *d = disk_of(m);
	uint64_t deadline = plat_now() + PUBLISH_TIME;
	while (plat_disk_reread(d->disk) == EBUSY && plat_now() < deadline)
		plat_pause(LOOK_PAUSE);
	return OK;
}

static void disk_close(struct medium *m)
{
	struct medium_disk *d = disk_of(m);
	plat_disk_close(d->disk);
	spool_reader_free(d->reader);
	free(d->io);
	free(d->wanted);
	free(d);
}

static const struct medium_ops disk_ops = {
	.write = disk_write,
	.zero = disk_zero,
	.settle = disk_settle,
	.verify = disk_verify,
	.read = disk_read,
	.confirm = disk_confirm,
	.publish = disk_publish,
	.close = disk_close,
};

static enum err disk_cannot_open(const struct medium_disk_setup *s, int error,
                                 char problem[MEDIUM_PROBLEM])
{
	char users[SYSFS_TEXT];
	struct sysfs_disk now[SYSFS_DISKS];
	switch (error) {
	case EBUSY:
		if (!sysfs_disk_users(s->sysfs, s->disk, users))
			snprintf(users, sizeof users, "in use by another program");
		PROBLEM(problem, "%s: %s", s->disk->node, users);
		return ERR_DISK_BUSY;
	case EROFS:
		PROBLEM(problem, "%s: %s", s->disk->node, strerror(error));
		return ERR_DISK_READ_ONLY;
	case ENXIO:
	case ENODEV:
	case ENOENT:
		if (sysfs_disks(s->sysfs, s->path, now) == 0) {
			PROBLEM(problem, "%s: the disk is gone", s->disk->node);
			return ERR_BOARD_LOST;
		}
		break;
	default:
		break;
	}
	PROBLEM(problem, "%s: %s", s->disk->node, strerror(error));
	return ERR_DISK_ACCESS;
}

/* Opens the device and has its identity proved. */
static enum err disk_open(const struct medium_disk_setup *s, struct plat_disk **disk,
                          struct plat_disk_facts *facts, char problem[MEDIUM_PROBLEM])
{
	uint64_t deadline = plat_now() + ACCESS_TIME;
	int error;
	if (s->write && s->disk->read_only) {
		PROBLEM(problem, "%s", s->disk->node);
		return ERR_DISK_READ_ONLY;
	}
	while ((error = plat_disk_open(disk, s->disk->node, s->write)) == EACCES &&
	       plat_now() < deadline)
		plat_pause(LOOK_PAUSE);
	if (error)
		return disk_cannot_open(s, error, problem);
	enum err err = OK;
	error = plat_disk_facts(*disk, facts);
	if (error) {
		err = disk_cannot_open(s, error, problem);
	} else if (!disk_is_seen(s, facts, problem) || !disk_is_gadget(s, problem)) {
		err = ERR_DISK_IDENTITY;
	}
	if (err)
		plat_disk_close(*disk);
	return err;
}

enum err medium_disk_open(const struct medium_disk_setup *setup, const struct spool *spool,
                          struct medium **out, char problem[MEDIUM_PROBLEM])
{
	struct medium_disk *d = calloc(1, sizeof *d);
	if (!d)
		return ERR_MEMORY;
	*problem = 0;
	d->setup = *setup;
	d->seen = *setup->disk;
	d->setup.disk = &d->seen;
	d->io = plat_disk_buffer(SPOOL_CHUNK);
	d->wanted = malloc(SPOOL_CHUNK);
	d->reader = spool ? spool_reader_new(spool) : NULL;
	enum err err = d->io && d->wanted && (d->reader || !spool) ? OK : ERR_MEMORY;
	if (!err)
		err = disk_open(&d->setup, &d->disk, &d->facts, problem);
	if (err) {
		d->disk = NULL;
		disk_close(&d->medium);
		return err;
	}
	d->medium.ops = &disk_ops;
	d->medium.spool = spool;
	d->medium.size = d->facts.size;
	d->medium.verify_count = 1;
	d->medium.past_cache = strcmp(d->seen.revision, DROPS_CACHE) == 0;
	snprintf(d->medium.name, sizeof d->medium.name, "%s", d->seen.node);
	*out = &d->medium;
	return OK;
}

enum err medium_disk_eject(const struct medium_disk_setup *setup, char problem[MEDIUM_PROBLEM])
{
	struct plat_disk *disk;
	struct plat_disk_facts facts;
	*problem = 0;
	enum err err = disk_open(setup, &disk, &facts, problem);
	if (err)
		return err;
	int error = plat_disk_flush(disk, FLUSH_TIME);
	if (!error)
		error = plat_disk_eject(disk);
	if (error)
		PROBLEM(problem, "%s: %s", setup->disk->node, strerror(error));
	plat_disk_close(disk);
	return error ? ERR_DISK_SETTLE : OK;
}
