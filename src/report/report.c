/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "platform/plat.h"

#include <stdarg.h>
#include <stdlib.h>

struct report {
	struct plat_monitor *monitor;
	struct observer *observers[REPORT_OBSERVERS];
	size_t count;
};

struct report *report_new(void)
{
	struct report *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->monitor = plat_monitor_new();
	if (!r->monitor) {
		free(r);
		return NULL;
	}
	return r;
}

void report_add(struct report *report, struct observer *observer)
{
	if (observer && report->count < REPORT_OBSERVERS)
		report->observers[report->count++] = observer;
}

void report_emit(struct report *report, const struct event *event)
{
	plat_lock(report->monitor);
	struct event timed = *event;
	timed.time = plat_now();
	for (size_t i = 0; i < report->count; i++)
		report->observers[i]->see(report->observers[i], &timed);
	plat_unlock(report->monitor);
}

#define FORMATTED(event, format)                            \
	do {                                                \
		char text[1024];                            \
		va_list args;                               \
		va_start(args, format);                     \
		vsnprintf(text, sizeof text, format, args); \
		va_end(args);                               \
		(event).text = text;                        \
		report_emit(report, &(event));              \
	} while (0)

void report_debug(struct report *report, const struct board_facts *board, int level,
                  const char *format, ...)
{
	struct event e = { .kind = EV_DEBUG, .board = board, .level = level };
	FORMATTED(e, format);
}

void report_notice(struct report *report, const struct board_facts *board, const char *format, ...)
{
	struct event e = { .kind = EV_NOTICE, .board = board };
	FORMATTED(e, format);
}

void report_warning(struct report *report, const struct board_facts *board, const char *topic,
                    const char *format, ...)
{
	struct event e = { .kind = EV_WARNING, .board = board, .topic = topic };
	FORMATTED(e, format);
}

enum err report_error(struct report *report, const struct board_facts *board, enum err err,
                      const char *format, ...)
{
	struct event e = { .kind = EV_ERROR, .board = board, .err = err };
	FORMATTED(e, format);
	return err;
}

enum err report_error_advice(struct report *report, const struct board_facts *board, enum err err,
                             const char *advice, const char *format, ...)
{
	struct event e = { .kind = EV_ERROR, .board = board, .err = err, .advice = advice };
	FORMATTED(e, format);
	return err;
}

void report_free(struct report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->count; i++)
		report->observers[i]->end(report->observers[i]);
	plat_monitor_free(report->monitor);
	free(report);
}
