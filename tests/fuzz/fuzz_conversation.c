/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs of the station against hostile boards (hostile.h), in virtual time: every run ends in bounded time with a
 * documented status and nothing open, boards get announced bytes of the boot directory only, metadata documents are whole,
 * every event is a line of valid JSON, and nothing a board says reaches the terminal as a control character. "SHOW=1 build/fuzz/fuzz_conversation FILE" shows the lines of a run. */
#include "hostile.h"
#include "jsoncheck.h"
#include "platform/atomic_file.h"
#include "platform/plat.h"
#include "scratch.h"
#include "sim.h"
#include "board/station.h"
#include "formats/wire.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Flags of a script's first byte (hostile.h has the others). */
enum { SIGNED = HOSTILE_FLAGS, MANY = 16, SERIALS = 32, FOREVER = 64, VERBOSE = 128 };

/* The boot directory: of sizes that tell one file from another. */
static const struct {
	const char *name;
	size_t size;
} wanted[] = {
	{ "boot/bootcode.bin", 900 },
	{ "boot/2711/bootcode4.bin", 1000 },
	{ "boot/bootcode5.bin", 1100 },
	{ "boot/bootcode.sig", 20 },
	{ "boot/config.txt", 30 },
	{ "boot/start4.elf", 5000 },
	{ "boot/pieeprom.bin", 1 },
	{ "boot/boot.img", 1024 * 1024 + 4097 },
	{ "boot/1-1.1/config.txt", 40 },
	{ "secret", 777 },
	{ "boot/empty", 0 },
};
#define FILES (sizeof wanted / sizeof *wanted)

static const char *const names[] = {
	"config.txt",
	"pieeprom.bin",
	"boot.img",
	"start4.elf",
	"absent",
	"empty",
	"../secret",
	"2711/../../secret",
	"/etc/hostname",
	"2711",
	"*EEPROM_UPDATE*success",
	"*EEPROM_UPDATE*fail",
	"*FACTORY_UUID*1",
	"*A*\"\\\xff",
	"*KEY*VALUE",
	"*",
	"config.txt/",
	"./config.txt",
	"bootcode5.bin",
	"\xc2\x9b",
};

/* The boards are not on this machine's bus. */
static const struct sysfs nowhere = { "/nonexistent", "/nonexistent", "/nonexistent",
	                              "/nonexistent", plat_now };

static const char *directory;
static char boot[220], metadata[220];
static struct hostile_file files[FILES + 1];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	directory = scratch_make();
	snprintf(boot, sizeof boot, "%s/boot", directory);
	snprintf(metadata, sizeof metadata, "%s/metadata", directory);
	scratch_directory("metadata");
	scratch_directory("boot");
	scratch_directory("boot/2711");
	scratch_directory("boot/1-1.1");
	for (size_t i = 0; i < FILES; i++) {
		char path[400];
		uint8_t *bytes = malloc(wanted[i].size + 1);
		if (!bytes)
			abort();
		for (size_t k = 0; k < wanted[i].size; k++)
			bytes[k] = (uint8_t)(k * 31 + (k >> 8) + i);
		snprintf(path, sizeof path, "%s/%s", directory, wanted[i].name);
		if (atomic_file_write(path, bytes, wanted[i].size, 0666) != 0)
			abort();
		if (strcmp(wanted[i].name, "secret") != 0)
			files[i] = (struct hostile_file){ wanted[i].size, bytes };
		else
			free(bytes);
	}
	files[FILES] = (struct hostile_file){ WIRE_BOOT_MESSAGE, NULL };
	sim_begin();
	return 0;
}

/* Every document is whole and has a plain name; nothing else is left in the directory. */
static void check_documents(void)
{
	DIR *dir = opendir(metadata);
	scratch_require(dir, "the metadata folder is gone");
	for (struct dirent *e; (e = readdir(dir));) {
		static char text[200000];
		char path[600];
		size_t n = strlen(e->d_name);
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		scratch_require(n > 5 && strcmp(e->d_name + n - 5, ".json") == 0,
		                "a file of a strange name");
		snprintf(path, sizeof path, "%s/%s", metadata, e->d_name);
		FILE *in = fopen(path, "rb");
		scratch_require(in, "a document cannot be read");
		n = fread(text, 1, sizeof text - 1, in);
		fclose(in);
		text[n] = 0;
		scratch_require(n > 0 && strlen(text) == n && jsoncheck(text),
		                "a document is no valid JSON");
		unlink(path);
	}
	closedir(dir);
}

static void check_summary(const struct station_summary *s, unsigned wants)
{
	static const int statuses[] = { 0, 1, 2, 3, 4, 130, 255 };
	bool known = false;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		known = known || s->status == statuses[i];
	scratch_require(known, "a status that is not documented");
	scratch_require(s->status != 0 || (s->failed == 0 && s->succeeded >= wants),
	                "a status too good");
	scratch_require(hostile_open_handles() == 0, "an open device");
}

/* TEXT is cut into its lines. */
static void check_events(char *text)
{
	for (char *rest, *event = strtok_r(text, "\n", &rest); event;
	     event = strtok_r(NULL, "\n", &rest))
		scratch_require(*event == '{' && jsoncheck(event), "an event is no valid JSON");
}

struct output {
	char *text;
	size_t size;
	FILE *stream;
};

static void output_open(struct output *o)
{
	*o = (struct output){ .text = NULL };
	o->stream = open_memstream(&o->text, &o->size);
	scratch_require(o->stream, "out of memory");
}

static void serve(uint8_t flags)
{
	static const char *const no_roots[] = { NULL };
	struct bootfiles_places places = { boot, flags & MANY, no_roots };
	struct output out, err, events;
	output_open(&out);
	output_open(&err);
	output_open(&events);
	struct report *report = report_new();
	scratch_require(report, "out of memory");
	int verbose = flags & VERBOSE ? 2 : 0;
	struct report_text_options lines = {
		.verbose = verbose, .prefix = flags & MANY, .out = out.stream, .err = err.stream
	};
	report_add(report, report_text_new(&lines));
	report_add(report, report_json_new(&(struct report_json_options){ .verbose = verbose,
	                                                                  .out = events.stream }));
	struct station_setup setup = { .report = report,
		                       .places = &places,
		                       .metadata_directory = metadata,
		                       .sign = flags & SIGNED,
		                       .port = -1,
		                       .wanted = flags & FOREVER ? 0
		                                 : flags & MANY  ? 2
		                                                 : 1,
		                       .sysfs = &nowhere,
		                       .next_timeout = 60 * PLAT_SECOND,
		                       .poll = 60 * PLAT_SECOND };
	if (flags & SERIALS) {
		setup.serials[0] = "10000000b29d2da0";
		setup.serial_count = 1;
	}
	struct station_summary summary;
	station_run(&setup, &summary);
	report_free(report);
	fclose(out.stream);
	fclose(err.stream);
	fclose(events.stream);
	if (getenv("SHOW"))
		printf("%s%s%sstatus %d\n", out.text, err.text, events.text, summary.status);
	scratch_require_printable(out.text);
	scratch_require_printable(err.text);
	check_events(events.text);
	check_summary(&summary, setup.wanted ? setup.wanted : 1);
	free(out.text);
	free(err.text);
	free(events.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct hostile_script script = {
		.bytes = data,
		.size = size,
		.files = files,
		.file_count = FILES + 1,
		.names = names,
		.name_count = sizeof names / sizeof *names,
	};
	hostile_play(&script);
	/* each answer may take a minute, a device a few more to be given up */
	size_t answers = size + (data[0] & HOSTILE_LOOPS ? HOSTILE_CALLS : 0) + 1200;
	sim_end_at(plat_now() + answers * 130 * PLAT_SECOND);
	serve(data[0]);
	sim_interrupt_at(0);
	check_documents();
	return 0;
}
