/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "report/summary.h"

#include <stdlib.h>

struct collector {
	struct observer observer;
	struct summary *summary;
};

static void summary_observe(struct observer *self, const struct event *e)
{
	struct collector *c = (struct collector *)self;
	if (e->kind == EV_RESULT)
		summary_add(c->summary, e);
}

static void summary_finish(struct observer *self)
{
	free(self);
}

struct observer *report_summary_new(struct summary *summary)
{
	struct collector *c = malloc(sizeof *c);
	if (!c)
		return NULL;
	*c = (struct collector){ .observer = { .see = summary_observe, .end = summary_finish },
		                 .summary = summary };
	return &c->observer;
}
