/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a key file or a raw key: what is accepted survives the way to the raw form and back. */
#include "rsakey.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(struct rsakey *key)
{
	struct rsakey *again;
	struct reason why;
	struct bytes pem;
	if (rsakey_from_raw(rsakey_raw(key), &again, &why) != 0 ||
	    memcmp(rsakey_raw(key), rsakey_raw(again), RAWKEY_SIZE) != 0 ||
	    rsakey_pem(again, &pem, &why) != 0)
		abort();
	rsakey_free(again);
	tool_bytes_free(&pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rsakey *key;
	struct reason why;
	uint8_t *text = (uint8_t *)calloc(1, size + 1);
	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	if (rsakey_parse(text, size, size & 1 ? RSAKEY_PUBLIC : RSAKEY_PRIVATE, NULL, &key, &why) ==
	    0)
		round_trip(key);
	rsakey_free(key);
	if (size >= RAWKEY_SIZE && rsakey_from_raw(text, &key, &why) == 0) {
		round_trip(key);
		rsakey_free(key);
	}
	free(text);
	return 0;
}
