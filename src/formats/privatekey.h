/* SPDX-License-Identifier: Apache-2.0 */
/* Recognises private keys: PEM ("-----BEGIN ... PRIVATE KEY-----") after any text, and PKCS#1 or PKCS#8 in DER. */
#ifndef PRIVATEKEY_H
#define PRIVATEKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRIVATEKEY_MAX 65536u /* bytes; no file with a key is larger */

/* Whether the N bytes of a file hold one. */
bool privatekey_found(const uint8_t *bytes, size_t n);

#endif
