/* SPDX-License-Identifier: Apache-2.0 */
/* ptyrun ANSWER COMMAND...: runs COMMAND on a terminal of its own, types ANSWER when it asks for something (prints a
 * colon), passes its output on and ends with its status. */
#define _XOPEN_SOURCE 700 /* pseudo terminals are XSI */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static void run_child(int terminal, char **command)
{
	setsid();
	int fd = open(ptsname(terminal), O_RDWR); /* becomes the controlling terminal */
	if (fd < 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(126);
	close(fd);
	close(terminal);
	execvp(command[0], command);
	_exit(127);
}

/* Types when the other side has turned the echo off (as for any passphrase), or after two seconds. */
static bool answer(int terminal, const char *text)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	struct termios mode = { .c_lflag = ECHO };
	for (int i = 0; i < 200 && (mode.c_lflag & ECHO); i++) {
		nanosleep(&moment, NULL);
		tcgetattr(terminal, &mode);
	}
	size_t n = strlen(text);
	return write(terminal, text, n) == (ssize_t)n && write(terminal, "\n", 1) == 1;
}

int main(int argc, char **argv)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	if (argc < 3 || terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
		return 125;
	pid_t child = fork();
	if (child == 0)
		run_child(terminal, argv + 2);
	char chunk[256];
	ssize_t got;
	bool answered = false;
	/* the other side's closing reads as EIO */
	while ((got = read(terminal, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		fwrite(chunk, 1, (size_t)got, stdout);
		if (!answered && memchr(chunk, ':', (size_t)got))
			answered = answer(terminal, argv[1]);
	}
	int status = 0;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
