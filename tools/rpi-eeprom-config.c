/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-eeprom-config: reads and replaces the files inside a boot EEPROM image. */
#include "formats/configtxt.h"
#include "formats/eeprom.h"
#include "formats/json.h"
#include "formats/trailer.h"
#include "args.h"
#include "platform/plat.h"
#include "rsakey.h"
#include "tools.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct job {
	const char *image;
	const char *config, *digest, *pubkey, *bootcode, *bootsys, *cacert, *timestamp, *out,
		*apply;
	bool extract, list, json, debug, edit, help;
};

enum { OPT_CACERT = 256, OPT_DEBUG, OPT_LIST, OPT_JSON };

#define TO(field) offsetof(struct job, field)
static const struct args_row rows[] = {
	{ 'c', "config", "FILE", "replace bootconf.txt", TO(config) },
	{ 'd', "digest", "FILE", "replace bootconf.sig (with --config)", TO(digest) },
	{ 'p', "pubkey", "FILE",
	  "replace pubkey.bin (with --config): an RSA-2048\nkey, public or private, PEM or DER",
	  TO(pubkey) },
	{ 'b', "bootcode", "FILE", "replace the second stage, bootcode.bin", TO(bootcode) },
	{ 's', "bootsys", "FILE", "replace bootsys", TO(bootsys) },
	{ OPT_CACERT, "cacertder", "FILE", "replace cacert.der, the certificate for HTTPS boot",
	  TO(cacert) },
	{ 't', "timestamp", "SECONDS", "store this as the time of the update", TO(timestamp) },
	{ 'o', "out", "FILE", "write to FILE instead of standard output", TO(out) },
	{ 'x', "extract", NULL, "write all files of the image to the current\ndirectory",
	  TO(extract) },
	{ OPT_LIST, "list", NULL, "show the layout of the image", TO(list) },
	{ OPT_JSON, "json", NULL, "the same as JSON (with --list)", TO(json) },
	{ 'a', "apply", "FILE", "for the board's own tool only", TO(apply) },
	{ 'e', "edit", NULL, "for the board's own tool only", TO(edit) },
	{ OPT_DEBUG, "debug", NULL, "show the layout before and after on standard error",
	  TO(debug) },
	{ 'h', "help", NULL, "show this text", TO(help) },
};

static const struct args_table table = {
	.program = "rpi-eeprom-config",
	.synopsis = "[OPTION]... IMAGE",
	.about = "Prints the configuration in a Raspberry Pi boot EEPROM image, or replaces files\n"
		 "in it.",
	.rows = rows,
	.count = sizeof rows / sizeof *rows,
	.has_operand = true,
	.operand = TO(image),
};

/* --- arguments */

static bool config_writes(const struct job *job)
{
	return job->config || job->bootcode || job->bootsys || job->cacert || job->timestamp;
}

/* Combinations of which a part would be ignored. */
static const char *config_bad_combination(const struct job *job)
{
	if (!job->image)
		return "no IMAGE given";
	if ((job->digest || job->pubkey) && !job->config)
		return "--digest and --pubkey require --config";
	if (job->extract && (config_writes(job) || job->out || job->list))
		return "--extract excludes other actions and --out";
	if (job->list && config_writes(job))
		return "--list excludes other actions";
	if (job->json && !job->list)
		return "--json requires --list";
	return NULL;
}

/* Only a changed image may take the place of the image it was made from. */
static int config_keep_inputs(const struct job *job)
{
	const char *const inputs[] = { config_writes(job) ? NULL : job->image,
		                       job->config,
		                       job->digest,
		                       job->pubkey,
		                       job->bootcode,
		                       job->bootsys,
		                       job->cacert };
	return tool_keep_inputs(job->out, inputs, sizeof inputs / sizeof *inputs);
}

static int config_parse_arguments(struct job *job, int argc, char **argv)
{
	int result = args_parse(&table, argc, argv, job);
	if (result != TOOL_OK || job->help)
		return result;
	if (job->apply || job->edit)
		return tool_error("--edit and --apply change the board they run on: use the "
		                  "rpi-eeprom-config of the board's own system");
	if (!job->image && !config_writes(job) && !job->digest && !job->pubkey && !job->out &&
	    !job->extract && !job->list && !job->json)
		return tool_error("the running configuration can only be read on a board, by the "
		                  "rpi-eeprom-config of its own system; give an IMAGE here");
	const char *bad = config_bad_combination(job);
	return bad ? tool_usage(table.program, "%s", bad) : config_keep_inputs(job);
}

/* T as Python's int() reads it: blanks around, a plus sign, single underscores between digits. */
static int config_parse_time(const char *text, uint32_t *seconds)
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

static int config_set_time(struct eeprom *image, const char *text)
{
	uint32_t seconds = 0;
	struct reason why;
	int result = config_parse_time(text, &seconds);
	if (result == TOOL_OK && eeprom_set_time(image, seconds, &why) != 0)
		result = tool_error("%s", why.text);
	return result;
}

/* Reads PATH for the image's file NAME. */
static int config_read_source(const char *path, const char *what, struct bytes *file)
{
	int err = tool_read_file(path, EEPROM_SIZE_2712, file);
	if (err == ENOENT)
		return tool_error("%s file '%s' not found", what, path);
	if (err)
		return tool_error("%s file '%s' cannot be read: %s", what, path, strerror(err));
	return TOOL_OK;
}

static int config_replace(struct eeprom *image, const char *name, const char *what,
                          const char *path)
{
	struct bytes file;
	struct reason why;
	struct trailer trailer;
	bool code = strcmp(name, "bootcode.bin") == 0 || strcmp(name, "bootsys") == 0;
	int result = config_read_source(path, what, &file);
	if (result != TOOL_OK)
		return result;
	int bad = 0;
	if (code && file.size == 0)
		bad = reason_set(&why, "it is empty: the board would not start");
	else if (code && image->size == EEPROM_SIZE_2711 &&
	         trailer_find(TRAILER_CHIP_2712, file.data, file.size, &trailer))
		bad = reason_set(
			&why,
			"it is signed boot code of a BCM2712 (%zu bytes), but the image is a "
			"BCM2711's (%zu bytes)",
			file.size, image->size);
	else if (strcmp(name, "bootcode.bin") == 0)
		bad = eeprom_replace_bootcode(image, file.data, file.size, &why);
	else
		bad = eeprom_replace(image, name, file.data, file.size, &why);
	if (bad)
		result = tool_error("%s: %s", path, why.text);
	else if (!code && file.size > EEPROM_FILE_SAFE)
		tool_warn("%s: more than %u bytes run into the next flash sector", path,
		          EEPROM_FILE_SAFE);
	if (!bad && strcmp(name, "bootconf.txt") == 0 &&
	    configtxt_check_text((const char *)file.data, file.size, &why) != 0)
		tool_warn("%s %s", path, why.text);
	tool_bytes_free(&file);
	return result;
}

static int config_replace_key(struct eeprom *image, const char *path)
{
	struct rsakey *key;
	struct reason why;
	if (rsakey_load(path, RSAKEY_PUBLIC, &key, &why) != 0)
		return tool_error("%s", why.text);
	int bad = eeprom_replace(image, "pubkey.bin", rsakey_raw(key), RAWKEY_SIZE, &why);
	rsakey_free(key);
	return bad ? tool_error("%s: %s", path, why.text) : TOOL_OK;
}

static int config_change(const struct job *job, struct eeprom *image)
{
	int result = TOOL_OK;
	if (job->timestamp)
		result = config_set_time(image, job->timestamp);
	if (!result && job->bootcode)
		result = config_replace(image, "bootcode.bin", "bootcode", job->bootcode);
	if (!result && job->bootsys)
		result = config_replace(image, "bootsys", "bootsys", job->bootsys);
	if (!result && job->cacert)
		result = config_replace(image, "cacert.der", "cacert", job->cacert);
	if (!result && job->config)
		result = config_replace(image, "bootconf.txt", "config", job->config);
	if (!result && job->digest)
		result = config_replace(image, "bootconf.sig", "digest", job->digest);
	if (!result && job->pubkey)
		result = config_replace_key(image, job->pubkey);
	return result;
}

/* --- showing */

static const char *const kinds[] = {
	[EEPROM_BOOTCODE] = "bootcode",
	[EEPROM_RESOURCE] = "resource",
	[EEPROM_FILE] = "file",
	[EEPROM_PADDING] = "padding",
};

/* The name for a terminal. */
static void config_shown_name(const struct eeprom_section *s, char name[sizeof s->name])
{
	size_t i = 0;
	for (; s->name[i]; i++)
		name[i] = (char)(s->name[i] < ' ' || s->name[i] > '~' ? '?' : s->name[i]);
	name[i] = 0;
}

static void config_print_layout(const struct eeprom *image, FILE *to)
{
	struct eeprom_section s = { 0 };
	struct reason ignored;
	fprintf(to, "%-8s  %-8s  %-12s  %8s  %8s\n", "offset", "kind", "name", "used", "room");
	while (eeprom_next(image, &s, &ignored) > 0) {
		char name[sizeof s.name], room[24] = "-";
		size_t used, most = eeprom_room(image, &s);
		eeprom_content(image, &s, &used);
		config_shown_name(&s, name);
		if (most)
			snprintf(room, sizeof room, "%zu", most);
		fprintf(to, "0x%06zx  %-8s  %-12s  %8zu  %8s\n", s.offset, kinds[s.kind],
		        *name ? name : "-", used, room);
	}
}

static void config_print_json(const struct eeprom *image, FILE *to)
{
	struct eeprom_section s = { 0 };
	struct reason ignored;
	struct json_out out;
	json_begin(&out, to, JSON_SPACED);
	json_open(&out, NULL, '{');
	json_put_number(&out, "size", image->size);
	json_put_bool(&out, "ab", eeprom_is_ab(image));
	json_open(&out, "sections", '[');
	while (eeprom_next(image, &s, &ignored) > 0) {
		size_t used, room = eeprom_room(image, &s);
		eeprom_content(image, &s, &used);
		json_open(&out, NULL, '{');
		json_put_number(&out, "offset", s.offset);
		json_put_string(&out, "kind", kinds[s.kind]);
		json_put_string(&out, "name", s.name);
		json_put_number(&out, "used", used);
		if (room)
			json_put_number(&out, "room", room);
		else
			json_put_null(&out, "room");
		json_close(&out, '}');
	}
	json_close(&out, ']');
	json_close(&out, '}');
	json_end_line(&out);
}

static int config_list(const struct job *job, const struct eeprom *image)
{
	struct plat_memory text;
	if (!plat_memory_open(&text))
		return tool_error("out of memory");
	if (job->json)
		config_print_json(image, text.stream);
	else
		config_print_layout(image, text.stream);
	int result = plat_memory_close(&text) ? tool_write(job->out, text.bytes, text.size)
	                                      : tool_error("out of memory");
	free(text.bytes);
	return result;
}

static int config_print_config(const struct job *job, const struct eeprom *image)
{
	struct eeprom_section s;
	size_t n;
	if (!eeprom_find(image, "bootconf.txt", &s))
		return tool_error("%s: it contains no bootconf.txt", job->image);
	const uint8_t *content = eeprom_content(image, &s, &n);
	return tool_write(job->out, content, n);
}

/* --- extracting */

/* Names come from the image: nothing that could lead out of the current directory or hide in it. */
static bool config_safe_name(const char *name)
{
	const char *good = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	return *name && *name != '.' && strspn(name, good) == strlen(name);
}

/* What section S becomes: its file name, or NULL for what is not extracted. */
static const char *config_extracted_name(const struct eeprom *image, const struct eeprom_section *s)
{
	struct eeprom_section first;
	if (s->kind == EEPROM_BOOTCODE && s->offset == 0)
		return "bootcode.bin";
	if (s->kind != EEPROM_FILE || strcmp(s->name, "bootcode.bin") == 0)
		return NULL;
	return eeprom_find(image, s->name, &first) && first.offset == s->offset ? s->name : NULL;
}

static int config_extract(const struct eeprom *image)
{
	struct eeprom_section s = { 0 };
	struct reason ignored;
	while (eeprom_next(image, &s, &ignored) > 0)
		if (s.kind == EEPROM_FILE && !config_safe_name(s.name))
			return tool_error("the file at offset 0x%zx has a name that is not safe "
			                  "to write: nothing was extracted",
			                  s.offset);
	s = (struct eeprom_section){ 0 };
	while (eeprom_next(image, &s, &ignored) > 0) {
		const char *name = config_extracted_name(image, &s);
		size_t n;
		const uint8_t *content = eeprom_content(image, &s, &n);
		if (name && tool_write(name, content, n) != TOOL_OK)
			return TOOL_ERROR;
	}
	return TOOL_OK;
}

/* --- */

static int config_work(const struct job *job, struct eeprom *image)
{
	if (job->debug)
		config_print_layout(image, stderr);
	if (job->extract)
		return config_extract(image);
	if (job->list)
		return config_list(job, image);
	if (!config_writes(job))
		return config_print_config(job, image);
	int result = config_change(job, image);
	if (result != TOOL_OK)
		return result;
	if (job->debug)
		config_print_layout(image, stderr);
	return tool_write(job->out, image->bytes, image->size);
}

int tool_rpi_eeprom_config_main(int argc, char **argv)
{
	struct job job = { 0 };
	struct bytes file;
	struct eeprom image;
	struct reason why;
	int result = config_parse_arguments(&job, argc, argv);
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
		result = config_work(&job, &image);
	tool_bytes_free(&file);
	return result;
}
