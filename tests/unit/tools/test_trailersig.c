/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"
#include "tap.h"
#include "trailersig.h"

#include <stdio.h>
#include <stdlib.h>

static struct reason why;

static struct rsakey *sample_key(void)
{
	char pem[4096];
	struct rsakey *key = NULL;
	int n = snprintf(pem, sizeof pem, "-----BEGIN %s-----\n%s-----END %s-----\n",
	                 SAMPLE_KEY_KIND, sample_key_body, SAMPLE_KEY_KIND);
	CHECK_INT(rsakey_parse((const uint8_t *)pem, (size_t)n, RSAKEY_PRIVATE, NULL, &key, &why),
	          0);
	return key;
}

static struct bytes make_2712(const struct rsakey *key, const uint8_t *input, size_t n, int keynum,
                              int version)
{
	struct bytes image;
	uint8_t digest[32], signature[RAWKEY_SIGNATURE];
	CHECK_INT(trailersig_begin(TRAILER_CHIP_2712, input, n, keynum, version, &image, &why), 0);
	rsakey_digest(RSAKEY_SHA256, image.data, image.size, digest);
	CHECK_INT(rsakey_sign(key, RSAKEY_SHA256, digest, signature, &why), 0);
	trailersig_finish_2712(&image, signature, rsakey_raw(key));
	return image;
}

static void round_trip(void)
{
	struct rsakey *key = sample_key();
	struct bytes image = make_2712(key, (const uint8_t *)"abc", 3, 16, 7);
	struct trailer t;
	CHECK_INT(image.size, 3 + TRAILER_2712);
	CHECK_INT(trailer_read(TRAILER_CHIP_2712, image.data, image.size, &t), 0);
	CHECK_INT(t.offset, 3);
	CHECK_INT(t.length, 3);
	CHECK_INT(t.keynum, 16);
	CHECK_INT(t.version, 7);
	CHECK(trailer_plausible(&t));
	CHECK_INT(trailersig_check(&t, image.data, NULL, &why), 0);
	CHECK_INT(trailersig_check(&t, image.data, key, &why), 0);
	tool_bytes_free(&image);
	rsakey_free(key);
}

/* Every byte of the image and of the integers is covered, and so is the signature. */
static void notices_every_change(void)
{
	struct rsakey *key = sample_key();
	struct bytes image = make_2712(key, (const uint8_t *)"abc", 3, 16, 0);
	struct trailer t;
	for (size_t at = 0; at < image.size; at++) {
		image.data[at] ^= 4;
		bool good = trailer_read(TRAILER_CHIP_2712, image.data, image.size, &t) == 0 &&
		            trailer_plausible(&t) &&
		            trailersig_check(&t, image.data, NULL, &why) == 0;
		if (good)
			TAP_FAIL("a change of byte %zu goes unnoticed", at);
		image.data[at] ^= 4;
	}
	tool_bytes_free(&image);
	rsakey_free(key);
}

static void stage_2711(void)
{
	static const uint8_t secret[TRAILER_HMAC] = { 1, 2, 3 }, other[TRAILER_HMAC] = { 1, 2, 4 };
	struct rsakey *key = sample_key();
	struct bytes image;
	struct trailer t;
	uint8_t digest[32], signature[RAWKEY_SIGNATURE];
	CHECK_INT(
		trailersig_begin(TRAILER_CHIP_2711, (const uint8_t *)"abc", 3, 1, 9, &image, &why),
		0);
	CHECK_INT(image.size, 3 + 8);
	rsakey_digest(RSAKEY_SHA1, image.data, image.size, digest);
	CHECK_INT(rsakey_sign(key, RSAKEY_SHA1, digest, signature, &why), 0);
	trailersig_finish_2711(&image, signature, secret);
	CHECK_INT(image.size, 3 + TRAILER_2711);
	CHECK_INT(trailer_read(TRAILER_CHIP_2711, image.data, image.size, &t), 0);
	CHECK_INT(trailersig_check(&t, image.data, key, &why), 0);
	CHECK(trailersig_check_hmac(&t, image.data, secret));
	CHECK(!trailersig_check_hmac(&t, image.data, other));
	tool_bytes_free(&image);
	rsakey_free(key);
}

static void limits(void)
{
	uint8_t *input = calloc(1, TRAILER_LIMIT);
	struct bytes image;
	if (!input)
		return;
	CHECK_INT(trailersig_begin(TRAILER_CHIP_2712, input, 112108, 0, 0, &image, &why), 0);
	tool_bytes_free(&image);
	CHECK_INT(trailersig_begin(TRAILER_CHIP_2712, input, 112109, 0, 0, &image, &why), -1);
	CHECK_STR(why.text, "Signed binary size 112641 is too large. Max size 112640");
	CHECK_INT(trailersig_begin(TRAILER_CHIP_2711, input, 112356, 0, 0, &image, &why), 0);
	tool_bytes_free(&image);
	CHECK_INT(trailersig_begin(TRAILER_CHIP_2711, input, 112357, 0, 0, &image, &why), -1);
	free(input);
}

int main(void)
{
	RUN(round_trip);
	RUN(notices_every_change);
	RUN(stage_2711);
	RUN(limits);
	return tap_end();
}
