/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/observers.h"

#include "platform/plat.h"
#include "report/outcome.h"

#include <stdlib.h>

/* Live lines are for people who look: on a terminal that can draw, and not when only errors are wanted. */
static bool observers_want_progress(const struct options *o, FILE *out)
{
	if (o->progress != PROGRESS_AUTO)
		return o->progress == PROGRESS_ALWAYS;
	return !o->quiet && plat_draws(out);
}

/* --- for report_output_new: each for two streams */

static struct observer *observers_make_text(void *ctx, FILE *out, FILE *err)
{
	struct report_text_options options = *(const struct report_text_options *)ctx;
	options.out = out;
	options.err = err;
	return report_text_new(&options);
}

static struct observer *observers_make_json(void *ctx, FILE *out, FILE *err)
{
	struct report_json_options options = *(const struct report_json_options *)ctx;
	(void)err;
	options.out = out;
	return report_json_new(&options);
}

static struct observer *observers_make_metrics(void *ctx, FILE *out, FILE *err)
{
	struct report_metrics_options options = *(const struct report_metrics_options *)ctx;
	(void)out;
	options.err = err;
	return report_metrics_new(&options);
}

/* The picture has a thread of its own: only errors that go elsewhere are left. */
static struct observer *observers_make_progress(void *ctx, FILE *out, FILE *err)
{
	struct report_progress_options options = *(const struct report_progress_options *)ctx;
	(void)out;
	options.lines.err = err;
	return report_progress_new(&options);
}

/* --- the text for people */

static struct observer *observers_new_progress(const struct observers *o, const struct options *opt,
                                               const struct report_text_options *text)
{
	const char *no_colour = getenv("NO_COLOR");
	struct report_progress_options options = {
		.lines = *text,
		.colour = plat_is_terminal(text->out) && !(no_colour && *no_colour),
	};
	bool together = opt->json || (plat_is_terminal(stderr) && plat_is_terminal(text->out));
	if (together)
		return report_progress_new(&options);
	return report_output_new(&(struct report_output_options){
		.err = o->err, .make = observers_make_progress, .ctx = &options });
}

static struct observer *observers_new_text(const struct observers *o, const struct options *opt,
                                           bool many)
{
	struct report_text_options text = {
		.verbose = opt->verbose,
		.quiet = opt->quiet,
		.prefix = many,
		.json = opt->json,
		.out = opt->json ? stderr : stdout,
		.err = stderr,
	};
	if (plat_is_terminal(stderr)) {
		unsigned columns, rows;
		plat_terminal_size(stderr, &columns, &rows);
		text.columns = columns - 1; /* as the live lines */
	}
	if (observers_want_progress(opt, text.out))
		return observers_new_progress(o, opt, &text);
	return report_output_new(
		&(struct report_output_options){ .out = opt->json ? o->err : o->out,
	                                         .err = o->err,
	                                         .make = observers_make_text,
	                                         .ctx = &text });
}

/* --- the whole */

bool observers_add(struct observers *o, struct report *report, const struct options *options,
                   const struct report_run *run, struct summary *summary, bool many)
{
	struct report_json_options json = { options->verbose, run, stdout };
	struct report_metrics_options metrics = { run, options->metrics, stderr };
	*o = (struct observers){ .out = output_new(stdout, NULL) };
	o->err = o->out ? output_new(stderr, o->out) : NULL;
	if (!o->err)
		return false;
	struct report_output_options json_output = { .out = o->out,
		                                     .make = observers_make_json,
		                                     .ctx = &json };
	struct report_output_options metrics_output = { .err = o->err,
		                                        .make = observers_make_metrics,
		                                        .ctx = &metrics };
	struct observer *all[] = {
		observers_new_text(o, options, many),
		report_summary_new(summary),
		report_notify_new(),
		options->json ? report_output_new(&json_output) : NULL,
		options->metrics ? report_output_new(&metrics_output) : NULL,
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		report_add(report, all[i]);
	return all[0] && all[1] && all[2] && (all[3] || !options->json) &&
	       (all[4] || !options->metrics);
}

static void observers_on_signal(void *ctx, enum plat_signal signal)
{
	(void)ctx;
	if (signal == PLAT_INTERRUPT)
		plat_exit_now(outcome_status(ERR_INTERRUPTED));
}

int observers_end(struct observers *o, struct report *report)
{
	plat_on_signal(observers_on_signal, NULL);
	report_free(report);
	output_free(o->err);
	int error = output_free(o->out);
	plat_on_signal(NULL, NULL);
	return error;
}
