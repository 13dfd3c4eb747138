/* SPDX-License-Identifier: Apache-2.0 */
/* Conversation 2: the second stage asks for files and reports metadata until it is done. Facts: docs/protocol.md, "File
 * server"; how a session may end is judged here. */
#ifndef FILESERVER_H
#define FILESERVER_H

#include "report/metadata.h"
#include "protocol/session.h"

struct fileserver_result {
	unsigned files;      /* sent whole */
	uint64_t bytes;      /* of them */
	bool done;           /* the board said Done */
	bool eeprom_served;  /* it got pieeprom.bin: without Done it may be half-written */
	char *metadata_path; /* the caller's, to be freed; NULL: no metadata file was written */
};

/* Serves until the board is done, leaves, or something ends it; all is reported. DIRECTORY may be NULL: metadata goes to the
 * observers.
 *	OK                 Done, or left after at least one file with nothing pending (and no EEPROM written halfway)
 *	ERR_BOARD_REPORTS  Done, but the board's metadata says that provisioning went wrong
 *	ERR_BOARD_LOST     left or fell silent
 *	ERR_GARBAGE, ERR_ENDLESS, ERR_SEND, ERR_FILE_*, ERR_INTERRUPTED */
enum err fileserver_run(const struct session *s, struct metadata_directory *directory,
                        struct fileserver_result *result);

#endif
