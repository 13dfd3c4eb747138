/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the text of a .sig file: what a boot file's hash should be, and whether it is signed. Knows no keys: signatures
 * are the tools' business. Form, one line each: the SHA-256 as 64 hexadecimal digits; "ts: SECONDS"; may be missing:
 * "target-soc: CHIP", "rsa2048: " and 512 digits. */
#ifndef SIGTEXT_H
#define SIGTEXT_H

#include "formats/sha256.h"

#include <stdbool.h>

#define SIGTEXT_MAX 4096 /* more than any .sig file has */

struct sigtext {
	bool has_hash; /* hash is valid, whatever else is wrong */
	uint8_t hash[SHA256_SIZE];
	char target[16]; /* of target-soc; "" none */
	bool is_signed;
};

/* Reads N bytes of TEXT. What is wrong with its form, as a sentence part; NULL: nothing. */
const char *sigtext_read(struct sigtext *sig, const char *text, size_t n);

#endif
