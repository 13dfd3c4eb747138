/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "platform/plat.h"

#include <stdlib.h>

/* Another observer writes into memory; what an event has left there goes out as a whole. */

struct buffered {
	struct observer observer;
	struct output *outputs[2];    /* out, err; NULL: nothing is written there */
	struct plat_memory memory[2]; /* what INNER writes */
	struct observer *inner;
	unsigned long dropped; /* lines, since that was last reported */
};

/* What a reader that has stopped must find when it reads again. All others follow the progress of a run. */
static bool output_is_result(enum event_kind kind)
{
	switch (kind) {
	case EV_START:
	case EV_ATTACHED:
	case EV_METADATA_FILE:
	case EV_METADATA_OUTPUT:
	case EV_SERVED:
	case EV_STAGE_REACHED:
	case EV_DISK:
	case EV_IMAGE:
	case EV_FLASH_END:
	case EV_BACKUP_END:
	case EV_EJECTED:
	case EV_EXEC_END:
	case EV_ERROR:
	case EV_RESULT:
	case EV_SUMMARY:
		return true;
	default:
		return false;
	}
}

static unsigned long output_count_lines(const char *bytes, size_t size)
{
	unsigned long n = 0;
	for (size_t i = 0; i < size; i++)
		n += bytes[i] == '\n';
	return n;
}

/* Passes on what INNER makes of E. */
static void output_pass(struct buffered *b, const struct event *e, bool keep)
{
	b->inner->see(b->inner, e);
	for (size_t i = 0; i < 2; i++) {
		struct plat_memory *m = &b->memory[i];
		if (!m->stream || !plat_memory_take(m) || m->size == 0)
			continue;
		if (!output_put(b->outputs[i], m->bytes, m->size, keep))
			b->dropped += output_count_lines(m->bytes, m->size);
		plat_memory_rewind(m);
	}
}

static bool output_all_have_room(const struct buffered *b)
{
	return (!b->outputs[0] || output_has_room(b->outputs[0])) &&
	       (!b->outputs[1] || output_has_room(b->outputs[1]));
}

static void output_report_dropped(struct buffered *b, uint64_t time)
{
	char text[96];
	snprintf(text, sizeof text, "output was not read: %lu lines of progress were dropped",
	         b->dropped);
	b->dropped = 0;
	output_pass(
		b,
		&(struct event){
			.kind = EV_WARNING, .topic = "output-dropped", .text = text, .time = time },
		true);
}

static void output_observe(struct observer *self, const struct event *e)
{
	struct buffered *b = (struct buffered *)self;
	if (b->dropped && (e->kind == EV_SUMMARY || output_all_have_room(b)))
		output_report_dropped(b, e->time);
	output_pass(b, e, output_is_result(e->kind));
	if (e->kind != EV_EXEC)
		return;
	for (size_t i = 0; i < 2; i++)
		if (b->outputs[i]) /* the program writes there, too */
			output_settle(b->outputs[i]);
}

static void output_finish(struct observer *self)
{
	struct buffered *b = (struct buffered *)self;
	if (b->inner)
		b->inner->end(b->inner);
	for (size_t i = 0; i < 2; i++) {
		if (b->memory[i].stream)
			plat_memory_close(&b->memory[i]);
		free(b->memory[i].bytes);
	}
	free(b);
}

struct observer *report_output_new(const struct report_output_options *options)
{
	struct buffered *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	*b = (struct buffered){ .observer = { .see = output_observe, .end = output_finish },
		                .outputs = { options->out, options->err } };
	bool ok = true;
	for (size_t i = 0; i < 2; i++)
		ok = ok && (!b->outputs[i] || plat_memory_open(&b->memory[i]));
	if (ok)
		b->inner = options->make(options->ctx, b->memory[0].stream, b->memory[1].stream);
	if (b->inner)
		return &b->observer;
	output_finish(&b->observer);
	return NULL;
}
