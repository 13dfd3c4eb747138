/* SPDX-License-Identifier: Apache-2.0 */
/* Any boot directory: looking at it ends, with findings that fit a line and have no control characters. An input is a row of
 * files: a byte that names it, two bytes of length, the content. */
#include "formats/configtxt.h"
#include "formats/fatvolume.h"
#include "formats/sigfile.h"
#include "bootdir/checks.h"
#include "scratch.h"

#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"config.txt",   "bootcode4.bin", "bootcode5.bin", "bootcode.bin",  "pieeprom.bin",
	"pieeprom.sig", "boot.img",      "boot.sig",      "bootfiles.bin", "2711/config.txt",
};
#define NAMES (sizeof names / sizeof *names)

static const char *directory;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	directory = scratch_make();
	scratch_directory("2711");
	return 0;
}

static void check_setting(const struct configtxt_setting *s, unsigned before)
{
	scratch_require(s->key && s->value, "a setting without key or value");
	scratch_require(s->line > 0 && s->line >= before, "a line of before");
	(void)configtxt_is_on(s->value);
}

struct content {
	const uint8_t *bytes;
	size_t size;
};

static int64_t read_at(void *ctx, uint64_t offset, void *to, size_t n)
{
	const struct content *content = ctx;
	if (offset >= content->size)
		return 0;
	n = n < content->size - offset ? n : content->size - (size_t)offset;
	memcpy(to, content->bytes + offset, n);
	return (int64_t)n;
}

/* The readers by themselves, in memory that ends where the content does. */
static void read_content(const uint8_t *content, size_t n)
{
	char *text = malloc(n + 1);
	struct configtxt config;
	struct configtxt_setting setting = { .line = 0 };
	struct sigfile sig;
	struct fatvolume volume;
	struct reason why;
	struct content image = { content, n };
	uint32_t count;
	if (!text)
		return;
	memcpy(text, content, n);
	int bad = sigfile_parse(text, n, &sig, &why);
	scratch_require(bad || (sig.has_hash && memchr(sig.soc, 0, sizeof sig.soc)),
	                "a good signature file without a hash");
	if (fatvolume_open(&volume, read_at, &image, (uint64_t)n * 1024, &why) == 0 &&
	    fatvolume_count_free(&volume, read_at, &image, &count))
		scratch_require(count <= volume.clusters, "more free clusters than clusters");
	configtxt_open(&config, text, n, chip_by_name("2711"));
	for (unsigned before = 0; configtxt_next(&config, &setting); before = setting.line)
		check_setting(&setting, before);
	free(text);
}

static void write_files(const uint8_t *data, size_t size)
{
	while (size > 3) {
		char path[400];
		size_t n = (size_t)data[1] << 8 | data[2];
		snprintf(path, sizeof path, "%s/%s", directory, names[data[0] % NAMES]);
		data += 3;
		size -= 3;
		n = n < size ? n : size;
		read_content(data, n);
		FILE *out = fopen(path, "wb");
		if (out) {
			fwrite(data, 1, n, out);
			fclose(out);
		}
		data += n;
		size -= n;
	}
}

static void remove_files(void)
{
	for (size_t i = 0; i < NAMES; i++) {
		char path[400];
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		unlink(path);
	}
}

static void check_findings(const struct findings *p)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	scratch_require(out, "out of memory");
	findings_print(p, false, out);
	fclose(out);
	scratch_require_printable(text);
	free(text);
	for (size_t i = 0; i < p->count; i++)
		scratch_require(p->entries[i].code && p->entries[i].text && p->entries[i].chips,
		                "a finding that says nothing");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const no_roots[] = { NULL };
	struct bootfiles_places places = { .directory = directory, .roots = no_roots };
	struct findings findings;
	write_files(data, size);
	findings_init(&findings);
	scratch_require(checks_directory(&findings, &places, NULL, "1-1") == OK, "out of memory");
	check_findings(&findings);
	findings_free(&findings);
	remove_files();
	return 0;
}
