/* SPDX-License-Identifier: Apache-2.0 */
#include "flashd/failure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum flashwire_code failure_code(int err)
{
	switch (err) {
	case ENOENT:
		return FLASHWIRE_NO_DISK;
	case EBUSY:
		return FLASHWIRE_BUSY;
	case EROFS:
	case EACCES:
		return FLASHWIRE_CANNOT_WRITE;
	case ENOMEM:
		return FLASHWIRE_NO_MEMORY;
	case ENXIO:
	case ENODEV:
	case ENOMEDIUM:
		return FLASHWIRE_DISK_GONE;
	default:
		return FLASHWIRE_DISK_FAILED;
	}
}

static void failure_fill(const char *name, const char *what, enum flashwire_code code, int err,
                         struct flashwire_error *out)
{
	*out = (struct flashwire_error){ .code = code, .number = (uint32_t)err };
	snprintf(out->text, sizeof out->text, "%s: %s: %s", name, what, strerror(err));
}

void failure_describe(const struct disk *disk, const char *what, int err,
                      struct flashwire_error *out)
{
	enum flashwire_code code = disk_is_gone(disk) ? FLASHWIRE_DISK_GONE : failure_code(err);
	failure_fill(disk_facts(disk)->name, what, code, err, out);
}

void failure_describe_open(const char *name, int err, struct flashwire_error *out)
{
	failure_fill(name, "opening", failure_code(err), err, out);
}

bool failure_send(struct reply *reply, const struct flashwire *about, const struct disk *disk,
                  const char *what, int err)
{
	struct flashwire_error error;
	failure_describe(disk, what, err, &error);
	return reply_error(reply, about, &error, false);
}
