/* SPDX-License-Identifier: Apache-2.0 */
/* The gadget's own program for direct flashing behind src/platform/usb.h: its sessions run in a thread of the test, a pair of
 * sockets is the two bulk endpoints, files are its disks. For one device and one thread of the host.
 *
 *	gadget_make("/tmp/x");				// an empty tree
 *	gadget_add_disk("mmcblk0", 16 << 20);	// a sparse file, dev/mmcblk0 in it
 *	usb_open(&gadget_bus, &gadget_info, &handle);
 */
#ifndef FAKEGADGET_H
#define FAKEGADGET_H

#include "flashd/session.h"
#include "formats/flashwire.h"
#include "platform/plat.h"
#include "platform/usb.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct usb_handle {
	int host, board; /* sockets */
	pthread_t thread;
	bool running, claimed;
	const uint8_t *out;
	uint8_t *in;
	size_t out_size, out_done, in_size, in_done;
	bool pending[USB_SLOTS];
	uint8_t answer[FLASHWIRE_BEGIN_SIZE];
};

/* There is one device, so the bus has no state. */
struct usb {
	int unused;
};
static struct usb gadget_bus;

static const struct usb_device_info gadget_info = { .attach_id = 1,
	                                            .vendor = 0x0a5c,
	                                            .product = 0x0104 };

static struct {
	char root[300], disks[200];
	bool gone, interrupted;
	uint64_t out_bytes, in_bytes, leave_after; /* after so many bytes it leaves; 0: never */
	unsigned begins;
} gadget;

/* --- its files */

static inline void gadget_text(const char *name, const char *value)
{
	char path[500];
	snprintf(path, sizeof path, "%s/%s", gadget.root, name);
	for (char *c = strchr(path + 1, '/'); c; c = strchr(c + 1, '/')) {
		*c = 0;
		mkdir(path, 0755);
		*c = '/';
	}
	FILE *f = fopen(path, "w");
	if (!f || fputs(value, f) < 0 || fclose(f) != 0)
		abort();
}

static inline void gadget_make(const char *root)
{
	memset(&gadget, 0, sizeof gadget);
	snprintf(gadget.root, sizeof gadget.root, "%s", root);
	signal(SIGPIPE, SIG_IGN);
	gadget_text("run/held/mmcblk0", ""); /* of an earlier session */
	char path[500];
	snprintf(path, sizeof path, "%s/run/held/mmcblk0", root);
	unlink(path);
	gadget_text("run/lun/.keep", "");
	gadget_text("run/ejected/.keep", "");
}

static inline void gadget_add_disk(const char *name, uint64_t size)
{
	char path[500], text[300];
	snprintf(path, sizeof path, "sys/block/%s/size", name);
	snprintf(text, sizeof text, "%llu\n", (unsigned long long)size / 512);
	gadget_text(path, text);
	snprintf(path, sizeof path, "sys/block/%s/queue/logical_block_size", name);
	gadget_text(path, "512\n");
	snprintf(path, sizeof path, "sys/block/%s/ro", name);
	gadget_text(path, "0\n");
	gadget_text("dev/.keep", "");
	snprintf(path, sizeof path, "%s/dev/%s", gadget.root, name);
	unlink(path);
	FILE *f = fopen(path, "w");
	if (!f || ftruncate(fileno(f), (off_t)size) != 0 || fclose(f) != 0)
		abort();
	snprintf(gadget.disks + strlen(gadget.disks), sizeof gadget.disks - strlen(gadget.disks),
	         "%s ", name);
	gadget_text("run/disks", gadget.disks);
}

/* --- sessions */

static inline void *gadget_run(void *arg)
{
	struct usb_handle *h = arg;
	struct session_setup setup = { .in = h->board,
		                       .out = h->board,
		                       .board = { .root = gadget.root },
		                       .serial = "10000000e3f1a2b4",
		                       .model = "Raspberry Pi Compute Module 4",
		                       .idle = SESSION_IDLE };
	session_run(&setup);
	return NULL;
}

static inline void gadget_stop(struct usb_handle *h)
{
	if (!h->running)
		return;
	close(h->host);
	pthread_join(h->thread, NULL);
	close(h->board);
	h->running = false;
}

static inline void gadget_start(struct usb_handle *h)
{
	static const struct flashwire_versions versions = { FLASHWIRE_VERSION, FLASHWIRE_VERSION };
	int ends[2];
	gadget_stop(h);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		abort();
	h->host = ends[0];
	h->board = ends[1];
	h->running = true;
	gadget.begins++;
	flashwire_put_begin(h->answer, &versions);
	if (pthread_create(&h->thread, NULL, gadget_run, h) != 0)
		abort();
}

/* --- usb.h */

enum err usb_open(struct usb *usb, const struct usb_device_info *info, struct usb_handle **out)
{
	(void)usb, (void)info;
	if (gadget.gone)
		return ERR_USB_GONE;
	*out = calloc(1, sizeof **out);
	return *out ? OK : ERR_MEMORY;
}

void usb_close(struct usb_handle *h)
{
	if (h)
		gadget_stop(h);
	free(h);
}

enum err usb_find_pipes(struct usb *usb, const struct usb_device_info *info, uint8_t class,
                        uint8_t subclass, struct usb_pipes *pipes)
{
	(void)usb, (void)info;
	*pipes = (struct usb_pipes){ 0 };
	if (class == FLASHWIRE_CLASS && subclass == FLASHWIRE_SUBCLASS)
		*pipes = (struct usb_pipes){ .interface = 1,
			                     .protocol = FLASHWIRE_PROTOCOL,
			                     .out = 2,
			                     .in = 0x83,
			                     .packet = 512 };
	return OK;
}

enum err usb_claim_pipes(struct usb_handle *h, const struct usb_pipes *pipes)
{
	h->claimed = pipes->interface == 1;
	return OK;
}

enum err usb_string(struct usb_handle *h, uint8_t index, char out[USB_STRING_SIZE])
{
	(void)h, (void)index;
	*out = 0;
	return OK;
}

enum err usb_submit_request(struct usb_handle *h, unsigned interface, uint8_t request, size_t n)
{
	if (interface != 1 || request != FLASHWIRE_BEGIN_REQUEST || n != FLASHWIRE_BEGIN_SIZE)
		return ERR_USB_STALL;
	gadget_start(h);
	return OK;
}

enum err usb_submit_bulk(struct usb_handle *h, unsigned endpoint, const uint8_t *bytes, size_t n)
{
	(void)endpoint;
	h->out = bytes;
	h->out_size = n;
	h->out_done = 0;
	h->pending[USB_BULK] = n > 0;
	return OK;
}

enum err usb_submit_bulk_in(struct usb_handle *h, unsigned endpoint, uint8_t *to, size_t n)
{
	(void)endpoint;
	h->in = to;
	h->in_size = n;
	h->in_done = 0;
	h->pending[USB_BULK_IN] = true;
	return OK;
}

static inline void gadget_move(struct usb_handle *h)
{
	ssize_t n;
	if (h->pending[USB_BULK]) {
		n = send(h->host, h->out + h->out_done, h->out_size - h->out_done, MSG_DONTWAIT);
		h->out_done += n > 0 ? (size_t)n : 0;
		gadget.out_bytes += n > 0 ? (size_t)n : 0;
		h->pending[USB_BULK] = h->out_done < h->out_size;
	}
	if (h->pending[USB_BULK_IN]) {
		n = recv(h->host, h->in, h->in_size, MSG_DONTWAIT);
		h->in_done = n > 0 ? (size_t)n : 0;
		gadget.in_bytes += h->in_done;
		h->pending[USB_BULK_IN] = n <= 0;
	}
	if (gadget.leave_after && gadget.out_bytes >= gadget.leave_after)
		gadget.gone = true;
	if (gadget.gone)
		h->pending[USB_BULK] = h->pending[USB_BULK_IN] = false;
}

enum err usb_await_either(struct usb_handle *h, enum usb_slot a, enum usb_slot b, uint64_t deadline)
{
	while (h->pending[a] && h->pending[b]) {
		uint64_t now = plat_now();
		struct pollfd p = { .fd = h->host };
		if (gadget.interrupted)
			return ERR_INTERRUPTED;
		if (now >= deadline)
			return ERR_USB_TIMEOUT;
		p.events = (short)((h->pending[USB_BULK] ? POLLOUT : 0) |
		                   (h->pending[USB_BULK_IN] ? POLLIN : 0));
		poll(&p, 1, (int)((deadline - now) / 1000) + 1);
		gadget_move(h);
	}
	return OK;
}

enum err usb_await(struct usb_handle *h, enum usb_slot slot, uint64_t deadline, size_t *actual)
{
	(void)deadline; /* what is awaited has ended: usb_await_either */
	*actual = slot == USB_BULK      ? h->out_done
	          : slot == USB_BULK_IN ? h->in_done
	                                : FLASHWIRE_BEGIN_SIZE;
	return gadget.gone ? ERR_USB_GONE : OK;
}

void usb_ignore_interrupts(struct usb_handle *h)
{
	(void)h;
	gadget.interrupted = false;
}

bool usb_is_pending(struct usb_handle *h, enum usb_slot slot)
{
	return h->pending[slot];
}

enum err usb_cancel(struct usb_handle *h, enum usb_slot slot, size_t *actual)
{
	*actual = 0;
	h->pending[slot] = false;
	return ERR_USB_TIMEOUT;
}

const uint8_t *usb_read_bytes(const struct usb_handle *h)
{
	return h->answer;
}

bool usb_pause(struct usb_handle *h, uint64_t time)
{
	(void)h;
	plat_pause(time);
	return true;
}

enum err usb_clear_halt(struct usb_handle *h, unsigned endpoint)
{
	(void)h, (void)endpoint;
	return gadget.gone ? ERR_USB_GONE : OK;
}

#endif
