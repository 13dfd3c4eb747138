/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/flashwire.h"
#include "base/bytes.h"
#include "tap.h"

#include <ctype.h>

#define PAGE "docs/flash-protocol.md"

static uint8_t vector[4096]; /* of the document */
static uint8_t bytes[FLASHWIRE_HEADER + FLASHWIRE_INFO_MAX];

/* --- the document's vectors */

/* Appends the hexadecimal digits of a line. */
static size_t hex_line(const char *line, size_t n)
{
	unsigned high = 16;
	for (; *line; line++) {
		if (!isxdigit((unsigned char)*line))
			continue;
		unsigned digit = (unsigned)(isdigit((unsigned char)*line)
		                                    ? *line - '0'
		                                    : tolower((unsigned char)*line) - 'a' + 10);
		if (high == 16) {
			high = digit;
		} else if (n < sizeof vector) {
			vector[n++] = (uint8_t)(high << 4 | digit);
			high = 16;
		}
	}
	return n;
}

/* Reads the vector NAME into VECTOR; its size. */
static size_t load(const char *name)
{
	char line[256], want[128];
	size_t n = 0, announced = 0;
	bool found = false;
	FILE *file = fopen(PAGE, "r");
	if (!file) {
		TAP_FAIL("%s cannot be opened", PAGE);
		return 0;
	}
	snprintf(want, sizeof want, "    %s: ", name);
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, want, strlen(want)) == 0) {
			found = true;
			announced = strtoul(line + strlen(want), NULL, 10);
		} else if (found && strncmp(line, "        ", 8) == 0) {
			n = hex_line(line, n);
		} else if (found) {
			break;
		}
	}
	fclose(file);
	if (!found || n != announced)
		TAP_FAIL("vector %s: %zu bytes of %zu", name, n, announced);
	return n;
}

/* That MESSAGE and PAYLOAD are the document's vector NAME, and that it is read as MESSAGE. */
static void check_vector(const char *name, const struct flashwire *message, const void *payload)
{
	struct flashwire got = { 0 };
	size_t n = load(name);
	flashwire_put(bytes, message);
	CHECK_INT(n, FLASHWIRE_HEADER + message->payload);
	if (memcmp(vector, bytes, FLASHWIRE_HEADER) != 0)
		TAP_FAIL("header of %s differs", name);
	if (message->payload && memcmp(vector + FLASHWIRE_HEADER, payload, message->payload) != 0)
		TAP_FAIL("payload of %s differs", name);
	enum flashwire_result result = message->type < FLASHWIRE_INFO
	                                       ? flashwire_request(vector, &got)
	                                       : flashwire_reply(vector, &got);
	CHECK_INT(result, FLASHWIRE_OK);
	CHECK_INT(got.version, 1);
	CHECK_INT(got.type, message->type);
	CHECK_INT(got.sequence, message->sequence);
	CHECK_INT(got.offset, message->offset);
	CHECK_INT(got.length, message->length);
	CHECK_INT(got.payload, message->payload);
	CHECK_INT(got.flags, message->flags);
}

static const uint8_t *vector_payload(void)
{
	return vector + FLASHWIRE_HEADER;
}

static const struct flashwire_info two_disks = {
	.version = 1,
	.window = 8 << 20,
	.messages = 64,
	.idle = 60,
	.memory = 4ull << 30,
	.serial = "10000000e3f1a2b4",
	.model = "Raspberry Pi Compute Module 4 Rev 1.1",
	.count = 2,
	.disks = { { .name = "mmcblk0",
	             .model = "BJTD4R",
	             .kind = FLASHWIRE_KIND_EMMC,
	             .sector = 512,
	             .size = 31268536320 },
	           { .name = "nvme0n1",
	             .kind = FLASHWIRE_KIND_NVME,
	             .read_only = true,
	             .sector = 4096,
	             .size = 1ull << 40 } },
};

static void documented_begin(void)
{
	uint8_t to[FLASHWIRE_BEGIN_SIZE];
	struct flashwire_versions got = { 0 };
	CHECK_INT(load("answer to the request that begins a session"), FLASHWIRE_BEGIN_SIZE);
	flashwire_put_begin(to, &(struct flashwire_versions){ 1, 1 });
	CHECK_MEM(to, vector, sizeof to);
	CHECK(flashwire_get_begin(vector, sizeof to, &got));
	CHECK_INT(got.lowest, 1);
	CHECK_INT(got.highest, 1);
	CHECK(!flashwire_get_begin(vector, sizeof to - 1, &got));
	vector[0] ^= 1;
	CHECK(!flashwire_get_begin(vector, sizeof to, &got));
}

static void documented_requests(void)
{
	uint8_t p[FLASHWIRE_NAME];
	char name[FLASHWIRE_NAME];
	struct flashwire_versions versions;
	uint32_t n = flashwire_put_hello(p, &(struct flashwire_versions){ 1, 1 });
	check_vector("HELLO",
	             &(struct flashwire){ .type = FLASHWIRE_HELLO, .sequence = 1, .payload = n },
	             p);
	CHECK(flashwire_get_hello(vector_payload(), n, &versions));
	CHECK_INT(versions.highest, 1);
	n = flashwire_put_open(p, "mmcblk0");
	check_vector(
		"OPEN",
		&(struct flashwire){
			.type = FLASHWIRE_OPEN, .sequence = 2, .offset = 2801795072, .payload = n },
		p);
	CHECK(flashwire_get_open(vector_payload(), n, name));
	CHECK_STR(name, "mmcblk0");
	check_vector(
		"HOLE",
		&(struct flashwire){ .type = FLASHWIRE_HOLE, .sequence = 3, .length = 1 << 20 },
		NULL);
	check_vector("DATA raw",
	             &(struct flashwire){ .type = FLASHWIRE_DATA,
	                                  .sequence = 4,
	                                  .offset = 1 << 20,
	                                  .length = 16,
	                                  .payload = 16,
	                                  .flags = FLASHWIRE_RAW },
	             "sixteen bytes :)");
	load("DATA");
	check_vector("DATA",
	             &(struct flashwire){ .type = FLASHWIRE_DATA,
	                                  .sequence = 5,
	                                  .offset = 2 << 20,
	                                  .length = 4096,
	                                  .payload = 20 },
	             vector_payload());
	check_vector("SYNC", &(struct flashwire){ .type = FLASHWIRE_SYNC, .sequence = 6 }, NULL);
	check_vector("HASH",
	             &(struct flashwire){ .type = FLASHWIRE_HASH,
	                                  .sequence = 7,
	                                  .offset = 1 << 20,
	                                  .length = (1 << 20) + 1 },
	             NULL);
	check_vector("READ",
	             &(struct flashwire){ .type = FLASHWIRE_READ,
	                                  .sequence = 8,
	                                  .offset = 2 << 20,
	                                  .length = (1 << 20) + 4096 },
	             NULL);
	check_vector("CLOSE",
	             &(struct flashwire){
			     .type = FLASHWIRE_CLOSE, .sequence = 10, .flags = FLASHWIRE_KEEP },
	             NULL);
	check_vector("REBOOT", &(struct flashwire){ .type = FLASHWIRE_REBOOT, .sequence = 11 },
	             NULL);
}

static void documented_replies(void)
{
	check_vector("ACK",
	             &(struct flashwire){ .type = FLASHWIRE_ACK,
	                                  .sequence = 5,
	                                  .offset = (1 << 20) + 4096 + 16 },
	             NULL);
	/* sha256sum of the bytes that the document names */
	const char *digests = "\xa2\x04\x6a\x2e\x1e\x81\x76\x7c\x63\xba\x9b\x93\xd7\xc5\xa4\xea"
			      "\x55\x0b\x84\x9e\x6a\xdb\x97\x67\x1d\x50\x84\x36\xa9\xe1\xd4\x5e"
			      "\x6e\x34\x0b\x9c\xff\xb3\x7a\x98\x9c\xa5\x44\xe6\xbb\x78\x0a\x2c"
			      "\x78\x90\x1d\x3f\xb3\x37\x38\x76\x85\x11\xa3\x06\x17\xaf\xa0\x1d";
	check_vector("DIGESTS",
	             &(struct flashwire){ .type = FLASHWIRE_DIGESTS,
	                                  .sequence = 7,
	                                  .offset = 1 << 20,
	                                  .length = (1 << 20) + 1,
	                                  .payload = 64 },
	             digests);
	load("CHUNK");
	check_vector("CHUNK",
	             &(struct flashwire){ .type = FLASHWIRE_CHUNK_DATA,
	                                  .sequence = 8,
	                                  .offset = 2 << 20,
	                                  .length = 4096,
	                                  .payload = 20 },
	             vector_payload());
	check_vector("CHUNK raw",
	             &(struct flashwire){ .type = FLASHWIRE_CHUNK_DATA,
	                                  .sequence = 8,
	                                  .offset = 2 << 20,
	                                  .length = 16,
	                                  .payload = 16,
	                                  .flags = FLASHWIRE_RAW },
	             "sixteen bytes :)");
	check_vector("CHUNK zeros",
	             &(struct flashwire){ .type = FLASHWIRE_CHUNK_DATA,
	                                  .sequence = 8,
	                                  .offset = 3 << 20,
	                                  .length = 4096,
	                                  .flags = FLASHWIRE_ZEROS },
	             NULL);
}

static void documented_info(void)
{
	static uint8_t p[FLASHWIRE_INFO_MAX];
	static struct flashwire_info got;
	uint32_t n = flashwire_put_info(p, &two_disks);
	CHECK_INT(n, 120 + 2 * 96);
	check_vector("INFO",
	             &(struct flashwire){ .type = FLASHWIRE_INFO, .sequence = 1, .payload = n }, p);
	CHECK(flashwire_get_info(vector_payload(), n, &got));
	CHECK_INT(got.version, 1);
	CHECK_INT(got.window, 8 << 20);
	CHECK_INT(got.messages, 64);
	CHECK_INT(got.idle, 60);
	CHECK_INT(got.memory, 4ll << 30);
	CHECK_STR(got.serial, two_disks.serial);
	CHECK_STR(got.model, two_disks.model);
	CHECK_INT(got.count, 2);
	CHECK_STR(got.disks[0].name, "mmcblk0");
	CHECK_STR(got.disks[0].model, "BJTD4R");
	CHECK_INT(got.disks[0].kind, FLASHWIRE_KIND_EMMC);
	CHECK_INT(got.disks[0].read_only, 0);
	CHECK_INT(got.disks[0].sector, 512);
	CHECK_INT(got.disks[0].size, 31268536320);
	CHECK_STR(got.disks[1].name, "nvme0n1");
	CHECK_STR(got.disks[1].model, "");
	CHECK_INT(got.disks[1].read_only, 1);
	CHECK_INT(got.disks[1].sector, 4096);
	CHECK_INT(got.disks[1].size, 1ll << 40);
}

static void documented_errors(void)
{
	uint8_t p[FLASHWIRE_ERROR_MAX];
	struct flashwire_error got;
	uint32_t n = flashwire_put_error(
		p, &(struct flashwire_error){ FLASHWIRE_DISK_FAILED, 5,
	                                      "mmcblk0: writing: Input/output error" });
	check_vector(
		"ERROR",
		&(struct flashwire){
			.type = FLASHWIRE_ERROR, .sequence = 9, .offset = 4 << 20, .payload = n },
		p);
	CHECK(flashwire_get_error(vector_payload(), n, &got));
	CHECK_INT(got.code, FLASHWIRE_DISK_FAILED);
	CHECK_INT(got.number, 5);
	CHECK_STR(got.text, "mmcblk0: writing: Input/output error");
	n = flashwire_put_error(
		p, &(struct flashwire_error){ FLASHWIRE_IDLE, 0, "nothing came for 60 seconds" });
	check_vector("ERROR end",
	             &(struct flashwire){
			     .type = FLASHWIRE_ERROR, .payload = n, .flags = FLASHWIRE_END },
	             p);
}

/* --- headers */

static enum flashwire_result request(struct flashwire m)
{
	struct flashwire got;
	m.sequence = m.sequence ? m.sequence : 1;
	flashwire_put(bytes, &m);
	return flashwire_request(bytes, &got);
}

static enum flashwire_result reply(struct flashwire m)
{
	struct flashwire got;
	flashwire_put(bytes, &m);
	return flashwire_reply(bytes, &got);
}

#define REQUEST(want, ...) CHECK_INT(request((struct flashwire){ __VA_ARGS__ }), want)
#define REPLY(want, ...)   CHECK_INT(reply((struct flashwire){ __VA_ARGS__ }), want)
#define MIB                (1u << 20)

static void lost_streams(void)
{
	struct flashwire got;
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_SYNC);
	for (int i = 0; i < 4; i++) {
		bytes[i] ^= 0x20;
		CHECK_INT(flashwire_request(bytes, &got), FLASHWIRE_NO_MESSAGE);
		CHECK_INT(flashwire_reply(bytes, &got), FLASHWIRE_NO_MESSAGE);
		bytes[i] ^= 0x20;
	}
	REQUEST(FLASHWIRE_TOO_LONG, .type = FLASHWIRE_HELLO, .payload = MIB + 1);
	REQUEST(FLASHWIRE_TOO_LONG, .type = 77, .payload = UINT32_MAX);
	REQUEST(FLASHWIRE_UNKNOWN_TYPE, .type = 77, .payload = MIB);
	REPLY(FLASHWIRE_TOO_LONG, .type = FLASHWIRE_INFO, .payload = MIB + 1);
	REQUEST(FLASHWIRE_OTHER_VERSION, .type = FLASHWIRE_SYNC, .version = 2);
	REPLY(FLASHWIRE_OTHER_VERSION, .type = FLASHWIRE_ACK, .version = 2);
	/* these negotiate versions */
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_HELLO, .version = 2, .payload = 4);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_ERROR, .version = 2, .payload = 8);
}

static void directions(void)
{
	for (unsigned type = 0; type < 0x10000; type++) {
		struct flashwire m = { .type = (uint16_t)type, .sequence = 1 };
		struct flashwire got;
		flashwire_put(bytes, &m);
		bool known = type >= FLASHWIRE_HELLO && type <= FLASHWIRE_REBOOT;
		if ((flashwire_request(bytes, &got) == FLASHWIRE_UNKNOWN_TYPE) == known)
			TAP_FAIL("request type %u", type);
		known = type >= FLASHWIRE_INFO && type <= FLASHWIRE_ERROR;
		if ((flashwire_reply(bytes, &got) == FLASHWIRE_UNKNOWN_TYPE) == known)
			TAP_FAIL("reply type %u", type);
	}
}

static void sequences(void)
{
	struct flashwire got, none = { .type = FLASHWIRE_SYNC };
	flashwire_put(bytes, &none);
	CHECK_INT(flashwire_request(bytes, &got), FLASHWIRE_MALFORMED);
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_SYNC, .sequence = UINT32_MAX);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_ACK);
}

static void places(void)
{
	const uint64_t last = (1ull << 63) - (1ull << 27);
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_HOLE, .offset = 4096, .length = 1);
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_HOLE, .offset = last, .length = 64 * MIB);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_HOLE, .offset = 1ull << 63, .length = 1);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_HOLE, .offset = 512, .length = 1);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_HASH, .offset = 4095, .length = 1);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_READ, .offset = UINT64_MAX, .length = 1);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DATA, .offset = 1, .length = 4,
	        .payload = 3);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_SYNC, .offset = 4096);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_CHUNK_DATA, .offset = 1, .length = 4,
	      .payload = 3);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_ACK, .offset = UINT64_MAX);
}

static void lengths(void)
{
	static const uint16_t ranges[] = { FLASHWIRE_HOLE, FLASHWIRE_HASH, FLASHWIRE_READ };
	for (size_t i = 0; i < 3; i++) {
		REQUEST(FLASHWIRE_MALFORMED, .type = ranges[i]);
		REQUEST(FLASHWIRE_OK, .type = ranges[i], .length = 1);
		REQUEST(FLASHWIRE_OK, .type = ranges[i], .length = 64 * MIB);
		REQUEST(FLASHWIRE_MALFORMED, .type = ranges[i], .length = 64 * MIB + 1);
		REQUEST(FLASHWIRE_MALFORMED, .type = ranges[i], .length = 1, .payload = 1);
		REQUEST(FLASHWIRE_MALFORMED, .type = ranges[i], .length = 1, .flags = 1);
	}
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DATA, .flags = FLASHWIRE_RAW);
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_DATA, .length = 1, .payload = 1, .flags = 1);
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_DATA, .length = MIB, .payload = MIB, .flags = 1);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DATA, .length = MIB + 1, .payload = MIB);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_SYNC, .length = 1);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_CHUNK_DATA, .length = MIB + 1, .payload = 1);
}

static void payloads(void)
{
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_HELLO, .payload = 3);
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_HELLO, .payload = 256);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_HELLO, .payload = 257);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_OPEN, .payload = 31);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_OPEN, .payload = 33);
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_OPEN, .payload = 32, .flags = FLASHWIRE_READ_ONLY);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_OPEN, .payload = 32, .flags = 2);
	/* a frame is smaller than what it holds, raw bytes are as many */
	REQUEST(FLASHWIRE_OK, .type = FLASHWIRE_DATA, .length = 9, .payload = 8);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DATA, .length = 9, .payload = 9);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DATA, .length = 9);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DATA, .length = 9, .payload = 8, .flags = 1);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DATA, .length = 9, .flags = FLASHWIRE_ZEROS);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_CLOSE, .payload = 1);
	REQUEST(FLASHWIRE_MALFORMED, .type = FLASHWIRE_CLOSE, .flags = 2);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_CHUNK_DATA, .length = 9, .flags = FLASHWIRE_ZEROS);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_CHUNK_DATA, .length = 9);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_CHUNK_DATA, .length = 9, .payload = 9,
	      .flags = 3);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_CHUNK_DATA, .length = 9, .payload = 1,
	      .flags = 2);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_DIGESTS, .length = MIB, .payload = 32);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_DIGESTS, .length = MIB + 1, .payload = 32);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_DIGESTS, .length = 64 * MIB, .payload = 2048);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_INFO, .payload = 119);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_INFO, .payload = 120 + 32 * 96);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_INFO, .payload = 120 + 32 * 96 + 1);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_ERROR, .payload = 7);
	REPLY(FLASHWIRE_OK, .type = FLASHWIRE_ERROR, .payload = 168, .flags = FLASHWIRE_END);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_ERROR, .payload = 169);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_ERROR, .payload = 8, .flags = 2);
	REPLY(FLASHWIRE_MALFORMED, .type = FLASHWIRE_ACK, .payload = 1);
}

static void sizes(void)
{
	CHECK_INT(flashwire_chunks(1), 1);
	CHECK_INT(flashwire_chunks(MIB), 1);
	CHECK_INT(flashwire_chunks(MIB + 1), 2);
	CHECK_INT(flashwire_chunks(64 * MIB), 64);
	CHECK(flashwire_needs_zero_packet(512, 512));
	CHECK(flashwire_needs_zero_packet(32 + 480, 512));
	CHECK(!flashwire_needs_zero_packet(32, 512));
	CHECK(!flashwire_needs_zero_packet(513, 512));
	CHECK(flashwire_needs_zero_packet(64, 64));
	CHECK_STR(flashwire_type_name(FLASHWIRE_HOLE), "HOLE");
	CHECK_STR(flashwire_type_name(FLASHWIRE_CHUNK_DATA), "CHUNK");
	CHECK_STR(flashwire_type_name(0), "?");
}

/* --- payloads of bad ends */

static void versions(void)
{
	static const struct {
		struct flashwire_versions a, b;
		uint16_t common;
	} rows[] = {
		{ { 1, 1 }, { 1, 1 }, 1 }, { { 1, 3 }, { 2, 5 }, 3 }, { { 2, 5 }, { 1, 3 }, 3 },
		{ { 1, 1 }, { 2, 3 }, 0 }, { { 2, 3 }, { 1, 1 }, 0 }, { { 1, 9 }, { 4, 4 }, 4 },
	};
	struct flashwire_versions got;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_INT(flashwire_common_version(&rows[i].a, &rows[i].b), rows[i].common);
	CHECK(flashwire_get_hello((const uint8_t *)"\1\0\2\0and more", 12, &got));
	CHECK_INT(got.lowest, 1);
	CHECK_INT(got.highest, 2);
	CHECK(!flashwire_get_hello((const uint8_t *)"\0\0\2\0", 4, &got));
	CHECK(!flashwire_get_hello((const uint8_t *)"\3\0\2\0", 4, &got));
	CHECK(!flashwire_get_hello((const uint8_t *)"\1\0\2\0", 3, &got));
}

static void names(void)
{
	static const char *const good[] = { "sda", "mmcblk0boot0", "nvme0n1", "a.b_c-D9",
		                            "1234567890123456789012345678901" };
	static const char *const bad[] = {
		"",     ".",      "..", "a/b", "../sda",
		"sd a", "sd\x80", "\n", "a%s", "12345678901234567890123456789012"
	};
	uint8_t p[FLASHWIRE_NAME];
	char name[FLASHWIRE_NAME];
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		flashwire_put_open(p, good[i]);
		CHECK(flashwire_get_open(p, sizeof p, name));
		CHECK_STR(name, good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK(!flashwire_is_name(bad[i]));
		memset(p, 0, sizeof p);
		memcpy(p, bad[i], strnlen(bad[i], sizeof p));
		if (flashwire_get_open(p, sizeof p, name))
			TAP_FAIL("'%s' is taken as a name", bad[i]);
	}
	flashwire_put_open(p, "sda");
	CHECK(!flashwire_get_open(p, sizeof p - 1, name));
	p[31] = 'x';
	CHECK(!flashwire_get_open(p, sizeof p, name));
}

/* The two disks with one byte changed; whether that is still taken. */
static bool info_with(size_t at, uint8_t value)
{
	static uint8_t p[FLASHWIRE_INFO_MAX];
	static struct flashwire_info got;
	uint32_t n = flashwire_put_info(p, &two_disks);
	p[at] = value;
	return flashwire_get_info(p, n, &got);
}

static void bad_info(void)
{
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {
		{ 0, 0 },           /* version */
		{ 2, 1 },           /* count */
		{ 3, 1 },           /* count */
		{ 7, 0x40 },        /* window: 1 GiB */
		{ 6, 0 },           /* window: 0 */
		{ 8, 1 },           /* messages */
		{ 9, 0x11 },        /* messages: 4416 */
		{ 12, 9 },          /* idle */
		{ 13, 15 },         /* idle: 3900 */
		{ 24, 0x1b },       /* serial */
		{ 55, 'x' },        /* its terminator */
		{ 56, 0x80 },       /* model */
		{ 119, 'x' },       /* its terminator */
		{ 120, '/' },       /* name */
		{ 120, 0 },         /* name: empty, with bytes behind */
		{ 120 + 33, 2 },    /* flags */
		{ 120 + 34, 1 },    /* reserved */
		{ 120 + 37, 3 },    /* sector: 768 */
		{ 120 + 37, 1 },    /* sector: 256 */
		{ 120 + 38, 1 },    /* sector: 66048 */
		{ 120 + 40, 1 },    /* size: no multiple of the sector */
		{ 120 + 47, 0x80 }, /* size: more than 63 bits */
		{ 120 + 95, 'x' },  /* model's terminator */
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (info_with(bad[i].at, bad[i].value))
			TAP_FAIL("byte %zu as %u is taken", bad[i].at, bad[i].value);
	CHECK(info_with(216, '0'));      /* another name, as good as the old one */
	CHECK(info_with(120 + 32, 200)); /* a kind of a later version */
}

static void bad_disk_lists(void)
{
	static uint8_t p[FLASHWIRE_INFO_MAX];
	static struct flashwire_info info, got;
	info = two_disks;
	uint32_t n = flashwire_put_info(p, &info);
	CHECK(!flashwire_get_info(p, n - 1, &got));
	CHECK(!flashwire_get_info(p, 119, &got));
	strcpy(info.disks[1].name, "mmcblk0");
	n = flashwire_put_info(p, &info);
	CHECK(!flashwire_get_info(p, n, &got));
	info = two_disks;
	info.disks[1].size = 0;
	n = flashwire_put_info(p, &info);
	CHECK(!flashwire_get_info(p, n, &got));
	info.count = 0;
	n = flashwire_put_info(p, &info);
	CHECK_INT(n, 120);
	CHECK(flashwire_get_info(p, n, &got));
	CHECK_INT(got.count, 0);
	info.count = FLASHWIRE_DISKS;
	for (int i = 0; i < FLASHWIRE_DISKS; i++) {
		info.disks[i] = two_disks.disks[0];
		snprintf(info.disks[i].name, sizeof info.disks[i].name, "sd%d", i);
	}
	n = flashwire_put_info(p, &info);
	CHECK_INT(n, FLASHWIRE_INFO_MAX);
	CHECK(flashwire_get_info(p, n, &got));
	CHECK_STR(got.disks[31].name, "sd31");
}

static void errors(void)
{
	uint8_t p[FLASHWIRE_ERROR_MAX];
	struct flashwire_error error = { FLASHWIRE_FAILED, 0, "" }, got;
	CHECK_INT(flashwire_put_error(p, &error), 8);
	CHECK(flashwire_get_error(p, 8, &got));
	CHECK_STR(got.text, "");
	memset(error.text, 'x', FLASHWIRE_TEXT);
	CHECK_INT(flashwire_put_error(p, &error), FLASHWIRE_ERROR_MAX);
	CHECK(flashwire_get_error(p, FLASHWIRE_ERROR_MAX, &got));
	CHECK_INT(strlen(got.text), FLASHWIRE_TEXT);
	strcpy(error.text, "a\x1b[2J\xc3");
	uint32_t n = flashwire_put_error(p, &error);
	CHECK(flashwire_get_error(p, n, &got));
	CHECK_STR(got.text, "a?[2J?");
	p[8] = '\n';
	CHECK(!flashwire_get_error(p, n, &got));
	p[8] = 0;
	CHECK(!flashwire_get_error(p, n, &got));
	CHECK(!flashwire_get_error(p, 7, &got));
	put_le32(p, 0);
	CHECK(!flashwire_get_error(p, 8, &got));
	put_le32(p, 1000); /* of a later version */
	CHECK(flashwire_get_error(p, 8, &got));
	CHECK_INT(got.code, FLASHWIRE_FAILED);
}

int main(void)
{
	RUN(documented_begin);
	RUN(documented_requests);
	RUN(documented_replies);
	RUN(documented_info);
	RUN(documented_errors);
	RUN(lost_streams);
	RUN(directions);
	RUN(sequences);
	RUN(places);
	RUN(lengths);
	RUN(payloads);
	RUN(sizes);
	RUN(versions);
	RUN(names);
	RUN(bad_info);
	RUN(bad_disk_lists);
	RUN(errors);
	return tap_end();
}
