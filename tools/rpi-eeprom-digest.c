/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-eeprom-digest: writes and checks the .sig file of an EEPROM image, a boot image or a configuration. */
#include "args.h"
#include "rsakey.h"
#include "signing.h"
#include "formats/sigfile.h"
#include "tool.h"
#include "tools.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

enum { PIPE_MAX = 1 << 30 }; /* the largest input that is kept in memory */

struct job {
	const char *input, *output, *key, *wrapper, *soc, *verify;
	bool help;
};

#define TO(field) offsetof(struct job, field)
static const struct args_row rows[] = {
	{ 'i', "input", "FILE", "the file to sign or to check", TO(input) },
	{ 'o', "output", "FILE", "the .sig file to write", TO(output) },
	{ 'k', "key", "KEY",
	  "sign with this RSA-2048 private key (PEM, DER,\n"
	  "pkcs11: URI); with -v: the public key to check\n"
	  "against",
	  TO(key) },
	{ 'H', "hsm-wrapper", "PROGRAM",
	  "sign through `PROGRAM -a rsa2048-sha256 FILE`\n"
	  "instead; with -k the result is checked against\n"
	  "that key",
	  TO(wrapper) },
	{ 'c', "chip", "SOC", "add the line \"target-soc: SOC\" (2711 or 2712)", TO(soc) },
	{ 'v', "verify", "SIG", "check FILE against this .sig file and the key", TO(verify) },
	{ 'h', "help", NULL, "show this text", TO(help) },
};

static const struct args_table table = {
	.program = "rpi-eeprom-digest",
	.synopsis = "-i FILE -o SIG [-k KEY | -H PROGRAM] [-c SOC]\n"
		    "       rpi-eeprom-digest -v SIG -i FILE -k KEY",
	.about = "Writes or checks the .sig file (hash, time, signature) that boot loaders read.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
};

/* Scripts pass variables that may be empty: the original takes such an argument for none. */
static void digest_ignore_empty(struct job *job)
{
	if (job->soc && !*job->soc)
		job->soc = NULL;
	if (job->wrapper && !*job->wrapper)
		job->wrapper = NULL;
	if (job->key && !*job->key) {
		job->key = NULL;
		if (!job->wrapper && !job->verify)
			tool_warn("-k is empty: %s is not signed",
			          job->output ? job->output : "the result");
	}
}

static const char *digest_bad_arguments(const struct job *job)
{
	if (!job->input)
		return "no input file (-i)";
	if (!job->verify && !job->output)
		return "no output file (-o)";
	return NULL;
}

static int digest_parse_arguments(struct job *job, int argc, char **argv)
{
	int result = args_parse(&table, argc, argv, job);
	if (result != TOOL_OK || job->help)
		return result;
	const char *bad = digest_bad_arguments(job);
	if (bad)
		return tool_usage(table.program, "%s", bad);
	digest_ignore_empty(job);
	return TOOL_OK;
}

/* The SHA-256 of a file that may be larger than memory. */
static int digest_hash_file(const char *path, uint8_t hash[SHA256_SIZE])
{
	static uint8_t chunk[65536];
	FILE *file = tool_open(path);
	if (!file && errno == ENOENT)
		return tool_error("Source image \"%s\" not found", path);
	if (!file)
		return tool_error("%s cannot be read: %s", path, strerror(errno));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
	size_t got;
	while (good && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
		good = EVP_DigestUpdate(ctx, chunk, got) == 1;
	int err = ferror(file) ? errno : 0;
	good = good && EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	fclose(file);
	if (err)
		return tool_error("%s cannot be read: %s", path, strerror(err));
	return good ? TOOL_OK : tool_error("%s cannot be hashed", path);
}

/* What a wrapper signs: a file that can be read twice, or else its bytes. */
struct input {
	uint8_t hash[SHA256_SIZE];
	struct bytes bytes; /* of what can be read only once */
	bool once;
};

static int digest_read_input(const struct job *job, struct input *input)
{
	*input = (struct input){ .once = job->wrapper && !tool_is_regular(job->input) };
	if (!input->once)
		return digest_hash_file(job->input, input->hash);
	int err = tool_read_file(job->input, PIPE_MAX, &input->bytes);
	if (err == ENOENT)
		return tool_error("Source image \"%s\" not found", job->input);
	if (err)
		return tool_error("%s cannot be read: %s", job->input, strerror(err));
	rsakey_digest(RSAKEY_SHA256, input->bytes.data, input->bytes.size, input->hash);
	return TOOL_OK;
}

static int digest_load_key(const char *where, enum rsakey_part part, struct rsakey **key)
{
	struct reason why;
	return rsakey_load(where, part, key, &why) == 0 ? TOOL_OK : tool_error("%s", why.text);
}

/* --- writing */

/* With a wrapper, -k is the public key to check the result with. */
static int digest_sign(const struct job *job, const struct input *input, struct sigfile *sig)
{
	struct signing signing;
	struct reason why;
	struct signing_input what = { .file = input->once ? NULL : job->input,
		                      .bytes = input->bytes.data,
		                      .n = input->bytes.size,
		                      .hash = sig->sha256 };
	int bad = signing_open(&signing, job->key, job->wrapper, job->wrapper ? job->key : NULL,
	                       &why);
	if (!bad)
		bad = signing_sign(&signing, &what, sig->signature, &why);
	signing_close(&signing);
	sig->is_signed = !bad;
	return bad ? tool_error("%s", why.text) : TOOL_OK;
}

static int digest_write_sig(const struct job *job)
{
	struct sigfile sig = { 0 };
	struct input input;
	struct reason why;
	char text[SIGFILE_MAX];
	const char *const inputs[] = { job->input, job->key, job->wrapper };
	if (tool_keep_inputs(job->output, inputs, sizeof inputs / sizeof *inputs) != TOOL_OK)
		return TOOL_ERROR;
	int result = digest_read_input(job, &input);
	if (result != TOOL_OK)
		return result;
	memcpy(sig.sha256, input.hash, sizeof sig.sha256);
	if (signing_set_time(&sig, &why) != 0 ||
	    (job->soc && sigfile_set_soc(&sig, job->soc, &why) != 0))
		result = tool_error("%s", why.text);
	if (result == TOOL_OK && (job->key || job->wrapper))
		result = digest_sign(job, &input, &sig);
	tool_bytes_free(&input.bytes);
	if (result != TOOL_OK)
		return result;
	return tool_write(job->output, text, sigfile_format(&sig, text));
}

/* --- checking */

static int digest_read_sig(const char *path, struct sigfile *sig)
{
	struct bytes file;
	struct reason why;
	int err = tool_read_file(path, SIGFILE_MAX, &file);
	if (err == ENOENT)
		return tool_error("Signature file %s not found", path);
	if (err)
		return tool_error("Signature file %s cannot be read: %s", path, strerror(err));
	int bad = sigfile_parse((const char *)file.data, file.size, sig, &why);
	tool_bytes_free(&file);
	if (bad)
		return tool_error("%s: %s", path, why.text);
	return sig->is_signed ? TOOL_OK : tool_error("No RSA signature in %s", path);
}

static int digest_verify(const struct job *job)
{
	struct sigfile sig;
	struct rsakey *key = NULL;
	uint8_t hash[32];
	if (!job->key)
		return tool_error("Option -v also requires passing public key via -k");
	if (digest_read_sig(job->verify, &sig) || digest_hash_file(job->input, hash) ||
	    digest_load_key(job->key, RSAKEY_PUBLIC, &key))
		return TOOL_ERROR;
	bool same = memcmp(hash, sig.sha256, sizeof hash) == 0;
	bool good = rsakey_verify(key, RSAKEY_SHA256, hash, sig.signature);
	rsakey_free(key);
	puts(same && good ? "Verified OK" : "Verification failure");
	if (!good)
		return tool_error("%s not verified", job->input);
	if (!same)
		return tool_error("%s not verified: the hash line of %s is another file's",
		                  job->input, job->verify);
	return TOOL_OK;
}

int tool_rpi_eeprom_digest_main(int argc, char **argv)
{
	struct job job = { 0 };
	int result = digest_parse_arguments(&job, argc, argv);
	if (result != TOOL_OK)
		return result;
	if (job.help) {
		args_help(&table, stdout);
		return tool_finish(TOOL_OK);
	}
	return tool_finish(job.verify ? digest_verify(&job) : digest_write_sig(&job));
}
