/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/image.h"

#include "formats/sha256.h"
#include "platform/plat.h"
#include "platform/plat_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FEED_SIZE   ((size_t)256 * 1024) /* read from the file, and written to the decoder, at once */
#define WORDS_SIZE  256                  /* of what a decoder says */
#define ADVICE_SIZE 128
#define HEX_SIZE    (2 * SHA256_SIZE + 1)

/* Two threads: the feeder takes the file's bytes to the decoder's standard input; the reader takes the image's bytes from
 * its standard output to the spool. A raw image has no feeder: the reader takes the file's bytes. */
struct image {
	struct image_setup setup;
	char *directory; /* of the spool */
	enum image_format format;
	bool decodes;             /* by a program */
	uint8_t head[IMAGE_HEAD]; /* the first bytes of the file */
	size_t head_size;
	struct plat_stream_stamp stamp;
	uint64_t start;
	struct plat_cancel *cancel;
	struct spool *spool;
	struct plat_filter *filter;
	int source, to, from; /* -1: none */
	struct plat_thread *feeder, *reader;

	/* the feeder's, for the reader after its end */
	uint64_t fed;   /* bytes of the file */
	bool fed_all;   /* the decoder took all of them */
	int feed_error; /* an errno value: the file cannot be read */
	char file_sha256[HEX_SIZE];

	struct plat_monitor *monitor; /* for */
	struct image_status status;
};

static void image_hex(struct sha256 *hash, char out[HEX_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	sha256_end(hash, digest);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static enum err image_fail(const struct image *i, enum err err, const char *text)
{
	return report_error(i->setup.report, NULL, err, "%s: %s", i->setup.path, text);
}

/* --- the feeder */

/* The file's next bytes: the head first. */
static int64_t image_source_read(struct image *i, void *to, size_t n)
{
	size_t head = 0;
	if (i->fed < i->head_size) {
		head = i->head_size - (size_t)i->fed;
		head = head < n ? head : n;
		memcpy(to, i->head + i->fed, head);
	}
	int64_t got = plat_stream_read(i->source, (char *)to + head, n - head, i->cancel);
	if (got < 0)
		return got;
	i->fed += head + (uint64_t)got;
	return (int64_t)head + got;
}

static void image_feed(struct image *i, uint8_t *buffer)
{
	struct sha256 hash;
	sha256_init(&hash);
	for (;;) {
		int64_t n = image_source_read(i, buffer, FEED_SIZE);
		if (n < 0) {
			i->feed_error = errno;
			return;
		}
		if (i->setup.sha256)
			sha256_add(&hash, buffer, (size_t)n);
		if (plat_stream_write(i->to, buffer, (size_t)n, i->cancel) != 0)
			return; /* the decoder has ended: it says why */
		if ((size_t)n < FEED_SIZE)
			break;
	}
	i->fed_all = true;
	image_hex(&hash, i->file_sha256);
}

static void image_feeder_main(void *arg)
{
	struct image *i = arg;
	uint8_t *buffer = malloc(FEED_SIZE);
	if (buffer)
		image_feed(i, buffer);
	else
		i->feed_error = ENOMEM;
	free(buffer);
	plat_close(i->to); /* the decoder's end of file */
	i->to = -1;
}

/* --- the reader */

static int64_t image_next(struct image *i, void *to, size_t n)
{
	return i->decodes ? plat_stream_read(i->from, to, n, i->cancel)
	                  : image_source_read(i, to, n);
}

/* Whether what a decoder makes can be an image. */
static enum err image_check_first(const struct image *i, const uint8_t *bytes, size_t n)
{
	if (n < IMAGE_SECTOR)
		return image_fail(i, ERR_IMAGE_FORMAT,
		                  n ? "less than one sector of 512 bytes" : "it is empty");
	if (image_identify(bytes, n) == IMAGE_RAW)
		return OK;
	const char *advice = image_advice(bytes, n);
	return image_fail(i, ERR_IMAGE_FORMAT,
	                  advice ? advice : "no partition table and no FAT volume in it");
}

/* Decodes all into the spool. *READ_ERROR: an errno value if the stream cannot be read. */
static enum err image_fill(struct image *i, struct sha256 *hash, int *read_error)
{
	for (bool first = true;; first = false) {
		uint8_t *buffer = spool_buffer(i->spool);
		if (!buffer)
			return OK; /* spool_finish says why */
		int64_t n = image_next(i, buffer, SPOOL_CHUNK);
		if (n < 0) {
			*read_error = errno;
			spool_put(i->spool, buffer, 0);
			return OK;
		}
		/* nothing from a decoder: it has failed, most likely, and says why */
		enum err err = first && (n > 0 || !i->decodes)
		                       ? image_check_first(i, buffer, (size_t)n)
		                       : OK;
		if (!err && i->setup.sha256)
			sha256_add(hash, buffer, (size_t)n);
		spool_put(i->spool, buffer, err ? 0 : (size_t)n);
		if (err)
			return err;
		plat_lock(i->monitor);
		i->status.decoded += (uint64_t)n;
		plat_unlock(i->monitor);
		if ((size_t)n < SPOOL_CHUNK)
			return OK;
	}
}

/* Ends feeder and decoder. *STATUS and WORDS as plat_filter_end. */
static void image_end_decoder(struct image *i, bool failed, int *status, char words[WORDS_SIZE])
{
	*status = 0;
	*words = 0;
	if (!i->filter)
		return;
	if (failed)
		plat_filter_kill(i->filter);
	plat_filter_end(i->filter, status, words, WORDS_SIZE);
	i->filter = NULL;
	if (failed)
		plat_cancel_set(i->cancel); /* the feeder may wait for standard input */
	plat_thread_join(i->feeder);
	i->feeder = NULL;
	plat_close(i->from);
	i->from = -1;
}

static enum err image_spool_failed(const struct image *i, int error)
{
	if (error == ENOMEM)
		return image_fail(i, ERR_MEMORY, "storing the image");
	if (!plat_is_full(error))
		return report_error(i->setup.report, NULL, ERR_SPOOL_FULL, "%s: %s", i->directory,
		                    strerror(error));
	return report_error(i->setup.report, NULL, ERR_SPOOL_FULL,
	                    "%s: needs more than %llu bytes, has %llu left", i->directory,
	                    (unsigned long long)spool_used(i->spool),
	                    (unsigned long long)spool_free_space(i->spool));
}

static enum err image_check_hash(const struct image *i, const char *sha256)
{
	const char *wanted = i->setup.sha256;
	if (!wanted || strcasecmp(wanted, sha256) == 0 || strcasecmp(wanted, i->file_sha256) == 0)
		return OK;
	return report_error(i->setup.report, NULL, ERR_IMAGE_HASH,
	                    "%s: expected SHA-256 %s, the image has %s%s%s", i->setup.path, wanted,
	                    sha256, *i->file_sha256 ? ", the file " : "", i->file_sha256);
}

static enum err image_check_stamp(const struct image *i)
{
	struct plat_stream_stamp now;
	plat_stream_stamp(i->source, &now);
	if (now.size == i->stamp.size && now.modified == i->stamp.modified)
		return OK;
	return image_fail(i, ERR_FILE_CHANGED, "changed while it was read");
}

static enum err image_check_decoder(const struct image *i, int status, const char *words)
{
	const char *name = image_format_name(i->format);
	/* a decoder that ignores bytes behind its archive says so, at most */
	if (status == 0 && !*words && (i->fed_all || !i->decodes))
		return OK;
	return report_error(i->setup.report, NULL, ERR_IMAGE_CORRUPT, "%s: %s%s%s", i->setup.path,
	                    name, *words ? ": " : ": bytes behind its end", words);
}

/* All of the reader's work. */
static enum err image_decode(struct image *i)
{
	struct sha256 hash;
	int read_error = 0, status;
	char words[WORDS_SIZE], sha256[HEX_SIZE] = "";
	sha256_init(&hash);
	enum err err = image_fill(i, &hash, &read_error);
	int spool_error = spool_finish(i->spool);
	image_end_decoder(i, err || read_error || spool_error, &status, words);
	if (read_error == ECANCELED || i->feed_error == ECANCELED)
		return err ? err : ERR_INTERRUPTED;
	if (err)
		return err;
	if (spool_error)
		return image_spool_failed(i, spool_error);
	if (i->feed_error || read_error)
		return image_fail(i, ERR_IMAGE_READ,
		                  strerror(i->feed_error ? i->feed_error : read_error));
	err = image_check_decoder(i, status, words);
	if (!err && spool_size(i->spool) == 0)
		err = image_check_first(i, NULL, 0);
	if (!err)
		err = image_check_stamp(i);
	if (!err && i->setup.sha256) {
		image_hex(&hash, sha256);
		err = image_check_hash(i, sha256);
	}
	if (!err)
		report_emit(i->setup.report, &(struct event){ .kind = EV_IMAGE,
		                                              .name = i->setup.path,
		                                              .text = image_format_name(i->format),
		                                              .where = *sha256 ? sha256 : NULL,
		                                              .size = spool_size(i->spool),
		                                              .bytes = i->fed,
		                                              .duration = plat_now() - i->start });
	return err;
}

/* What is worth knowing about an image that will be written. */
static void image_notices(const struct image *i)
{
	uint8_t *first = malloc(SPOOL_CHUNK);
	struct spool_reader *reader = spool_reader_new(i->spool);
	if (spool_size(i->spool) % IMAGE_SECTOR)
		report_notice(i->setup.report, NULL,
		              "The image is no multiple of 512 bytes: filled up with zeros");
	if (first && reader && spool_read(reader, 0, first) &&
	    spool_chunk(i->spool, 0)->size >= 2 * IMAGE_SECTOR &&
	    memcmp(first + IMAGE_SECTOR, "EFI PART", 8) == 0)
		report_notice(
			i->setup.report, NULL,
			"The image has a GPT: on a larger disk its backup is not at the disk's "
			"end until the system repairs it");
	spool_reader_free(reader);
	free(first);
}

static void image_reader_main(void *arg)
{
	struct image *i = arg;
	enum err err = image_decode(i);
	if (!err)
		image_notices(i);
	plat_lock(i->monitor);
	i->status.err = err;
	i->status.ready = !err;
	plat_unlock(i->monitor);
}

/* --- opening */

static enum err image_open_source(struct image *i)
{
	int err = plat_stream_open(i->setup.path, &i->source);
	if (err)
		return image_fail(i, ERR_IMAGE_READ, strerror(err));
	plat_stream_stamp(i->source, &i->stamp);
	int64_t n = plat_stream_read(i->source, i->head, sizeof i->head, i->cancel);
	if (n < 0)
		return image_fail(i, ERR_IMAGE_READ, strerror(errno));
	i->head_size = (size_t)n;
	i->format = image_identify(i->head, i->head_size);
	if (i->format != IMAGE_UNKNOWN)
		return OK;
	return image_check_first(i, i->head, i->head_size);
}

static enum err image_open_spool(struct image *i)
{
	int err = spool_open(i->directory, &i->spool);
	if (err == ENOMEM)
		return image_fail(i, ERR_MEMORY, "storing the image");
	if (err)
		return report_error(i->setup.report, NULL, ERR_SPOOL_FULL, "%s: %s", i->directory,
		                    strerror(err));
	/* packed again, an archive takes at least its own size, roughly */
	if (i->format != IMAGE_RAW && i->stamp.size > spool_free_space(i->spool))
		return report_error(i->setup.report, NULL, ERR_SPOOL_FULL,
		                    "%s: needs about %llu bytes, has %llu left", i->directory,
		                    (unsigned long long)i->stamp.size,
		                    (unsigned long long)spool_free_space(i->spool));
	return OK;
}

static enum err image_open_decoder(struct image *i)
{
	const struct image_decoder *decoder = image_decoder(i->format);
	if (!decoder)
		return OK;
	int err = plat_filter_start(&i->filter, decoder->program, i->directory, &i->to, &i->from);
	i->decodes = !err;
	if (!err)
		return OK;
	char advice[ADVICE_SIZE];
	plat_filter_advice(decoder->package, advice, sizeof advice);
	return report_error(i->setup.report, NULL, ERR_IMAGE_PROGRAM,
	                    "%s: needs the program %s (%s): %s", i->setup.path,
	                    image_format_name(i->format), advice, strerror(err));
}

static enum err image_start(struct image *i)
{
	if (i->decodes) {
		i->feeder = plat_thread_start(image_feeder_main, i);
		if (!i->feeder)
			return image_fail(i, ERR_MEMORY, "decoding it");
	}
	i->reader = plat_thread_start(image_reader_main, i);
	return i->reader ? OK : image_fail(i, ERR_MEMORY, "decoding it");
}

enum err image_open(const struct image_setup *setup, struct image **out)
{
	struct image *i = calloc(1, sizeof *i);
	if (!i)
		return report_error(setup->report, NULL, ERR_MEMORY, "%s", setup->path);
	i->setup = *setup;
	i->directory = setup->spool ? strdup(setup->spool) : plat_temporary_directory();
	i->source = i->to = i->from = -1;
	i->start = plat_now();
	i->monitor = plat_monitor_new();
	i->cancel = plat_cancel_new();
	bool ok = i->directory && i->monitor && i->cancel;
	enum err err = ok ? OK : image_fail(i, ERR_MEMORY, "reading it");
	if (!err)
		err = image_open_source(i);
	if (!err)
		err = image_open_spool(i);
	if (!err)
		err = image_open_decoder(i);
	if (!err)
		err = image_start(i);
	if (err) {
		image_free(i);
		return err;
	}
	*out = i;
	return OK;
}

void image_status(struct image *image, struct image_status *out)
{
	plat_lock(image->monitor);
	*out = image->status;
	plat_unlock(image->monitor);
}

const struct spool *image_spool(const struct image *image)
{
	return image->spool;
}

static void image_close(int fd)
{
	if (fd >= 0)
		plat_close(fd);
}

void image_free(struct image *image)
{
	char words[WORDS_SIZE];
	int status;
	if (!image)
		return;
	if (image->cancel)
		plat_cancel_set(image->cancel);
	plat_thread_join(image->reader);
	if (!image->reader)
		image_end_decoder(image, true, &status, words); /* not all of it was started */
	image_close(image->to);
	image_close(image->from);
	image_close(image->source);
	spool_free(image->spool);
	plat_cancel_free(image->cancel);
	plat_monitor_free(image->monitor);
	free(image->directory);
	free(image);
}
