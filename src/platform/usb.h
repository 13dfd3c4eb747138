/* SPDX-License-Identifier: Apache-2.0 */
/* The interface to the USB host: who is on the bus, and transfers on one opened device. Implemented by usb_libusb.c, and by a
 * simulator in the tests. Knows nothing of Raspberry Pi. */
#ifndef USB_H
#define USB_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USB_PATH_SIZE   48  /* "255-255.255.255.255.255.255.255" and some */
#define USB_STRING_SIZE 256 /* a string descriptor in ASCII, terminated */
#define USB_MAX_CONTROL 512 /* most bytes of one control read */

struct usb;
struct usb_handle;

/* A device on the bus, from arriving to leaving. */
struct usb_device_info {
	uint64_t attach_id; /* of this attachment; never used again */
	uint16_t vendor, product;
	uint8_t bus, address;
	uint8_t port;         /* the last component of the path, 0 for a root hub */
	uint8_t serial_index; /* iSerialNumber */
	/* BUS[-PORT[.PORT...]], the same for everything that is ever plugged in there */
	char path[USB_PATH_SIZE];
};

struct usb_setup {
	/* Called from any thread, one call at a time; must not call back into usb_*. */
	void (*arrived)(void *ctx, const struct usb_device_info *info);
	void (*left)(void *ctx, const struct usb_device_info *info);
	/* A line of libusb's; from any thread, must not call back. LEVEL: 1 a warning, 2 information. NULL, and with VERBOSE 0:
	 * libusb writes to stderr itself what LIBUSB_DEBUG= asks for. */
	void (*message)(void *ctx, int level, const char *text);
	void *ctx;
	int verbose; /* the highest level that is wanted; 0: none */
};

/* Starts watching the bus; everything that is there already is reported as arrived before this returns. */
enum err usb_start(struct usb **out, const struct usb_setup *setup);

/* No handle may be open. NULL is fine. */
void usb_stop(struct usb *usb);

/* Where there are no hotplug events, usb_poll looks at the bus (and calls back). */
bool usb_needs_poll(const struct usb *usb);
void usb_poll(struct usb *usb);

/* Looks at the bus, where events are expected but do not come (and calls back). For use when the system shows a device that
 * was not reported. */
void usb_rescan(struct usb *usb);

/* From now on every wait for a transfer ends with ERR_INTERRUPTED. Any thread. */
void usb_interrupt(struct usb *usb);

/* An interface with one bulk endpoint in each direction. */
struct usb_pipes {
	unsigned interface;
	uint8_t protocol;
	uint8_t out, in; /* endpoints; 0: there is no such interface */
	unsigned packet; /* most bytes in a packet to OUT */
};

/* Looks for the device's interface of that class and subclass, without opening it. OK without one: PIPES->out is 0.
 * ERR_USB_DESCRIPTOR: the descriptors show several of them, or one that has not exactly two endpoints, bulk OUT and bulk IN;
 * or, for a moment after its arrival, there are none yet. */
enum err usb_find_pipes(struct usb *usb, const struct usb_device_info *info, uint8_t class,
                        uint8_t subclass, struct usb_pipes *pipes);

/* --- one device. A handle belongs to one thread at a time. */

/* ERR_USB_ACCESS, _DRIVER, _BUSY, _IO, _GONE may pass: udev and drivers need their time after an arrival. */
enum err usb_open(struct usb *usb, const struct usb_device_info *info, struct usb_handle **out);

/* Cancels what is pending, releases, closes. NULL is fine. */
void usb_close(struct usb_handle *h);

/* The interface to talk on and its bulk OUT endpoint: the only vendor specific one that has such an endpoint. Where the
 * descriptors show none or several, the number of interfaces decides: one: interface 0, endpoint 1; more: interface 1,
 * endpoint 3. */
enum err usb_find_bulk(struct usb_handle *h, unsigned *interface, unsigned *endpoint);

/* Claims an interface. A kernel driver is detached first if the interface is vendor specific. */
enum err usb_claim(struct usb_handle *h, unsigned interface);

/* Claims the interface of usb_find_pipes. The device's configuration, and other interfaces with their drivers, stay as they are. */
enum err usb_claim_pipes(struct usb_handle *h, const struct usb_pipes *pipes);

/* String descriptor INDEX as ASCII ('?' for what is not). */
enum err usb_string(struct usb_handle *h, uint8_t index, char out[USB_STRING_SIZE]);

/* Transfers are submitted into slots and awaited; a slot holds one at a time. */
enum usb_slot { USB_CONTROL, USB_BULK, USB_BULK_IN, USB_SLOTS };

/* Vendor control requests (bRequest 0) to the device: without data, and a read of N <= USB_MAX_CONTROL bytes. */
enum err usb_submit_announce(struct usb_handle *h, uint16_t value, uint16_t index);
enum err usb_submit_read(struct usb_handle *h, uint16_t value, uint16_t index, size_t n);

/* Vendor control request REQUEST to INTERFACE, which answers with up to N <= USB_MAX_CONTROL bytes; slot USB_CONTROL. */
enum err usb_submit_request(struct usb_handle *h, unsigned interface, uint8_t request, size_t n);

/* Bulk OUT of N bytes, slot USB_BULK; 0: an empty packet, which ends a message that fills its last packet. BYTES stay the
 * caller's and must live until the slot is free again. ERR_USB_MEMORY: the kernel has no room for N bytes now. */
enum err usb_submit_bulk(struct usb_handle *h, unsigned endpoint, const uint8_t *bytes, size_t n);

/* Bulk IN of up to N bytes, slot USB_BULK_IN. N is a multiple of 512, the packet size, so that no answer is too long. It
 * ends when TO is full, or with the first packet that is not. TO likewise stays the caller's. */
enum err usb_submit_bulk_in(struct usb_handle *h, unsigned endpoint, uint8_t *to, size_t n);

/* Waits until the slot's transfer has ended, or DEADLINE (plat_now): ERR_USB_TIMEOUT, still pending; likewise
 * ERR_INTERRUPTED. Otherwise the slot is free, *ACTUAL bytes were transferred (even with an error). */
enum err usb_await(struct usb_handle *h, enum usb_slot slot, uint64_t deadline, size_t *actual);

/* Waits until slot A or slot B (or both) has no pending transfer: usb_await returns at once for that one. Otherwise as
 * usb_await. */
enum err usb_await_either(struct usb_handle *h, enum usb_slot a, enum usb_slot b,
                          uint64_t deadline);

/* Whether the slot holds a transfer that has not ended. */
bool usb_is_pending(struct usb_handle *h, enum usb_slot slot);

/* Interrupts end no wait on this handle any more: for what must be done before the end. */
void usb_ignore_interrupts(struct usb_handle *h);

/* Ends the slot's transfer if it is pending; it is free afterwards. Returns what it ended with (OK: it was done in
 * time; ERR_USB_TIMEOUT: cancelled) and *ACTUAL bytes. */
enum err usb_cancel(struct usb_handle *h, enum usb_slot slot, size_t *actual);

/* The bytes of the last control read, *ACTUAL of usb_await of them. Valid until the next submit. */
const uint8_t *usb_read_bytes(const struct usb_handle *h);

/* Waits for TIME, for retries. False: an interrupt ended the wait. */
bool usb_pause(struct usb_handle *h, uint64_t time);

/* Clears a halted endpoint, after a stall or a transaction error. */
enum err usb_clear_halt(struct usb_handle *h, unsigned endpoint);

#endif
