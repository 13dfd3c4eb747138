/* SPDX-License-Identifier: Apache-2.0 */
/* Boot directories for tests, made of dummy files, in the current directory. */
#ifndef BOOTFOLDER_H
#define BOOTFOLDER_H

#include "formats/sha256.h"
#include "tap.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void put_bytes(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
		TAP_FAIL("cannot write %s", path);
}

static inline void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

/* What passes for a second stage: large enough, with TEXT in it. */
static inline void put_stage(const char *path, const char *text)
{
	static char bytes[8192];
	memset(bytes, 0xa5, sizeof bytes);
	memcpy(bytes + 100, text, strlen(text));
	put_bytes(path, bytes, sizeof bytes);
}

/* A file of N bytes: FIRST, then zeros that take no room. */
static inline void put_sparse(const char *path, const char *first, off_t n)
{
	put(path, first);
	if (truncate(path, n) != 0)
		TAP_FAIL("cannot extend %s", path);
}

/* The .sig file of an existing small file. */
static inline void put_sig(const char *path, const char *of, const char *more)
{
	static char bytes[4 * 1024 * 1024];
	char text[4096];
	uint8_t out[SHA256_SIZE];
	struct sha256 hash;
	FILE *f = fopen(of, "rb");
	if (!f) {
		TAP_FAIL("cannot read %s", of);
		return;
	}
	sha256_init(&hash);
	sha256_add(&hash, bytes, fread(bytes, 1, sizeof bytes, f));
	sha256_end(&hash, out);
	fclose(f);
	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", out[i]);
	snprintf(text + 64, sizeof text - 64, "\nts: 1700000000\n%s", more);
	put(path, text);
}

/* An empty directory NAME in the current one. */
static inline void fresh(const char *name)
{
	char command[256];
	snprintf(command, sizeof command, "rm -rf '%s' && mkdir '%s'", name, name);
	if (system(command) != 0) /* NOLINT(cert-env33-c): a fixed name, in a scratch directory */
		TAP_FAIL("cannot make %s", name);
}

#define RECOVERY_TEXT                         \
	"\xf0 stand-in for recovery.bin \x01" \
	"erase_eeprom\x01"

/* recovery/ for BCM2711, whole and sound. */
static inline void make_recovery(const char *name)
{
	fresh(name);
	if (chdir(name) != 0)
		TAP_FAIL("%s", name);
	put_stage("bootcode4.bin", RECOVERY_TEXT);
	put("config.txt", "uart_2ndstage=1\n#program_pubkey=1\n");
	put_sparse("pieeprom.bin", "\x55\xaa\xf0\x0f", 524288);
	put_sig("pieeprom.sig", "pieeprom.bin", "");
	if (chdir("..") != 0)
		TAP_FAIL("%s", name);
}

#endif
