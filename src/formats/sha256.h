/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 as FIPS 180-4 defines it: to compare boot files with the hashes in their .sig files. Not for secrets; the tools
 * that sign use OpenSSL. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t n);
void sha256_end(struct sha256 *hash, uint8_t out[SHA256_SIZE]); /* then only init again */

#endif
