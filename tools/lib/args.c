/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include "tool.h"

#include <string.h>

struct args {
	const struct args_table *table;
	int argc, at; /* the next word */
	char **argv;
	void *job;
};

static const char **args_text_at(const struct args *args, size_t offset)
{
	void *at = (char *)args->job + offset;
	return (const char **)at;
}

/* Sets the variable of ROW. ATTACHED: the argument in the same word, or NULL: then it is the next word. */
static int args_take(struct args *args, const struct args_row *row, const char *word,
                     const char *attached)
{
	if (!row->arg) {
		void *at = (char *)args->job + row->to;
		*(bool *)at = true;
		return TOOL_OK;
	}
	if (!attached && args->at >= args->argc)
		return tool_usage(args->table->program, "option %s requires an argument", word);
	*args_text_at(args, row->to) = attached ? attached : args->argv[args->at++];
	return TOOL_OK;
}

/* The row whose long name begins with the N characters of NAME: the whole name, or the only one. NULL: none or several. */
static const struct args_row *args_find_long(const struct args_table *table, const char *name,
                                             size_t n)
{
	const struct args_row *found = NULL;
	size_t matches = 0;
	for (size_t i = 0; i < table->count; i++) {
		const struct args_row *row = &table->rows[i];
		if (!row->name || strncmp(row->name, name, n) != 0)
			continue;
		if (!row->name[n])
			return row;
		found = row;
		matches++;
	}
	return matches == 1 ? found : NULL;
}

static int args_take_long(struct args *args, const char *word)
{
	const char *name = word + 2, *value = strchr(name, '=');
	size_t n = value ? (size_t)(value - name) : strlen(name);
	const struct args_row *row = args_find_long(args->table, name, n);
	if (!row)
		return tool_usage(args->table->program, "unknown or ambiguous option %s", word);
	if (value && !row->arg)
		return tool_usage(args->table->program, "option --%s takes no argument", row->name);
	return args_take(args, row, word, value ? value + 1 : NULL);
}

static const struct args_row *args_find_short(const struct args_table *table, char letter)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].key == (unsigned char)letter)
			return &table->rows[i];
	return NULL;
}

/* One letter or several; the first with an argument takes the rest of the word. */
static int args_take_short(struct args *args, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const struct args_row *row = args_find_short(args->table, *letter);
		const char shown[] = { '-', *letter, 0 }, *rest = letter + 1;
		if (!row)
			return tool_usage(args->table->program, "unknown option %s", shown);
		if (!row->arg) {
			args_take(args, row, shown, NULL);
			continue;
		}
		return args_take(args, row, shown, *rest ? rest + (*rest == '=') : NULL);
	}
	return TOOL_OK;
}

static int args_take_operand(const struct args *args, const char *word)
{
	const struct args_table *table = args->table;
	const char **place = table->has_operand ? args_text_at(args, table->operand) : NULL;
	if (place && !*place) {
		*place = word;
		return TOOL_OK;
	}
	if (!table->ignores_operands)
		return tool_usage(table->program, "unexpected argument %s", word);
	tool_warn("%s: ignored: it is not the argument of an option", word);
	return TOOL_OK;
}

int args_parse(const struct args_table *table, int argc, char **argv, void *job)
{
	struct args args = { .table = table, .argc = argc, .at = 1, .argv = argv, .job = job };
	bool options = true;
	int result = TOOL_OK;
	while (result == TOOL_OK && args.at < argc) {
		const char *word = argv[args.at++];
		if (options && strcmp(word, "--") == 0)
			options = false;
		else if (options && strncmp(word, "--", 2) == 0)
			result = args_take_long(&args, word);
		else if (options && *word == '-' && word[1])
			result = args_take_short(&args, word);
		else
			result = args_take_operand(&args, word);
	}
	return result;
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
		char left[64], letter[5] = "    ";
		if (row->key < 256)
			snprintf(letter, sizeof letter, "-%c%s", row->key, row->name ? ", " : "");
		snprintf(left, sizeof left, "%s%s%s%s%s", letter, row->name ? "--" : "",
		         row->name ? row->name : "", row->arg ? " " : "", row->arg ? row->arg : "");
		fprintf(to, "  %-26s  ", left);
		args_print_help_column(row->help, to);
	}
}
