/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-eeprom-digest: writes and checks the .sig file of an EEPROM image, a boot image or a configuration. */
#include "hsm.h"
#include "args.h"
#include "rsakey.h"
#include "formats/sigfile.h"
#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/evp.h>

static const struct args_row rows[] = {
	{ 'i', "input", "FILE", "the file to sign or to check" },
	{ 'o', "output", "FILE", "the .sig file to write" },
	{ 'k', "key", "KEY",
	  "sign with this RSA-2048 private key (PEM, DER, pkcs11: URI);\n"
	  "with -v: the public key to check against" },
	{ 'H', "hsm-wrapper", "PROGRAM",
	  "sign through `PROGRAM -a rsa2048-sha256 FILE` instead;\n"
	  "with -k the result is checked against that key" },
	{ 'c', "chip", "SOC", "add the line \"target-soc: SOC\" (2711 or 2712)" },
	{ 'v', "verify", "SIG", "check FILE against this .sig file and the key" },
	{ 'h', "help", NULL, "show this text" },
};

static const struct args_table table = {
	.program = "rpi-eeprom-digest",
	.synopsis = "-i FILE {-o SIG [-k KEY | -H PROGRAM] [-c SOC] | -v SIG -k KEY}",
	.about =
		"Writes or checks the .sig file (hash, time, signature) that boot loaders ask for.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
};

struct job {
	const char *input, *output, *key, *wrapper, *soc, *verify;
	bool help;
};

static void take_option(struct job *job, int key, const char *arg)
{
	switch (key) {
	case 'i':
		job->input = arg;
		break;
	case 'o':
		job->output = arg;
		break;
	case 'k':
		job->key = arg;
		break;
	case 'H':
		job->wrapper = arg;
		break;
	case 'c':
		job->soc = arg;
		break;
	case 'v':
		job->verify = arg;
		break;
	default:
		job->help = true;
	}
}

static const char *bad_arguments(const struct job *job)
{
	if (!job->input)
		return "no input file (-i)";
	if (!job->verify && !job->output)
		return "no output file (-o)";
	return NULL;
}

static int parse_arguments(struct job *job, int argc, char **argv)
{
	const char *arg;
	int key;
	while ((key = args_next(&table, argc, argv, &arg)) != -1) {
		if (key == '?')
			return TOOL_USAGE;
		take_option(job, key, arg);
	}
	if (job->help)
		return TOOL_OK;
	const char *bad = bad_arguments(job);
	if (!bad && optind == argc)
		return TOOL_OK;
	if (bad)
		tool_usage(table.program, "%s", bad);
	else
		tool_usage(table.program, "unexpected argument %s", argv[optind]);
	return TOOL_USAGE;
}

/* The SHA-256 of a file that may be larger than memory. */
static int hash_file(const char *path, uint8_t hash[32])
{
	static uint8_t chunk[65536];
	struct stat st;
	FILE *file = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
	if (!file)
		return tool_error("Source image \"%s\" not found", path);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
	size_t got;
	while (good && (got = fread(chunk, 1, sizeof chunk, file)) > 0)
		good = EVP_DigestUpdate(ctx, chunk, got) == 1;
	good = good && EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	int err = ferror(file) ? errno : 0;
	fclose(file);
	if (err)
		return tool_error("%s cannot be read: %s", path, strerror(err));
	return good ? TOOL_OK : tool_error("%s cannot be hashed", path);
}

static int load_key(const char *where, enum rsakey_part part, struct rsakey **key)
{
	struct reason why;
	return rsakey_load(where, part, key, &why) == 0 ? TOOL_OK : tool_error("%s", why.text);
}

/* --- writing */

static int set_time(struct sigfile *sig, struct reason *why)
{
	char now[24];
	const char *given = getenv("SOURCE_DATE_EPOCH");
	if (given && *given)
		return sigfile_set_time(sig, given, why) == 0
		               ? 0
		               : reason_set(why, "SOURCE_DATE_EPOCH=\"%s\" is no number of seconds",
		                            given);
	snprintf(now, sizeof now, "%lld", (long long)time(NULL));
	return sigfile_set_time(sig, now, why);
}

/* A wrapper must not take the file's name for an option. */
static int sign_by_wrapper(const struct job *job, struct sigfile *sig, struct reason *why)
{
	size_t n = strlen(job->input) + sizeof "./";
	char *path = (char *)malloc(n);
	if (!path)
		return reason_set(why, "out of memory");
	snprintf(path, n, "%s%s", *job->input == '-' ? "./" : "", job->input);
	int result = hsm_sign_file(job->wrapper, path, sig->signature, why);
	free(path);
	return result;
}

static int sign(const struct job *job, struct sigfile *sig)
{
	struct rsakey *key = NULL;
	struct reason why;
	int bad = 0;
	if (job->key && load_key(job->key, job->wrapper ? RSAKEY_PUBLIC : RSAKEY_PRIVATE, &key))
		return TOOL_ERROR;
	if (job->wrapper)
		bad = sign_by_wrapper(job, sig, &why);
	else
		bad = rsakey_sign(key, RSAKEY_SHA256, sig->sha256, sig->signature, &why);
	if (!bad && job->wrapper && key &&
	    !rsakey_verify(key, RSAKEY_SHA256, sig->sha256, sig->signature))
		bad = reason_set(&why, "the signature made does not match %s: wrong key?",
		                 job->key);
	rsakey_free(key);
	sig->is_signed = !bad;
	return bad ? tool_error("%s", why.text) : TOOL_OK;
}

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;
	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static int write_sig(const struct job *job)
{
	struct sigfile sig = { 0 };
	struct reason why;
	char text[SIGFILE_MAX];
	if (same_file(job->input, job->output))
		return tool_error("the output would replace the input %s", job->input);
	int result = hash_file(job->input, sig.sha256);
	if (result != TOOL_OK)
		return result;
	if (set_time(&sig, &why) != 0 || (job->soc && sigfile_set_soc(&sig, job->soc, &why) != 0))
		return tool_error("%s", why.text);
	if (job->key || job->wrapper)
		result = sign(job, &sig);
	if (result != TOOL_OK)
		return result;
	return tool_write(job->output, text, sigfile_format(&sig, text));
}

/* --- checking */

static int read_sig(const char *path, struct sigfile *sig)
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

static int verify(const struct job *job)
{
	struct sigfile sig;
	struct rsakey *key = NULL;
	uint8_t hash[32];
	if (!job->key)
		return tool_error("Option -v also requires passing public key via -k");
	if (read_sig(job->verify, &sig) || hash_file(job->input, hash) ||
	    load_key(job->key, RSAKEY_PUBLIC, &key))
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

int main(int argc, char **argv)
{
	struct job job = { 0 };
	int result = parse_arguments(&job, argc, argv);
	if (result != TOOL_OK)
		return result;
	if (job.help) {
		args_help(&table, stdout);
		return tool_finish(TOOL_OK);
	}
	return tool_finish(job.verify ? verify(&job) : write_sig(&job));
}
