/* SPDX-License-Identifier: Apache-2.0 */
/* What a board reports about itself ("*KEY*VALUE" requests), kept in its order, and the JSON document made of it, whose
 * bytes are those of upstream rpiboot. Facts: docs/protocol.md, "Metadata". */
#ifndef METADATA_H
#define METADATA_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define METADATA_ENTRIES \
	128 /* more than any firmware has; the limit of what an untrusted board can store */

struct metadata {
	char *keys[METADATA_ENTRIES], *values[METADATA_ENTRIES]; /* owned */
	size_t count;
};

enum metadata_result {
	METADATA_KEPT,
	METADATA_NOTHING, /* no key or no value in it */
	METADATA_BAD,     /* an undecodable FACTORY_UUID: left out */
	METADATA_FULL,
};

/* Takes a request's name that begins with '*'. A key that is there already gets the new value in its old place. *KEY and
 * *VALUE (as kept; FACTORY_UUID decoded) are set for METADATA_KEPT and live as long as the metadata. */
enum metadata_result metadata_add(struct metadata *m, const char *name, const char **key,
                                  const char **value);

/* The value of KEY, or NULL. */
const char *metadata_get(const struct metadata *m, const char *key);

/* The first of EEPROM_UPDATE, EEPROM_ERASE, SECURE_BOOT_PROVISION whose value is not "success"; NULL: none. */
const char *metadata_failed_key(const struct metadata *m);

/* The document. */
void metadata_print(const struct metadata *m, FILE *out);

/* Writes the document to PATH, whole or not at all. Returns 0 or an errno value. */
int metadata_publish(const struct metadata *m, const char *path);

/* Makes the directory PATH if it is missing (one level). ERR_METADATA: it cannot be made, or not be written; errno. */
enum err metadata_directory_prepare(const char *path);

/* The directory for the documents (-j). */
struct metadata_directory;
struct metadata_directory *metadata_directory_new(const char *path); /* NULL: out of memory */
void metadata_directory_free(struct metadata_directory *directory);

/* The path for a board's document, DIRECTORY/NAME.json: NAME is the serial reduced to [A-Za-z0-9._-], or the USB path
 * without a serial; "-USB-PATH" is appended while another board with that serial holds the name. An older document of
 * that name is removed. New string, to be given back with metadata_directory_release; NULL: out of memory. Any thread. */
char *metadata_directory_claim(struct metadata_directory *directory, const char *serial,
                               const char *usb_path);
void metadata_directory_release(struct metadata_directory *directory, char *path);

/* Empties. */
void metadata_free(struct metadata *m);

#endif
