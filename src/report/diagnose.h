/* SPDX-License-Identifier: Apache-2.0 */
/* From symptoms to advice: why there is no board, why it cannot be used, what a board wants that asks strangely. The texts
 * stand in one table; docs/troubleshooting.md has a section for each. Decides nothing: it only explains. */
#ifndef DIAGNOSE_H
#define DIAGNOSE_H

#include "platform/sysfs.h"
#include "report/report.h"
#include "formats/wire.h"

#include <stdbool.h>

enum diagnosis {
	DIAGNOSIS_NONE,
	DIAGNOSIS_NOTHING,       /* no sign of a board */
	DIAGNOSIS_ADDRESS,       /* the kernel cannot enumerate what is there */
	DIAGNOSIS_SLOW,          /* it is there at full speed, and should be at high speed */
	DIAGNOSIS_NOT_CHOSEN,    /* a board waits, but the selection leaves it out */
	DIAGNOSIS_RUNNING,       /* it is past the boot: a disk, usually */
	DIAGNOSIS_NO_PERMISSION, /* no udev rule */
	DIAGNOSIS_GROUP,         /* there is a rule, but the user is not in its group */
	DIAGNOSIS_DRIVER,        /* held by a kernel driver */
	DIAGNOSIS_PROGRAM,       /* held by another program */
	DIAGNOSIS_NO_RETURN,     /* the second stage was sent and nothing came back */
	DIAGNOSIS_ASKED_AGAIN,   /* the same file again and again */
	DIAGNOSIS_SIGNED,        /* boot.sig again and again: it wants a signed image */
	DIAGNOSIS_NO_DISK,       /* served, but no disk came */
	DIAGNOSIS_RESTARTED,     /* served, and back in USB boot mode */
	DIAGNOSIS_COUNT
};

struct diagnosis_text {
	const char *code;   /* for machines and for the heading in docs/troubleshooting.md */
	const char *title;  /* a sentence without a full stop */
	const char *text;   /* what it means */
	const char *advice; /* what to do; lines are kept */
};

const struct diagnosis_text *diagnosis_text(enum diagnosis what);

struct finding {
	enum diagnosis what;
	char detail[2 * SYSFS_TEXT]; /* of this case: where, who; may be "" */
};

/* --- the bus */

/* Which boards are meant; SERIAL "": unknown. */
struct diagnose_choice {
	bool (*chosen)(const void *ctx, const struct usb_device_info *info, const char *serial);
	const void *ctx;
};

/* Why no board came. Looks at the machine: some milliseconds, no waiting. */
void diagnose_bus(const struct sysfs *m, const struct diagnose_choice *choice, struct finding *out);

/* Why SEEN could not be used: ERR_USB_ACCESS or ERR_USB_BUSY; DIAGNOSIS_NONE for others. */
void diagnose_open(const struct sysfs *m, const struct usb_device_info *info, enum err err,
                   struct finding *out);

/* Why the board on PATH did not take its second stage: DIAGNOSIS_SLOW or DIAGNOSIS_NONE. */
void diagnose_speed(const struct sysfs *m, const char *path, const struct chip *chip,
                    struct finding *out);

/* Why the board on PATH did not come back after its second stage. */
void diagnose_return(const struct sysfs *m, const char *path, struct finding *out);

/* Why PATH shows no disk after the boot. */
void diagnose_disk(const struct sysfs *m, const char *path, struct finding *out);

/* The board on PATH is back in USB boot mode after it was served. */
void diagnose_restart(const char *path, struct finding *out);

/* --- requests of one session */
#define DIAGNOSE_NAMES 24

struct diagnose_requests {
	struct {
		char name[WIRE_NAME];
		unsigned count;
		bool absent;
	} names[DIAGNOSE_NAMES]; /* the first that were asked for */
	unsigned count;
	bool reported_again, reported_signed;
};

/* Notes that the size of NAME was asked for; what that means, if it means something new. */
void diagnose_request(struct diagnose_requests *r, const char *name, bool found,
                      struct finding *out);

/* Emits EV_DIAGNOSIS, with the error it explains (OK: a mere notice). DIAGNOSIS_NONE: nothing. */
void diagnose_report(struct report *report, const struct board_facts *board, enum err err,
                     const struct finding *finding);

#endif
