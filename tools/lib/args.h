/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: one table of options drives parsing and --help. Options may be bundled ("-fr"), abbreviated ("--conf")
 * and mixed with operands; arguments follow as "-o FILE", "-oFILE", "-o=FILE", "--out FILE" or "--out=FILE". No environment
 * variable changes that. Knows nothing of what an option means.
 *
 *	struct job { const char *out, *image; bool help; } job = { 0 };
 *	static const struct args_row rows[] = {
 *		{ 'o', "out", "FILE", "write to FILE", offsetof(struct job, out) },
 *		{ 'h', "help", NULL, "show this text", offsetof(struct job, help) },
 *	};
 *	if (args_parse(&table, argc, argv, &job) != TOOL_OK)
 *		return TOOL_USAGE;
 */
#ifndef ARGS_H
#define ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct args_row {
	int key;          /* the letter of the short option; 256 and above: long option only */
	const char *name; /* long option, without dashes; NULL: none */
	const char *arg;  /* name of its argument, NULL for none */
	const char *help; /* a line break indents what follows */
	size_t to;        /* offset of its variable: const char * with an argument, bool without */
};

struct args_table {
	const char *program;
	const char *synopsis; /* what follows the program's name in the usage line */
	const char *about;    /* one sentence */
	const struct args_row *rows;
	size_t count;
	bool has_operand;
	size_t operand;        /* offset of the const char * for the only operand */
	bool ignores_operands; /* operands that have no place are ignored with a warning, not refused */
};

/* Sets the variables in JOB; the last of repeated options wins. Returns TOOL_OK, or TOOL_USAGE after a message. */
int args_parse(const struct args_table *table, int argc, char **argv, void *job);

/* The text of --help. */
void args_help(const struct args_table *table, FILE *to);

#endif
