/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include <errno.h>

/* libusb reaches devices through the kernel itself. */

char *plat_driver_command(const char *directory)
{
	(void)directory;
	return NULL;
}

bool plat_driver_install(const char *directory, int *status)
{
	(void)directory;
	*status = 0;
	errno = ENOTSUP;
	return false;
}
