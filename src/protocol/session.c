/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/session.h"

#include "platform/plat.h"

struct outgoing {
	const struct session *session;
	const char *name;
	const struct bootfile *file;
	uint64_t start;
};

static enum err session_read_chunk(void *ctx, uint64_t offset, uint8_t *to, size_t n)
{
	const struct outgoing *o = ctx;
	enum err err = bootfile_read(o->file, offset, to, n);
	if (err)
		report_error(o->session->report, o->session->board, err, "%s", o->file->where);
	return err;
}

static void session_report(const struct outgoing *o, enum event_kind kind, uint64_t done)
{
	struct event e = {
		.kind = kind,
		.board = o->session->board,
		.name = o->name,
		.where = o->file->where,
		.source = o->file->source,
		.size = o->file->size,
		.done = done,
		.duration = plat_now() - o->start,
	};
	report_emit(o->session->report, &e);
}

static void session_report_progress(void *ctx, uint64_t done)
{
	session_report(ctx, EV_FILE_PROGRESS, done);
}

void session_report_source(const struct session *s, const char *name, const struct bootfile *file)
{
	if (file->skipped)
		report_warning(s->report, s->board, "not-regular",
		               "%s is not a regular file: passed over", file->skipped);
	if (!file->where)
		return;
	if (file->source == SOURCE_ARCHIVE && !*s->archive_reported) {
		*s->archive_reported = true;
		report_emit(s->report, &(struct event){ .kind = EV_ARCHIVE,
		                                        .board = s->board,
		                                        .where = file->where });
	}
	struct event e = {
		.kind = EV_SOURCE,
		.board = s->board,
		.name = name,
		.where = file->where,
		.source = file->source,
		.size = file->size,
	};
	report_emit(s->report, &e);
}

enum err session_send(const struct session *s, const char *name, const struct bootfile *file,
                      uint32_t *sent)
{
	struct outgoing o = { .session = s, .name = name, .file = file, .start = plat_now() };
	struct transfer_source source = { .read = session_read_chunk,
		                          .progress = session_report_progress,
		                          .ctx = &o };
	session_report(&o, EV_FILE_BEGIN, 0);
	enum err err = transfer_send(s->bootdev, file->size, &source, sent);
	if (!err)
		session_report(&o, EV_FILE_END, *sent);
	return err;
}

enum err session_unfit(const struct session *s, const struct bootfile *file)
{
	return report_error(s->report, s->board, file->err, "%s", file->where ? file->where : "");
}
