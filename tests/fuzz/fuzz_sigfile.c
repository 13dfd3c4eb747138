/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a .sig file: what is accepted is written and read again the same. */
#include "formats/sigfile.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct sigfile *a, const struct sigfile *b)
{
	return memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0 &&
	       strcmp(a->time, b->time) == 0 && strcmp(a->soc, b->soc) == 0 &&
	       a->is_signed == b->is_signed &&
	       memcmp(a->signature, b->signature, sizeof a->signature) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sigfile sig, again;
	struct reason why;
	char text[SIGFILE_MAX];
	if (sigfile_parse((const char *)data, size, &sig, &why) != 0)
		return 0;
	size_t n = sigfile_format(&sig, text);
	if (sigfile_parse(text, n, &again, &why) != 0 || !same(&sig, &again))
		abort();
	return 0;
}
