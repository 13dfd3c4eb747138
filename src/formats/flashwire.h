/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of direct flashing <-> structs, for both ends: a host that writes a board's disk, and the board's program.
 * Little-endian, no I/O, no allocation, no trust in what the other end sends. Facts: docs/flash-protocol.md.
 *
 *	flashwire_put(bytes, &(struct flashwire){ .type = FLASHWIRE_HOLE, .sequence = 7, .offset = o, .length = n });
 *	result = flashwire_request(bytes, &message);	// on the board; the host: flashwire_reply
 *	...then message.payload bytes, for flashwire_get_...
 *
 * All sizes and offsets are bytes. */
#ifndef FLASHWIRE_H
#define FLASHWIRE_H

#include "formats/sha256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- the interface, and how a session begins */
#define FLASHWIRE_CLASS          0xff
#define FLASHWIRE_SUBCLASS       0x52
#define FLASHWIRE_PROTOCOL       1
#define FLASHWIRE_INTERFACE_NAME "rpiboot flash 1"
#define FLASHWIRE_BEGIN_TYPE     0xc1 /* bmRequestType: in, vendor, interface */
#define FLASHWIRE_BEGIN_REQUEST  1    /* bRequest */
#define FLASHWIRE_BEGIN_SIZE     8    /* length of its answer */

/* --- limits */
#define FLASHWIRE_VERSION     1
#define FLASHWIRE_HEADER      32
#define FLASHWIRE_CHUNK       (1u << 20)  /* of DATA and CHUNK; also what one digest is of */
#define FLASHWIRE_RANGE       (64u << 20) /* of HOLE, HASH and READ */
#define FLASHWIRE_ALIGN       4096u       /* of every offset on a disk */
#define FLASHWIRE_OFFSET_MAX  (UINT64_MAX / 2 - FLASHWIRE_RANGE)
#define FLASHWIRE_PAYLOAD_MAX FLASHWIRE_CHUNK
#define FLASHWIRE_HELLO_MIN   4
#define FLASHWIRE_HELLO_MAX   256
#define FLASHWIRE_NAME        32 /* a disk's name, with its terminator */
#define FLASHWIRE_SERIAL      32
#define FLASHWIRE_MODEL       64
#define FLASHWIRE_DISK_MODEL  48
#define FLASHWIRE_DISKS       32
#define FLASHWIRE_TEXT        160 /* of ERROR, without a terminator */
#define FLASHWIRE_INFO_MAX    (120 + 96 * FLASHWIRE_DISKS)
#define FLASHWIRE_ERROR_MAX   (8 + FLASHWIRE_TEXT)
#define FLASHWIRE_DIGESTS_MAX (FLASHWIRE_RANGE / FLASHWIRE_CHUNK * SHA256_SIZE)

enum flashwire_type {
	/* host to board */
	FLASHWIRE_HELLO = 1,
	FLASHWIRE_OPEN = 2,
	FLASHWIRE_DATA = 3,
	FLASHWIRE_HOLE = 4,
	FLASHWIRE_SYNC = 5,
	FLASHWIRE_HASH = 6,
	FLASHWIRE_READ = 7,
	FLASHWIRE_CLOSE = 8,
	FLASHWIRE_REBOOT = 9,
	/* board to host */
	FLASHWIRE_INFO = 0x81,
	FLASHWIRE_ACK = 0x82,
	FLASHWIRE_DIGESTS = 0x83,
	FLASHWIRE_CHUNK_DATA = 0x84,
	FLASHWIRE_ERROR = 0x85,
};

enum {
	FLASHWIRE_RAW = 1,       /* DATA, CHUNK: the bytes themselves, no frame */
	FLASHWIRE_ZEROS = 2,     /* CHUNK: all zero, no payload */
	FLASHWIRE_READ_ONLY = 1, /* OPEN: nothing will be written */
	FLASHWIRE_KEEP = 1,      /* CLOSE: do not offer the disk as mass storage again */
	FLASHWIRE_END = 1,       /* ERROR: the session is over */
};

enum flashwire_code {
	FLASHWIRE_FAILED = 1,   /* nothing of the below */
	FLASHWIRE_BAD_MESSAGE,  /* malformed, or not its turn */
	FLASHWIRE_BAD_TYPE,     /* unknown type */
	FLASHWIRE_BAD_VERSION,  /* no common version */
	FLASHWIRE_NO_DISK,      /* no disk of that name */
	FLASHWIRE_BUSY,         /* something on the board has the disk open */
	FLASHWIRE_CANNOT_WRITE, /* the disk is read-only, or was opened so */
	FLASHWIRE_TOO_SMALL,    /* the disk, for what OPEN announced */
	FLASHWIRE_OUTSIDE,      /* the range does not lie on the disk */
	FLASHWIRE_BAD_FRAME,    /* not a zstd frame of the stated length */
	FLASHWIRE_DISK_FAILED,  /* the disk reported an error */
	FLASHWIRE_DISK_GONE,    /* the disk is not there any more */
	FLASHWIRE_NO_MEMORY,    /* on the board */
	FLASHWIRE_IDLE,         /* nothing came for the idle time */
	FLASHWIRE_LAST_CODE = FLASHWIRE_IDLE,
};

/* A message's header. Members without meaning for a type are 0. */
struct flashwire {
	uint16_t version; /* flashwire_put: 0 is FLASHWIRE_VERSION */
	uint16_t type;
	uint32_t sequence;
	uint64_t offset;
	uint32_t length;
	uint32_t payload; /* bytes that follow the header */
	uint32_t flags;
};

enum flashwire_result {
	FLASHWIRE_OK,
	/* the payload can be skipped, the next message be read */
	FLASHWIRE_UNKNOWN_TYPE, /* or one of the other direction */
	FLASHWIRE_MALFORMED,    /* a member has a value that the type does not allow */
	/* where the next message begins is not known, or what it means: the session is over */
	FLASHWIRE_NO_MESSAGE, /* another magic number */
	FLASHWIRE_TOO_LONG,   /* more payload than any message has */
	FLASHWIRE_OTHER_VERSION,
};

void flashwire_put(uint8_t to[FLASHWIRE_HEADER], const struct flashwire *message);

/* Decodes what a host sent, or what a board sent. OUT is defined for every result but FLASHWIRE_NO_MESSAGE. HELLO and a
 * board's ERROR are accepted in every version: they say which versions there are. */
enum flashwire_result flashwire_request(const uint8_t bytes[FLASHWIRE_HEADER],
                                        struct flashwire *out);
enum flashwire_result flashwire_reply(const uint8_t bytes[FLASHWIRE_HEADER], struct flashwire *out);

/* The number of chunks, and so of digests, of a range. */
uint32_t flashwire_chunks(uint32_t length);

/* Whether a message of this size (header and payload) fills its last packet, so that a zero-length packet must end it.
 * PACKET: the endpoint's packet size. */
bool flashwire_needs_zero_packet(uint32_t size, uint32_t packet);

/* For messages: "HELLO", "OPEN"; "?" for an unknown type. */
const char *flashwire_type_name(uint16_t type);

/* --- payloads. The put functions return the payload's size, the get functions false if it is malformed. */

struct flashwire_versions {
	uint16_t lowest, highest;
};

/* The answer to the request that begins a session: which versions the board speaks. */
void flashwire_put_begin(uint8_t to[FLASHWIRE_BEGIN_SIZE], const struct flashwire_versions *board);
bool flashwire_get_begin(const uint8_t *from, size_t n, struct flashwire_versions *board);

/* HELLO: which versions the host speaks. */
uint32_t flashwire_put_hello(uint8_t to[FLASHWIRE_HELLO_MIN],
                             const struct flashwire_versions *host);
bool flashwire_get_hello(const uint8_t *from, size_t n, struct flashwire_versions *host);

/* The highest version that both speak; 0: there is none. */
uint16_t flashwire_common_version(const struct flashwire_versions *a,
                                  const struct flashwire_versions *b);

/* OPEN: NAME has letters, digits, '.', '_' and '-' only, and does not begin with '.'. */
uint32_t flashwire_put_open(uint8_t to[FLASHWIRE_NAME], const char *name);
bool flashwire_get_open(const uint8_t *from, size_t n, char name[FLASHWIRE_NAME]);
bool flashwire_is_name(const char *name);

enum flashwire_kind {
	FLASHWIRE_KIND_OTHER,
	FLASHWIRE_KIND_EMMC,
	FLASHWIRE_KIND_SD,
	FLASHWIRE_KIND_NVME,
	FLASHWIRE_KIND_USB,
	FLASHWIRE_LAST_KIND = FLASHWIRE_KIND_USB,
};

/* Texts are terminated and printable ASCII. */
struct flashwire_disk {
	char name[FLASHWIRE_NAME]; /* "mmcblk0" */
	char model[FLASHWIRE_DISK_MODEL];
	enum flashwire_kind kind;
	bool read_only;
	uint32_t sector;
	uint64_t size;
};

struct flashwire_info {
	uint16_t version;  /* that is spoken from here on */
	uint32_t window;   /* bytes of messages that may be unanswered */
	uint32_t messages; /* number of messages that may be unanswered */
	uint32_t idle;     /* seconds without a message after which the board ends a session */
	uint64_t memory;   /* of the board */
	char serial[FLASHWIRE_SERIAL], model[FLASHWIRE_MODEL]; /* "" unknown */
	uint16_t count;
	struct flashwire_disk disks[FLASHWIRE_DISKS];
};

uint32_t flashwire_put_info(uint8_t to[FLASHWIRE_INFO_MAX], const struct flashwire_info *info);
bool flashwire_get_info(const uint8_t *from, size_t n, struct flashwire_info *info);

struct flashwire_error {
	enum flashwire_code code; /* an unknown one is read as FLASHWIRE_FAILED */
	uint32_t number;          /* errno of Linux, 0 if there is none */
	char text[FLASHWIRE_TEXT + 1];
};

/* Characters of the text that are not printable ASCII become '?'. */
uint32_t flashwire_put_error(uint8_t to[FLASHWIRE_ERROR_MAX], const struct flashwire_error *error);
bool flashwire_get_error(const uint8_t *from, size_t n, struct flashwire_error *error);

#endif
