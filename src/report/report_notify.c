/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "platform/plat.h"

#include <stdlib.h>

struct notify {
	struct observer observer;
	unsigned busy, succeeded, failed;
};

static void notify_observe(struct observer *self, const struct event *e)
{
	struct notify *n = (struct notify *)self;
	char state[160];
	const char *ready = e->kind == EV_WAITING && !e->board ? "READY=1\n" : "";
	if (e->kind == EV_ATTACHED)
		n->busy++;
	else if (e->kind == EV_RESULT && e->err)
		n->failed++;
	else if (e->kind == EV_RESULT)
		n->succeeded++;
	else if (!*ready)
		return;
	if (e->kind == EV_RESULT)
		n->busy -= n->busy > 0; /* a board that could not be opened was never attached */
	snprintf(state, sizeof state, "%sSTATUS=%u being served, %u succeeded, %u failed", ready,
	         n->busy, n->succeeded, n->failed);
	plat_notify(state);
}

static void notify_finish(struct observer *self)
{
	plat_notify("STOPPING=1");
	free(self);
}

struct observer *report_notify_new(void)
{
	struct notify *n = malloc(sizeof *n);
	if (!n)
		return NULL;
	*n = (struct notify){ .observer = { .see = notify_observe, .end = notify_finish } };
	return &n->observer;
}
