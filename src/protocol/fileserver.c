/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/fileserver.h"

#include "report/diagnose.h"
#include "platform/plat.h"
#include "base/str.h"
#include "formats/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REQUEST_TIME  (60 * PLAT_SECOND)
#define GUESS_TIME    (10 * PLAT_SECOND)  /* for the first request of what may be a boot ROM */
#define EEPROM_TIME   (600 * PLAT_SECOND) /* flash memory takes minutes in the worst case */
#define NOTICE_TIME   (10 * PLAT_SECOND)
#define EEPROM_NOTICE (30 * PLAT_SECOND)
#define GONE_TIME     (2 * PLAT_SECOND) /* after a transfer error: does the board leave? */
#define PAUSE_MIN     (100 * PLAT_MS)   /* between reads that fail */
#define PAUSE_MAX     PLAT_SECOND
#define BAD_MESSAGES  3     /* in a row */
#define MAX_REQUESTS  20000 /* real boards ask for some dozens */
#define MAX_SOURCES   64
#define MAX_IMAGES    8

#define EEPROM_ADVICE                                                                            \
	"The EEPROM may still be being written: leave the power on for some minutes, then look " \
	"whether the board boots."

/* What decides whether a board that leaves without Done has all that it needs: boot.img and the start files. */
struct image {
	char name[WIRE_NAME];
	bool found, sent;
};

struct server {
	const struct session *session;
	struct fileserver_result *result;
	struct metadata_directory *directory;
	char *metadata_path; /* claimed; NULL: no metadata yet, or no directory */
	struct metadata metadata;
	bool open; /* a file is, since the last GetFileSize */
	struct bootfile file;
	char name[WIRE_NAME];        /* of it */
	char *reported[MAX_SOURCES]; /* names whose source was reported */
	unsigned reported_count, requests, answered, bad;
	uint64_t failing_since, pause; /* request reads fail; 0: they do not */
	bool ended;
	bool met;       /* the board is reported: it asked for something, or an error is */
	bool file_last; /* the last request but metadata was for a file, which was sent whole */
	struct image images[MAX_IMAGES];
	unsigned image_count;
	struct intent_config config; /* of the config.txt that was sent */
	struct diagnose_requests asked;
};

/* --- the board */

/* Reports the board, unless that was done. */
static void fileserver_meet(struct server *v)
{
	const struct session *s = v->session;
	if (v->met)
		return;
	v->met = true;
	if (!*s->attached)
		report_emit(s->report, &(struct event){ .kind = EV_ATTACHED, .board = s->board });
	*s->attached = true;
	report_emit(s->report, &(struct event){ .kind = EV_STAGE, .board = s->board });
}

/* The advice for an error of the board, which is met by it; NULL: the error's own. While the board may be writing its
 * EEPROM, nothing advises taking the power away. */
static const char *fileserver_advice(struct server *v)
{
	fileserver_meet(v);
	return v->result->eeprom_served && !v->result->done ? EEPROM_ADVICE : NULL;
}

#define fileserver_error(v, err, ...)                                         \
	report_error_advice((v)->session->report, (v)->session->board, (err), \
	                    fileserver_advice(v), __VA_ARGS__)

static bool fileserver_is_image(const char *name)
{
	size_t n = strlen(name);
	return strcmp(name, "boot.img") == 0 ||
	       (strncmp(name, "start", 5) == 0 && n > 8 && strcmp(name + n - 4, ".elf") == 0);
}

/* Notes what became of a request for NAME, if it is one of those that decide. */
static void fileserver_note_image(struct server *v, const char *name, bool found, bool sent)
{
	unsigned i = 0;
	if (!fileserver_is_image(name))
		return;
	while (i < v->image_count && strcmp(v->images[i].name, name) != 0)
		i++;
	if (i == MAX_IMAGES)
		return;
	if (i == v->image_count)
		memcpy(v->images[v->image_count++].name, name, strlen(name) + 1);
	v->images[i].found = found;
	v->images[i].sent = v->images[i].sent || sent;
}

/* --- requests */

static void fileserver_close_file(struct server *v)
{
	if (v->open)
		bootfile_close(&v->file);
	v->open = false;
}

static bool fileserver_first_use(struct server *v, const char *name)
{
	for (unsigned i = 0; i < v->reported_count; i++)
		if (strcmp(v->reported[i], name) == 0)
			return false;
	if (v->reported_count < MAX_SOURCES &&
	    (v->reported[v->reported_count] = str_new("%s", name)))
		v->reported_count++;
	return true;
}

static enum err fileserver_answer_nothing(struct server *v)
{
	return transfer_announce(v->session->bootdev, 0, TRANSFER_ATTEMPTS);
}

/* Opens NAME as the server's file. *FOUND: it is there. */
static enum err fileserver_open_file(struct server *v, const char *name, bool *found)
{
	const struct session *s = v->session;
	fileserver_close_file(v);
	*found = false;
	enum lookup_result answer = bootfiles_find(s->files, name, &v->file);
	if (answer == BOOTFILE_DENIED) {
		report_warning(s->report, s->board, "name-denied",
		               "Denying request for %s: not a plain name within the boot directory",
		               name);
		return OK;
	}
	if (answer == BOOTFILE_PRIVATE) {
		report_warning(s->report, s->board, "private-key",
		               "Denying request for %s: it holds a private key. Move it out of the "
		               "boot directory",
		               name);
		return OK;
	}
	if (answer == BOOTFILE_FOUND) {
		if (fileserver_first_use(v, name))
			session_report_source(s, name, &v->file);
		v->open = *found = true;
		memcpy(v->name, name, strlen(name) + 1);
		return OK;
	}
	enum err err = answer == BOOTFILE_FAILED ? session_unfit(s, &v->file) : OK;
	if (!err && v->file.skipped && fileserver_first_use(v, name))
		session_report_source(s, name, &v->file);
	bootfile_close(&v->file);
	return err;
}

static enum err fileserver_get_size(struct server *v, const char *name)
{
	const struct session *s = v->session;
	bool found;
	enum err err = fileserver_open_file(v, name, &found);
	if (err)
		return err;
	struct event e = { .kind = found ? EV_FILE_SIZE : EV_FILE_ABSENT,
		           .board = s->board,
		           .name = name };
	if (found)
		e.size = v->file.size;
	v->file_last = false;
	fileserver_note_image(v, name, found, false);
	report_emit(s->report, &e);
	struct finding strange;
	diagnose_request(&v->asked, name, found, &strange);
	diagnose_report(s->report, s->board, OK, &strange);
	return transfer_announce(s->bootdev, (uint32_t)e.size, TRANSFER_ATTEMPTS);
}

static enum err fileserver_send_file(struct server *v, const char *name)
{
	const struct session *s = v->session;
	uint32_t sent;
	if (v->file.size == 0)
		report_warning(s->report, s->board, "empty-file", "%s is empty", name);
	v->file_last = false;
	enum err err = session_send(s, name, &v->file, &sent);
	if (!err) {
		v->result->files++;
		v->result->bytes += sent;
		v->file_last = true;
		fileserver_note_image(v, name, true, true);
		if (strcmp(name, "pieeprom.bin") == 0 || strcmp(name, "pieeprom.upd") == 0)
			v->result->eeprom_served = true;
		if (strcmp(name, "config.txt") == 0)
			intent_read_config(&v->file, s->board->chip, &v->config);
	} else if (err != ERR_INTERRUPTED && err != ERR_FILE_CHANGED && err != ERR_FILE_READ) {
		fileserver_error(
			v, err, "Failed to write complete file to USB device: %s, %lu of %lu bytes",
			name, (unsigned long)sent, (unsigned long)v->file.size);
		err = err == ERR_USB_GONE ? ERR_BOARD_LOST : ERR_SEND;
	}
	fileserver_close_file(v);
	return err;
}

static enum err fileserver_read_file(struct server *v, const char *name)
{
	if (!v->open || strcmp(v->name, name) != 0) {
		bool found;
		enum err err = fileserver_open_file(v, name, &found);
		if (err)
			return err;
		if (!found) {
			v->file_last = false;
			fileserver_note_image(v, name, false, false);
			return fileserver_answer_nothing(v);
		}
	}
	return fileserver_send_file(v, name);
}

static enum err fileserver_take_metadata(struct server *v, const char *name)
{
	const struct session *s = v->session;
	const char *key = NULL, *value = NULL;
	if (s->board->chip->metadata)
		switch (metadata_add(&v->metadata, name, &key, &value)) {
		case METADATA_KEPT:
			report_emit(s->report, &(struct event){ .kind = EV_METADATA,
			                                        .board = s->board,
			                                        .name = key,
			                                        .text = value });
			if (v->directory && !v->metadata_path)
				v->metadata_path = metadata_directory_claim(
					v->directory, s->board->server_serial, s->board->path);
			break;
		case METADATA_BAD:
			report_warning(s->report, s->board, "factory-uuid",
			               "cannot decode the board's FACTORY_UUID: left out: %s",
			               name);
			break;
		case METADATA_FULL:
			report_warning(s->report, s->board, "metadata-full",
			               "too much metadata: left out: %s", name);
			break;
		case METADATA_NOTHING:
			break;
		}
	return fileserver_answer_nothing(v);
}

static enum err fileserver_answer(struct server *v, const struct wire_request *request)
{
	const struct session *s = v->session;
	fileserver_meet(v);
	report_debug(s->report, s->board, 1, "Received message %s: %s",
	             wire_command_name(request->command), request->name);
	if (++v->requests > MAX_REQUESTS)
		return report_error(s->report, s->board, ERR_ENDLESS, "%u requests", v->requests);
	v->bad = 0;
	v->answered++;
	if (request->command == WIRE_DONE) {
		v->ended = v->result->done = true;
		return OK;
	}
	if (*request->name == '*')
		return fileserver_take_metadata(v, request->name);
	return request->command == WIRE_READ_FILE ? fileserver_read_file(v, request->name)
	                                          : fileserver_get_size(v, request->name);
}

/* --- messages */

static enum err fileserver_bad_message(struct server *v, const char *what)
{
	const struct session *s = v->session;
	if (++v->bad >= BAD_MESSAGES)
		return fileserver_error(v, ERR_GARBAGE, "%s, %u times in a row", what, v->bad);
	report_warning(s->report, s->board, "bad-request", "%s: asking again", what);
	return OK;
}

static enum err fileserver_take_message(struct server *v, const uint8_t *bytes, size_t n)
{
	struct wire_request request;
	switch (wire_request(bytes, n, &request)) {
	case WIRE_OK:
		return fileserver_answer(v, &request);
	case WIRE_EMPTY_NAME:
		if (v->answered == 0)
			return fileserver_bad_message(v, "a request without a name");
		v->ended = v->result->done = true;
		transfer_announce(v->session->bootdev, 0, 1); /* the board may already be gone */
		return OK;
	case WIRE_WRONG_LENGTH:
		return fileserver_bad_message(v, "a request of the wrong length");
	case WIRE_UNKNOWN_COMMAND:
		return fileserver_bad_message(v, "Unknown message");
	case WIRE_BAD_NAME:
	default:
		return fileserver_bad_message(v, "a request with an unprintable name");
	}
}

static uint64_t fileserver_request_time(const struct server *v)
{
	if (v->session->guessed && v->requests == 0)
		return GUESS_TIME;
	return v->result->eeprom_served ? EEPROM_TIME : REQUEST_TIME;
}

static void fileserver_report_wait(struct server *v, uint64_t waited)
{
	const struct session *s = v->session;
	report_notice(s->report, s->board, "no request for %u seconds, still waiting%s",
	              (unsigned)(waited / PLAT_SECOND),
	              v->result->eeprom_served
	                      ? " (writing the EEPROM can take minutes: the power must stay on)"
	                      : "");
}

/* Waits for the request that was begun. It is never cancelled early: the late answer would shift all that follow. */
static enum err fileserver_await_request(struct server *v, const uint8_t **bytes, size_t *n)
{
	const struct session *s = v->session;
	uint64_t start = plat_now(), limit = fileserver_request_time(v);
	uint64_t notice = v->result->eeprom_served ? EEPROM_NOTICE : NOTICE_TIME;
	enum err err;
	for (;;) {
		uint64_t until = notice < limit ? notice : limit;
		err = transfer_read_end(s->bootdev, start + until, bytes, n);
		if (err != ERR_USB_TIMEOUT || until >= limit)
			break;
		fileserver_report_wait(v, until);
		notice = v->result->eeprom_served ? notice + EEPROM_NOTICE : limit;
	}
	if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED)
		transfer_read_cancel(s->bootdev);
	return err;
}

static bool fileserver_status_is_success(const struct server *v, const char *key)
{
	const char *value = metadata_get(&v->metadata, key);
	return value && strcmp(value, "success") == 0;
}

/* A recovery program that left without Done. */
static enum err fileserver_left_recovery(struct server *v)
{
	if (fileserver_status_is_success(v, v->config.erases ? "EEPROM_ERASE" : "EEPROM_UPDATE"))
		return OK;
	if (v->config.reboots) {
		v->result->end = FILESERVER_REBOOTS;
		return OK;
	}
	return fileserver_error(v, ERR_BOARD_LOST, "it left before it reported the EEPROM %s",
	                        v->config.erases ? "erase" : "update");
}

/* The image that the board asked for and did not get, or whose size it got and that it did not read. NULL: none. */
static const struct image *fileserver_missed_image(const struct server *v)
{
	const struct image *missed = NULL;
	bool sent = false;
	for (unsigned i = 0; i < v->image_count; i++)
		sent = sent || v->images[i].sent;
	for (unsigned i = 0; i < v->image_count; i++) {
		const struct image *image = &v->images[i];
		/* a start file may be inside boot.img, or have a name that another firmware has */
		bool needed = image->found || !sent || strcmp(image->name, "boot.img") == 0;
		if (!image->sent && needed)
			missed = image;
	}
	return missed;
}

/* The board left the bus while nothing was pending. */
static enum err fileserver_left(struct server *v)
{
	const struct session *s = v->session;
	const struct image *missed = fileserver_missed_image(v);
	v->ended = true;
	if (v->answered == 0) {
		v->result->end = s->found_running ? FILESERVER_NOBODY : FILESERVER_VANISHED;
		return OK;
	}
	if (v->result->eeprom_served || (s->intent->recovery && v->config.erases))
		return fileserver_left_recovery(v);
	if (s->intent->recovery && (s->intent->has_eeprom || v->metadata.count > 0))
		return OK; /* judged at the end */
	if (missed && !missed->found)
		return report_error(s->report, s->board, ERR_NO_BOOT_FILE,
		                    "it asked for %s, which is not there, and left", missed->name);
	if (missed)
		return report_error(s->report, s->board, ERR_BOARD_LOST,
		                    "it left before %s was sent", missed->name);
	if (v->file_last)
		return OK;
	return report_error(s->report, s->board, ERR_BOARD_LOST, "%s",
	                    v->result->files ? "it left after a request that was not for a file"
	                                     : "it left before a file was sent");
}

/* A read that failed. A board that leaves often begins with an error; one that stays gets time to recover. */
static enum err fileserver_read_again(struct server *v, enum err err)
{
	const struct session *s = v->session;
	uint64_t now = plat_now();
	bool first = v->failing_since == 0;
	if (first) {
		v->failing_since = now;
		v->pause = PAUSE_MIN;
	}
	if (s->gone(s->ctx, first && err == ERR_USB_IO ? GONE_TIME : v->pause))
		return fileserver_left(v);
	if (first)
		report_warning(s->report, s->board, "bad-request", "%s: asking again",
		               err_text(err));
	else if (v->pause < PAUSE_MAX)
		v->pause *= 2;
	if (now - v->failing_since < fileserver_request_time(v))
		return OK;
	return fileserver_error(v, err, "requests could not be read for %u seconds",
	                        (unsigned)((now - v->failing_since) / PLAT_SECOND));
}

/* Reports a reply that could not be given; everything else is reported already. */
static enum err fileserver_report_reply(struct server *v, enum err err)
{
	switch (err) {
	case ERR_USB_GONE:
		return fileserver_error(v, ERR_BOARD_LOST, "it left during a reply");
	case ERR_USB_STALL:
	case ERR_USB_IO:
	case ERR_USB_TIMEOUT:
	case ERR_USB_OVERFLOW:
	case ERR_USB_BUSY:
	case ERR_USB_ACCESS:
	case ERR_USB_DRIVER:
	case ERR_USB_MEMORY:
		return fileserver_error(v, err, "the board does not take a reply");
	default:
		return err;
	}
}

static enum err fileserver_next_request(struct server *v)
{
	const struct session *s = v->session;
	const uint8_t *bytes;
	size_t n;
	enum err err = transfer_read_begin(s->bootdev, WIRE_REQUEST);
	if (!err)
		err = fileserver_await_request(v, &bytes, &n);
	switch (err) {
	case OK:
		v->failing_since = 0;
		return fileserver_report_reply(v, fileserver_take_message(v, bytes, n));
	case ERR_INTERRUPTED:
		return err;
	case ERR_USB_GONE:
		return fileserver_left(v);
	case ERR_USB_TIMEOUT:
		if (s->guessed && v->requests == 0) {
			v->result->end = FILESERVER_SILENT;
			v->ended = true;
			return OK;
		}
		return fileserver_error(v, ERR_BOARD_LOST, "no request for %u seconds",
		                        (unsigned)(fileserver_request_time(v) / PLAT_SECOND));
	default:
		return fileserver_read_again(v, err);
	}
}

/* --- the end */

static void fileserver_publish(struct server *v)
{
	const struct session *s = v->session;
	if (v->metadata.count == 0) {
		if (v->directory && v->result->eeprom_served)
			report_notice(s->report, s->board, "the board sent no metadata");
		return;
	}
	struct event e = { .kind = EV_METADATA_FILE,
		           .board = s->board,
		           .where = v->metadata_path,
		           .metadata = &v->metadata };
	int code = v->metadata_path ? metadata_publish(&v->metadata, v->metadata_path) : 0;
	if (code) {
		report_warning(s->report, s->board, "metadata-file",
		               "Failed to create metadata file: %s: %s", v->metadata_path,
		               strerror(code));
		report_notice(s->report, s->board, "Writing to stdout instead...");
		e.where = NULL;
	}
	if (!e.where)
		e.kind = EV_METADATA_OUTPUT;
	report_emit(s->report, &e);
	if (e.where) { /* the board keeps its name: another board with its serial gets another */
		v->result->metadata_path = v->metadata_path;
		v->metadata_path = NULL;
	}
}

/* Whether a board that was to be locked to a key is. */
static enum err fileserver_check_lock(struct server *v)
{
	const struct session *s = v->session;
	const char *hash = metadata_get(&v->metadata, "CUSTOMER_KEY_HASH");
	if (!v->config.locks)
		return OK;
	if (hash && hash[strspn(hash, "0")] == 0)
		return fileserver_error(
			v, ERR_BOARD_REPORTS,
			"the board is not locked: program_pubkey is set, CUSTOMER_KEY_HASH is zero");
	const char *key = s->intent->key;
	if (hash && *key && strcasecmp(hash, key) != 0)
		return fileserver_error(v, ERR_BOARD_REPORTS,
		                        "the board is locked to another key: CUSTOMER_KEY_HASH is "
		                        "%s, the key in pieeprom.bin has %s",
		                        hash, key);
	if (!hash && !fileserver_status_is_success(v, "SECURE_BOOT_PROVISION"))
		report_warning(s->report, s->board, "lock-not-confirmed",
		               "program_pubkey is set, but the board did not confirm that it is "
		               "locked: read its CUSTOMER_KEY_HASH");
	return OK;
}

/* What the board itself reports, and whether its recovery program did what it was there for. */
static enum err fileserver_judge(struct server *v)
{
	const struct intent *intent = v->session->intent;
	const char *failed = metadata_failed_key(&v->metadata);
	if (failed)
		return fileserver_error(v, ERR_BOARD_REPORTS, "%s is \"%s\"", failed,
		                        metadata_get(&v->metadata, failed));
	if (!intent->recovery)
		return OK;
	bool reported = fileserver_status_is_success(v, "EEPROM_UPDATE") ||
	                fileserver_status_is_success(v, "EEPROM_ERASE");
	if (intent->has_eeprom && !v->result->eeprom_served && !reported && !v->config.erases)
		return report_error(v->session->report, v->session->board, ERR_NOT_WRITTEN,
		                    "it ended without reading pieeprom.bin");
	return fileserver_check_lock(v);
}

static enum err fileserver_finish(struct server *v, enum err err)
{
	const struct session *s = v->session;
	if (err == ERR_INTERRUPTED && v->result->eeprom_served)
		report_warning(s->report, s->board, "eeprom-write",
		               "the EEPROM may be being written: removing power now can leave the "
		               "board without a boot loader");
	if (err == ERR_INTERRUPTED && s->found_running && !v->met)
		v->result->end = FILESERVER_NOBODY;
	bool took_place = v->result->end == FILESERVER_OVER || v->result->end == FILESERVER_REBOOTS;
	if (err || !took_place)
		return err;
	fileserver_publish(v);
	err = fileserver_judge(v);
	if (err) {
		v->result->end = FILESERVER_OVER;
		return err;
	}
	if (v->result->end == FILESERVER_OVER)
		report_emit(s->report, &(struct event){ .kind = EV_SERVED,
		                                        .board = s->board,
		                                        .files = v->result->files,
		                                        .bytes = v->result->bytes });
	return OK;
}

enum err fileserver_run(const struct session *s, struct metadata_directory *directory,
                        struct fileserver_result *result)
{
	*result = (struct fileserver_result){ 0 };
	struct server v = { .session = s, .result = result, .directory = directory };
	enum err err = OK;
	if (!s->found_running && !s->guessed)
		fileserver_meet(&v);
	while (!err && !v.ended)
		err = fileserver_next_request(&v);
	err = fileserver_finish(&v, err);
	fileserver_close_file(&v);
	for (unsigned i = 0; i < v.reported_count; i++)
		free(v.reported[i]);
	metadata_directory_release(directory, v.metadata_path);
	metadata_free(&v.metadata);
	return err;
}
