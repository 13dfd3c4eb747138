/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include <errno.h>
#include <windows.h>

bool plat_notify(const char *state)
{
	(void)state;
	return false; /* there is no such service manager */
}

uint64_t plat_watchdog(void)
{
	return 0;
}

void plat_host_name(char *out, size_t size)
{
	DWORD n = (DWORD)size;
	if (!GetComputerNameExA(ComputerNameDnsHostname, out, &n))
		*out = 0;
}

bool plat_can_start(const char *program)
{
	char found[MAX_PATH];
	if (SearchPathA(NULL, program, ".exe", sizeof found, found, NULL) > 0)
		return true;
	errno = ENOENT;
	return false;
}
