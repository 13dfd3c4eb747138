/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side of direct flashing against an untrusted board (directboard.h), in virtual time: an image is written and
 * verified, or a disk is read as for a backup. Every session ends in bounded time with a documented error and nothing open,
 * and nothing a board says reaches the terminal as a control character; with a board that does what it should, it succeeds. */
#include "directboard.h"
#include "flash/flash.h"
#include "flash/medium_direct.h"
#include "scratch.h"
#include "sim.h"

#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Flags of a script's first byte; the lower ones are DIRECTBOARD_. */
enum { READS = 4, TRUSTS = 8 };
#define FLAGS 3

#define CHUNKS 3
#define TAIL   300700 /* bytes of the last chunk: more than a transfer */

static struct spool *spool;
static struct plat_monitor *monitor;

/* A chunk that can be packed, a hole, and one that cannot be packed and ends inside a sector. */
static void fill(uint8_t *buffer, size_t chunk)
{
	uint32_t x = 1;
	for (size_t i = 0; i < SPOOL_CHUNK; i++) {
		x = x * 1664525 + 1013904223;
		buffer[i] = (uint8_t)(chunk == 1 ? 0 : chunk == 2 ? x >> 24 : i >> 12 | 1);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	sim_begin();
	scratch_require(spool_open(scratch_make(), &spool) == 0, "a spool");
	for (size_t i = 0; i < CHUNKS; i++) {
		uint8_t *buffer = spool_buffer(spool);
		scratch_require(buffer, "a buffer");
		fill(buffer, i);
		spool_put(spool, buffer, i + 1 == CHUNKS ? TAIL : SPOOL_CHUNK);
	}
	scratch_require(spool_finish(spool) == 0, "a spool");
	monitor = plat_monitor_new();
	scratch_require(monitor, "memory");
	return 0;
}

static bool is_there(const void *ctx)
{
	(void)ctx;
	return true;
}

static enum err read_all(struct medium *medium)
{
	static uint8_t chunk[SPOOL_CHUNK];
	enum err err = OK;
	for (uint64_t at = 0; !err && at < medium->size && at < 2 * DIRECTBOARD_DISK;) {
		size_t n = medium->size - at < sizeof chunk ? (size_t)(medium->size - at)
		                                            : sizeof chunk;
		err = directboard_interrupted ? ERR_INTERRUPTED
		                              : medium->ops->read(medium, at, chunk, n);
		at += n;
	}
	medium->ops->publish(medium);
	return err;
}

static enum err use_disk(struct report *report, struct direct *session, uint8_t flags,
                         char problem[MEDIUM_PROBLEM])
{
	static const struct board_facts facts = { .path = "1-1" };
	const struct flashwire_info *info = direct_info(session);
	struct medium_direct_setup setup = { .session = session,
		                             .disk = &info->disks[0],
		                             .is_there = is_there };
	struct medium *medium;
	bool reads = flags & READS;
	if (info->count == 0)
		return ERR_NO_DISK;
	if (!reads && (setup.disk->read_only || setup.disk->size < spool_size(spool)))
		return ERR_DISK_TOO_SMALL;
	enum err err = medium_direct_open(&setup, reads ? NULL : spool, &medium, problem);
	if (err)
		return err;
	struct flash f = { .steps = { .report = report,
		                      .board = &facts,
		                      .monitor = monitor,
		                      .interrupted = &directboard_interrupted },
		           .verify = !(flags & TRUSTS),
		           .disk_name = medium->name };
	err = reads ? read_all(medium) : flash_write(&f, medium);
	snprintf(problem, MEDIUM_PROBLEM, "%s", medium->problem);
	medium->ops->close(medium);
	return err;
}

static enum err run(struct report *report, uint8_t flags, char problem[MEDIUM_PROBLEM])
{
	static const struct usb_pipes pipes = {
		.interface = 4, .protocol = FLASHWIRE_PROTOCOL, .out = 4, .in = 0x84, .packet = 512
	};
	struct direct *session;
	enum err err = direct_begin(directboard_open(), &pipes, &session, problem);
	if (err)
		return err;
	err = use_disk(report, session, flags, problem);
	direct_end(session);
	return err;
}

static void check_error(enum err err)
{
	static const enum err known[] = { OK,
		                          ERR_INTERRUPTED,
		                          ERR_BOARD_LOST,
		                          ERR_NO_DISK,
		                          ERR_DISK_NONE_SUCH,
		                          ERR_DISK_TOO_SMALL,
		                          ERR_DISK_BUSY,
		                          ERR_DISK_READ_ONLY,
		                          ERR_DISK_ACCESS,
		                          ERR_DISK_IDENTITY,
		                          ERR_DIRECT_VERSION,
		                          ERR_DISK_WRITE,
		                          ERR_DISK_SETTLE,
		                          ERR_DISK_VERIFY,
		                          ERR_DISK_READ,
		                          ERR_DIRECT };
	bool found = false;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		found = found || known[i] == err;
	scratch_require(found, "a documented error");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char problem[MEDIUM_PROBLEM];
	char *text = NULL;
	size_t length;
	if (size < 1)
		return 0;
	FILE *lines = open_memstream(&text, &length);
	struct report *report = report_new();
	scratch_require(lines && report, "memory");
	struct report_text_options options = { .verbose = 2, .out = lines, .err = lines };
	report_add(report, report_text_new(&options));
	directboard_play(data + 1, size - 1, data[0] & FLAGS, data[0] & READS ? NULL : spool,
	                 !(data[0] & TRUSTS));
	/* each answer may keep it waiting for half a minute; what begins and ends a session takes as long a few times more */
	sim_end_at(plat_now() + (size + 20) * 40 * PLAT_SECOND);
	*problem = 0;
	enum err err = run(report, data[0], problem);
	report_free(report);
	fclose(lines);
	if (getenv("SHOW"))
		printf("%s%s: %s\n", text, err_code(err), problem);
	check_error(err);
	scratch_require_printable(text);
	scratch_require_printable(problem);
	scratch_require(directboard_open_handles() == 0, "nothing open");
	bool silent = data[0] & DIRECTBOARD_SILENT;
	scratch_require(err == OK || silent || !directboard_is_honest(),
	                "success with a good board");
	free(text);
	return 0;
}
