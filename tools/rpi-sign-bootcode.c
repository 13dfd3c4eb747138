/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-sign-bootcode: appends the signed trailer that the boot ROM checks to a second stage; shows and checks trailers. */
#include "formats/hex.h"
#include "base/str.h"
#include "args.h"
#include "rsakey.h"
#include "signing.h"
#include "tool.h"
#include "tools.h"
#include "trailersig.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { OPT_VERIFY = 256, BASE64_MAX = 2 * TRAILER_LIMIT, FILE_MAX = 16 << 20 };

struct job {
	const char *input, *output, *private_key, *public_key, *wrapper, *hmac, *extract, *verify;
	const char *chip_text, *keynum_text, *version_text;
	bool debug, help;

	/* the texts as numbers: */
	enum trailer_chip chip;
	int keynum, version;
};

#define TO(field) offsetof(struct job, field)
static const struct args_row rows[] = {
	{ 'c', "chip", "CHIP", "2711 or 2712 (required)", TO(chip_text) },
	{ 'i', "input", "FILE", "the second stage; without: base64 from standard\ninput",
	  TO(input) },
	{ 'o', "output", "FILE", "the signed one; without: base64 to standard output", TO(output) },
	{ 'k', "private-key", "KEY", "the RSA-2048 key to sign with (PEM, DER, pkcs11:\nURI)",
	  TO(private_key) },
	{ 'p', "public-key", "KEY",
	  "with -H: the public key; with --verify: whose\ntrailer the outermost one must be",
	  TO(public_key) },
	{ 'H', "hsm-wrapper", "PROGRAM", "sign through `PROGRAM -a rsa2048-sha256 FILE`",
	  TO(wrapper) },
	{ 'n', "private-keynum", "N",
	  "key number: 16 is the customer's key, 0 to 4 are\nRaspberry Pi's (default 0)",
	  TO(keynum_text) },
	{ 'v', "private-version", "N", "version 0 to 32, against rollback (default 0;\n2712 only)",
	  TO(version_text) },
	{ 'm', "hmac", "FILE", "2711: the HMAC key, 40 hexadecimal digits", TO(hmac) },
	{ 'e', "extract", "FILE", "show the trailers of FILE", TO(extract) },
	{ OPT_VERIFY, "verify", "FILE", "check length and signature of all trailers of FILE",
	  TO(verify) },
	{ 'd', "debug", NULL, "show on standard error what is signed", TO(debug) },
	{ 'h', "help", NULL, "show this text", TO(help) },
};

static const struct args_table table = {
	.program = "rpi-sign-bootcode",
	.synopsis = "-c CHIP {-k KEY | -H PROGRAM -p KEY} [OPTION]...\n"
		    "       rpi-sign-bootcode -c CHIP {-e | --verify} FILE [-p KEY]",
	.about = "Signs the second stage of a Raspberry Pi, shows or checks its signatures.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
};

/* --- arguments */

static bool sign_parse_number(const char *text, int *value)
{
	unsigned long n = 0;
	bool good = str_number(text, 9999, &n);
	*value = (int)n;
	return good;
}

static int sign_take_numbers(struct job *job)
{
	int chip = 0;
	if (job->chip_text && (!sign_parse_number(job->chip_text, &chip) ||
	                       (chip != TRAILER_CHIP_2711 && chip != TRAILER_CHIP_2712)))
		return tool_usage(table.program, "chip %s is neither 2711 nor 2712",
		                  job->chip_text);
	job->chip = (enum trailer_chip)chip;
	if (job->keynum_text &&
	    (!sign_parse_number(job->keynum_text, &job->keynum) ||
	     (job->keynum > TRAILER_KEY_RPI && job->keynum != TRAILER_CUSTOMER)))
		return tool_error("Bad key number %s", job->keynum_text);
	if (job->version_text && (!sign_parse_number(job->version_text, &job->version) ||
	                          job->version > TRAILER_VERSION))
		return tool_error("Bad version number %s must be between 0-32", job->version_text);
	return TOOL_OK;
}

/* Scripts pass variables that may be empty: such an argument counts as none. */
static void sign_ignore_empty(struct job *job)
{
	const char **options[] = { &job->private_key, &job->public_key, &job->wrapper, &job->hmac };
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (*options[i] && !**options[i])
			*options[i] = NULL;
}

/* What is missing for the wanted action. NULL: nothing. */
static const char *sign_missing(const struct job *job)
{
	bool show = job->extract || job->verify;
	if (!job->chip)
		return "no chip given (-c)";
	if (show && (job->input || job->output || (job->extract && job->verify)))
		return "-e and --verify exclude each other, -i and -o";
	if (job->verify && job->chip == TRAILER_CHIP_2711 && !job->public_key)
		return "a 2711 trailer does not carry its key: --verify needs -p";
	return NULL;
}

static int sign_parse_arguments(struct job *job, int argc, char **argv)
{
	int result = args_parse(&table, argc, argv, job);
	if (result != TOOL_OK || job->help)
		return result;
	sign_ignore_empty(job);
	result = sign_take_numbers(job);
	if (result != TOOL_OK)
		return result;
	const char *what = sign_missing(job);
	return what ? tool_usage(table.program, "%s", what) : TOOL_OK;
}

/* --- input and output */

static int sign_read_base64(struct bytes *out)
{
	struct bytes text;
	int err = tool_read_stream(stdin, BASE64_MAX, &text);
	if (err)
		return tool_error("standard input cannot be read: %s", strerror(err));
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	*out = (struct bytes){ .data = (uint8_t *)calloc(1, text.size + 1) };
	int first = 0, rest = 0;
	bool good = ctx && out->data;
	if (good) {
		EVP_DecodeInit(ctx);
		good = EVP_DecodeUpdate(ctx, out->data, &first, text.data, (int)text.size) >= 0 &&
		       EVP_DecodeFinal(ctx, out->data + first, &rest) == 1;
		out->size = (size_t)first + (size_t)rest;
	}
	EVP_ENCODE_CTX_free(ctx);
	tool_bytes_free(&text);
	if (good)
		return TOOL_OK;
	tool_bytes_free(out);
	return tool_error("standard input is not base64");
}

static int sign_read_input(const char *path, size_t limit, struct bytes *out)
{
	int err = tool_read_file(path, limit, out);
	if (err == EFBIG)
		return tool_error("%s is too large: more than %zu bytes", path, limit);
	return err ? tool_error("%s cannot be read: %s", path, strerror(err)) : TOOL_OK;
}

static int sign_write_output(const struct job *job, const struct bytes *image)
{
	if (job->output)
		return tool_write(job->output, image->data, image->size);
	char *text = (char *)malloc((image->size + 2) / 3 * 4 + 1);
	if (!text)
		return tool_error("out of memory");
	int n = EVP_EncodeBlock((unsigned char *)text, image->data, (int)image->size);
	int result = tool_write(NULL, text, (size_t)n);
	free(text);
	return result;
}

/* The HMAC key of 2711: 40 digits and white space around them. */
static int sign_load_hmac(const char *path, uint8_t key[TRAILER_HMAC])
{
	struct bytes file;
	int result = sign_read_input(path, 4096, &file);
	if (result != TOOL_OK)
		return result;
	const char *text = (const char *)file.data;
	size_t n = file.size;
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	while (n && isspace((unsigned char)*text)) {
		text++;
		n--;
	}
	if (n != (size_t)2 * TRAILER_HMAC)
		result = tool_error("Bad key length %zu expected 40", n);
	else if (!hex_decode(text, key, TRAILER_HMAC))
		result = tool_error("%s: not a hexadecimal key", path);
	tool_bytes_free(&file);
	return result;
}

/* --- signing */

static int sign_load_keys(const struct job *job, struct signing *signing)
{
	struct reason why;
	*signing = (struct signing){ .wrapper = NULL };
	if (!job->wrapper && !job->private_key)
		return tool_error("no key: give a private key (-k) or an HSM wrapper (-H)");
	/* no key in a 2711 trailer: there -p only serves to check the wrapper */
	if (job->wrapper && !job->public_key && job->chip == TRAILER_CHIP_2712)
		return tool_error("an HSM wrapper (-H) needs the public key, too (-p)");
	return signing_open(signing, job->private_key, job->wrapper,
	                    job->wrapper ? job->public_key : NULL, &why) == 0
	               ? TOOL_OK
	               : tool_error("%s", why.text);
}

/* 2711 trailers have a SHA-1 signature when made with a key and a SHA-256 one when made by a wrapper. */
static enum rsakey_digest sign_digest_kind(const struct job *job)
{
	bool sha1 = job->chip == TRAILER_CHIP_2711 && !job->wrapper;
	return sha1 ? RSAKEY_SHA1 : RSAKEY_SHA256;
}

static int sign_make_signature(const struct job *job, const struct signing *signing,
                               const struct bytes *image, uint8_t signature[RAWKEY_SIGNATURE])
{
	uint8_t digest[32];
	struct reason why;
	struct signing_input input = { .bytes = image->data,
		                       .n = image->size,
		                       .kind = sign_digest_kind(job),
		                       .hash = digest };
	rsakey_digest(input.kind, image->data, image->size, digest);
	return signing_sign(signing, &input, signature, &why) == 0 ? TOOL_OK
	                                                           : tool_error("%s", why.text);
}

static void sign_print_summary(const struct job *job, size_t input, const struct bytes *image)
{
	if (job->debug)
		fprintf(stderr,
		        "input    %8zu bytes\nkey      %8d\nversion  %8d\noutput   %8zu bytes\n",
		        input, job->keynum, job->version, image->size);
}

/* Makes the signed image of INPUT. */
static int sign_build(const struct job *job, const struct signing *signing,
                      const struct bytes *input, struct bytes *image)
{
	uint8_t signature[RAWKEY_SIGNATURE], hmac[TRAILER_HMAC];
	struct reason why;
	int result = TOOL_OK;
	if (job->chip == TRAILER_CHIP_2711)
		result = sign_load_hmac(job->hmac, hmac);
	if (result == TOOL_OK && trailersig_begin(job->chip, input->data, input->size, job->keynum,
	                                          job->version, image, &why) != 0)
		result = tool_error("%s", why.text);
	if (result == TOOL_OK)
		result = sign_make_signature(job, signing, image, signature);
	if (result == TOOL_OK && job->chip == TRAILER_CHIP_2712)
		trailersig_finish_2712(image, signature, rsakey_raw(signing_public(signing)));
	else if (result == TOOL_OK)
		trailersig_finish_2711(image, signature, hmac);
	OPENSSL_cleanse(hmac, sizeof hmac);
	return result;
}

static int sign_file(const struct job *job)
{
	struct bytes input = { 0 }, image = { 0 };
	struct signing signing;
	const char *const kept[] = { job->private_key, job->public_key, job->wrapper, job->hmac };
	if (job->chip == TRAILER_CHIP_2711 && !job->hmac)
		return tool_error("HMAC key required for 2711");
	if (tool_keep_inputs(job->output, kept, sizeof kept / sizeof *kept) != TOOL_OK)
		return TOOL_ERROR;
	int result = sign_load_keys(job, &signing);
	if (result == TOOL_OK)
		result = job->input ? sign_read_input(job->input, FILE_MAX, &input)
		                    : sign_read_base64(&input);
	if (result == TOOL_OK && input.size == 0)
		result = tool_error("the input is empty");
	if (result == TOOL_OK)
		result = sign_build(job, &signing, &input, &image);
	if (result == TOOL_OK) {
		sign_print_summary(job, input.size, &image);
		result = sign_write_output(job, &image);
	}
	signing_close(&signing);
	tool_bytes_free(&input);
	tool_bytes_free(&image);
	return result;
}

/* --- showing */

static void sign_print_hex(const char *name, const uint8_t *bytes, size_t n)
{
	char text[2 * RAWKEY_SIGNATURE + 1];
	hex_encode(bytes, n, text);
	printf("%s: %s\n", name, text);
}

static void sign_print_2711(const struct trailer *t)
{
	printf("length: %d\nkeynum: %d\n", (int)t->length, (int)t->keynum);
	sign_print_hex("rsa_sig", t->signature, RAWKEY_SIGNATURE);
	sign_print_hex("hmac_sha1", t->hmac, TRAILER_HMAC);
}

static void sign_print_2712(const struct trailer *t)
{
	bool customer = t->keynum == TRAILER_CUSTOMER;
	struct rsakey *key;
	struct bytes pem = { 0 };
	struct reason ignored;
	printf("sig_type: %s\nlength: %d\nkeynum: %d\nversion: %d\n", customer ? "customer" : "rpi",
	       (int)t->length, (int)t->keynum, (int)t->version);
	sign_print_hex("rsa_sig", t->signature, RAWKEY_SIGNATURE);
	sign_print_hex("pubkey_n", t->raw, RAWKEY_SIGNATURE);
	sign_print_hex("pubkey_e", t->raw + RAWKEY_SIGNATURE, RAWKEY_EXPONENT);
	if (rsakey_from_raw(t->raw, &key, &ignored) == 0 && rsakey_pem(key, &pem, &ignored) == 0)
		fwrite(pem.data, 1, pem.size, stdout);
	rsakey_free(key);
	tool_bytes_free(&pem);
	if (customer)
		putchar('\n');
}

/* A trailer that is shown must also be right; 2711 trailers cannot be checked without a key. */
static int sign_check_shown(const struct job *job, const struct trailer *t,
                            const struct bytes *file)
{
	struct reason why = { 0 };
	bool length_only = t->chip == TRAILER_CHIP_2711;
	int bad = length_only ? trailersig_check_length(t, &why)
	                      : trailersig_check(t, file->data, NULL, &why);
	return bad ? tool_error("%s: %s (unsigned or damaged file)", job->extract, why.text)
	           : TOOL_OK;
}

/* Shows up to two trailers of 2712, outermost first, and the one of 2711. */
static int sign_show(const struct job *job, const struct bytes *file)
{
	struct trailer t;
	int result = TOOL_OK;
	if (trailer_read(job->chip, file->data, file->size, &t) != 0)
		return tool_error("%s is shorter than a trailer", job->extract);
	if (job->chip == TRAILER_CHIP_2711) {
		sign_print_2711(&t);
		return sign_check_shown(job, &t, file);
	}
	for (int i = 0; i < 2; i++) {
		bool customer = t.keynum == TRAILER_CUSTOMER;
		if (!customer && (t.keynum < 0 || t.keynum >= TRAILER_KEY_RPI))
			break;
		sign_print_2712(&t);
		int bad = sign_check_shown(job, &t, file);
		result = result ? result : bad;
		if (!customer || trailer_read(job->chip, file->data, t.offset, &t) != 0)
			break;
	}
	return result;
}

/* --- checking */

/* The key that the outermost trailer must be made with; NULL: any. */
static int sign_load_expected(const struct job *job, struct rsakey **key)
{
	struct reason why;
	*key = NULL;
	if (job->public_key && rsakey_load(job->public_key, RSAKEY_PUBLIC, key, &why) != 0)
		return tool_error("%s", why.text);
	return TOOL_OK;
}

static int sign_check_hmac(const struct job *job, const struct trailer *t, const struct bytes *file)
{
	uint8_t key[TRAILER_HMAC];
	int result = sign_load_hmac(job->hmac, key);
	if (result == TOOL_OK && !trailersig_check_hmac(t, file->data, key))
		result = tool_error("%s: the HMAC does not match", job->verify);
	OPENSSL_cleanse(key, sizeof key);
	return result;
}

/* Checks one trailer; EXPECTED may be NULL. */
static int sign_check_one(const struct job *job, const struct trailer *t, const struct bytes *file,
                          const struct rsakey *expected)
{
	struct reason why;
	if (t->raw && expected && memcmp(t->raw, rsakey_raw(expected), RAWKEY_SIZE) != 0)
		return tool_error("%s: the outermost trailer is not of the key %s", job->verify,
		                  job->public_key);
	if (trailersig_check(t, file->data, expected, &why) != 0)
		return tool_error("%s: trailer at %zu: %s", job->verify, t->offset, why.text);
	if (!t->raw && job->hmac && sign_check_hmac(job, t, file) != TOOL_OK)
		return TOOL_ERROR;
	printf("%s key %d, version %d, over %zu bytes: OK\n",
	       t->keynum == TRAILER_CUSTOMER ? "customer" : "rpi", (int)t->keynum, (int)t->version,
	       t->offset);
	return TOOL_OK;
}

static int sign_verify(const struct job *job, const struct bytes *file)
{
	struct rsakey *expected;
	struct trailer t;
	size_t end = file->size;
	int found = 0;
	int result = sign_load_expected(job, &expected);
	while (result == TOOL_OK && trailer_read(job->chip, file->data, end, &t) == 0 &&
	       trailer_plausible(&t)) {
		result = sign_check_one(job, &t, file, found ? NULL : expected);
		found++;
		end = t.offset;
		if (job->chip == TRAILER_CHIP_2711)
			break;
	}
	rsakey_free(expected);
	if (result == TOOL_OK && !found)
		return tool_error("%s: no signed trailer at its end", job->verify);
	return result;
}

static int sign_look_at(const struct job *job)
{
	struct bytes file;
	int result = sign_read_input(job->extract ? job->extract : job->verify, FILE_MAX, &file);
	if (result == TOOL_OK)
		result = job->extract ? sign_show(job, &file) : sign_verify(job, &file);
	tool_bytes_free(&file);
	return result;
}

int tool_rpi_sign_bootcode_main(int argc, char **argv)
{
	struct job job = { 0 };
	int result = sign_parse_arguments(&job, argc, argv);
	if (result != TOOL_OK)
		return result;
	if (job.help) {
		args_help(&table, stdout);
		return tool_finish(TOOL_OK);
	}
	return tool_finish(job.extract || job.verify ? sign_look_at(&job) : sign_file(&job));
}
