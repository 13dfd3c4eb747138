/* SPDX-License-Identifier: Apache-2.0 */
/* The .sig file beside a file: its text and what it says. Knows no keys; hash and signature are plain bytes here.
 * One line each (docs/formats.md):
 *	<sha256, 64 digits>
 *	ts: <decimal seconds>		optional in boot.sig, required in pieeprom.sig
 *	target-soc: <word>		optional
 *	rsa2048: <512 digits>		optional */
#ifndef SIGFILE_H
#define SIGFILE_H

#include "base/reason.h"
#include "formats/rawkey.h"
#include "formats/sha256.h"

#include <stdbool.h>

#define SIGFILE_MAX 4096u /* more than any .sig file */

struct sigfile {
	bool has_hash; /* sha256 is set, whatever follows it */
	uint8_t sha256[SHA256_SIZE];
	char time[24]; /* decimal digits; "" for none */
	char soc[32];  /* "" for none */
	bool is_signed;
	uint8_t signature[RAWKEY_SIGNATURE];
};

/* Sets the time / the target after checking that they fit into a line of their own. Return 0 or -1. */
int sigfile_set_time(struct sigfile *sig, const char *digits, struct reason *why);
int sigfile_set_soc(struct sigfile *sig, const char *word, struct reason *why);

/* Writes the text, returns its length (at most SIGFILE_MAX with the terminating zero). */
size_t sigfile_format(const struct sigfile *sig, char text[SIGFILE_MAX]);

/* Reads N bytes of text. The hash must be there, each other line at most once; unknown lines are skipped, and so are
 * blanks and a carriage return at the end of a line. Returns 0, or -1 with the line in WHY and what was read so far. */
int sigfile_parse(const char *text, size_t n, struct sigfile *sig, struct reason *why);

#endif
