/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a config.txt as the boot firmware does: lines "key=value", comments that begin with '#', and filters "[pi4]" that
 * say for which boards the lines below them are. Knows no keys. */
#ifndef CONFIGTXT_H
#define CONFIGTXT_H

#include "base/chip.h"
#include "base/reason.h"

enum configtxt_applies {
	CONFIGTXT_NO,    /* a filter excludes the chip */
	CONFIGTXT_MAYBE, /* a filter asks for what is not known here: a serial, a GPIO, a partition */
	CONFIGTXT_YES,
};

struct configtxt {
	char *at, *end; /* what is not read yet */
	const struct chip *chip;
	unsigned line;
	enum configtxt_applies model; /* by the last filter that names a model */
	bool none, condition;         /* filters: nobody; something unknown */
};

struct configtxt_setting {
	const char *key;   /* without the blanks around it */
	const char *value; /* the same; "" if there is none; for "include FILE" the file */
	unsigned line;     /* counted from 1 */
	enum configtxt_applies applies;
};

/* Reads N bytes of TEXT for CHIP. TEXT has room for one byte more, is written to, and must outlive the settings. */
void configtxt_open(struct configtxt *config, char *text, size_t n, const struct chip *chip);

/* The next setting; false at the end. */
bool configtxt_next(struct configtxt *config, struct configtxt_setting *setting);

/* Whether a value switches something on: a number other than 0, or a word that is not a number. */
bool configtxt_is_on(const char *value);

/* Whether N bytes are a text that boot loaders read: not UTF-16, without a byte-order mark, without zero bytes. Returns 0,
 * or -1 with the line in WHY and a text that continues the name of the file. */
int configtxt_check_text(const char *text, size_t n, struct reason *why);

/* The first line after line AFTER that no boot loader reads: not empty, not a comment, not "[filter]", not "KEY=VALUE".
 * 0: there is none. *LINE and *LENGTH: its characters. */
unsigned configtxt_unread_line(const char *text, size_t n, unsigned after, const char **line,
                               size_t *length);

#endif
