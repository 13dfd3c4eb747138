/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes were computed with OpenSSL: the raw key of docs/formats.md is the modulus and the exponent, reversed. */
#include "formats/keyfile.h"
#include "formats/hex.h"
#include "formats/privatekey.h"

#include "samples.h"
#include "tap.h"

/* The public half of the sample key, whose hash docs/formats.md has. */
static const char hash_text[] = "66c15c5d0a96d4f23df6d6d998520ed698f2585c78d3fd7a565756c979c2c6a6";
static const char spki[] = "text before\n-----BEGIN PUBLIC KEY-----\n"
			   "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs9ahZJMRPl+xGPefS0Yv\n"
			   "AIKmCAmS+BO9xJClvFm9YWcqRz0jB1dCT18meD6hmmSGyjnAfnPk0EZs8VGpmU7C\n"
			   "lCghFpCRe9VwTAb2ciw4HPjOOm8RDdg32rYd8+X758NLK5c/S3BohEP8wj0j9I1p\n"
			   "HfB69j6noX10EQKZGQSmTPRkBArIWNQw7fGZx1/w5EapjRBYx57PQdGzxlk/pmVJ\n"
			   "vrTfx/+fhRal/oTyTdjf7VdPMcSjbkJVDIAhVsoxK1JbZF5/owBSwh80jd/dy8wL\n"
			   "uNB7rr8RBqu7t1WNAcisfamJ5jGpygzx9/iMeiYR/sGEdyyrS6/sy+OfHvNOkOlv\n"
			   "FwIDAQAB\n"
			   "-----END PUBLIC KEY-----\n";
static const char pkcs1[] = "-----BEGIN RSA PUBLIC KEY-----\n"
			    "MIIBCgKCAQEAs9ahZJMRPl+xGPefS0YvAIKmCAmS+BO9xJClvFm9YWcqRz0jB1dC\n"
			    "T18meD6hmmSGyjnAfnPk0EZs8VGpmU7ClCghFpCRe9VwTAb2ciw4HPjOOm8RDdg3\n"
			    "2rYd8+X758NLK5c/S3BohEP8wj0j9I1pHfB69j6noX10EQKZGQSmTPRkBArIWNQw\n"
			    "7fGZx1/w5EapjRBYx57PQdGzxlk/pmVJvrTfx/+fhRal/oTyTdjf7VdPMcSjbkJV\n"
			    "DIAhVsoxK1JbZF5/owBSwh80jd/dy8wLuNB7rr8RBqu7t1WNAcisfamJ5jGpygzx\n"
			    "9/iMeiYR/sGEdyyrS6/sy+OfHvNOkOlvFwIDAQAB\n"
			    "-----END RSA PUBLIC KEY-----\n";

static const char *hash_of(const void *bytes, size_t n)
{
	static char text[2 * RAWKEY_HASH + 1];
	uint8_t hash[RAWKEY_HASH];
	if (!keyfile_hash(bytes, n, hash))
		return "none";
	hex_encode(hash, sizeof hash, text);
	return text;
}

static void forms(void)
{
	char digits[80];
	CHECK_STR(hash_of(spki, sizeof spki - 1), hash_text);
	CHECK_STR(hash_of(pkcs1, sizeof pkcs1 - 1), hash_text);
	snprintf(digits, sizeof digits, " %s\r\n", hash_text);
	CHECK_STR(hash_of(digits, strlen(digits)), hash_text);
}

static void what_is_no_key(void)
{
	static uint8_t zeros[RAWKEY_SIZE];
	char text[1024], line[4096];
	uint8_t hash[RAWKEY_HASH];
	CHECK_STR(hash_of("", 0), "none");
	CHECK_STR(hash_of(zeros, sizeof zeros), "none");
	CHECK_STR(hash_of(hash_text, 63), "none");
	CHECK(!keyfile_hash_text("66c15c5d", hash));
	for (size_t n = 0; n + 30 < sizeof spki; n++) /* every cut */
		CHECK_STR(hash_of(spki, n), "none");
	memcpy(text, spki, sizeof spki);
	for (size_t i = strcspn(spki, "-") + 27; i + 27 < sizeof spki;
	     i++) { /* every damaged byte */
		text[i] = '!';
		if (spki[i] != '\n')
			CHECK_STR(hash_of(text, sizeof spki - 1), "none");
		text[i] = spki[i];
	}
	snprintf(line, sizeof line, "-----BEGIN %s-----\n%s", SAMPLE_KEY_KIND, sample_key_body);
	CHECK_STR(hash_of(line, strlen(line)), "none"); /* a private key is not asked for */
}

static void private_keys(void)
{
	static const struct {
		const char *text;
		bool is_key;
	} cases[] = {
		{ "-----BEGIN PRIVATE KEY-----\n", true },
		{ "-----BEGIN RSA PRIVATE KEY-----\n", true },
		{ "Bag Attributes\n-----BEGIN ENCRYPTED PRIVATE KEY-----", true },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n", true },
		{ "-----BEGIN PUBLIC KEY-----\nMII\n", false },
		{ "-----BEGIN CERTIFICATE-----\n-----BEGIN EC PRIVATE KEY-----\n", true },
		{ "-----BEGIN X\nPRIVATE KEY-----\n", false },
		{ "-----BEGIN PRIVATE KEY----", false },
		{ "", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(privatekey_found((const uint8_t *)cases[i].text, strlen(cases[i].text)) ==
		      cases[i].is_key);
}

int main(void)
{
	RUN(forms);
	RUN(what_is_no_key);
	RUN(private_keys);
	return tap_end();
}
