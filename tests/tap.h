/* SPDX-License-Identifier: Apache-2.0 */
/* A test program speaks TAP: one "ok"/"not ok" line per test, the plan at the end.
 *
 *	static void reads_le32(void) { CHECK_INT(wire_le32(b), 0x04030201); }
 *	int main(void) { RUN(reads_le32); return tap_end(); }
 *
 * A failed CHECK prints where and what as a "# " line and fails the test that runs. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int tap_count, tap_bad;
static bool tap_failed;

/* Tests that this system cannot run are named in $TAP_SKIP, separated by blanks. */
#define RUN(fn)                          \
	do {                             \
		tap_failed = false;      \
		if (tap_is_skipped(#fn)) \
			tap_skip(#fn);   \
		else {                   \
			fn();            \
			tap_result(#fn); \
		}                        \
	} while (0)

static inline bool tap_is_skipped(const char *name)
{
	const char *list = getenv("TAP_SKIP");
	size_t n = strlen(name);
	for (const char *at = list; at && (at = strstr(at, name)); at += n)
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
			return true;
	return false;
}

static inline void tap_skip(const char *name)
{
	printf("ok %d - %s # SKIP not on this system\n", ++tap_count, name);
	fflush(stdout);
}

static inline void tap_result(const char *name)
{
	tap_bad += tap_failed;
	printf("%sok %d - %s\n", tap_failed ? "not " : "", ++tap_count, name);
	fflush(stdout);
}

/* Goes to this test's scratch directory, $T; run by hand, a test stays where it is. */
static inline void tap_enter_scratch(void)
{
	const char *t = getenv("T");
	if (t && chdir(t) != 0)
		exit(1);
}

static inline int tap_end(void)
{
	printf("1..%d\n", tap_count);
	return tap_bad != 0;
}

#define TAP_FAIL(...)                                    \
	do {                                             \
		tap_failed = true;                       \
		printf("# %s:%d: ", __FILE__, __LINE__); \
		printf(__VA_ARGS__);                     \
		putchar('\n');                           \
	} while (0)

#define CHECK(cond)                            \
	do {                                   \
		if (!(cond))                   \
			TAP_FAIL("%s", #cond); \
	} while (0)

#define CHECK_INT(got, want)                                                   \
	do {                                                                   \
		long long tap_g = (long long)(got), tap_w = (long long)(want); \
		if (tap_g != tap_w)                                            \
			TAP_FAIL("%s is %lld, not %lld", #got, tap_g, tap_w);  \
	} while (0)

#define CHECK_STR(got, want)                                                                 \
	do {                                                                                 \
		const char *tap_g = (got), *tap_w = (want);                                  \
		if (!tap_g || strcmp(tap_g, tap_w) != 0)                                     \
			TAP_FAIL("%s is \"%s\", not \"%s\"", #got, tap_g ? tap_g : "(null)", \
			         tap_w);                                                     \
	} while (0)

#define CHECK_MEM(got, want, n)                                      \
	do {                                                         \
		if (memcmp((got), (want), (n)) != 0)                 \
			TAP_FAIL("%s differs from %s", #got, #want); \
	} while (0)

#endif
