/* SPDX-License-Identifier: Apache-2.0 */
/* The legacy mass-storage firmware inside the program, for boards that need nothing else. The build writes the table
 * (scripts/embed.sh): empty, or with EMBED_MSD=1 the files of msd/. */
#ifndef EMBEDDED_H
#define EMBEDDED_H

#include <stdint.h>

struct embedded_file {
	const char *name; /* as in msd/; NULL ends the table */
	const uint8_t *bytes;
	uint32_t size;
};

extern const struct embedded_file embedded_files[];

#endif
