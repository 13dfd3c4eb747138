/* SPDX-License-Identifier: Apache-2.0 */
/* What the signing tools share: a key or an HSM wrapper that signs, and the time in .sig files.
 *
 *	struct signing signing;
 *	if (signing_open(&signing, key, wrapper, public, &why) == 0)
 *		signing_sign(&signing, &input, signature, &why);
 *	signing_close(&signing);
 */
#ifndef SIGNING_H
#define SIGNING_H

#include "formats/sigfile.h"
#include "rsakey.h"

struct signing {
	const char *wrapper;        /* borrowed; NULL: private signs */
	struct rsakey *private_key; /* owned; NULL with a wrapper */
	struct rsakey *public_key;  /* owned; NULL: the public half of private_key */
	const char *public_name;    /* borrowed; for messages */
};

/* Loads the keys. WRAPPER wins over KEY; PUBLIC may be NULL. Returns 0 or -1; to be closed either way. */
int signing_open(struct signing *signing, const char *key, const char *wrapper, const char *public,
                 struct reason *why);
void signing_close(struct signing *signing);

/* The key that signatures are checked with; NULL: a wrapper without a public key. */
const struct rsakey *signing_public(const struct signing *signing);

/* What is signed. */
struct signing_input {
	const char *file;     /* for the wrapper to read, or NULL: it gets a temporary file of */
	const uint8_t *bytes; /* these N bytes; not used if there is a file */
	size_t n;
	const uint8_t *hash;     /* its digest */
	enum rsakey_digest kind; /* of the digest; wrappers make their own, a SHA-256 */
};

/* Signs, and checks the result with the public key. Returns 0 or -1. */
int signing_sign(const struct signing *signing, const struct signing_input *input,
                 uint8_t signature[RAWKEY_SIGNATURE], struct reason *why);

/* Sets the time to SOURCE_DATE_EPOCH, or to now if that is unset or empty. Returns 0 or -1. */
int signing_set_time(struct sigfile *sig, struct reason *why);

#endif
