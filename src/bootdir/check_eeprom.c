/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what is inside pieeprom.bin: keys, signatures, boot code. Makes no judgement. */
#include "bootdir/check_ctx.h"

#include "formats/sigfile.h"
#include "formats/trailer.h"

#include <stdlib.h>
#include <string.h>

/* The content of the file NAME in the image; NULL: not there, or nothing but erased bytes or zeros. */
static const uint8_t *check_eeprom_file(const struct eeprom *image, const char *name, size_t *n)
{
	struct eeprom_section section;
	if (!eeprom_find(image, name, &section))
		return NULL;
	const uint8_t *bytes = eeprom_content(image, &section, n);
	for (size_t i = 0; i < *n; i++)
		if (bytes[i] != 0 && bytes[i] != 0xff)
			return bytes;
	return NULL;
}

static struct check_key check_eeprom_trailer(const uint8_t *code, size_t n)
{
	struct check_key key = { .known = false };
	struct trailer trailer;
	if (code && trailer_find(TRAILER_CHIP_2712, code, n, &trailer) &&
	    trailer.keynum == TRAILER_CUSTOMER) {
		key.known = true;
		rawkey_hash(trailer.raw, key.hash);
	}
	return key;
}

static void check_eeprom_read_code(struct check_eeprom *e)
{
	struct eeprom_section section = { .valid = false };
	struct reason ignored; /* the chain is sound: eeprom_open */
	size_t n;
	if (eeprom_next(&e->image, &section, &ignored) <= 0 || section.kind != EEPROM_BOOTCODE)
		return;
	const uint8_t *code = eeprom_content(&e->image, &section, &n);
	e->boot_code = check_eeprom_trailer(code, n);
	code = check_eeprom_file(&e->image, "bootsys", &n);
	if (!code)
		return;
	struct check_key second = check_eeprom_trailer(code, n);
	e->boot_code_differs = second.known != e->boot_code.known ||
	                       (second.known && !check_same_key(&second, &e->boot_code));
}

static void check_eeprom_read_config(struct check_eeprom *e)
{
	size_t n, length;
	struct sigfile sig;
	struct sha256 sha256;
	struct reason ignored;
	uint8_t hash[SHA256_SIZE];
	const uint8_t *text = check_eeprom_file(&e->image, "bootconf.sig", &n);
	const uint8_t *config = check_eeprom_file(&e->image, "bootconf.txt", &length);
	if (!text)
		return;
	if (sigfile_parse((const char *)text, n, &sig, &ignored) != 0) {
		e->config_problem = "has no form of a .sig file";
		return;
	}
	e->config_signed = sig.is_signed;
	sha256_init(&sha256);
	if (config)
		sha256_add(&sha256, config, length);
	sha256_end(&sha256, hash);
	if (memcmp(hash, sig.sha256, SHA256_SIZE) != 0)
		e->config_problem = "does not belong to bootconf.txt";
}

void check_read_eeprom(struct check_ctx *c)
{
	struct check_eeprom *e = &c->eeprom;
	struct bootfile file;
	struct reason ignored;
	size_t n;
	if (e->looked)
		return;
	e->looked = true;
	if (bootfiles_find_own(c->files, "pieeprom.bin", &file) == BOOTFILE_FOUND &&
	    file.size == c->chip->eeprom_size && (e->bytes = malloc(file.size)) &&
	    bootfile_read(&file, 0, e->bytes, file.size) == OK)
		e->readable = eeprom_open(&e->image, e->bytes, file.size, &ignored) == 0;
	bootfile_close(&file);
	if (!e->readable)
		return;
	const uint8_t *key = check_eeprom_file(&e->image, "pubkey.bin", &n);
	e->pubkey.known = key && n >= RAWKEY_SIZE && rawkey_is_sound(key);
	if (e->pubkey.known)
		rawkey_hash(key, e->pubkey.hash);
	if (c->chip->counter_signs)
		check_eeprom_read_code(e);
	check_eeprom_read_config(e);
}
