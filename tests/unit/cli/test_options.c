/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"
#include "tap.h"

#include <stdlib.h>

static struct options o;

/* Words separated by blanks; "_" is an empty word. */
static enum options_result parse(const char *line)
{
	static char copy[256];
	static char *argv[32], program[] = "rpiboot", nothing[] = "";
	int argc = 0;
	snprintf(copy, sizeof copy, "%s", line);
	argv[argc++] = program;
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "_") == 0 ? nothing : word;
	return options_parse(&o, argc, argv);
}

#define RUNS(line)  CHECK_INT(parse(line), OPTIONS_RUN)
#define WRONG(line) CHECK_INT(parse(line), OPTIONS_ERROR)

static void defaults(void)
{
	RUNS("");
	CHECK(!o.directory && !o.metadata_directory && !o.overlay && !o.loop && !o.sign &&
	      !o.verbose);
	CHECK_INT(o.port, -1);
	CHECK_INT(o.path_count + o.serial_count, 0);
}

static void short_tokens(void)
{
	RUNS("-d dir -l -o -s -v");
	CHECK_STR(o.directory, "dir");
	CHECK(o.loop && o.overlay && o.sign);
	CHECK_INT(o.verbose, 1);
	RUNS("-d -l");
	CHECK_STR(o.directory, "-l");
	CHECK(!o.loop);
	RUNS("-vv");
	CHECK_INT(o.verbose, 2);
	RUNS("-vv -v");
	CHECK_INT(o.verbose, 1);
	WRONG("-d");
	WRONG("-lv");
	WRONG("-ddir");
	WRONG("-d=dir x");
	WRONG("dir");
	WRONG("-");
	WRONG("--");
	WRONG("-x");
	WRONG("_");
	WRONG("-vvv");
}

static void long_forms(void)
{
	RUNS("--directory=dir --loop --overlay --signed --verbose");
	CHECK_STR(o.directory, "dir");
	RUNS("--directory dir --serial=00000001 --serial 00000002 -i 00000003 --path=1-1 "
	     "--metadata=m --poll=7");
	CHECK_STR(o.directory, "dir");
	CHECK_INT(o.serial_count, 3);
	CHECK_STR(o.serials[2], "00000003");
	CHECK_STR(o.paths[0], "1-1");
	CHECK_STR(o.metadata_directory, "m");
	CHECK_INT(o.poll, 7);
	RUNS("--port 3");
	CHECK_INT(o.port, 3);
	WRONG("--port 99");
	WRONG("--port");
	WRONG("--loop=yes");
	WRONG("--direct dir");
	WRONG("--directoryx dir");
}

static void ports(void)
{
	RUNS("-0");
	CHECK_INT(o.port, 0);
	RUNS("-7");
	CHECK_INT(o.port, 7);
	RUNS("-98");
	CHECK_INT(o.port, 98);
	RUNS("-007");
	CHECK_INT(o.port, 7);
	WRONG("-99");
	WRONG("-100");
	WRONG("-1x");
	WRONG("-1 -p 1-1");
	WRONG("-p 1-1 -1");
}

static void metadata_may_lack_its_directory(void)
{
	RUNS("-j");
	CHECK(!o.metadata_directory);
	RUNS("-j out");
	CHECK_STR(o.metadata_directory, "out");
	RUNS("-j -l");
	CHECK(!o.metadata_directory && o.loop);
	RUNS("-j out -j");
	CHECK_STR(o.metadata_directory, "out");
	RUNS("--metadata -l");
	CHECK(!o.metadata_directory && o.loop);
}

static void polls(void)
{
	RUNS("-m 500");
	CHECK_INT(o.poll, 500);
	RUNS("-m 20us");
	CHECK_INT(o.poll, 20);
	WRONG("-m 0");
	WRONG("-m x");
	WRONG("-m -5"); /* a huge number for strtoul */
	WRONG("-m");
}

static void numbers(void)
{
	RUNS("-n 3 -t 20 --next-timeout 5");
	CHECK_INT(o.count, 3);
	CHECK_INT(o.timeout, 20);
	CHECK_INT(o.next_timeout, 5);
	WRONG("-n 0");
	WRONG("-n -1");
	WRONG("-n 1x");
	WRONG("-t 99999999999999999999");
	WRONG("-n 2 -l");
}

static void combinations(void)
{
	WRONG("-o");
	RUNS("-o -d x");
	WRONG("-p _");
	WRONG("-i _");
}

static void around_the_boot(void)
{
	RUNS("-l --wait-disk");
	CHECK_INT(o.wait_disk, 60);
	RUNS("--wait-disk -l");
	CHECK_INT(o.wait_disk, 60);
	CHECK(o.loop);
	RUNS("--wait-disk=5 --exec ./flash.sh");
	CHECK_INT(o.wait_disk, 5);
	CHECK_STR(o.exec, "./flash.sh");
	RUNS("--list --json -p 1-1");
	CHECK(o.list && o.json && !o.follow);
	RUNS("--list --follow");
	CHECK(o.list && o.follow);
	WRONG("--follow");
	RUNS("");
	CHECK(!o.list && !o.json && !o.exec && !o.wait_disk);
	WRONG("--wait-disk=0");
	WRONG("--wait-disk=soon");
	WRONG("--exec");
	WRONG("--exec _");
	CHECK_INT(o.wait_for, WAIT_NONE);
	RUNS("--wait-for fastboot --wait-timeout 90");
	CHECK_INT(o.wait_for, WAIT_FASTBOOT);
	CHECK_INT(o.wait_timeout, 90);
	RUNS("--wait-for=rom");
	CHECK_INT(o.wait_for, WAIT_ROM);
	RUNS("--wait-for disk --flash x");
	CHECK_INT(o.wait_for, WAIT_DISK);
	WRONG("--wait-for");
	WRONG("--wait-for server");
	WRONG("--wait-timeout 5");
	WRONG("--wait-timeout 5 --wait-disk");
	WRONG("--wait-for disk --wait-disk");
	WRONG("--wait-for rom --wait-disk");
	WRONG("--wait-for rom --flash x");
	WRONG("--wait-for fastboot --backup x");
	RUNS("--flash x");
	CHECK_INT(o.via, VIA_AUTO);
	RUNS("--backup x --via=direct");
	CHECK_INT(o.via, VIA_DIRECT);
	RUNS("--flash x --via disk");
	CHECK_INT(o.via, VIA_DISK);
	WRONG("--via direct");
	WRONG("--flash x --via usb");
	CHECK_INT(parse("--udev"), OPTIONS_UDEV);
	RUNS("--driver");
	CHECK_INT(o.driver, DRIVER_SHOW);
	RUNS("--driver=install");
	CHECK_INT(o.driver, DRIVER_INSTALL);
	WRONG("--driver=remove");
}

static void help_and_version_act_when_reached(void)
{
	CHECK_INT(parse("-h -x"), OPTIONS_HELP);
	WRONG("-x -h");
	CHECK_INT(parse("--help"), OPTIONS_HELP);
	CHECK_INT(parse("-V"), OPTIONS_VERSION);
	CHECK_INT(parse("--version -x"), OPTIONS_VERSION);
	CHECK_INT(parse("-o -h"), OPTIONS_HELP);
}

static void errors_are_one_line(void)
{
	WRONG("-x");
	CHECK_STR(o.error, "unknown option '-x'");
	WRONG("-d");
	CHECK_STR(o.error, "option '-d' requires an argument: DIR");
}

static void paths_are_bus_and_ports(void)
{
	RUNS("-p 1-1 -p 12-1.3.15.2");
	WRONG("-p 1.1.3");
	WRONG("-p 1-1,1-2");
	CHECK_STR(o.error,
	          "--path: expected a USB path like 1-1.3, as --list shows it, not '1-1,1-2'");
	WRONG("-p /dev/bus/usb/001/004");
	WRONG("-p 1");
	WRONG("-p 1-");
	WRONG("-p 1-1.");
	WRONG("-p 1-1-2");
	WRONG("-p -1");
}

static void serials_are_8_or_16_digits(void)
{
	RUNS("-i b29d2da0 -i 10000000B29D2DA1");
	WRONG("-i b29d2da");
	WRONG("-i 10000000b29d2da01");
	WRONG("-i Broadcom");
	CHECK_STR(o.error,
	          "--serial: expected 8 or 16 hexadecimal digits, as --list shows them, not "
	          "'Broadcom'");
}

/* Boards as their owners name them; the product IDs and chips are those of docs/protocol.md. */
static void chips_have_many_names(void)
{
	static const struct {
		const char *name;
		unsigned product;
	} names[] = {
		{ "2711", 0x2711 },    { "bcm2712", 0x2712 }, { "0x2764", 0x2764 },
		{ "BCM2835", 0x2763 }, { "2837", 0x2764 },    { "cm4", 0x2711 },
		{ "CM4S", 0x2711 },    { "pi5", 0x2712 },     { "cm5", 0x2712 },
		{ "pi400", 0x2711 },   { "4b", 0x2711 },      { "500+", 0x2712 },
		{ "zero2w", 0x2764 },  { "cm3+", 0x2764 },    { "cm1", 0x2763 },
		{ "zero", 0x2763 },
	};
	char line[64];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(line, sizeof line, "--check --chip %s", names[i].name);
		RUNS(line);
		CHECK(o.chip && o.chip->product == names[i].product);
	}
	WRONG("--check --chip pi");
	WRONG("--check --chip cm");
	WRONG("--check --chip _");
	WRONG("--check --chip 3b");
	WRONG("--chip cm4");
}

static void the_likely_meaning_is_named(void)
{
	WRONG("mass-storage-gadget");
	CHECK_STR(o.error,
	          "unexpected word 'mass-storage-gadget'; did you mean -d mass-storage-gadget?");
	WRONG("-lv");
	CHECK_STR(o.error, "unknown option '-lv'; short options are separate: -l -v ...");
	WRONG("-xv");
	CHECK_STR(o.error, "unknown option '-xv'");
}

static void help_fits_the_terminal(void)
{
	char *text = NULL;
	size_t n, width = 0;
	FILE *f = open_memstream(&text, &n);
	options_help(f);
	fclose(f);
	for (const char *c = text; *c; c++) {
		width = *c == '\n' ? 0 : width + 1;
		CHECK(width <= 79);
	}
	CHECK(strstr(text, "--directory DIR") && strstr(text, "--next-timeout"));
	free(text);
}

int main(void)
{
	RUN(defaults);
	RUN(short_tokens);
	RUN(long_forms);
	RUN(ports);
	RUN(metadata_may_lack_its_directory);
	RUN(polls);
	RUN(numbers);
	RUN(combinations);
	RUN(around_the_boot);
	RUN(help_and_version_act_when_reached);
	RUN(errors_are_one_line);
	RUN(paths_are_bus_and_ports);
	RUN(serials_are_8_or_16_digits);
	RUN(chips_have_many_names);
	RUN(the_likely_meaning_is_named);
	RUN(help_fits_the_terminal);
	return tap_end();
}
