/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "formats/json.h"
#include "report/metadata.h"
#include "platform/plat.h"
#include "report/summary.h"
#include "report/outcome.h"

#include <stdlib.h>

/* docs/events.md is the promise: names and types that are there stay. */

struct json {
	struct observer observer;
	struct report_json_options options;
	bool started;
	uint64_t start; /* of the first event */
};

static const char *const source_names[] = {
	[SOURCE_DIRECTORY] = "folder",
	[SOURCE_OVERLAY] = "overlay",
	[SOURCE_ARCHIVE_OVERLAY] = "archive-overlay",
	[SOURCE_ARCHIVE] = "archive",
	[SOURCE_EMBEDDED] = "embedded",
};

/* --- members */

static void json_put_board(struct json_out *out, const struct board_facts *board)
{
	json_put_string(out, "path", board->path);
	json_put_known(out, "chip", board->chip ? board->chip->name : NULL);
	json_put_known(out, "serial", board->serial);
	json_put_known(out, "place", board->place);
}

static const char *const checked_names[] = {
	[FLASH_CHECKED_NONE] = "none",
	[FLASH_CHECKED_CACHE] = "cache",
	[FLASH_CHECKED_MEDIUM] = "medium",
};

/* FLASH: NULL, or without bytes: no disk was written. */
static void json_put_result(struct json_out *out, enum err err, unsigned files, uint64_t bytes,
                            uint64_t duration, const struct flash_figures *flash)
{
	json_put_bool(out, "success", err == OK);
	json_put_string(out, "code", err_code(err));
	json_put_number(out, "files", files);
	json_put_number(out, "bytes", bytes);
	json_put_seconds(out, "duration", duration);
	if (!flash || !flash->bytes)
		return;
	json_put_number(out, "written", flash->bytes);
	json_put_string(out, "checked", checked_names[flash->checked]);
}

/* --- events */

static void json_put_date(struct json_out *out)
{
	char date[PLAT_DATE_SIZE];
	plat_date(date);
	json_put_string(out, "at", date);
}

/* What joins the records of many hosts. */
static void json_put_run(struct json_out *out, const struct report_run *run)
{
	if (!run)
		return;
	json_put_string(out, "host", run->host);
	json_put_string(out, "release", run->release);
	json_put_string(out, "folder", *run->directory ? run->directory : NULL);
	json_put_string(out, "folder_sha256", *run->directory_hash ? run->directory_hash : NULL);
}

static void json_put_start(struct json_out *out, const struct event *e)
{
	json_put_date(out);
	json_put_string(out, "version", e->text);
}

static void json_put_file(struct json_out *out, const struct event *e)
{
	json_put_string(out, "name", e->name);
	if (e->kind == EV_FILE_ABSENT) {
		json_put_bool(out, "optional", report_is_optional(e->name));
		return;
	}
	if (e->kind != EV_FILE_SIZE) {
		json_put_string(out, "source", source_names[e->source]);
		json_put_known(out, "file", e->source == SOURCE_EMBEDDED ? NULL : e->where);
	}
	json_put_number(out, "size", e->size);
	if (e->kind == EV_FILE_END)
		json_put_seconds(out, "duration", e->duration);
}

static void json_put_stage(struct json_out *out, const struct event *e)
{
	if (e->board)
		json_put_string(out, "stage", e->board->stage == STAGE_BOOT_ROM ? "rom" : "server");
}

static void json_put_stage_name(struct json_out *out, const struct event *e)
{
	json_put_string(out, "stage", e->name);
}

static void json_put_stage_reached(struct json_out *out, const struct event *e)
{
	json_put_string(out, "stage", e->name);
	json_put_bool(out, "already", e->code != 0);
}

static void json_put_directory(struct json_out *out, const struct event *e)
{
	json_put_string(out, "folder", e->where);
}

static void json_put_archive(struct json_out *out, const struct event *e)
{
	json_put_string(out, "file", e->where);
}

static void json_put_return_code(struct json_out *out, const struct event *e)
{
	json_put_number(out, "value", e->code);
}

static void json_put_no_return_code(struct json_out *out, const struct event *e)
{
	json_put_known(out, "reason", e->err ? err_code(e->err) : NULL);
}

static void json_put_served(struct json_out *out, const struct event *e)
{
	json_put_number(out, "files", e->files);
	json_put_number(out, "bytes", e->bytes);
}

static void json_put_metadata(struct json_out *out, const struct event *e)
{
	json_put_string(out, "name", e->name);
	json_put_string(out, "value", e->text);
}

static void json_put_metadata_all(struct json_out *out, const struct event *e)
{
	json_put_string(out, "file", e->where);
	json_open(out, "values", '{');
	for (size_t i = 0; i < e->metadata->count; i++)
		json_put_string(out, e->metadata->keys[i], e->metadata->values[i]);
	json_close(out, '}');
}

static void json_put_remark(struct json_out *out, const struct event *e)
{
	if (e->kind == EV_WARNING)
		json_put_string(out, "code", e->topic);
	if (e->kind == EV_DEBUG)
		json_put_number(out, "level", (uint64_t)e->level);
	json_put_string(out, "text", e->text);
}

static void json_put_failed(struct json_out *out, const struct event *e)
{
	json_put_string(out, "code", err_code(e->err));
	json_put_string(out, "reason", err_text(e->err));
	json_put_known(out, "text", e->text);
	json_put_known(out, "advice", e->advice ? e->advice : outcome_advice(e->err));
}

static void json_put_disk(struct json_out *out, const struct event *e)
{
	json_put_string(out, "device", e->name);
	json_put_number(out, "size", e->size);
	json_put_known(out, "model", e->text);
}

static const char *const step_names[] = {
	[FLASH_WRITE] = "write",
	[FLASH_SETTLE] = "settle",
	[FLASH_VERIFY] = "verify",
	[FLASH_READ] = "read",
};

static void json_put_image(struct json_out *out, const struct event *e)
{
	json_put_string(out, "file", e->name);
	json_put_string(out, "format", e->text);
	json_put_number(out, "size", e->size);
	json_put_number(out, "compressed", e->bytes);
	json_put_known(out, "sha256", e->where);
	json_put_seconds(out, "duration", e->duration);
}

static void json_put_flash(struct json_out *out, const struct event *e)
{
	if (e->kind == EV_FLASH_PROGRESS) {
		json_put_string(out, "step", step_names[e->step]);
		json_put_number(out, "done", e->done);
		json_put_number(out, "size", e->size);
		return;
	}
	json_put_string(out, "device", e->name);
	if (e->kind == EV_FLASH || e->kind == EV_FLASH_END || e->kind == EV_BACKUP)
		json_put_string(out, "via", e->topic);
	if (e->kind == EV_FLASH || e->kind == EV_BACKUP) {
		json_put_known(out, "model", e->text);
		json_put_number(out, "size", e->size);
	}
	if (e->kind == EV_FLASH)
		json_put_number(out, "bytes", e->bytes);
	if (e->kind == EV_BACKUP)
		json_put_string(out, "file", e->where);
	if (e->kind == EV_FLASH_END) {
		json_put_number(out, "bytes", e->flash->bytes);
		json_put_seconds(out, "write", e->flash->write);
		json_put_seconds(out, "settle", e->flash->settle);
		json_put_seconds(out, "verify", e->flash->verify);
		json_put_string(out, "checked", checked_names[e->flash->checked]);
	}
}

static void json_put_backup(struct json_out *out, const struct event *e)
{
	json_put_string(out, "file", e->name);
	json_put_number(out, "size", e->size);
	json_put_number(out, "compressed", e->bytes);
	json_put_string(out, "sha256", e->where);
	json_put_seconds(out, "duration", e->duration);
}

static void json_put_program(struct json_out *out, const struct event *e)
{
	json_put_string(out, "program", e->name);
	if (e->kind == EV_EXEC)
		return;
	json_put_number(out, "status", e->code);
	json_put_seconds(out, "duration", e->duration);
}

static void json_put_diagnosis(struct json_out *out, const struct event *e)
{
	json_put_string(out, "code", e->topic);
	json_put_known(out, "explains", e->err ? err_code(e->err) : NULL);
	json_put_string(out, "text", e->text);
	json_put_known(out, "details", e->where);
	json_put_string(out, "advice", e->advice);
}

static void json_put_summary(struct json_out *out, const struct event *e)
{
	const struct summary *s = e->summary;
	json_put_number(out, "succeeded", s->succeeded);
	json_put_number(out, "failed", s->failed);
	json_put_number(out, "status", e->code);
	json_open(out, "boards", '[');
	for (size_t i = 0; i < s->count; i++) {
		const struct summary_board *b = &s->boards[i];
		json_open(out, NULL, '{');
		json_put_board(out, &b->facts);
		json_put_result(out, b->err, b->files, b->bytes, b->duration, &b->flash);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void json_put_event_result(struct json_out *out, const struct event *e)
{
	json_put_result(out, e->err, e->files, e->bytes, e->duration, e->flash);
}

/* --- the kinds */

struct json_kind {
	const char *name; /* NULL: not printed */
	/* what it has besides the common members; NULL: nothing */
	void (*put)(struct json_out *out, const struct event *e);
};

/* tests/unit/report/test_report_json.c finds kinds that are missing */
static const struct json_kind json_kinds[] = {
	[EV_START] = { "start", json_put_start },
	[EV_WAITING] = { "waiting", NULL },
	[EV_ATTACHED] = { "attached", NULL },
	[EV_STAGE] = { "stage", json_put_stage },
	[EV_DIRECTORY] = { "default-folder", json_put_directory },
	[EV_ARCHIVE] = { "archive", json_put_archive },
	[EV_SOURCE] = { "source", json_put_file },
	[EV_STATUS] = { "return-code", json_put_return_code },
	[EV_STATUS_NONE] = { "no-return-code", json_put_no_return_code },
	[EV_FILE_SIZE] = { "file-size", json_put_file },
	[EV_FILE_BEGIN] = { "file-begin", json_put_file },
	[EV_FILE_PROGRESS] = { NULL, NULL }, /* a file's two ends are enough for machines */
	[EV_FILE_END] = { "file-end", json_put_file },
	[EV_FILE_ABSENT] = { "file-absent", json_put_file },
	[EV_METADATA] = { "metadata", json_put_metadata },
	[EV_METADATA_FILE] = { "metadata-all", json_put_metadata_all },
	[EV_METADATA_OUTPUT] = { "metadata-all", json_put_metadata_all },
	[EV_SERVED] = { "done", json_put_served },
	[EV_DISK_WAIT] = { "disk-wait", NULL },
	[EV_STAGE_WAIT] = { "stage-wait", json_put_stage_name },
	[EV_STAGE_REACHED] = { "stage-reached", json_put_stage_reached },
	[EV_DISK] = { "disk", json_put_disk },
	[EV_IMAGE] = { "image", json_put_image },
	[EV_IMAGE_WAIT] = { "image-wait", NULL },
	[EV_FLASH] = { "flash-begin", json_put_flash },
	[EV_FLASH_PROGRESS] = { "flash-progress", json_put_flash },
	[EV_FLASH_WRITTEN] = { NULL, NULL }, /* flash-end has its time */
	[EV_FLASH_END] = { "flash-end", json_put_flash },
	[EV_BACKUP] = { "backup-begin", json_put_flash },
	[EV_BACKUP_END] = { "backup-end", json_put_backup },
	[EV_EJECTED] = { "ejected", json_put_flash },
	[EV_EXEC] = { "program-begin", json_put_program },
	[EV_EXEC_END] = { "program-end", json_put_program },
	[EV_DIAGNOSIS] = { "diagnosis", json_put_diagnosis },
	[EV_NOTICE] = { "notice", json_put_remark },
	[EV_WARNING] = { "warning", json_put_remark },
	[EV_ERROR] = { "failed", json_put_failed },
	[EV_RESULT] = { "result", json_put_event_result },
	[EV_DEBUG] = { "debug", json_put_remark },
	[EV_SUMMARY] = { "summary", json_put_summary },
};

static void json_observe(struct observer *self, const struct event *e)
{
	struct json *j = (struct json *)self;
	struct json_out writer, *out = &writer;
	const struct json_kind *kind = &json_kinds[e->kind];
	if (!kind->name || (e->kind == EV_DEBUG && e->level > j->options.verbose))
		return;
	if (!j->started)
		j->start = e->time;
	j->started = true;
	json_begin(out, j->options.out, JSON_COMPACT);
	json_open(out, NULL, '{');
	json_put_string(out, "event", kind->name);
	json_put_seconds(out, "time", e->time - j->start);
	if (e->board)
		json_put_board(out, e->board);
	if (kind->put)
		kind->put(out, e);
	if (j->options.run && e->kind == EV_RESULT)
		json_put_date(out);
	if (e->kind == EV_START || e->kind == EV_RESULT)
		json_put_run(out, j->options.run);
	json_close(out, '}');
	json_end_line(out);
	fflush(j->options.out);
}

static void json_finish(struct observer *self)
{
	free(self);
}

struct observer *report_json_new(const struct report_json_options *options)
{
	struct json *j = malloc(sizeof *j);
	if (!j)
		return NULL;
	*j = (struct json){ .observer = { .see = json_observe, .end = json_finish },
		            .options = *options };
	return &j->observer;
}
