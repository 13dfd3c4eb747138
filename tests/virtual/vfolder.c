/* SPDX-License-Identifier: Apache-2.0 */
#include "vfolder.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define TAR_BLOCK 512

/* Sums N bytes of F (all that are left: SIZE_MAX) up into WANT. */
static int sum_stream(FILE *f, uint64_t n, struct vexpect *want)
{
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	if (!sum)
		abort();
	EVP_DigestInit_ex(sum, EVP_sha256(), NULL);
	static uint8_t buffer[1 << 16];
	uint64_t size = 0;
	size_t got = 1;
	while (size < n && got) {
		uint64_t left = n - size;
		got = fread(buffer, 1, left < sizeof buffer ? (size_t)left : sizeof buffer, f);
		EVP_DigestUpdate(sum, buffer, got);
		size += got;
	}
	EVP_DigestFinal_ex(sum, want->sha256, NULL);
	EVP_MD_CTX_free(sum);
	want->kind = VEXPECT_SUM;
	want->size_known = true;
	want->size = size;
	return ferror(f) || (n != UINT64_MAX && size != n) ? -1 : 0;
}

/* Returns 1 when PATH is a regular file and WANT is filled, 0 when it is not there, -1 when it cannot be read. */
static int sum_file(const char *path, struct vexpect *want)
{
	struct stat st;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	int result = sum_stream(f, UINT64_MAX, want) ? -1 : 1;
	fclose(f);
	return result;
}

/* The same for MEMBER of a plain tar; 6.2. */
static int sum_member(const char *archive, const char *member, struct vexpect *want)
{
	FILE *f = fopen(archive, "rb");
	if (!f)
		return 0;
	char block[TAR_BLOCK + 1];
	int result = 0;
	while (!result && fread(block, 1, TAR_BLOCK, f) == TAR_BLOCK && *block) {
		char digits[13] = { 0 };
		memcpy(digits, block + 124, 12);
		unsigned long long size = strtoull(digits, NULL, 8);
		bool regular = block[156] == '0' || !block[156];
		block[100] = '\0';
		if (regular && strcasecmp(block, member) == 0)
			result = sum_stream(f, size, want) ? -1 : 1;
		else if (fseek(f, (long)((size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK),
		               SEEK_CUR) != 0)
			result = -1;
	}
	fclose(f);
	return result;
}

struct place {
	const char *directory, *overlay, *prefix; /* overlay: NULL if there is none */
};

static int look_up(const struct place *at, const char *name, struct vexpect *want)
{
	char path[4096], member[512];
	bool bootcode = strncmp(name, "bootcode", 8) == 0 && strlen(name) >= 4 &&
	                strcmp(name + strlen(name) - 4, ".bin") == 0;
	int found = 0;
	if (at->overlay && !bootcode) {
		snprintf(path, sizeof path, "%s/%s/%s", at->directory, at->overlay, name);
		found = sum_file(path, want);
	}
	if (!found) {
		snprintf(path, sizeof path, "%s/%s/%s", at->directory, at->prefix, name);
		found = sum_file(path, want);
	}
	if (!found) {
		snprintf(path, sizeof path, "%s/bootfiles.bin", at->directory);
		snprintf(member, sizeof member, "%s/%s", at->prefix, name);
		found = sum_member(path, member, want);
	}
	if (!found) {
		snprintf(path, sizeof path, "%s/%s", at->directory, name);
		found = sum_file(path, want);
	}
	if (!found)
		want->kind = VEXPECT_ABSENT;
	return found < 0 ? -1 : 0;
}

static int resolve(const struct place *at, const char *name, struct vexpect *want,
                   char error[VDESC_ERROR_SIZE])
{
	const char *what = name;
	int result = 0;
	if (want->kind == VEXPECT_FILE && want->file) {
		what = want->file;
		result = sum_file(want->file, want) == 1 ? 0 : -1;
	} else if (want->kind == VEXPECT_ANY && at->directory) {
		result = look_up(at, name, want);
	}
	if (result)
		snprintf(error, VDESC_ERROR_SIZE, "%s: cannot be read to compare with", what);
	return result;
}

int vfolder_resolve(struct vdesc *desc, const char *directory, bool overlay,
                    char error[VDESC_ERROR_SIZE])
{
	const struct place at = { directory, overlay ? desc->path : NULL,
		                  vdesc_prefix(desc->chip) };
	const char *second = desc->secondstage.file && desc->secondstage.kind == VEXPECT_ANY
	                             ? desc->secondstage.file
	                             : vdesc_secondstage(desc->chip);
	int result = resolve(&at, second, &desc->secondstage, error);
	for (size_t i = 0; !result && i < desc->step_count; i++) {
		struct vstep *step = &desc->steps[i];
		if (step->kind == VSTEP_SIZE || step->kind == VSTEP_READ)
			result = resolve(&at, step->name, &step->want, error);
	}
	return result;
}
