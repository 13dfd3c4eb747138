/* SPDX-License-Identifier: Apache-2.0 */
/* RSA-2048 keys as the boot ROM and the EEPROM know them: loading any usual form, the raw form and its hash, PKCS#1 v1.5
 * signatures. Knows no file formats of signatures, no options. Private keys stay in memory and are wiped there. */
#ifndef RSAKEY_H
#define RSAKEY_H

#include "formats/rawkey.h"
#include "tool.h"

#include <stdbool.h>

#define RSAKEY_FILE_MAX 65536u

enum rsakey_part { RSAKEY_PUBLIC, RSAKEY_PRIVATE };

enum rsakey_digest { RSAKEY_SHA256, RSAKEY_SHA1 }; /* SHA-1: 2711 second stages only */

struct rsakey; /* opaque */

/* Asks for the passphrase of an encrypted key: fills up to SIZE bytes of TEXT, returns their count or -1. */
typedef int rsakey_ask(char *text, int size, int verify, void *context);

/* Loads the key in WHERE: a file (PEM or DER of a public, private or encrypted key or a certificate; an OpenSSH ssh-rsa
 * line) or a "pkcs11:" URI, which needs an OpenSSL provider or engine of that name. Passphrases and PINs are asked on the
 * terminal. PART says what is needed: a private key serves as a public one, not the other way round.
 * Returns 0 and *KEY (free with rsakey_free), or -1. */
int rsakey_load(const char *where, enum rsakey_part part, struct rsakey **key, struct reason *why);

/* The same for a file's bytes; ASK may be NULL: then encrypted keys are an error. */
int rsakey_parse(const uint8_t *bytes, size_t n, enum rsakey_part part, rsakey_ask *ask,
                 struct rsakey **key, struct reason *why);

/* A public key from its raw form. Returns 0 or -1 (not a sound RSA-2048 key). */
int rsakey_from_raw(const uint8_t raw[RAWKEY_SIZE], struct rsakey **key, struct reason *why);

/* The raw form; lives as long as the key. */
const uint8_t *rsakey_raw(const struct rsakey *key);

void rsakey_hash(const struct rsakey *key, uint8_t hash[RAWKEY_HASH]);

/* The public key as PEM (SubjectPublicKeyInfo) with a newline at the end. Returns 0 or -1. */
int rsakey_pem(const struct rsakey *key, struct bytes *pem, struct reason *why);

/* The digest of N bytes. Returns its length: 32 or 20. */
size_t rsakey_digest(enum rsakey_digest kind, const uint8_t *bytes, size_t n, uint8_t digest[32]);

/* Signs a digest (PKCS#1 v1.5, big-endian). Returns 0 or -1. */
int rsakey_sign(const struct rsakey *key, enum rsakey_digest kind, const uint8_t *digest,
                uint8_t signature[RAWKEY_SIGNATURE], struct reason *why);

bool rsakey_verify(const struct rsakey *key, enum rsakey_digest kind, const uint8_t *digest,
                   const uint8_t signature[RAWKEY_SIGNATURE]);

/* NULL is fine. */
void rsakey_free(struct rsakey *key);

#endif
