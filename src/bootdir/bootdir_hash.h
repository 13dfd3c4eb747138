/* SPDX-License-Identifier: Apache-2.0 */
/* One hash for the contents of a boot directory, so that records of several stations can be compared. It is that of
 *	cd DIR && find -L . -type f | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum */
#ifndef BOOTDIR_HASH_H
#define BOOTDIR_HASH_H

#include <stdbool.h>

#define BOOTDIR_HASH_SIZE 65 /* hexadecimal, with the NUL behind it */

/* Reads every file of DIRECTORY. False: one of them could not be read, or there are too many (HASH is "" then). */
bool bootdir_hash(const char *directory, char hash[BOOTDIR_HASH_SIZE]);

#endif
