/* SPDX-License-Identifier: Apache-2.0 */
/* Conversation 1: the boot ROM gets its second stage. Facts: docs/protocol.md, "First conversation". */
#ifndef SECONDSTAGE_H
#define SECONDSTAGE_H

#include "protocol/session.h"

/* Sends the second stage for the session's chip, with the signature from bootcode.sig if SIGN (and the chip takes one),
 * and reads the return code. *ANNOUNCED: the board took the announcement of the boot message; what does not take it after
 * an accepted second stage is a file server. Retryable failures are reported as warnings (ERR_SECOND_STAGE, ERR_USB_*):
 * the caller decides; all else is reported as the error it is.
 *	OK                  sent, and not refused: the return code was 0 or did not come
 *	ERR_SECOND_STAGE    refused with a return code
 *	ERR_USB_*           not sent; GONE: the board left
 *	ERR_INTERRUPTED
 *	everything else     a boot file is missing or unfit */
enum err secondstage_send(const struct session *s, bool sign, bool *announced);

#endif
