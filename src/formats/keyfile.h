/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of a public key (formats/rawkey.h) from what people have of it. Compares nothing and checks no signature. */
#ifndef KEYFILE_H
#define KEYFILE_H

#include "formats/rawkey.h"

#include <stdbool.h>
#include <stddef.h>

#define KEYFILE_MAX 65536u /* bytes; no file with a key is larger */

/* The whole of TEXT as a hash: 64 hexadecimal digits. */
bool keyfile_hash_text(const char *text, uint8_t hash[RAWKEY_HASH]);

/* The content of a file, N bytes: 64 digits with white space around them; a raw key; or a PEM public key (PUBLIC KEY or RSA
 * PUBLIC KEY) of 2048 bits after any text. False: none of these. */
bool keyfile_hash(const uint8_t *bytes, size_t n, uint8_t hash[RAWKEY_HASH]);

#endif
