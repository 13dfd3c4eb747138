/* SPDX-License-Identifier: Apache-2.0 */
#include "signing.h"

#include "base/str.h"
#include "hsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int signing_open(struct signing *signing, const char *key, const char *wrapper, const char *public,
                 struct reason *why)
{
	*signing = (struct signing){ .wrapper = wrapper, .public_name = public ? public : key };
	if (!wrapper && rsakey_load(key, RSAKEY_PRIVATE, &signing->private_key, why) != 0)
		return -1;
	if (public)
		return rsakey_load(public, RSAKEY_PUBLIC, &signing->public_key, why);
	return 0;
}

void signing_close(struct signing *signing)
{
	rsakey_free(signing->private_key);
	rsakey_free(signing->public_key);
	*signing = (struct signing){ .wrapper = NULL };
}

const struct rsakey *signing_public(const struct signing *signing)
{
	return signing->public_key ? signing->public_key : signing->private_key;
}

/* A wrapper must not take the file's name for an option. */
static int signing_by_wrapper(const struct signing *signing, const struct signing_input *input,
                              uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	if (!input->file)
		return hsm_sign_bytes(signing->wrapper, input->bytes, input->n, signature, why);
	char *path = str_new("%s%s", *input->file == '-' ? "./" : "", input->file);
	if (!path)
		return reason_set(why, "out of memory");
	int result = hsm_sign_file(signing->wrapper, path, signature, why);
	free(path);
	return result;
}

int signing_sign(const struct signing *signing, const struct signing_input *input,
                 uint8_t signature[RAWKEY_SIGNATURE], struct reason *why)
{
	const struct rsakey *public = signing_public(signing);
	int result = signing->wrapper ? signing_by_wrapper(signing, input, signature, why)
	                              : rsakey_sign(signing->private_key, input->kind, input->hash,
	                                            signature, why);
	if (result == 0 && public && !rsakey_verify(public, input->kind, input->hash, signature))
		result = reason_set(why, "the signature made does not match %s: wrong key?",
		                    signing->public_name);
	return result;
}

int signing_set_time(struct sigfile *sig, struct reason *why)
{
	char now[24];
	const char *given = getenv("SOURCE_DATE_EPOCH");
	if (given && *given)
		return sigfile_set_time(sig, given, why) == 0
		               ? 0
		               : reason_set(why,
		                            "SOURCE_DATE_EPOCH=\"%s\" is not a number of seconds",
		                            given);
	snprintf(now, sizeof now, "%lld", (long long)time(NULL));
	return sigfile_set_time(sig, now, why);
}
