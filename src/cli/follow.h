/* SPDX-License-Identifier: Apache-2.0 */
/* --list --follow: a line for each board that is there, arrives or leaves, as it happens; made for labelling sockets. */
#ifndef FOLLOW_H
#define FOLLOW_H

#include "board/station.h"

#include <stdbool.h>
#include <stdio.h>

/* Prints the changes of the boards that SETUP selects, as rows or as JSON, until Ctrl-C, or until the reader of OUT has left: OK.
 * ERR_USB_INIT, ERR_MEMORY, ERR_USAGE when OUT cannot be written (all reported). To be called before other threads are made. */
enum err follow_run(const struct station_setup *setup, bool json, FILE *out);

#endif
