/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/image.h"
#include "platform/plat.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

/* --- what was reported */

struct witness {
	struct observer observer;
	enum err err;
	unsigned errors, images, notices;
	char text[1024], notice[1024], format[16], where[80];
	uint64_t size, bytes;
};

static struct witness w;

static void witness_see(struct observer *self, const struct event *e)
{
	(void)self;
	switch (e->kind) {
	case EV_ERROR:
		w.errors++;
		w.err = e->err;
		snprintf(w.text, sizeof w.text, "%s", e->text);
		break;
	case EV_NOTICE:
		w.notices++;
		snprintf(w.notice, sizeof w.notice, "%s", e->text);
		break;
	case EV_IMAGE:
		w.images++;
		w.size = e->size;
		w.bytes = e->bytes;
		snprintf(w.format, sizeof w.format, "%s", e->text);
		snprintf(w.where, sizeof w.where, "%s", e->where ? e->where : "");
		break;
	default:
		break;
	}
}

static void witness_end(struct observer *self)
{
	(void)self;
}

/* --- images */

#define IMAGE_SIZE (3 * SPOOL_CHUNK + 512 * 1001)

static uint8_t *image; /* a partition table, data, and a hole in the second MiB */

static void make_image(void)
{
	uint32_t x = 1;
	image = calloc(1, IMAGE_SIZE);
	for (size_t i = 0; i < IMAGE_SIZE; i++) {
		x = x * 1664525 + 1013904223;
		if (i / SPOOL_CHUNK != 1)
			image[i] = (uint8_t)(x >> 28);
	}
	image[510] = 0x55;
	image[511] = 0xaa;
}

static void write_file(const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(name, "wb");
	if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static void run(const char *command)
{
	if (system(command) != 0)
		TAP_FAIL("%s", command);
}

static bool have(const char *program)
{
	char command[100];
	snprintf(command, sizeof command, "command -v %s >/dev/null", program);
	return system(command) == 0;
}

/* Opens NAME and decodes all of it. *OUT: to be freed. */
static enum err decode(const char *name, const char *sha256, const char *spool, struct image **out)
{
	struct report *report = report_new();
	struct image_setup setup = {
		.path = name, .spool = spool, .sha256 = sha256, .report = report
	};
	struct image_status status = { 0 };
	w = (struct witness){ .observer = { witness_see, witness_end } };
	*out = NULL;
	report_add(report, &w.observer);
	enum err err = image_open(&setup, out);
	if (!err)
		do {
			plat_pause(PLAT_MS);
			image_status(*out, &status);
		} while (!status.ready && !status.err);
	if (err)
		CHECK(*out == NULL);
	report_free(report);
	return err ? err : status.err;
}

static enum err decode_error(const char *name)
{
	struct image *i;
	enum err err = decode(name, NULL, ".", &i);
	image_free(i);
	CHECK_INT(w.errors, err != OK);
	CHECK_INT(w.err, err);
	CHECK_INT(w.images, err == OK);
	return err;
}

static void check_contents(const struct image *i)
{
	const struct spool *spool = image_spool(i);
	struct spool_reader *reader = spool_reader_new(spool);
	uint8_t *got = malloc(SPOOL_CHUNK);
	CHECK_INT(spool_size(spool), IMAGE_SIZE);
	for (size_t k = 0; k < spool_count(spool); k++) {
		CHECK(spool_read(reader, k, got));
		CHECK_MEM(got, image + k * SPOOL_CHUNK, spool_chunk(spool, k)->size);
	}
	spool_reader_free(reader);
	free(got);
}

/* --- formats */

/* First bytes from the formats' specifications. */
static void identifies(void)
{
	uint8_t head[IMAGE_HEAD] = { 0 };
	CHECK_INT(image_identify((const uint8_t *)"\375"
	                                          "7zXZ\0",
	                         6),
	          IMAGE_XZ);
	CHECK_INT(image_identify((const uint8_t *)"\x1f\x8b\x08", 3), IMAGE_GZIP);
	CHECK_INT(image_identify((const uint8_t *)"BZh9", 4), IMAGE_BZIP2);
	CHECK_INT(image_identify((const uint8_t *)"\x28\xb5\x2f\xfd", 4), IMAGE_ZSTD);
	CHECK_INT(image_identify((const uint8_t *)"\x28\xb5\x2f", 3), IMAGE_UNKNOWN);
	CHECK_INT(image_identify((const uint8_t *)"\x50\x2a\x4d\x18", 4), IMAGE_ZSTD);
	CHECK_INT(image_identify((const uint8_t *)"\x5f\x2a\x4d\x18", 4), IMAGE_ZSTD);
	CHECK_INT(image_identify((const uint8_t *)"\x60\x2a\x4d\x18", 4), IMAGE_UNKNOWN);
	CHECK_INT(image_identify(head, sizeof head), IMAGE_UNKNOWN);
	CHECK_INT(image_identify(head, 0), IMAGE_UNKNOWN);
	head[510] = 0x55;
	head[511] = 0xaa;
	CHECK_INT(image_identify(head, sizeof head), IMAGE_RAW);
	CHECK_INT(image_identify(head, 511), IMAGE_UNKNOWN);
}

static void every_format(void)
{
	static const struct {
		const char *program, *file, *format;
	} formats[] = {
		{ "cat", "a.img", "raw" },
		{ "xz -0 -T2 --block-size=1MiB", "a.xz", "xz" },
		{ "gzip -1", "a.gz", "gzip" },
		{ "bzip2 -1", "a.bz2", "bzip2" },
		{ "zstd -q -1", "a.zst", "zstd" },
		/* behind a skippable frame of one byte */
		{ "{ printf 'P*M\\030\\001\\0\\0\\0x'; zstd -q -1; }", "b.zst", "zstd" },
	};
	write_file("image", image, IMAGE_SIZE);
	for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
		char command[200];
		struct image *i;
		struct stat st = { 0 };
		snprintf(command, sizeof command, "%s <image >%s", formats[k].program,
		         formats[k].file);
		if (!have(formats[k].program[0] == 'x' ? "xz" : formats[k].format) && k > 0)
			continue;
		run(command);
		stat(formats[k].file, &st);
		CHECK_INT(decode(formats[k].file, NULL, ".", &i), OK);
		CHECK_STR(w.format, formats[k].format);
		CHECK_INT(w.size, IMAGE_SIZE);
		CHECK_INT(w.bytes, st.st_size);
		CHECK_INT(w.notices, 0);
		if (i)
			check_contents(i);
		image_free(i);
	}
}

static void from_standard_input(void)
{
	struct image *i;
	int before = dup(STDIN_FILENO);
	write_file("image", image, IMAGE_SIZE);
	run("gzip -1 <image >stdin.gz");
	for (int k = 0; k < 2; k++) {
		int fd = open(k ? "stdin.gz" : "image", O_RDONLY);
		dup2(fd, STDIN_FILENO);
		close(fd);
		CHECK_INT(decode("-", NULL, ".", &i), OK);
		CHECK_STR(w.format, k ? "gzip" : "raw");
		if (i)
			check_contents(i);
		image_free(i);
	}
	dup2(before, STDIN_FILENO);
	close(before);
}

static void odd_sizes(void)
{
	write_file("image", image, 1000);
	CHECK_INT(decode_error("image"), OK);
	CHECK_INT(w.notices, 1);
	CHECK(strstr(w.notice, "multiple of 512") != NULL);
	write_file("image", image, 512);
	CHECK_INT(decode_error("image"), OK);
	CHECK_INT(w.notices, 0);
	write_file("image", image, 2 * SPOOL_CHUNK); /* ends with a chunk */
	CHECK_INT(decode_error("image"), OK);
	CHECK_INT(w.size, 2 * SPOOL_CHUNK);
}

static void gpt(void)
{
	uint8_t head[4096] = { 0 };
	head[510] = 0x55;
	head[511] = 0xaa;
	memcpy(head + 512, "EFI PART", 8);
	write_file("image", head, sizeof head);
	CHECK_INT(decode_error("image"), OK);
	CHECK_INT(w.notices, 1);
	CHECK(strstr(w.notice, "GPT") != NULL);
}

/* --- bad input */

static void no_image(void)
{
	static const char zip[600] = "PK\3\4";
	char tar[600] = "name";
	memcpy(tar + 257, "ustar", 5);
	CHECK_INT(decode_error("absent"), ERR_IMAGE_READ);
	CHECK_INT(decode_error("."), ERR_IMAGE_READ);
	write_file("image", "", 0);
	CHECK_INT(decode_error("image"), ERR_IMAGE_FORMAT);
	write_file("image", image, 511);
	CHECK_INT(decode_error("image"), ERR_IMAGE_FORMAT);
	write_file("image", image + 1, 5000); /* random data */
	CHECK_INT(decode_error("image"), ERR_IMAGE_FORMAT);
	write_file("image", zip, sizeof zip);
	CHECK_INT(decode_error("image"), ERR_IMAGE_FORMAT);
	CHECK(strstr(w.text, "unzip -p") != NULL);
	write_file("image", tar, sizeof tar);
	run("xz -0 <image >image.xz");
	CHECK_INT(decode_error("image.xz"), ERR_IMAGE_FORMAT);
	CHECK(strstr(w.text, "tar -xOf") != NULL);
	write_file("image", "", 0);
	run("xz -0 <image >image.xz");
	CHECK_INT(decode_error("image.xz"), ERR_IMAGE_FORMAT);
}

/* Archives that are damaged in each of the ways. */
static void corrupt(void)
{
	static const char *const programs[] = { "xz -0", "gzip -1", "bzip2 -1", "zstd -q -1" };
	write_file("image", image, IMAGE_SIZE);
	for (size_t k = 0; k < sizeof programs / sizeof *programs; k++) {
		char command[300];
		snprintf(
			command, sizeof command,
			"%s <image >whole && head -c -30 whole >cut && { cat whole; echo more; } >longer && "
			"{ head -c 200000 whole; printf 0123456789; tail -c +200011 whole; } >wrong",
			programs[k]);
		run(command);
		static const char *const files[] = { "cut", "longer", "wrong" };
		for (size_t f = 0; f < sizeof files / sizeof *files; f++)
			if (decode_error(files[f]) != ERR_IMAGE_CORRUPT)
				TAP_FAIL("%s: %s is taken: %s", programs[k], files[f], w.text);
	}
}

static void hashes(void)
{
	static const char *const files[] = { "image", "image.gz" };
	char hash[2][65], wrong[65];
	struct image *i;
	write_file("image", image, IMAGE_SIZE);
	run("gzip -1 <image >image.gz && sha256sum image image.gz | cut -c 1-64 >hashes");
	FILE *f = fopen("hashes", "r");
	CHECK(f && fscanf(f, "%64s %64s", hash[0], hash[1]) == 2);
	if (f)
		fclose(f);
	memset(wrong, 'a', 64);
	wrong[64] = 0;
	for (size_t file = 0; file < 2; file++) {
		for (size_t h = 0; h < 2; h++) {
			bool right = file == 1 || h == 0; /* of the image; or of the archive */
			CHECK_INT(decode(files[file], hash[h], ".", &i),
			          right ? OK : ERR_IMAGE_HASH);
			image_free(i);
			if (right)
				CHECK_STR(w.where, hash[0]);
		}
		CHECK_INT(decode(files[file], wrong, ".", &i), ERR_IMAGE_HASH);
		CHECK(strstr(w.text, wrong) && strstr(w.text, hash[0]));
		CHECK_INT(strstr(w.text, hash[1]) != NULL, file == 1);
		image_free(i);
	}
	for (char *c = hash[0]; *c; c++)
		*c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
	CHECK_INT(decode("image", hash[0], ".", &i), OK);
	image_free(i);
}

/* --- decoders of the test's own, first in PATH */

static void fake_gzip(const char *script)
{
	mkdir("fake", 0755);
	write_file("fake/gzip", script, strlen(script));
	chmod("fake/gzip", 0755);
	setenv("PATH", "fake:/bin:/usr/bin", 1);
}

static void decoders(void)
{
	const char *old = getenv("PATH");
	char *path = strdup(old ? old : "/bin:/usr/bin");
	write_file("image", image, IMAGE_SIZE);
	run("gzip -1 <image >image.gz");
	setenv("PATH", "/nonexistent", 1);
	CHECK_INT(decode_error("image.gz"), ERR_IMAGE_PROGRAM);
	CHECK(strstr(w.text, "apt-get install gzip") != NULL);
	fake_gzip("#!/bin/sh\ncat >/dev/null; cat image; exit 3\n");
	CHECK_INT(decode_error("image.gz"), ERR_IMAGE_CORRUPT);
	fake_gzip("#!/bin/sh\ncat >/dev/null; cat image; echo 'not so sure' >&2\n");
	CHECK_INT(decode_error("image.gz"), ERR_IMAGE_CORRUPT);
	CHECK(strstr(w.text, "not so sure") != NULL);
	fake_gzip("#!/bin/sh\nexec 0</dev/null; cat image\n"); /* takes nothing */
	CHECK_INT(decode_error("image.gz"), ERR_IMAGE_CORRUPT);
	fake_gzip("#!/bin/sh\nkill -SEGV $$\n");
	CHECK_INT(decode_error("image.gz"), ERR_IMAGE_CORRUPT);
	fake_gzip("#!/bin/sh\ncat >/dev/null; cat image; echo x >>image.gz\n");
	CHECK_INT(decode_error("image.gz"), ERR_FILE_CHANGED);
	setenv("PATH", path, 1);
	free(path);
}

/* --- the spool */

static void spool_full(void)
{
	struct rlimit before, small;
	struct image *i;
	write_file("image", image, IMAGE_SIZE);
	run("gzip -1 <image >image.gz");
	CHECK_INT(decode("image", NULL, "/nonexistent", &i), ERR_SPOOL_FULL);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){ 100000, before.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK_INT(decode("image.gz", NULL, ".", &i), ERR_SPOOL_FULL);
	CHECK(strstr(w.text, "needs more than") != NULL);
	image_free(i);
	CHECK_INT(decode("image", NULL, ".", &i), ERR_SPOOL_FULL);
	image_free(i);
	setrlimit(RLIMIT_FSIZE, &before);
}

/* --- the end before its end: standard input and the decoder have more to say */

static void interrupted(void)
{
	int before = dup(STDIN_FILENO), ends[2];
	struct report *report = report_new();
	struct image_setup setup = { .path = "-", .spool = ".", .report = report };
	struct image_status status = { 0 };
	w = (struct witness){ .observer = { witness_see, witness_end } };
	report_add(report, &w.observer);
	write_file("image", image, IMAGE_SIZE);
	run("gzip -1 <image >image.gz");
	for (int k = 0; k < 2; k++) {
		struct image *i = NULL;
		char bytes[4096];
		CHECK_INT(pipe(ends), 0);
		FILE *f = fopen(k ? "image.gz" : "image", "rb");
		CHECK(f && fread(bytes, 1, sizeof bytes, f) == sizeof bytes);
		CHECK_INT(write(ends[1], bytes, sizeof bytes), sizeof bytes);
		if (f)
			fclose(f);
		dup2(ends[0], STDIN_FILENO);
		CHECK_INT(image_open(&setup, &i), OK);
		if (i)
			image_status(i, &status);
		CHECK(!status.ready && !status.err);
		image_free(i); /* does not wait for the pipe */
		close(ends[0]);
		close(ends[1]);
	}
	CHECK_INT(w.errors, 0);
	report_free(report);
	dup2(before, STDIN_FILENO);
	close(before);
}

int main(void)
{
	tap_enter_scratch();
	make_image();
	RUN(identifies);
	RUN(every_format);
	RUN(from_standard_input);
	RUN(odd_sizes);
	RUN(gpt);
	RUN(no_image);
	RUN(corrupt);
	RUN(hashes);
	RUN(decoders);
	RUN(spool_full);
	RUN(interrupted);
	free(image);
	return tap_end();
}
