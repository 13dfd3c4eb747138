/* SPDX-License-Identifier: Apache-2.0 */
/* A disk's errno value as what an ERROR message says. */
#ifndef FAILURE_H
#define FAILURE_H

#include "flashd/disk.h"
#include "flashd/reply.h"

/* WHAT: "reading", of a disk. */
void failure_describe(const struct disk *disk, const char *what, int err,
                      struct flashwire_error *out);
void failure_describe_open(const char *name, int err, struct flashwire_error *out);

/* Describes and sends. False: the host is gone. */
bool failure_send(struct reply *reply, const struct flashwire *about, const struct disk *disk,
                  const char *what, int err);

#endif
