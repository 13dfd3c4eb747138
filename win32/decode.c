/* SPDX-License-Identifier: Apache-2.0 */
/* rpi-decode FORMAT [OPTION]...: decodes standard input to standard output. FORMAT is xz, gzip, bzip2 or zstd, the names of the
 * programs that other systems have for it; their options are accepted and have no meaning. rpiboot --flash starts it as a
 * process of its own, so that a damaged or malicious archive meets a program that has nothing else open.
 *
 * Archives that follow each other are one; anything else behind an archive is an error. Exit status: 0, or 1 after one
 * line on standard error. */
#include <bzlib.h>
#include <fcntl.h>
#include <io.h>
#include <lzma.h>
#include <process.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define IN_SIZE  (256 * 1024)
#define OUT_SIZE (1024 * 1024)

#define ZSTD_WINDOW_LOG 31 /* as zstd --long=31 */

enum step {
	STEP_MORE, /* inside an archive */
	STEP_END,  /* behind one */
	STEP_BAD   /* decode.problem says why */
};

struct decode {
	uint8_t in[IN_SIZE], out[OUT_SIZE];
	size_t taken, given; /* of in: begin and end of what is left */
	size_t made;         /* bytes of out */
	bool ended;          /* nothing comes after what is in in */
	const char *problem;
	lzma_stream xz;
	z_stream gzip;
	bz_stream bzip2;
	ZSTD_DStream *zstd;
	bool between; /* behind an archive */
};

static struct decode decode;

static enum step decode_bad(struct decode *d, const char *problem)
{
	d->problem = problem;
	return STEP_BAD;
}

/* --- xz: on all processors, within a quarter of the memory; an archive needs what its dictionary takes */

static bool xz_begin(struct decode *d)
{
	lzma_mt options = { .flags = LZMA_CONCATENATED,
		            .threads = lzma_cputhreads(),
		            .memlimit_threading = lzma_physmem() / 4,
		            .memlimit_stop = UINT64_MAX };
	if (options.threads == 0)
		options.threads = 1;
	return lzma_stream_decoder_mt(&d->xz, &options) == LZMA_OK;
}

static enum step xz_step(struct decode *d)
{
	d->xz.next_in = d->in + d->taken;
	d->xz.avail_in = d->given - d->taken;
	d->xz.next_out = d->out;
	d->xz.avail_out = OUT_SIZE;
	lzma_ret result = lzma_code(&d->xz, d->ended ? LZMA_FINISH : LZMA_RUN);
	d->taken = d->given - d->xz.avail_in;
	d->made = OUT_SIZE - d->xz.avail_out;
	switch (result) {
	case LZMA_OK:
		return STEP_MORE;
	case LZMA_STREAM_END:
		return STEP_END;
	case LZMA_MEM_ERROR:
		return decode_bad(d, "out of memory");
	case LZMA_BUF_ERROR:
		return decode_bad(d, "unexpected end of input");
	case LZMA_FORMAT_ERROR:
		return decode_bad(d, "not an xz archive");
	default:
		return decode_bad(d, "compressed data is corrupt");
	}
}

/* --- gzip: zeros may follow an archive, as on tapes */

static bool gzip_begin(struct decode *d)
{
	return inflateInit2(&d->gzip, MAX_WBITS + 16) == Z_OK;
}

static enum step gzip_step(struct decode *d)
{
	while (d->between && d->taken < d->given && d->in[d->taken] == 0)
		d->taken++;
	if (d->between && d->taken == d->given)
		return STEP_END;
	if (d->between)
		inflateReset(&d->gzip);
	d->gzip.next_in = d->in + d->taken;
	d->gzip.avail_in = (uInt)(d->given - d->taken);
	d->gzip.next_out = d->out;
	d->gzip.avail_out = OUT_SIZE;
	int result = inflate(&d->gzip, Z_NO_FLUSH);
	d->taken = d->given - d->gzip.avail_in;
	d->made = OUT_SIZE - d->gzip.avail_out;
	switch (result) {
	case Z_OK:
	case Z_BUF_ERROR:
		return STEP_MORE;
	case Z_STREAM_END:
		return STEP_END;
	case Z_MEM_ERROR:
		return decode_bad(d, "out of memory");
	default:
		return decode_bad(d, "compressed data is corrupt");
	}
}

/* --- bzip2 */

void bz_internal_error(int code);

/* The library calls this when it finds itself inconsistent. */
void bz_internal_error(int code)
{
	fprintf(stderr, "bzip2: internal error %d\n", code);
	_exit(1);
}

static bool bzip2_begin(struct decode *d)
{
	return BZ2_bzDecompressInit(&d->bzip2, 0, 0) == BZ_OK;
}

static enum step bzip2_step(struct decode *d)
{
	if (d->between && d->taken == d->given)
		return STEP_END;
	if (d->between) {
		BZ2_bzDecompressEnd(&d->bzip2);
		d->bzip2 = (bz_stream){ 0 };
		if (!bzip2_begin(d))
			return decode_bad(d, "out of memory");
	}
	d->bzip2.next_in = (char *)d->in + d->taken;
	d->bzip2.avail_in = (unsigned)(d->given - d->taken);
	d->bzip2.next_out = (char *)d->out;
	d->bzip2.avail_out = OUT_SIZE;
	int result = BZ2_bzDecompress(&d->bzip2);
	d->taken = d->given - d->bzip2.avail_in;
	d->made = OUT_SIZE - d->bzip2.avail_out;
	switch (result) {
	case BZ_OK:
		return STEP_MORE;
	case BZ_STREAM_END:
		return STEP_END;
	case BZ_MEM_ERROR:
		return decode_bad(d, "out of memory");
	default:
		return decode_bad(d, "compressed data is corrupt");
	}
}

/* --- zstd */

static bool zstd_begin(struct decode *d)
{
	d->zstd = ZSTD_createDStream();
	return d->zstd &&
	       !ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG));
}

static enum step zstd_step(struct decode *d)
{
	if (d->between && d->taken == d->given)
		return STEP_END;
	ZSTD_inBuffer in = { d->in + d->taken, d->given - d->taken, 0 };
	ZSTD_outBuffer out = { d->out, OUT_SIZE, 0 };
	size_t result = ZSTD_decompressStream(d->zstd, &out, &in);
	d->taken += in.pos;
	d->made = out.pos;
	if (ZSTD_isError(result))
		return decode_bad(d, "compressed data is corrupt");
	return result == 0 ? STEP_END : STEP_MORE;
}

/* --- all of them */

static const struct decode_format {
	const char *name;
	bool (*begin)(struct decode *d);
	enum step (*step)(struct decode *d);
} formats[] = {
	{ "xz", xz_begin, xz_step },
	{ "gzip", gzip_begin, gzip_step },
	{ "bzip2", bzip2_begin, bzip2_step },
	{ "zstd", zstd_begin, zstd_step },
};

static bool decode_read(struct decode *d)
{
	int n = _read(0, d->in, IN_SIZE);
	d->taken = 0;
	d->given = n > 0 ? (size_t)n : 0;
	d->ended = n == 0;
	return n >= 0;
}

static bool decode_write(const struct decode *d)
{
	for (size_t done = 0; done < d->made;) {
		int n = _write(1, d->out + done, (unsigned)(d->made - done));
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* NULL, or what is wrong. */
static const char *decode_run(struct decode *d, const struct decode_format *format)
{
	if (!format->begin(d))
		return "out of memory";
	for (int idle = 0; idle < 2;) { /* xz may pause once */
		if (d->taken == d->given && !d->ended && !decode_read(d))
			return "standard input cannot be read";
		bool had_input = d->taken < d->given;
		d->made = 0;
		enum step step = format->step(d);
		if (!decode_write(d))
			return "standard output cannot be written";
		if (step == STEP_BAD)
			return d->problem;
		d->between = step == STEP_END;
		if (!d->ended || d->taken < d->given)
			continue;
		if (d->between)
			return NULL;
		idle = had_input || d->made ? 0 : idle + 1;
	}
	return "unexpected end of input";
}

int main(int argc, char **argv)
{
	_setmode(0, _O_BINARY);
	_setmode(1, _O_BINARY);
	for (size_t i = 0; argc > 1 && i < sizeof formats / sizeof *formats; i++)
		if (strcmp(argv[1], formats[i].name) == 0) {
			const char *problem = decode_run(&decode, &formats[i]);
			if (problem)
				fprintf(stderr, "%s: %s\n", formats[i].name, problem);
			return problem ? 1 : 0;
		}
	fputs("usage: rpi-decode xz|gzip|bzip2|zstd <ARCHIVE >IMAGE\n", stderr);
	return 1;
}
