/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/privatekey.h"

#include <string.h>

/* A line "-----BEGIN ... PRIVATE KEY-----". */
static bool privatekey_is_pem(const uint8_t *bytes, size_t n)
{
	static const char begin[] = "-----BEGIN ", kind[] = "PRIVATE KEY-----";
	enum { BEGIN = sizeof begin - 1, KIND = sizeof kind - 1, WORDS = 32 };
	for (size_t at = 0; at + BEGIN + KIND <= n; at++) {
		if (memcmp(bytes + at, begin, BEGIN) != 0)
			continue;
		size_t word = at + BEGIN, last = word + WORDS;
		for (; word <= last && word + KIND <= n && bytes[word] != '\n'; word++)
			if (memcmp(bytes + word, kind, KIND) == 0)
				return true;
	}
	return false;
}

/* SEQUENCE { INTEGER 0, then INTEGER (the modulus: PKCS#1) or SEQUENCE { OBJECT IDENTIFIER (PKCS#8) }. */
static bool privatekey_is_der(const uint8_t *bytes, size_t n)
{
	static const uint8_t version[] = { 0x02, 0x01, 0x00 };
	if (n < 16 || bytes[0] != 0x30 || bytes[1] != 0x82 ||
	    memcmp(bytes + 4, version, sizeof version) != 0)
		return false;
	return (bytes[7] == 0x02 && bytes[8] == 0x82) ||
	       (bytes[7] == 0x30 && bytes[8] < 0x80 && bytes[9] == 0x06);
}

bool privatekey_found(const uint8_t *bytes, size_t n)
{
	return privatekey_is_pem(bytes, n) || privatekey_is_der(bytes, n);
}
