/* SPDX-License-Identifier: Apache-2.0 */
/* The model of the program for flashing on a board (docs/flash-protocol.md), with its disks and their speed, and a judge that
 * writes down what the host does wrong. Like vboard.h, whose part it is: no I/O, no clock, time is an argument. The judge's
 * rule beyond the protocol: the first MiB gets its contents only after all that was written behind it was hashed. */
#ifndef VFLASH_H
#define VFLASH_H

#include "formats/flashwire.h"
#include "vdesc.h"
#include "vmedium.h"

struct vflash;

/* The fault that strikes the message NAME ("begin", "hello", "open", ...), the INDEXth of its name, the TOTALth of all; NULL: none. */
typedef const struct vfault *vflash_fault(void *ctx, const char *name, uint64_t index,
                                          uint64_t total);
typedef void vflash_judge(void *ctx, uint64_t now, const char *text);

struct vflash *vflash_new(const struct vdesc *desc, vflash_fault *fault, vflash_judge *judge,
                          void *ctx);
void vflash_free(struct vflash *f); /* NULL is fine */

/* It is on the bus now; it leaves it. */
void vflash_start(struct vflash *f, uint64_t now);
void vflash_leave(struct vflash *f, uint64_t now);

/* The request that begins a session. *FAULT: one that strikes. False: refused. */
bool vflash_begin(struct vflash *f, uint64_t now, uint8_t out[FLASHWIRE_BEGIN_SIZE],
                  const struct vfault **fault);

/* Whether it takes bytes now, and gives it those of one transfer. Returns a fault that strikes besides the answer, or NULL. */
bool vflash_takes(const struct vflash *f, uint64_t now);
const struct vfault *vflash_take(struct vflash *f, uint64_t now, const uint8_t *bytes, size_t n);

/* The next transfer's bytes to the host, at most N. False: there are none. */
bool vflash_give(struct vflash *f, uint64_t now, uint8_t *to, size_t n, size_t *actual);

/* Carries out what is due; when something is due next (VDESC_FOREVER: never). */
void vflash_tick(struct vflash *f, uint64_t now);
uint64_t vflash_next(const struct vflash *f);

/* --- for tests */
struct vflash_stats {
	uint64_t begins, messages, out_bytes, in_bytes;
	uint64_t written; /* bytes of the disks that DATA and HOLE reached, since the start */
	bool open;        /* a disk is, now */
	bool kept;        /* the last one that was closed is not offered again */
	uint64_t closed;  /* when; 0: never */
};

const struct vflash_stats *vflash_stats(const struct vflash *f);
/* The name of the last message, "" before the first. */
const char *vflash_last(const struct vflash *f);

struct vmedium *vflash_disk(const struct vflash *f, size_t index);

#endif
