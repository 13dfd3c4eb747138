/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/fileserver.h"

#include "report/diagnose.h"
#include "platform/plat.h"
#include "base/str.h"
#include "formats/wire.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_TIME (60 * PLAT_SECOND) /* an EEPROM write pauses for tens of seconds */
#define NOTICE_TIME  (10 * PLAT_SECOND)
#define GONE_TIME    (2 * PLAT_SECOND) /* after an error on the wire: does the board leave? */
#define BAD_MESSAGES 3                 /* in a row */
#define MAX_REQUESTS 20000             /* real boards ask for some dozens */
#define TOLD_SOURCES 64

struct server {
	const struct session *session;
	struct fileserver_result *result;
	struct metadata_directory *directory;
	char *metadata_path; /* claimed; NULL: no metadata yet, or no directory */
	struct metadata metadata;
	bool open; /* a file is, since the last GetFileSize */
	struct bootfile file;
	char name[WIRE_NAME];     /* of it */
	char *told[TOLD_SOURCES]; /* names whose source was told */
	unsigned told_count, requests, answered, bad;
	bool ended;
	struct diagnose_requests asked;
};

/* --- requests */

static void fileserver_close_file(struct server *v)
{
	if (v->open)
		bootfile_close(&v->file);
	v->open = false;
}

static bool fileserver_first_use(struct server *v, const char *name)
{
	for (unsigned i = 0; i < v->told_count; i++)
		if (strcmp(v->told[i], name) == 0)
			return false;
	if (v->told_count < TOLD_SOURCES && (v->told[v->told_count] = str_new("%s", name)))
		v->told_count++;
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
		               "Denying request for %s: the name leaves the boot folder", name);
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
	enum err err = session_send(s, name, &v->file, &sent);
	if (!err) {
		v->result->files++;
		v->result->bytes += sent;
		if (strcmp(name, "pieeprom.bin") == 0)
			v->result->eeprom_served = true;
	} else if (err != ERR_INTERRUPTED && err != ERR_FILE_CHANGED && err != ERR_FILE_READ) {
		report_error(s->report, s->board, err,
		             "Failed to write complete file to USB device: %s, %lu of %lu bytes",
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
		if (!found)
			return fileserver_answer_nothing(v);
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
					v->directory, s->board->serial, s->board->path);
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
		return report_error(s->report, s->board, ERR_GARBAGE, "%s, %u times in a row", what,
		                    v->bad);
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

/* Waits for the request that was begun. It is never cancelled early: the late answer would shift all that follow. */
static enum err fileserver_await_request(struct server *v, const uint8_t **bytes, size_t *n)
{
	const struct session *s = v->session;
	uint64_t start = plat_now();
	enum err err = transfer_read_end(s->bootdev, start + NOTICE_TIME, bytes, n);
	if (err == ERR_USB_TIMEOUT) {
		report_notice(s->report, s->board, "no request for 10 seconds, still waiting%s",
		              v->result->eeprom_served
		                      ? " (writing the EEPROM takes its time: keep the power on)"
		                      : "");
		err = transfer_read_end(s->bootdev, start + REQUEST_TIME, bytes, n);
	}
	if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED)
		transfer_read_cancel(s->bootdev);
	return err;
}

/* The board left the bus while nothing was pending. */
static enum err fileserver_left(struct server *v)
{
	const struct session *s = v->session;
	const struct fileserver_result *r = v->result;
	const char *update = metadata_get(&v->metadata, "EEPROM_UPDATE");
	v->ended = true;
	if (r->files > 0 && !(r->eeprom_served && !(update && strcmp(update, "success") == 0)))
		return OK;
	return report_error(s->report, s->board, ERR_BOARD_LOST, "%s",
	                    r->eeprom_served ? "it left before it reported the EEPROM update"
	                                     : "it left before a file was sent");
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
		return fileserver_take_message(v, bytes, n);
	case ERR_INTERRUPTED:
		return err;
	case ERR_USB_GONE:
		return fileserver_left(v);
	case ERR_USB_TIMEOUT:
		return report_error(s->report, s->board, ERR_BOARD_LOST,
		                    "no request for 60 seconds");
	default:
		/* a board that leaves often begins with an error; one that stays gets time to recover */
		if (s->gone(s->ctx, err == ERR_USB_IO ? GONE_TIME : 100 * PLAT_MS << 2 * v->bad))
			return fileserver_left(v);
		return fileserver_bad_message(v, err_text(err));
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
	if (e.where)
		v->result->metadata_path = str_new("%s", e.where);
	else
		e.kind = EV_METADATA_OUTPUT;
	report_emit(s->report, &e);
}

static enum err fileserver_finish(struct server *v, enum err err)
{
	const struct session *s = v->session;
	if (err == ERR_INTERRUPTED && v->result->eeprom_served)
		report_warning(s->report, s->board, "eeprom-write",
		               "the EEPROM may be being written: removing power now can leave the "
		               "board without a boot loader");
	if (err)
		return err;
	fileserver_publish(v);
	const char *complaint = metadata_failed_key(&v->metadata);
	if (complaint)
		return report_error(s->report, s->board, ERR_BOARD_REPORTS, "%s is \"%s\"",
		                    complaint, metadata_get(&v->metadata, complaint));
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
	report_emit(s->report, &(struct event){ .kind = EV_STAGE, .board = s->board });
	while (!err && !v.ended)
		err = fileserver_next_request(&v);
	switch (err) { /* a reply that could not be given */
	case ERR_USB_GONE:
		err = report_error(s->report, s->board, ERR_BOARD_LOST, "it left during a reply");
		break;
	case ERR_USB_STALL:
	case ERR_USB_IO:
	case ERR_USB_TIMEOUT:
	case ERR_USB_OVERFLOW:
	case ERR_USB_BUSY:
	case ERR_USB_ACCESS:
	case ERR_USB_MEMORY:
		err = report_error(s->report, s->board, err, "the board does not take a reply");
		break;
	default:
		break;
	}
	err = fileserver_finish(&v, err);
	fileserver_close_file(&v);
	for (unsigned i = 0; i < v.told_count; i++)
		free(v.told[i]);
	metadata_directory_release(directory, v.metadata_path);
	metadata_free(&v.metadata);
	return err;
}
