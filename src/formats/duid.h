/* SPDX-License-Identifier: Apache-2.0 */
/* FACTORY_UUID: how a BCM2712 writes its device id, and the text it stands for. Facts: docs/protocol.md. */
#ifndef DUID_H
#define DUID_H

#include <stdbool.h>

#define DUID_TEXT 36 /* longest text */

/* Decodes hexadecimal words joined by '_', each six characters of base 40, low half first. "" when it begins with a zero
 * word. False: VALUE is no such code; TEXT is "" then. */
bool duid_decode(const char *value, char text[DUID_TEXT + 1]);

#endif
