/* Hands every event to every observer, one at a time, from whatever thread. */
#ifndef REPORT_H
#define REPORT_H

#include "event.h"

#include <stdbool.h>
#include <stdio.h>

struct report;

struct observer {
	void (*see)(struct observer *self, const struct event *event);
	void (*end)(struct observer *self); /* frees itself; no event comes after */
};

struct report *report_new(void); /* NULL: out of memory */

/* Takes over the observer. At most REPORT_OBSERVERS. */
#define REPORT_OBSERVERS 4
void report_add(struct report *report, struct observer *observer);

void report_emit(struct report *report, const struct event *event);

/* An EV_DEBUG line (level 1: -v, 2: -vv), an EV_NOTICE, an EV_WARNING, an EV_ERROR; BOARD may be NULL. */
void report_debug(struct report *report, const struct board_facts *board, int level,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
void report_notice(struct report *report, const struct board_facts *board, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void report_warn(struct report *report, const struct board_facts *board, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum err report_error(struct report *report, const struct board_facts *board, enum err err,
                      const char *format, ...)
	__attribute__((format(printf, 4, 5))); /* returns err */

/* Ends all observers. NULL is fine. */
void report_free(struct report *report);

/* --- the observers */

struct report_text_options {
	int verbose;
	bool prefix;     /* lines begin with "[PATH] " */
	bool quiet;      /* errors and warnings only */
	FILE *out, *err; /* lines; errors and warnings */
};

/* Plain lines, those of the public tool where scripts look for them. NULL: out of memory. */
struct observer *report_text_new(const struct report_text_options *options);

#endif
