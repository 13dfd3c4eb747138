/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-eeprom-config: reads and replaces the files inside a boot EEPROM image. */
#include "formats/eeprom.h"
#include "args.h"
#include "platform/plat.h"
#include "platform/atomic_file.h"
#include "rsakey.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_CACERT = 256, OPT_DEBUG, OPT_LIST, OPT_JSON };

static const struct args_row rows[] = {
	{ 'c', "config", "FILE", "replace bootconf.txt" },
	{ 'd', "digest", "FILE", "replace bootconf.sig (with --config)" },
	{ 'p', "pubkey", "FILE",
	  "replace pubkey.bin (with --config): an RSA-2048 key,\npublic or private, PEM or DER" },
	{ 'b', "bootcode", "FILE", "replace the second stage, bootcode.bin" },
	{ 's', "bootsys", "FILE", "replace bootsys" },
	{ OPT_CACERT, "cacertder", "FILE", "replace cacert.der, the certificate for HTTPS boot" },
	{ 't', "timestamp", "SECONDS", "store this as the time of the update" },
	{ 'o', "out", "FILE", "write to FILE instead of standard output" },
	{ 'x', "extract", NULL, "write all files of the image to the current folder" },
	{ OPT_LIST, "list", NULL, "show the layout of the image" },
	{ OPT_JSON, "json", NULL, "the same as JSON (with --list)" },
	{ 'a', "apply", "FILE", "for the board's own tool only" },
	{ 'e', "edit", NULL, "for the board's own tool only" },
	{ OPT_DEBUG, "debug", NULL, "show the layout before and after on standard error" },
	{ 'h', "help", NULL, "show this text" },
};

static const struct args_table table = {
	.program = "rpi-eeprom-config",
	.synopsis = "[OPTION]... IMAGE",
	.about = "Prints the configuration in a Raspberry Pi boot EEPROM image, or replaces files "
		 "in it.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
};

struct job {
	const char *image;
	const char *config, *digest, *pubkey, *bootcode, *bootsys, *cacert, *timestamp, *out;
	bool extract, list, json, debug, on_board, help;
};

/* --- arguments */

static const char **text_option(struct job *job, int key)
{
	switch (key) {
	case 'c':
		return &job->config;
	case 'd':
		return &job->digest;
	case 'p':
		return &job->pubkey;
	case 'b':
		return &job->bootcode;
	case 's':
		return &job->bootsys;
	case 't':
		return &job->timestamp;
	case OPT_CACERT:
		return &job->cacert;
	default:
		return &job->out;
	}
}

static void take_option(struct job *job, int key, const char *arg)
{
	switch (key) {
	case 'x':
		job->extract = true;
		break;
	case OPT_LIST:
		job->list = true;
		break;
	case OPT_JSON:
		job->json = true;
		break;
	case OPT_DEBUG:
		job->debug = true;
		break;
	case 'h':
		job->help = true;
		break;
	case 'a':
	case 'e':
		job->on_board = true;
		break;
	default:
		*text_option(job, key) = arg;
	}
}

static bool writes(const struct job *job)
{
	return job->config || job->bootcode || job->bootsys || job->cacert || job->timestamp;
}

/* Combinations that would leave something undone without a word. */
static const char *bad_combination(const struct job *job)
{
	if (!job->image)
		return "which IMAGE?";
	if ((job->digest || job->pubkey) && !job->config)
		return "--digest and --pubkey go with --config";
	if (job->extract && (writes(job) || job->out || job->list))
		return "--extract goes without other actions and without --out";
	if (job->list && writes(job))
		return "--list goes without other actions";
	if (job->json && !job->list)
		return "--json goes with --list";
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
	if (job->on_board)
		return tool_error("--edit and --apply change the board they run on: use the "
		                  "rpi-eeprom-config of the board's own system");
	if (argc - optind > 1)
		return tool_usage(table.program, "one IMAGE only, not also %s", argv[optind + 1]);
	job->image = argv[optind];
	if (!job->image && !writes(job) && !job->digest && !job->pubkey && !job->out &&
	    !job->extract && !job->list && !job->json)
		return tool_error("the running configuration can only be read on a board, by the "
		                  "rpi-eeprom-config of its own system; give an IMAGE here");
	const char *bad = bad_combination(job);
	return bad ? tool_usage(table.program, "%s", bad) : TOOL_OK;
}

/* T as Python's int() reads it: blanks around, a plus sign, single underscores between digits. */
static int parse_time(const char *text, uint32_t *seconds)
{
	uint64_t value = 0;
	const char *p = text + strspn(text, " \t\r\n\v\f");
	p += *p == '+';
	bool digit = false, bad = false;
	for (; *p >= '0' && *p <= '9' && value <= UINT32_MAX; p++) {
		value = value * 10 + (uint64_t)(*p - '0');
		digit = true;
		if (p[1] == '_' && p[2] >= '0' && p[2] <= '9')
			p++;
	}
	bad = value <= UINT32_MAX && p[strspn(p, " \t\r\n\v\f")];
	if (!digit || bad)
		return tool_error("timestamp '%s' is not a decimal number", text);
	if (value > UINT32_MAX)
		return tool_error("timestamp '%s' is larger than %lu", text,
		                  (unsigned long)UINT32_MAX);
	*seconds = (uint32_t)value;
	return TOOL_OK;
}

/* --- changing the image */

static int set_time(struct eeprom *image, const char *text)
{
	uint32_t seconds = 0;
	struct reason why;
	int result = parse_time(text, &seconds);
	if (result == TOOL_OK && eeprom_set_time(image, seconds, &why) != 0)
		result = tool_error("%s", why.text);
	return result;
}

/* Reads PATH for the image's file NAME. */
static int read_source(const char *path, const char *what, struct bytes *file)
{
	int err = tool_read_file(path, EEPROM_SIZE_2712, file);
	if (err == ENOENT)
		return tool_error("%s file '%s' not found", what, path);
	if (err)
		return tool_error("%s file '%s' cannot be read: %s", what, path, strerror(err));
	return TOOL_OK;
}

static int replace(struct eeprom *image, const char *name, const char *what, const char *path)
{
	struct bytes file;
	struct reason why;
	bool code = strcmp(name, "bootcode.bin") == 0 || strcmp(name, "bootsys") == 0;
	int result = read_source(path, what, &file);
	if (result != TOOL_OK)
		return result;
	int bad = 0;
	if (code && file.size == 0)
		bad = reason_set(&why, "it is empty: the board would not start");
	else if (strcmp(name, "bootcode.bin") == 0)
		bad = eeprom_replace_bootcode(image, file.data, file.size, &why);
	else
		bad = eeprom_replace(image, name, file.data, file.size, &why);
	if (bad)
		result = tool_error("%s: %s", path, why.text);
	else if (!code && file.size > EEPROM_FILE_SAFE)
		fprintf(stderr, "WARNING: %s: more than %u bytes run into the next flash sector\n",
		        path, EEPROM_FILE_SAFE);
	tool_bytes_free(&file);
	return result;
}

static int replace_key(struct eeprom *image, const char *path)
{
	struct rsakey *key;
	struct reason why;
	if (rsakey_load(path, RSAKEY_PUBLIC, &key, &why) != 0)
		return tool_error("%s", why.text);
	int bad = eeprom_replace(image, "pubkey.bin", rsakey_raw(key), RAWKEY_SIZE, &why);
	rsakey_free(key);
	return bad ? tool_error("%s: %s", path, why.text) : TOOL_OK;
}

static int change(const struct job *job, struct eeprom *image)
{
	int result = TOOL_OK;
	if (job->timestamp)
		result = set_time(image, job->timestamp);
	if (!result && job->bootcode)
		result = replace(image, "bootcode.bin", "bootcode", job->bootcode);
	if (!result && job->bootsys)
		result = replace(image, "bootsys", "bootsys", job->bootsys);
	if (!result && job->cacert)
		result = replace(image, "cacert.der", "cacert", job->cacert);
	if (!result && job->config)
		result = replace(image, "bootconf.txt", "config", job->config);
	if (!result && job->digest)
		result = replace(image, "bootconf.sig", "digest", job->digest);
	if (!result && job->pubkey)
		result = replace_key(image, job->pubkey);
	return result;
}

/* --- showing */

static const char *const kinds[] = {
	[EEPROM_BOOTCODE] = "bootcode",
	[EEPROM_RESOURCE] = "resource",
	[EEPROM_FILE] = "file",
	[EEPROM_PADDING] = "padding",
};

/* The name as it may be shown anywhere, also inside a JSON string. */
static void shown_name(const struct eeprom_section *s, char name[sizeof s->name])
{
	size_t i = 0;
	for (; s->name[i]; i++) {
		char c = s->name[i];
		name[i] = (char)(c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c);
	}
	name[i] = 0;
}

static void print_section(const struct eeprom *image, const struct eeprom_section *s, bool json,
                          bool first, FILE *to)
{
	char name[sizeof s->name], room[24];
	size_t used, most = eeprom_room(image, s);
	eeprom_content(image, s, &used);
	shown_name(s, name);
	snprintf(room, sizeof room, "%zu", most);
	if (json)
		fprintf(to,
		        "%s\n\t\t{ \"offset\": %zu, \"kind\": \"%s\", \"name\": \"%s\", "
		        "\"used\": %zu, \"room\": %s }",
		        first ? "" : ",", s->offset, kinds[s->kind], name, used,
		        most ? room : "null");
	else
		fprintf(to, "0x%06zx  %-8s  %-12s  %8zu  %8s\n", s->offset, kinds[s->kind],
		        *name ? name : "-", used, most ? room : "-");
}

static void print_layout(const struct eeprom *image, bool json, FILE *to)
{
	struct eeprom_section s = { 0 };
	struct reason ignored;
	bool first = true;
	if (json)
		fprintf(to, "{\n\t\"size\": %zu,\n\t\"ab\": %s,\n\t\"sections\": [", image->size,
		        eeprom_is_ab(image) ? "true" : "false");
	else
		fprintf(to, "%-8s  %-8s  %-12s  %8s  %8s\n", "offset", "kind", "name", "used",
		        "room");
	for (; eeprom_next(image, &s, &ignored) > 0; first = false)
		print_section(image, &s, json, first, to);
	if (json)
		fputs("\n\t]\n}\n", to);
}

static int list(const struct job *job, const struct eeprom *image)
{
	struct plat_memory text;
	if (!plat_memory_open(&text))
		return tool_error("out of memory");
	print_layout(image, job->json, text.stream);
	int result = plat_memory_close(&text) ? tool_write(job->out, text.bytes, text.size)
	                                      : tool_error("out of memory");
	free(text.bytes);
	return result;
}

static int print_config(const struct job *job, const struct eeprom *image)
{
	struct eeprom_section s;
	size_t n;
	if (!eeprom_find(image, "bootconf.txt", &s))
		return tool_error("%s: there is no bootconf.txt in it", job->image);
	const uint8_t *content = eeprom_content(image, &s, &n);
	return tool_write(job->out, content, n);
}

/* --- extracting */

/* Names come from the image: nothing that could lead out of the current directory or hide in it. */
static bool safe_name(const char *name)
{
	const char *good = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	return *name && *name != '.' && strspn(name, good) == strlen(name);
}

/* What section S becomes: its file name, or NULL for what is not extracted. */
static const char *extracted_name(const struct eeprom *image, const struct eeprom_section *s)
{
	struct eeprom_section first;
	if (s->kind == EEPROM_BOOTCODE && s->offset == 0)
		return "bootcode.bin";
	if (s->kind != EEPROM_FILE || strcmp(s->name, "bootcode.bin") == 0)
		return NULL;
	return eeprom_find(image, s->name, &first) && first.offset == s->offset ? s->name : NULL;
}

static int extract(const struct eeprom *image)
{
	struct eeprom_section s = { 0 };
	struct reason ignored;
	while (eeprom_next(image, &s, &ignored) > 0)
		if (s.kind == EEPROM_FILE && !safe_name(s.name))
			return tool_error("the file at offset 0x%zx has a name that is not safe "
			                  "to write: nothing was extracted",
			                  s.offset);
	s = (struct eeprom_section){ 0 };
	while (eeprom_next(image, &s, &ignored) > 0) {
		const char *name = extracted_name(image, &s);
		size_t n;
		const uint8_t *content = eeprom_content(image, &s, &n);
		int err = name ? atomic_file_write(name, content, n, 0666) : 0;
		if (err)
			return tool_error("cannot write %s: %s", name, strerror(err));
	}
	return TOOL_OK;
}

/* --- */

static int work(const struct job *job, struct eeprom *image)
{
	if (job->debug)
		print_layout(image, false, stderr);
	if (job->extract)
		return extract(image);
	if (job->list)
		return list(job, image);
	if (!writes(job))
		return print_config(job, image);
	int result = change(job, image);
	if (result != TOOL_OK)
		return result;
	if (job->debug)
		print_layout(image, false, stderr);
	return tool_write(job->out, image->bytes, image->size);
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	struct bytes file;
	struct eeprom image;
	struct reason why;
	int result = parse_arguments(&job, argc, argv);
	if (result != TOOL_OK)
		return result;
	if (job.help) {
		args_help(&table, stdout);
		return tool_finish(TOOL_OK);
	}
	int err = tool_read_file(job.image, EEPROM_SIZE_2712, &file);
	if (err == EFBIG)
		return tool_error("%s: Expected sizes [%u, %u] bytes, this is larger", job.image,
		                  EEPROM_SIZE_2711, EEPROM_SIZE_2712);
	if (err)
		return tool_error("Failed to read '%s': %s", job.image, strerror(err));
	if (eeprom_open(&image, file.data, file.size, &why) != 0)
		result = tool_error("%s: %s", job.image, why.text);
	else
		result = work(&job, &image);
	tool_bytes_free(&file);
	return result;
}
