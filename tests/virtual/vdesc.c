/* SPDX-License-Identifier: Apache-2.0 */
#include "vdesc.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SIZE 2048
#define WORDS_MAX     16

const char *const vdesc_fault_points[VPOINT_COUNT] = {
	[VPOINT_OPEN] = "open",
	[VPOINT_SERIAL] = "serial",
	[VPOINT_ANNOUNCE] = "announce",
	[VPOINT_HEADER] = "header",
	[VPOINT_SECONDSTAGE] = "secondstage",
	[VPOINT_STATUS] = "status",
	[VPOINT_REQUEST] = "request",
	[VPOINT_SIZE_REPLY] = "size-reply",
	[VPOINT_DATA] = "data",
	[VPOINT_FLASH] = "flash",
};

/* One line, taken apart. rest[i] is the text from word i to the end of the line. */
struct line {
	const char *where;
	int number;
	char text[LINE_MAX_SIZE];
	char *words[WORDS_MAX];
	const char *rest[WORDS_MAX];
	size_t count;
	char *error;
};

__attribute__((format(printf, 2, 3))) static int fail(struct line *line, const char *format, ...)
{
	int n = snprintf(line->error, VDESC_ERROR_SIZE, "%s:%d: ", line->where, line->number);
	va_list args;
	va_start(args, format);
	if (n > 0 && n < VDESC_ERROR_SIZE)
		vsnprintf(line->error + n, (size_t)(VDESC_ERROR_SIZE - n), format, args);
	va_end(args);
	return -1;
}

/* --- settings: one word and a value each ----------------------------------------------------------------------- */

enum setting_type {
	SETTING_FLAG,
	SETTING_HEX,
	SETTING_NUMBER,
	SETTING_MS,
	SETTING_US,
	SETTING_SIZE,
	SETTING_TEXT
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset;
	uint64_t max;
};

#define AT(member) offsetof(struct vdesc, member)

static const struct setting settings[] = {
	{ "chip", SETTING_HEX, AT(chip), 0xffff },
	{ "interfaces", SETTING_NUMBER, AT(interfaces), 2 },
	{ "vendor-interface", SETTING_NUMBER, AT(vendor_interface), 1 },
	{ "device-class", SETTING_NUMBER, AT(device_class), 255 },
	{ "config-length", SETTING_NUMBER, AT(config_length), 65535 },
	{ "rom_index", SETTING_NUMBER, AT(rom_index), 255 },
	{ "server_index", SETTING_NUMBER, AT(server_index), 255 },
	{ "serial", SETTING_TEXT, AT(serial), 0 },
	{ "server-serial", SETTING_TEXT, AT(server_serial), 0 },
	{ "path", SETTING_TEXT, AT(path), 0 },
	{ "driver", SETTING_TEXT, AT(driver), 0 },
	{ "arrive", SETTING_MS, AT(arrive_us), 0 },
	{ "leave-after", SETTING_MS, AT(leave_us), 0 },
	{ "linger", SETTING_MS, AT(linger_us), 0 },
	{ "eeprom-write", SETTING_MS, AT(eeprom_us), 0 },
	{ "no-node", SETTING_FLAG, AT(no_node), 0 },
	{ "unannounced", SETTING_FLAG, AT(unannounced), 0 },
	{ "ignores-announcements", SETTING_FLAG, AT(ignores_announcements), 0 },
	{ "back-after", SETTING_MS, AT(back_us), 0 },
	{ "think", SETTING_MS, AT(think_us), 0 },
	{ "boot-time", SETTING_MS, AT(boot_us), 0 },
	{ "patience", SETTING_MS, AT(patience_us), 0 },
	{ "replug-after", SETTING_MS, AT(replug_us), 0 },
	{ "jitter", SETTING_MS, AT(jitter_us), 0 },
	{ "urb-time", SETTING_US, AT(urb_us), 0 },
	{ "speed", SETTING_NUMBER, AT(speed), UINT32_MAX },
	{ "same-index-again", SETTING_NUMBER, AT(again), 1000 },
	{ "open-refused-for", SETTING_MS, AT(open_refused_us), 0 },
	{ "unconfigured-for", SETTING_MS, AT(unconfigured_us), 0 },
	{ "open-busy", SETTING_FLAG, AT(open_busy), 0 },
	{ "open-driverless", SETTING_FLAG, AT(open_driverless), 0 },
	{ "status-lost", SETTING_FLAG, AT(status_lost), 0 },
	{ "stay-after-done", SETTING_FLAG, AT(stay_after_done), 0 },
	{ "stay-rom", SETTING_FLAG, AT(stay_rom), 0 },
	{ "never-returns", SETTING_FLAG, AT(never_returns), 0 },
	{ "becomes-disk", SETTING_FLAG, AT(becomes_disk), 0 },
	{ "becomes-fastboot", SETTING_FLAG, AT(becomes_fastboot), 0 },
	{ "disk-size", SETTING_SIZE, AT(disk_bytes), 0 },
	{ "becomes-flash", SETTING_FLAG, AT(becomes_flash), 0 },
	{ "flash-version", SETTING_NUMBER, AT(flash_version), 65535 },
	{ "flash-protocol", SETTING_NUMBER, AT(flash_protocol), 255 },
	{ "medium-speed", SETTING_NUMBER, AT(medium_speed), UINT32_MAX },
	{ "flash-unverified", SETTING_FLAG, AT(flash_unverified), 0 },
	{ "skips-rom", SETTING_FLAG, AT(skips_rom), 0 },
	{ "bystander", SETTING_FLAG, AT(bystander), 0 },
	{ "not-shifted", SETTING_FLAG, AT(not_shifted), 0 },
};

/* A whole non-negative number in TEXT, at most MAX. */
static bool parse_number(const char *text, int base, uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	if (!isxdigit((unsigned char)*text))
		return false;
	unsigned long long v = strtoull(text, &end, base);
	if (errno || *end || v > max)
		return false;
	*out = v;
	return true;
}

static char *copy(const char *text)
{
	char *p = strdup(text);
	if (!p)
		abort(); /* a test without memory cannot say anything useful */
	return p;
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = copy(text);
}

static int apply_setting(struct vdesc *desc, const struct setting *s, struct line *line)
{
	void *at = (char *)desc + s->offset;
	uint64_t v = 0;
	if (s->type == SETTING_FLAG) {
		if (line->count != 1)
			return fail(line, "'%s' takes no value", s->name);
		*(bool *)at = true;
		return 0;
	}
	if (line->count != 2)
		return fail(line, "'%s' takes one value", s->name);
	const char *word = line->words[1];
	if (s->type == SETTING_TEXT) {
		set_text(at, word);
		return 0;
	}
	int base = s->type == SETTING_HEX ? 16 : 10;
	uint64_t max = s->max ? s->max : UINT64_MAX / 1000000;
	if (!parse_number(word, base, max, &v))
		return fail(line, "'%s' is no number for '%s'", word, s->name);
	if (s->type == SETTING_SIZE || s->type == SETTING_US)
		*(uint64_t *)at = v;
	else if (s->type == SETTING_MS)
		*(uint64_t *)at = v * 1000;
	else
		*(uint32_t *)at = (uint32_t)v;
	return 0;
}

/* --- what is expected of a file ---------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *p = strchr(digits, tolower((unsigned char)c));
	return c && p ? (int)(p - digits) : -1;
}

/* Decodes pairs of hex digits. Returns the number of bytes, or -1. */
static int parse_hex(const char *text, uint8_t *out, size_t max)
{
	size_t n = strlen(text);
	if (n % 2 || n / 2 > max)
		return -1;
	for (size_t i = 0; i < n; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (int)(n / 2);
}

static bool is_sum(const char *text)
{
	return strlen(text) == 2 * VDESC_SHA256 &&
	       strspn(text, "0123456789abcdefABCDEF") == 2 * VDESC_SHA256;
}

/* [sha256 SUM | equals FILE | absent | any], from word FIRST to the end of the line. */
static int parse_want(struct vexpect *want, struct line *line, size_t first)
{
	const char *word = first < line->count ? line->words[first] : "any";
	size_t used = first < line->count ? 1 : 0;
	if (strcmp(word, "absent") == 0) {
		want->kind = VEXPECT_ABSENT;
	} else if (strcmp(word, "sha256") == 0 || strcmp(word, "equals") == 0) {
		if (first + 1 >= line->count)
			return fail(line, "'%s' needs a value", word);
		const char *value = line->words[first + 1];
		used = 2;
		want->kind = *word == 's' ? VEXPECT_SUM : VEXPECT_FILE;
		if (want->kind == VEXPECT_FILE)
			set_text(&want->file, value);
		else if (!is_sum(value) || parse_hex(value, want->sha256, VDESC_SHA256) < 0)
			return fail(line, "'%s' is no sha256 (64 hex digits)", value);
	} else if (strcmp(word, "any") != 0) {
		return fail(line, "'%s' is none of sha256, equals, absent, any", word);
	}
	if (first + used < line->count)
		return fail(line, "'%s' is one word too many", line->words[first + used]);
	return 0;
}

static int parse_secondstage(struct vdesc *desc, struct line *line)
{
	if (line->count != 2)
		return fail(line, "'secondstage' takes a file's name or its sha256");
	const char *word = line->words[1];
	if (is_sum(word)) {
		desc->secondstage.kind = VEXPECT_SUM;
		parse_hex(word, desc->secondstage.sha256, VDESC_SHA256);
	} else {
		desc->secondstage.kind = VEXPECT_ANY;
		set_text(&desc->secondstage.file, word);
	}
	return 0;
}

static int parse_status(struct vdesc *desc, struct line *line)
{
	uint64_t code = 0, times = 0;
	if (line->count < 2 || line->count > 3 ||
	    !parse_number(line->words[1], 0, UINT32_MAX, &code))
		return fail(line, "'status' takes a number and, after it, how often");
	if (line->count == 3 && !parse_number(line->words[2], 10, UINT32_MAX, &times))
		return fail(line, "'%s' is no number of times", line->words[2]);
	desc->status = (uint32_t)code;
	desc->status_times = (uint32_t)times;
	return 0;
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static struct vstep *add_step(struct vdesc *desc, struct line *line, enum vstep_kind kind)
{
	struct vstep *p = realloc(desc->steps, (desc->step_count + 1) * sizeof *p);
	if (!p)
		abort();
	desc->steps = p;
	p += desc->step_count++;
	*p = (struct vstep){ .kind = kind, .line = line->number };
	return p;
}

static int check_name(struct line *line, const char *name)
{
	if (strlen(name) > VDESC_NAME_MAX)
		return fail(line, "a name has at most %d bytes", VDESC_NAME_MAX);
	return 0;
}

static int step_file(struct vdesc *desc, struct line *line)
{
	static const char *const words[] = { "size", "read", "get" };
	if (line->count < 2)
		return fail(line, "'%s' needs a file name", line->words[0]);
	if (check_name(line, line->words[1]))
		return -1;
	bool get = strcmp(line->words[0], words[2]) == 0;
	for (int i = 0; i < 2; i++) {
		if (!get && strcmp(line->words[0], words[i]) != 0)
			continue;
		struct vstep *step = add_step(desc, line, i == 0 ? VSTEP_SIZE : VSTEP_READ);
		step->name = copy(line->words[1]);
		if (parse_want(&step->want, line, 2))
			return -1;
	}
	return 0;
}

static int step_metadata(struct vdesc *desc, struct line *line)
{
	if (line->count < 3)
		return fail(line, "'metadata' needs a key and a value");
	char name[LINE_MAX_SIZE * 2];
	snprintf(name, sizeof name, "*%s*%s", line->words[1], line->rest[2]);
	if (check_name(line, name))
		return -1;
	add_step(desc, line, VSTEP_METADATA)->name = copy(name);
	return 0;
}

static int step_pause(struct vdesc *desc, struct line *line)
{
	uint64_t ms = 0;
	if (line->count != 2 || !parse_number(line->words[1], 10, UINT32_MAX, &ms))
		return fail(line, "'pause' takes milliseconds");
	add_step(desc, line, VSTEP_PAUSE)->us = ms * 1000;
	return 0;
}

static int step_plain(struct vdesc *desc, struct line *line)
{
	bool done = strcmp(line->words[0], "done") == 0;
	if (line->count > (done ? 2U : 1U))
		return fail(line, "'%s' is one word too many", line->words[line->count - 1]);
	struct vstep *step = add_step(desc, line,
	                              done                     ? VSTEP_DONE
	                              : *line->words[0] == 'e' ? VSTEP_EMPTY
	                              : *line->words[0] == 'r' ? VSTEP_REBOOT
	                                                       : VSTEP_LEAVE);
	if (line->count == 2)
		step->name = copy(line->words[1]);
	return line->count == 2 ? check_name(line, line->words[1]) : 0;
}

static int step_raw(struct vdesc *desc, struct line *line)
{
	uint8_t bytes[LINE_MAX_SIZE / 2];
	int n = line->count == 2 ? parse_hex(line->words[1], bytes, sizeof bytes) : -1;
	if (n < 0)
		return fail(line, "'raw' takes pairs of hex digits");
	struct vstep *step = add_step(desc, line, VSTEP_RAW);
	step->raw = calloc(1, (size_t)n + 1);
	if (!step->raw)
		abort();
	memcpy(step->raw, bytes, (size_t)n);
	step->raw_size = (size_t)n;
	return 0;
}

/* garbage: 260 bytes that are no message. nonul [NAME]: a GetFileSize whose name fills all 256 bytes. */
static int step_noise(struct vdesc *desc, struct line *line)
{
	bool garbage = strcmp(line->words[0], "garbage") == 0;
	if (line->count > 1)
		return fail(line, "'%s' takes no value", line->words[0]);
	struct vstep *step = add_step(desc, line, VSTEP_RAW);
	step->raw_size = 4 + VDESC_NAME_MAX + 1;
	step->raw = calloc(1, step->raw_size);
	if (!step->raw)
		abort();
	uint32_t x = 0x9e3779b9;
	for (size_t i = garbage ? 0 : 4; i < step->raw_size; i++) {
		x = x * 1664525 + 1013904223;
		step->raw[i] = garbage ? (uint8_t)(x >> 24 | 0x80) : 'n';
	}
	step->no_reply_allowed = garbage;
	return 0;
}

static int step_unknown(struct vdesc *desc, struct line *line)
{
	uint64_t number = 0;
	if (line->count < 2 || line->count > 3 ||
	    !parse_number(line->words[1], 0, UINT32_MAX, &number))
		return fail(line, "'unknown' takes a command's number and, after it, a name");
	struct vstep *step = add_step(desc, line, VSTEP_UNKNOWN);
	step->number = (uint32_t)number;
	step->name = copy(line->count == 3 ? line->words[2] : "unknown");
	step->no_reply_allowed = true;
	return check_name(line, step->name);
}

/* --- faults: "fault KIND [N] at PLACE [NAME] [offset N] [for MS] [times N]" --------------------------------------- */

static bool name_of_place(const char *word, enum vfault_point *out)
{
	for (int i = 0; i < VPOINT_COUNT; i++)
		if (strcmp(word, vdesc_fault_points[i]) == 0) {
			*out = (enum vfault_point)i;
			return true;
		}
	return false;
}

/* The words after the place. */
static int fault_options(struct vfault *fault, struct line *line, size_t i)
{
	while (i < line->count) {
		const char *word = line->words[i];
		uint64_t v = 0;
		bool offset = strcmp(word, "offset") == 0, wait = strcmp(word, "for") == 0,
		     times = strcmp(word, "times") == 0;
		if (!offset && !wait && !times) {
			set_text(&fault->name, word);
			i++;
			continue;
		}
		if (i + 1 >= line->count || !parse_number(line->words[i + 1], 10, UINT32_MAX, &v))
			return fail(line, "'%s' needs a number", word);
		if (offset)
			fault->offset = v;
		else if (wait)
			fault->us = v * 1000;
		else
			fault->times = (uint32_t)v;
		i += 2;
	}
	return 0;
}

static int parse_fault(struct vdesc *desc, struct line *line)
{
	static const char *const kinds[] = { "stall",  "nak",     "short", "disconnect", "error",
		                             "refuse", "garbage", "wrong", "lie" };
	const size_t kind_count = sizeof kinds / sizeof *kinds;
	struct vfault *p = realloc(desc->faults, (desc->fault_count + 1) * sizeof *p);
	if (!p)
		abort();
	desc->faults = p;
	struct vfault *fault = &p[desc->fault_count++];
	*fault = (struct vfault){ .us = VDESC_FOREVER, .times = 1 };
	size_t kind = 0, i = 2;
	while (line->count > 1 && kind < kind_count && strcmp(line->words[1], kinds[kind]) != 0)
		kind++;
	if (line->count < 4 || kind == kind_count)
		return fail(line,
		            "a fault is one of stall, nak, short N, disconnect, error, refuse N, "
		            "garbage N, wrong, lie, then 'at PLACE'");
	fault->kind = (enum vfault_kind)kind;
	uint64_t n = 0;
	bool number = fault->kind == VFAULT_SHORT || fault->kind == VFAULT_REFUSE ||
	              fault->kind == VFAULT_GARBAGE;
	if (number && !parse_number(line->words[i++], 10, UINT32_MAX, &n))
		return fail(line, "'%s' needs a number", kinds[kind]);
	fault->number = (uint32_t)n;
	if (i + 1 >= line->count || strcmp(line->words[i], "at") != 0)
		return fail(line, "after '%s' comes 'at PLACE'", line->words[1]);
	if (!name_of_place(line->words[i + 1], &fault->at))
		return fail(line, "unknown place '%s'", line->words[i + 1]);
	if (fault->at == VPOINT_OPEN && fault->kind != VFAULT_DISCONNECT)
		return fail(line, "'open' can only disconnect (open-refused-for refuses)");
	if (fault->at == VPOINT_SERIAL && fault->kind != VFAULT_STALL)
		return fail(line, "'serial' can only stall");
	if (fault->kind >= VFAULT_REFUSE && fault->at != VPOINT_FLASH)
		return fail(line, "'%s' is only at 'flash'", kinds[kind]);
	return fault_options(fault, line, i + 2);
}

/* disk NAME BYTES [read-only] */
static int parse_disk(struct vdesc *desc, struct line *line)
{
	uint64_t size = 0;
	if (line->count < 3 || line->count > 4 ||
	    !parse_number(line->words[2], 10, UINT64_MAX, &size) ||
	    (line->count == 4 && strcmp(line->words[3], "read-only") != 0))
		return fail(line, "'disk' takes a name, its bytes, and perhaps 'read-only'");
	struct vdesc_disk *p = realloc(desc->disks, (desc->disk_count + 1) * sizeof *p);
	if (!p)
		abort();
	desc->disks = p;
	p[desc->disk_count++] = (struct vdesc_disk){ copy(line->words[1]), size, line->count == 4 };
	return 0;
}

/* --- lines ------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*parse)(struct vdesc *desc, struct line *line);
} words[] = {
	{ "secondstage", parse_secondstage },
	{ "status", parse_status },
	{ "size", step_file },
	{ "read", step_file },
	{ "get", step_file },
	{ "metadata", step_metadata },
	{ "pause", step_pause },
	{ "done", step_plain },
	{ "empty", step_plain },
	{ "leave", step_plain },
	{ "reboot", step_plain },
	{ "raw", step_raw },
	{ "garbage", step_noise },
	{ "nonul", step_noise },
	{ "unknown", step_unknown },
	{ "fault", parse_fault },
	{ "disk", parse_disk },
};

static int split(struct line *line, const char *text)
{
	if (strlen(text) >= sizeof line->text)
		return fail(line, "the line is longer than %d bytes", LINE_MAX_SIZE - 1);
	snprintf(line->text, sizeof line->text, "%s", text);
	const char *p = text;
	char *q = line->text;
	for (;;) {
		size_t blank = strspn(p, " \t\r");
		p += blank;
		q += blank;
		size_t n = strcspn(p, " \t\r");
		if (!n || *p == '#')
			return 0;
		if (line->count == WORDS_MAX)
			return fail(line, "more than %d words", WORDS_MAX);
		line->rest[line->count] = p;
		line->words[line->count++] = q;
		p += n;
		q += n;
		if (*p) {
			*q++ = '\0';
			p++;
		}
	}
}

int vdesc_line(struct vdesc *desc, const char *text, const char *where, int number,
               char error[VDESC_ERROR_SIZE])
{
	struct line line = { .where = where, .number = number, .error = error };
	if (split(&line, text))
		return -1;
	if (line.count == 0)
		return 0;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (strcmp(settings[i].name, line.words[0]) == 0)
			return apply_setting(desc, &settings[i], &line);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].name, line.words[0]) == 0)
			return words[i].parse(desc, &line);
	return fail(&line, "unknown word '%s'", line.words[0]);
}

static const struct {
	uint32_t chip;
	const char *prefix, *secondstage;
} chips[] = {
	{ 0x2763, "2710", "bootcode.bin" },
	{ 0x2764, "2710", "bootcode.bin" },
	{ 0x2711, "2711", "bootcode4.bin" },
	{ 0x2712, "2712", "bootcode5.bin" },
};

const char *vdesc_prefix(uint32_t chip)
{
	for (size_t i = 0; i < sizeof chips / sizeof *chips; i++)
		if (chips[i].chip == chip)
			return chips[i].prefix;
	return NULL;
}

const char *vdesc_secondstage(uint32_t chip)
{
	for (size_t i = 0; i < sizeof chips / sizeof *chips; i++)
		if (chips[i].chip == chip)
			return chips[i].secondstage;
	return NULL;
}

static bool is_newer(const struct vdesc *desc)
{
	return desc->chip == 0x2711 || desc->chip == 0x2712;
}

uint32_t vdesc_rom_index(const struct vdesc *desc)
{
	return desc->rom_index != VDESC_BY_CHIP ? desc->rom_index : is_newer(desc) ? 3 : 0;
}

uint32_t vdesc_server_index(const struct vdesc *desc)
{
	return desc->server_index != VDESC_BY_CHIP ? desc->server_index : is_newer(desc) ? 4 : 1;
}

const char *vdesc_server_serial(const struct vdesc *desc)
{
	if (desc->server_serial || !is_newer(desc))
		return desc->server_serial ? desc->server_serial : "Broadcom";
	size_t n = desc->serial ? strlen(desc->serial) : 0;
	return n > 8 ? desc->serial + n - 8 : desc->serial;
}

static bool is_path(const char *path)
{
	size_t bus = strspn(path, "0123456789");
	if (!bus || path[bus] != '-')
		return false;
	for (const char *p = path + bus + 1;; p++) {
		size_t n = strspn(p, "0123456789");
		if (!n)
			return false;
		p += n;
		if (!*p)
			return true;
		if (*p != '.')
			return false;
	}
}

static int check(const struct vdesc *desc, char error[VDESC_ERROR_SIZE])
{
	const char *what = NULL;
	if (!vdesc_prefix(desc->chip))
		what = "'chip' must be one of 2763, 2764, 2711, 2712";
	else if (desc->interfaces != 1 && desc->interfaces != 2)
		what = "'interfaces' must be 1 or 2";
	else if (!is_path(desc->path))
		what = "'path' must be BUS-PORT[.PORT...]";
	if (what)
		snprintf(error, VDESC_ERROR_SIZE, "%s: %s", desc->source, what);
	return what ? -1 : 0;
}

static int read_file(struct vdesc *desc, const char *path, char error[VDESC_ERROR_SIZE])
{
	FILE *f = fopen(path, "r");
	if (!f) {
		snprintf(error, VDESC_ERROR_SIZE, "%s: %s", path, strerror(errno));
		return -1;
	}
	char *text = NULL;
	size_t size = 0;
	int result = 0;
	for (int number = 1; !result && getline(&text, &size, f) >= 0; number++) {
		text[strcspn(text, "\n")] = '\0';
		result = vdesc_line(desc, text, path, number, error);
	}
	if (!result && ferror(f)) {
		snprintf(error, VDESC_ERROR_SIZE, "%s: cannot be read", path);
		result = -1;
	}
	free(text);
	fclose(f);
	return result;
}

int vdesc_read(struct vdesc *desc, const char *spec, char error[VDESC_ERROR_SIZE])
{
	vdesc_init(desc);
	char *parts = copy(spec), *save = NULL;
	char *part = strtok_r(parts, ";", &save);
	int result = part ? 0 : -1;
	if (part) {
		desc->source = copy(part);
		result = read_file(desc, part, error);
	} else {
		snprintf(error, VDESC_ERROR_SIZE, "an empty board description");
	}
	for (int number = 1; !result && (part = strtok_r(NULL, ";", &save)); number++)
		result = vdesc_line(desc, part, "argument", number, error);
	free(parts);
	if (!result)
		result = check(desc, error);
	if (result)
		vdesc_free(desc);
	return result;
}

void vdesc_init(struct vdesc *desc)
{
	*desc = (struct vdesc){
		.interfaces = 1,
		.device_class = 0xff,
		.rom_index = VDESC_BY_CHIP,
		.server_index = VDESC_BY_CHIP,
		.leave_us = 20000,
		.linger_us = 300000,
		.back_us = 100000,
		.patience_us =
			30000000, /* longer than a busy test machine needs to read the status */
		.disk_bytes = 64 << 20,
		.flash_version = 1,
		.flash_protocol = 1,
	};
	set_text(&desc->path, "1-1");
}

void vdesc_free(struct vdesc *desc)
{
	for (size_t i = 0; i < desc->step_count; i++) {
		free(desc->steps[i].name);
		free(desc->steps[i].raw);
		free(desc->steps[i].want.file);
	}
	for (size_t i = 0; i < desc->fault_count; i++)
		free(desc->faults[i].name);
	for (size_t i = 0; i < desc->disk_count; i++)
		free(desc->disks[i].name);
	free(desc->disks);
	free(desc->steps);
	free(desc->faults);
	free(desc->secondstage.file);
	free(desc->source);
	free(desc->serial);
	free(desc->server_serial);
	free(desc->path);
	free(desc->driver);
	*desc = (struct vdesc){ 0 };
}
