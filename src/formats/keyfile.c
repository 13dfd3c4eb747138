/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/keyfile.h"

#include "formats/hex.h"

#include <string.h>

enum { DIGITS = 2 * RAWKEY_HASH, DER_MAX = 512 };

bool keyfile_hash_text(const char *text, uint8_t hash[RAWKEY_HASH])
{
	return strlen(text) == DIGITS && hex_decode(text, hash, RAWKEY_HASH);
}

/* --- PEM */

static int keyfile_base64_digit(uint8_t c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;
	return p ? (int)(p - digits) : -1;
}

/* Where TEXT begins in the N bytes from AT on; N: nowhere. */
static size_t keyfile_find(const uint8_t *bytes, size_t n, size_t at, const char *text)
{
	size_t length = strlen(text);
	for (; at + length <= n; at++)
		if (memcmp(bytes + at, text, length) == 0)
			return at;
	return n;
}

/* Decodes the base64 text up to the next "-". Returns the number of bytes, 0 if it is none or too long. */
static size_t keyfile_base64(const uint8_t *text, size_t n, uint8_t der[DER_MAX])
{
	size_t count = 0;
	uint32_t bits = 0;
	unsigned held = 0;
	for (size_t i = 0; i < n && text[i] != '-'; i++) {
		int digit = keyfile_base64_digit(text[i]);
		if (digit < 0 && !(text[i] && strchr(" \t\r\n=", text[i])))
			return 0;
		if (digit < 0)
			continue;
		bits = bits << 6 | (uint32_t)digit;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (count == DER_MAX)
			return 0;
		der[count++] = (uint8_t)(bits >> held);
	}
	return count;
}

/* SEQUENCE { INTEGER of 2048 bits, INTEGER of 1 to 8 bytes }: a PKCS#1 public key. */
static bool keyfile_der(const uint8_t *der, size_t n, uint8_t raw[RAWKEY_SIZE])
{
	enum { MODULUS = 9, EXPONENT = MODULUS + RAWKEY_MODULUS };
	static const uint8_t integer[] = { 0x02, 0x82, 0x01, 0x01, 0x00 };
	if (n < EXPONENT + 3 || der[0] != 0x30 || der[1] != 0x82 ||
	    memcmp(der + 4, integer, sizeof integer) != 0 || der[EXPONENT] != 0x02)
		return false;
	size_t length = der[EXPONENT + 1];
	if (length < 1 || length > RAWKEY_EXPONENT || n != EXPONENT + 2 + length)
		return false;
	memset(raw, 0, RAWKEY_SIZE);
	for (size_t i = 0; i < RAWKEY_MODULUS; i++)
		raw[i] = der[EXPONENT - 1 - i];
	for (size_t i = 0; i < length; i++)
		raw[RAWKEY_MODULUS + i] = der[EXPONENT + 1 + length - i];
	return true;
}

/* The same inside a SubjectPublicKeyInfo: algorithm rsaEncryption, then the key as a BIT STRING. */
static bool keyfile_spki(const uint8_t *der, size_t n, uint8_t raw[RAWKEY_SIZE])
{
	enum { ALGORITHM = 4, BITS = 19, KEY = 24 };
	static const uint8_t algorithm[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
		                             0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
	return n > KEY && der[0] == 0x30 && der[1] == 0x82 &&
	       memcmp(der + ALGORITHM, algorithm, sizeof algorithm) == 0 && der[BITS] == 0x03 &&
	       der[BITS + 1] == 0x82 && der[BITS + 4] == 0 && keyfile_der(der + KEY, n - KEY, raw);
}

static bool keyfile_pem(const uint8_t *bytes, size_t n, uint8_t raw[RAWKEY_SIZE])
{
	static const char spki[] = "-----BEGIN PUBLIC KEY-----";
	static const char pkcs1[] = "-----BEGIN RSA PUBLIC KEY-----";
	uint8_t der[DER_MAX];
	size_t at = keyfile_find(bytes, n, 0, spki);
	if (at < n) {
		at += sizeof spki - 1;
		size_t size = keyfile_base64(bytes + at, n - at, der);
		return keyfile_spki(der, size, raw);
	}
	at = keyfile_find(bytes, n, 0, pkcs1);
	if (at == n)
		return false;
	at += sizeof pkcs1 - 1;
	size_t size = keyfile_base64(bytes + at, n - at, der);
	return keyfile_der(der, size, raw);
}

/* --- all of them */

bool keyfile_hash(const uint8_t *bytes, size_t n, uint8_t hash[RAWKEY_HASH])
{
	uint8_t raw[RAWKEY_SIZE];
	char digits[DIGITS + 1];
	size_t from = 0, to = n;
	while (from < to && strchr(" \t\r\n", bytes[from]) && bytes[from])
		from++;
	while (to > from && strchr(" \t\r\n", bytes[to - 1]) && bytes[to - 1])
		to--;
	if (to - from == DIGITS && !memchr(bytes + from, 0, DIGITS)) {
		memcpy(digits, bytes + from, DIGITS);
		digits[DIGITS] = 0;
		return keyfile_hash_text(digits, hash);
	}
	if (n == RAWKEY_SIZE && rawkey_is_sound(bytes))
		memcpy(raw, bytes, RAWKEY_SIZE);
	else if (!keyfile_pem(bytes, n, raw) || !rawkey_is_sound(raw))
		return false;
	rawkey_hash(raw, hash);
	return true;
}
