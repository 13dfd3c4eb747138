/* SPDX-License-Identifier: Apache-2.0 */
/* Signing by another program: `WRAPPER -a rsa2048-sha256 FILE` prints the PKCS#1 v1.5 signature of FILE as
 * hexadecimal digits (docs/formats.md, section 5). Reads its output with a bound.
 * Knows nothing of what is signed; the caller, who has the public key, checks the signature. */
#ifndef HSM_H
#define HSM_H

#include "base/reason.h"
#include "formats/rawkey.h"

#include <stdbool.h>
#include <stddef.h>

/* Has FILE signed. The wrapper is looked up in PATH unless its name has a slash, and a script without "#!"
 * is run by sh; its standard error is ours, its standard
 * input is empty unless ours is a terminal. SIGINT, SIGTERM and SIGHUP end it before they end us.
 * Returns 0 or -1. */
int hsm_sign_file(const char *wrapper, const char *file, uint8_t signature[RAWKEY_SIGNATURE],
                  struct reason *why);

/* Whether there is such a program, looked up as hsm_sign_file does. */
bool hsm_exists(const char *wrapper);

/* hsm_sign_file for bytes, through a temporary file (mode 0600, in $TMPDIR or /tmp) that is removed in every case. */
int hsm_sign_bytes(const char *wrapper, const uint8_t *bytes, size_t n,
                   uint8_t signature[RAWKEY_SIGNATURE], struct reason *why);

/* Reads the wrapper's output: 512 digits and any white space. Returns 0 or -1. */
int hsm_parse(const char *text, size_t n, uint8_t signature[RAWKEY_SIGNATURE], struct reason *why);

#endif
