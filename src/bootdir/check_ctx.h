/* SPDX-License-Identifier: Apache-2.0 */
/* For the rules of bootdir/checks.c only: one chip's view of a boot directory while it is checked, access to its files,
 * and adding findings. A rule stands above the function that applies it:
 *
 *	static const struct rule no_sig = { .code = "no-sig", ... };
 *	check_add(c, &no_sig, "pieeprom.sig", 0, "not there: ...");
 */
#ifndef CHECK_CTX_H
#define CHECK_CTX_H

#include "bootdir/bootfiles.h"
#include "bootdir/check_depth.h"
#include "bootdir/findings.h"
#include "formats/configtxt.h"
#include "formats/eeprom.h"
#include "formats/rawkey.h"
#include "formats/sha256.h"

struct rule {
	const char *code;
	enum findings_severity severity;
	enum err err; /* like check_finding.err */
	bool in_runs; /* the same */
	/* "@" stands for the boot directory, "@@" for itself; NULL: none, or check_add_advice */
	const char *advice;
};

/* A hash that chips share: large files are read once. */
struct check_cache {
	char *hashed; /* owned path; NULL: none yet */
	uint8_t hash[SHA256_SIZE];
};

/* A public key, by its hash. */
struct check_key {
	bool known;
	uint8_t hash[RAWKEY_HASH];
};

/* What is inside pieeprom.bin. */
struct check_eeprom {
	bool looked, readable;
	uint8_t *bytes; /* owned */
	struct eeprom image;
	struct check_key pubkey; /* pubkey.bin */
	struct check_key
		boot_code; /* the customer's trailer of the boot code; of bootsys, too, in an A/B image */
	bool boot_code_differs; /* an A/B image in which only one of them has it, or another key's */
	bool config_signed;     /* bootconf.sig has a signature */
	const char *
		config_problem; /* bootconf.sig is not bootconf.txt's; NULL: it is, or is not there */
};

#define CHECK_LOCKS 8 /* irreversible settings that are remembered */

struct check_ctx {
	struct findings *findings;
	struct findings_chip *result;
	const struct bootfiles *files;
	const struct chip *chip;
	enum checks_depth depth;
	struct check_cache *cache; /* NULL: none */

	/* the second stage: */
	bool is_usable, is_recovery,
		is_legacy; /* legacy: comes from msd/ or the program, not from the directory */
	bool knows_ramdisk;
	struct check_key stage_key; /* of its customer trailer */

	/* config.txt: */
	enum configtxt_applies ramdisk;
	bool erases, has_purpose; /* something to do without an EEPROM image */
	bool locks;               /* program_pubkey */
	bool silent;              /* recovery_metadata=0 */

	struct check_eeprom eeprom;
};

/* Adds a finding; the second form with an ADVICE of its own and, if ERR is not OK, that error. */
void check_add(struct check_ctx *c, const struct rule *rule, const char *file, unsigned line,
               const char *format, ...) __attribute__((format(printf, 5, 6)));
/* TEXT for an advice, with each "@" standing for itself; to be freed, NULL: out of memory. */
char *check_literal(const char *text);

void check_add_advice(struct check_ctx *c, const struct rule *rule, enum err err, const char *file,
                      unsigned line, const char *advice, const char *format, ...)
	__attribute__((format(printf, 7, 8)));

/* A file of the directory, open. */
struct check_item {
	struct bootfile file;
	char *label; /* owned; its name in findings */
};

/* Looks NAME up, without the legacy firmware if the directory is the operator's. Adds a finding for what is there but
 * cannot be used; NEEDED: boards that need it are then not served. To be closed if true. */
bool check_item_open(struct check_ctx *c, const char *name, bool needed, struct check_item *item);
void check_item_close(struct check_item *item);

/* Takes over a file that was found, as an item. False: out of memory; the file is closed. */
bool check_item_take(struct check_ctx *c, const char *name, const struct bootfile *file,
                     struct check_item *item);

/* Whether NAME is there with at least one byte: an empty file is the same as none to a board. */
bool check_has(const struct check_ctx *c, const char *name);

/* Reads the first MAX bytes of an item, NUL-terminated, to be freed. NULL: a finding was added. */
char *check_item_read(struct check_ctx *c, const struct check_item *item, size_t max, size_t *n);

/* The SHA-256 of an item. False: a finding was added. */
bool check_item_hash(struct check_ctx *c, const struct check_item *item, uint8_t hash[SHA256_SIZE]);

/* A reader_fn for an item (ctx). */
int64_t check_item_reader(void *ctx, uint64_t offset, void *to, size_t n);

/* PATH as seen from the boot directory. */
const char *check_relative(const struct check_ctx *c, const char *path);

/* The last component of the directory's name; "" for the legacy firmware. */
const char *check_directory_name(const struct bootfiles *files);

/* The number of characters of "d34ba1…": enough of a hash for people. */
#define CHECK_HASH_TEXT (2 * SHA256_SIZE + 1)
const char *check_hash_text(const uint8_t hash[SHA256_SIZE], char to[CHECK_HASH_TEXT]);

/* Whether KEY and OTHER are both known and equal. */
bool check_same_key(const struct check_key *key, const struct check_key *other);

/* Whether N bytes contain TEXT. */
bool check_contains(const char *bytes, size_t n, const char *text);

/* --- the rules, by subject. Those that return bool: whether the subject is there. */

bool check_second_stage(struct check_ctx *c); /* check_stage.c */
void check_config(struct check_ctx *c);       /* check_config.c */
void check_private_keys(struct check_ctx *c); /* check_keys.c */
void check_read_eeprom(struct check_ctx *c);  /* check_eeprom.c: fills c->eeprom, once */
void check_recovery(struct check_ctx *c);     /* check_recovery.c */
void check_image(struct check_ctx *c);        /* check_image.c: boot.img and what starts it */
void check_known(struct check_ctx *c);        /* check_known.c: remarks about bootfiles.bin */
void check_legacy(struct check_ctx *c);       /* check_image.c: start.elf */
void check_sig(struct check_ctx *c, const char *name, const char *of,
               bool needed); /* check_sig.c */

#endif
