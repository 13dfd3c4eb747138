/* SPDX-License-Identifier: Apache-2.0 */
/* The datagrams of sd_notify(3), received on a socket of the test's own. */
#include "platform/plat.h"
#include "report/report.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

static int listener;

/* The next datagram; "" when there is none. */
static const char *received(void)
{
	static char text[256];
	ssize_t n = recv(listener, text, sizeof text - 1, MSG_DONTWAIT);
	text[n > 0 ? n : 0] = 0;
	return text;
}

static void listen_on(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
	unlink(name);
	listener = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK_INT(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
}

static void without_a_manager_nothing_is_sent(void)
{
	unsetenv("NOTIFY_SOCKET");
	CHECK(!plat_notify("READY=1"));
	setenv("NOTIFY_SOCKET", "relative", 1);
	CHECK(!plat_notify("READY=1"));
	setenv("NOTIFY_SOCKET", "/nosuch/socket", 1);
	CHECK(!plat_notify("READY=1"));
}

static void a_run_reports_its_state(void)
{
	char socket_path
		[64]; /* an address has room for 107 characters: not every scratch directory fits */
	snprintf(socket_path, sizeof socket_path, "/tmp/rpiboot-notify.%ld", (long)getpid());
	listen_on(socket_path);
	setenv("NOTIFY_SOCKET", socket_path, 1);
	struct board_facts board = { .path = "1-1" };
	struct report *report = report_new();
	report_add(report, report_notify_new());
	report_emit(report, &(struct event){ .kind = EV_START });
	CHECK_STR(received(), "");
	report_emit(report, &(struct event){ .kind = EV_WAITING });
	CHECK_STR(received(), "READY=1\nSTATUS=0 being served, 0 succeeded, 0 failed");
	report_emit(report, &(struct event){ .kind = EV_ATTACHED, .board = &board });
	CHECK_STR(received(), "STATUS=1 being served, 0 succeeded, 0 failed");
	report_emit(report, &(struct event){ .kind = EV_WAITING, .board = &board });
	CHECK_STR(received(), "");
	report_emit(report, &(struct event){ .kind = EV_RESULT, .board = &board });
	CHECK_STR(received(), "STATUS=0 being served, 1 succeeded, 0 failed");
	report_emit(report,
	            &(struct event){ .kind = EV_RESULT, .board = &board, .err = ERR_USB_ACCESS });
	CHECK_STR(received(), "STATUS=0 being served, 1 succeeded, 1 failed");
	report_free(report);
	CHECK_STR(received(), "STOPPING=1");
	close(listener);
	unlink(socket_path);
	unsetenv("NOTIFY_SOCKET");
}

static void the_watchdog_is_for_this_process(void)
{
	char pid[24];
	unsetenv("WATCHDOG_USEC");
	CHECK_INT(plat_watchdog(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	CHECK_INT(plat_watchdog(), 30000000);
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	CHECK_INT(plat_watchdog(), 30000000);
	setenv("WATCHDOG_PID", "1", 1);
	CHECK_INT(plat_watchdog(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "soon", 1);
	CHECK_INT(plat_watchdog(), 0);
	unsetenv("WATCHDOG_USEC");
}

int main(void)
{
	RUN(without_a_manager_nothing_is_sent);
	RUN(a_run_reports_its_state);
	RUN(the_watchdog_is_for_this_process);
	return tap_end();
}
