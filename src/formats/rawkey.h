/* SPDX-License-Identifier: Apache-2.0 */
/* The raw form of an RSA-2048 public key, as pubkey.bin in an EEPROM image and the trailers of BCM2712 programs hold it:
 * the modulus, 256 bytes, and the exponent, 8 bytes, both little-endian. Facts: docs/formats.md. */
#ifndef RAWKEY_H
#define RAWKEY_H

#include <stdbool.h>
#include <stdint.h>

#define RAWKEY_MODULUS   256u
#define RAWKEY_EXPONENT  8u
#define RAWKEY_SIZE      (RAWKEY_MODULUS + RAWKEY_EXPONENT)
#define RAWKEY_SIGNATURE 256u /* of a signature made with such a key, PKCS#1 v1.5, big-endian */
#define RAWKEY_HASH      32u

/* Whether RAW can be a key: an odd modulus of 2048 bits, an odd exponent above 1. */
bool rawkey_is_sound(const uint8_t raw[RAWKEY_SIZE]);

/* The customer key hash: what the one-time programmable memory stores and a board reports as CUSTOMER_KEY_HASH. */
void rawkey_hash(const uint8_t raw[RAWKEY_SIZE], uint8_t hash[RAWKEY_HASH]);

#endif
