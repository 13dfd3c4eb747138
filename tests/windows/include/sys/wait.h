/* SPDX-License-Identifier: Apache-2.0 */
/* The status of port_system, for tests built for Windows. */
#ifndef PORT_SYS_WAIT_H
#define PORT_SYS_WAIT_H

#define WIFEXITED(status)   ((status) >= 0)
#define WEXITSTATUS(status) (status)

#endif
