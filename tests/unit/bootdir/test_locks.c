/* SPDX-License-Identifier: Apache-2.0 */
/* Which combinations of a signed image, a counter-signed flashing program and program_pubkey a board survives. Facts:
 * docs/formats.md 4 (a counter-signed program starts only on a locked BCM2712, a plain one only on an open one) and
 * docs/secure-boot.md. Images are built with the tools' own writers. */
#include "bootdir/checks.h"
#include "bootdir/enforce.h"
#include "formats/eeprom.h"
#include "formats/hex.h"
#include "formats/trailer.h"

#include "samples.h"
#include "unit/bootfolder.h"

enum { CODE = 8192 };

static uint8_t image[EEPROM_SIZE_2712];
static struct eeprom eeprom;
static struct findings p;
static const char *const no_roots[] = { NULL };
static const struct bootfiles_places places = { .directory = "f", .roots = no_roots };

/* A sound raw key that differs with N. */
static const uint8_t *key(uint8_t n)
{
	static uint8_t raw[RAWKEY_SIZE];
	memset(raw, n, sizeof raw);
	raw[0] = 1;
	raw[RAWKEY_MODULUS - 1] = 0x80;
	memset(raw + RAWKEY_MODULUS, 0, RAWKEY_EXPONENT);
	raw[RAWKEY_MODULUS] = 3;
	return raw;
}

/* A program with TEXT in it; SIGNER: 0, or the number of the key that counter-signed it. */
static size_t program(uint8_t to[CODE + TRAILER_2712], const char *text, uint8_t signer)
{
	memset(to, 0xa5, CODE);
	memcpy(to + 64, text, strlen(text));
	if (!signer)
		return CODE;
	memset(to + CODE, 0, TRAILER_2712);
	trailer_put_integers(TRAILER_CHIP_2712, CODE, TRAILER_CUSTOMER, 0, to + CODE);
	memcpy(to + CODE + TRAILER_2712 - RAWKEY_SIZE, key(signer), RAWKEY_SIZE);
	return CODE + TRAILER_2712;
}

/* What is in the image: numbers of keys, 0 for none. */
struct content {
	uint8_t pubkey, boot_code, bootsys;
	bool config_signed, other_config;
};

static void replace(const char *name, const void *bytes, size_t n)
{
	struct reason why;
	if (eeprom_replace(&eeprom, name, bytes, n, &why) != 0)
		TAP_FAIL("%s: %s", name, why.text);
}

static void put_config_sig(bool other)
{
	static const char config[] = "[all]\nBOOT_UART=1\n";
	struct sha256 sha256;
	uint8_t hash[SHA256_SIZE];
	char text[1024];
	replace("bootconf.txt", config, sizeof config - 1);
	sha256_init(&sha256);
	sha256_add(&sha256, config, sizeof config - 1 - other);
	sha256_end(&sha256, hash);
	hex_encode(hash, sizeof hash, text);
	snprintf(text + 64, sizeof text - 64, "\nts: 1700000000\nrsa2048: %0512d\n", 0);
	replace("bootconf.sig", text, strlen(text));
}

/* The build time that images carry (docs/secure-boot.md, 8), somewhere in a resource. */
static const char *build_time = "1700000000";

static void put_build_time(bool is_2712)
{
	char text[40];
	int n = snprintf(text, sizeof text, "BUILD_TIMESTAMP=%s", build_time);
	if (*build_time)
		memcpy(image + (is_2712 ? 0x11300 : 0x20100), text, (size_t)n + 1);
}

/* Fills the image of CHIP and writes it as f/pieeprom.bin with its .sig. */
static void put_image(const char *chip, const struct content *c)
{
	static uint8_t code[CODE + TRAILER_2712];
	struct reason why;
	bool is_2712 = strcmp(chip, "2712") == 0;
	size_t size = is_2712 ? SAMPLE_S2_SIZE : SAMPLE_S1_SIZE;
	if (is_2712)
		sample_s2(image, false);
	else
		sample_s1(image);
	put_build_time(is_2712);
	CHECK_INT(eeprom_open(&eeprom, image, size, &why), 0);
	if (is_2712) { /* an A/B image: boot code in two parts */
		size_t n = program(code, "boot code", c->boot_code);
		CHECK_INT(eeprom_replace_bootcode(&eeprom, code, n, &why), 0);
		if (c->bootsys) {
			memset(code, 0x11, 0x1000);
			trailer_put_integers(TRAILER_CHIP_2712, 0x1000, TRAILER_CUSTOMER, 0,
			                     code + 0x1000);
			memcpy(code + 0x1000 + TRAILER_2712 - RAWKEY_SIZE, key(c->bootsys),
			       RAWKEY_SIZE);
			replace("bootsys", code, 0x1000 + TRAILER_2712);
		}
	}
	if (c->pubkey)
		replace("pubkey.bin", key(c->pubkey), RAWKEY_SIZE);
	if (c->config_signed)
		put_config_sig(c->other_config);
	put_bytes("f/pieeprom.bin", image, size);
	put_sig("f/pieeprom.sig", "f/pieeprom.bin", "");
}

static void put_program(const char *chip, uint8_t signer)
{
	static uint8_t bytes[CODE + TRAILER_2712];
	size_t n = program(bytes, "erase_eeprom", signer);
	put_bytes(strcmp(chip, "2712") == 0 ? "f/bootcode5.bin" : "f/bootcode4.bin", bytes, n);
}

static const struct check_finding *finding(const char *code)
{
	for (size_t i = 0; i < p.count; i++)
		if (strcmp(p.entries[i].code, code) == 0)
			return &p.entries[i];
	return NULL;
}

/* --- what ends a run, and what is a warning */

static const struct {
	const char *what, *chip;
	struct content image;
	uint8_t program;
	bool lock;
	const char *
		code; /* expected finding; NULL: neither errors nor warnings but irreversible-key */
	int severity;
	bool stops;
} cases[] = {
	{ "plain, open", "2712", { 0 }, 0, false, NULL, 0, false },
	{ "first lock", "2712", { 1, 1, 1, true, false }, 0, true, NULL, 0, false },
	{ "lock without key",
	  "2712",
	  { 0, 0, 0, false, false },
	  0,
	  true,
	  "lock-without-key",
	  FINDING_ERROR,
	  true },
	{ "lock, config not signed",
	  "2712",
	  { 1, 1, 1, false, false },
	  0,
	  true,
	  "lock-unsigned-config",
	  FINDING_ERROR,
	  true },
	{ "lock, another config",
	  "2712",
	  { 1, 1, 1, true, true },
	  0,
	  true,
	  "lock-unsigned-config",
	  FINDING_ERROR,
	  true },
	{ "lock, plain boot code",
	  "2712",
	  { 1, 0, 0, true, false },
	  0,
	  true,
	  "lock-unsigned-boot-code",
	  FINDING_ERROR,
	  true },
	{ "lock, only bootcode signed",
	  "2712",
	  { 1, 1, 0, true, false },
	  0,
	  true,
	  "lock-unsigned-boot-code",
	  FINDING_ERROR,
	  true },
	{ "lock, two keys",
	  "2712",
	  { 1, 2, 2, true, false },
	  0,
	  true,
	  "key-mismatch",
	  FINDING_ERROR,
	  true },
	{ "lock with a counter-signed program",
	  "2712",
	  { 1, 1, 1, true, false },
	  1,
	  true,
	  "counter-signed-recovery",
	  FINDING_WARNING,
	  false },
	{ "update of a locked board",
	  "2712",
	  { 1, 1, 1, true, false },
	  1,
	  false,
	  "counter-signed-recovery",
	  FINDING_WARNING,
	  false },
	{ "locked board, plain image",
	  "2712",
	  { 0 },
	  1,
	  false,
	  "lock-without-key",
	  FINDING_ERROR,
	  true },
	{ "locked board, another key",
	  "2712",
	  { 2, 2, 2, true, false },
	  1,
	  false,
	  "key-mismatch",
	  FINDING_ERROR,
	  true },
	{ "counter-signed image, open board",
	  "2712",
	  { 1, 1, 1, true, false },
	  0,
	  false,
	  "counter-signed-image",
	  FINDING_WARNING,
	  false },
	{ "2711: signed, open", "2711", { 1, 0, 0, true, false }, 0, false, NULL, 0, false },
	{ "2711: lock", "2711", { 1, 0, 0, true, false }, 0, true, NULL, 0, false },
	{ "2711: lock without key",
	  "2711",
	  { 0 },
	  0,
	  true,
	  "lock-without-key",
	  FINDING_ERROR,
	  true },
	{ "2711: lock, config not signed",
	  "2711",
	  { 1, 0, 0, false, false },
	  0,
	  true,
	  "lock-unsigned-config",
	  FINDING_ERROR,
	  true },
};

static void combinations(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fresh("f");
		put_program(cases[i].chip, cases[i].program);
		put_image(cases[i].chip, &cases[i].image);
		put("f/config.txt", cases[i].lock ? "program_pubkey=1\n" : "uart_2ndstage=1\n");
		findings_free(&p);
		findings_init(&p);
		CHECK_INT(checks_directory(&p, &places, chip_by_name(cases[i].chip), NULL), OK);
		bool stops = false;
		for (size_t k = 0; k < p.count; k++) {
			const struct check_finding *f = &p.entries[k];
			stops = stops || f->err;
			if (!cases[i].code && f->severity != FINDING_NOTE &&
			    strcmp(f->code, FINDINGS_IRREVERSIBLE) != 0)
				TAP_FAIL("%s: unexpected %s: %s", cases[i].what, f->code, f->text);
		}
		if (stops != cases[i].stops)
			TAP_FAIL("%s: %s", cases[i].what,
			         stops ? "stops a run" : "does not stop it");
		if (!cases[i].code)
			continue;
		const struct check_finding *f = finding(cases[i].code);
		if (!f || (int)f->severity != cases[i].severity)
			TAP_FAIL("%s: %s is missing, or of another severity", cases[i].what,
			         cases[i].code);
	}
}

/* A signed image whose boot loader does not know signatures, or may not: 1632136573 (2021-09-20) is the oldest that
 * signing takes, and every published image carries its build time (docs/secure-boot.md, 7). What is not certain does not
 * stop a run. */
static void boot_loaders_without_secure_boot(void)
{
	static const struct {
		const char *time, *code;
		enum err err;
	} times[] = { { "1632136572", "lock-old-boot-loader", ERR_UNFIT },
		      { "1632136573", NULL, OK },
		      { "", "lock-undated-boot-loader", OK } };
	static const char *const chips[] = { "2711", "2712" };
	for (size_t i = 0; i < 6; i++) {
		const char *chip = chips[i % 2], *code = times[i / 2].code;
		build_time = times[i / 2].time;
		fresh("f");
		put_program(chip, 0);
		put_image(chip, &(struct content){ 1, i % 2, i % 2, true, false });
		put("f/config.txt", "program_pubkey=1\n");
		findings_free(&p);
		findings_init(&p);
		CHECK_INT(checks_directory(&p, &places, chip_by_name(chip), NULL), OK);
		const struct check_finding *f = code ? finding(code) : NULL;
		if (!f != !code ||
		    (f && (f->severity != FINDING_ERROR || f->err != times[i / 2].err)))
			TAP_FAIL("%s, built at \"%s\"", chip, build_time);
		CHECK_INT(finding("lock-old-boot-loader") != NULL, i / 2 == 0);
		CHECK_INT(finding("lock-undated-boot-loader") != NULL, i / 2 == 2);
		put("f/config.txt", "uart_2ndstage=1\n");
		findings_free(&p);
		findings_init(&p);
		CHECK_INT(checks_directory(&p, &places, chip_by_name(chip), NULL), OK);
		CHECK(!finding("lock-old-boot-loader") && !finding("lock-undated-boot-loader"));
	}
	build_time = "1700000000";
}

/* The warning names the key that will be burnt: SHA-256 of the raw key (docs/formats.md). */
static void the_warning_names_the_key(void)
{
	uint8_t hash[RAWKEY_HASH];
	char text[2 * RAWKEY_HASH + 1];
	fresh("f");
	put_program("2712", 0);
	put_image("2712", &(struct content){ 1, 1, 1, true, false });
	put("f/config.txt", "program_pubkey=1\n");
	findings_free(&p);
	findings_init(&p);
	CHECK_INT(checks_directory(&p, &places, chip_by_name("2712"), NULL), OK);
	rawkey_hash(key(1), hash);
	hex_encode(hash, sizeof hash, text);
	CHECK(finding(FINDINGS_IRREVERSIBLE));
	CHECK(strstr(finding(FINDINGS_IRREVERSIBLE)->text, text));
	CHECK(strstr(finding("eeprom-image")->text, text));
}

/* --- --expect-key */

static unsigned errors;

static void see(struct observer *self, const struct event *e)
{
	(void)self;
	errors += e->kind == EV_ERROR;
}

static void end(struct observer *self)
{
	(void)self;
}

static enum err enforced_for(struct enforce *enforce, enum stage stage)
{
	struct board_facts facts = { .path = "1-1", .chip = chip_by_name("2712"), .stage = stage };
	struct bootfiles files;
	CHECK_INT(bootfiles_open(&files, &places, facts.chip, facts.path), OK);
	enum err err = enforce_board(enforce, &files, &facts);
	bootfiles_close(&files);
	return err;
}

static void another_key_than_expected(void)
{
	struct observer observer = { .see = see, .end = end };
	struct report *report = report_new();
	uint8_t hash[RAWKEY_HASH];
	report_add(report, &observer);
	for (uint8_t expected = 1; expected <= 2; expected++) {
		struct enforce *enforce = enforce_new(&places, false, report);
		rawkey_hash(key(expected), hash);
		enforce_expect_key(enforce, hash);
		put("f/config.txt", "program_pubkey=1\n");
		CHECK_INT(enforce_run(enforce), expected == 1 ? OK : ERR_UNFIT);
		/* changed meanwhile, or in the board's overlay; also for a board whose recovery program runs already */
		CHECK_INT(enforced_for(enforce, STAGE_BOOT_ROM), expected == 1 ? OK : ERR_UNFIT);
		CHECK_INT(enforced_for(enforce, STAGE_FILE_SERVER), expected == 1 ? OK : ERR_UNFIT);
		put("f/config.txt", "#program_pubkey=1\n"); /* nothing is burnt */
		CHECK_INT(enforce_run(enforce), OK);
		enforce_free(enforce);
	}
	CHECK_INT(errors, 3);
	report_free(report);
}

int main(void)
{
	tap_enter_scratch();
	RUN(combinations);
	RUN(boot_loaders_without_secure_boot);
	RUN(the_warning_names_the_key);
	RUN(another_key_than_expected);
	findings_free(&p);
	return tap_end();
}
