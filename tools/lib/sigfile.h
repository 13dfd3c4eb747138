/* SPDX-License-Identifier: Apache-2.0 */
/* The .sig file beside a signed file: its text and what it says. Knows no keys; hash and signature are plain bytes here.
 * Form (eeprom-image specification, section 6):
 *	<sha256, 64 digits>
 *	ts: <decimal seconds>
 *	target-soc: <word>		may be missing
 *	rsa2048: <512 digits>		may be missing */
#ifndef SIGFILE_H
#define SIGFILE_H

#include "tool.h"

#include <stdbool.h>

#define SIGFILE_MAX 4096u /* more than any .sig file */

struct sigfile {
	uint8_t sha256[32];
	char time[24]; /* decimal digits */
	char soc[32];  /* "" for none */
	bool is_signed;
	uint8_t signature[256];
};

/* Sets the time / the target after checking that they fit into a line of their own. Return 0 or -1. */
int sigfile_set_time(struct sigfile *sig, const char *digits, struct reason *why);
int sigfile_set_soc(struct sigfile *sig, const char *word, struct reason *why);

/* Writes the text, returns its length (at most SIGFILE_MAX with the terminating zero). */
size_t sigfile_format(const struct sigfile *sig, char text[SIGFILE_MAX]);

/* Reads N bytes of text. The hash must be there, each other line at most once; unknown lines are skipped.
 * Returns 0 or -1. */
int sigfile_parse(const char *text, size_t n, struct sigfile *sig, struct reason *why);

#endif
