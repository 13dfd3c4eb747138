/* SPDX-License-Identifier: Apache-2.0 */
#include "board/unreported.h"

#include <stdio.h>
#include <string.h>

void unreported_begin(struct unreported *u)
{
	u->before = u->first;
	u->first = (struct unreported_change){ 0 };
	u->any = u->lasting = false;
}

void unreported_note(struct unreported *u, const struct usb_device_info *info, bool left)
{
	u->any = true;
	if (u->before.set && u->before.left == left && u->before.address == info->address &&
	    strcmp(u->before.path, info->path) == 0)
		u->lasting = true;
	if (u->first.set)
		return;
	u->first = (struct unreported_change){ .set = true,
		                               .left = left,
		                               .address = info->address };
	snprintf(u->first.path, sizeof u->first.path, "%s", info->path);
}
