/* SPDX-License-Identifier: Apache-2.0 */
/* update-pieeprom: makes the EEPROM image that recovery writes. Puts a configuration into the original image, signs what
 * is to be signed, and writes the .sig file beside the result. Works in the current directory. */
#include "args.h"
#include "base/str.h"
#include "formats/configtxt.h"
#include "formats/eeprom.h"
#include "hsm.h"
#include "platform/plat.h"
#include "signing.h"
#include "tool.h"
#include "tools.h"
#include "trailersig.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Boot loaders that are older ignore signatures (2021-09-20). */
#define OLDEST_WITH_SECURE_BOOT 1632136573u

#define RECOVERY        "recovery.original.bin"
#define SIGNED_RECOVERY "bootcode5.bin"
#define SIGNED_FIRMWARE "pieeprom.signed_boot.bin"

struct job {
	const char *config, *source, *output, *key, *public_key, *wrapper;
	bool sign_firmware, sign_recovery, help;
	char *signature; /* owned; the .sig file of output */
};

#define TO(field) offsetof(struct job, field)
static const struct args_row rows[] = {
	{ 'c', NULL, "FILE", "configuration (boot.conf)", TO(config) },
	{ 'i', NULL, "FILE", "source image (pieeprom.original.bin)", TO(source) },
	{ 'o', NULL, "FILE", "image to write (pieeprom.bin); its .sig file is\nwritten beside it",
	  TO(output) },
	{ 'k', NULL, "KEY",
	  "sign the configuration with this private RSA-2048\nkey (PEM, DER, pkcs11: URI)",
	  TO(key) },
	{ 'p', NULL, "KEY",
	  "public key to put into the image (default: the\npublic half of the key)",
	  TO(public_key) },
	{ 'H', NULL, "WRAPPER",
	  "sign by calling \"WRAPPER -a rsa2048-sha256 FILE\";\nrequires a public key",
	  TO(wrapper) },
	{ 'f', NULL, NULL,
	  "counter-sign the firmware inside the image\n"
	  "(BCM2712 only; also SIGN_FIRMWARE=1):\n"
	  "recovery.original.bin becomes bootcode5.bin, and\n"
	  "pieeprom.signed_boot.bin stays for inspection",
	  TO(sign_firmware) },
	{ 'r', NULL, NULL,
	  "with the above: counter-sign bootcode5.bin too\n"
	  "(boards that are locked to the key start no other)",
	  TO(sign_recovery) },
	{ 'h', "help", NULL, "show this text", TO(help) },
};

static const struct args_table table = {
	.program = "update-pieeprom.sh",
	.synopsis = "[OPTION]...",
	.about = "Puts a boot loader configuration into an EEPROM image. Run it in a recovery\n"
		 "directory. SOURCE_DATE_EPOCH sets the time in the .sig files. Status: 0\n"
		 "written, 1 bad input or a failed step (no image is left), 2 wrong arguments.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
	.ignores_operands = true,
};

/* --- arguments */

/* Scripts pass variables that may be empty: such an argument counts as none. */
static void pieeprom_ignore_empty(struct job *job)
{
	if (job->key && !*job->key && (!job->wrapper || !*job->wrapper))
		tool_warn("-k is empty: the configuration is not signed");
	const char **options[] = { &job->key, &job->public_key, &job->wrapper };
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (*options[i] && !**options[i])
			*options[i] = NULL;
}

/* OUTPUT with its last extension replaced by .sig; to be freed. */
static char *pieeprom_signature_name(const char *output)
{
	const char *dot = strrchr(output, '.'), *slash = strrchr(output, '/');
	size_t n = dot && (!slash || dot > slash) ? (size_t)(dot - output) : strlen(output);
	return str_new("%.*s.sig", (int)n, output);
}

/* The files that are written. */
struct results {
	const char *names[4];
	size_t count;
};

static struct results pieeprom_results(const struct job *job)
{
	return (struct results){ { job->output, job->signature, SIGNED_RECOVERY, SIGNED_FIRMWARE },
		                 job->sign_firmware ? 4 : 2 };
}

/* A name among the results that is an input too: it would be lost. NULL: none. */
static const char *pieeprom_lost_input(const struct job *job)
{
	const char *inputs[] = {
		job->source,     job->config,  job->key,
		job->public_key, job->wrapper, job->sign_firmware ? RECOVERY : NULL
	};
	struct results results = pieeprom_results(job);
	for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
		for (size_t k = 0; k < results.count; k++)
			if (inputs[i] && tool_same_file(inputs[i], results.names[k]))
				return inputs[i];
	return NULL;
}

/* A name that two of the results would have. NULL: none. */
static const char *pieeprom_lost_result(const struct job *job)
{
	struct results results = pieeprom_results(job);
	for (size_t i = 1; i < results.count; i++)
		for (size_t k = 0; k < i; k++)
			if (tool_same_file(results.names[i], results.names[k]))
				return results.names[k];
	return NULL;
}

static int pieeprom_check_names(const struct job *job)
{
	const char *lost = pieeprom_lost_input(job), *twice = pieeprom_lost_result(job);
	if (!*job->config || !*job->source || !*job->output)
		return tool_usage(table.program, "a file name is empty");
	if (job->sign_recovery && !job->sign_firmware)
		return tool_usage(table.program, "-r requires -f");
	if (job->output[strlen(job->output) - 1] == '/' || plat_is_directory(job->output))
		return tool_usage(table.program, "%s is a directory", job->output);
	if (lost)
		return tool_usage(table.program, "%s would be overwritten by the result", lost);
	if (tool_same_file(job->output, job->signature))
		return tool_usage(table.program,
		                  "the image cannot have the name of its .sig file: %s",
		                  job->output);
	if (twice)
		return tool_usage(table.program, "two of the results would have the name %s",
		                  twice);
	return TOOL_OK;
}

static int pieeprom_parse(struct job *job, int argc, char **argv)
{
	const char *firmware = getenv("SIGN_FIRMWARE");
	*job = (struct job){ .config = "boot.conf",
		             .source = "pieeprom.original.bin",
		             .output = "pieeprom.bin" };
	int result = args_parse(&table, argc, argv, job);
	if (result != TOOL_OK || job->help)
		return result;
	if (firmware && strcmp(firmware, "1") == 0)
		job->sign_firmware = true;
	pieeprom_ignore_empty(job);
	job->signature = pieeprom_signature_name(job->output);
	return job->signature ? pieeprom_check_names(job) : tool_error("out of memory");
}

/* --- inputs */

static bool pieeprom_signs(const struct job *job)
{
	return job->key || job->wrapper;
}

/* Keys that are missing or that nothing needs. */
static int pieeprom_check_keys(const struct job *job)
{
	if (job->wrapper && !hsm_exists(job->wrapper))
		return tool_error("HSM wrapper %s not found", job->wrapper);
	if (job->wrapper && !job->public_key)
		return tool_error("Public key (-p public.pem) must be specified in HSM mode");
	if (!pieeprom_signs(job) && job->public_key)
		return tool_error("a public key alone signs nothing: give -k or -H too");
	if (!pieeprom_signs(job) && job->sign_firmware)
		return tool_error("-f needs a key: give -k, or -H with -p");
	return TOOL_OK;
}

static int pieeprom_read(const char *what, const char *path, struct bytes *file)
{
	int err = tool_read_file(path, EEPROM_SIZE_2712, file);
	if (err == ENOENT)
		return tool_error("%s %s not found", what, path);
	return err ? tool_error("%s %s cannot be read: %s", what, path, strerror(err)) : TOOL_OK;
}

/* Whether PATH, taken from the current directory, begins with /usr/share/. */
static bool pieeprom_below_usr_share(const char *path)
{
	static const char share[] = "/usr/share/";
	char here[4096];
	if (*path == '/')
		return strncmp(path, share, sizeof share - 1) == 0;
	return getcwd(here, sizeof here) && strncmp(here, share, sizeof share - 1) == 0;
}

/* Refuses what no boot loader can read and warns of what it would ignore. */
static int pieeprom_check_config(const char *path, const struct bytes *config)
{
	const char *text = (const char *)config->data, *line;
	struct reason why;
	size_t n;
	if (configtxt_check_text(text, config->size, &why) != 0)
		return tool_error("%s %s", path, why.text);
	unsigned number = 0;
	while ((number = configtxt_unread_line(text, config->size, number, &line, &n))) {
		char copy[60], shown[4 * sizeof copy];
		snprintf(copy, sizeof copy, "%.*s", (int)(n < sizeof copy ? n : sizeof copy - 1),
		         line);
		tool_warn("%s line %u is ignored by boot loaders: \"%s\" is not KEY=VALUE, "
		          "[FILTER] or # and a comment",
		          path, number, str_escape(shown, sizeof shown, copy));
	}
	if (pieeprom_below_usr_share(path))
		tool_warn("%s is below /usr/share: an upgrade of the package replaces it. Work in "
		          "a copy of its directory",
		          path);
	return TOOL_OK;
}

static int pieeprom_check_secure_boot(const struct job *job, const struct eeprom *image)
{
	uint32_t built;
	if (!eeprom_build_time(image, &built))
		return tool_error("%s contains no BUILD_TIMESTAMP: whether it supports secure-boot "
		                  "is unknown",
		                  job->source);
	if (built < OLDEST_WITH_SECURE_BOOT)
		return tool_error("Source bootloader image %s does not support secure-boot. Please "
		                  "use a newer version.",
		                  job->source);
	return TOOL_OK;
}

/* --- the firmware */

/* Adds the customer's trailer (key number 16, version 0) to N bytes of code. */
static int pieeprom_counter_sign(const struct signing *signing, const char *name,
                                 const uint8_t *code, size_t n, struct bytes *image)
{
	uint8_t signature[RAWKEY_SIGNATURE], hash[SHA256_SIZE];
	struct reason why;
	int bad = trailersig_begin(TRAILER_CHIP_2712, code, n, TRAILER_CUSTOMER, 0, image, &why);
	if (!bad) {
		struct signing_input input = { .bytes = image->data,
			                       .n = image->size,
			                       .hash = hash };
		rsakey_digest(RSAKEY_SHA256, image->data, image->size, hash);
		bad = signing_sign(signing, &input, signature, &why);
	}
	if (bad)
		return tool_error("cannot counter-sign %s: %s", name, why.text);
	trailersig_finish_2712(image, signature, rsakey_raw(signing_public(signing)));
	return TOOL_OK;
}

/* What becomes bootcode5.bin; left empty if there is nothing to sign. */
static int pieeprom_take_recovery(const struct job *job, const struct signing *signing,
                                  struct bytes *recovery)
{
	struct bytes plain;
	int err = tool_read_file(RECOVERY, EEPROM_SIZE_2712, &plain);
	if (err == ENOENT && job->sign_recovery) {
		tool_warn(RECOVERY " not found: " SIGNED_RECOVERY " was not signed");
		return TOOL_OK;
	}
	if (err == ENOENT)
		return tool_error(RECOVERY " not found");
	if (err)
		return tool_error(RECOVERY " cannot be read: %s", strerror(err));
	if (!job->sign_recovery) {
		*recovery = plain;
		return TOOL_OK;
	}
	int result = pieeprom_counter_sign(signing, RECOVERY, plain.data, plain.size, recovery);
	tool_bytes_free(&plain);
	return result;
}

/* Counter-signs the boot code and, if there is one, bootsys. */
static int pieeprom_sign_firmware(const struct job *job, const struct signing *signing,
                                  struct eeprom *image)
{
	struct eeprom_section s = { .valid = false };
	struct bytes code = { 0 }, bootsys = { 0 };
	struct reason why;
	size_t n;
	if (eeprom_next(image, &s, &why) <= 0)
		return tool_error("%s: no boot code in it", job->source);
	const uint8_t *bytes = eeprom_content(image, &s, &n);
	int result = pieeprom_counter_sign(signing, "bootcode.bin", bytes, n, &code);
	if (result == TOOL_OK && eeprom_find(image, "bootsys", &s)) {
		bytes = eeprom_content(image, &s, &n);
		result = pieeprom_counter_sign(signing, "bootsys", bytes, n, &bootsys);
	}
	if (result == TOOL_OK && (eeprom_replace_bootcode(image, code.data, code.size, &why) != 0 ||
	                          (bootsys.data && eeprom_replace(image, "bootsys", bootsys.data,
	                                                          bootsys.size, &why) != 0)))
		result = tool_error("cannot put the signed firmware into %s: %s", job->source,
		                    why.text);
	tool_bytes_free(&code);
	tool_bytes_free(&bootsys);
	return result;
}

/* --- the configuration */

static int pieeprom_put(const struct job *job, struct eeprom *image, const char *name,
                        const void *content, size_t n)
{
	struct reason why;
	if (eeprom_replace(image, name, content, n, &why) != 0)
		return tool_error("cannot put %s into %s: %s", name, job->source, why.text);
	return TOOL_OK;
}

static int pieeprom_put_config(const struct job *job, struct eeprom *image,
                               const struct bytes *config)
{
	int result = pieeprom_put(job, image, "bootconf.txt", config->data, config->size);
	if (result == TOOL_OK && config->size > EEPROM_FILE_SAFE)
		tool_warn("%s: more than %u bytes run into the next flash sector", job->config,
		          EEPROM_FILE_SAFE);
	return result;
}

static int pieeprom_sign_config(const struct job *job, const struct signing *signing,
                                struct eeprom *image, const struct bytes *config,
                                struct sigfile *sig)
{
	struct reason why;
	char text[SIGFILE_MAX];
	struct signing_input input = { .file = tool_is_regular(job->config) ? job->config : NULL,
		                       .bytes = config->data,
		                       .n = config->size,
		                       .hash = sig->sha256 };
	rsakey_digest(RSAKEY_SHA256, config->data, config->size, sig->sha256);
	if (signing_sign(signing, &input, sig->signature, &why) != 0)
		return tool_error("cannot sign %s: %s", job->config, why.text);
	sig->is_signed = true;
	size_t n = sigfile_format(sig, text);
	fputs(text, stdout);
	int result = pieeprom_put(job, image, "bootconf.sig", text, n);
	if (result != TOOL_OK)
		return result;
	return pieeprom_put(job, image, "pubkey.bin", rsakey_raw(signing_public(signing)),
	                    RAWKEY_SIZE);
}

/* --- results */

/* The pair last, and of it the image last: there is never an image without its .sig file. */
static int pieeprom_publish(const struct job *job, const struct eeprom *image,
                            const uint8_t *firmware, const struct bytes *recovery,
                            struct sigfile *sig)
{
	char text[SIGFILE_MAX];
	plat_hold_signals(); /* from here on to the end */
	sig->is_signed = false;
	rsakey_digest(RSAKEY_SHA256, image->bytes, image->size, sig->sha256);
	size_t n = sigfile_format(sig, text);
	int result = TOOL_OK;
	if (recovery->data)
		result = tool_write(SIGNED_RECOVERY, recovery->data, recovery->size);
	if (result == TOOL_OK && firmware)
		result = tool_write(SIGNED_FIRMWARE, firmware, image->size);
	if (result == TOOL_OK)
		result = tool_write(job->signature, text, n);
	if (result == TOOL_OK)
		result = tool_write(job->output, image->bytes, image->size);
	if (result != TOOL_OK)
		plat_remove(job->signature);
	return result;
}

/* A pair from an earlier run must never be written to a board by mistake: it goes before anything can fail. */
static int pieeprom_remove_old(const struct job *job)
{
	const char *const old[] = { job->output, job->signature,
		                    job->sign_firmware ? SIGNED_FIRMWARE : NULL };
	int result = TOOL_OK;
	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		if (old[i] && !tool_remove(old[i]))
			result = tool_error("cannot remove the old %s", old[i]);
	return result;
}

/* --- all of it */

/* What the steps work on. */
struct work {
	struct bytes source, config, recovery;
	struct eeprom image; /* of source */
	uint8_t *firmware;   /* owned; the image with signed firmware, NULL without -f */
	struct signing signing;
	struct sigfile sig;
};

static int pieeprom_load(const struct job *job, struct work *w)
{
	struct reason why;
	if (signing_set_time(&w->sig, &why) != 0)
		return tool_error("%s", why.text);
	int result = pieeprom_check_keys(job);
	if (result == TOOL_OK)
		result = pieeprom_read("source image", job->source, &w->source);
	if (result == TOOL_OK)
		result = pieeprom_read("configuration", job->config, &w->config);
	if (result == TOOL_OK)
		result = pieeprom_check_config(job->config, &w->config);
	if (result != TOOL_OK)
		return result;
	if (eeprom_open(&w->image, w->source.data, w->source.size, &why) != 0)
		return tool_error("%s: %s", job->source, why.text);
	if (job->sign_firmware && w->image.size != EEPROM_SIZE_2712)
		return tool_error("%s is a %s image (%zu bytes): only BCM2712 images (%u bytes) "
		                  "can be counter-signed",
		                  job->source, eeprom_chip_name(&w->image), w->image.size,
		                  EEPROM_SIZE_2712);
	if (!pieeprom_signs(job))
		return TOOL_OK;
	result = pieeprom_check_secure_boot(job, &w->image);
	if (result == TOOL_OK &&
	    signing_open(&w->signing, job->key, job->wrapper, job->public_key, &why) != 0)
		result = tool_error("cannot sign: %s", why.text);
	return result;
}

/* Whether the current directory is one for signed images, by its name. */
static bool pieeprom_in_secure_directory(void)
{
	char here[4096];
	const char *name = getcwd(here, sizeof here) ? strrchr(here, '/') : NULL;
	return name && strncmp(name + 1, "secure-boot-", strlen("secure-boot-")) == 0;
}

static int pieeprom_work(const struct job *job, struct work *w)
{
	int result = TOOL_OK;
	if (job->sign_firmware) {
		result = pieeprom_take_recovery(job, &w->signing, &w->recovery);
		if (result == TOOL_OK)
			result = pieeprom_sign_firmware(job, &w->signing, &w->image);
		if (result == TOOL_OK) {
			w->firmware = malloc(w->image.size);
			if (w->firmware)
				memcpy(w->firmware, w->image.bytes, w->image.size);
			else
				result = tool_error("out of memory");
		}
	}
	if (result == TOOL_OK)
		result = pieeprom_put_config(job, &w->image, &w->config);
	if (result == TOOL_OK && pieeprom_signs(job))
		result = pieeprom_sign_config(job, &w->signing, &w->image, &w->config, &w->sig);
	if (result == TOOL_OK)
		result = pieeprom_publish(job, &w->image, w->firmware, &w->recovery, &w->sig);
	return result;
}

int tool_update_pieeprom_main(int argc, char **argv)
{
	struct job job;
	struct work w = { .firmware = NULL };
	int result = pieeprom_parse(&job, argc, argv);
	if (result == TOOL_OK && job.help) {
		args_help(&table, stdout);
	} else if (result == TOOL_OK) {
		result = pieeprom_remove_old(&job);
		if (result == TOOL_OK)
			result = pieeprom_load(&job, &w);
		if (result == TOOL_OK)
			result = pieeprom_work(&job, &w);
		if (result == TOOL_OK)
			printf("new-image: %s\nsource-image: %s\nconfig: %s\n", job.output,
			       job.source, job.config);
		if (result == TOOL_OK && !pieeprom_signs(&job) && pieeprom_in_secure_directory())
			tool_warn("%s is not signed: neither -k nor -H was given", job.output);
	}
	signing_close(&w.signing);
	tool_bytes_free(&w.source);
	tool_bytes_free(&w.config);
	tool_bytes_free(&w.recovery);
	free(w.firmware);
	free(job.signature);
	return tool_finish(result);
}
