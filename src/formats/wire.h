/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of the protocol <-> structs. Little-endian, no I/O, no allocation, no trust in what a board sends.
 * Facts: docs/protocol.md. */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>
#include <stdint.h>

#define WIRE_BOOT_MESSAGE 24  /* length of the message before the second stage */
#define WIRE_SIGNATURE    20  /* of it, the signature */
#define WIRE_STATUS       4   /* length of the return code after the second stage */
#define WIRE_REQUEST      260 /* length of a file request */
#define WIRE_NAME         256 /* of it, the name */

#define WIRE_MAX_LENGTH 0x7fffffffu /* lengths are signed 32 bit on the board */

enum wire_command {
	WIRE_GET_FILE_SIZE = 0,
	WIRE_READ_FILE = 1,
	WIRE_DONE = 2,
};

struct wire_request {
	enum wire_command command;
	char name[WIRE_NAME]; /* terminated; printable ASCII */
};

enum wire_result {
	WIRE_OK,
	WIRE_EMPTY_NAME,      /* a known command without a name: means Done */
	WIRE_WRONG_LENGTH,    /* not 260 bytes */
	WIRE_UNKNOWN_COMMAND, /* not 0, 1, 2 */
	WIRE_BAD_NAME,        /* other characters than printable ASCII in the name */
};

/* SIGNATURE may be NULL: zeros. */
void wire_boot_message(uint8_t to[WIRE_BOOT_MESSAGE], uint32_t length,
                       const uint8_t signature[WIRE_SIGNATURE]);

/* Decodes the N bytes of a request read. OUT is defined for WIRE_OK and WIRE_EMPTY_NAME only. A name that fills its
 * field is cut after 255 bytes. */
enum wire_result wire_request(const uint8_t *bytes, size_t n, struct wire_request *out);

/* For messages: "GetFileSize", "ReadFile", "Done". */
const char *wire_command_name(enum wire_command command);

/* The two halves of an announced length: a control request's wValue and wIndex. */
uint16_t wire_low(uint32_t length);
uint16_t wire_high(uint32_t length);

#endif
