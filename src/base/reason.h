/* SPDX-License-Identifier: Apache-2.0 */
/* Why a function failed: what is wrong and where, for the message that its caller prints. Functions with a parameter
 * `struct reason *why` print nothing; they return 0, or fill it and return -1. */
#ifndef REASON_H
#define REASON_H

#include <stddef.h>

struct reason {
	char text[512]; /* one sentence, without the name of the file that it is about */
	size_t where; /* line counted from 1, or offset in bytes: the function says which; 0: the whole file */
};

/* Sets the text, with WHERE 0. Returns -1, so that callers can `return reason_set(...)`. */
int reason_set(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with a place. */
int reason_set_at(struct reason *why, size_t where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
