/* SPDX-License-Identifier: Apache-2.0 */
/* flashd ROOT [IDLE]: one session of the mass-storage gadget's program for direct flashing, on standard input and output,
 * without USB. ROOT has what it reads on a board: run/disks with the names of the disks, sys/block/NAME/{size,ro,
 * queue/logical_block_size,device/...}, dev/NAME (files are fine), directories run/held, run/lun, run/ejected. IDLE:
 * seconds. Ends with 0, or with 2 when the host wants a reboot. */
#include "flashd/session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs("usage: flashd ROOT [IDLE]\n", stderr);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	struct session_setup setup = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.board = { .root = argv[1] },
		.serial = "10000000e3f1a2b4",
		.model = "Raspberry Pi Compute Module 4 Rev 1.1",
		.idle = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : SESSION_IDLE,
	};
	switch (session_run(&setup)) {
	case SESSION_OVER:
		return 0;
	case SESSION_REBOOT:
		return 2;
	default:
		return 1;
	}
}
