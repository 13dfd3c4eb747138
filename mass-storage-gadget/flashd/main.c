/* SPDX-License-Identifier: Apache-2.0 */
/* flashd [-r] [-s SERIAL] FUNCTIONFS: the gadget's program for direct flashing (docs/flash-protocol.md). FUNCTIONFS is where
 * the function is mounted, with the option no_disconnect=1. -r: no disk is written. SERIAL: the board's.
 *
 * Three processes: this one keeps the function's files open, as the kernel takes the whole gadget off the bus when they
 * are closed; a second one moves bytes between USB and the third, which holds a session. When one of the latter dies,
 * only its session is lost. */
#define _GNU_SOURCE
#include "flashd/moment.h"
#include "flashd/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define RESTART_PAUSE 20   /* ms */
#define OFFER_TIME    5000 /* ms: init looks for disks once a second */

/* What a text file of one line says; "" if it is not there. */
static void main_line(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, to, size - 1);
	to[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static pid_t main_start_pump(const struct functionfs *usb, const struct session_setup *setup,
                             bool again)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pump_run(usb, setup, again);
	_exit(1);
}

/* Never returns. */
static void main_keep(const struct functionfs *usb, const struct session_setup *setup)
{
	pid_t pump = main_start_pump(usb, setup, false);
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* sessions of a pump that died */
	for (;;) {
		pid_t ended = waitpid(-1, NULL, 0);
		disk_clean(&setup->board);
		if (ended != pump && !(ended < 0 && errno == ECHILD))
			continue;
		fputs("flashd: restarting\n", stderr);
		moment_pause(RESTART_PAUSE);
		pump = main_start_pump(usb, setup, true);
	}
}

int main(int argc, char **argv)
{
	char model[FLASHWIRE_MODEL];
	struct session_setup setup = { .serial = "", .model = model, .idle = SESSION_IDLE };
	struct functionfs usb;
	const char *what;
	int option;
	setup.board = (struct disk_board){ .root = "", .offer_time = OFFER_TIME };
	while ((option = getopt(argc, argv, "rs:")) != -1)
		switch (option) {
		case 'r':
			setup.board.read_only = true;
			break;
		case 's':
			setup.serial = optarg;
			break;
		default:
			return 1;
		}
	if (optind + 1 != argc) {
		fputs("usage: flashd [-r] [-s SERIAL] FUNCTIONFS\n", stderr);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	main_line("/proc/device-tree/model", model, sizeof model);
	int err = functionfs_open(argv[optind], &usb, &what);
	if (err) {
		fprintf(stderr, "flashd: %s in %s: %s\n", what, argv[optind], strerror(err));
		return 1;
	}
	main_keep(&usb, &setup);
}
