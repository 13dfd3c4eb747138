/* SPDX-License-Identifier: Apache-2.0 */
/* Carries bytes between USB and the processes that hold a session, one at a time. It does not look at what a host sends. */
#ifndef PUMP_H
#define PUMP_H

#include "flashd/functionfs.h"
#include "flashd/session.h"

/* SETUP: for sessions, without the streams. AGAIN: in place of a pump that died. Returns only if something fails that
 * should not; its exit status is then of no interest. */
void pump_run(const struct functionfs *usb, const struct session_setup *setup, bool again);

#endif
