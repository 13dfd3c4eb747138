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

static const char *const event_names[] = {
	[EV_START] = "start",
	[EV_WAITING] = "waiting",
	[EV_ATTACHED] = "attached",
	[EV_STAGE] = "stage",
	[EV_DIRECTORY] = "default-folder",
	[EV_ARCHIVE] = "archive",
	[EV_SOURCE] = "source",
	[EV_STATUS] = "return-code",
	[EV_STATUS_NONE] = "no-return-code",
	[EV_FILE_SIZE] = "file-size",
	[EV_FILE_BEGIN] = "file-begin",
	[EV_FILE_PROGRESS] = NULL, /* a file's two ends are enough for machines */
	[EV_FILE_END] = "file-end",
	[EV_FILE_ABSENT] = "file-absent",
	[EV_METADATA] = "metadata",
	[EV_METADATA_FILE] = "metadata-all",
	[EV_METADATA_OUTPUT] = "metadata-all",
	[EV_SERVED] = "done",
	[EV_DISK_WAIT] = "disk-wait",
	[EV_STAGE_WAIT] = "stage-wait",
	[EV_STAGE_REACHED] = "stage-reached",
	[EV_DISK] = "disk",
	[EV_IMAGE] = "image",
	[EV_IMAGE_WAIT] = "image-wait",
	[EV_FLASH] = "flash-begin",
	[EV_FLASH_PROGRESS] = "flash-progress",
	[EV_FLASH_WRITTEN] = NULL, /* flash-end has its time */
	[EV_FLASH_END] = "flash-end",
	[EV_BACKUP] = "backup-begin",
	[EV_BACKUP_END] = "backup-end",
	[EV_EJECTED] = "ejected",
	[EV_EXEC] = "program-begin",
	[EV_EXEC_END] = "program-end",
	[EV_DIAGNOSIS] = "diagnosis",
	[EV_NOTICE] = "notice",
	[EV_WARNING] = "warning",
	[EV_ERROR] = "failed",
	[EV_RESULT] = "result",
	[EV_DEBUG] = "debug",
	[EV_SUMMARY] = "summary",
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

static void json_put_stage(struct json_out *out, const struct board_facts *board)
{
	if (board)
		json_put_string(out, "stage", board->stage == STAGE_BOOT_ROM ? "rom" : "server");
}

static void json_put_metadata(struct json_out *out, const struct event *e)
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

/* What the kinds have besides the common members. No default: the compiler asks for each new kind. */
static void json_put_details(struct json_out *out, const struct event *e)
{
	switch (e->kind) {
	case EV_START:
		json_put_start(out, e);
		break;
	case EV_STAGE:
		json_put_stage(out, e->board);
		break;
	case EV_DIRECTORY:
		json_put_string(out, "folder", e->where);
		break;
	case EV_ARCHIVE:
		json_put_string(out, "file", e->where);
		break;
	case EV_SOURCE:
	case EV_FILE_SIZE:
	case EV_FILE_BEGIN:
	case EV_FILE_END:
	case EV_FILE_ABSENT:
		json_put_file(out, e);
		break;
	case EV_STATUS:
		json_put_number(out, "value", e->code);
		break;
	case EV_STATUS_NONE:
		json_put_known(out, "reason", e->err ? err_code(e->err) : NULL);
		break;
	case EV_METADATA:
		json_put_string(out, "name", e->name);
		json_put_string(out, "value", e->text);
		break;
	case EV_METADATA_FILE:
	case EV_METADATA_OUTPUT:
		json_put_metadata(out, e);
		break;
	case EV_SERVED:
		json_put_number(out, "files", e->files);
		json_put_number(out, "bytes", e->bytes);
		break;
	case EV_STAGE_WAIT:
		json_put_string(out, "stage", e->name);
		break;
	case EV_STAGE_REACHED:
		json_put_string(out, "stage", e->name);
		json_put_bool(out, "already", e->code != 0);
		break;
	case EV_DISK:
		json_put_disk(out, e);
		break;
	case EV_IMAGE:
		json_put_image(out, e);
		break;
	case EV_FLASH:
	case EV_FLASH_PROGRESS:
	case EV_FLASH_END:
	case EV_BACKUP:
	case EV_EJECTED:
		json_put_flash(out, e);
		break;
	case EV_BACKUP_END:
		json_put_backup(out, e);
		break;
	case EV_EXEC:
	case EV_EXEC_END:
		json_put_program(out, e);
		break;
	case EV_DIAGNOSIS:
		json_put_diagnosis(out, e);
		break;
	case EV_WARNING:
	case EV_NOTICE:
	case EV_DEBUG:
		json_put_remark(out, e);
		break;
	case EV_ERROR:
		json_put_failed(out, e);
		break;
	case EV_RESULT:
		json_put_result(out, e->err, e->files, e->bytes, e->duration, e->flash);
		break;
	case EV_SUMMARY:
		json_put_summary(out, e);
		break;
	case EV_WAITING:
	case EV_ATTACHED:
	case EV_DISK_WAIT:
	case EV_IMAGE_WAIT:
	case EV_FLASH_WRITTEN:
	case EV_FILE_PROGRESS:
		break;
	}
}

static void json_observe(struct observer *self, const struct event *e)
{
	struct json *j = (struct json *)self;
	struct json_out writer, *out = &writer;
	const char *name = event_names[e->kind];
	if (!name || (e->kind == EV_DEBUG && e->level > j->options.verbose))
		return;
	if (!j->started)
		j->start = e->time;
	j->started = true;
	json_begin(out, j->options.out, JSON_COMPACT);
	json_open(out, NULL, '{');
	json_put_string(out, "event", name);
	json_put_seconds(out, "time", e->time - j->start);
	if (e->board)
		json_put_board(out, e->board);
	json_put_details(out, e);
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
