/* SPDX-License-Identifier: Apache-2.0 */
/* --wait-for: after the boot, waits until the board is on its port what it was booted to become: the provisioner's fastboot
 * gadget, or its boot ROM again. Disks have a wait of their own (postboot_disks). In the board's own thread. */
#ifndef POSTSTAGE_H
#define POSTSTAGE_H

#include "board/postboot.h"

/* Waits until the board is in the stage of A's setup; without one, OK at once. Reports what it waits for, and when that is
 * there. ERR_NO_STAGE (reported; at once when the board has restarted instead), ERR_INTERRUPTED. */
enum err poststage_await(const struct postboot *a);

#endif
