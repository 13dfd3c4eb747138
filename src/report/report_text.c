/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "report/metadata.h"
#include "platform/plat.h"
#include "report/summary.h"
#include "base/str.h"
#include "report/outcome.h"

#include <stdlib.h>
#include <string.h>

/* Lines that scripts look for stand as they always did: see docs/protocol.md, "Console lines". */

struct text {
	struct observer observer;
	struct report_text_options options;
};

#define SAFE 1200 /* room for an escaped name */

/* What lines of the board begin with. */
static const char *text_prefix(const struct text *t, const struct event *e, char out[SAFE])
{
	char safe[SAFE - USB_PATH_SIZE - 4];
	*out = 0;
	if (t->options.prefix && e->board && e->board->place)
		snprintf(out, SAFE, "[%s %s] ", e->board->path,
		         str_escape(safe, sizeof safe, e->board->place));
	else if (t->options.prefix && e->board)
		snprintf(out, SAFE, "[%s] ", e->board->path);
	return out;
}

/* Begins a line of the board. */
static FILE *text_begin(const struct text *t, const struct event *e, FILE *out)
{
	char prefix[SAFE];
	fputs(text_prefix(t, e, prefix), out);
	return out;
}

/* A line about what is wrong, which a terminal would break anywhere. */
static void text_print_long(const struct text *t, const struct event *e, const char *text)
{
	char prefix[SAFE];
	FILE *err = t->options.err;
	char *line = str_new("%s%s", text_prefix(t, e, prefix), text);
	if (!line || !t->options.columns || strlen(line) <= t->options.columns) {
		fprintf(err, "%s%s\n", prefix, text);
	} else {
		str_wrap(err, 0, (int)t->options.columns, line);
	}
	free(line);
}

static void text_line(const struct text *t, const struct event *e, const char *before,
                      const char *text, const char *after)
{
	char safe[SAFE];
	fprintf(text_begin(t, e, t->options.out), "%s%s%s\n", before,
	        str_escape(safe, sizeof safe, text ? text : ""), after);
}

bool report_is_optional(const char *name)
{
	static const char *const names[] = {
		"autoboot.txt", "boot.sig",   "bootconf.sig", "bootconf.txt", "config.sig",
		"dt-blob.bin",  "fixup.dat",  "fixup4.dat",   "font.bin",     "logo.bin",
		"pieeprom.upd", "qrcode.bin", "recover4.elf", "recovery.elf", "tryboot.img",
		"tryboot.txt",  "vl805.bin",  "vl805.sig",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void text_print_start(const struct text *t, const struct event *e)
{
	fprintf(t->options.out,
	        "%s\n\n"
	        "Please fit the EMMC_DISABLE / nRPIBOOT jumper, or hold the power button (Pi 5).\n"
	        "If the device fails to connect: power off and on, try another cable, no hub.\n\n",
	        e->text);
}

static void text_print_source(const struct text *t, const struct event *e)
{
	switch (e->source) {
	case SOURCE_ARCHIVE_OVERLAY:
		text_line(t, e, "Loading bootfiles.bin overlay: ", e->where, "");
		break;
	case SOURCE_ARCHIVE:
		if (t->options.verbose)
			text_line(t, e, "Found in archive: ", e->name, "");
		break;
	case SOURCE_EMBEDDED:
		text_line(t, e, "Loading embedded: ", e->name, "");
		break;
	case SOURCE_DIRECTORY:
	case SOURCE_OVERLAY:
		text_line(t, e, "Loading: ", e->where, "");
		break;
	}
}

static void text_print_metadata(const struct text *t, const struct event *e)
{
	char key[SAFE], value[SAFE];
	fprintf(text_begin(t, e, t->options.out), "%s: %s\n", str_escape(key, sizeof key, e->name),
	        str_escape(value, sizeof value, e->text));
}

static void text_print_result(const struct text *t, const struct event *e)
{
	if (e->err && t->options.prefix)
		fprintf(text_begin(t, e, t->options.out), "Not done: %s\n", err_text(e->err));
	if (e->err)
		return;
	double seconds = (double)e->duration / (double)PLAT_SECOND;
	fprintf(text_begin(t, e, t->options.out), "Served %u file%s, %llu bytes, in %.2f s\n",
	        e->files, e->files == 1 ? "" : "s", (unsigned long long)e->bytes, seconds);
}

static const char *text_or_dash(const char *text)
{
	return text && *text ? text : "-";
}

/* "PATH SERIAL NODE SIZE MODEL" for scripts, each without blanks but the last. */
/* Path and serial number, as two words. */
static void text_print_who(const struct text *t, const struct event *e)
{
	char serial[SAFE];
	str_escape(serial, sizeof serial, text_or_dash(e->where));
	for (char *c = serial; (c = strchr(c, ' '));)
		*c = '_';
	fprintf(t->options.out, "%s %s", e->board->path, serial);
}

static void text_print_reached(const struct text *t, const struct event *e)
{
	text_print_who(t, e);
	fprintf(t->options.out, " %s\n", e->name);
}

static void text_print_disk(const struct text *t, const struct event *e)
{
	char model[SAFE];
	text_print_who(t, e);
	fprintf(t->options.out, " %s %llu %s\n", e->name, (unsigned long long)e->size,
	        str_escape(model, sizeof model, text_or_dash(e->text)));
}

static void text_print_exec_end(const struct text *t, const struct event *e)
{
	fprintf(text_begin(t, e, t->options.out), "Program ended with status %lu after %.2f s\n",
	        (unsigned long)e->code, (double)e->duration / (double)PLAT_SECOND);
}

static void text_print_image(const struct text *t, const struct event *e)
{
	char safe[SAFE];
	fprintf(t->options.out, "Image: %s, %llu bytes, decoded in %.1f s\n",
	        str_escape(safe, sizeof safe, e->name), (unsigned long long)e->size,
	        (double)e->duration / (double)PLAT_SECOND);
}

/* A disk that is about to be written or read: "VERB /dev/sda, mmcblk0, 31268536320 bytes", or
 * "VERB mmcblk0 directly, 31268536320 bytes". */
static void text_print_medium(const struct text *t, const struct event *e, const char *verb)
{
	char safe[SAFE];
	bool direct = strcmp(e->topic, "direct") == 0;
	fprintf(text_begin(t, e, t->options.out), "%s %s%s%s, %llu bytes\n", verb, e->name,
	        direct     ? " directly"
	        : *e->text ? ", "
	                   : "",
	        direct ? "" : str_escape(safe, sizeof safe, e->text), (unsigned long long)e->size);
}

static double text_rate(uint64_t bytes, uint64_t time)
{
	return time ? (double)bytes / (double)time : 0; /* bytes/us: MB/s */
}

static void text_print_written(const struct text *t, const struct event *e)
{
	fprintf(text_begin(t, e, t->options.out),
	        "Written in %.1f s, %.1f MB/s; the board writes out its cache\n",
	        (double)e->duration / (double)PLAT_SECOND, text_rate(e->bytes, e->duration));
}

static void text_print_flashed(const struct text *t, const struct event *e)
{
	FILE *out = text_begin(t, e, t->options.out);
	unsigned long long bytes = e->flash->bytes;
	double seconds = (double)e->flash->verify / (double)PLAT_SECOND;
	if (e->flash->checked == FLASH_CHECKED_NONE)
		fprintf(out, "Not verified: %llu bytes written\n", bytes);
	else
		fprintf(out, "Verified: %llu bytes read %s in %.1f s\n", bytes,
		        e->flash->checked == FLASH_CHECKED_MEDIUM ? "from the medium" : "back",
		        seconds);
}

static void text_print_backup(const struct text *t, const struct event *e)
{
	fprintf(text_begin(t, e, t->options.out),
	        "Backup: %s, %llu bytes of %llu, in %.1f s, SHA-256 of the disk %s\n", e->name,
	        (unsigned long long)e->bytes, (unsigned long long)e->size,
	        (double)e->duration / (double)PLAT_SECOND, e->where);
}

#define DIAGNOSIS_WIDTH 79

static void text_print_diagnosis(const struct text *t, const struct event *e)
{
	char safe[SAFE];
	FILE *out = t->options.err;
	char *head = str_new("%s (%s)%s%s", e->text, e->topic, *e->where ? ": " : ".",
	                     str_escape(safe, sizeof safe, e->where));
	text_print_long(t, e, head ? head : e->text);
	free(head);
	fprintf(out, "  ");
	str_wrap(out, 2, DIAGNOSIS_WIDTH, e->explain);
	fprintf(out, "  ");
	str_wrap(out, 2, DIAGNOSIS_WIDTH, e->advice);
}

static void text_print_error(const struct text *t, const struct event *e)
{
	char safe[SAFE], safe_advice[SAFE];
	const char *advice = e->advice ? e->advice : outcome_advice(e->err);
	char *text = str_new("%s: %s.%s%s", str_escape(safe, sizeof safe, e->text),
	                     err_text(e->err), advice ? " " : "",
	                     str_escape(safe_advice, sizeof safe_advice, advice ? advice : ""));
	text_print_long(t, e, text ? text : safe);
	free(text);
}

/* One line, or several: those after the first are indented. */
static void text_print_remark(const struct text *t, const struct event *e, const char *kind)
{
	char safe[SAFE], line[SAFE];
	const char *indent = "";
	for (const char *at = e->text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		char *text = str_new("%s%s%s", indent, kind, str_escape(safe, sizeof safe, line));
		text_print_long(t, e, text ? text : safe);
		free(text);
		kind = "";
		indent = "    ";
	}
}

/* What happens after the boot. */
static void text_print_after(const struct text *t, const struct event *e)
{
	switch (e->kind) {
	case EV_RESULT:
		text_print_result(t, e);
		break;
	case EV_DISK_WAIT:
		text_line(t, e, "Waiting for disks...", "", "");
		break;
	case EV_STAGE_WAIT:
		text_line(t, e, "Waiting for stage ", e->name, "...");
		break;
	case EV_IMAGE:
		text_print_image(t, e);
		break;
	case EV_IMAGE_WAIT:
		text_line(t, e, "Waiting for the image...", "", "");
		break;
	case EV_FLASH:
		text_print_medium(t, e, "Flashing");
		break;
	case EV_FLASH_WRITTEN:
		text_print_written(t, e);
		break;
	case EV_FLASH_END:
		text_print_flashed(t, e);
		break;
	case EV_BACKUP:
		text_print_medium(t, e, "Reading");
		break;
	case EV_BACKUP_END:
		text_print_backup(t, e);
		break;
	case EV_EJECTED:
		text_line(t, e, "Ejected, safe to remove", "", "");
		break;
	case EV_EXEC:
		text_line(t, e, "Running ", e->name, "");
		break;
	case EV_SUMMARY:
		if (t->options.prefix) /* one board's result says it all */
			summary_print(e->summary, t->options.out);
		break;
	default:
		break;
	}
}

/* What happens on the way of a board that fares well. */
static void text_print_progress(const struct text *t, const struct event *e)
{
	switch (e->kind) {
	case EV_START:
		text_print_start(t, e);
		break;
	case EV_WAITING:
		text_line(t, e, REPORT_WAITING, "", "\n");
		break;
	case EV_STAGE:
		text_line(t, e,
		          e->board->stage == STAGE_BOOT_ROM ? "Sending bootcode.bin"
		                                            : "Second stage boot server",
		          "", "");
		break;
	case EV_DIRECTORY:
		text_line(t, e, "Directory not specified - trying default ", e->where, "");
		break;
	case EV_ARCHIVE:
		text_line(t, e, "Using ", e->where, "");
		break;
	case EV_SOURCE:
		text_print_source(t, e);
		break;
	case EV_STATUS:
		if (e->code == 0)
			text_line(t, e, "Successful read 4 bytes ", "", "");
		else
			fprintf(text_begin(t, e, t->options.out), "Failed : 0x%lx\n",
			        (unsigned long)e->code);
		break;
	case EV_FILE_BEGIN:
		if (e->board->stage == STAGE_FILE_SERVER)
			text_line(t, e, "File read: ", e->name, "");
		break;
	case EV_FILE_ABSENT:
		text_line(t, e, "Cannot open file ", e->name,
		          report_is_optional(e->name) ? " (optional)" : "");
		break;
	case EV_METADATA:
		if (t->options.prefix || t->options.verbose)
			text_print_metadata(t, e);
		break;
	case EV_METADATA_FILE:
		text_line(t, e, "Created metadata file: ", e->where, "");
		break;
	case EV_SERVED:
		text_line(t, e, "Second stage boot server done", "", "");
		break;
	default:
		text_print_after(t, e);
		break;
	}
}

static void text_print_details(const struct text *t, const struct event *e)
{
	switch (e->kind) {
	case EV_STATUS_NONE:
		text_line(t, e, "No return code from the second stage: ",
		          e->err ? err_text(e->err) : "too short", "");
		break;
	case EV_FILE_SIZE:
		fprintf(text_begin(t, e, t->options.out), "File size = %llu bytes\n",
		        (unsigned long long)e->size);
		break;
	case EV_EXEC_END:
		text_print_exec_end(t, e);
		break;
	case EV_DEBUG:
		if (e->level <= t->options.verbose)
			text_line(t, e, "", e->text, "");
		break;
	default:
		break;
	}
}

static void text_observe(struct observer *self, const struct event *e)
{
	const struct text *t = (const struct text *)self;
	switch (e->kind) {
	case EV_ERROR:
		text_print_error(t, e);
		break;
	case EV_WARNING:
		text_print_remark(t, e, "Warning: ");
		break;
	case EV_NOTICE:
		if (!t->options.quiet)
			text_print_remark(t, e, "");
		break;
	case EV_DIAGNOSIS:
		if (!t->options.quiet) /* the error itself is one line already */
			text_print_diagnosis(t, e);
		break;
	case EV_STAGE_REACHED: /* the operator's data, too */
		text_print_reached(t, e);
		break;
	case EV_DISK: /* the operator's data, too */
		text_print_disk(t, e);
		break;
	case EV_METADATA_OUTPUT: /* the operator's data: also when quiet; in lines when boards share the output */
		if (!t->options.prefix && !t->options.json)
			metadata_print(e->metadata, t->options.out);
		break;
	default:
		if (!t->options.quiet)
			text_print_progress(t, e);
		if (t->options.verbose)
			text_print_details(t, e);
		break;
	}
	fflush(t->options.err);
	fflush(t->options.out);
}

static void text_finish(struct observer *self)
{
	free(self);
}

struct observer *report_text_new(const struct report_text_options *options)
{
	struct text *t = malloc(sizeof *t);
	if (!t)
		return NULL;
	*t = (struct text){ .observer = { .see = text_observe, .end = text_finish },
		            .options = *options };
	return &t->observer;
}
