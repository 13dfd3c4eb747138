/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-bootloader-key-convert: between the usual encodings of an RSA-2048 key and the raw public key in the EEPROM. */
#include "formats/hex.h"
#include "args.h"
#include "rsakey.h"
#include "tool.h"
#include "tools.h"

#include <stddef.h>
#include <string.h>

struct job {
	const char *input, *output, *format;
	bool hash, newline, help;
	bool binary; /* of format */
};

enum { OPT_INFORM = 256, OPT_OUTPUT, OPT_HASH, OPT_NEWLINE };

#define TO(field) offsetof(struct job, field)
static const struct args_row rows[] = {
	{ OPT_INFORM, "inform", "FORM",
	  "what INPUT is: pem (the default; every usual\n"
	  "encoding of a key) or bin (the raw public key)",
	  TO(format) },
	{ OPT_OUTPUT, "output", "FILE", "write to FILE instead of standard output", TO(output) },
	{ OPT_HASH, "hash", NULL, "print the key hash (SHA-256 of the raw key)", TO(hash) },
	{ OPT_NEWLINE, "newline", NULL, "end the PEM text with a line break", TO(newline) },
	{ 'h', "help", NULL, "show this text", TO(help) },
};

static const struct args_table table = {
	.program = "rpi-bootloader-key-convert",
	.synopsis = "[OPTION]... INPUT",
	.about = "Converts an RSA-2048 key to the boot EEPROM's raw public key, or that to PEM.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
	.has_operand = true,
	.operand = TO(input),
};

static int convert_parse_arguments(struct job *job, int argc, char **argv)
{
	int result = args_parse(&table, argc, argv, job);
	if (result != TOOL_OK || job->help)
		return result;
	job->binary = job->format && strcmp(job->format, "bin") == 0;
	if (job->format && !job->binary && strcmp(job->format, "pem") != 0)
		return tool_error("Unknown format %s", job->format);
	if (!job->input)
		return tool_usage(table.program, "no INPUT given");
	return tool_keep_inputs(job->output, &job->input, 1);
}

static int convert_load_raw(const char *path, struct rsakey **key, struct reason *why)
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

static int convert_write_hash(const struct job *job, const struct rsakey *key)
{
	uint8_t hash[RAWKEY_HASH];
	char text[2 * RAWKEY_HASH + 2];
	rsakey_hash(key, hash);
	hex_encode(hash, sizeof hash, text);
	memcpy(text + 2 * RAWKEY_HASH, "\n", 2);
	return tool_write(job->output, text, 2 * RAWKEY_HASH + 1);
}

static int convert_write_pem(const struct job *job, const struct rsakey *key)
{
	struct bytes pem;
	struct reason why;
	if (rsakey_pem(key, &pem, &why) != 0)
		return tool_error("%s", why.text);
	int result = tool_write(job->output, pem.data, pem.size - !job->newline);
	tool_bytes_free(&pem);
	return result;
}

int tool_rpi_bootloader_key_convert_main(int argc, char **argv)
{
	struct job job = { 0 };
	struct rsakey *key = NULL;
	struct reason why;
	int result = convert_parse_arguments(&job, argc, argv);
	if (result != TOOL_OK)
		return result;
	if (job.help) {
		args_help(&table, stdout);
		return tool_finish(TOOL_OK);
	}
	int bad = job.binary ? convert_load_raw(job.input, &key, &why)
	                     : rsakey_load(job.input, RSAKEY_PUBLIC, &key, &why);
	if (bad)
		return tool_error("%s", why.text);
	if (job.hash)
		result = convert_write_hash(&job, key);
	else if (job.binary)
		result = convert_write_pem(&job, key);
	else
		result = tool_write(job.output, rsakey_raw(key), RAWKEY_SIZE);
	rsakey_free(key);
	return result;
}
