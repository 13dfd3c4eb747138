/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json.h"
#include "platform/plat.h"
#include "tap.h"

/* One value of each kind, nested. */
static void write_sample(FILE *stream, enum json_style style)
{
	struct json_out out;
	json_begin(&out, stream, style);
	for (int i = 0; i < 2; i++) {
		json_open(&out, NULL, '{');
		json_put_string(&out, "a\"b", "line\n\\");
		json_put_string(&out, "none", NULL);
		json_put_known(&out, "left out", NULL);
		json_put_known(&out, "left out", "");
		json_put_known(&out, "known", "x");
		json_open(&out, "list", '[');
		json_put_number(&out, NULL, UINT64_MAX);
		json_open(&out, NULL, '{');
		json_close(&out, '}');
		json_open(&out, NULL, '[');
		json_put_bool(&out, NULL, true);
		json_close(&out, ']');
		json_put_bool(&out, NULL, false);
		json_close(&out, ']');
		json_put_seconds(&out, "time", 1000042);
		json_put_null(&out, "null");
		json_close(&out, '}');
		json_end_line(&out);
	}
}

static void check_style(enum json_style style, const char *line)
{
	struct plat_memory memory;
	char want[1024];
	if (!plat_memory_open(&memory)) {
		TAP_FAIL("no memory stream");
		return;
	}
	write_sample(memory.stream, style);
	CHECK(plat_memory_close(&memory));
	snprintf(want, sizeof want, "%s\n%s\n", line, line);
	CHECK_STR(memory.bytes, want);
	free(memory.bytes);
}

static void compact(void)
{
	check_style(
		JSON_COMPACT,
		"{\"a\\\"b\":\"line\\u000a\\\\\",\"none\":null,\"known\":\"x\","
		"\"list\":[18446744073709551615,{},[true],false],\"time\":1.000042,\"null\":null}");
}

static void spaced(void)
{
	check_style(JSON_SPACED,
	            "{\"a\\\"b\": \"line\\u000a\\\\\", \"none\": null, \"known\": \"x\", "
	            "\"list\": [18446744073709551615, {}, [true], false], "
	            "\"time\": 1.000042, \"null\": null}");
}

/* Quotes, control characters, C1, bytes that are not UTF-8; RFC 8259 needs the first three, terminals the fourth. */
static void strings(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "\"\"" },
		{ "\x1b[2J\x7f", "\"\\u001b[2J\\u007f\"" },
		{ "\xc3\xa4\xe2\x82\xac", "\"\xc3\xa4\xe2\x82\xac\"" },
		{ "\xc2\x9b", "\"\\u009b\"" },
		{ "\xff\xc3", "\"\\u00ff\\u00c3\"" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct plat_memory memory;
		if (!plat_memory_open(&memory))
			return;
		json_string(memory.stream, cases[i].text);
		CHECK(plat_memory_close(&memory));
		CHECK_STR(memory.bytes, cases[i].want);
		free(memory.bytes);
	}
}

int main(void)
{
	RUN(compact);
	RUN(spaced);
	RUN(strings);
	return tap_end();
}
