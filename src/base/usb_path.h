/* SPDX-License-Identifier: Apache-2.0 */
/* USB paths, BUS[-PORT[.PORT]...], and patterns of them: a path, or one whose last port is "*", which stands for every port
 * of that hub and of the hubs below it. */
#ifndef USB_PATH_H
#define USB_PATH_H

#include <stdbool.h>

bool usb_path_is_pattern(const char *text);

/* Whether PATH is one of those that PATTERN stands for. */
bool usb_path_matches(const char *pattern, const char *path);

#endif
