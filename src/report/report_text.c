#include "report/report.h"

#include "report/metadata.h"
#include "platform/plat.h"
#include "report/summary.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* Lines that scripts look for stand as they always did: see docs/protocol.md, "Console lines". */

struct text {
	struct observer observer;
	struct report_text_options options;
};

#define SAFE 1200 /* room for an escaped name */

/* Begins a line of the board. */
static FILE *begin(const struct text *t, const struct event *e, FILE *out)
{
	if (t->options.prefix && e->board)
		fprintf(out, "[%s] ", e->board->path);
	return out;
}

static void line(const struct text *t, const struct event *e, const char *before, const char *text,
                 const char *after)
{
	char safe[SAFE];
	fprintf(begin(t, e, t->options.out), "%s%s%s\n", before,
	        text_escape(safe, sizeof safe, text ? text : ""), after);
}

bool report_is_optional(const char *name)
{
	static const char *const names[] = {
		"autoboot.txt", "boot.sig",    "config.sig",   "dt-blob.bin",
		"fixup.dat",    "fixup4.dat",  "pieeprom.upd", "recover4.elf",
		"recovery.elf", "tryboot.txt", "vl805.bin",    "vl805.sig",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void print_start(const struct text *t, const struct event *e)
{
	fprintf(t->options.out,
	        "%s\n\n"
	        "Please fit the EMMC_DISABLE / nRPIBOOT jumper before you connect power and USB.\n"
	        "If the device fails to connect, try another cable, another port, no hub.\n\n",
	        e->text);
}

static void print_source(const struct text *t, const struct event *e)
{
	switch (e->source) {
	case SOURCE_ARCHIVE_OVERLAY:
		line(t, e, "Loading bootfiles.bin overlay: ", e->where, "");
		break;
	case SOURCE_ARCHIVE:
		if (t->options.verbose)
			line(t, e, "Found in archive: ", e->name, "");
		break;
	case SOURCE_EMBEDDED:
		line(t, e, "Loading embedded: ", e->name, "");
		break;
	case SOURCE_FOLDER:
	case SOURCE_OVERLAY:
		line(t, e, "Loading: ", e->where, "");
		break;
	}
}

static void print_metadata(const struct text *t, const struct event *e)
{
	char key[SAFE], value[SAFE];
	fprintf(begin(t, e, t->options.out), "%s: %s\n", text_escape(key, sizeof key, e->name),
	        text_escape(value, sizeof value, e->text));
}

static void print_result(const struct text *t, const struct event *e)
{
	if (e->err && t->options.prefix)
		fprintf(begin(t, e, t->options.out), "Not done: %s\n", err_text(e->err));
	if (e->err)
		return;
	double seconds = (double)e->duration / (double)PLAT_SECOND;
	fprintf(begin(t, e, t->options.out), "Served %u file%s, %llu bytes, in %.2f s\n", e->files,
	        e->files == 1 ? "" : "s", (unsigned long long)e->bytes, seconds);
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

/* "PATH SERIAL NODE SIZE MODEL" for scripts, each without blanks but the last. */
static void print_disk(const struct text *t, const struct event *e)
{
	char serial[SAFE], model[SAFE];
	text_escape(serial, sizeof serial, or_dash(e->where));
	for (char *c = serial; (c = strchr(c, ' '));)
		*c = '_';
	fprintf(t->options.out, "%s %s %s %llu %s\n", e->board->path, serial, e->name,
	        (unsigned long long)e->size, text_escape(model, sizeof model, or_dash(e->text)));
}

static void print_exec_end(const struct text *t, const struct event *e)
{
	fprintf(begin(t, e, t->options.out), "Program ended with status %lu after %.2f s\n",
	        (unsigned long)e->code, (double)e->duration / (double)PLAT_SECOND);
}

#define DIAGNOSIS_WIDTH 79

static void print_diagnosis(const struct text *t, const struct event *e)
{
	char safe[SAFE];
	FILE *out = begin(t, e, t->options.err);
	fprintf(out, "%s (%s)%s%s\n  ", e->text, e->topic, *e->where ? ": " : ".",
	        text_escape(safe, sizeof safe, e->where));
	text_wrap(out, 2, DIAGNOSIS_WIDTH, e->explain);
	fprintf(out, "  ");
	text_wrap(out, 2, DIAGNOSIS_WIDTH, e->remedy);
}

static void print_error(const struct text *t, const struct event *e)
{
	char safe[SAFE];
	const char *remedy = err_remedy(e->err);
	fprintf(begin(t, e, t->options.err), "%s: %s.%s%s\n",
	        text_escape(safe, sizeof safe, e->text), err_text(e->err), remedy ? " " : "",
	        remedy ? remedy : "");
}

/* One line, or several: those after the first are indented. */
static void print_remark(const struct text *t, const struct event *e, const char *kind)
{
	char safe[SAFE], line[SAFE];
	const char *indent = "";
	for (const char *at = e->text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		fprintf(begin(t, e, t->options.err), "%s%s%s\n", indent, kind,
		        text_escape(safe, sizeof safe, line));
		kind = "";
		indent = "    ";
	}
}

/* What happens on the way of a board that fares well. */
static void print_progress(const struct text *t, const struct event *e)
{
	switch (e->kind) {
	case EV_START:
		print_start(t, e);
		break;
	case EV_WAITING:
		line(t, e, "Waiting for BCM2835/6/7/2711/2712...", "", "\n");
		break;
	case EV_STAGE:
		line(t, e,
		     e->board->stage == STAGE_ROM ? "Sending bootcode.bin"
		                                  : "Second stage boot server",
		     "", "");
		break;
	case EV_FOLDER:
		line(t, e, "Directory not specified - trying default ", e->where, "");
		break;
	case EV_ARCHIVE:
		line(t, e, "Using ", e->where, "");
		break;
	case EV_SOURCE:
		print_source(t, e);
		break;
	case EV_STATUS:
		if (e->code == 0)
			line(t, e, "Successful read 4 bytes ", "", "");
		else
			fprintf(begin(t, e, t->options.out), "Failed : 0x%lx\n",
			        (unsigned long)e->code);
		break;
	case EV_FILE_BEGIN:
		if (e->board->stage == STAGE_SERVER)
			line(t, e, "File read: ", e->name, "");
		break;
	case EV_FILE_ABSENT:
		line(t, e, "Cannot open file ", e->name,
		     report_is_optional(e->name) ? " (optional)" : "");
		break;
	case EV_METADATA:
		if (t->options.prefix || t->options.verbose)
			print_metadata(t, e);
		break;
	case EV_METADATA_FILE:
		line(t, e, "Created metadata file: ", e->where, "");
		break;
	case EV_SERVED:
		line(t, e, "Second stage boot server done", "", "");
		break;
	case EV_RESULT:
		print_result(t, e);
		break;
	case EV_DISK_WAIT:
		line(t, e, "Waiting for disks...", "", "");
		break;
	case EV_EXEC:
		line(t, e, "Running ", e->name, "");
		break;
	case EV_SUMMARY:
		if (t->options.prefix) /* one board's result says it all */
			summary_print(e->summary, t->options.out);
		break;
	default:
		break;
	}
}

static void print_details(const struct text *t, const struct event *e)
{
	switch (e->kind) {
	case EV_STATUS_NONE:
		line(t, e, "No return code from the second stage: ",
		     e->err ? err_text(e->err) : "too short", "");
		break;
	case EV_FILE_SIZE:
		fprintf(begin(t, e, t->options.out), "File size = %llu bytes\n",
		        (unsigned long long)e->size);
		break;
	case EV_EXEC_END:
		print_exec_end(t, e);
		break;
	case EV_DEBUG:
		if (e->level <= t->options.verbose)
			line(t, e, "", e->text, "");
		break;
	default:
		break;
	}
}

static void see(struct observer *self, const struct event *e)
{
	const struct text *t = (const struct text *)self;
	switch (e->kind) {
	case EV_ERROR:
		print_error(t, e);
		break;
	case EV_WARNING:
		print_remark(t, e, "Warning: ");
		break;
	case EV_NOTICE:
		if (!t->options.quiet)
			print_remark(t, e, "");
		break;
	case EV_DIAGNOSIS:
		if (!t->options.quiet) /* the error itself is one line already */
			print_diagnosis(t, e);
		break;
	case EV_DISK: /* the operator's data, too */
		print_disk(t, e);
		break;
	case EV_METADATA_OUTPUT: /* the operator's data: also when quiet; in lines when boards share the output */
		if (!t->options.prefix && !t->options.json)
			metadata_print(e->metadata, t->options.out);
		break;
	default:
		if (!t->options.quiet)
			print_progress(t, e);
		if (t->options.verbose)
			print_details(t, e);
		break;
	}
	fflush(t->options.err);
	fflush(t->options.out);
}

static void end(struct observer *self)
{
	free(self);
}

struct observer *report_text_new(const struct report_text_options *options)
{
	struct text *t = malloc(sizeof *t);
	if (!t)
		return NULL;
	*t = (struct text){ .observer = { .see = see, .end = end }, .options = *options };
	return &t->observer;
}
