/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include "base/str.h"
#include "flash/target.h"
#include "formats/sha256.h"
#include "platform/plat.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static enum options_result options_fail(struct options *o, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static enum options_result options_fail(struct options *o, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char text[sizeof o->error];
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	str_escape(o->error, sizeof o->error, text);
	return OPTIONS_ERROR;
}

/* -0 to -98: the whole token, leading zeros are fine. */
static bool options_port_token(const char *token, unsigned long *port)
{
	return *token == '-' && str_number(token + 1, 98, port);
}

/* The option that TOKEN is; *VALUE is set for "--name=value". NULL: none. */
static const struct option *options_find(const char *token, const char **value)
{
	*value = NULL;
	if (token[0] != '-')
		return NULL;
	for (size_t i = 0; i < option_count; i++) {
		const struct option *row = &option_table[i];
		if (row->letter && strcmp(token + 1, row->letter) == 0)
			return row;
		if (token[1] != '-' || !row->name)
			continue;
		size_t n = strlen(row->name);
		if (strncmp(token + 2, row->name, n) != 0)
			continue;
		if (token[2 + n] == 0)
			return row;
		if (token[2 + n] == '=') {
			*value = token + 3 + n;
			return row;
		}
	}
	return NULL;
}

/* The value itself, or, where MISSING, the row's number for that. */
static enum options_result options_set_number(struct options *o, const struct option *row,
                                              const char *value, bool missing, unsigned long *to)
{
	if (missing) {
		*to = row->missing;
		return OPTIONS_RUN;
	}
	if (row->type == OPTION_LEADING)
		*to = strtoul(value, NULL, 10);
	else if (!str_number(value, row->max, to))
		*to = row->max + 1;
	if (*to >= row->min && *to <= row->max)
		return OPTIONS_RUN;
	return options_fail(o, "--%s: expected a number from %lu to %lu, not '%s'", row->name,
	                    row->min, row->max, value);
}

static enum options_result options_append(struct options *o, const struct option *row,
                                          const char *value, const char **list, unsigned *count)
{
	if (!*value)
		return options_fail(o, "an empty path or serial number selects nothing");
	if (row->valid && !row->valid(value))
		return options_fail(o, "--%s: expected %s, not '%s'", row->name, row->expected,
		                    value);
	if (*count == STATION_SELECTORS)
		return options_fail(o, "more than %d paths or serial numbers", STATION_SELECTORS);
	list[(*count)++] = value;
	return OPTIONS_RUN;
}

static enum options_result options_set_word(struct options *o, const struct option *row,
                                            const char *value, int *to)
{
	char known[80] = "";
	size_t n = 0;
	for (int i = 0; row->words[i]; i++) {
		if (strcmp(row->words[i], value) == 0) {
			*to = i;
			return OPTIONS_RUN;
		}
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "",
		                      row->words[i]);
	}
	return options_fail(o, "--%s: expected one of %s, not '%s'", row->name, known, value);
}

static enum options_result options_set_chip(struct options *o, const struct option *row,
                                            const char *value, const struct chip **to)
{
	*to = chip_by_name(value);
	if (*to)
		return OPTIONS_RUN;
	return options_fail(o, "--%s: no chip or board '%s': 2763, 2764, 2711, 2712, cm4, pi5, ...",
	                    row->name, value);
}

/* Stores VALUE ("" where it is MISSING, or the option takes none) where the row says. */
static enum options_result options_apply(struct options *o, const struct option *row,
                                         const char *value, bool missing)
{
	char *base = (char *)o;
	void *to = base + row->member;
	unsigned long port;
	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)to = true;
		return OPTIONS_RUN;
	case OPTION_TEXT:
		if (row->not_empty && !*value)
			return options_fail(o, "--%s: expected %s", row->name, row->arg);
		if (row->once && *(const char **)to)
			return options_fail(o, "--%s can be given once", row->name);
		if (row->complete == COMPLETE_DIRECTORY)
			plat_path_separators((char *)value); /* a word of argv */
		if (!missing && (*value || row->arg[0] != '['))
			*(const char **)to = value;
		return OPTIONS_RUN;
	case OPTION_LIST:
		return options_append(o, row, value, to, (void *)(base + row->count));
	case OPTION_NUMBER:
	case OPTION_LEADING:
		return options_set_number(o, row, value, missing, to);
	case OPTION_PORT:
		if (options_set_number(o, row, value, false, &port) != OPTIONS_RUN)
			return OPTIONS_ERROR;
		*(int *)to = (int)port;
		return OPTIONS_RUN;
	case OPTION_WORD:
		if (missing) {
			*(int *)to = (int)row->missing;
			return OPTIONS_RUN;
		}
		return options_set_word(o, row, value, to);
	case OPTION_CHIP:
		return options_set_chip(o, row, value, to);
	case OPTION_LEVEL:
		*(int *)to = (int)row->min;
		return OPTIONS_RUN;
	case OPTION_ACTION:
	default:
		return row->result;
	}
}

/* Whether TOKEN is single letters run together, like -lv. */
static bool options_are_joined(const char *token)
{
	if (token[0] != '-' || token[1] == '-' || !token[1] || !token[2])
		return false;
	for (const char *c = token + 1; *c; c++) {
		const char *value, alone[] = { '-', *c, 0 };
		if (!options_find(alone, &value))
			return false;
	}
	return true;
}

/* TOKEN is no option: names what was probably meant. */
static enum options_result options_reject(struct options *o, const char *token)
{
	if (options_are_joined(token))
		return options_fail(o,
		                    "unknown option '%s'; short options are separate: -%c -%c ...",
		                    token, token[1], token[2]);
	if (*token == '-')
		return options_fail(o, "unknown option '%s'", token);
	if (!*token || o->directory)
		return options_fail(o, "unexpected word '%s'", token);
	return options_fail(o, "unexpected word '%s'; did you mean -d %s?", token, token);
}

/* The argument at *I, which moves to the last word of it. */
static enum options_result options_parse_one(struct options *o, int argc, char **argv, int *i)
{
	const char *token = argv[*i], *value;
	unsigned long port;
	if (options_port_token(token, &port)) {
		o->port = (int)port;
		return OPTIONS_RUN;
	}
	const struct option *row = options_find(token, &value);
	if (!row)
		return options_reject(o, token);
	if (!row->arg)
		return value ? options_fail(o, "--%s takes no value", row->name)
		             : options_apply(o, row, "", true);
	bool optional = row->arg[0] == '[';
	if (!value && *i + 1 < argc && !(optional && argv[*i + 1][0] == '-'))
		value = argv[++*i];
	if (!value && !optional)
		return options_fail(o, "option '%s' requires an argument: %s", token, row->arg);
	return options_apply(o, row, value ? value : "", !value);
}

/* The options of --flash and --backup. */
static enum options_result options_check_flash(struct options *o)
{
	bool disk = o->flash || o->backup;
	if (o->flash && o->backup)
		return options_fail(o, "--flash and --backup are mutually exclusive");
	if (disk && (o->check || o->list))
		return options_fail(o, "--%s and --%s are mutually exclusive",
		                    o->flash ? "flash" : "backup", o->check ? "check" : "list");
	if (!disk && (o->target || o->no_eject || o->via != VIA_AUTO))
		return options_fail(o, "--%s requires --flash or --backup",
		                    o->target     ? "target"
		                    : o->no_eject ? "no-eject"
		                                  : "via");
	if (!o->flash && (o->image_sha256 || o->spool || o->verify != VERIFY_YES))
		return options_fail(o, "--%s requires --flash",
		                    o->image_sha256 ? "image-sha256"
		                    : o->spool      ? "spool"
		                                    : "verify");
	if (o->target && !target_is_word(o->target))
		return options_fail(o,
		                    "--target: expected emmc, sd, nvme, usb or a name like "
		                    "mmcblk0, not '%s'",
		                    o->target);
	if (o->image_sha256 && (strlen(o->image_sha256) != 2 * SHA256_SIZE ||
	                        o->image_sha256[strspn(o->image_sha256, "0123456789abcdefABCDEF")]))
		return options_fail(o, "--image-sha256: expected 64 hexadecimal digits, not '%s'",
		                    o->image_sha256);
	return OPTIONS_RUN;
}

/* --wait-for and its time; --wait-disk, --flash and --backup wait for disks. */
static enum options_result options_check_wait(struct options *o)
{
	const char *disk = o->wait_disk ? "wait-disk"
	                   : o->flash   ? "flash"
	                   : o->backup  ? "backup"
	                                : NULL;
	if (o->wait_timeout && o->wait_for == WAIT_NONE)
		return options_fail(o, "--wait-timeout requires --wait-for");
	if (disk && o->wait_for != WAIT_NONE && o->wait_for != WAIT_DISK)
		return options_fail(o, "--%s waits for a disk, not for what --wait-for says", disk);
	if (o->wait_disk && o->wait_for == WAIT_DISK)
		return options_fail(o, "--wait-disk is --wait-for disk: give one of them");
	return OPTIONS_RUN;
}

enum options_result options_parse(struct options *o, int argc, char **argv)
{
	*o = (struct options){ .port = -1, .wait_for = WAIT_NONE };
	for (int i = 1; i < argc; i++) {
		enum options_result result = options_parse_one(o, argc, argv, &i);
		if (result != OPTIONS_RUN)
			return result;
	}
	if (o->overlay && !o->directory)
		return options_fail(o, "-o requires a boot directory: -d DIR");
	if (o->path_count && o->port >= 0)
		return options_fail(o, "a USB path and a port number are mutually exclusive");
	if (o->loop && o->count)
		return options_fail(o, "-l and -n are mutually exclusive");
	if (o->chip && !o->check)
		return options_fail(o, "--chip requires --check");
	if (o->follow && !o->list)
		return options_fail(o, "--follow requires --list");
	enum options_result result = options_check_wait(o);
	return result == OPTIONS_RUN ? options_check_flash(o) : result;
}

/* --- help */

#define HELP_WIDTH  79
#define HELP_INDENT 28

void options_help(FILE *out)
{
	fputs("Usage: rpiboot [OPTION]...\n"
	      "Boots Raspberry Pi boards in USB boot mode from a boot directory.\n\n",
	      out);
	for (size_t i = 0; i < option_count; i++) {
		const struct option *row = &option_table[i];
		int n = fprintf(out, "  ");
		if (row->letter)
			n += fprintf(out, "-%s", row->letter);
		if (row->name)
			n += fprintf(out, "%s--%s", row->letter ? ", " : "    ", row->name);
		if (row->arg)
			n += fprintf(out, " %s", row->arg);
		if (n + 2 > HELP_INDENT)
			n = fprintf(out, "\n") - 1;
		fprintf(out, "%*s", HELP_INDENT - n, "");
		str_wrap(out, HELP_INDENT, HELP_WIDTH, row->help);
	}
	fputs("\nOne board is served, unless -l, -n, or several -p or -i ask for more.\n"
	      "Exit status: 0 success, 1 boot files missing or unusable, 2 a board failed, 3 a\n"
	      "board was lost, 4 a board did not come back, 5 no board in time, 6 not what\n"
	      "is waited for, 7 --exec, 8 the image of --flash, 9 the disk is refused, 10 the\n"
	      "disk failed, 130 interrupted, 255 usage, libusb or permission. See rpiboot(1).\n",
	      out);
}
