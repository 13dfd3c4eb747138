#include "report/report.h"

#include "formats/json.h"
#include "report/metadata.h"
#include "platform/plat.h"
#include "report/summary.h"

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
	[EV_FOLDER] = "default-folder",
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
	[EV_DISK] = "disk",
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
	[SOURCE_FOLDER] = "folder",
	[SOURCE_OVERLAY] = "overlay",
	[SOURCE_ARCHIVE_OVERLAY] = "archive-overlay",
	[SOURCE_ARCHIVE] = "archive",
	[SOURCE_EMBEDDED] = "embedded",
};

/* --- members; each but the first of an object begins with its comma */

static void put_string(FILE *out, const char *key, const char *value)
{
	fprintf(out, ",\"%s\":", key);
	if (value)
		json_string(out, value);
	else
		fputs("null", out);
}

/* Leaves out what is not known. */
static void put_known(FILE *out, const char *key, const char *value)
{
	if (value && *value)
		put_string(out, key, value);
}

static void put_number(FILE *out, const char *key, uint64_t value)
{
	fprintf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void put_bool(FILE *out, const char *key, bool value)
{
	fprintf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void print_seconds(FILE *out, uint64_t time)
{
	fprintf(out, "%llu.%06llu", (unsigned long long)(time / PLAT_SECOND),
	        (unsigned long long)(time % PLAT_SECOND));
}

static void put_seconds(FILE *out, const char *key, uint64_t time)
{
	fprintf(out, ",\"%s\":", key);
	print_seconds(out, time);
}

/* "path" is the first of several objects' members: it brings no comma. */
static void print_board(FILE *out, const struct board_facts *board)
{
	fputs("\"path\":", out);
	json_string(out, board->path);
	put_known(out, "chip", board->chip ? board->chip->name : NULL);
	put_known(out, "serial", board->serial);
}

static void put_result(FILE *out, enum err err, unsigned files, uint64_t bytes, uint64_t duration)
{
	put_bool(out, "success", err == OK);
	put_string(out, "code", err_code(err));
	put_number(out, "files", files);
	put_number(out, "bytes", bytes);
	put_seconds(out, "duration", duration);
}

/* --- events */

static void put_start(FILE *out, const struct event *e)
{
	char date[PLAT_DATE_SIZE];
	plat_date(date);
	put_string(out, "at", date);
	put_string(out, "version", e->text);
}

static void put_file(FILE *out, const struct event *e)
{
	put_string(out, "name", e->name);
	if (e->kind == EV_FILE_ABSENT) {
		put_bool(out, "optional", report_is_optional(e->name));
		return;
	}
	if (e->kind != EV_FILE_SIZE) {
		put_string(out, "source", source_names[e->source]);
		put_known(out, "file", e->source == SOURCE_EMBEDDED ? NULL : e->where);
	}
	put_number(out, "size", e->size);
	if (e->kind == EV_FILE_END)
		put_seconds(out, "duration", e->duration);
}

static void put_stage(FILE *out, const struct board_facts *board)
{
	if (board)
		put_string(out, "stage", board->stage == STAGE_ROM ? "rom" : "server");
}

static void put_metadata(FILE *out, const struct event *e)
{
	put_string(out, "file", e->where);
	fputs(",\"values\":{", out);
	for (size_t i = 0; i < e->metadata->count; i++) {
		if (i > 0)
			putc(',', out);
		json_string(out, e->metadata->keys[i]);
		putc(':', out);
		json_string(out, e->metadata->values[i]);
	}
	putc('}', out);
}

static void put_remark(FILE *out, const struct event *e)
{
	if (e->kind == EV_WARNING)
		put_string(out, "code", e->topic);
	if (e->kind == EV_DEBUG)
		put_number(out, "level", (uint64_t)e->level);
	put_string(out, "text", e->text);
}

static void put_failed(FILE *out, const struct event *e)
{
	put_string(out, "code", err_code(e->err));
	put_string(out, "reason", err_text(e->err));
	put_known(out, "text", e->text);
	put_known(out, "advice", err_remedy(e->err));
}

static void put_disk(FILE *out, const struct event *e)
{
	put_string(out, "device", e->name);
	put_number(out, "size", e->size);
	put_known(out, "model", e->text);
}

static void put_program(FILE *out, const struct event *e)
{
	put_string(out, "program", e->name);
	if (e->kind == EV_EXEC)
		return;
	put_number(out, "status", e->code);
	put_seconds(out, "duration", e->duration);
}

static void put_diagnosis(FILE *out, const struct event *e)
{
	put_string(out, "code", e->topic);
	put_known(out, "explains", e->err ? err_code(e->err) : NULL);
	put_string(out, "text", e->text);
	put_known(out, "details", e->where);
	put_string(out, "advice", e->remedy);
}

static void put_summary(FILE *out, const struct event *e)
{
	const struct summary *s = e->summary;
	put_number(out, "succeeded", s->succeeded);
	put_number(out, "failed", s->failed);
	put_number(out, "status", e->code);
	fputs(",\"boards\":[", out);
	for (size_t i = 0; i < s->count; i++) {
		const struct summary_board *b = &s->boards[i];
		fputs(i > 0 ? ",{" : "{", out);
		print_board(out, &b->facts);
		put_result(out, b->err, b->files, b->bytes, b->duration);
		putc('}', out);
	}
	putc(']', out);
}

/* What the kinds have besides the common members. No default: the compiler asks for each new kind. */
static void put_details(FILE *out, const struct event *e)
{
	switch (e->kind) {
	case EV_START:
		put_start(out, e);
		break;
	case EV_STAGE:
		put_stage(out, e->board);
		break;
	case EV_FOLDER:
		put_string(out, "folder", e->where);
		break;
	case EV_ARCHIVE:
		put_string(out, "file", e->where);
		break;
	case EV_SOURCE:
	case EV_FILE_SIZE:
	case EV_FILE_BEGIN:
	case EV_FILE_END:
	case EV_FILE_ABSENT:
		put_file(out, e);
		break;
	case EV_STATUS:
		put_number(out, "value", e->code);
		break;
	case EV_STATUS_NONE:
		put_known(out, "reason", e->err ? err_code(e->err) : NULL);
		break;
	case EV_METADATA:
		put_string(out, "name", e->name);
		put_string(out, "value", e->text);
		break;
	case EV_METADATA_FILE:
	case EV_METADATA_OUTPUT:
		put_metadata(out, e);
		break;
	case EV_SERVED:
		put_number(out, "files", e->files);
		put_number(out, "bytes", e->bytes);
		break;
	case EV_DISK:
		put_disk(out, e);
		break;
	case EV_EXEC:
	case EV_EXEC_END:
		put_program(out, e);
		break;
	case EV_DIAGNOSIS:
		put_diagnosis(out, e);
		break;
	case EV_WARNING:
	case EV_NOTICE:
	case EV_DEBUG:
		put_remark(out, e);
		break;
	case EV_ERROR:
		put_failed(out, e);
		break;
	case EV_RESULT:
		put_result(out, e->err, e->files, e->bytes, e->duration);
		break;
	case EV_SUMMARY:
		put_summary(out, e);
		break;
	case EV_WAITING:
	case EV_ATTACHED:
	case EV_DISK_WAIT:
	case EV_FILE_PROGRESS:
		break;
	}
}

static void see(struct observer *self, const struct event *e)
{
	struct json *j = (struct json *)self;
	FILE *out = j->options.out;
	const char *name = event_names[e->kind];
	if (!name || (e->kind == EV_DEBUG && e->level > j->options.verbose))
		return;
	if (!j->started)
		j->start = e->time;
	j->started = true;
	fprintf(out, "{\"event\":\"%s\",\"time\":", name);
	print_seconds(out, e->time - j->start);
	if (e->board) {
		putc(',', out);
		print_board(out, e->board);
	}
	put_details(out, e);
	fputs("}\n", out);
	fflush(out);
}

static void end(struct observer *self)
{
	free(self);
}

struct observer *report_json_new(const struct report_json_options *options)
{
	struct json *j = malloc(sizeof *j);
	if (!j)
		return NULL;
	*j = (struct json){ .observer = { .see = see, .end = end }, .options = *options };
	return &j->observer;
}
