/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, which Windows does not have; see port.h. */
#ifndef SYS_RESOURCE_H
#define SYS_RESOURCE_H

#define RLIMIT_FSIZE  1
#define RLIM_INFINITY (~0ull)

typedef unsigned long long rlim_t;

struct rlimit {
	rlim_t rlim_cur, rlim_max;
};

/* Fail with ENOSYS. */
int getrlimit(int resource, struct rlimit *out);
int setrlimit(int resource, const struct rlimit *limit);

#endif
