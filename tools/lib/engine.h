/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of PKCS#11 tokens through OpenSSL's engine "pkcs11" (libengine-pkcs11-openssl), for systems that have no provider
 * of that name: Debian 12, Ubuntu 22.04. OpenSSL 4 has no engines; the Makefile then chooses engine_none.c. */
#ifndef ENGINE_H
#define ENGINE_H

#include "rsakey.h"

#include <openssl/evp.h>

enum engine_result {
	ENGINE_OK,
	ENGINE_NONE,   /* the engine is not installed */
	ENGINE_FAILED, /* the token or the key: OpenSSL's error queue says more */
};

/* Loads the key that URI names. PINs are in the URI or asked on the terminal. *KEY is to be freed if OK. */
enum engine_result engine_load(const char *uri, enum rsakey_part part, EVP_PKEY **key);

#endif
