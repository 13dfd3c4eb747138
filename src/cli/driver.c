/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/driver.h"

#include "base/str.h"
#include "platform/plat.h"
#include "platform/sysfs.h"
#include "report/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* exit statuses of Windows' pnputil that are successes */
#define PNPUTIL_NO_DEVICE 259
#define PNPUTIL_RESTART   3010

static int driver_fail(const char *what, const char *why)
{
	fprintf(stderr, "rpiboot: --driver: %s: %s\n", what, why);
	return outcome_status(ERR_USB_DRIVER);
}

static void driver_print_board(void *ctx, const struct usb_device_info *info)
{
	unsigned *count = ctx;
	enum stage stage = sysfs_stage(&sysfs_default, info);
	char driver[SYSFS_TEXT], safe[4 * SYSFS_TEXT + 1];
	if (stage == STAGE_NONE)
		return;
	if ((*count)++ == 0)
		printf("%-9s  %-9s  %-19s  %s\n", "PATH", "USB ID", "STAGE", "DRIVER");
	bool has = sysfs_drivers(&sysfs_default, info->path, NULL, driver);
	printf("%-9s  %04x:%04x  %-19s  %s\n", info->path, info->vendor, info->product,
	       stage_name(stage), has ? str_escape(safe, sizeof safe, driver) : "no driver");
}

static int driver_print(const char *command)
{
	unsigned count = 0;
	sysfs_each(&sysfs_default, driver_print_board, &count);
	if (count == 0)
		puts("No board is connected.");
	printf("\n"
	       "Boards need the driver WinUSB, which is part of Windows. To install it for them,\n"
	       "once, as administrator:\n\n"
	       "    %s\n\n"
	       "rpiboot --driver=install runs this command and asks for the rights. Windows may\n"
	       "refuse the package if it is not signed: driver\\README.txt beside rpiboot.exe has\n"
	       "other ways.\n",
	       command);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return driver_fail("standard output", strerror(errno));
}

static int driver_install(const char *directory)
{
	int status = 0;
	if (!plat_driver_install(directory, &status))
		return driver_fail("pnputil could not be started as administrator",
		                   strerror(errno));
	switch (status) {
	case 0:
		puts("The driver is installed.");
		return 0;
	case PNPUTIL_NO_DEVICE:
		puts("The driver is ready; no board that needs it is connected now.");
		return 0;
	case PNPUTIL_RESTART:
		puts("The driver is installed; restart Windows to use it.");
		return 0;
	default:
		fprintf(stderr,
		        "rpiboot: --driver: pnputil did not install the driver (exit status %d): "
		        "see driver\\README.txt beside rpiboot.exe\n",
		        status);
		return outcome_status(ERR_USB_DRIVER);
	}
}

int driver_run(const char *directory, bool install)
{
	char *command = plat_driver_command(directory ? directory : ".");
	int status = 0;
	if (command)
		status = install ? driver_install(directory ? directory : ".")
		                 : driver_print(command);
	else if (install)
		status = driver_fail("install", "this system needs no driver for boards");
	else
		puts("This system needs no driver for boards. On Linux, rpiboot --udev prints the "
		     "rule\nthat lets users open them.");
	free(command);
	return status;
}
