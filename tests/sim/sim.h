/* SPDX-License-Identifier: Apache-2.0 */
/* A link-time fake of libusb and of the clock: virtual boards (tests/virtual/vboard.h) on a simulated bus, in virtual
 * time. Implements src/platform/usb.h and the waiting half of src/platform/plat.h. One thread runs at a time and time advances only when
 * all wait, so that a run with one board is the same every time, and sixty seconds cost nothing. */
#ifndef SIM_H
#define SIM_H

#include "vboard.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the calling thread the first of the simulation and starts the clock. Once in a program. */
void sim_begin(void);

/* The boards of the next station_run; BOARDS stay the caller's. KERNEL_MEMORY: bytes that may be pending in bulk transfers
 * over all boards, as usbfs_memory_mb; 0: no limit. */
void sim_boards(struct vboard *boards, size_t count, uint64_t kernel_memory);

/* The boards were changed, or replaced by others, behind the bus's back. */
void sim_look_again(void);

/* At time AT (0: never) the program gets an interrupt, as Ctrl-C. */
void sim_interrupt_at(uint64_t at);

/* The same with SIGUSR1: begin no more boards. */
void sim_drain_at(uint64_t at);

/* Handles opened and not closed: leaks. */
unsigned sim_open_handles(void);

/* The simulation gives up (abort) when nobody can ever run again, or when the clock passes this. */
#define SIM_END_OF_TIME ((uint64_t)24 * 3600 * 1000000)

/* Another such time from now on: for programs of many runs. */
void sim_end_at(uint64_t at);

#endif
