/* SPDX-License-Identifier: Apache-2.0 */
/* How thoroughly a boot directory is checked. */
#ifndef CHECK_DEPTH_H
#define CHECK_DEPTH_H

enum checks_depth {
	CHECKS_START, /* the second stage and irreversible settings: what holds for boards with overlays, too */
	CHECKS_QUICK, /* what costs a few milliseconds */
	CHECKS_WHOLE, /* also what reads large files */
};

#endif
