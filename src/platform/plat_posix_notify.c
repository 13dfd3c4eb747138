/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "base/str.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* sd_notify(3): one datagram to the socket named by NOTIFY_SOCKET; '@' at its beginning stands for a NUL byte. */
bool plat_notify(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = name ? strlen(name) : 0;
	if ((n < 2 || (name[0] != '/' && name[0] != '@')) || n >= sizeof address.sun_path)
		return false;
	memcpy(address.sun_path, name, n);
	if (name[0] == '@')
		address.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return false;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	bool sent = sendto(fd, state, strlen(state), 0, (const struct sockaddr *)&address, size) >=
	            0;
	close(fd);
	return sent;
}

/* sd_watchdog_enabled(3) */
uint64_t plat_watchdog(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");
	unsigned long microseconds, pid;
	if (!time || !str_number(time, ULONG_MAX, &microseconds) || microseconds == 0)
		return 0;
	if (process && (!str_number(process, LONG_MAX, &pid) || (pid_t)pid != getpid()))
		return 0;
	return microseconds;
}

void plat_host_name(char *out, size_t size)
{
	if (gethostname(out, size) != 0)
		*out = 0;
	out[size - 1] = 0;
}
