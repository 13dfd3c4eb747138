/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json.h"

#include "base/str.h"

void json_string(FILE *out, const char *s)
{
	putc('"', out);
	while (*s) {
		unsigned char c = (unsigned char)*s;
		size_t n = str_utf8(s);
		if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
			s++;
		} else if (n == 0 || c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
			s++;
		} else if (n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0) {
			fprintf(out, "\\u%04x", (unsigned char)s[1]); /* C1: terminals obey them */
			s += 2;
		} else {
			fwrite(s, 1, n, out);
			s += n;
		}
	}
	putc('"', out);
}

void json_begin(struct json_out *out, FILE *stream, enum json_style style)
{
	*out = (struct json_out){ .stream = stream, .spaced = style == JSON_SPACED };
}

/* The comma and the key before a value. */
static void json_put_key(struct json_out *out, const char *key)
{
	if (out->more)
		fputs(out->spaced ? ", " : ",", out->stream);
	out->more = true;
	if (!key)
		return;
	json_string(out->stream, key);
	fputs(out->spaced ? ": " : ":", out->stream);
}

void json_open(struct json_out *out, const char *key, char bracket)
{
	json_put_key(out, key);
	putc(bracket, out->stream);
	out->more = false;
}

void json_close(struct json_out *out, char bracket)
{
	putc(bracket, out->stream);
	out->more = true;
}

void json_end_line(struct json_out *out)
{
	putc('\n', out->stream);
	out->more = false;
}

void json_put_string(struct json_out *out, const char *key, const char *value)
{
	json_put_key(out, key);
	if (value)
		json_string(out->stream, value);
	else
		fputs("null", out->stream);
}

void json_put_known(struct json_out *out, const char *key, const char *value)
{
	if (value && *value)
		json_put_string(out, key, value);
}

void json_put_number(struct json_out *out, const char *key, uint64_t value)
{
	json_put_key(out, key);
	fprintf(out->stream, "%llu", (unsigned long long)value);
}

void json_put_bool(struct json_out *out, const char *key, bool value)
{
	json_put_key(out, key);
	fputs(value ? "true" : "false", out->stream);
}

void json_put_null(struct json_out *out, const char *key)
{
	json_put_string(out, key, NULL);
}

void json_put_seconds(struct json_out *out, const char *key, uint64_t microseconds)
{
	json_put_key(out, key);
	fprintf(out->stream, "%llu.%06llu", (unsigned long long)(microseconds / 1000000),
	        (unsigned long long)(microseconds % 1000000));
}
