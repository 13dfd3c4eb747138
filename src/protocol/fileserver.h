/* SPDX-License-Identifier: Apache-2.0 */
/* Conversation 2: the second stage asks for files and reports metadata until it is done. Facts: docs/protocol.md, "File
 * server"; how a session may end is judged here. */
#ifndef FILESERVER_H
#define FILESERVER_H

#include "report/metadata.h"
#include "protocol/session.h"

enum fileserver_end {
	FILESERVER_OVER, /* the session took place; the error says how it ended */
	FILESERVER_NOBODY, /* found running, and left before its first request: left over from an earlier run */
	FILESERVER_VANISHED, /* left before its first request: it may come again */
	FILESERVER_SILENT,   /* guessed, and no request came: it is the boot ROM */
	FILESERVER_REBOOTS, /* left without a word after its EEPROM was sent, as recovery_reboot=1 asks: it has succeeded
	                      * if its boot ROM comes back */
};

struct fileserver_result {
	enum fileserver_end end;
	unsigned files;      /* sent whole */
	uint64_t bytes;      /* of them */
	bool done;           /* the board said Done */
	bool eeprom_served;  /* it got pieeprom.bin or pieeprom.upd: it may be writing its EEPROM */
	char *metadata_path; /* claimed; the caller releases it; NULL: no file was written */
};

/* Serves until the board is done, leaves, or something ends it; all is reported. DIRECTORY may be NULL: metadata goes to the
 * observers. RESULT->end is FILESERVER_OVER unless OK is returned.
 *	OK                 Done, or left right after a file was sent whole with nothing else to come; see also RESULT->end
 *	ERR_BOARD_REPORTS  the board's metadata says that provisioning failed, or that it is not locked as it should be
 *	ERR_NOT_WRITTEN    a recovery program ended without reading the EEPROM image
 *	ERR_NO_BOOT_FILE   left after it had asked for boot.img or its start file in vain
 *	ERR_BOARD_LOST     left or stopped responding
 *	ERR_GARBAGE, ERR_ENDLESS, ERR_SEND, ERR_FILE_*, ERR_INTERRUPTED */
enum err fileserver_run(const struct session *s, struct metadata_directory *directory,
                        struct fileserver_result *result);

#endif
