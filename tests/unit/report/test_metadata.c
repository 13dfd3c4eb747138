/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/json.h"
#include "report/metadata.h"
#include "tap.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct metadata m;
static const char *key, *value;

static const char *document(void)
{
	static char *text;
	size_t n;
	free(text);
	FILE *f = open_memstream(&text, &n);
	metadata_print(&m, f);
	fclose(f);
	return text;
}

static enum metadata_result add(const char *name)
{
	return metadata_add(&m, name, &key, &value);
}

static void fields(void)
{
	CHECK_INT(add("**X**Y*Z"), METADATA_KEPT);
	CHECK_STR(key, "X");
	CHECK_STR(value, "Y");
	CHECK_STR(document(), "{\n\t\"X\": \"Y\"\n}\n");
	static const char *const nothing[] = { "*", "**", "*K", "*K*", "***K***" };
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		CHECK_INT(add(nothing[i]), METADATA_NOTHING);
	CHECK_INT(m.count, 1);
	metadata_free(&m);
}

static void order_and_repeats(void)
{
	add("*MAC_ADDR*d8:3a:dd:05:ee:78");
	add("*EEPROM_UPDATE*fail");
	add("*LAST*1");
	CHECK_STR(metadata_failed_key(&m), "EEPROM_UPDATE");
	add("*EEPROM_UPDATE*success");
	CHECK(!metadata_failed_key(&m));
	CHECK_STR(document(), "{\n\t\"MAC_ADDR\": \"d8:3a:dd:05:ee:78\",\n\t\"EEPROM_UPDATE\": "
	                      "\"success\",\n\t\"LAST\": \"1\"\n}\n");
	add("*SECURE_BOOT_PROVISION*no");
	CHECK_STR(metadata_failed_key(&m), "SECURE_BOOT_PROVISION");
	metadata_free(&m);
}

static void factory_uuid(void)
{
	CHECK_INT(add("*FACTORY_UUID*19a519a6_19ab520e_1ac0212b"), METADATA_KEPT);
	CHECK_STR(value, "001000911006186073");
	CHECK_INT(add("*FACTORY_UUID*ffff"), METADATA_BAD);
	CHECK_STR(metadata_get(&m, "FACTORY_UUID"), "001000911006186073");
	metadata_free(&m);
	CHECK_INT(add("*FACTORY_UUID*ffff"), METADATA_BAD);
	CHECK_INT(m.count, 0);
	CHECK_INT(add("*FACTORY_UUID*00000000"), METADATA_KEPT);
	CHECK_STR(document(), "{\n\t\"FACTORY_UUID\": \"\"\n}\n");
	metadata_free(&m);
}

static void escapes(void)
{
	add("*q\"\\*\xc3\xbc\xff\x01\t");
	CHECK_STR(document(), "{\n\t\"q\\\"\\\\\": \"\xc3\xbc\\u00ff\\u0001\\u0009\"\n}\n");
	metadata_free(&m);
}

static void bounded(void)
{
	char name[32];
	for (int i = 0; i < METADATA_ENTRIES; i++) {
		snprintf(name, sizeof name, "*K%d*V", i);
		CHECK_INT(add(name), METADATA_KEPT);
	}
	CHECK_INT(add("*one more*V"), METADATA_FULL);
	CHECK_INT(add("*K0*new"), METADATA_KEPT);
	metadata_free(&m);
}

static char *claimed(struct metadata_directory *f, const char *serial, const char *want)
{
	char *path = metadata_directory_claim(f, serial, "1-1.2");
	CHECK_STR(path, want);
	return path;
}

static void file_names(void)
{
	struct metadata_directory *f = metadata_directory_new("d");
	char *a = claimed(f, "10000000b29d2da0", "d/10000000b29d2da0.json");
	char *b = claimed(f, "10000000b29d2da0", "d/10000000b29d2da0-1-1.2.json");
	metadata_directory_release(f, a);
	a = claimed(f, "10000000b29d2da0", "d/10000000b29d2da0.json");
	metadata_directory_release(f, a);
	metadata_directory_release(f, b);
	metadata_directory_release(f, claimed(f, "", "d/1-1.2.json"));
	metadata_directory_release(f, claimed(f, "a/../b", "d/a..b.json"));
	metadata_directory_release(f, claimed(f, "/\x1b\xff", "d/1-1.2.json"));
	metadata_directory_release(f, claimed(f, "..", "d/...json"));
	metadata_directory_release(f, NULL);
	metadata_directory_free(f);
	metadata_directory_free(NULL);
}

static void claiming_removes_the_old_one(void)
{
	mkdir("d", 0755);
	struct metadata_directory *f = metadata_directory_new("d");
	add("*A*B");
	CHECK_INT(metadata_publish(&m, "d/77.json"), 0);
	CHECK(access("d/77.json", F_OK) == 0);
	char *path = claimed(f, "77", "d/77.json");
	CHECK(access("d/77.json", F_OK) != 0);
	metadata_directory_release(f, path);
	metadata_directory_free(f);
	CHECK_INT(metadata_publish(&m, "none/77.json"), ENOENT);
	metadata_free(&m);
}

static void utf8(void)
{
	static const struct {
		const char *s;
		size_t n;
	} cases[] = { { "a", 1 },
		      { "\xc3\xbc", 2 },
		      { "\xe2\x82\xac", 3 },
		      { "\xf0\x9f\x98\x80", 4 },
		      { "\xc0\xaf", 0 },
		      { "\xe0\x80\xaf", 0 },
		      { "\xed\xa0\x80", 0 },
		      { "\xf4\x90\x80\x80", 0 },
		      { "\xff", 0 },
		      { "\x80", 0 },
		      { "\xe2\x82", 0 },
		      { "\xc3", 0 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_INT(str_utf8(cases[i].s), cases[i].n);
}

static void terminal_escapes(void)
{
	char to[32];
	CHECK_STR(str_escape(to, sizeof to, "a\x1b[2J\xc3\xbc\xff\n"),
	          "a\\x1b[2J\xc3\xbc\\xff\\x0a");
	CHECK_STR(str_escape(to, sizeof to,
	                     "\xc2\x9b"
	                     "31m"),
	          "\\xc2\\x9b31m"); /* C1 CSI */
	for (size_t size = 1; size < sizeof to; size++)
		CHECK(strlen(str_escape(to, size,
		                        "abc\x1b\xc3\xbc\xff"
		                        "def\x01ghi\xc2\x9b")) < size);
}

int main(void)
{
	tap_enter_scratch();
	RUN(fields);
	RUN(order_and_repeats);
	RUN(factory_uuid);
	RUN(escapes);
	RUN(bounded);
	RUN(file_names);
	RUN(claiming_removes_the_old_one);
	RUN(utf8);
	RUN(terminal_escapes);
	return tap_end();
}
