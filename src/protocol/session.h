/* SPDX-License-Identifier: Apache-2.0 */
/* What both conversations with an opened board need, and what both do: send a boot file. */
#ifndef SESSION_H
#define SESSION_H

#include "bootdir/bootfiles.h"
#include "bootdir/intent.h"
#include "report/event.h"
#include "report/metadata.h"
#include "report/report.h"
#include "protocol/transfer.h"

struct session {
	struct bootdev *bootdev;
	const struct bootfiles *files;
	struct report *report;
	const struct board_facts *board;

	const struct intent *intent; /* of the boot directory */
	bool *archive_reported;      /* that files come from bootfiles.bin; once per board */
	bool found_running; /* a file server that this run did not start: nobody until it asks for something */
	bool *attached; /* EV_ATTACHED is out; once per board */
	bool guessed;   /* perhaps still the boot ROM: it has 10 seconds for its first request */

	/* Whether the board has left the bus, waiting up to TIME for that: what a transfer error means. */
	bool (*gone)(void *ctx, uint64_t time);
	void *ctx;
};

/* Reports where NAME comes from and what was ignored on the way there. */
void session_report_source(const struct session *s, const char *name, const struct bootfile *file);

/* Announces FILE's size and sends it. Reported: begin, progress, end, and its own failures (ERR_FILE_*); *SENT as
 * transfer_send. */
enum err session_send(const struct session *s, const char *name, const struct bootfile *file,
                      uint32_t *sent);

/* Reports that FILE cannot be served (BOOTFILE_FAILED); returns its error. */
enum err session_unfit(const struct session *s, const struct bootfile *file);

#endif
