/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* syscall */
#include "flashd/pump.h"

#include "flashd/moment.h"
#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/usb/functionfs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* dwc2 cannot gather: a transfer needs memory in one part, of which 64 KiB can be had. Eight keep the bus busy. */
#define TRANSFER     65536u
#define READS        8
#define SESSION_DATA (64u << 20) /* bytes of memory for a session */
#define END_TIME \
	20000 /* ms: for a session that is killed; one that waits for its disk takes longer */
#define CANCEL_TIME  5000      /* ms: for transfers that are cancelled */
#define STRAY_PAUSE  500       /* ms between looks at sessions that do not end */
#define NOTHING      INT64_MIN /* as a result: no transfer has ended */
#define REBOOT_PAUSE 500       /* ms: the host takes the answer */

struct slot {
	struct iocb control;
	uint8_t *data;
	int64_t result;
	bool busy;
};

struct pump {
	const struct functionfs *usb;
	const struct session_setup *setup;
	aio_context_t aio;
	int events;               /* completed transfers */
	struct slot reads[READS]; /* in the order of the stream, from HEAD on */
	unsigned head;
	size_t at; /* bytes of the first one that the session has */
	struct slot write;
	uint32_t fill;    /* bytes of the next transfer to the host */
	uint32_t left;    /* bytes of the current message that are not in transfers yet */
	uint32_t size;    /* of the current message, 0 before its header is there */
	uint32_t packet;  /* bytes */
	bool zero_packet; /* must end the current message */
	pid_t session;    /* 0: none; what comes is dropped */
	int to, from;     /* pipes to and from it */
	bool strays;      /* sessions that were killed and have not ended */
};

static void pump_say(const char *what, int err)
{
	fprintf(stderr, "flashd: %s: %s\n", what, strerror(err));
}

/* --- transfers */

static bool pump_submit(struct pump *p, struct slot *s, int fd, uint16_t op, size_t n)
{
	struct iocb *control = &s->control;
	*control = (struct iocb){ .aio_data = (uintptr_t)s,
		                  .aio_lio_opcode = op,
		                  .aio_fildes = (uint32_t)fd,
		                  .aio_buf = (uintptr_t)s->data,
		                  .aio_nbytes = n,
		                  .aio_flags = IOCB_FLAG_RESFD,
		                  .aio_resfd = (uint32_t)p->events };
	s->busy = syscall(SYS_io_submit, p->aio, 1L, &control) == 1;
	return s->busy;
}

/* Takes notice of completed transfers. */
static void pump_collect(struct pump *p)
{
	struct io_event done[READS + 1];
	uint64_t count;
	if (read(p->events, &count, sizeof count) < 0)
		return;
	struct timespec none = { 0, 0 };
	long n = syscall(SYS_io_getevents, p->aio, 0L, (long)(READS + 1), done, &none);
	for (long i = 0; i < n; i++) {
		struct slot *s = (struct slot *)(uintptr_t)done[i].data;
		s->busy = false;
		s->result = done[i].res;
	}
}

static bool pump_is_busy(const struct pump *p)
{
	bool busy = p->write.busy;
	for (unsigned i = 0; i < READS; i++)
		busy = busy || p->reads[i].busy;
	return busy;
}

/* What is left of a message to the host is not sent. */
static void pump_forget_message(struct pump *p)
{
	p->fill = p->left = p->size = 0;
	p->zero_packet = false;
}

/* Cancels all transfers, and waits until none is under way. False: the kernel does not give them back. */
static bool pump_cancel(struct pump *p)
{
	struct io_event event;
	for (unsigned i = 0; i < READS; i++)
		if (p->reads[i].busy)
			syscall(SYS_io_cancel, p->aio, &p->reads[i].control, &event);
	if (p->write.busy)
		syscall(SYS_io_cancel, p->aio, &p->write.control, &event);
	uint64_t end = moment_now() + CANCEL_TIME;
	while (pump_is_busy(p)) {
		struct pollfd f = { .fd = p->events, .events = POLLIN };
		if (poll(&f, 1, CANCEL_TIME) > 0)
			pump_collect(p);
		if (moment_now() >= end)
			return false;
	}
	for (unsigned i = 0; i < READS; i++)
		p->reads[i].result = NOTHING;
	p->write.result = NOTHING;
	pump_forget_message(p);
	return true;
}

/* Reads of the host's stream, from its begin. They fail while the host has not configured the gadget. */
static void pump_queue_reads(struct pump *p)
{
	struct usb_endpoint_descriptor endpoint;
	p->packet = 512;
	if (ioctl(p->usb->in, FUNCTIONFS_ENDPOINT_DESC, &endpoint) == 0)
		p->packet = endpoint.wMaxPacketSize;
	p->head = 0;
	p->at = 0;
	for (unsigned i = 0; i < READS; i++)
		if (!pump_submit(p, &p->reads[i], p->usb->out, IOCB_CMD_PREAD, TRANSFER))
			break;
}

static bool pump_is_enabled(const struct pump *p)
{
	struct usb_endpoint_descriptor endpoint;
	return ioctl(p->usb->in, FUNCTIONFS_ENDPOINT_DESC, &endpoint) == 0;
}

/* A host in the middle of something gets an error at once. Transfers in the wrong direction halt an endpoint. */
static void pump_halt(struct pump *p)
{
	char byte = 0;
	if (!pump_cancel(p))
		return;
	if (write(p->usb->out, &byte, 1) >= 0 || read(p->usb->in, &byte, 1) >= 0)
		pump_say("halting", EINVAL);
}

/* --- sessions */

static void pump_be_session(const struct pump *p, int in, int out)
{
	struct rlimit memory = { SESSION_DATA, SESSION_DATA };
	struct session_setup setup = *p->setup;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(p->usb->control);
	close(p->usb->out);
	close(p->usb->in);
	setrlimit(RLIMIT_DATA, &memory);
	setup.in = in;
	setup.out = out;
	enum session_end end = session_run(&setup);
	if (end == SESSION_REBOOT) {
		sync();
		moment_pause(REBOOT_PAUSE);
		reboot(RB_AUTOBOOT);
	}
	_exit(end == SESSION_FAILED);
}

static void pump_close(const int pipe[2])
{
	close(pipe[0]);
	close(pipe[1]);
}

static void pump_start_session(struct pump *p)
{
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC | O_NONBLOCK) != 0)
		return pump_say("pipe", errno);
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) != 0) {
		pump_say("pipe", errno);
		return pump_close(in);
	}
	pid_t pid = fork();
	if (pid < 0) {
		pump_say("fork", errno);
		pump_close(in);
		return pump_close(out);
	}
	if (pid == 0) {
		close(in[1]);
		close(out[0]);
		pump_be_session(p, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	p->session = pid;
	p->to = in[1];
	p->from = out[0];
}

static void pump_close_session(struct pump *p)
{
	close(p->to);
	close(p->from);
	p->session = 0;
}

/* Sessions that have ended. */
static void pump_reap(struct pump *p)
{
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	p->strays = pid == 0;
	disk_clean(&p->setup->board);
}

/* The session has ended by itself: the host knows why, or it failed. */
static void pump_session_ended(struct pump *p)
{
	int status = 0;
	waitpid(p->session, &status, 0);
	pump_close_session(p);
	if (p->size)
		pump_forget_message(p); /* it ended in the middle of one */
	pump_reap(p);
	if (status == 0)
		return;
	fprintf(stderr, "flashd: a session failed, status %#x\n", (unsigned)status);
	pump_halt(p);
}

/* Ends the session, whatever it does. Its disk is closed when it is over, which a stuck disk delays. */
static void pump_kill_session(struct pump *p)
{
	if (!p->session)
		return;
	struct pollfd f = { .fd = p->from, .events = 0 }; /* POLLHUP comes when it has ended */
	kill(p->session, SIGKILL);
	uint64_t end = moment_now() + END_TIME, now;
	while (!(f.revents & POLLHUP) && (now = moment_now()) < end)
		poll(&f, 1, (int)(end - now));
	if (f.revents & POLLHUP)
		waitpid(p->session, NULL, 0);
	pump_close_session(p);
	pump_reap(p);
}

static bool pump_has_failed(const struct slot *s)
{
	return !s->busy && s->result < 0 && s->result != NOTHING;
}

/* A transfer that failed leaves a gap in the stream: the session is lost. */
static void pump_check(struct pump *p)
{
	const struct slot *first = &p->reads[p->head];
	if (!p->session || !(pump_has_failed(first) || pump_has_failed(&p->write)))
		return;
	pump_say("USB transfer", (int)-(pump_has_failed(first) ? first->result : p->write.result));
	pump_kill_session(p);
	pump_halt(p);
}

/* --- the two streams */

/* What came from the host goes to the session, as far as that takes it. False: it takes no more now. */
static bool pump_deliver(struct pump *p)
{
	struct slot *s = &p->reads[p->head];
	while (p->session && p->at < (size_t)s->result) {
		ssize_t n = write(p->to, s->data + p->at, (size_t)s->result - p->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (n < 0)
			break; /* it is ending: dropped */
		p->at += (size_t)n;
	}
	p->at = 0;
	p->head = (p->head + 1) % READS;
	s->result = NOTHING;
	pump_submit(p, s, p->usb->out, IOCB_CMD_PREAD, TRANSFER);
	return true;
}

/* Whether the first transfer from the host is complete and has not been delivered. */
static bool pump_has_data(const struct pump *p)
{
	const struct slot *s = &p->reads[p->head];
	return !s->busy && s->result >= 0;
}

/* How many bytes the next transfer to the host is to have: of one message only, as each ends with a short packet. */
static uint32_t pump_goal(const struct pump *p)
{
	if (!p->size)
		return FLASHWIRE_HEADER;
	return p->left < TRANSFER ? p->left : TRANSFER;
}

/* Takes what the session says. False: it has ended. */
static bool pump_fill(struct pump *p)
{
	while (p->fill < pump_goal(p)) {
		ssize_t n = read(p->from, p->write.data + p->fill, pump_goal(p) - p->fill);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return true;
		if (n <= 0)
			return false;
		p->fill += (uint32_t)n;
		if (!p->size && p->fill == FLASHWIRE_HEADER) {
			p->size = FLASHWIRE_HEADER + get_le32(p->write.data + 24);
			p->left = p->size;
		}
	}
	return true;
}

/* Starts the next transfer to the host, if there is something for one. False: the session has ended. */
static bool pump_send(struct pump *p)
{
	if (p->write.busy)
		return true;
	if (p->zero_packet) {
		p->zero_packet = false;
		pump_submit(p, &p->write, p->usb->in, IOCB_CMD_PWRITE, 0);
		return true;
	}
	if (!p->session)
		return true;
	if (!pump_fill(p))
		return false;
	if (!p->size || p->fill < pump_goal(p))
		return true;
	p->left -= p->fill;
	p->zero_packet = p->left == 0 && flashwire_needs_zero_packet(p->size, p->packet);
	size_t n = p->fill;
	p->fill = 0;
	if (p->left == 0)
		p->size = 0;
	pump_submit(p, &p->write, p->usb->in, IOCB_CMD_PWRITE, n);
	return true;
}

/* --- requests and events */

/* A session begins: the former one ends, both pipes become empty, then comes the answer. False: cannot go on. */
static bool pump_begin(struct pump *p)
{
	uint8_t answer[FLASHWIRE_BEGIN_SIZE];
	pump_kill_session(p);
	if (!pump_cancel(p))
		return false;
	ioctl(p->usb->out, FUNCTIONFS_CLEAR_HALT);
	ioctl(p->usb->in, FUNCTIONFS_CLEAR_HALT);
	pump_queue_reads(p);
	pump_start_session(p);
	flashwire_put_begin(answer,
	                    &(struct flashwire_versions){ FLASHWIRE_VERSION, FLASHWIRE_VERSION });
	if (write(p->usb->control, answer, sizeof answer) < 0)
		pump_say("answering", errno); /* the host has given up; it will ask again */
	return true;
}

static bool pump_setup(struct pump *p, const struct usb_ctrlrequest *request)
{
	if (request->bRequestType == FLASHWIRE_BEGIN_TYPE &&
	    request->bRequest == FLASHWIRE_BEGIN_REQUEST)
		return pump_begin(p);
	/* a transfer in the wrong direction stalls the request, and fails */
	ssize_t n = request->bRequestType & USB_DIR_IN ? read(p->usb->control, NULL, 0)
	                                               : write(p->usb->control, NULL, 0);
	return n < 0;
}

/* One event of endpoint 0. False: cannot go on. */
static bool pump_event(struct pump *p)
{
	struct usb_functionfs_event event;
	if (read(p->usb->control, &event, sizeof event) != sizeof event)
		return errno == EAGAIN || errno == EINTR || errno == EIDRM;
	switch (event.type) {
	case FUNCTIONFS_ENABLE:
		if (!pump_cancel(p))
			return false;
		pump_queue_reads(p);
		return true;
	case FUNCTIONFS_DISABLE:
	case FUNCTIONFS_UNBIND:
		pump_kill_session(p);
		return pump_cancel(p);
	case FUNCTIONFS_SETUP:
		return pump_setup(p, &event.u.setup);
	default:
		return true;
	}
}

/* What can be done without waiting. */
static void pump_move(struct pump *p, bool *full)
{
	*full = false;
	while (!*full && pump_has_data(p))
		*full = !pump_deliver(p);
	if (!pump_send(p))
		pump_session_ended(p);
}

static bool pump_step(struct pump *p)
{
	bool full;
	pump_move(p, &full);
	struct pollfd f[] = {
		{ .fd = p->usb->control, .events = POLLIN },
		{ .fd = p->events, .events = POLLIN },
		{ .fd = p->session && !p->write.busy ? p->from : -1, .events = POLLIN },
		{ .fd = full ? p->to : -1, .events = POLLOUT },
	};
	if (poll(f, 4, p->strays ? STRAY_PAUSE : -1) < 0)
		return errno == EINTR;
	if (p->strays)
		pump_reap(p);
	if (f[1].revents & POLLIN)
		pump_collect(p);
	pump_check(p);
	return !(f[0].revents & POLLIN) || pump_event(p);
}

static bool pump_prepare(struct pump *p)
{
	size_t size = (READS + 1) * (size_t)TRANSFER;
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	                       0);
	p->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (memory == MAP_FAILED || p->events < 0 ||
	    syscall(SYS_io_setup, (long)(READS + 1), &p->aio) != 0)
		return false;
	for (unsigned i = 0; i < READS; i++)
		p->reads[i] = (struct slot){ .data = memory + (size_t)i * TRANSFER,
			                     .result = NOTHING };
	p->write = (struct slot){ .data = memory + (size_t)READS * TRANSFER, .result = NOTHING };
	return true;
}

void pump_run(const struct functionfs *usb, const struct session_setup *setup, bool again)
{
	struct pump p = { .usb = usb, .setup = setup, .packet = 512 };
	if (!pump_prepare(&p)) {
		pump_say("preparing", errno);
		return;
	}
	if (again && pump_is_enabled(&p))
		pump_halt(&p); /* the host cannot know that its session is lost */
	while (pump_step(&p))
		;
	pump_kill_session(&p);
}
