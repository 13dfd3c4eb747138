/* SPDX-License-Identifier: Apache-2.0 */
/* Hands every event to every observer, one at a time, from whatever thread. */
#ifndef REPORT_H
#define REPORT_H

#include "report/event.h"
#include "report/output.h"

#include <stdbool.h>
#include <stdio.h>

struct report;

struct observer {
	void (*see)(struct observer *self, const struct event *event);
	void (*end)(struct observer *self); /* frees itself; no event comes after */
};

struct report *report_new(void); /* NULL: out of memory */

/* Takes over the observer. At most REPORT_OBSERVERS. */
#define REPORT_OBSERVERS 6
void report_add(struct report *report, struct observer *observer);

void report_emit(struct report *report, const struct event *event);

/* An EV_DEBUG line (level 1: -v, 2: -vv), an EV_NOTICE, an EV_WARNING, an EV_ERROR; BOARD may be NULL. A warning's TOPIC
 * is a stable word for machines; docs/events.md lists them all. */
void report_debug(struct report *report, const struct board_facts *board, int level,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
void report_notice(struct report *report, const struct board_facts *board, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void report_warning(struct report *report, const struct board_facts *board, const char *topic,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
enum err report_error(struct report *report, const struct board_facts *board, enum err err,
                      const char *format, ...)
	__attribute__((format(printf, 4, 5))); /* returns err */

/* The same with another advice than the error's own. */
enum err report_error_advice(struct report *report, const struct board_facts *board, enum err err,
                             const char *advice, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Ends all observers. NULL is fine. */
void report_free(struct report *report);

/* One of the lines that scripts look for. */
#define REPORT_WAITING "Waiting for BCM2835/6/7/2711/2712..."

/* --- the observers. Each new function: NULL when out of memory. */

/* Another observer, whose output goes to OUT and ERR (NULL: none) without waiting for their readers. MAKE makes it for two
 * streams in memory (NULL: none). Where a reader has stopped, lines of progress are dropped, and their number is reported
 * as a warning; results are kept. */
struct report_output_options {
	struct output *out, *err; /* borrowed */
	struct observer *(*make)(void *ctx, FILE *out, FILE *err);
	void *ctx; /* lives during the call */
};
struct observer *report_output_new(const struct report_output_options *options);

/* Whether NAME is a file that a board's firmware asks for although it is not needed. */
bool report_is_optional(const char *name);

struct report_text_options {
	int verbose;
	bool prefix;     /* lines begin with "[PATH] " */
	bool quiet;      /* errors and warnings only */
	bool json;       /* events go out as JSON too: metadata is not printed as a document */
	FILE *out, *err; /* lines; errors and warnings */
	/* errors and warnings are broken at blanks into lines of so many columns at most, for a terminal; 0: they are not */
	unsigned columns;
};

/* Plain lines, those of upstream rpiboot where scripts look for them. */
struct observer *report_text_new(const struct report_text_options *options);

/* What identifies the run in records that are collected from many hosts; borrowed, no member is NULL. */
struct report_run {
	const char *host, *release;
	const char *directory, *directory_hash; /* -d as given, bootdir_hash.h; "" unknown */
};

struct report_json_options {
	int verbose;                  /* debug events up to this level */
	const struct report_run *run; /* NULL: left out */
	FILE *out;
};

/* One JSON object a line for every event, as docs/events.md has it. */
struct observer *report_json_new(const struct report_json_options *options);

/* A live line per board at work below the lines that stay; for terminals. LINES says what stays: OUT is the terminal, ERR
 * may be the same stream. OUT becomes unbuffered: nobody else may write to it. */
struct report_progress_options {
	struct report_text_options lines;
	bool colour;
};
struct observer *report_progress_new(const struct report_progress_options *options);

/* Writes counts for node_exporter's textfile collector to FILE, whole or not at all, at the start, and whenever a board
 * begins or ends. docs/factory.md describes them. ERR gets a line when that does not work. */
struct report_metrics_options {
	const struct report_run *run;
	const char *file;
	FILE *err;
};
struct observer *report_metrics_new(const struct report_metrics_options *options);

/* Reports readiness and counts to the service manager: plat_notify. */
struct observer *report_notify_new(void);

/* Collects the boards' results into SUMMARY, which must outlive the report. */
struct observer *report_summary_new(struct summary *summary);

#endif
