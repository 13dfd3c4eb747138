/* SPDX-License-Identifier: Apache-2.0 */
/* The interface of direct flashing as FunctionFS wants it described: one interface, an endpoint out and one in, the
 * strings, and what makes Windows bind WinUSB to it. Facts: docs/flash-protocol.md; Linux' usb/functionfs.h; Microsoft OS
 * 1.0 descriptors. */
#ifndef FUNCTIONFS_H
#define FUNCTIONFS_H

struct functionfs {
	int control, out, in; /* endpoints; out and in do not block */
};

/* Opens a mounted FunctionFS and describes the function. The gadget can be bound afterwards. Returns 0, or an errno value
 * with what failed in *WHAT. */
int functionfs_open(const char *directory, struct functionfs *out, const char **what);

#endif
