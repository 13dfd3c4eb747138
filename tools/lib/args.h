/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: one table of options drives parsing (getopt_long: bundling, unambiguous prefixes, operands anywhere)
 * and --help. Knows nothing of what an option means. */
#ifndef ARGS_H
#define ARGS_H

#include <stdio.h>

struct args_row {
	int key;          /* the letter of the short form; 256 and above: long form only */
	const char *name; /* long form, without dashes */
	const char *arg;  /* name of its argument, NULL for none */
	const char *help; /* a line break indents what follows */
};

struct args_table {
	const char *program;
	const char *synopsis; /* what follows the program's name in the usage line */
	const char *about;    /* one sentence */
	const struct args_row *rows;
	size_t count; /* at most ARGS_MAX */
};

#define ARGS_MAX 24

/* The next option's key, with its argument (if it takes one) in *ARG; -1 at the end, then `optind` stands at the first
 * operand; '?' for a wrong one, which has been reported on stderr. */
int args_next(const struct args_table *table, int argc, char **argv, const char **arg);

/* The text of --help. */
void args_help(const struct args_table *table, FILE *to);

#endif
