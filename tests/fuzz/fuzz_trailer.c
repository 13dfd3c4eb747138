/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a signed second stage of either chip; and as the output of an HSM wrapper. */
#include "hsm.h"
#include "trailersig.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ctx(enum trailer_chip chip, const uint8_t *data, size_t size)
{
	struct trailer t;
	struct reason why;
	while (trailer_read(chip, data, size, &t) == 0) {
		if (t.offset >= size)
			abort();
		if (chip == TRAILER_CHIP_2712)
			(void)trailersig_check(&t, data, NULL, &why);
		if (!trailer_plausible(&t))
			return;
		size = t.offset;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t signature[RAWKEY_SIGNATURE];
	struct reason why;
	check_ctx(TRAILER_CHIP_2711, data, size);
	check_ctx(TRAILER_CHIP_2712, data, size);
	(void)hsm_parse((const char *)data, size, signature, &why);
	return 0;
}
