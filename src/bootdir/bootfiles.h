/* SPDX-License-Identifier: Apache-2.0 */
/* The files a board may ask for, and where a name is looked up. One object per board: directories and archive are opened
 * when its chip is known, and read while it is served. Order (docs/protocol.md, "Looking up files"):
 *	1. DIRECTORY/USB-PATH/NAME  with an overlay; never for second stages
 *	2. DIRECTORY/CHIP/NAME
 *	3. CHIP/NAME in bootfiles.bin (DIRECTORY/CHIP/bootfiles.bin, else DIRECTORY/bootfiles.bin)
 *	4. DIRECTORY/NAME
 *	5. the legacy mass-storage firmware of the installation (msd/), then that inside the program, for the chips it is
 *	   made for; but no start file where config.txt has boot_ramdisk=1: the one in boot.img is meant
 * Directories and links in them are the operator's and trusted; names come from boards and are not. */
#ifndef BOOTFILES_H
#define BOOTFILES_H

#include "base/chip.h"
#include "base/err.h"
#include "base/bootfile_source.h"
#include "formats/tar.h"
#include "formats/wire.h"

#include <stdbool.h>

/* Where the command line and the installation have boot files. Strings are borrowed and must outlive every bootfiles. */
struct bootfiles_places {
	const char *directory;    /* -d; NULL: the chip's default directory */
	bool overlay;             /* -o: DIRECTORY/USB-PATH/ comes first */
	const char *const *roots; /* where default directories live, NULL at the end */
};

struct bootfiles {
	const struct chip *chip;
	const struct bootfiles_places *places;
	char *directory; /* owned; NULL: only the legacy firmware */
	char *overlay;   /* owned; NULL: none */
	char *archive;   /* owned path of bootfiles.bin; NULL: none */
	int archive_fd;
	struct tar tar;
	char *problem; /* owned; after an error: path and reason */
};

/* Opens what a board with CHIP on USB path PATH is served from. OK also when the directory lacks what the chip needs; the
 * default directories are chosen by that. ERR_NO_DIRECTORY, ERR_ARCHIVE, ERR_FILE_READ, ERR_MEMORY: see files->problem.
 * To be closed in any case. */
enum err bootfiles_open(struct bootfiles *files, const struct bootfiles_places *places,
                        const struct chip *chip, const char *path);
void bootfiles_close(struct bootfiles *files);

/* The directory that DIRECTORY means: itself; if it does not exist, mass-storage-gadget beside it for the public names of
 * that; if it is a bare name, the directory of that name in one of ROOTS. New string, NULL: out of memory. */
char *bootfiles_directory(const char *directory, const char *const *roots);

/* Whether the N bytes are the target of a symbolic link as text, which git writes where links are not possible. */
bool bootfiles_is_link_text(const char *bytes, size_t n);

/* The command that fetches the firmware for DIRECTORY, as it can be typed here: a new string, NULL: out of memory. */
char *bootfiles_fetch_command(const struct bootfiles_places *places, const char *directory);

enum lookup_result {
	BOOTFILE_FOUND,
	BOOTFILE_ABSENT,
	BOOTFILE_DENIED, /* the name leaves the boot directory, or no file may have it (safename.h) */
	BOOTFILE_PRIVATE, /* there, but it holds a private key, which is sent to nobody */
	BOOTFILE_FAILED,  /* there, but not to be served: see err */
};

struct bootfile {
	int fd;
	bool owns_fd;
	const uint8_t *bytes; /* not NULL: the file is here and not in fd */
	uint64_t offset;      /* of the file in fd */
	uint32_t size;        /* bytes, at most WIRE_MAX_LENGTH */
	enum bootfile_source source;
	char *where;   /* owned: its path, or the archive's, or "embedded:NAME" */
	char *skipped; /* owned; a directory, FIFO or device of that name that was ignored, or NULL */
	enum err err; /* of BOOTFILE_FAILED; where is set */
};

/* Looks NAME up; a "/" it begins with does not count. FILE is to be closed unless the answer is BOOTFILE_DENIED. */
enum lookup_result bootfiles_find(const struct bootfiles *files, const char *name,
                                  struct bootfile *file);

/* The same, without the legacy firmware and whatever the file holds: what the directory itself has. */
enum lookup_result bootfiles_find_own(const struct bootfiles *files, const char *name,
                                      struct bootfile *file);

/* Reads exactly N bytes at OFFSET of the file: OK, ERR_FILE_CHANGED (shorter than it was), ERR_FILE_READ. */
enum err bootfile_read(const struct bootfile *file, uint64_t offset, void *to, size_t n);
void bootfile_close(struct bootfile *file);

/* Whether the file holds a private key (formats/privatekey.h). */
bool bootfile_is_private_key(const struct bootfile *file);

/* Reads the signature for -s: the first 20 bytes of bootcode.sig. OK, ERR_SIGNATURE, ERR_FILE_*. */
enum err bootfiles_signature(const struct bootfiles *files, uint8_t out[WIRE_SIGNATURE]);

#endif
