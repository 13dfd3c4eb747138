/* SPDX-License-Identifier: Apache-2.0 */
/* An output stream whose reader may stop: what is written is kept in memory, and a thread of its own passes it on, in
 * order. Writing never waits for the reader.
 *
 *	struct output *out = output_new(stdout, NULL);
 *	output_put(out, text, strlen(text), true);
 *	int err = output_free(out);
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct output;

/* Bytes that may wait for the reader before what can be spared is dropped: some 40,000 lines. */
#define OUTPUT_ROOM ((size_t)4 << 20)

/* From now on nobody else writes to TO. BESIDE (NULL: none) is freed after this one; if both lead to the same file, their
 * order is kept. NULL: out of memory or threads. */
struct output *output_new(FILE *to, struct output *beside);

/* Appends SIZE bytes. False: they were dropped, as there is no memory, or, unless KEEP, as OUTPUT_ROOM bytes wait. */
bool output_put(struct output *o, const char *bytes, size_t size, bool keep);

/* Whether so little waits that nothing will be dropped soon. */
bool output_has_room(struct output *o);

/* Waits until all is passed on, but no longer than OUTPUT_SETTLE_TIME for a reader that reads nothing. */
#define OUTPUT_SETTLE_TIME (500 * PLAT_MS)
void output_settle(struct output *o);

/* Waits until all is passed on. Returns the error number of the first write that failed; 0: none, or the reader has left.
 * NULL is fine. */
int output_free(struct output *o);

#endif
