/* SPDX-License-Identifier: Apache-2.0 */
/* What a host must serve, worked out from the files on this side: fills the expectations of a description in from a
 * boot directory and from files named in it. The order of places is that of rulings "Looking up files", written a second
 * time on purpose: an independent look at what the host does. Knows nothing of boards at work. */
#ifndef VFOLDER_H
#define VFOLDER_H

#include "vdesc.h"

/* Resolves every expectation of DESC: "equals FILE" from FILE; names without an expectation from DIRECTORY (NULL: they
 * stay unknown): DIRECTORY/PATH/NAME if OVERLAY, DIRECTORY/CHIP/NAME, the member CHIP/NAME of DIRECTORY/bootfiles.bin,
 * DIRECTORY/NAME, else absent. Returns 0, or -1 with one line in ERROR. */
int vfolder_resolve(struct vdesc *desc, const char *directory, bool overlay,
                    char error[VDESC_ERROR_SIZE]);

#endif
