/* SPDX-License-Identifier: Apache-2.0 */
/* Milliseconds of a clock that never jumps. */
#ifndef MOMENT_H
#define MOMENT_H

#include <stdint.h>
#include <time.h>

static inline uint64_t moment_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline void moment_pause(uint32_t milliseconds)
{
	struct timespec t = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };
	nanosleep(&t, NULL);
}

#endif
