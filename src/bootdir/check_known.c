/* SPDX-License-Identifier: Apache-2.0 */
/* What is known about a firmware file with this checksum: the lines "remark sha256:HEX TEXT" of tools/firmware.manifest. */
#include "bootdir/check_ctx.h"

#include "base/str.h"
#include "formats/hex.h"
#include "platform/plat.h"

#include <stdlib.h>
#include <string.h>

#define MANIFEST_MAX (256u * 1024) /* bytes; the real one has 5 KiB */

/* The text of the first manifest of the installation, to be freed; NULL: there is none. */
static char *check_known_manifest(const struct check_ctx *c)
{
	char *text = NULL;
	for (const char *const *root = c->files->places->roots; *root && !text; root++) {
		char *path = str_new("%s/tools/firmware.manifest", *root);
		int fd;
		uint64_t size;
		if (path && plat_open(path, &fd, &size) == PLAT_FILE_OK) {
			text = calloc(1, MANIFEST_MAX + 1);
			if (text && plat_read_at(fd, 0, text, MANIFEST_MAX) < 0)
				*text = 0;
			plat_close(fd);
		}
		free(path);
	}
	return text;
}

static const struct rule remark = { .code = "firmware-remark", .severity = FINDING_NOTE };

/* Adds the remark in LINE if it is about a file with this hash. */
static void check_known_line(struct check_ctx *c, const char *label,
                             const uint8_t hash[SHA256_SIZE], const char *line, size_t n)
{
	static const char begin[] = "remark sha256:";
	enum { BEGIN = sizeof begin - 1, TEXT = BEGIN + 2 * SHA256_SIZE + 1 };
	uint8_t about[SHA256_SIZE];
	if (n > TEXT && memcmp(line, begin, BEGIN) == 0 && line[TEXT - 1] == ' ' &&
	    hex_decode(line + BEGIN, about, SHA256_SIZE) && memcmp(about, hash, SHA256_SIZE) == 0)
		check_add(c, &remark, label, 0, "%.*s", (int)(n - TEXT), line + TEXT);
}

void check_known(struct check_ctx *c)
{
	struct bootfile file = { .owns_fd = true, .source = SOURCE_DIRECTORY };
	struct check_item item;
	uint8_t hash[SHA256_SIZE];
	uint64_t size;
	char *manifest = c->files->archive ? check_known_manifest(c) : NULL;
	if (manifest && plat_open(c->files->archive, &file.fd, &size) == PLAT_FILE_OK) {
		file.size = size > UINT32_MAX ? 0 : (uint32_t)size;
		file.where = str_new("%s", c->files->archive);
		if (!file.where) {
			bootfile_close(&file);
		} else if (check_item_take(c, "bootfiles.bin", &file, &item)) {
			if (check_item_hash(c, &item, hash))
				for (const char *line = manifest; *line;) {
					size_t n = strcspn(line, "\n");
					check_known_line(c, item.label, hash, line, n);
					line += n + (line[n] == '\n');
				}
			check_item_close(&item);
		}
	}
	free(manifest);
}
