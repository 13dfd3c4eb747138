/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL 3 calls engines deprecated and still has them; where this file is built there is nothing else for PKCS#11. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "engine.h"

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/ui.h>

/* The engine, initialised; to be finished and freed. NULL: not installed. */
static ENGINE *engine_open(void)
{
	ENGINE_load_dynamic();
	ENGINE *engine = ENGINE_by_id("pkcs11");
	if (engine && ENGINE_init(engine) == 1)
		return engine;
	ENGINE_free(engine);
	return NULL;
}

enum engine_result engine_load(const char *uri, enum rsakey_part part, EVP_PKEY **key)
{
	*key = NULL;
	ENGINE *engine = engine_open();
	if (!engine) {
		ERR_clear_error();
		return ENGINE_NONE;
	}
	*key = part == RSAKEY_PRIVATE ? ENGINE_load_private_key(engine, uri, UI_OpenSSL(), NULL)
	                              : ENGINE_load_public_key(engine, uri, UI_OpenSSL(), NULL);
	ENGINE_finish(engine); /* the key holds a reference of its own */
	ENGINE_free(engine);
	return *key ? ENGINE_OK : ENGINE_FAILED;
}
