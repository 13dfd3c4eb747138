/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include "base/serial.h"
#include "bootdir/bootdir_hash.h"
#include "bootdir/enforce.h"
#include "cli/follow.h"
#include "cli/list.h"
#include "cli/observers.h"
#include "flash/backup.h"
#include "flash/frame.h"
#include "flash/image.h"
#include "formats/keyfile.h"
#include "platform/plat.h"
#include "bootdir/checks.h"
#include "platform/plat_disk.h"
#include "bootdir/findings.h"
#include "report/place_names.h"
#include "report/report.h"
#include "board/station.h"
#include "report/summary.h"
#include "report/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_SECONDS 60 /* of --wait-disk without a number, and --wait-for */

static bool command_is_same_path(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* The number of different texts in LIST. */
static unsigned command_count_different(const char *const *list, unsigned count,
                                        bool (*same)(const char *, const char *))
{
	unsigned n = 0;
	for (unsigned i = 0; i < count; i++) {
		unsigned j = 0;
		while (j < i && !same(list[j], list[i]))
			j++;
		n += j == i;
	}
	return n;
}

/* -l: no limit; -n; several selectors: as many boards as they can choose, and a serial number is one board whatever its path;
 * otherwise one. */
static unsigned command_wanted_boards(const struct options *o)
{
	if (o->loop)
		return 0;
	if (o->count)
		return (unsigned)o->count;
	if (o->serial_count)
		return command_count_different(o->serials, o->serial_count, serial_same);
	if (o->path_count)
		return command_count_different(o->paths, o->path_count, command_is_same_path);
	return 1;
}

/* --wait-disk, and what implies it; 0: disks are not waited for. */
static uint64_t command_disk_time(const struct options *o)
{
	unsigned long seconds = o->wait_disk ? o->wait_disk : o->wait_timeout;
	if (!o->wait_disk && !o->flash && !o->backup && o->wait_for != WAIT_DISK)
		return 0;
	return (seconds ? seconds : WAIT_SECONDS) * PLAT_SECOND;
}

static enum stage command_wanted_stage(const struct options *o)
{
	return o->wait_for == WAIT_FASTBOOT ? STAGE_FASTBOOT
	       : o->wait_for == WAIT_ROM    ? STAGE_BOOT_ROM
	                                    : STAGE_NONE;
}

/* Whether the operator named each board, and not a number or a group of them. */
static bool command_names_each(const struct options *o)
{
	for (unsigned i = 0; i < o->path_count; i++)
		if (strchr(o->paths[i], '*'))
			return false;
	return (o->path_count || o->serial_count) && !o->loop && !o->count;
}

static struct station_setup command_station_setup(const struct options *o, struct report *report,
                                                  const struct bootfiles_places *places)
{
	struct station_setup setup = {
		.report = report,
		.places = places,
		.metadata_directory = o->metadata_directory,
		.sign = o->sign,
		.path_count = o->path_count,
		.serial_count = o->serial_count,
		.port = o->port,
		.wanted = command_wanted_boards(o),
		.again = o->again,
		.timeout = o->timeout * PLAT_SECOND,
		.next_timeout = (o->next_timeout ? o->next_timeout : 60) * PLAT_SECOND,
		.poll = o->poll ? o->poll : 100 * PLAT_MS,
		.verbose = o->verbose,
		.sysfs = &sysfs_default,
		.after = {
			.disk_time = command_disk_time(o),
			.stage = command_wanted_stage(o),
			.stage_time = (o->wait_timeout ? o->wait_timeout : WAIT_SECONDS) * PLAT_SECOND,
			.named_each = command_names_each(o),
			.program = o->exec,
			.output_to_stderr = o->json,
			.flash = { .backup = o->backup,
			           .target = o->target,
			           .via = (enum flash_via)o->via,
			           .verify = o->verify == VERIFY_YES,
			           .eject = !o->no_eject,
			           .named = o->path_count || o->serial_count,
			           .newest = sysfs_disk_sequence(&sysfs_default) },
		},
	};
	memcpy(setup.paths, o->paths, sizeof setup.paths);
	memcpy(setup.serials, o->serials, sizeof setup.serials);
	return setup;
}

/* What a run of command_serve owns. */
struct command_run {
	const struct options *options;
	struct report *report;
	struct observers observers;
	struct place_names *names;
	struct summary boards;
	char host[256], hash[BOOTDIR_HASH_SIZE];
	struct report_run identity;
};

/* For the records only: reading a boot directory takes a moment. */
static void command_identify(struct command_run *run, const struct bootfiles_places *places,
                             const char *release)
{
	const struct options *o = run->options;
	char *directory = o->directory ? bootfiles_directory(o->directory, places->roots) : NULL;
	if (directory && (o->json || o->metrics))
		bootdir_hash(directory, run->hash);
	free(directory);
	plat_host_name(run->host, sizeof run->host);
	run->identity = (struct report_run){
		.host = run->host,
		.release = release,
		.directory = o->directory ? o->directory : "",
		.directory_hash = run->hash,
	};
}

/* Takes --expect-key, a hash or a file with one or with a key. */
static enum err command_expect_key(const char *key, struct enforce *enforce, struct report *report)
{
	uint8_t hash[RAWKEY_HASH], *bytes;
	uint64_t size;
	int64_t n = 0;
	int fd;
	bool known = keyfile_hash_text(key, hash);
	if (!known && plat_open(key, &fd, &size) == PLAT_FILE_OK) {
		bytes = malloc(KEYFILE_MAX);
		n = bytes ? plat_read_at(fd, 0, bytes, KEYFILE_MAX) : 0;
		known = n > 0 && keyfile_hash(bytes, (size_t)n, hash);
		free(bytes);
		plat_close(fd);
	}
	if (!known)
		return report_error(report, NULL, ERR_USAGE,
		                    "--expect-key: expected a key hash (64 hexadecimal digits), or "
		                    "a file with one or with a public key of 2048 bits, not '%s'",
		                    key);
	enforce_expect_key(enforce, hash);
	return OK;
}

/* What --wait-disk, --wait-for, --flash and --backup need; starts to decode the image. Reported. */
static enum err command_prepare_disks(const struct command_run *run, struct image **image)
{
	const struct options *o = run->options;
	const char *option = o->flash       ? "--flash"
	                     : o->backup    ? "--backup"
	                     : o->wait_disk ? "--wait-disk"
	                                    : "--wait-for";
	bool disk = o->flash || o->backup;
	bool host = o->wait_disk || o->wait_for == WAIT_DISK || o->wait_for == WAIT_FASTBOOT ||
	            (disk && o->via == VIA_DISK); /* needs the host's view of the board */
	if (disk && o->via == VIA_DISK && !plat_disk_supported())
		return report_error(run->report, NULL, ERR_USAGE,
		                    "--via disk works on Linux only; without it the program on the "
		                    "board writes (--via direct)");
	if (host && !sysfs_has_bus(&sysfs_default))
		return report_error(run->report, NULL, ERR_USAGE,
		                    "%s needs /sys of Linux, which is missing here", option);
	if (disk && !frame_available())
		return report_error(run->report, NULL, ERR_USAGE,
		                    "%s: this rpiboot was built without libzstd (Debian: apt-get "
		                    "install libzstd-dev, then make)",
		                    option);
	if (o->backup && !plat_can_write(o->backup))
		return report_error(run->report, NULL, ERR_BACKUP, "%s: %s", o->backup,
		                    strerror(errno));
	if (!o->flash)
		return OK;
	return image_open(&(struct image_setup){ .path = o->flash,
	                                         .spool = o->spool,
	                                         .sha256 = o->image_sha256,
	                                         .report = run->report },
	                  image);
}

/* --names. Reported. */
static enum err command_read_names(const char *file, struct report *report,
                                   struct place_names **names)
{
	char why[512];
	*names = place_names_read(file, why, sizeof why);
	return *names ? OK : report_error(report, NULL, ERR_USAGE, "--names: %s", why);
}

/* What must be right before the first board; everything wrong is reported. */
static enum err command_prepare(struct command_run *run, struct station_setup *setup)
{
	const struct options *o = run->options;
	if (o->exec && !plat_can_start(o->exec))
		return report_error(run->report, NULL, ERR_USAGE, "--exec %s: %s", o->exec,
		                    strerror(errno));
	enum err err = o->names ? command_read_names(o->names, run->report, &run->names) : OK;
	setup->names = run->names;
	if (!err && o->expect_key)
		err = command_expect_key(o->expect_key, setup->enforce, run->report);
	if (!err)
		err = enforce_run(setup->enforce);
	if (!err && o->backup) {
		setup->after.flash.backup_names = backup_names_new();
		if (!setup->after.flash.backup_names)
			err = report_error(run->report, NULL, ERR_MEMORY, "%s", o->backup);
	}
	return err ? err : command_prepare_disks(run, &setup->after.flash.image);
}

int command_serve(const struct options *o, const struct bootfiles_places *places,
                  const char *version, const char *release)
{
	struct command_run run = { .options = o, .report = report_new() };
	struct station_setup setup = command_station_setup(o, run.report, places);
	int status = outcome_status(ERR_MEMORY);
	setup.enforce = run.report ? enforce_new(places, o->sign, run.report) : NULL;
	setup.watchdog = plat_watchdog();
	command_identify(&run, places, release);
	if (setup.enforce && observers_add(&run.observers, run.report, o, &run.identity,
	                                   &run.boards, setup.wanted != 1)) {
		struct station_summary summary = { 0 };
		report_emit(run.report, &(struct event){ .kind = EV_START, .text = version });
		enum err err = command_prepare(&run, &setup);
		if (!err)
			station_run(&setup, &summary);
		status = err ? outcome_status(err) : summary.status;
		image_free(setup.after.flash.image); /* it reports, too */
		report_emit(run.report, &(struct event){ .kind = EV_SUMMARY,
		                                         .summary = &run.boards,
		                                         .code = (uint32_t)status });
	}
	backup_names_free(setup.after.flash.backup_names);
	enforce_free(setup.enforce);
	int error = observers_end(&run.observers, run.report);
	if (error)
		fprintf(stderr, "rpiboot: standard output: %s\n", strerror(error));
	summary_free(&run.boards);
	place_names_free(run.names);
	return error && status == 0 ? outcome_status(ERR_USAGE) : status;
}

int command_printed(int status)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "rpiboot: standard output: %s\n", strerror(errno ? errno : EIO));
	return status ? status : outcome_status(ERR_USAGE);
}

int command_check(const struct options *o, const struct bootfiles_places *places)
{
	struct findings findings;
	findings_init(&findings);
	enum err err = checks_directory(&findings, places, o->chip,
	                                o->path_count ? o->paths[0] : NULL);
	int status = outcome_status(err ? err : ERR_UNFIT);
	if (err)
		fprintf(stderr, "rpiboot: %s\n", err_text(err));
	else if (o->json)
		findings_print_json(&findings, stdout);
	else
		findings_print(&findings, o->quiet, stdout);
	if (!err && findings_fits_any(&findings))
		status = 0;
	findings_free(&findings);
	return command_printed(status);
}

int command_list(const struct options *o)
{
	struct report *report = report_new();
	struct station_setup setup = command_station_setup(o, report, NULL);
	struct report_text_options text = { .quiet = o->quiet, .out = stdout, .err = stderr };
	struct place_names *names = NULL;
	enum err err = ERR_MEMORY;
	if (report) {
		report_add(report, report_text_new(&text));
		err = o->names ? command_read_names(o->names, report, &names) : OK;
		setup.names = names;
		if (!err)
			err = o->follow ? follow_run(&setup, o->json, stdout)
			                : list_run(&setup, o->json, stdout);
	}
	report_free(report);
	place_names_free(names);
	return outcome_status(err);
}
