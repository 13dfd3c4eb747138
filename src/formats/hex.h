/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as hexadecimal digits and back. */
#ifndef HEX_H
#define HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2*N lower-case digits and a terminating zero to TEXT. */
void hex_encode(const uint8_t *bytes, size_t n, char *text);

/* Reads 2*N digits of either case from TEXT into N bytes. False, with with part of BYTES written, if one is not a digit. */
bool hex_decode(const char *text, uint8_t *bytes, size_t n);

#endif
