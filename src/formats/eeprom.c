/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/eeprom.h"

#include "base/bytes.h"
#include "formats/hex.h"

#include <string.h>

enum {
	HEADER = 8,
	NAME = 12,
	FILE_HEADER = HEADER + NAME + 4,
	ERASE_SECTOR = 4096, /* the last one is the boot loader's scratch */
	UPDATE_FROM = 0x10000,
	UPDATE_TO = 0x107000,
	BOOTCODE_RESERVED = 0x20000,
	TIME_SIZE = 8,
};

#define MAGIC_BOOTCODE 0x55aaf00fu
#define MAGIC_FILE     0x55aaf11fu
#define MAGIC_PADDING  0x55aafeefu
#define MAGIC_MASK     0xfffff00fu
#define MAGIC_EXPECTED 0x55aaf00fu

/* Where a section may grow to. */
struct slot {
	struct eeprom_section section;
	size_t next; /* offset of the next section that is not padding, or what limits the slot; 0: nothing */
	bool last; /* the very last section of the chain */
};

static size_t eeprom_align8(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static size_t eeprom_header_size(const struct eeprom_section *s)
{
	return s->kind == EEPROM_FILE || s->kind == EEPROM_RESOURCE ? FILE_HEADER : HEADER;
}

static void eeprom_read_name(const uint8_t *p, size_t length, char name[NAME + 1])
{
	size_t n = 0;
	for (size_t i = 0; i < NAME && i < length; i++)
		if (p[i])
			name[n++] = (char)p[i];
	name[n] = 0;
}

static bool eeprom_ends_chain(uint32_t magic)
{
	return magic == 0 || magic == 0xffffffffu;
}

static enum eeprom_kind eeprom_kind_of(uint32_t magic)
{
	switch (magic) {
	case MAGIC_BOOTCODE:
		return EEPROM_BOOTCODE;
	case MAGIC_FILE:
		return EEPROM_FILE;
	case MAGIC_PADDING:
		return EEPROM_PADDING;
	default:
		return EEPROM_RESOURCE;
	}
}

int eeprom_next(const struct eeprom *image, struct eeprom_section *section, struct reason *why)
{
	size_t at = section->valid ? eeprom_align8(section->offset + HEADER + section->length) : 0;
	if (at >= image->size)
		return 0;
	/* offset and size are multiples of 8, so a whole header is there */
	const uint8_t *p = image->bytes + at;
	uint32_t magic = get_be32(p);
	if (eeprom_ends_chain(magic))
		return 0;
	if ((magic & MAGIC_MASK) != MAGIC_EXPECTED)
		return reason_set_at(why, at, "EEPROM is corrupted %x %x %x at offset 0x%zx",
		                     (unsigned)magic, (unsigned)(magic & MAGIC_MASK),
		                     MAGIC_EXPECTED, at);
	size_t length = get_be32(p + 4);
	if (length > image->size - at - HEADER)
		return reason_set_at(why, at,
		                     "EEPROM is corrupted: the section at offset 0x%zx (%zu bytes) "
		                     "runs past the end of the image",
		                     at, length);
	*section = (struct eeprom_section){
		.offset = at, .length = length, .kind = eeprom_kind_of(magic), .valid = true
	};
	if (eeprom_header_size(section) == FILE_HEADER) {
		if (section->kind == EEPROM_FILE && length < FILE_HEADER - HEADER)
			return reason_set_at(why, at,
			                     "EEPROM is corrupted: the file at offset 0x%zx is "
			                     "too short for its name",
			                     at);
		eeprom_read_name(p + HEADER, length, section->name);
	}
	return 1;
}

int eeprom_open(struct eeprom *image, uint8_t *bytes, size_t size, struct reason *why)
{
	*image = (struct eeprom){ .bytes = bytes, .size = size };
	if (size != EEPROM_SIZE_2711 && size != EEPROM_SIZE_2712)
		return reason_set(why, "Expected sizes [%u, %u] bytes, got actual size %zu bytes",
		                  EEPROM_SIZE_2711, EEPROM_SIZE_2712, size);
	struct eeprom_section s = { 0 };
	int more = eeprom_next(image, &s, why);
	if (more == 0)
		return reason_set(why, "EEPROM is corrupted: there is no section at its beginning");
	while (more > 0)
		more = eeprom_next(image, &s, why);
	return more;
}

/* The first file NAME with its header in [FROM, TO). Leaves S at it, or at the last section. */
static bool eeprom_find_file(const struct eeprom *image, const char *name, size_t from, size_t to,
                             struct eeprom_section *s)
{
	struct reason ignored; /* the chain was checked by eeprom_open, edits keep it sound */
	*s = (struct eeprom_section){ 0 };
	while (eeprom_next(image, s, &ignored) > 0)
		if (s->kind == EEPROM_FILE && s->offset >= from && s->offset < to &&
		    strcmp(s->name, name) == 0)
			return true;
	return false;
}

bool eeprom_find(const struct eeprom *image, const char *name, struct eeprom_section *section)
{
	return eeprom_find_file(image, name, 0, image->size, section);
}

const char *eeprom_chip_name(const struct eeprom *image)
{
	return image->size == EEPROM_SIZE_2711 ? "BCM2711" : "BCM2712";
}

bool eeprom_is_ab(const struct eeprom *image)
{
	struct eeprom_section s;
	return eeprom_find(image, "bootsys", &s);
}

const uint8_t *eeprom_content(const struct eeprom *image, const struct eeprom_section *section,
                              size_t *n)
{
	size_t header = eeprom_header_size(section);
	if (header > HEADER + section->length) /* a resource too short for a name */
		header = HEADER + section->length;
	*n = HEADER + section->length - header;
	return image->bytes + section->offset + header;
}

/* How far SECTION may grow: to the next section that is not padding; for a file without any, to the end of its
 * partition or to the boot loader's scratch sector. */
static struct slot eeprom_slot_of(const struct eeprom *image, const struct eeprom_section *section)
{
	struct slot slot = { .section = *section, .last = true };
	struct eeprom_section s = *section;
	struct reason ignored;
	while (!slot.next && eeprom_next(image, &s, &ignored) > 0) {
		slot.last = false;
		if (s.kind != EEPROM_PADDING)
			slot.next = s.offset;
	}
	if (!slot.next && section->kind == EEPROM_FILE) {
		size_t end = image->size - ERASE_SECTOR;
		slot.next = end < UPDATE_TO ? end : UPDATE_TO;
	}
	return slot;
}

/* Whether a chain that leads to offset AT ends there or goes on with one of the present sections. */
static bool eeprom_chain_holds_at(const struct eeprom *image, size_t at)
{
	struct eeprom_section s = { 0 };
	struct reason ignored;
	if (eeprom_ends_chain(get_be32(image->bytes + at)))
		return true;
	while (eeprom_next(image, &s, &ignored) > 0)
		if (s.offset == at)
			return true;
	return false;
}

static bool eeprom_limited(const char *name)
{
	return strcmp(name, "bootsys") != 0;
}

size_t eeprom_room(const struct eeprom *image, const struct eeprom_section *section)
{
	struct slot slot = eeprom_slot_of(image, section);
	if (section->kind == EEPROM_BOOTCODE && section->offset == 0) {
		bool roomy = eeprom_is_ab(image) || slot.next >= BOOTCODE_RESERVED;
		return slot.next && roomy ? slot.next - HEADER : 0;
	}
	if (section->kind != EEPROM_FILE || section->offset < UPDATE_FROM ||
	    section->offset >= UPDATE_TO || section->offset + FILE_HEADER > slot.next)
		return 0;
	size_t room = slot.next - section->offset - FILE_HEADER;
	return eeprom_limited(section->name) && room > EEPROM_FILE_MAX ? EEPROM_FILE_MAX : room;
}

/* Writes the content and what follows it up to the end of the slot; the caller has checked that it fits. */
static void eeprom_fill_slot(struct eeprom *image, const struct slot *slot, const uint8_t *content,
                             size_t n)
{
	size_t header = eeprom_header_size(&slot->section);
	uint8_t *start = image->bytes + slot->section.offset;
	put_be32(start + 4, (uint32_t)(header - HEADER + n));
	if (n)
		memcpy(start + header, content, n);
	size_t end = slot->section.offset + header + n;
	memset(image->bytes + end, 0xff, slot->next - end);
	size_t pad = eeprom_align8(end);
	if (slot->last || slot->next < pad + HEADER)
		return;
	put_be32(image->bytes + pad, MAGIC_PADDING);
	put_be32(image->bytes + pad + 4, (uint32_t)(slot->next - pad - HEADER));
}

int eeprom_replace(struct eeprom *image, const char *name, const uint8_t *content, size_t n,
                   struct reason *why)
{
	if (eeprom_limited(name) && n > EEPROM_FILE_MAX)
		return reason_set(
			why,
			"src file for %s is too large (%zu bytes). The maximum size is %u bytes.",
			name, n, EEPROM_FILE_MAX);
	struct eeprom_section s;
	if (!eeprom_find_file(image, name, UPDATE_FROM, UPDATE_TO, &s))
		return reason_set(why, "Update target %s not found", name);
	struct slot slot = eeprom_slot_of(image, &s);
	size_t end = image->size - ERASE_SECTOR;
	size_t space = s.offset < end ? end - s.offset : 0;
	size_t needed = n + FILE_HEADER;
	if (n > image->size || needed > space)
		return reason_set(why, "No space available. %s size %zu available space %zu", name,
		                  needed, space);
	if (needed > slot.next - s.offset)
		return reason_set(why, "Update %zu bytes is larger than section size %zu (%s)",
		                  needed, slot.next - s.offset, name);
	if ((!slot.last || eeprom_align8(s.offset + needed) == slot.next) &&
	    !eeprom_chain_holds_at(image, slot.next))
		return reason_set(why, "%s: the bytes at offset 0x%zx are in the way", name,
		                  slot.next);
	eeprom_fill_slot(image, &slot, content, n);
	return 0;
}

int eeprom_replace_bootcode(struct eeprom *image, const uint8_t *content, size_t n,
                            struct reason *why)
{
	struct eeprom_section s = { 0 };
	if (eeprom_next(image, &s, why) < 0)
		return -1;
	if (!s.valid || s.kind != EEPROM_BOOTCODE)
		return reason_set(why, "update-bootcode: the image does not begin with a bootcode");
	struct slot slot = eeprom_slot_of(image, &s);
	if (slot.next == 0 || (slot.next < BOOTCODE_RESERVED && !eeprom_is_ab(image)))
		return reason_set(
			why,
			"update-bootcode: Can't update image - 128K must be reserved for bootcode "
			"(%s image of %zu bytes)",
			eeprom_chip_name(image), image->size);
	if (n > slot.next - HEADER)
		return reason_set(why,
		                  "update-bootcode: %zu bytes of boot code, but this %s image (%zu "
		                  "bytes) has room for %zu",
		                  n, eeprom_chip_name(image), image->size, slot.next - HEADER);
	eeprom_fill_slot(image, &slot, content, n);
	return 0;
}

static int eeprom_check_time_file(const struct eeprom_section *s, struct reason *why)
{
	if (s->length < FILE_HEADER - HEADER + TIME_SIZE)
		return reason_set_at(why, s->offset,
		                     "updatetime at offset 0x%zx has no room for 8 bytes",
		                     s->offset);
	return 0;
}

/* The last 8 bytes must not be part of a section's content, nor where the next header of the chain is looked for. */
static int eeprom_check_tail_free(const struct eeprom *image, struct reason *why)
{
	struct eeprom_section s = { 0 };
	size_t tail = image->size - TIME_SIZE;
	while (eeprom_next(image, &s, why) > 0) {
		size_t end = eeprom_align8(s.offset + HEADER + s.length);
		if (end == tail || (end > tail && s.kind != EEPROM_PADDING))
			return reason_set(
				why, "no room for the timestamp: a section ends in the last bytes");
	}
	return 0;
}

int eeprom_set_time(struct eeprom *image, uint32_t seconds, struct reason *why)
{
	uint8_t value[TIME_SIZE];
	put_le32(value, ~seconds);
	put_le32(value + 4, seconds);

	struct eeprom_section fixed, updatable;
	if (!eeprom_find_file(image, "updatetime", 0, UPDATE_FROM, &fixed)) {
		if (eeprom_check_tail_free(image, why) != 0)
			return -1;
		memcpy(image->bytes + image->size - TIME_SIZE, value, TIME_SIZE);
		return 0;
	}
	if (!eeprom_find_file(image, "updatetime", UPDATE_FROM, UPDATE_TO, &updatable))
		return reason_set(why, "Update target updatetime not found in the boot partition");
	if (eeprom_check_time_file(&fixed, why) != 0 ||
	    eeprom_check_time_file(&updatable, why) != 0)
		return -1;
	memcpy(image->bytes + fixed.offset + FILE_HEADER, value, TIME_SIZE);
	memcpy(image->bytes + updatable.offset + FILE_HEADER, value, TIME_SIZE);
	return 0;
}

/* What follows the next TEXT at or after *AT, which moves behind TEXT; *N bytes. NULL: there is no other. */
static const uint8_t *eeprom_find_text(const struct eeprom *image, const char *text, size_t *at,
                                       size_t *n)
{
	size_t length = strlen(text);
	while (*at < image->size) {
		const uint8_t *from = image->bytes + *at;
		const uint8_t *p = memchr(from, *text, image->size - *at);
		if (!p || (size_t)(image->bytes + image->size - p) < length)
			return NULL;
		*at = (size_t)(p - image->bytes) + 1;
		if (memcmp(p, text, length) != 0)
			continue;
		*at += length - 1;
		*n = image->size - *at;
		return p + length;
	}
	return NULL;
}

bool eeprom_build_time(const struct eeprom *image, uint32_t *seconds)
{
	size_t at = 0, n;
	const uint8_t *p;
	while ((p = eeprom_find_text(image, "BUILD_TIMESTAMP=", &at, &n))) {
		uint64_t value = 0;
		size_t digits = 0;
		for (; digits < n && digits < 11 && p[digits] >= '0' && p[digits] <= '9'; digits++)
			value = value * 10 + (uint64_t)(p[digits] - '0');
		if (digits > 0 && value <= UINT32_MAX) {
			*seconds = (uint32_t)value;
			return true;
		}
	}
	return false;
}

bool eeprom_version(const struct eeprom *image, char version[EEPROM_VERSION + 1])
{
	size_t at = 0, n;
	const uint8_t *p;
	uint8_t bytes[EEPROM_VERSION / 2];
	while ((p = eeprom_find_text(image, "VERSION:", &at, &n))) {
		if (n < EEPROM_VERSION || !hex_decode((const char *)p, bytes, sizeof bytes))
			continue;
		memcpy(version, p, EEPROM_VERSION);
		version[EEPROM_VERSION] = 0;
		return true;
	}
	return false;
}
