#include "report/report.h"

#include "report/summary.h"

#include <stdlib.h>

struct collector {
	struct observer observer;
	struct summary *summary;
};

static void see(struct observer *self, const struct event *e)
{
	struct collector *c = (struct collector *)self;
	if (e->kind == EV_RESULT)
		summary_add(c->summary, e);
}

static void end(struct observer *self)
{
	free(self);
}

struct observer *report_summary_new(struct summary *summary)
{
	struct collector *c = malloc(sizeof *c);
	if (!c)
		return NULL;
	*c = (struct collector){ .observer = { .see = see, .end = end }, .summary = summary };
	return &c->observer;
}
