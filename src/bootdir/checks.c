/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/findings.h"

#include "formats/configtxt.h"
#include "formats/fatvolume.h"
#include "platform/plat.h"
#include "formats/sha256.h"
#include "formats/sigfile.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONFIG_MAX (1024u * 1024)     /* bytes of a config.txt that are read */
#define STAGE_MAX  (4u * 1024 * 1024) /* of a second stage; real ones have some 100 KiB */
#define QUICK_HASH (4u * 1024 * 1024) /* the largest file that is hashed before a run */

/* --- what can be found */

enum id {
	NO_STAGE,
	EMPTY_STAGE,
	LARGE_STAGE,
	WRONG_STAGE,
	RECOVERY_STAGE,
	NOT_REGULAR,
	UNUSABLE,
	CONFIG_LARGE,
	CONFIG_BINARY,
	CONFIG_INCLUDE,
	IRREVERSIBLE,
	ERASES,
	NO_EEPROM,
	NO_EEPROM_PERHAPS,
	EEPROM_SIZE,
	EEPROM_FORM,
	NO_SIG,
	BAD_SIG,
	OTHER_TARGET,
	OTHER_HASH,
	UNSIGNED,
	NO_RAMDISK,
	RAMDISK_PERHAPS,
	NO_BOOT_IMG,
	BOOT_IMG_FORM,
	NO_MEMBER,
	NO_RP1,
	OLD_CHIP,
	NO_START,
};

#define UPDATE_PIEEPROM "Make both with update-pieeprom.sh"
#define SIGN_AGAIN      "Make it again with rpi-eeprom-digest"

static const struct preflight_finding kinds[] = {
	[NO_STAGE] = { PREFLIGHT_ERROR, .err = ERR_NO_SECOND_STAGE, .code = "no-second-stage" },
	[EMPTY_STAGE] = { PREFLIGHT_ERROR, .err = ERR_EMPTY_FILE, .code = "empty-second-stage",
	                  .advice = "Fetch it again" },
	[LARGE_STAGE] = { PREFLIGHT_WARNING, .code = "large-second-stage",
	                  .advice = "Is it the right file?" },
	[WRONG_STAGE] = { PREFLIGHT_ERROR, .code = "wrong-second-stage",
	                  .advice = "Use the file recovery.bin under this name" },
	[RECOVERY_STAGE] = { PREFLIGHT_ERROR, .code = "recovery-second-stage",
	                     .advice = "Use the ordinary one from bootfiles.bin" },
	[NOT_REGULAR] = { PREFLIGHT_WARNING, .code = "not-a-file", .advice = "Remove it" },
	[UNUSABLE] = { PREFLIGHT_ERROR, .code = "unusable-file" },
	[CONFIG_LARGE] = { PREFLIGHT_WARNING, .code = "large-config",
	                   .advice = "Is it the right file?" },
	[CONFIG_BINARY] = { PREFLIGHT_WARNING, .code = "binary-config",
	                    .advice = "Save it as plain text (ASCII or UTF-8)" },
	[CONFIG_INCLUDE] = { PREFLIGHT_NOTE, .code = "config-include" },
	[IRREVERSIBLE] = { PREFLIGHT_WARNING, .code = PREFLIGHT_IRREVERSIBLE,
	                   .advice = "Not intended? Put # before it" },
	[ERASES] = { PREFLIGHT_WARNING, .code = "erases-eeprom",
	             .advice = "The board starts over USB only until it is written again" },
	[NO_EEPROM] = { PREFLIGHT_ERROR, .err = ERR_UNFIT, .code = "no-eeprom-image",
	                .advice = "Make it with update-pieeprom.sh" },
	[NO_EEPROM_PERHAPS] = { PREFLIGHT_WARNING, .code = "no-eeprom-image" },
	[EEPROM_SIZE] = { PREFLIGHT_ERROR, .code = "eeprom-image-size",
	                  .advice = "Is it for another chip?" },
	[EEPROM_FORM] = { PREFLIGHT_ERROR, .code = "eeprom-image-form", .advice = UPDATE_PIEEPROM },
	[NO_SIG] = { PREFLIGHT_ERROR, .code = "no-sig", .advice = UPDATE_PIEEPROM },
	[BAD_SIG] = { PREFLIGHT_ERROR, .code = "malformed-sig", .advice = SIGN_AGAIN },
	[OTHER_TARGET] = { PREFLIGHT_ERROR, .code = "sig-target", .advice = SIGN_AGAIN },
	[OTHER_HASH] = { PREFLIGHT_ERROR, .code = "sig-mismatch", .advice = SIGN_AGAIN },
	[UNSIGNED] = { PREFLIGHT_NOTE, .code = "unsigned" },
	[NO_RAMDISK] = { PREFLIGHT_WARNING, .code = "no-boot-ramdisk",
	                 .advice = "Add the line boot_ramdisk=1" },
	[RAMDISK_PERHAPS] = { PREFLIGHT_NOTE, .code = "conditional-boot-ramdisk" },
	[NO_BOOT_IMG] = { PREFLIGHT_ERROR, .code = "no-boot-image",
	                  .advice = "Make it with rpi-make-boot-image" },
	[BOOT_IMG_FORM] = { PREFLIGHT_ERROR, .code = "boot-image-form",
	                    .advice = "Make it with rpi-make-boot-image" },
	[NO_MEMBER] = { PREFLIGHT_ERROR, .code = "no-firmware",
	                .advice = "Fetch bootfiles.bin again" },
	[NO_RP1] = { PREFLIGHT_WARNING, .code = "no-firmware",
	             .advice = "Fetch bootfiles.bin again" },
	[OLD_CHIP] = { PREFLIGHT_WARNING, .code = "old-chip" },
	[NO_START] = { PREFLIGHT_ERROR, .code = "no-firmware",
	               .advice = "Put it there, from the firmware that fits the second stage" },
};

/* --- the look at one chip's files */

struct check_ctx {
	struct preflight *preflight;
	struct preflight_chip *result;
	const struct bootfiles *files;
	const struct chip *chip;
	enum preflight_depth depth;

	/* the second stage: */
	bool is_usable, is_recovery;
	/* config.txt: */
	enum configtxt_applies ramdisk;
	bool erases, has_purpose; /* something to do without an EEPROM image */
};

static void add_finding(struct check_ctx *l, enum id id, const char *file, unsigned line,
                        enum err err, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

/* Adds a finding; ERR (if not OK) instead of the kind's own. */
static void add_finding(struct check_ctx *l, enum id id, const char *file, unsigned line,
                        enum err err, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	struct preflight_finding like = kinds[id];
	like.chips = preflight_bit(l->chip);
	like.line = line;
	if (err)
		like.err = err;
	preflight_add(l->preflight, &like, file, text);
}

/* PATH as seen from the boot directory. */
static const char *check_relative(const struct check_ctx *l, const char *path)
{
	size_t n = l->files->directory ? strlen(l->files->directory) : 0;
	if (n == 0 || strncmp(path, l->files->directory, n) != 0 || path[n] != '/')
		return path;
	return path + n + strspn(path + n, "/");
}

/* What a file is called in findings, to be freed; NULL: out of memory. */
static char *check_label(struct check_ctx *l, const char *name, const struct bootfile *file)
{
	char *s = file->source == SOURCE_ARCHIVE
	                  ? str_new("%s:%s/%s", check_relative(l, file->where), l->chip->directory,
	                            name)
	                  : str_new("%s", check_relative(l, file->where));
	if (!s)
		l->preflight->out_of_memory = true;
	return s;
}

/* A file of this look, open. */
struct item {
	struct bootfile file;
	char *label;
};

static void check_item_close(struct item *item)
{
	bootfile_close(&item->file);
	free(item->label);
	item->label = NULL;
}

/* Looks NAME up. Tells what is there but no use; boards that need it (NEEDED) then are not served. To be closed if true. */
static bool check_item_open(struct check_ctx *l, const char *name, bool needed, struct item *item)
{
	*item = (struct item){ .label = NULL };
	enum lookup_result answer = l->files->directory
	                                    ? bootfiles_find_own(l->files, name, &item->file)
	                                    : bootfiles_find(l->files, name, &item->file);
	if (answer == BOOTFILE_DENIED)
		return false;
	if (item->file.skipped)
		add_finding(l, NOT_REGULAR, check_relative(l, item->file.skipped), 0, OK,
		            "not a regular file: passed over");
	if (answer != BOOTFILE_ABSENT)
		item->label = check_label(l, name, &item->file);
	if (answer == BOOTFILE_FAILED && item->label)
		add_finding(l, UNUSABLE, item->label, 0, needed ? item->file.err : OK, "%s",
		            err_text(item->file.err));
	if (answer == BOOTFILE_FOUND && item->label)
		return true;
	check_item_close(item);
	return false;
}

/* Whether NAME is there with at least one byte: an empty file is the same as none to a board. */
static bool check_has(const struct check_ctx *l, const char *name)
{
	struct bootfile file;
	enum lookup_result answer = bootfiles_find_own(l->files, name, &file);
	bool there = answer == BOOTFILE_FAILED || (answer == BOOTFILE_FOUND && file.size > 0);
	if (answer != BOOTFILE_DENIED)
		bootfile_close(&file);
	return there;
}

/* Reads the first MAX bytes of an item, with a zero behind; to be freed. NULL: told. */
static char *check_item_read(struct check_ctx *l, const struct item *item, size_t max, size_t *n)
{
	*n = item->file.size < max ? item->file.size : max;
	char *bytes = malloc(*n + 1);
	if (!bytes) {
		l->preflight->out_of_memory = true;
		return NULL;
	}
	enum err err = bootfile_read(&item->file, 0, bytes, *n);
	bytes[*n] = 0;
	if (!err)
		return bytes;
	add_finding(l, UNUSABLE, item->label, 0, err, "%s", err_text(err));
	free(bytes);
	return NULL;
}

/* The hash of an item. NULL: told. */
static const uint8_t *check_item_hash(struct check_ctx *l, const struct item *item)
{
	enum { PIECE = 64 * 1024 };
	struct preflight *p = l->preflight;
	struct sha256 hash;
	bool keep = item->file.offset == 0; /* members of an archive share its path */
	if (keep && p->hashed && strcmp(p->hashed, item->file.where) == 0)
		return p->hash;
	free(p->hashed);
	p->hashed = NULL;
	uint8_t *chunk = malloc(PIECE);
	enum err err = chunk ? OK : ERR_MEMORY;
	sha256_init(&hash);
	for (uint32_t at = 0; !err && at < item->file.size; at += PIECE) {
		uint32_t n = item->file.size - at < PIECE ? item->file.size - at : PIECE;
		err = bootfile_read(&item->file, at, chunk, n);
		if (!err)
			sha256_add(&hash, chunk, n);
	}
	sha256_end(&hash, p->hash);
	free(chunk);
	if (err)
		add_finding(l, UNUSABLE, item->label, 0, OK, "%s", err_text(err));
	else if (keep)
		p->hashed = str_new("%s", item->file.where);
	return err ? NULL : p->hash;
}

/* --- the second stage */

static bool check_contains(const char *bytes, size_t n, const char *text)
{
	size_t length = strlen(text);
	for (const char *p = bytes; (p = memchr(p, *text, n - (size_t)(p - bytes))); p++) {
		if (n - (size_t)(p - bytes) < length)
			return false;
		if (memcmp(p, text, length) == 0)
			return true;
	}
	return false;
}

static void check_read_stage(struct check_ctx *l, const struct item *item)
{
	size_t n;
	if (item->file.size == 0)
		add_finding(l, EMPTY_STAGE, item->label, 0, OK, "empty");
	if (item->file.size > STAGE_MAX)
		add_finding(l, LARGE_STAGE, item->label, 0, OK,
		            "unusually large for a second stage");
	char *bytes = check_item_read(l, item, STAGE_MAX, &n);
	if (!bytes)
		return;
	l->is_usable = n > 0;
	l->is_recovery = l->chip->metadata && check_contains(bytes, n, "erase_eeprom");
	free(bytes);
}

/* False: there is none in the directory. */
static bool check_second_stage(struct check_ctx *l)
{
	struct item item;
	const char *name = l->chip->second_stage;
	if (check_item_open(l, name, true, &item)) {
		l->result->stage = str_new("%s", item.label);
		l->preflight->out_of_memory |= !l->result->stage;
		check_read_stage(l, &item);
		check_item_close(&item);
		return true;
	}
	if (check_has(l, name))
		return true; /* unusable: told */
	add_finding(l, NO_STAGE, name, 0, OK, "%s",
	            l->files->directory ? "no second stage for this chip"
	                                : "in none of the default folders");
	return false;
}

/* Whether boards whose second stage the directory lacks get the installation's: they too read config.txt. */
static bool check_has_legacy_stage(const struct check_ctx *l)
{
	struct bootfile file;
	enum lookup_result answer = bootfiles_find(l->files, l->chip->second_stage, &file);
	if (answer != BOOTFILE_DENIED)
		bootfile_close(&file);
	return answer == BOOTFILE_FOUND;
}

/* --- config.txt */

/* Recovery's keys that write one-time memory, and what that means. */
static const struct {
	const char *key, *effect;
} irreversible[] = {
	{ "program_pubkey", "the board boots only what is signed with the EEPROM's key" },
	{ "revoke_devkey", "BCM2711 refuses boot loaders of the development key" },
	{ "program_jtag_lock", "JTAG of boards with secure boot stays locked" },
	{ "program_rpiboot_gpio", "BCM2711 enters USB boot by this GPIO" },
};

static void check_take_irreversible(struct check_ctx *l, const char *file,
                                    const struct configtxt_setting *s)
{
	for (size_t i = 0; i < sizeof irreversible / sizeof *irreversible; i++) {
		char value[64];
		if (strcasecmp(s->key, irreversible[i].key) != 0 || !configtxt_is_on(s->value))
			continue;
		l->has_purpose = true;
		add_finding(l, IRREVERSIBLE, file, s->line, OK, "%s=%s can never be undone: %s",
		            irreversible[i].key, str_escape(value, sizeof value, s->value),
		            irreversible[i].effect);
	}
}

static void check_take_setting(struct check_ctx *l, const char *file,
                               const struct configtxt_setting *s)
{
	static const char *const purposes[] = { "eeprom_write_protect", "set_reboot_order",
		                                "recovery_wait" };
	if (l->chip->metadata)
		check_take_irreversible(l, file, s); /* whatever the filter says */
	if (strcasecmp(s->key, "include") == 0)
		add_finding(l, CONFIG_INCLUDE, file, s->line, OK,
		            "another file is included: not read");
	if (s->applies == CONFIGTXT_NO)
		return;
	bool on = configtxt_is_on(s->value);
	if (strcasecmp(s->key, "boot_ramdisk") == 0) {
		if (s->applies == CONFIGTXT_YES)
			l->ramdisk = on ? CONFIGTXT_YES : CONFIGTXT_NO;
		else if (on && l->ramdisk == CONFIGTXT_NO)
			l->ramdisk = CONFIGTXT_MAYBE;
	}
	if (strcasecmp(s->key, "erase_eeprom") == 0)
		l->erases = on;
	for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
		if (strcasecmp(s->key, purposes[i]) == 0)
			l->has_purpose = l->has_purpose || on;
}

static void check_config(struct check_ctx *l)
{
	struct item item;
	struct configtxt config;
	struct configtxt_setting setting;
	size_t n;
	if (!check_item_open(l, "config.txt", true, &item))
		return;
	char *text = check_item_read(l, &item, CONFIG_MAX, &n);
	if (text) {
		if (item.file.size > n)
			add_finding(l, CONFIG_LARGE, item.label, 0, OK,
			            "only the first %u bytes were looked at", CONFIG_MAX);
		if (memchr(text, 0, n))
			add_finding(l, CONFIG_BINARY, item.label, 0, OK, "not plain text");
		configtxt_open(&config, text, n, l->chip);
		while (configtxt_next(&config, &setting))
			check_take_setting(l, item.label, &setting);
	}
	free(text);
	check_item_close(&item);
}

/* --- .sig files */

/* Whether SIG, the text of NAME, is the hash of OF. */
static void check_compare_hash(struct check_ctx *l, const char *name, const struct sigfile *sig,
                               const char *of)
{
	struct item item;
	if (!check_item_open(l, of, false, &item))
		return;
	const uint8_t *hash = NULL;
	if (l->depth == PREFLIGHT_WHOLE || item.file.size <= QUICK_HASH)
		hash = check_item_hash(l, &item);
	if (hash && memcmp(hash, sig->sha256, SHA256_SIZE) != 0)
		add_finding(l, OTHER_HASH, name, 0, OK, "does not belong to %s", of);
	check_item_close(&item);
}

/* The .sig file NAME of OF. NEEDED: no board takes OF without it. */
static void check_sig(struct check_ctx *l, const char *name, const char *of, bool needed)
{
	struct item item;
	struct sigfile sig = { .has_hash = false };
	struct reason why;
	size_t n;
	if (!check_item_open(l, name, needed, &item)) {
		if (needed && !check_has(l, name))
			add_finding(l, NO_SIG, name, 0, OK, "not there");
		return;
	}
	char *text = check_item_read(l, &item, SIGFILE_MAX, &n);
	if (text) {
		bool bad = sigfile_parse(text, n, &sig, &why) != 0;
		if (!bad && needed && !*sig.time) /* recovery takes the time for the version */
			bad = reason_set(&why, "has no ts line") != 0;
		bool usable = sig.has_hash;
		if (bad) /* recovery takes an empty one for a missing one: nothing would be written */
			add_finding(l, BAD_SIG, item.label, (unsigned)why.where,
			            n == 0 && needed && l->is_recovery ? ERR_UNFIT : OK, "%s",
			            why.text);
		if (usable && *sig.soc && strcmp(sig.soc, l->chip->directory) != 0)
			add_finding(l, OTHER_TARGET, item.label, 0, OK, "made for another chip");
		if (usable && !sig.is_signed && !needed)
			add_finding(l, UNSIGNED, item.label, 0, OK,
			            "not signed: boards with secure boot do not take it");
		if (usable)
			check_compare_hash(l, item.label, &sig, of);
	}
	free(text);
	check_item_close(&item);
}

/* --- recovery */

static void check_eeprom(struct check_ctx *l)
{
	static const uint8_t magic[4] = { 0x55, 0xaa, 0xf0, 0x0f };
	uint32_t size = l->chip->product == 0x2711 ? 524288 : 2097152;
	uint8_t first[4];
	struct item item;
	if (!check_item_open(l, "pieeprom.bin", true, &item))
		return;
	if (item.file.size != size)
		add_finding(l, EEPROM_SIZE, item.label, 0, OK,
		            "%lu bytes, but %s has images of %lu", (unsigned long)item.file.size,
		            l->chip->name, (unsigned long)size);
	else if (l->depth == PREFLIGHT_WHOLE &&
	         bootfile_read(&item.file, 0, first, sizeof first) == OK &&
	         memcmp(first, magic, sizeof first) != 0)
		add_finding(l, EEPROM_FORM, item.label, 0, OK, "not an EEPROM image");
	check_item_close(&item);
	check_sig(l, "pieeprom.sig", "pieeprom.bin", true);
}

static void check_recovery(struct check_ctx *l)
{
	if (!l->is_recovery && l->result->stage)
		add_finding(l, WRONG_STAGE, l->result->stage, 0, OK,
		            "not recovery's second stage, it cannot write EEPROMs");
	if (l->erases)
		add_finding(l, ERASES, "config.txt", 0, OK,
		            "erase_eeprom=1 erases the boot loader");
	else if (check_has(l, "pieeprom.bin"))
		check_eeprom(l);
	else if (!check_has(l, "pieeprom.upd"))
		add_finding(l, l->has_purpose ? NO_EEPROM_PERHAPS : NO_EEPROM, "pieeprom.bin", 0,
		            OK, "not there or empty: nothing to write");
}

/* --- boot.img */

static void check_need_part(struct check_ctx *l, const char *name)
{
	char file[64];
	snprintf(file, sizeof file, "%s/%s", l->chip->directory, name);
	if (!check_has(l, name))
		add_finding(l, NO_MEMBER, file, 0, OK,
		            l->files->archive ? "neither in bootfiles.bin nor beside it"
		                              : "not there");
}

/* What the boot loader of a BCM2711 or BCM2712 consists of. Older second stages of BCM2711 have all in one. */
static void check_boot_loader(struct check_ctx *l)
{
	static const char *const parts[] = { "mcb.bin", "bootmain", "memsys00.bin" };
	bool is_2712 = l->chip->product == 0x2712;
	if (!l->files->archive && !is_2712)
		return;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		check_need_part(l, parts[i]);
	char name[24], before[24];
	for (unsigned i = 1; i < 16; i++) { /* one for each kind of memory, without gaps */
		snprintf(before, sizeof before, "memsys%02u.bin", i - 1);
		snprintf(name, sizeof name, "memsys%02u.bin", i);
		if (check_has(l, name))
			check_need_part(l, before);
	}
	if (is_2712 && !(check_has(l, "rp1c0fw1.bin") && check_has(l, "rp1c0fw2.bin")))
		add_finding(
			l, NO_RP1, "bootfiles.bin", 0, OK,
			"no firmware for RP1 (rp1c0fw1.bin, rp1c0fw2.bin): no Ethernet, no USB");
}

static int64_t check_read_item(void *ctx, uint64_t offset, void *to, size_t n)
{
	struct item *item = ctx;
	if (offset >= item->file.size)
		return 0;
	size_t rest = item->file.size - (size_t)offset;
	n = n < rest ? n : rest;
	return bootfile_read(&item->file, offset, to, n) == OK ? (int64_t)n : -1;
}

static void check_image(struct check_ctx *l)
{
	struct item item;
	struct fatvolume volume;
	struct reason why;
	if (!check_item_open(l, "boot.img", false, &item))
		return;
	bool good = fatvolume_open(&volume, check_read_item, &item, item.file.size, &why) == 0;
	if (!good)
		add_finding(l, BOOT_IMG_FORM, item.label, 0, OK, "%s", why.text);
	check_item_close(&item);
	if (good)
		check_sig(l, "boot.sig", "boot.img", false);
}

static void check_gadget(struct check_ctx *l)
{
	if (l->is_recovery)
		add_finding(l, RECOVERY_STAGE, l->result->stage, 0, OK,
		            "recovery's second stage, it does not start boot.img");
	if (!check_has(l, "boot.img"))
		add_finding(l, NO_BOOT_IMG, "boot.img", 0, OK,
		            "not there, but config.txt wants it");
	if (l->ramdisk == CONFIGTXT_NO)
		add_finding(
			l, NO_RAMDISK, "config.txt", 0, OK,
			"no boot_ramdisk=1 for this chip: only boards with secure boot use boot.img");
	if (l->ramdisk == CONFIGTXT_MAYBE)
		add_finding(l, RAMDISK_PERHAPS, "config.txt", 0, OK,
		            "boot_ramdisk=1 stands under a filter that not every board passes");
	if (l->depth == PREFLIGHT_WHOLE)
		check_image(l);
	if (l->chip->metadata)
		check_boot_loader(l);
	else if (l->ramdisk != CONFIGTXT_YES &&
	         !check_has(l, "start.elf")) /* it is in boot.img, too */
		add_finding(l, NO_START, "start.elf", 0, OK,
		            "not there, but the second stage wants it");
	if (!l->chip->gadget)
		add_finding(l, OLD_CHIP, "boot.img", 0, OK,
		            "this chip starts only a 32-bit kernel");
}

static void check_legacy(struct check_ctx *l)
{
	const char *name = l->chip->product == 0x2711 ? "start4.elf" : "start.elf";
	struct bootfile file;
	enum lookup_result answer = bootfiles_find(l->files, name, &file);
	if (answer == BOOTFILE_ABSENT)
		add_finding(l, NO_START, name, 0, OK, "not there, but the second stage wants it");
	if (answer != BOOTFILE_DENIED)
		bootfile_close(&file);
}

/* --- all of it */

static enum preflight_kind check_kind_of(const struct check_ctx *l)
{
	if (!l->files->directory)
		return PREFLIGHT_LEGACY;
	bool image = l->ramdisk != CONFIGTXT_NO || check_has(l, "boot.img");
	bool firmware = check_has(l, "start.elf") || check_has(l, "start4.elf");
	bool eeprom = l->chip->metadata &&
	              (check_has(l, "pieeprom.bin") || check_has(l, "pieeprom.upd"));
	bool keys = l->chip->metadata && (l->erases || l->has_purpose);
	if (l->is_recovery)
		return image && !eeprom && !keys ? PREFLIGHT_GADGET : PREFLIGHT_RECOVERY;
	if (image)
		return PREFLIGHT_GADGET;
	if (!firmware && (eeprom || (keys && !check_has(l, "bootmain"))))
		return PREFLIGHT_RECOVERY;
	return firmware && !l->files->archive && !check_has(l, "config.txt") ? PREFLIGHT_LEGACY
	                                                                     : PREFLIGHT_OTHER;
}

void preflight_files(struct preflight *preflight, const struct bootfiles *files,
                     enum preflight_depth depth)
{
	if (preflight->out_of_memory)
		return;
	struct preflight_chip *result = &preflight->chips[files->chip - chip_table];
	struct check_ctx l = { .preflight = preflight,
		               .result = result,
		               .files = files,
		               .chip = files->chip,
		               .depth = depth };
	result->looked_at = true;
	if (files->directory) {
		result->directory = str_new("%s", files->directory);
		preflight->out_of_memory |= !result->directory;
	}
	bool has_stage = check_second_stage(&l);
	if (has_stage || check_has_legacy_stage(&l))
		check_config(&l);
	if (!has_stage)
		return;
	result->kind = check_kind_of(&l);
	if (depth == PREFLIGHT_START || !l.is_usable)
		return;
	if (result->kind == PREFLIGHT_RECOVERY)
		check_recovery(&l);
	else if (result->kind == PREFLIGHT_GADGET)
		check_gadget(&l);
	else if (result->kind == PREFLIGHT_LEGACY)
		check_legacy(&l);
}
