/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/secondstage.h"

#include "base/bytes.h"

#include "platform/plat.h"

#include <string.h>

#define STATUS_TIME (20 * PLAT_SECOND)

static enum err secondstage_read_message(void *ctx, uint64_t offset, uint8_t *to, size_t n)
{
	memcpy(to, (const uint8_t *)ctx + offset, n);
	return OK;
}

static enum err secondstage_send_message(const struct session *s, uint32_t length,
                                         const uint8_t *signature, bool *announced)
{
	uint8_t message[WIRE_BOOT_MESSAGE];
	wire_boot_message(message, length, signature);
	struct transfer_source source = { .read = secondstage_read_message,
		                          .patient = true,
		                          .ctx = message };
	uint32_t sent;
	enum err err = transfer_send(s->bootdev, sizeof message, &source, &sent);
	*announced = s->bootdev->announced;
	if (err && err != ERR_INTERRUPTED)
		report_warning(s->report, s->board, "not-sent", "boot message: %s", err_text(err));
	return err;
}

static enum err secondstage_send_file(const struct session *s, const struct bootfile *file)
{
	uint32_t sent;
	enum err err = session_send(s, s->board->chip->second_stage, file, &sent);
	if (err && err != ERR_INTERRUPTED && err != ERR_FILE_CHANGED && err != ERR_FILE_READ)
		report_warning(s->report, s->board, "not-sent", "%s: %s after %lu of %lu bytes",
		               s->board->chip->second_stage, err_text(err), (unsigned long)sent,
		               (unsigned long)file->size);
	return err;
}

/* Boards often leave before they answer: only a return code other than 0 is a failure. */
static enum err secondstage_read_status(const struct session *s)
{
	const uint8_t *bytes = NULL;
	size_t n = 0;
	enum err err = transfer_read_begin(s->bootdev, WIRE_STATUS);
	if (!err) {
		err = transfer_read_end(s->bootdev, plat_now() + STATUS_TIME, &bytes, &n);
		if (err == ERR_USB_TIMEOUT || err == ERR_INTERRUPTED)
			transfer_read_cancel(s->bootdev);
	}
	if (err == ERR_INTERRUPTED)
		return err;
	struct event e = { .kind = EV_STATUS_NONE, .board = s->board, .err = err };
	if (!err && n == WIRE_STATUS) {
		e.kind = EV_STATUS;
		e.code = get_le32(bytes);
	}
	report_emit(s->report, &e);
	return e.code ? ERR_SECOND_STAGE : OK;
}

/* Finds the second stage and checks what can be checked of it. */
static enum err secondstage_find(const struct session *s, struct bootfile *file)
{
	const char *name = s->board->chip->second_stage;
	switch (bootfiles_find(s->files, name, file)) {
	case BOOTFILE_FOUND:
		if (file->size > 0)
			return OK;
		return report_error(s->report, s->board, ERR_EMPTY_FILE, "%s", file->where);
	case BOOTFILE_FAILED:
		return session_unfit(s, file);
	case BOOTFILE_ABSENT:
	case BOOTFILE_DENIED:
	case BOOTFILE_PRIVATE:
	default:
		return report_error(s->report, s->board, ERR_NO_SECOND_STAGE,
		                    "Failed to open second stage bootloader (%s) in %s", name,
		                    s->files->directory ? s->files->directory
		                                        : "the default directories");
	}
}

/* The signature for the boot message, from bootcode.sig. */
static enum err secondstage_read_signature(const struct session *s, uint8_t out[WIRE_SIGNATURE])
{
	enum err err = bootfiles_signature(s->files, out);
	if (err)
		report_error(s->report, s->board, err, "Unable to open 'bootcode.sig' in %s",
		             s->files->directory ? s->files->directory : "the default directories");
	return err;
}

enum err secondstage_send(const struct session *s, bool sign, bool *announced)
{
	uint8_t signature[WIRE_SIGNATURE];
	struct bootfile file;
	bool with_signature = sign && s->board->chip->signed_message;
	*announced = false;
	enum err err = secondstage_find(s, &file);
	if (err)
		goto out;
	if (with_signature) {
		err = secondstage_read_signature(s, signature);
		if (err)
			goto out;
	}
	report_emit(s->report, &(struct event){ .kind = EV_STAGE, .board = s->board });
	session_report_source(s, s->board->chip->second_stage, &file);
	err = secondstage_send_message(s, file.size, with_signature ? signature : NULL, announced);
	if (err)
		goto out;
	err = secondstage_send_file(s, &file);
	if (err)
		goto out;
	err = secondstage_read_status(s);
out:
	bootfile_close(&file);
	return err;
}
