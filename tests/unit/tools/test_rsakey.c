/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in memory: forms, limits, the raw form and its hash, signatures. The many file forms are tests/cli/key-convert.t's. */
#include "formats/hex.h"
#include "rsakey.h"
#include "samples.h"
#include "tap.h"

#include <stdio.h>

static struct reason why;

static struct rsakey *sample_key(enum rsakey_part part)
{
	char pem[4096];
	struct rsakey *key = NULL;
	int n = snprintf(pem, sizeof pem, "-----BEGIN %s-----\n%s-----END %s-----\n",
	                 SAMPLE_KEY_KIND, sample_key_body, SAMPLE_KEY_KIND);
	CHECK_INT(rsakey_parse((const uint8_t *)pem, (size_t)n, part, NULL, &key, &why), 0);
	return key;
}

static void raw_form_and_hash(void)
{
	struct rsakey *key = sample_key(RSAKEY_PUBLIC), *again = NULL;
	uint8_t hash[RAWKEY_HASH];
	char text[2 * RAWKEY_SIZE + 1];
	if (!key)
		return;
	rsakey_hash(key, hash);
	hex_encode(hash, sizeof hash, text);
	CHECK_STR(text, SAMPLE_KEY_HASH);
	hex_encode(rsakey_raw(key), RAWKEY_SIZE, text);
	CHECK(strncmp(text, "176fe9904ef31e9fe3cbecaf4bab2c77", 32) == 0);
	CHECK_STR(text + 2 * 248, "5f3e119364a1d6b30100010000000000");
	CHECK_INT(rsakey_from_raw(rsakey_raw(key), &again, &why), 0);
	CHECK(again && memcmp(rsakey_raw(key), rsakey_raw(again), RAWKEY_SIZE) == 0);
	rsakey_free(again);
	rsakey_free(key);
}

/* Changes one byte of a good raw key and expects a refusal with this text. */
static void refuse_raw(size_t at, uint8_t value, const char *message)
{
	struct rsakey *key = sample_key(RSAKEY_PUBLIC), *bad = NULL;
	uint8_t raw[RAWKEY_SIZE];
	if (!key)
		return;
	memcpy(raw, rsakey_raw(key), sizeof raw);
	raw[at] = value;
	CHECK_INT(rsakey_from_raw(raw, &bad, &why), -1);
	CHECK(!bad);
	if (!strstr(why.text, message))
		TAP_FAIL("byte %zu: \"%s\"", at, why.text);
	rsakey_free(key);
}

static void refuses_unsound_raw_keys(void)
{
	static const uint8_t zeros[RAWKEY_SIZE];
	struct rsakey *key;
	refuse_raw(0, 0x16, "even");
	refuse_raw(255, 0x7f, "RSA key size must be 2048");
	refuse_raw(256, 0x00, "exponent");
	CHECK_INT(rsakey_from_raw(zeros, &key, &why), -1);
	rsakey_free(key);
}

static void signs_and_verifies(void)
{
	struct rsakey *key = sample_key(RSAKEY_PRIVATE);
	uint8_t digest[32], signature[RAWKEY_SIGNATURE];
	char text[2 * RAWKEY_SIGNATURE + 1];
	if (!key)
		return;
	CHECK_INT(rsakey_digest(RSAKEY_SHA1, (const uint8_t *)"abc", 3, digest), 20);
	CHECK_INT(rsakey_sign(key, RSAKEY_SHA1, digest, signature, &why), 0);
	CHECK(rsakey_verify(key, RSAKEY_SHA1, digest, signature));
	CHECK_INT(rsakey_digest(RSAKEY_SHA256, (const uint8_t *)"abc", 3, digest), 32);
	CHECK(!rsakey_verify(key, RSAKEY_SHA256, digest, signature));
	CHECK_INT(rsakey_sign(key, RSAKEY_SHA256, digest, signature, &why), 0);
	hex_encode(signature, sizeof signature, text);
	CHECK(strncmp(text, "807627bd64cc81f1e94ea7fa4eb9090f", 32) == 0);
	CHECK_STR(text + 2 * 248, "aa5894df8ed10466");
	CHECK(rsakey_verify(key, RSAKEY_SHA256, digest, signature));
	signature[100] ^= 1;
	CHECK(!rsakey_verify(key, RSAKEY_SHA256, digest, signature));
	rsakey_free(key);
}

static int answer_secret(char *text, int size, int verify, void *context)
{
	(void)verify;
	(void)context;
	return snprintf(text, (size_t)size, "secret");
}

static void refuses_what_is_no_key(void)
{
	static const char *const texts[] = {
		"",
		"hello",
		"ssh-rsa ",
		"ssh-rsa AAAAB3NzaC1yc2E=",
		"ssh-rsa ////////////////",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJJJ",
		"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		"-----BEGIN PUBLIC KEY-----\n",
	};
	struct rsakey *key;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const uint8_t *bytes = (const uint8_t *)texts[i];
		CHECK_INT(rsakey_parse(bytes, strlen(texts[i]), RSAKEY_PUBLIC, answer_secret, &key,
		                       &why),
		          -1);
		CHECK(!key);
		CHECK(*why.text);
	}
	rsakey_free(NULL);
}

int main(void)
{
	RUN(raw_form_and_hash);
	RUN(refuses_unsound_raw_keys);
	RUN(signs_and_verifies);
	RUN(refuses_what_is_no_key);
	return tap_end();
}
