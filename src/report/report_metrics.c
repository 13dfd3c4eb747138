/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/str.h"
#include "platform/atomic_file.h"
#include "platform/plat.h"

#include <stdlib.h>
#include <string.h>

struct metrics {
	struct observer observer;
	struct report_metrics_options options;
	unsigned long boards[ERR_COUNT];
	unsigned busy;
	uint64_t bytes, duration; /* of finished boards; microseconds */
	bool failed;              /* the file could not be written: said once */
};

/* A label's value: backslash, quote and line feed are escaped, bytes that are no UTF-8 become '?'. */
static void metrics_put_label(FILE *out, const char *text)
{
	while (*text) {
		size_t n = str_utf8(text);
		if (*text == '\n')
			fputs("\\n", out);
		else if (n == 0)
			putc('?', out);
		else
			fprintf(out, "%s%.*s", *text == '"' || *text == '\\' ? "\\" : "", (int)n,
			        text);
		text += n ? n : 1;
	}
}

static void metrics_put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* NAME{folder="..." without the closing brace. */
static void metrics_put_name(FILE *out, const struct metrics *m, const char *name)
{
	const char *directory = m->options.run->directory;
	fprintf(out, "%s{folder=\"", name);
	metrics_put_label(out, directory ? directory : "");
	putc('"', out);
}

static void metrics_put_value(FILE *out, const struct metrics *m, const char *name, double value)
{
	metrics_put_name(out, m, name);
	fprintf(out, "} %.6f\n", value);
}

static void metrics_put_all(FILE *out, const struct metrics *m)
{
	metrics_put_head(out, "rpiboot_boards_total", "counter", "Finished boards by result.");
	for (int i = 0; i < ERR_COUNT; i++)
		if (i == OK || m->boards[i] > 0) {
			metrics_put_name(out, m, "rpiboot_boards_total");
			fprintf(out, ",code=\"%s\"} %lu\n", err_code((enum err)i), m->boards[i]);
		}
	metrics_put_head(out, "rpiboot_board_seconds_total", "counter",
	                 "Seconds from arrival to result, summed over all finished boards.");
	metrics_put_value(out, m, "rpiboot_board_seconds_total",
	                  (double)m->duration / (double)PLAT_SECOND);
	metrics_put_head(out, "rpiboot_sent_bytes_total", "counter",
	                 "Bytes of files sent to finished boards.");
	metrics_put_name(out, m, "rpiboot_sent_bytes_total");
	fprintf(out, "} %llu\n", (unsigned long long)m->bytes);
	metrics_put_head(out, "rpiboot_busy_sockets", "gauge", "Boards being served.");
	metrics_put_name(out, m, "rpiboot_busy_sockets");
	fprintf(out, "} %u\n", m->busy);
	metrics_put_head(out, "rpiboot_info", "gauge", "The running program; always 1.");
	metrics_put_name(out, m, "rpiboot_info");
	fprintf(out, ",release=\"%s\",folder_sha256=\"%s\"} 1\n", m->options.run->release,
	        m->options.run->directory_hash);
}

/* Returns 0 or an errno value. Readable by all: the collector has a user of its own. */
static int metrics_write(const struct metrics *m)
{
	struct atomic_file file;
	int err = atomic_file_open(&file, m->options.file, 0644);
	if (err)
		return err;
	metrics_put_all(file.stream, m);
	return atomic_file_commit(&file);
}

static void metrics_observe(struct observer *self, const struct event *e)
{
	struct metrics *m = (struct metrics *)self;
	if (e->kind == EV_ATTACHED) {
		m->busy++;
	} else if (e->kind == EV_RESULT) {
		m->busy -= m->busy > 0; /* a board that could not be opened was never attached */
		m->boards[e->err]++;
		m->bytes += e->bytes;
		m->duration += e->duration;
	} else if (e->kind != EV_START) {
		return;
	}
	int err = metrics_write(m);
	if (err && !m->failed)
		fprintf(m->options.err, "Warning: %s: %s\n", m->options.file, strerror(err));
	m->failed = err != 0;
}

static void metrics_finish(struct observer *self)
{
	free(self);
}

struct observer *report_metrics_new(const struct report_metrics_options *options)
{
	struct metrics *m = malloc(sizeof *m);
	if (!m)
		return NULL;
	*m = (struct metrics){ .observer = { .see = metrics_observe, .end = metrics_finish },
		               .options = *options };
	return &m->observer;
}
