/* SPDX-License-Identifier: Apache-2.0 */
#include "vreport.h"

static const char *const phases[] = {
	[VPHASE_AWAY] = "away",
	[VPHASE_ROM_IDLE] = "rom-idle",
	[VPHASE_ROM_HEADER] = "rom-header",
	[VPHASE_ROM_LENGTH] = "rom-length",
	[VPHASE_ROM_SECONDSTAGE] = "rom-secondstage",
	[VPHASE_ROM_STATUS] = "rom-status",
	[VPHASE_ROM_STALE] = "rom-stale",
	[VPHASE_SRV_REQUEST] = "request",
	[VPHASE_SRV_REPLY] = "reply",
	[VPHASE_SRV_DATA] = "data",
	[VPHASE_SRV_OVER] = "over",
	[VPHASE_DISK] = "disk",
	[VPHASE_FASTBOOT] = "fastboot",
};

static double seconds(uint64_t us)
{
	return (double)us / 1e6;
}

static double total(const struct vstats *st)
{
	return st->end_us > st->first_us ? seconds(st->end_us - st->first_us) : 0;
}

void vreport_text(FILE *out, const struct vboard *b)
{
	const struct vstats *st = &b->stats;
	fprintf(out,
	        "board %s: %s (%s), %zu files, %u requests, %llu bulk transfers of %llu..%llu "
	        "bytes, %u at once, "
	        "%.3f s (rom %.3f, server %.3f, waited %.3f)\n",
	        b->desc->path, b->finished ? "done" : "not done", phases[b->phase], st->file_count,
	        st->requests, (unsigned long long)st->bulk_urbs, (unsigned long long)st->bulk_min,
	        (unsigned long long)st->bulk_max, st->bulk_overlap, total(st), seconds(st->rom_us),
	        seconds(st->server_us), seconds(st->waited_us));
	for (size_t i = 0; i < b->violation_count; i++)
		fprintf(out, "VIOLATION %s\n", b->violations[i]);
}

static void put_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void put_files(FILE *out, const struct vstats *st)
{
	fputs(", \"files\": [", out);
	for (size_t i = 0; i < st->file_count; i++) {
		fputs(i ? ", {\"name\": " : "{\"name\": ", out);
		put_string(out, st->files[i].name);
		fprintf(out, ", \"size\": %llu, \"sha256\": \"",
		        (unsigned long long)st->files[i].size);
		for (size_t j = 0; j < VDESC_SHA256; j++)
			fprintf(out, "%02x", st->files[i].sha256[j]);
		fputs("\"}", out);
	}
	fputs("]", out);
}

void vreport_json(FILE *out, const struct vboard *b)
{
	const struct vstats *st = &b->stats;
	fputs("{\"path\": ", out);
	put_string(out, b->desc->path);
	fprintf(out, ", \"done\": %s, \"phase\": \"%s\"", b->finished ? "true" : "false",
	        phases[b->phase]);
	fprintf(out,
	        ", \"appearances\": %u, \"opens\": %u, \"second_stages\": %u, \"status_reads\": "
	        "%u, \"requests\": %u",
	        st->appearances, st->opens, st->second_stages, st->status_reads, st->requests);
	fprintf(out, ", \"stale_requests\": %u, \"cancelled_reads\": %u", st->stale_requests,
	        st->cancelled_reads);
	fprintf(out,
	        ", \"bulk\": {\"urbs\": %llu, \"bytes\": %llu, \"min\": %llu, \"max\": %llu, "
	        "\"overlap\": %u, \"sizes\": {",
	        (unsigned long long)st->bulk_urbs, (unsigned long long)st->bulk_bytes,
	        (unsigned long long)st->bulk_min, (unsigned long long)st->bulk_max,
	        st->bulk_overlap);
	const char *comma = "";
	for (unsigned i = 0; i < VBOARD_BUCKETS; i++) {
		if (!st->bulk_sizes[i])
			continue;
		fprintf(out, "%s\"%llu\": %llu", comma, 1ULL << i,
		        (unsigned long long)st->bulk_sizes[i]);
		comma = ", ";
	}
	fprintf(out,
	        "}}, \"seconds\": {\"total\": %.6f, \"rom\": %.6f, \"server\": %.6f, \"waited\": "
	        "%.6f}",
	        total(st), seconds(st->rom_us), seconds(st->server_us), seconds(st->waited_us));
	put_files(out, st);
	fputs(", \"violations\": [", out);
	for (size_t i = 0; i < b->violation_count; i++) {
		fputs(i ? ", " : "", out);
		put_string(out, b->violations[i]);
	}
	fputs("]}", out);
}

static int write_json(const struct vreport *r, struct vboard *const *boards, size_t count)
{
	FILE *out = fopen(r->file, "w");
	if (!out) {
		fprintf(stderr, "%s: cannot write '%s'\n", r->program, r->file);
		return VREPORT_BROKEN;
	}
	fprintf(out, "{\"status\": %d, \"late\": %s, \"boards\": [", r->status,
	        r->late ? "true" : "false");
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ",\n" : "\n", out);
		vreport_json(out, boards[i]);
	}
	fputs("\n]}\n", out);
	fclose(out);
	return 0;
}

int vreport_run(const struct vreport *r, struct vboard *const *boards, size_t count, uint64_t now)
{
	bool success = r->status == 0 && !r->late;
	size_t violations = 0;
	for (size_t i = 0; i < count; i++) {
		vboard_finish(boards[i], now, success);
		violations += boards[i]->violation_count;
	}
	int error = r->file ? write_json(r, boards, count) : 0;
	for (size_t i = 0; i < count && (violations || (!r->file && !r->quiet)); i++)
		vreport_text(stderr, boards[i]);
	if (r->late)
		fprintf(stderr, "%s: the time limit is over\n", r->program);
	if (error)
		return error;
	if (r->late)
		return VREPORT_LATE;
	if (violations)
		return VREPORT_JUDGE;
	return r->status >= 0 ? r->status : 128 - r->status;
}
