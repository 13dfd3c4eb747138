/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include "tool.h"

#include <getopt.h>
#include <string.h>

/* getopt's own messages lack the hint at --help, so it is told to be silent and its verdict is worded here. */
static int args_complain(const struct args_table *table, int result, char **argv)
{
	const char *word = argv[optind - 1];
	if (result == ':')
		tool_usage(table->program, "%s needs an argument", word);
	else if (strncmp(word, "--", 2) == 0 && strchr(word, '=') && optopt)
		tool_usage(table->program, "%s takes no argument", word);
	else if (strncmp(word, "--", 2) == 0)
		tool_usage(table->program, "unknown or ambiguous option %s", word);
	else
		tool_usage(table->program, "unknown option -%c", optopt);
	return '?';
}

int args_next(const struct args_table *table, int argc, char **argv, const char **arg)
{
	struct option longs[ARGS_MAX + 1] = { 0 };
	char shorts[2 * ARGS_MAX + 2] = ":";
	size_t at = 1;
	for (size_t i = 0; i < table->count && i < ARGS_MAX; i++) {
		const struct args_row *row = &table->rows[i];
		longs[i] = (struct option){ .name = row->name,
			                    .has_arg = row->arg ? required_argument : no_argument,
			                    .val = row->key };
		if (row->key > 255)
			continue;
		shorts[at++] = (char)row->key;
		if (row->arg)
			shorts[at++] = ':';
	}
	opterr = 0;
	int key = getopt_long(argc, argv, shorts, longs, NULL);
	*arg = optarg;
	return key == '?' || key == ':' ? args_complain(table, key, argv) : key;
}

static void args_print_help_column(const char *text, FILE *to)
{
	for (; *text; text++) {
		fputc(*text, to);
		if (*text == '\n')
			fprintf(to, "%30s", "");
	}
	fputc('\n', to);
}

void args_help(const struct args_table *table, FILE *to)
{
	fprintf(to, "Usage: %s %s\n%s\n\n", table->program, table->synopsis, table->about);
	for (size_t i = 0; i < table->count; i++) {
		const struct args_row *row = &table->rows[i];
		char left[64];
		snprintf(left, sizeof left, "%s%c%s--%s%s%s", row->key < 256 ? "-" : " ",
		         row->key < 256 ? row->key : ' ', row->key < 256 ? ", " : "  ", row->name,
		         row->arg ? " " : "", row->arg ? row->arg : "");
		fprintf(to, "  %-26s  ", left);
		args_print_help_column(row->help, to);
	}
}
