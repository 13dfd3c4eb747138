/* SPDX-License-Identifier: Apache-2.0 */
/* --list: every board on the bus, waiting or running. Opens boards only to see whether it may, and for a serial that the
 * machine does not know; asks them nothing else. The fields: docs/events.md. */
#ifndef LIST_H
#define LIST_H

#include "board/station.h"

#include <stdbool.h>
#include <stdio.h>

/* Prints the boards that SETUP selects, as a table or (JSON) as one object a line. OK, ERR_NO_BOARD with the reason
 * reported, or ERR_USB_INIT, ERR_MEMORY, ERR_USAGE when OUT cannot be written (reported). */
enum err list_run(const struct station_setup *setup, bool json, FILE *out);

#endif
