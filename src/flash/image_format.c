/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/image.h"

#include <string.h>

/* The first bytes, as the formats' specifications have them: xz-file-format.txt 2.1.1.1, RFC 1952 (gzip), RFC 8878 (zstd),
 * bzip2's "BZh" and block size. A zstd file may begin with a skippable frame (RFC 8878, 3.1.2), as pzstd writes them. */
static const struct {
	const char *name;
	const char *magic;
	size_t length;
} image_formats[IMAGE_FORMATS] = {
	[IMAGE_UNKNOWN] = { "unknown", "", 0 },
	[IMAGE_RAW] = { "raw", "", 0 },
	[IMAGE_XZ] = { "xz", "\3757zXZ", 6 }, /* with its terminating zero */
	[IMAGE_GZIP] = { "gzip", "\x1f\x8b", 2 },
	[IMAGE_BZIP2] = { "bzip2", "BZh", 3 },
	[IMAGE_ZSTD] = { "zstd", "\x28\xb5\x2f\xfd", 4 },
};

static const char *const xz[] = { "xz", "-dc", "-T0", "-q", NULL };
static const char *const gzip[] = { "gzip", "-dc", NULL };
static const char *const bzip2[] = {
	"bzip2", "-dc", NULL
}; /* lbzip2 ignores bytes behind the archive in silence */
static const char *const zstd[] = { "zstd", "-dc", "-q", "--long=31", NULL };

static const struct image_decoder decoders[IMAGE_FORMATS] = {
	[IMAGE_XZ] = { xz, "xz-utils" },
	[IMAGE_GZIP] = { gzip, "gzip" },
	[IMAGE_BZIP2] = { bzip2, "bzip2" },
	[IMAGE_ZSTD] = { zstd, "zstd" },
};

static const uint8_t skippable_frame[] = { 0x50, 0x2a, 0x4d, 0x18 }; /* to 5f in the first byte */

/* Other files that people have, known by bytes somewhere in their first sector. */
static const struct {
	size_t at;
	const char *magic;
	size_t length;
	const char *advice;
} image_others[] = {
	{ 0, "PK\3\4", 4, "It is a zip archive: unzip -p FILE.zip | rpiboot --flash -" },
	{ 0, "7z\xbc\xaf\x27\x1c", 6,
	  "It is a 7-Zip archive: 7z x -so FILE.7z | rpiboot --flash -" },
	{ 0, "Rar!", 4, "It is a RAR archive: unrar p -inul FILE.rar | rpiboot --flash -" },
	{ 0, "LZIP", 4, "It is an lzip file: lzip -dc FILE.lz | rpiboot --flash -" },
	{ 0, "\x04\x22\x4d\x18", 4, "It is an LZ4 file: lz4 -dc FILE.lz4 | rpiboot --flash -" },
	{ 257, "ustar", 5, "It is a tar archive: tar -xOf FILE.tar NAME.img | rpiboot --flash -" },
	{ 0, "QFI\xfb", 4, "It is a QCOW2 image: convert it with qemu-img convert -O raw." },
	{ 0, "KDMV", 4, "It is a VMDK image: convert it with qemu-img convert -O raw." },
	{ 0, "\x3a\xff\x26\xed", 4, "It is an Android sparse image: convert it with simg2img." },
	{ 1080, "\x53\xef", 2, "It is an ext4 file system without a partition table." },
};

static bool image_has(const uint8_t *head, size_t n, size_t at, const char *magic, size_t length)
{
	return at + length <= n && memcmp(head + at, magic, length) == 0;
}

enum image_format image_identify(const uint8_t *head, size_t n)
{
	if (n >= sizeof skippable_frame && (head[0] & 0xf0) == skippable_frame[0] &&
	    memcmp(head + 1, skippable_frame + 1, sizeof skippable_frame - 1) == 0)
		return IMAGE_ZSTD;
	for (size_t i = IMAGE_XZ; i < IMAGE_FORMATS; i++)
		if (image_has(head, n, 0, image_formats[i].magic, image_formats[i].length))
			return (enum image_format)i;
	/* an MBR (a GPT has one too) and a FAT boot sector end alike */
	return image_has(head, n, 510, "\x55\xaa", 2) ? IMAGE_RAW : IMAGE_UNKNOWN;
}

const char *image_format_name(enum image_format format)
{
	return image_formats[format].name;
}

const struct image_decoder *image_decoder(enum image_format format)
{
	return decoders[format].package ? &decoders[format] : NULL;
}

const char *image_advice(const uint8_t *head, size_t n)
{
	for (size_t i = 0; i < sizeof image_others / sizeof *image_others; i++)
		if (image_has(head, n, image_others[i].at, image_others[i].magic,
		              image_others[i].length))
			return image_others[i].advice;
	return NULL;
}
