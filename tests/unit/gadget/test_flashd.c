/* SPDX-License-Identifier: Apache-2.0 */
/* The board's side of direct flashing, session by session, over a socket pair, with a disk in memory that can be slow, fail
 * or go. What is expected: docs/flash-protocol.md. */
#include "base/bytes.h"
#include "flash/frame.h"
#include "flashd/session.h"
#include "tap.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#define MIB       (1u << 20)
#define DISK_SIZE (80 * MIB)
#define SECTOR    4096u
#define PATIENCE \
	60 /* seconds: more than any idle time here; a host that waits longer fails its test */

/* --- the disk */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint8_t *bytes;
	bool open, read_only, gone, lying;
	int open_error, write_error, zero_error, read_error, sync_error;
	uint64_t fails_at; /* offset of the transfers that fail */
	bool stalled;      /* writes wait until this is false */
	unsigned waiting;  /* writes that do */
	unsigned closed;   /* how often; with which fate last */
	enum disk_fate fate;
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

struct disk {
	struct flashwire_disk facts;
};
static struct disk the_disk = {
	{ .name = "mmcblk0", .kind = FLASHWIRE_KIND_SD, .sector = SECTOR, .size = DISK_SIZE }
};

size_t disk_list(const struct disk_board *board, struct flashwire_disk out[FLASHWIRE_DISKS])
{
	(void)board;
	out[0] = the_disk.facts;
	return 1;
}

int disk_open(const struct disk_board *board, const char *name, bool read_only, struct disk **out)
{
	(void)board;
	if (fake.open_error)
		return fake.open_error;
	if (strcmp(name, the_disk.facts.name) != 0)
		return ENOENT;
	fake.open = true;
	fake.read_only = read_only;
	*out = &the_disk;
	return 0;
}

const struct flashwire_disk *disk_facts(const struct disk *disk)
{
	return &disk->facts;
}

bool disk_is_gone(const struct disk *disk)
{
	(void)disk;
	return fake.gone;
}

/* Whether a transfer may happen: inside, and aligned as O_DIRECT wants it. */
static int transfer(uint64_t offset, uint64_t n, const void *buffer, int error)
{
	if (!fake.open || offset % SECTOR || n % SECTOR || (uintptr_t)buffer % 4096 ||
	    offset + n > DISK_SIZE)
		return EINVAL;
	if (fake.gone)
		return EIO;
	return error && offset <= fake.fails_at && fake.fails_at < offset + n ? error : 0;
}

int disk_write(struct disk *disk, uint64_t offset, const void *from, size_t n)
{
	(void)disk;
	pthread_mutex_lock(&fake.lock);
	fake.waiting++;
	pthread_cond_broadcast(&fake.changed);
	while (fake.stalled)
		pthread_cond_wait(&fake.changed, &fake.lock);
	fake.waiting--;
	pthread_mutex_unlock(&fake.lock);
	int err = fake.read_only ? EBADF : transfer(offset, n, from, fake.write_error);
	if (!err && !fake.lying)
		memcpy(fake.bytes + offset, from, n);
	return err;
}

int disk_zero(struct disk *disk, uint64_t offset, uint64_t n)
{
	(void)disk;
	int err = fake.read_only ? EBADF : transfer(offset, n, NULL, fake.zero_error);
	if (!err)
		memset(fake.bytes + offset, 0, n);
	return err;
}

int disk_read(struct disk *disk, uint64_t offset, void *to, size_t n)
{
	(void)disk;
	int err = transfer(offset, n, to, fake.read_error);
	if (!err)
		memcpy(to, fake.bytes + offset, n);
	return err;
}

int disk_sync(struct disk *disk)
{
	(void)disk;
	return fake.sync_error;
}

void disk_close(struct disk *disk, enum disk_fate fate)
{
	(void)disk;
	fake.open = false;
	fake.closed++;
	fake.fate = fate;
}

static void stall(bool stalled)
{
	pthread_mutex_lock(&fake.lock);
	fake.stalled = stalled;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

static void await_stalled_write(void)
{
	pthread_mutex_lock(&fake.lock);
	while (fake.waiting == 0)
		pthread_cond_wait(&fake.changed, &fake.lock);
	pthread_mutex_unlock(&fake.lock);
}

/* --- the host */

static int host;
static pthread_t board;
static struct session_setup setup;
static enum session_end how_ended;
static uint32_t sequence, answered;
static struct flashwire answer;
static uint8_t payload[MIB], frame[2 * MIB], image[4 * MIB];

static void *run_session(void *arg)
{
	how_ended = session_run(arg);
	close(setup.in);
	return NULL;
}

static void begin(uint32_t idle)
{
	int ends[2];
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	uint8_t *bytes = fake.bytes;
	memset(&fake, 0, sizeof fake);
	fake.bytes = bytes;
	fake.lock = lock;
	pthread_cond_init(&fake.changed, NULL);
	memset(fake.bytes, 0xa5, DISK_SIZE);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		exit(1);
	host = ends[0];
	setup = (struct session_setup){ .in = ends[1],
		                        .out = ends[1],
		                        .serial = "10000000e3f1a2b4",
		                        .model = "Test board",
		                        .idle = idle };
	sequence = answered = 0;
	if (pthread_create(&board, NULL, run_session, &setup) != 0)
		exit(1);
}

static void send_bytes(const void *bytes, size_t n)
{
	const char *at = bytes;
	while (n > 0) {
		ssize_t done = write(host, at, n);
		if (done <= 0)
			return;
		at += done;
		n -= (size_t)done;
	}
}

static void send_header(struct flashwire m)
{
	uint8_t header[FLASHWIRE_HEADER];
	m.sequence = ++sequence;
	flashwire_put(header, &m);
	send_bytes(header, sizeof header);
}

#define SEND(...) send_header((struct flashwire){ __VA_ARGS__ })

static bool receive_bytes(void *to, size_t n)
{
	char *at = to;
	while (n > 0) {
		struct pollfd p = { .fd = host, .events = POLLIN };
		ssize_t done = poll(&p, 1, PATIENCE * 1000) > 0 ? read(host, at, n) : -1;
		if (done <= 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

/* The next message, also a sign of life; false at the end of the stream. */
static bool receive_any(void)
{
	uint8_t header[FLASHWIRE_HEADER];
	answer = (struct flashwire){ 0 };
	if (!receive_bytes(header, sizeof header))
		return false;
	if (flashwire_reply(header, &answer) != FLASHWIRE_OK)
		TAP_FAIL("malformed answer of type %x", answer.type);
	return receive_bytes(payload, answer.payload);
}

/* The next answer. On a busy machine there are signs of life before it. */
static bool receive(void)
{
	bool there;
	do
		there = receive_any();
	while (there && answer.type == FLASHWIRE_ACK && answer.sequence == answered);
	answered = answer.sequence;
	return there;
}

static void expect_ack(void)
{
	do
		if (!receive()) {
			TAP_FAIL("no ACK of message %u", sequence);
			return;
		}
	while (answer.type == FLASHWIRE_ACK && answer.sequence < sequence);
	CHECK_STR(flashwire_type_name(answer.type), "ACK");
	CHECK_INT(answer.sequence, sequence);
}

/* Of the last message. */
static void expect_error(enum flashwire_code code, bool end)
{
	struct flashwire_error error = { .code = FLASHWIRE_FAILED };
	CHECK(receive());
	CHECK_STR(flashwire_type_name(answer.type), "ERROR");
	if (answer.type != FLASHWIRE_ERROR)
		return;
	CHECK_INT(answer.sequence, sequence);
	CHECK_INT(answer.flags, end ? FLASHWIRE_END : 0);
	CHECK(flashwire_get_error(payload, answer.payload, &error));
	CHECK_INT(error.code, code);
	CHECK(*error.text);
}

static struct flashwire_info info;
static void expect_info(void)
{
	CHECK(receive());
	CHECK_STR(flashwire_type_name(answer.type), "INFO");
	CHECK_INT(answer.sequence, sequence);
	CHECK(flashwire_get_info(payload, answer.payload, &info));
}

static void send_hello(void)
{
	uint8_t versions[FLASHWIRE_HELLO_MIN];
	SEND(.type = FLASHWIRE_HELLO,
	     .payload = flashwire_put_hello(versions, &(struct flashwire_versions){ 1, 1 }));
	send_bytes(versions, sizeof versions);
}

static void hello(void)
{
	send_hello();
	expect_info();
}

static void send_open(const char *name, uint64_t size, uint32_t flags)
{
	uint8_t field[FLASHWIRE_NAME];
	SEND(.type = FLASHWIRE_OPEN, .offset = size, .payload = flashwire_put_open(field, name),
	     .flags = flags);
	send_bytes(field, sizeof field);
}

static void begin_open(void)
{
	begin(PATIENCE);
	hello();
	send_open("mmcblk0", 0, 0);
	expect_info();
}

static void send_raw(uint64_t offset, const void *bytes, uint32_t n)
{
	SEND(.type = FLASHWIRE_DATA, .offset = offset, .length = n, .payload = n,
	     .flags = FLASHWIRE_RAW);
	send_bytes(bytes, n);
}

static void send_frame(uint64_t offset, const void *bytes, uint32_t n)
{
	struct frame_packer *packer = frame_packer_new();
	size_t packed = frame_pack(packer, frame, sizeof frame, bytes, n);
	frame_packer_free(packer);
	SEND(.type = FLASHWIRE_DATA, .offset = offset, .length = n, .payload = (uint32_t)packed);
	send_bytes(frame, packed);
}

/* The host goes; the session ends by itself, with the disk closed. */
static void finish(enum session_end end)
{
	close(host);
	pthread_join(board, NULL);
	CHECK_INT(how_ended, end);
	CHECK(!fake.open);
}

static void make_image(void)
{
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof image; i++) {
		x = x * 1103515245 + 12345;
		image[i] = (uint8_t)("flash"[x >> 16 & 3]);
	}
}

/* --- tests */

static void describes_itself(void)
{
	begin(PATIENCE);
	hello();
	CHECK_INT(info.version, 1);
	CHECK_INT(info.idle, PATIENCE);
	CHECK(info.memory > 0);
	CHECK_STR(info.serial, "10000000e3f1a2b4");
	CHECK_STR(info.model, "Test board");
	CHECK_INT(info.count, 1);
	CHECK_STR(info.disks[0].name, "mmcblk0");
	CHECK_INT(info.disks[0].size, DISK_SIZE);
	hello(); /* for a new list */
	send_open("mmcblk0", DISK_SIZE, 0);
	expect_info();
	CHECK_INT(info.count, 1);
	CHECK_INT(info.disks[0].size, DISK_SIZE);
	finish(SESSION_OVER);
	CHECK_INT(fake.closed, 1);
	CHECK_INT(fake.fate, DISK_RETURN);
}

static void writes(void)
{
	begin_open();
	send_frame(MIB, image, MIB);
	expect_ack();
	CHECK_INT(answer.offset, MIB);
	send_raw(2 * MIB, image + MIB, MIB);
	SEND(.type = FLASHWIRE_HOLE, .offset = 4096, .length = 8192);
	send_raw(8 * MIB, image, 5000); /* the rest of its sectors are zeros */
	SEND(.type = FLASHWIRE_SYNC);
	expect_ack();
	CHECK_INT(answer.offset, 2 * MIB + 8192 + 5000);
	CHECK_MEM(fake.bytes + MIB, image, 2 * MIB);
	CHECK_INT(fake.bytes[4095], 0xa5);
	for (int i = 4096; i < 4096 + 8192; i++)
		if (fake.bytes[i] != 0)
			TAP_FAIL("byte %d of the hole is %d", i, fake.bytes[i]);
	CHECK_INT(fake.bytes[4096 + 8192], 0xa5);
	CHECK_MEM(fake.bytes + 8 * MIB, image, 5000);
	for (int i = 5000; i < 8192; i++)
		if (fake.bytes[8 * MIB + i] != 0)
			TAP_FAIL("byte %d after the data is %d", i, fake.bytes[8 * MIB + i]);
	CHECK_INT(fake.bytes[8 * MIB + 8192], 0xa5);
	send_frame(MIB, image + 3 * MIB, MIB); /* once more */
	expect_ack();
	CHECK_MEM(fake.bytes + MIB, image + 3 * MIB, MIB);
	SEND(.type = FLASHWIRE_CLOSE);
	expect_ack();
	CHECK_INT(fake.fate, DISK_OFFER);
	send_open("mmcblk0", 0, 0);
	expect_info();
	SEND(.type = FLASHWIRE_CLOSE, .flags = FLASHWIRE_KEEP);
	expect_ack();
	CHECK_INT(fake.fate, DISK_KEEP);
	CHECK_INT(answer.offset, 0);
	finish(SESSION_OVER);
	CHECK_INT(fake.closed, 2);
}

static void big_hole(void)
{
	begin_open();
	SEND(.type = FLASHWIRE_HOLE, .offset = 8192, .length = 64 * MIB - 1);
	expect_ack();
	CHECK_INT(answer.offset, 64 * MIB - 1);
	CHECK_INT(fake.bytes[8191], 0xa5);
	CHECK_INT(fake.bytes[8192], 0);
	CHECK_INT(fake.bytes[8192 + 64 * MIB - 1], 0);
	CHECK_INT(fake.bytes[8192 + 64 * MIB], 0xa5);
	finish(SESSION_OVER);
}

/* Digests of what is on the medium, in the order of the range. */
static void hashes(void)
{
	uint8_t want[SHA256_SIZE];
	struct sha256 hash;
	begin_open();
	for (uint32_t i = 0; i < 70; i++)
		memset(fake.bytes + (size_t)i * MIB, (int)i, MIB);
	SEND(.type = FLASHWIRE_HASH, .offset = MIB, .length = 63 * MIB + 77);
	CHECK(receive());
	CHECK_STR(flashwire_type_name(answer.type), "DIGESTS");
	CHECK_INT(answer.offset, MIB);
	CHECK_INT(answer.length, 63 * MIB + 77);
	CHECK_INT(answer.payload, 64 * SHA256_SIZE);
	for (uint32_t i = 0; i < 64; i++) {
		sha256_init(&hash);
		sha256_add(&hash, fake.bytes + (size_t)(i + 1) * MIB, i < 63 ? MIB : 77);
		sha256_end(&hash, want);
		if (memcmp(payload + (size_t)i * SHA256_SIZE, want, SHA256_SIZE) != 0)
			TAP_FAIL("digest %u differs", i);
	}
	finish(SESSION_OVER);
}

/* A medium that forgets what was written is found out: the digest is the medium's. */
static void lying_disk(void)
{
	uint8_t want[SHA256_SIZE];
	struct sha256 hash;
	begin_open();
	fake.lying = true;
	send_raw(0, image, 4096);
	SEND(.type = FLASHWIRE_SYNC);
	expect_ack();
	SEND(.type = FLASHWIRE_HASH, .length = 4096);
	CHECK(receive());
	sha256_init(&hash);
	sha256_add(&hash, image, 4096);
	sha256_end(&hash, want);
	CHECK_STR(flashwire_type_name(answer.type), "DIGESTS");
	CHECK(memcmp(payload, want, sizeof want) != 0);
	finish(SESSION_OVER);
}

static void unpack_answer(uint8_t *to)
{
	struct frame_unpacker *unpacker = frame_unpacker_new();
	if (answer.flags & FLASHWIRE_ZEROS)
		memset(to, 0, answer.length);
	else if (answer.flags & FLASHWIRE_RAW)
		memcpy(to, payload, answer.length);
	else
		CHECK(frame_unpack(unpacker, to, answer.length, payload, answer.payload));
	frame_unpacker_free(unpacker);
}

static void reads(void)
{
	static uint8_t back[9 * MIB];
	uint32_t x = 7;
	begin(PATIENCE);
	hello();
	send_open("mmcblk0", 0, FLASHWIRE_READ_ONLY);
	expect_info();
	memset(fake.bytes, 0, 3 * MIB);
	memcpy(fake.bytes + 3 * MIB, image, 4 * MIB);
	for (uint32_t i = 0; i < MIB; i++) { /* nothing that can be packed */
		x = x * 1664525 + 1013904223;
		fake.bytes[7 * MIB + i] = (uint8_t)(x >> 24);
	}
	SEND(.type = FLASHWIRE_READ, .offset = 0, .length = 8 * MIB + 512);
	for (uint32_t i = 0; i < 9; i++) {
		CHECK(receive());
		CHECK_STR(flashwire_type_name(answer.type), "CHUNK");
		CHECK_INT(answer.sequence, sequence);
		CHECK_INT(answer.offset, (uint64_t)i * MIB);
		CHECK_INT(answer.length, i < 8 ? MIB : 512);
		CHECK_INT(answer.flags, i < 3 ? FLASHWIRE_ZEROS : i == 7 ? FLASHWIRE_RAW : 0);
		unpack_answer(back + (size_t)i * MIB);
	}
	CHECK_MEM(back, fake.bytes, 8 * MIB + 512);
	send_raw(0, image, 512);
	expect_error(FLASHWIRE_CANNOT_WRITE, false);
	SEND(.type = FLASHWIRE_HOLE, .length = 512);
	expect_error(FLASHWIRE_CANNOT_WRITE, false);
	finish(SESSION_OVER);
}

static void wrong_turns(void)
{
	begin(PATIENCE);
	SEND(.type = FLASHWIRE_SYNC);
	expect_error(FLASHWIRE_BAD_MESSAGE, false);
	hello();
	SEND(.type = FLASHWIRE_SYNC); /* without a disk: nothing to do */
	expect_ack();
	CHECK_INT(answer.offset, 0);
	SEND(.type = FLASHWIRE_HASH, .length = 1);
	expect_error(FLASHWIRE_BAD_MESSAGE, false);
	SEND(.type = FLASHWIRE_CLOSE);
	expect_error(FLASHWIRE_BAD_MESSAGE, false);
	send_open("nvme0n1", 0, 0);
	expect_error(FLASHWIRE_NO_DISK, false);
	send_open("../sda", 0, 0);
	expect_error(FLASHWIRE_NO_DISK, false);
	send_open("mmcblk0", DISK_SIZE + 1, 0);
	expect_error(FLASHWIRE_TOO_SMALL, false);
	CHECK(!fake.open);
	send_open("mmcblk0", DISK_SIZE, 0);
	expect_info();
	send_open("mmcblk0", 0, 0);
	expect_error(FLASHWIRE_BAD_MESSAGE, false);
	SEND(.type = FLASHWIRE_HELLO, .payload = 4);
	send_bytes("\1\0\1\0", 4);
	expect_error(FLASHWIRE_BAD_MESSAGE, false);
	SEND(.type = FLASHWIRE_REBOOT);
	expect_error(FLASHWIRE_BAD_MESSAGE, false);
	SEND(.type = FLASHWIRE_SYNC);
	expect_ack();
	finish(SESSION_OVER);
}

static void bad_messages(void)
{
	begin_open();
	SEND(.type = 99, .payload = 5000);
	send_bytes(image, 5000);
	expect_error(FLASHWIRE_BAD_TYPE, false);
	SEND(.type = FLASHWIRE_ACK);
	expect_error(FLASHWIRE_BAD_TYPE, false);
	SEND(.type = FLASHWIRE_SYNC, .length = 1, .payload = 3);
	send_bytes("abc", 3);
	expect_error(FLASHWIRE_BAD_MESSAGE, false);
	SEND(.type = FLASHWIRE_DATA, .length = 4096, .payload = 16);
	send_bytes("not a zstd frame", 16);
	expect_error(FLASHWIRE_BAD_FRAME, false);
	send_frame(0, image, MIB);
	expect_ack();
	/* a frame of more, or of less, than is stated */
	SEND(.type = FLASHWIRE_DATA, .length = 4096, .payload = 20);
	send_bytes(
		"\x28\xb5\x2f\xfd\x60\x00\x0f\x55\x00\x00\x18\x00\x00\x21\x01\x00\xfa\xf7\x01\x16",
		20);
	expect_ack(); /* the document's vector */
	SEND(.type = FLASHWIRE_DATA, .length = 4095, .payload = 20);
	send_bytes(
		"\x28\xb5\x2f\xfd\x60\x00\x0f\x55\x00\x00\x18\x00\x00\x21\x01\x00\xfa\xf7\x01\x16",
		20);
	expect_error(FLASHWIRE_BAD_FRAME, false);
	SEND(.type = FLASHWIRE_DATA, .length = 4097, .payload = 20);
	send_bytes(
		"\x28\xb5\x2f\xfd\x60\x00\x0f\x55\x00\x00\x18\x00\x00\x21\x01\x00\xfa\xf7\x01\x16",
		20);
	expect_error(FLASHWIRE_BAD_FRAME, false);
	CHECK_INT(fake.bytes[4095], '!');
	CHECK_INT(fake.bytes[4096], image[4096]);
	finish(SESSION_OVER);
}

static void outside(void)
{
	begin_open();
	send_raw(DISK_SIZE - 4096, image, 4096);
	expect_ack();
	send_raw(DISK_SIZE, image, 1);
	expect_error(FLASHWIRE_OUTSIDE, false);
	CHECK_INT(answer.offset, DISK_SIZE);
	send_raw(DISK_SIZE - 4096, image, 4097);
	expect_error(FLASHWIRE_OUTSIDE, false);
	SEND(.type = FLASHWIRE_HOLE, .offset = DISK_SIZE - 4096, .length = 8192);
	expect_error(FLASHWIRE_OUTSIDE, false);
	SEND(.type = FLASHWIRE_HASH, .offset = DISK_SIZE, .length = 1);
	expect_error(FLASHWIRE_OUTSIDE, false);
	SEND(.type = FLASHWIRE_READ, .offset = 1ull << 62, .length = 1);
	expect_error(FLASHWIRE_OUTSIDE, false);
	finish(SESSION_OVER);
}

/* Messages after which the stream is not understood end the session. */
static void lost_streams(void)
{
	for (int kind = 0; kind < 4; kind++) {
		uint8_t header[FLASHWIRE_HEADER];
		begin_open();
		sequence++;
		flashwire_put(header,
		              &(struct flashwire){ .type = FLASHWIRE_SYNC, .sequence = sequence });
		switch (kind) {
		case 0:
			header[0] = 'X';
			sequence--; /* is not known */
			break;
		case 1:
			put_le32(header + 24, MIB + 1);
			break;
		case 2:
			put_le16(header + 4, 2);
			break;
		default:
			put_le32(header + 8, ++sequence);
			break;
		}
		send_bytes(header, sizeof header);
		expect_error(kind == 2 ? FLASHWIRE_BAD_VERSION : FLASHWIRE_BAD_MESSAGE, true);
		CHECK(!receive());
		finish(SESSION_OVER);
		CHECK_INT(fake.closed, 1);
	}
}

static void versions(void)
{
	begin(PATIENCE);
	SEND(.type = FLASHWIRE_HELLO, .version = 7, .payload = 10);
	send_bytes("\1\0\7\0future", 10);
	expect_info();
	CHECK_INT(info.version, 1);
	finish(SESSION_OVER);
	begin(PATIENCE);
	SEND(.type = FLASHWIRE_HELLO, .payload = 4);
	send_bytes("\2\0\3\0", 4);
	expect_error(FLASHWIRE_BAD_VERSION, true);
	CHECK(!receive());
	finish(SESSION_OVER);
}

static void failing_disk(void)
{
	static const struct {
		int error;
		enum flashwire_code code;
	} rows[] = { { EIO, FLASHWIRE_DISK_FAILED },
		     { ENOSPC, FLASHWIRE_DISK_FAILED },
		     { ENOMEDIUM, FLASHWIRE_DISK_GONE },
		     { ENXIO, FLASHWIRE_DISK_GONE } };
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_open();
		fake.fails_at = 3 * MIB;
		fake.write_error = fake.zero_error = fake.read_error = rows[i].error;
		send_raw(3 * MIB, image, MIB);
		expect_error(rows[i].code, false);
		CHECK_INT(answer.offset, 3 * MIB);
		SEND(.type = FLASHWIRE_HOLE, .length = 4 * MIB);
		expect_error(rows[i].code, false);
		SEND(.type = FLASHWIRE_HASH, .offset = MIB, .length = 8 * MIB);
		expect_error(rows[i].code, false);
		CHECK_INT(answer.offset, 3 * MIB);
		SEND(.type = FLASHWIRE_READ, .offset = 2 * MIB, .length = 8 * MIB);
		CHECK(receive()); /* what is before */
		CHECK_INT(answer.type, FLASHWIRE_CHUNK_DATA);
		expect_error(rows[i].code, false);
		CHECK_INT(answer.offset, 3 * MIB);
		fake.sync_error = rows[i].error;
		SEND(.type = FLASHWIRE_SYNC);
		expect_error(rows[i].code, false);
		send_raw(5 * MIB, image, MIB); /* the session goes on */
		expect_ack();
		SEND(.type = FLASHWIRE_CLOSE);
		expect_error(rows[i].code, false);
		CHECK_INT(fake.closed, 1);
		finish(SESSION_OVER);
	}
}

static void disk_that_goes(void)
{
	begin_open();
	fake.gone = true;
	send_raw(0, image, MIB);
	expect_error(FLASHWIRE_DISK_GONE, false);
	SEND(.type = FLASHWIRE_SYNC); /* also when nothing is to be written */
	expect_error(FLASHWIRE_DISK_GONE, false);
	finish(SESSION_OVER);
}

static void disk_that_cannot_be_opened(void)
{
	static const struct {
		int error;
		enum flashwire_code code;
	} rows[] = { { EBUSY, FLASHWIRE_BUSY },
		     { EROFS, FLASHWIRE_CANNOT_WRITE },
		     { ENOMEM, FLASHWIRE_NO_MEMORY },
		     { EIO, FLASHWIRE_DISK_FAILED } };
	begin(PATIENCE);
	hello();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fake.open_error = rows[i].error;
		send_open("mmcblk0", 0, 0);
		expect_error(rows[i].code, false);
	}
	finish(SESSION_OVER);
}

/* As many bytes and messages as INFO allows are taken although the disk does nothing, and signs of life come. */
static void window(void)
{
	begin_open();
	stall(true);
	uint32_t bytes = 0, first = sequence + 1;
	while (bytes + FLASHWIRE_HEADER + MIB <= info.window) {
		send_raw((uint64_t)(1 + bytes / MIB) * MIB, image, MIB);
		bytes += FLASHWIRE_HEADER + MIB;
	}
	await_stalled_write();
	CHECK(receive_any());
	CHECK_STR(flashwire_type_name(answer.type), "ACK");
	CHECK_INT(answer.sequence, first - 1);
	CHECK_INT(answer.offset, 0);
	stall(false);
	expect_ack();
	stall(true);
	for (uint32_t i = 0; i < info.messages; i++)
		send_raw(0, image, 16);
	stall(false);
	expect_ack();
	finish(SESSION_OVER);
}

/* More than the window: the rest waits in the stream, nothing is lost. */
static void beyond_the_window(void)
{
	begin_open();
	stall(true);
	for (uint32_t i = 0; i < 3 * info.messages; i++) /* fits into the socket */
		SEND(.type = FLASHWIRE_SYNC);
	send_raw(0, image, 16);
	stall(false);
	expect_ack();
	CHECK_MEM(fake.bytes, image, 16);
	finish(SESSION_OVER);
}

static void idle_host(void)
{
	begin(1);
	send_hello(); /* INFO with an idle time that no board has */
	CHECK(receive());
	send_open("mmcblk0", 0, 0);
	CHECK(receive());
	sequence = 0;
	expect_error(FLASHWIRE_IDLE, true);
	CHECK(!receive());
	finish(SESSION_OVER);
	CHECK_INT(fake.closed, 1);
}

/* A host that takes no answers. */
static void deaf_host(void)
{
	begin(1);
	send_hello();
	CHECK(receive());
	send_open("mmcblk0", 0, FLASHWIRE_READ_ONLY);
	CHECK(receive());
	for (uint32_t i = 0; i < 8 * MIB; i++)
		fake.bytes[i] = (uint8_t)(i * 2654435761u >> 24);
	SEND(.type = FLASHWIRE_READ, .length = 8 * MIB);
	pthread_join(board, NULL);
	CHECK_INT(how_ended, SESSION_OVER);
	CHECK_INT(fake.closed, 1);
	close(host);
}

/* In the middle of a message, with others waiting. */
static void host_that_goes(void)
{
	begin_open();
	stall(true);
	send_raw(0, image, MIB);
	send_frame(MIB, image, MIB);
	SEND(.type = FLASHWIRE_DATA, .offset = 2 * MIB, .length = MIB, .payload = MIB,
	     .flags = FLASHWIRE_RAW);
	send_bytes(image, 1000);
	close(host);
	stall(false);
	pthread_join(board, NULL);
	CHECK_INT(how_ended, SESSION_OVER);
	CHECK_INT(fake.closed, 1);
	CHECK_INT(fake.bytes[2 * MIB], 0xa5);
}

static void reboots(void)
{
	begin(PATIENCE);
	hello();
	SEND(.type = FLASHWIRE_REBOOT);
	expect_ack();
	CHECK(!receive());
	finish(SESSION_REBOOT);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	fake.bytes = malloc(DISK_SIZE);
	if (!fake.bytes)
		return 1;
	make_image();
	RUN(describes_itself);
	RUN(writes);
	RUN(big_hole);
	RUN(hashes);
	RUN(lying_disk);
	RUN(reads);
	RUN(wrong_turns);
	RUN(bad_messages);
	RUN(outside);
	RUN(lost_streams);
	RUN(versions);
	RUN(failing_disk);
	RUN(disk_that_goes);
	RUN(disk_that_cannot_be_opened);
	RUN(window);
	RUN(beyond_the_window);
	RUN(idle_host);
	RUN(deaf_host);
	RUN(host_that_goes);
	RUN(reboots);
	free(fake.bytes);
	return tap_end();
}
