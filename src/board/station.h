/* SPDX-License-Identifier: Apache-2.0 */
/* All boards of a run: the devices on the bus, which of them are wanted, one worker for each, and the end of the run. */
#ifndef STATION_H
#define STATION_H

#include "board/board.h"
#include "bootdir/bootfiles.h"
#include "report/report.h"

#include <stdbool.h>
#include <stdint.h>

#define STATION_SELECTORS 64

struct station_setup {
	struct report *report;
	const struct bootfiles_places *places;
	struct enforce *enforce;        /* asked before each board; may be NULL */
	const char *metadata_directory; /* NULL: none */
	bool sign;
	const struct place_names *names; /* --names; NULL: none */
	uint64_t
		watchdog; /* microseconds within which the station notifies the service manager that it is alive; 0: not */

	/* which boards are wanted: any of the paths ("1-1.*": everything below hub 1-1), any of the serials, the port number; an empty
	 * list wants all */
	const char *paths[STATION_SELECTORS], *serials[STATION_SELECTORS];
	unsigned path_count, serial_count;
	int port;        /* last component of the path; -1: any */
	unsigned wanted; /* boards; 0: no limit */
	bool again;      /* write a finished board's EEPROM again as soon as it is back */

	uint64_t timeout;      /* microseconds to wait for the first board; 0: no limit */
	uint64_t next_timeout; /* for a board's next stage */
	uint64_t poll; /* microseconds between two looks where there are no hotplug events */
	int verbose;
	const struct sysfs *sysfs;
	struct postboot_setup after; /* --wait-disk, --exec */
};

/* Whether the device's place, and its SERIAL (NULL: not known yet), are among those that are wanted. */
bool station_selects(const struct station_setup *setup, const struct usb_device_info *info,
                     const char *serial);

/* Reports why no wanted board is there, with the error that explains it (OK: a notice). */
void station_explain(const struct station_setup *setup, enum err err);

struct station_summary {
	unsigned succeeded, failed; /* boards */
	int status;                 /* exit status, outcome_status */
};

/* Serves until the wanted boards are finished, the time is up, or Ctrl-C (SIGTERM), which ends every board cleanly; a
 * second one ends the program at once. SIGUSR1 drains: boards that are being served are finished, no other begins, and the
 * run ends; without a limit of boards its status is then 0. All is reported. To be called before other threads are made. */
void station_run(const struct station_setup *setup, struct station_summary *summary);

#endif
