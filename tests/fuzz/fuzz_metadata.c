/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a board reports: the document is valid JSON, device ids decode to at most their length, and what goes to a
 * terminal has no control characters. An input is names, each ended by a NUL. */
#include "formats/duid.h"
#include "jsoncheck.h"
#include "report/metadata.h"
#include "base/str.h"
#include "formats/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_duid(const char *value)
{
	char text[DUID_TEXT + 2];
	memset(text, 'x', sizeof text);
	bool ok = duid_decode(value, text);
	size_t n = strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	require(n <= DUID_TEXT && text[n] == 0 && text[DUID_TEXT + 1] == 'x');
	require(ok || n == 0);
}

static void check_escape(const char *text, size_t room)
{
	char to[300];
	memset(to, 'x', sizeof to);
	room = 1 + room % 256;
	str_escape(to, room, text);
	size_t n = strnlen(to, sizeof to);
	require(n < room && to[room] == 'x');
	for (size_t i = 0; i < n;) {
		size_t bytes = str_utf8(to + i);
		require(bytes > 0 && (unsigned char)to[i] >= 0x20 && to[i] != 0x7f);
		require(!((unsigned char)to[i] == 0xc2 && (unsigned char)to[i + 1] < 0xa0));
		i += bytes;
	}
}

static void add(struct metadata *m, const char *name)
{
	const char *key = NULL, *value = NULL;
	size_t before = m->count;
	enum metadata_result result = metadata_add(m, name, &key, &value);
	require(m->count <= METADATA_ENTRIES && m->count <= before + 1);
	if (result == METADATA_KEPT)
		require(metadata_get(m, key) == value && !strchr(key, '*') && !strchr(value, '*'));
	else
		require(m->count == before && !key);
}

static void check_document(const struct metadata *m)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return;
	metadata_print(m, out);
	fclose(out);
	require(strlen(text) == n && jsoncheck(text) && text[n - 1] == '\n');
	free(text);
	const char *complaint = metadata_failed_key(m);
	require(!complaint || strcmp(metadata_get(m, complaint), "success") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct metadata m = { .count = 0 };
	char name[WIRE_NAME + 1];
	while (size > 0) {
		size_t n = strnlen((const char *)data, size), kept = n < WIRE_NAME ? n : WIRE_NAME;
		memcpy(name, data, kept);
		name[kept] = 0;
		check_duid(name);
		check_escape(name, n);
		add(&m, name);
		data += n + (n < size);
		size -= n + (n < size);
	}
	check_document(&m);
	metadata_free(&m);
	return 0;
}
