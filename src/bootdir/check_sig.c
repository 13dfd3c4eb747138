/* SPDX-License-Identifier: Apache-2.0 */
/* .sig files: their text, and whether the hash in them is that of the file they stand beside. */
#include "bootdir/check_ctx.h"

#include "formats/sigfile.h"

#include <stdlib.h>
#include <string.h>

#define QUICK_HASH (4u * 1024 * 1024) /* bytes of the largest file that is hashed before a run */

/* How a .sig file of OF is made. */
static const char *check_sig_advice(const char *of)
{
	return strcmp(of, "pieeprom.bin") == 0
	               ? "Make both files: cd @ && ./update-pieeprom.sh"
	               : "Make it again: rpi-eeprom-digest -i @/boot.img -o @/boot.sig -k KEY";
}

static const struct rule other_hash = { .code = "sig-mismatch", .severity = FINDING_ERROR };

/* Whether SIG, the text of NAME, has the hash of OF. */
static void check_sig_hash(struct check_ctx *c, const char *name, const struct sigfile *sig,
                           const char *of)
{
	struct check_item item;
	uint8_t hash[SHA256_SIZE];
	if (!check_item_open(c, of, false, &item))
		return;
	if ((c->depth == CHECKS_WHOLE || item.file.size <= QUICK_HASH) &&
	    check_item_hash(c, &item, hash) && memcmp(hash, sig->sha256, SHA256_SIZE) != 0)
		check_add_advice(c, &other_hash, OK, name, 0, check_sig_advice(of),
		                 "does not belong to %s: the board refuses the two", of);
	check_item_close(&item);
}

static const struct rule bad_sig = { .code = "malformed-sig", .severity = FINDING_ERROR };
static const struct rule other_target = { .code = "sig-target", .severity = FINDING_ERROR };
static const struct rule is_unsigned = { .code = "unsigned", .severity = FINDING_NOTE };

static void check_sig_text(struct check_ctx *c, const struct check_item *item, const char *of,
                           bool needed, const char *text, size_t n)
{
	struct sigfile sig;
	struct reason why;
	bool bad = sigfile_parse(text, n, &sig, &why) != 0;
	if (!bad && needed && !*sig.time) /* recovery takes the time for the version */
		bad = reason_set(&why, "has no ts line") != 0;
	if (bad) /* recovery takes an empty one for a missing one: nothing would be written */
		check_add_advice(c, &bad_sig, n == 0 && needed && c->is_recovery ? ERR_UNFIT : OK,
		                 item->label, (unsigned)why.where, check_sig_advice(of), "%s",
		                 why.text);
	if (!sig.has_hash)
		return;
	if (*sig.soc && strcmp(sig.soc, c->chip->directory) != 0)
		check_add_advice(c, &other_target, OK, item->label, 0, check_sig_advice(of),
		                 "made for %s, not for this chip", sig.soc);
	if (!sig.is_signed && !needed)
		check_add_advice(c, &is_unsigned, OK, item->label, 0,
		                 "To sign it: rpi-sign-boot-folder -d @ KEY",
		                 "not signed: boards with secure boot do not take it");
	check_sig_hash(c, item->label, &sig, of);
}

static const struct rule no_sig = { .code = "no-sig", .severity = FINDING_ERROR };

/* The .sig file NAME of OF. NEEDED: no board takes OF without it. */
void check_sig(struct check_ctx *c, const char *name, const char *of, bool needed)
{
	struct check_item item;
	size_t n;
	if (!check_item_open(c, name, needed, &item)) {
		if (needed && !check_has(c, name))
			check_add_advice(c, &no_sig, OK, name, 0, check_sig_advice(of),
			                 "not there: without it the board does not take %s", of);
		return;
	}
	char *text = check_item_read(c, &item, SIGFILE_MAX, &n);
	if (text)
		check_sig_text(c, &item, of, needed, text, n);
	free(text);
	check_item_close(&item);
}
