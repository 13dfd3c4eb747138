/* SPDX-License-Identifier: Apache-2.0 */
/* The image of --flash: decoded once, in the background, while boards boot, into a spool that all boards read.
 *
 *	struct image *image;
 *	enum err err = image_open(&setup, &image);	// format, decoding program: before a board is touched
 *	do image_status(image, &status); ... while (!status.ready && !status.err);
 *	const struct spool *spool = image_spool(image);
 *	...
 *	image_free(image);	// after all readers; ends decoding that is under way
 *
 * Formats other than raw images are decoded by programs (xz, gzip, bzip2, zstd) chosen by the first bytes of the contents:
 * a damaged or malicious archive meets a process that has no disk open.
 *
 * Errors are reported when they happen, as the run's: ERR_IMAGE_READ, ERR_IMAGE_FORMAT, ERR_IMAGE_CORRUPT, ERR_IMAGE_HASH,
 * ERR_IMAGE_PROGRAM, ERR_SPOOL_FULL, ERR_FILE_CHANGED, ERR_MEMORY. */
#ifndef IMAGE_H
#define IMAGE_H

#include "base/err.h"
#include "flash/spool.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- formats */
enum image_format {
	IMAGE_UNKNOWN,
	IMAGE_RAW, /* has a partition table, or is a FAT volume */
	IMAGE_XZ,
	IMAGE_GZIP,
	IMAGE_BZIP2,
	IMAGE_ZSTD,
	IMAGE_FORMATS
};

#define IMAGE_SECTOR 512  /* an image is at least one */
#define IMAGE_HEAD   2048 /* bytes that are enough to know the format */

/* The format of contents that begin with these N bytes. */
enum image_format image_identify(const uint8_t *head, size_t n);

const char *image_format_name(enum image_format format); /* "xz"; for machines too */

/* The program that decodes FORMAT from its standard input. NULL for IMAGE_RAW and IMAGE_UNKNOWN. */
struct image_decoder {
	const char *const *program; /* and its arguments; NULL at the end */
	const char *package;        /* Debian's, that it comes from */
};
const struct image_decoder *image_decoder(enum image_format format);

/* How to use contents of unknown format that begin with these N bytes: a sentence; NULL: no idea. */
const char *image_advice(const uint8_t *head, size_t n);

/* --- the image */
struct image;

struct image_setup {
	const char *path;  /* "-": standard input */
	const char *spool; /* directory of the spool file; NULL: plat_temporary_directory() */
	const char *
		sha256; /* expected, 64 hexadecimal digits: of the image or of the file; NULL: not checked */
	struct report *report;
};

/* Opens the file, finds out its format and starts to decode it. *OUT is set when OK. SETUP's strings are borrowed. */
enum err image_open(const struct image_setup *setup, struct image **out);

struct image_status {
	bool ready;       /* all is decoded, and is what was expected */
	enum err err;     /* decoding has failed; already reported */
	uint64_t decoded; /* bytes of the image so far */
};

void image_status(struct image *image, struct image_status *out);

/* The decoded image; only when it is ready. */
const struct spool *image_spool(const struct image *image);

/* Ends decoding that is under way and frees all. NULL is fine. */
void image_free(struct image *image);

#endif
