/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/rawkey.h"

#include "base/bytes.h"
#include "formats/sha256.h"

bool rawkey_is_sound(const uint8_t raw[RAWKEY_SIZE])
{
	uint64_t exponent = get_le64(raw + RAWKEY_MODULUS);
	return (raw[0] & 1) && (raw[RAWKEY_MODULUS - 1] & 0x80) && (exponent & 1) && exponent > 1;
}

void rawkey_hash(const uint8_t raw[RAWKEY_SIZE], uint8_t hash[RAWKEY_HASH])
{
	struct sha256 state;
	sha256_init(&state);
	sha256_add(&state, raw, RAWKEY_SIZE);
	sha256_end(&state, hash);
}
