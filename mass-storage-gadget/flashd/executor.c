/* SPDX-License-Identifier: Apache-2.0 */
#include "flashd/executor.h"

#include "flashd/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ZERO_STEP (4u << 20) /* bytes: between them, signs of life and the end of a session */

static const struct flashwire_versions executor_versions = { FLASHWIRE_VERSION, FLASHWIRE_VERSION };

/* Answers with an error of the protocol. False: the host is gone. */
static bool executor_refuse(struct executor *e, const struct flashwire *m, enum flashwire_code code,
                            const char *text)
{
	struct flashwire_error error = { .code = code };
	snprintf(error.text, sizeof error.text, "%s", text);
	return reply_error(e->reply, m, &error, false);
}

static bool executor_inform(struct executor *e, const struct flashwire *m,
                            const struct flashwire_info *info)
{
	uint8_t payload[FLASHWIRE_INFO_MAX];
	struct flashwire reply = { .type = FLASHWIRE_INFO,
		                   .sequence = m->sequence,
		                   .payload = flashwire_put_info(payload, info) };
	return reply_send(e->reply, &reply, payload, true);
}

static bool executor_hello(struct executor *e, const struct job *job)
{
	const struct flashwire *m = &job->message;
	struct flashwire_versions host;
	struct flashwire_info info = *e->about;
	if (e->disk)
		return executor_refuse(e, m, FLASHWIRE_BAD_MESSAGE, "HELLO while a disk is open");
	if (!flashwire_get_hello(job->payload, m->payload, &host))
		return executor_refuse(e, m, FLASHWIRE_BAD_MESSAGE, "HELLO without versions");
	info.version = flashwire_common_version(&host, &executor_versions);
	if (!info.version) {
		struct flashwire_error error = { .code = FLASHWIRE_BAD_VERSION };
		snprintf(error.text, sizeof error.text,
		         "this board speaks version %d, the host %u to %u", FLASHWIRE_VERSION,
		         host.lowest, host.highest);
		reply_error(e->reply, m, &error, true);
		return false;
	}
	e->greeted = true;
	info.count = (uint16_t)disk_list(e->board, info.disks);
	return executor_inform(e, m, &info);
}

static bool executor_open(struct executor *e, const struct job *job)
{
	const struct flashwire *m = &job->message;
	struct flashwire_info info = *e->about;
	char name[FLASHWIRE_NAME];
	if (e->disk)
		return executor_refuse(e, m, FLASHWIRE_BAD_MESSAGE, "a disk is open already");
	if (!flashwire_get_open(job->payload, m->payload, name))
		return executor_refuse(e, m, FLASHWIRE_NO_DISK, "that is no name of a disk");
	e->read_only = m->flags & FLASHWIRE_READ_ONLY;
	int err = disk_open(e->board, name, e->read_only, &e->disk);
	if (err) {
		struct flashwire_error error;
		failure_describe_open(name, err, &error);
		return reply_error(e->reply, m, &error, false);
	}
	const struct flashwire_disk *facts = disk_facts(e->disk);
	if (m->offset > facts->size) {
		disk_close(e->disk, DISK_RETURN);
		e->disk = NULL;
		return executor_refuse(e, m, FLASHWIRE_TOO_SMALL,
		                       "the disk is smaller than what is to be written");
	}
	info.version = FLASHWIRE_VERSION;
	info.count = 1;
	info.disks[0] = *facts;
	reply_restart(e->reply);
	return executor_inform(e, m, &info);
}

/* Rounds the length up to a sector. */
static uint32_t executor_sectors(const struct executor *e, const struct flashwire *m)
{
	uint32_t sector = disk_facts(e->disk)->sector;
	return (m->length + sector - 1) / sector * sector;
}

static bool executor_data(struct executor *e, const struct job *job)
{
	const struct flashwire *m = &job->message;
	int err = disk_write(e->disk, m->offset, job->chunk, executor_sectors(e, m));
	if (err)
		return failure_send(e->reply, m, e->disk, "writing", err);
	reply_progress(e->reply, m->length);
	return reply_ack(e->reply, m->sequence);
}

static bool executor_hole(struct executor *e, const struct flashwire *m)
{
	uint32_t length = executor_sectors(e, m);
	for (uint32_t done = 0; done < length;) {
		uint32_t step = length - done < ZERO_STEP ? length - done : ZERO_STEP;
		int err = queue_is_stopped(e->queue) ? 0
		                                     : disk_zero(e->disk, m->offset + done, step);
		if (err)
			return failure_send(e->reply, m, e->disk, "zeroing", err);
		done += step;
		reply_progress(e->reply, done < length ? step : step - (length - m->length));
	}
	return reply_ack(e->reply, m->sequence);
}

static bool executor_sync(struct executor *e, const struct flashwire *m)
{
	int err = e->disk ? disk_sync(e->disk) : 0;
	if (!err && e->disk && disk_is_gone(e->disk)) /* nothing was dirty */
		err = ENODEV;
	if (err)
		return failure_send(e->reply, m, e->disk, "writing out the cache", err);
	return reply_ack(e->reply, m->sequence);
}

static bool executor_close(struct executor *e, const struct flashwire *m)
{
	if (!e->disk)
		return executor_refuse(e, m, FLASHWIRE_BAD_MESSAGE, "no disk is open");
	struct flashwire_error error;
	int err = e->read_only ? 0 : disk_sync(e->disk);
	if (err)
		failure_describe(e->disk, "writing out the cache", err, &error);
	disk_close(e->disk, m->flags & FLASHWIRE_KEEP ? DISK_KEEP : DISK_OFFER);
	e->disk = NULL;
	return err ? reply_error(e->reply, m, &error, false) : reply_ack(e->reply, m->sequence);
}

static bool executor_reboot(struct executor *e, const struct flashwire *m)
{
	if (e->disk)
		return executor_refuse(e, m, FLASHWIRE_BAD_MESSAGE, "REBOOT while a disk is open");
	e->reboot = true;
	reply_ack(e->reply, m->sequence);
	return false;
}

/* Whether a message that needs a disk can be carried out; otherwise answers it. */
static bool executor_may(struct executor *e, const struct flashwire *m, bool *sent)
{
	bool writes = m->type == FLASHWIRE_DATA || m->type == FLASHWIRE_HOLE;
	*sent = true;
	if (!e->disk)
		*sent = executor_refuse(e, m, FLASHWIRE_BAD_MESSAGE, "no disk is open");
	else if (writes && e->read_only)
		*sent = executor_refuse(e, m, FLASHWIRE_CANNOT_WRITE,
		                        "the disk was opened to be read");
	else if (m->offset > disk_facts(e->disk)->size ||
	         executor_sectors(e, m) > disk_facts(e->disk)->size - m->offset)
		*sent = executor_refuse(e, m, FLASHWIRE_OUTSIDE,
		                        "the range does not lie on the disk");
	else
		return true;
	return false;
}

/* False: the session is over. */
static bool executor_transfer(struct executor *e, const struct job *job)
{
	const struct flashwire *m = &job->message;
	bool sent;
	if (!executor_may(e, m, &sent))
		return sent;
	switch (m->type) {
	case FLASHWIRE_DATA:
		return executor_data(e, job);
	case FLASHWIRE_HOLE:
		return executor_hole(e, m);
	case FLASHWIRE_HASH:
		return workers_hash(e->workers, e->disk, m, e->reply);
	default:
		return workers_read(e->workers, e->disk, m, e->reply);
	}
}

static bool executor_carry_out(struct executor *e, const struct job *job)
{
	const struct flashwire *m = &job->message;
	if (job->refuse.code)
		return reply_error(e->reply, m, &job->refuse, job->end) && !job->end;
	if (!e->greeted && m->type != FLASHWIRE_HELLO)
		return executor_refuse(e, m, FLASHWIRE_BAD_MESSAGE, "HELLO comes first");
	switch (m->type) {
	case FLASHWIRE_HELLO:
		return executor_hello(e, job);
	case FLASHWIRE_OPEN:
		return executor_open(e, job);
	case FLASHWIRE_SYNC:
		return executor_sync(e, m);
	case FLASHWIRE_CLOSE:
		return executor_close(e, m);
	case FLASHWIRE_REBOOT:
		return executor_reboot(e, m);
	default:
		return executor_transfer(e, job);
	}
}

void executor_run(struct executor *e)
{
	const struct job *job;
	bool go_on = true;
	while (go_on && (job = queue_first(e->queue))) {
		go_on = executor_carry_out(e, job);
		queue_pop(e->queue);
	}
	queue_stop(e->queue);
	if (e->disk)
		disk_close(e->disk, DISK_RETURN);
	e->disk = NULL;
}
