/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/findings.h"

#include "formats/json.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 80
#define SAFE  1300 /* room for an escaped text */

/* Prints TEXT in lines of whole words, the lines after the first indented. */
static void print_wrapped(FILE *out, const char *text)
{
	int column = 0;
	while (*text) {
		int n = (int)strcspn(text, " ");
		if (column > 0 && column + 1 + n > WIDTH) {
			fputs("\n   ", out);
			column = 3;
		}
		column += fprintf(out, "%s%.*s", column > 0 ? " " : "", n, text);
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}

/* "[BCM2711, BCM2712]" */
static const char *print_chip_list(unsigned chips, char *to, size_t size)
{
	char names[64];
	snprintf(to, size, "[%s]", findings_chip_names(chips, names, sizeof names));
	return to;
}

static unsigned print_looked_at(const struct findings *findings)
{
	unsigned chips = 0;
	for (size_t i = 0; i < chip_count; i++)
		chips |= findings->chips[i].looked_at ? 1u << i : 0;
	return chips;
}

/* The directories, each with the chips it is for. */
static void print_directories(const struct findings *findings, FILE *out)
{
	unsigned all = print_looked_at(findings), done = 0;
	for (size_t i = 0; i < chip_count; i++) {
		const char *directory = findings->chips[i].directory;
		char safe[SAFE], list[80];
		unsigned chips = 0;
		if (!directory || (done >> i & 1))
			continue;
		for (size_t k = i; k < chip_count; k++)
			if (findings->chips[k].directory &&
			    strcmp(findings->chips[k].directory, directory) == 0)
				chips |= 1u << k;
		done |= chips;
		fprintf(out, "Boot directory: %s%s%s\n", str_escape(safe, sizeof safe, directory),
		        chips == all ? "" : " ",
		        chips == all ? "" : print_chip_list(chips, list, sizeof list));
	}
	if (done)
		fputc('\n', out);
}

static const char *const kinds[] = {
	[KIND_NOTHING] = "-",         [KIND_GADGET] = "gadget", [KIND_RECOVERY] = "recovery",
	[KIND_LEGACY] = "legacy msd", [KIND_OTHER] = "other",
};

static void print_table(const struct findings *findings, FILE *out)
{
	static const char *const fits[] = {
		[FINDINGS_UNFIT] = "not fit",
		[FINDINGS_FIT_WARNINGS] = "fit, with warnings",
		[FINDINGS_FIT] = "fit",
	};
	fprintf(out, "%-9s%-20s%-12s%s\n", "Chip", "Verdict", "Kind", "Second stage");
	for (size_t i = 0; i < chip_count; i++) {
		const struct findings_chip *c = &findings->chips[i];
		char safe[SAFE];
		if (c->looked_at)
			fprintf(out, "%-9s%-20s%-12s%s\n", chip_table[i].name,
			        fits[findings_fit(findings, &chip_table[i])], kinds[c->kind],
			        c->stage ? str_escape(safe, sizeof safe, c->stage) : "-");
	}
}

static const char *const severities[] = { "note", "warning", "error" };

static void print_finding(const struct check_finding *f, unsigned all, FILE *out)
{
	char file[SAFE], text[SAFE], advice[4 * SAFE], list[80] = "", number[16] = "";
	if (f->line)
		snprintf(number, sizeof number, ":%u", f->line);
	if (f->chips != all)
		print_chip_list(f->chips, list, sizeof list);
	str_escape(advice, sizeof advice, f->advice ? f->advice : "");
	size_t n = strlen(advice);
	bool ends = n > 0 && strchr(".?", advice[n - 1]);
	char *line = str_new("%s: %s%s: %s%s%s%s%s%s", severities[f->severity],
	                     str_escape(file, sizeof file, f->file), number,
	                     str_escape(text, sizeof text, f->text), n ? ". " : "", advice,
	                     ends ? "" : ".", *list ? " " : "", list);
	if (line)
		print_wrapped(out, line);
	free(line);
}

void findings_print(const struct findings *findings, bool brief, FILE *out)
{
	unsigned all = print_looked_at(findings);
	if (!brief) {
		print_directories(findings, out);
		print_table(findings, out);
		if (findings->count)
			fputc('\n', out);
	}
	for (int severity = FINDING_ERROR; severity >= (brief ? FINDING_WARNING : FINDING_NOTE);
	     severity--)
		for (size_t i = 0; i < findings->count; i++)
			if ((int)findings->entries[i].severity == severity)
				print_finding(&findings->entries[i], all, out);
}

static void print_chip_json(const struct findings *findings, size_t i, struct json_out *out)
{
	static const char *const fits[] = {
		[FINDINGS_UNFIT] = "unfit",
		[FINDINGS_FIT_WARNINGS] = "warnings",
		[FINDINGS_FIT] = "fit",
	};
	const struct findings_chip *c = &findings->chips[i];
	json_open(out, NULL, '{');
	json_put_string(out, "chip", chip_table[i].name);
	json_put_string(out, "fit", fits[findings_fit(findings, &chip_table[i])]);
	json_put_string(out, "kind", c->kind == KIND_NOTHING ? "none" : kinds[c->kind]);
	json_put_known(out, "folder", c->directory);
	json_put_known(out, "second_stage", c->stage);
	json_close(out, '}');
	json_end_line(out);
}

static void print_finding_json(const struct check_finding *f, struct json_out *out)
{
	json_open(out, NULL, '{');
	json_put_string(out, "severity", severities[f->severity]);
	json_put_string(out, "code", f->code);
	json_open(out, "chips", '[');
	for (size_t i = 0; i < chip_count; i++)
		if (f->chips >> i & 1)
			json_put_string(out, NULL, chip_table[i].name);
	json_close(out, ']');
	json_put_string(out, "file", f->file);
	if (f->line)
		json_put_number(out, "line", f->line);
	json_put_string(out, "text", f->text);
	json_put_known(out, "advice", f->advice);
	json_close(out, '}');
	json_end_line(out);
}

void findings_print_json(const struct findings *findings, FILE *stream)
{
	struct json_out out;
	json_begin(&out, stream, JSON_SPACED);
	for (size_t i = 0; i < chip_count; i++)
		if (findings->chips[i].looked_at)
			print_chip_json(findings, i, &out);
	for (size_t i = 0; i < findings->count; i++)
		print_finding_json(&findings->entries[i], &out);
}
