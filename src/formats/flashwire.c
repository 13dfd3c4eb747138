/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/flashwire.h"

#include "base/bytes.h"

#include <string.h>

/* Where the members of a header are. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 4,
	AT_TYPE = 6,
	AT_SEQUENCE = 8,
	AT_OFFSET = 12,
	AT_LENGTH = 20,
	AT_PAYLOAD = 24,
	AT_FLAGS = 28,
};

/* Of INFO. */
enum {
	INFO_SERIAL = 24,
	INFO_MODEL = INFO_SERIAL + FLASHWIRE_SERIAL,
	INFO_DISKS = INFO_MODEL + FLASHWIRE_MODEL,
	DISK_KIND = FLASHWIRE_NAME,
	DISK_FLAGS = DISK_KIND + 1,
	DISK_SECTOR = DISK_KIND + 4,
	DISK_SIZE = DISK_KIND + 8,
	DISK_MODEL = DISK_KIND + 16,
	DISK_BYTES = DISK_MODEL + FLASHWIRE_DISK_MODEL,
};

#define DISK_READ_ONLY 1
#define ERROR_FIXED    8 /* bytes of ERROR's payload before the text */

/* What a board may promise. */
#define WINDOW_MIN   (FLASHWIRE_HEADER + FLASHWIRE_PAYLOAD_MAX)
#define WINDOW_MAX   (64u << 20)
#define MESSAGES_MIN 2
#define MESSAGES_MAX 4096
#define IDLE_MIN     10
#define IDLE_MAX     3600
#define SECTOR_MIN   512

static const uint8_t flashwire_magic[4] = { 'R', 'P', 'F', 'L' };

/* --- headers */

/* What a member of a type's header may be. */
enum flashwire_rule {
	NONE,     /* 0 */
	ANY,      /* any value */
	PLACE,    /* offset: on a disk */
	TO_CHUNK, /* length: 1 to a chunk */
	TO_RANGE, /* length: 1 to the largest range */
	PACKED,   /* payload: the length if raw, none if zeros, otherwise less than the length */
	ONE_EACH, /* payload: a digest for each chunk */
	SIZED,    /* payload: between the type's two numbers */
};

struct flashwire_rules {
	uint16_t type;
	const char *name;
	enum flashwire_rule offset, length, payload;
	uint32_t payload_min, payload_max; /* for SIZED */
	uint32_t flags;                    /* that are allowed */
};

static const struct flashwire_rules flashwire_rules[] = {
	{ FLASHWIRE_HELLO, "HELLO", NONE, NONE, SIZED, FLASHWIRE_HELLO_MIN, FLASHWIRE_HELLO_MAX,
	  0 },
	{ FLASHWIRE_OPEN, "OPEN", ANY, NONE, SIZED, FLASHWIRE_NAME, FLASHWIRE_NAME,
	  FLASHWIRE_READ_ONLY },
	{ FLASHWIRE_DATA, "DATA", PLACE, TO_CHUNK, PACKED, 0, 0, FLASHWIRE_RAW },
	{ FLASHWIRE_HOLE, "HOLE", PLACE, TO_RANGE, NONE, 0, 0, 0 },
	{ FLASHWIRE_SYNC, "SYNC", NONE, NONE, NONE, 0, 0, 0 },
	{ FLASHWIRE_HASH, "HASH", PLACE, TO_RANGE, NONE, 0, 0, 0 },
	{ FLASHWIRE_READ, "READ", PLACE, TO_RANGE, NONE, 0, 0, 0 },
	{ FLASHWIRE_CLOSE, "CLOSE", NONE, NONE, NONE, 0, 0, FLASHWIRE_KEEP },
	{ FLASHWIRE_REBOOT, "REBOOT", NONE, NONE, NONE, 0, 0, 0 },
	{ FLASHWIRE_INFO, "INFO", NONE, NONE, SIZED, INFO_DISKS, FLASHWIRE_INFO_MAX, 0 },
	{ FLASHWIRE_ACK, "ACK", ANY, NONE, NONE, 0, 0, 0 },
	{ FLASHWIRE_DIGESTS, "DIGESTS", PLACE, TO_RANGE, ONE_EACH, 0, 0, 0 },
	{ FLASHWIRE_CHUNK_DATA, "CHUNK", PLACE, TO_CHUNK, PACKED, 0, 0,
	  FLASHWIRE_RAW | FLASHWIRE_ZEROS },
	{ FLASHWIRE_ERROR, "ERROR", ANY, NONE, SIZED, ERROR_FIXED, FLASHWIRE_ERROR_MAX,
	  FLASHWIRE_END },
};

static const struct flashwire_rules *flashwire_find(uint16_t type)
{
	for (size_t i = 0; i < sizeof flashwire_rules / sizeof *flashwire_rules; i++)
		if (flashwire_rules[i].type == type)
			return &flashwire_rules[i];
	return NULL;
}

const char *flashwire_type_name(uint16_t type)
{
	const struct flashwire_rules *rules = flashwire_find(type);
	return rules ? rules->name : "?";
}

uint32_t flashwire_chunks(uint32_t length)
{
	return length / FLASHWIRE_CHUNK + (length % FLASHWIRE_CHUNK != 0);
}

bool flashwire_needs_zero_packet(uint32_t size, uint32_t packet)
{
	return size % packet == 0;
}

void flashwire_put(uint8_t to[FLASHWIRE_HEADER], const struct flashwire *message)
{
	memcpy(to + AT_MAGIC, flashwire_magic, sizeof flashwire_magic);
	put_le16(to + AT_VERSION, message->version ? message->version : FLASHWIRE_VERSION);
	put_le16(to + AT_TYPE, message->type);
	put_le32(to + AT_SEQUENCE, message->sequence);
	put_le64(to + AT_OFFSET, message->offset);
	put_le32(to + AT_LENGTH, message->length);
	put_le32(to + AT_PAYLOAD, message->payload);
	put_le32(to + AT_FLAGS, message->flags);
}

static bool flashwire_length_fits(const struct flashwire_rules *rules, uint32_t length)
{
	switch (rules->length) {
	case TO_CHUNK:
		return length >= 1 && length <= FLASHWIRE_CHUNK;
	case TO_RANGE:
		return length >= 1 && length <= FLASHWIRE_RANGE;
	default:
		return length == 0;
	}
}

static bool flashwire_payload_fits(const struct flashwire_rules *rules, const struct flashwire *m)
{
	switch (rules->payload) {
	case PACKED:
		if (m->flags == (FLASHWIRE_RAW | FLASHWIRE_ZEROS))
			return false;
		if (m->flags & FLASHWIRE_RAW)
			return m->payload == m->length;
		if (m->flags & FLASHWIRE_ZEROS)
			return m->payload == 0;
		return m->payload >= 1 && m->payload < m->length;
	case ONE_EACH:
		return m->payload == flashwire_chunks(m->length) * SHA256_SIZE;
	case SIZED:
		return m->payload >= rules->payload_min && m->payload <= rules->payload_max;
	default:
		return m->payload == 0;
	}
}

static bool flashwire_offset_fits(const struct flashwire_rules *rules, uint64_t offset)
{
	switch (rules->offset) {
	case ANY:
		return true;
	case PLACE:
		return offset <= FLASHWIRE_OFFSET_MAX && offset % FLASHWIRE_ALIGN == 0;
	default:
		return offset == 0;
	}
}

/* ANSWERS: from a board; EVERY: the type that is accepted in every version. */
static enum flashwire_result flashwire_get(const uint8_t *bytes, struct flashwire *out,
                                           bool answers, enum flashwire_type every)
{
	if (memcmp(bytes + AT_MAGIC, flashwire_magic, sizeof flashwire_magic) != 0)
		return FLASHWIRE_NO_MESSAGE;
	*out = (struct flashwire){
		.version = get_le16(bytes + AT_VERSION),
		.type = get_le16(bytes + AT_TYPE),
		.sequence = get_le32(bytes + AT_SEQUENCE),
		.offset = get_le64(bytes + AT_OFFSET),
		.length = get_le32(bytes + AT_LENGTH),
		.payload = get_le32(bytes + AT_PAYLOAD),
		.flags = get_le32(bytes + AT_FLAGS),
	};
	if (out->payload > FLASHWIRE_PAYLOAD_MAX)
		return FLASHWIRE_TOO_LONG;
	if (out->version != FLASHWIRE_VERSION && out->type != every)
		return FLASHWIRE_OTHER_VERSION;
	const struct flashwire_rules *rules = flashwire_find(out->type);
	if (!rules || (out->type >= FLASHWIRE_INFO) != answers)
		return FLASHWIRE_UNKNOWN_TYPE;
	bool fits = (out->flags & ~rules->flags) == 0 && (answers || out->sequence > 0) &&
	            flashwire_offset_fits(rules, out->offset) &&
	            flashwire_length_fits(rules, out->length) && flashwire_payload_fits(rules, out);
	return fits ? FLASHWIRE_OK : FLASHWIRE_MALFORMED;
}

enum flashwire_result flashwire_request(const uint8_t bytes[FLASHWIRE_HEADER],
                                        struct flashwire *out)
{
	return flashwire_get(bytes, out, false, FLASHWIRE_HELLO);
}

enum flashwire_result flashwire_reply(const uint8_t bytes[FLASHWIRE_HEADER], struct flashwire *out)
{
	return flashwire_get(bytes, out, true, FLASHWIRE_ERROR);
}

/* --- texts */

/* Into a field of SIZE bytes, filled up with zeros, the last of which is one. */
static void flashwire_put_text(uint8_t *to, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);
	memset(to, 0, size);
	for (size_t i = 0; i < n; i++)
		to[i] = text[i] >= ' ' && text[i] <= '~' ? (uint8_t)text[i] : '?';
}

static bool flashwire_get_text(const uint8_t *from, size_t size, char *to)
{
	size_t n = 0;
	while (n < size && from[n] >= ' ' && from[n] <= '~')
		n++;
	for (size_t i = n; i < size; i++)
		if (from[i] != 0)
			return false;
	if (n == size)
		return false;
	memcpy(to, from, size);
	return true;
}

bool flashwire_is_name(const char *name)
{
	size_t n = strlen(name);
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return n > 0 && n < FLASHWIRE_NAME && *name != '.' && strspn(name, allowed) == n;
}

/* --- payloads */

static bool flashwire_get_versions(const uint8_t *from, struct flashwire_versions *out)
{
	out->lowest = get_le16(from);
	out->highest = get_le16(from + 2);
	return out->lowest > 0 && out->lowest <= out->highest;
}

void flashwire_put_begin(uint8_t to[FLASHWIRE_BEGIN_SIZE], const struct flashwire_versions *board)
{
	memcpy(to, flashwire_magic, sizeof flashwire_magic);
	put_le16(to + 4, board->lowest);
	put_le16(to + 6, board->highest);
}

bool flashwire_get_begin(const uint8_t *from, size_t n, struct flashwire_versions *board)
{
	return n == FLASHWIRE_BEGIN_SIZE &&
	       memcmp(from, flashwire_magic, sizeof flashwire_magic) == 0 &&
	       flashwire_get_versions(from + 4, board);
}

uint32_t flashwire_put_hello(uint8_t to[FLASHWIRE_HELLO_MIN], const struct flashwire_versions *host)
{
	put_le16(to, host->lowest);
	put_le16(to + 2, host->highest);
	return FLASHWIRE_HELLO_MIN;
}

bool flashwire_get_hello(const uint8_t *from, size_t n, struct flashwire_versions *host)
{
	return n >= FLASHWIRE_HELLO_MIN && n <= FLASHWIRE_HELLO_MAX &&
	       flashwire_get_versions(from, host);
}

uint16_t flashwire_common_version(const struct flashwire_versions *a,
                                  const struct flashwire_versions *b)
{
	uint16_t highest = a->highest < b->highest ? a->highest : b->highest;
	return highest >= a->lowest && highest >= b->lowest ? highest : 0;
}

uint32_t flashwire_put_open(uint8_t to[FLASHWIRE_NAME], const char *name)
{
	flashwire_put_text(to, FLASHWIRE_NAME, name);
	return FLASHWIRE_NAME;
}

bool flashwire_get_open(const uint8_t *from, size_t n, char name[FLASHWIRE_NAME])
{
	return n == FLASHWIRE_NAME && flashwire_get_text(from, n, name) && flashwire_is_name(name);
}

static void flashwire_put_disk(uint8_t *to, const struct flashwire_disk *disk)
{
	flashwire_put_text(to, FLASHWIRE_NAME, disk->name);
	memset(to + DISK_KIND, 0, DISK_SECTOR - DISK_KIND);
	to[DISK_KIND] = (uint8_t)disk->kind;
	to[DISK_FLAGS] = disk->read_only ? DISK_READ_ONLY : 0;
	put_le32(to + DISK_SECTOR, disk->sector);
	put_le64(to + DISK_SIZE, disk->size);
	flashwire_put_text(to + DISK_MODEL, FLASHWIRE_DISK_MODEL, disk->model);
}

static bool flashwire_get_disk(const uint8_t *from, struct flashwire_disk *disk)
{
	uint8_t kind = from[DISK_KIND], flags = from[DISK_FLAGS];
	if (!flashwire_get_text(from, FLASHWIRE_NAME, disk->name) ||
	    !flashwire_is_name(disk->name) ||
	    !flashwire_get_text(from + DISK_MODEL, FLASHWIRE_DISK_MODEL, disk->model))
		return false;
	disk->kind = kind <= FLASHWIRE_LAST_KIND ? (enum flashwire_kind)kind : FLASHWIRE_KIND_OTHER;
	disk->read_only = flags & DISK_READ_ONLY;
	disk->sector = get_le32(from + DISK_SECTOR);
	disk->size = get_le64(from + DISK_SIZE);
	bool power = (disk->sector & (disk->sector - 1)) == 0;
	return (flags & ~DISK_READ_ONLY) == 0 && get_le16(from + DISK_FLAGS + 1) == 0 && power &&
	       disk->sector >= SECTOR_MIN && disk->sector <= FLASHWIRE_ALIGN && disk->size > 0 &&
	       disk->size <= FLASHWIRE_OFFSET_MAX && disk->size % disk->sector == 0;
}

uint32_t flashwire_put_info(uint8_t to[FLASHWIRE_INFO_MAX], const struct flashwire_info *info)
{
	put_le16(to, info->version);
	put_le16(to + 2, info->count);
	put_le32(to + 4, info->window);
	put_le32(to + 8, info->messages);
	put_le32(to + 12, info->idle);
	put_le64(to + 16, info->memory);
	flashwire_put_text(to + INFO_SERIAL, FLASHWIRE_SERIAL, info->serial);
	flashwire_put_text(to + INFO_MODEL, FLASHWIRE_MODEL, info->model);
	for (uint32_t i = 0; i < info->count; i++)
		flashwire_put_disk(to + INFO_DISKS + i * DISK_BYTES, &info->disks[i]);
	return INFO_DISKS + (uint32_t)info->count * DISK_BYTES;
}

static bool flashwire_is_twice(const struct flashwire_info *info, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(info->disks[i].name, info->disks[index].name) == 0)
			return true;
	return false;
}

bool flashwire_get_info(const uint8_t *from, size_t n, struct flashwire_info *info)
{
	if (n < INFO_DISKS || n > FLASHWIRE_INFO_MAX)
		return false;
	info->version = get_le16(from);
	info->count = get_le16(from + 2);
	info->window = get_le32(from + 4);
	info->messages = get_le32(from + 8);
	info->idle = get_le32(from + 12);
	info->memory = get_le64(from + 16);
	if (n != INFO_DISKS + (size_t)info->count * DISK_BYTES || info->version == 0 ||
	    info->window < WINDOW_MIN || info->window > WINDOW_MAX ||
	    info->messages < MESSAGES_MIN || info->messages > MESSAGES_MAX ||
	    info->idle < IDLE_MIN || info->idle > IDLE_MAX)
		return false;
	if (!flashwire_get_text(from + INFO_SERIAL, FLASHWIRE_SERIAL, info->serial) ||
	    !flashwire_get_text(from + INFO_MODEL, FLASHWIRE_MODEL, info->model))
		return false;
	for (size_t i = 0; i < info->count; i++)
		if (!flashwire_get_disk(from + INFO_DISKS + i * DISK_BYTES, &info->disks[i]) ||
		    flashwire_is_twice(info, i))
			return false;
	return true;
}

uint32_t flashwire_put_error(uint8_t to[FLASHWIRE_ERROR_MAX], const struct flashwire_error *error)
{
	uint8_t text[FLASHWIRE_TEXT + 1];
	size_t n = strnlen(error->text, FLASHWIRE_TEXT);
	put_le32(to, (uint32_t)error->code);
	put_le32(to + 4, error->number);
	flashwire_put_text(text, sizeof text, error->text);
	memcpy(to + ERROR_FIXED, text, n);
	return ERROR_FIXED + (uint32_t)n;
}

bool flashwire_get_error(const uint8_t *from, size_t n, struct flashwire_error *error)
{
	if (n < ERROR_FIXED || n > FLASHWIRE_ERROR_MAX)
		return false;
	uint32_t code = get_le32(from);
	if (code == 0)
		return false;
	error->code = code <= FLASHWIRE_LAST_CODE ? (enum flashwire_code)code : FLASHWIRE_FAILED;
	error->number = get_le32(from + 4);
	uint8_t text[FLASHWIRE_TEXT + 1] = { 0 };
	memcpy(text, from + ERROR_FIXED, n - ERROR_FIXED);
	return flashwire_get_text(text, sizeof text, error->text) &&
	       strlen(error->text) == n - ERROR_FIXED;
}
