/* SPDX-License-Identifier: Apache-2.0 */
/* Prints one of the shared test inputs: mksample {s1|s2|s2m|key|pattern N M A|repeat N C}. */
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t image[SAMPLE_S2_SIZE];

static int print_bytes(size_t n)
{
	return fwrite(image, 1, n, stdout) == n ? 0 : 1;
}

static int print_key(void)
{
	printf("-----BEGIN %s-----\n%s-----END %s-----\n", SAMPLE_KEY_KIND, sample_key_body,
	       SAMPLE_KEY_KIND);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	if (n > sizeof image)
		return 2;
	if (strcmp(what, "key") == 0)
		return print_key();
	if (strcmp(what, "s1") == 0) {
		sample_s1(image);
		return print_bytes(SAMPLE_S1_SIZE);
	}
	if (strcmp(what, "s2") == 0 || strcmp(what, "s2m") == 0) {
		sample_s2(image, what[2] == 'm');
		return print_bytes(SAMPLE_S2_SIZE);
	}
	if (strcmp(what, "pattern") == 0 && argc == 5)
		sample_pattern(image, n, (unsigned)strtoul(argv[3], NULL, 0),
		               (unsigned)strtoul(argv[4], NULL, 0));
	else if (strcmp(what, "repeat") == 0 && argc == 4)
		memset(image, argv[3][0], n);
	else
		return 2;
	return print_bytes(n);
}
