/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-bootloader-key-convert: between the usual forms of an RSA-2048 key and the raw public key in the EEPROM. */
#include "formats/hex.h"
#include "args.h"
#include "rsakey.h"
#include "tool.h"

#include <getopt.h>
#include <string.h>

enum { OPT_INFORM = 256, OPT_OUTPUT, OPT_HASH, OPT_NEWLINE };

static const struct args_row rows[] = {
	{ OPT_INFORM, "inform", "FORM",
	  "what INPUT is: pem (the default; every usual form of a\n"
	  "key) or bin (the raw public key)" },
	{ OPT_OUTPUT, "output", "FILE", "write to FILE instead of standard output" },
	{ OPT_HASH, "hash", NULL, "print the customer key hash (SHA-256 of the raw key)" },
	{ OPT_NEWLINE, "newline", NULL, "end the PEM text with a line break" },
	{ 'h', "help", NULL, "show this text" },
};

static const struct args_table table = {
	.program = "rpi-bootloader-key-convert",
	.synopsis = "[OPTION]... INPUT",
	.about = "Converts an RSA-2048 key to the raw public key of the boot EEPROM, or that to "
		 "PEM.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
};

struct job {
	const char *input, *output;
	bool binary, hash, newline, help;
};

static int take_option(struct job *job, int key, const char *arg)
{
	switch (key) {
	case OPT_INFORM:
		job->binary = strcmp(arg, "bin") == 0;
		if (!job->binary && strcmp(arg, "pem") != 0)
			return tool_error("Unknown format %s", arg);
		break;
	case OPT_OUTPUT:
		job->output = arg;
		break;
	case OPT_HASH:
		job->hash = true;
		break;
	case OPT_NEWLINE:
		job->newline = true;
		break;
	case 'h':
		job->help = true;
		break;
	default:
		return TOOL_USAGE;
	}
	return TOOL_OK;
}

static int parse_arguments(struct job *job, int argc, char **argv)
{
	const char *arg;
	int key;
	while ((key = args_next(&table, argc, argv, &arg)) != -1) {
		int result = take_option(job, key, arg);
		if (result != TOOL_OK)
			return result;
	}
	if (job->help)
		return TOOL_OK;
	if (argc - optind != 1)
		return tool_usage(table.program, "one INPUT is needed");
	job->input = argv[optind];
	return TOOL_OK;
}

static int load_raw(const char *path, struct rsakey **key, struct reason *why)
{
	struct bytes file;
	*key = NULL;
	int err = tool_read_file(path, RSAKEY_FILE_MAX, &file);
	if (err)
		return reason_set(why, "%s cannot be read: %s", path, strerror(err));
	struct reason inner;
	int result = file.size < RAWKEY_SIZE
	                     ? reason_set(&inner, "a raw key has %u bytes, this has %zu",
	                                  RAWKEY_SIZE, file.size)
	                     : rsakey_from_raw(file.data, key, &inner);
	tool_bytes_free(&file);
	return result == 0 ? 0 : reason_set(why, "%s: %s", path, inner.text);
}

static int write_hash(const struct job *job, const struct rsakey *key)
{
	uint8_t hash[RAWKEY_HASH];
	char text[2 * RAWKEY_HASH + 2];
	rsakey_hash(key, hash);
	hex_encode(hash, sizeof hash, text);
	memcpy(text + 2 * RAWKEY_HASH, "\n", 2);
	return tool_write(job->output, text, 2 * RAWKEY_HASH + 1);
}

static int write_pem(const struct job *job, const struct rsakey *key)
{
	struct bytes pem;
	struct reason why;
	if (rsakey_pem(key, &pem, &why) != 0)
		return tool_error("%s", why.text);
	int result = tool_write(job->output, pem.data, pem.size - !job->newline);
	tool_bytes_free(&pem);
	return result;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	struct rsakey *key = NULL;
	struct reason why;
	int result = parse_arguments(&job, argc, argv);
	if (result != TOOL_OK)
		return result;
	if (job.help) {
		args_help(&table, stdout);
		return tool_finish(TOOL_OK);
	}
	int bad = job.binary ? load_raw(job.input, &key, &why)
	                     : rsakey_load(job.input, RSAKEY_PUBLIC, &key, &why);
	if (bad)
		return tool_error("%s", why.text);
	if (job.hash)
		result = write_hash(&job, key);
	else if (job.binary)
		result = write_pem(&job, key);
	else
		result = tool_write(job.output, rsakey_raw(key), RAWKEY_SIZE);
	rsakey_free(key);
	return result;
}
