/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/usb.h"

#include "platform/plat.h"

#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One thread runs libusb's event loop: it finishes transfers and reports arrivals. Everybody else submits and waits on
 * a monitor, so that a wait can have a deadline, end at an interrupt, and costs nothing while nothing happens. */

/* Another context of libusb, which sees what no event has reported (usb_rescan). */
struct rescan {
	struct usb *usb;
	libusb_context *context;
	struct plat_thread *events;
	unsigned users; /* entries, handles and calls */
	bool stopping;
	struct rescan *next;
};

struct entry {
	struct usb_device_info info;
	struct rescan *rescan; /* whose device it is; NULL: the first context's */
	libusb_device *device; /* referenced */
	struct entry *next;
	bool present; /* only meaningful while polling */
};

struct usb {
	struct usb_setup setup;
	libusb_context *context;
	libusb_hotplug_callback_handle hotplug;
	bool has_hotplug;
	struct plat_thread *events;
	struct plat_monitor *monitor; /* for the fields below */
	struct plat_monitor *calling; /* held around callbacks: one at a time */
	struct entry *entries;
	struct rescan *rescans;
	struct usb_handle *handles;
	uint64_t last_id;
	bool interrupted, stopping;
};

struct slot {
	struct usb_handle *handle;
	struct libusb_transfer *transfer;
	bool pending;
};

struct usb_handle {
	struct usb *usb;
	struct usb_handle *next;
	struct rescan *rescan; /* as that of its entry */
	libusb_device_handle *dev;
	struct plat_monitor *monitor; /* for "pending" of the slots and "interrupted" */
	bool interrupted, deaf;       /* deaf: it is never interrupted again */
	struct slot slots[USB_SLOTS];
	int claimed; /* interface, or -1 */
	uint8_t control[LIBUSB_CONTROL_SETUP_SIZE + USB_MAX_CONTROL];
};

static enum err usb_from_libusb(int code)
{
	switch (code) {
	case LIBUSB_SUCCESS:
		return OK;
	case LIBUSB_ERROR_ACCESS:
		return ERR_USB_ACCESS;
	case LIBUSB_ERROR_NO_DEVICE:
	case LIBUSB_ERROR_NOT_FOUND:
		return ERR_USB_GONE;
	case LIBUSB_ERROR_BUSY:
		return ERR_USB_BUSY;
	case LIBUSB_ERROR_TIMEOUT:
		return ERR_USB_TIMEOUT;
	case LIBUSB_ERROR_PIPE:
		return ERR_USB_STALL;
	case LIBUSB_ERROR_OVERFLOW:
		return ERR_USB_OVERFLOW;
	case LIBUSB_ERROR_NO_MEM:
		return ERR_USB_MEMORY;
	default:
		return ERR_USB_IO;
	}
}

static enum err usb_from_status(enum libusb_transfer_status status)
{
	switch (status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return OK;
	case LIBUSB_TRANSFER_STALL:
		return ERR_USB_STALL;
	case LIBUSB_TRANSFER_NO_DEVICE:
		return ERR_USB_GONE;
	case LIBUSB_TRANSFER_OVERFLOW:
		return ERR_USB_OVERFLOW;
	case LIBUSB_TRANSFER_TIMED_OUT:
	case LIBUSB_TRANSFER_CANCELLED:
		return ERR_USB_TIMEOUT;
	case LIBUSB_TRANSFER_ERROR:
	default:
		return ERR_USB_IO;
	}
}

/* --- who is on the bus */

static bool usb_describe(libusb_device *device, struct usb_device_info *info)
{
	struct libusb_device_descriptor d;
	if (libusb_get_device_descriptor(device, &d) != 0)
		return false;
	*info = (struct usb_device_info){
		.vendor = d.idVendor,
		.product = d.idProduct,
		.bus = libusb_get_bus_number(device),
		.address = libusb_get_device_address(device),
		.port = libusb_get_port_number(device),
		.serial_index = d.iSerialNumber,
	};
	uint8_t ports[8];
	int n = libusb_get_port_numbers(device, ports, sizeof ports);
	size_t at = (size_t)snprintf(info->path, sizeof info->path, "%u", info->bus);
	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(info->path + at, sizeof info->path - at, "%c%u",
		                       i ? '.' : '-', ports[i]);
	return true;
}

/* The entry of DEVICE. A context of libusb keeps one libusb_device object for one stay of a device on the bus as long as it
 * is referenced; what another context sees there has the same address. */
static struct entry *usb_find_device(struct usb *usb, libusb_device *device)
{
	for (struct entry *e = usb->entries; e; e = e->next)
		if (e->device == device ||
		    (e->rescan && e->info.bus == libusb_get_bus_number(device) &&
		     e->info.address == libusb_get_device_address(device)))
			return e;
	return NULL;
}

static void usb_add(struct usb *usb, libusb_device *device, struct rescan *rescan)
{
	struct entry *e = calloc(1, sizeof *e);
	if (!e || !usb_describe(device, &e->info)) {
		free(e);
		return;
	}
	plat_lock(usb->monitor);
	bool known = usb_find_device(usb, device);
	if (!known) {
		e->info.attach_id = ++usb->last_id;
		e->device = libusb_ref_device(device);
		e->rescan = rescan;
		if (rescan)
			rescan->users++;
		e->present = true;
		e->next = usb->entries;
		usb->entries = e;
	}
	struct usb_device_info info = e->info;
	plat_unlock(usb->monitor);
	if (known)
		free(e);
	else
		usb->setup.arrived(usb->setup.ctx, &info);
}

/* One user of a context less. Its devices must be unreferenced before: the context may end at once. NULL is fine. */
static void usb_release_rescan(struct rescan *rescan)
{
	if (!rescan)
		return;
	struct usb *usb = rescan->usb;
	plat_lock(usb->monitor);
	rescan->users--;
	plat_unlock(usb->monitor);
}

static void usb_drop(struct usb *usb, struct entry *gone)
{
	plat_lock(usb->monitor);
	for (struct entry **e = &usb->entries; *e; e = &(*e)->next)
		if (*e == gone) {
			*e = gone->next;
			break;
		}
	plat_unlock(usb->monitor);
	usb->setup.left(usb->setup.ctx, &gone->info);
	libusb_unref_device(gone->device);
	usb_release_rescan(gone->rescan);
	free(gone);
}

static int LIBUSB_CALL on_hotplug(libusb_context *context, libusb_device *device,
                                  libusb_hotplug_event event, void *arg)
{
	(void)context;
	struct usb *usb = arg;
	plat_lock(usb->calling);
	if (event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED) {
		usb_add(usb, device, NULL);
	} else {
		struct entry *e = usb_find_device(usb, device);
		if (e)
			usb_drop(usb, e);
	}
	plat_unlock(usb->calling);
	return 0;
}

void usb_poll(struct usb *usb)
{
	libusb_device **list;
	ssize_t n = libusb_get_device_list(usb->context, &list);
	if (n < 0)
		return; /* the next look may do better */
	plat_lock(usb->calling);
	for (struct entry *e = usb->entries; e; e = e->next) {
		e->present = false;
		for (ssize_t i = 0; i < n && !e->present; i++)
			e->present = list[i] == e->device;
	}
	for (struct entry *e = usb->entries, *next; e; e = next) {
		next = e->next;
		if (!e->present)
			usb_drop(usb, e);
	}
	for (ssize_t i = 0; i < n; i++)
		if (!usb_find_device(usb, list[i]))
			usb_add(usb, list[i], NULL);
	plat_unlock(usb->calling);
	libusb_free_device_list(list, 1);
}

/* --- where no events come: a new context of libusb looks at the whole bus when it is made */

static void usb_run_rescan(void *arg)
{
	struct rescan *rescan = arg;
	for (;;) {
		plat_lock(rescan->usb->monitor);
		bool stopping = rescan->stopping;
		plat_unlock(rescan->usb->monitor);
		if (stopping)
			return;
		struct timeval long_time = { .tv_sec = 3600 };
		libusb_handle_events_timeout_completed(rescan->context, &long_time, NULL);
	}
}

static void usb_end_rescan(struct rescan *rescan)
{
	if (rescan->events) {
		plat_lock(rescan->usb->monitor);
		rescan->stopping = true;
		plat_unlock(rescan->usb->monitor);
		libusb_interrupt_event_handler(rescan->context);
		plat_thread_join(rescan->events);
	}
	if (rescan->context)
		libusb_exit(rescan->context);
	free(rescan);
}

static struct rescan *usb_begin_rescan(struct usb *usb)
{
	struct rescan *rescan = calloc(1, sizeof *rescan);
	if (!rescan)
		return NULL;
	rescan->usb = usb;
	if (libusb_init(&rescan->context) == 0) {
		rescan->events = plat_thread_start(usb_run_rescan, rescan);
		if (rescan->events)
			return rescan;
	} else {
		rescan->context = NULL;
	}
	usb_end_rescan(rescan);
	return NULL;
}

/* Ends those that nobody uses any more. */
static void usb_end_rescans(struct usb *usb, bool all)
{
	for (struct rescan **at = &usb->rescans, *rescan; (rescan = *at);) {
		plat_lock(usb->monitor);
		bool used = rescan->users > 0 && !all;
		plat_unlock(usb->monitor);
		if (used) {
			at = &rescan->next;
			continue;
		}
		*at = rescan->next;
		usb_end_rescan(rescan);
	}
}

static bool usb_is_listed(const struct entry *e, libusb_device **list, ssize_t n)
{
	for (ssize_t i = 0; i < n; i++)
		if (libusb_get_bus_number(list[i]) == e->info.bus &&
		    libusb_get_device_address(list[i]) == e->info.address)
			return true;
	return false;
}

static bool usb_is_known(const struct usb *usb, libusb_device *device)
{
	for (const struct entry *e = usb->entries; e; e = e->next)
		if (usb_is_listed(e, &device, 1))
			return true;
	return false;
}

void usb_rescan(struct usb *usb)
{
	struct rescan *rescan = usb_begin_rescan(usb);
	libusb_device **list;
	ssize_t n = rescan ? libusb_get_device_list(rescan->context, &list) : -1;
	if (n >= 0) {
		plat_lock(usb->calling);
		for (struct entry *e = usb->entries, *next; e; e = next) {
			next = e->next;
			if (!usb_is_listed(e, list, n))
				usb_drop(usb, e);
		}
		for (ssize_t i = 0; i < n; i++)
			if (!usb_is_known(usb, list[i]))
				usb_add(usb, list[i], rescan);
		plat_unlock(usb->calling);
		libusb_free_device_list(list, 1);
	}
	if (rescan) {
		rescan->next = usb->rescans;
		usb->rescans = rescan;
	}
	usb_end_rescans(usb, false);
}

bool usb_needs_poll(const struct usb *usb)
{
	return !usb->has_hotplug;
}

/* --- life */

static void usb_run_events(void *arg)
{
	struct usb *usb = arg;
	for (;;) {
		plat_lock(usb->monitor);
		bool stopping = usb->stopping;
		plat_unlock(usb->monitor);
		if (stopping)
			return;
		struct timeval long_time = { .tv_sec = 3600 };
		libusb_handle_events_timeout_completed(usb->context, &long_time, NULL);
	}
}

static enum err usb_watch(struct usb *usb)
{
	usb->has_hotplug = libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG);
	if (!usb->has_hotplug) {
		usb_poll(usb);
		return OK;
	}
	int code = libusb_hotplug_register_callback(
		usb->context,
		LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
		LIBUSB_HOTPLUG_ENUMERATE, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
		LIBUSB_HOTPLUG_MATCH_ANY, on_hotplug, usb, &usb->hotplug);
	return code == 0 ? OK : ERR_USB_INIT;
}

/* The callback came with libusb 1.0.23; FreeBSD's own library has none. libusb passes no argument of ours on. */
#if defined LIBUSB_API_VERSION && LIBUSB_API_VERSION >= 0x01000107
static const struct usb_setup *logging;

static void LIBUSB_CALL on_message(libusb_context *context, enum libusb_log_level level,
                                   const char *text)
{
	(void)context;
	char line[1024];
	snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\r\n"), text);
	int wanted = level > LIBUSB_LOG_LEVEL_WARNING ? 2 : 1;
	if (wanted > logging->verbose)
		wanted = logging->verbose; /* LIBUSB_DEBUG= asked for it */
	if (*line)
		logging->message(logging->ctx, wanted, line);
}

/* SETUP NULL: to stderr again. */
static void usb_log_to(const struct usb_setup *setup)
{
	logging = setup;
	bool ours = setup && setup->message && setup->verbose;
	libusb_set_log_cb(NULL, ours ? on_message : NULL, LIBUSB_LOG_CB_GLOBAL);
}
#else
static void usb_log_to(const struct usb_setup *setup)
{
	(void)setup;
}
#endif

enum err usb_start(struct usb **out, const struct usb_setup *setup)
{
	struct usb *usb = calloc(1, sizeof *usb);
	if (!usb)
		return ERR_MEMORY;
	usb->setup = *setup;
	usb->monitor = plat_monitor_new();
	usb->calling = plat_monitor_new();
	enum err err = ERR_MEMORY;
	if (!usb->monitor || !usb->calling)
		goto fail;
	err = ERR_USB_INIT;
	if (libusb_init(&usb->context) != 0) {
		usb->context = NULL;
		goto fail;
	}
	usb_log_to(&usb->setup);
	static const int levels[] = { LIBUSB_LOG_LEVEL_NONE, LIBUSB_LOG_LEVEL_WARNING,
		                      LIBUSB_LOG_LEVEL_INFO };
#ifdef __FreeBSD__ /* its own libusb has no such call before FreeBSD 15; LIBUSB_DEBUG= works everywhere */
	(void)levels;
#else
	libusb_set_option(usb->context, LIBUSB_OPTION_LOG_LEVEL, levels[setup->verbose]);
#endif
	err = usb_watch(usb);
	if (err)
		goto fail;
	err = ERR_MEMORY;
	usb->events = plat_thread_start(usb_run_events, usb);
	if (!usb->events)
		goto fail;
	*out = usb;
	return OK;
fail:
	usb_stop(usb);
	return err;
}

void usb_stop(struct usb *usb)
{
	if (!usb)
		return;
	if (usb->events) {
		plat_lock(usb->monitor);
		usb->stopping = true;
		plat_unlock(usb->monitor);
		libusb_interrupt_event_handler(usb->context);
		plat_thread_join(usb->events);
	}
	if (usb->context && usb->has_hotplug)
		libusb_hotplug_deregister_callback(usb->context, usb->hotplug);
	while (usb->entries) {
		struct entry *e = usb->entries;
		usb->entries = e->next;
		libusb_unref_device(e->device);
		free(e);
	}
	usb_end_rescans(usb, true);
	if (usb->context)
		libusb_exit(usb->context);
	usb_log_to(NULL);
	plat_monitor_free(usb->calling);
	plat_monitor_free(usb->monitor);
	free(usb);
}

void usb_interrupt(struct usb *usb)
{
	plat_lock(usb->monitor);
	usb->interrupted = true;
	for (struct usb_handle *h = usb->handles; h; h = h->next) {
		plat_lock(h->monitor);
		h->interrupted = !h->deaf;
		plat_broadcast(h->monitor);
		plat_unlock(h->monitor);
	}
	plat_unlock(usb->monitor);
}

/* --- one device */

static void LIBUSB_CALL on_transfer_end(struct libusb_transfer *transfer)
{
	struct slot *slot = transfer->user_data;
	struct plat_monitor *monitor = slot->handle->monitor;
	plat_lock(monitor);
	slot->pending = false;
	plat_broadcast(monitor);
	plat_unlock(monitor);
}

/* libusb opens a device on Windows only through its driver, WinUSB, which serves one program at a time. */
static enum err usb_from_open(int code)
{
#ifdef _WIN32
	if (code == LIBUSB_ERROR_NOT_SUPPORTED)
		return ERR_USB_DRIVER;
	if (code == LIBUSB_ERROR_ACCESS)
		return ERR_USB_BUSY;
#endif
	return usb_from_libusb(code);
}

/* The entry of an arrival, inside the monitor; NULL: it has left. */
static struct entry *usb_entry_of(struct usb *usb, const struct usb_device_info *info)
{
	struct entry *e = usb->entries;
	while (e && e->info.attach_id != info->attach_id)
		e = e->next;
	return e;
}

/* The device of an arrival, referenced, and the context that it belongs to, if that is not the first: unreference the one,
 * then release the other. NULL: it has left. */
static libusb_device *usb_hold_device(struct usb *usb, const struct usb_device_info *info,
                                      struct rescan **rescan)
{
	libusb_device *device = NULL;
	*rescan = NULL;
	plat_lock(usb->monitor);
	struct entry *e = usb_entry_of(usb, info);
	if (e) {
		device = libusb_ref_device(e->device);
		*rescan = e->rescan;
	}
	if (*rescan)
		(*rescan)->users++;
	plat_unlock(usb->monitor);
	return device;
}

static enum err usb_open_device(struct usb_handle *h, struct usb *usb,
                                const struct usb_device_info *info)
{
	libusb_device *device = usb_hold_device(usb, info, &h->rescan);
	if (!device)
		return ERR_USB_GONE;
	int code = libusb_open(device, &h->dev);
	libusb_unref_device(device);
	return usb_from_open(code);
}

enum err usb_open(struct usb *usb, const struct usb_device_info *info, struct usb_handle **out)
{
	struct usb_handle *h = calloc(1, sizeof *h);
	if (!h)
		return ERR_MEMORY;
	h->claimed = -1;
	h->monitor = plat_monitor_new();
	enum err err = h->monitor ? usb_open_device(h, usb, info) : ERR_MEMORY;
	for (int i = 0; !err && i < USB_SLOTS; i++) {
		h->slots[i].handle = h;
		h->slots[i].transfer = libusb_alloc_transfer(0);
		if (!h->slots[i].transfer)
			err = ERR_MEMORY;
	}
	if (err) {
		usb_close(h);
		return err;
	}
	plat_lock(usb->monitor);
	h->usb = usb;
	h->interrupted = usb->interrupted;
	h->next = usb->handles;
	usb->handles = h;
	plat_unlock(usb->monitor);
	*out = h;
	return OK;
}

static void usb_unlist(struct usb_handle *h)
{
	plat_lock(h->usb->monitor);
	for (struct usb_handle **at = &h->usb->handles; *at; at = &(*at)->next)
		if (*at == h) {
			*at = h->next;
			break;
		}
	plat_unlock(h->usb->monitor);
}

void usb_close(struct usb_handle *h)
{
	if (!h)
		return;
	if (h->usb)
		usb_unlist(h);
	for (int i = USB_SLOTS - 1; i >= 0; i--) {
		size_t actual;
		if (h->slots[i].transfer)
			usb_cancel(h, (enum usb_slot)i, &actual);
		libusb_free_transfer(h->slots[i].transfer);
	}
	if (h->claimed >= 0)
		libusb_release_interface(h->dev, h->claimed);
	if (h->dev)
		libusb_close(h->dev);
	usb_release_rescan(h->rescan);
	plat_monitor_free(h->monitor);
	free(h);
}

/* The two endpoints of an interface. False: others than one bulk OUT and one bulk IN. */
static bool usb_read_pipes(const struct libusb_interface_descriptor *d, struct usb_pipes *pipes)
{
	*pipes = (struct usb_pipes){ .interface = d->bInterfaceNumber,
		                     .protocol = d->bInterfaceProtocol };
	for (unsigned i = 0; i < d->bNumEndpoints; i++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[i];
		uint8_t *to = e->bEndpointAddress & LIBUSB_ENDPOINT_IN ? &pipes->in : &pipes->out;
		if ((e->bmAttributes & 3) != LIBUSB_ENDPOINT_TRANSFER_TYPE_BULK || *to)
			return false;
		*to = e->bEndpointAddress;
		if (to == &pipes->out)
			pipes->packet = e->wMaxPacketSize & 0x7ff;
	}
	return pipes->in && pipes->out && pipes->packet;
}

enum err usb_find_pipes(struct usb *usb, const struct usb_device_info *info, uint8_t class,
                        uint8_t subclass, struct usb_pipes *pipes)
{
	struct libusb_config_descriptor *config = NULL;
	unsigned found = 0;
	bool good = true;
	*pipes = (struct usb_pipes){ 0 };
	struct rescan *rescan;
	libusb_device *device = usb_hold_device(usb, info, &rescan);
	if (!device)
		return ERR_USB_GONE;
	int code = libusb_get_active_config_descriptor(device, &config);
	libusb_unref_device(device);
	usb_release_rescan(rescan);
	if (code == LIBUSB_ERROR_NO_DEVICE)
		return ERR_USB_GONE;
	if (code != 0 || !config)
		return ERR_USB_DESCRIPTOR;
	for (unsigned i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface *in = &config->interface[i];
		if (in->num_altsetting == 0 || in->altsetting[0].bInterfaceClass != class ||
		    in->altsetting[0].bInterfaceSubClass != subclass)
			continue;
		found++;
		good = usb_read_pipes(&in->altsetting[0], pipes) && good;
	}
	libusb_free_config_descriptor(config);
	return found <= 1 && good ? OK : ERR_USB_DESCRIPTOR;
}

/* The bulk OUT endpoint of a vendor specific interface; 0: none. */
static unsigned usb_vendor_bulk(const struct libusb_interface *interface)
{
	if (interface->num_altsetting == 0 ||
	    interface->altsetting[0].bInterfaceClass != LIBUSB_CLASS_VENDOR_SPEC)
		return 0;
	const struct libusb_interface_descriptor *d = &interface->altsetting[0];
	for (unsigned i = 0; i < d->bNumEndpoints; i++)
		if ((d->endpoint[i].bmAttributes & 3) == LIBUSB_ENDPOINT_TRANSFER_TYPE_BULK &&
		    !(d->endpoint[i].bEndpointAddress & LIBUSB_ENDPOINT_IN))
			return d->endpoint[i].bEndpointAddress;
	return 0;
}

enum err usb_find_bulk(struct usb_handle *h, unsigned *interface, unsigned *endpoint)
{
	struct libusb_config_descriptor *config = NULL;
	unsigned found = 0;
	int code = libusb_get_active_config_descriptor(libusb_get_device(h->dev), &config);
	if (code == LIBUSB_ERROR_NO_DEVICE)
		return ERR_USB_GONE;
	if (code != 0 || !config)
		return ERR_USB_DESCRIPTOR;
	unsigned count = config->bNumInterfaces;
	for (unsigned i = 0; i < count; i++) {
		unsigned bulk = usb_vendor_bulk(&config->interface[i]);
		if (!bulk)
			continue;
		found++;
		*interface = config->interface[i].altsetting[0].bInterfaceNumber;
		*endpoint = bulk;
	}
	if (found != 1) {
		*interface = count == 1 ? 0 : 1;
		*endpoint = count == 1 ? 1 : 3;
	}
	libusb_free_config_descriptor(config);
	return count ? OK : ERR_USB_DESCRIPTOR;
}

enum err usb_claim_pipes(struct usb_handle *h, const struct usb_pipes *pipes)
{
	int code = libusb_claim_interface(h->dev, (int)pipes->interface);
	if (code == 0)
		h->claimed = (int)pipes->interface;
	return usb_from_libusb(code);
}

#ifdef __APPLE__
/* Unprivileged programs must select the configuration there, or bulk writes end after 64 bytes; a refused detach breaks the
 * handle. On Linux the selection resets the board. */
static void usb_prepare_interface(struct usb_handle *h, unsigned interface)
{
	(void)interface;
	libusb_set_configuration(h->dev, 1);
}
#else
static bool usb_is_vendor_specific(struct usb_handle *h, unsigned interface)
{
	struct libusb_config_descriptor *config = NULL;
	if (libusb_get_active_config_descriptor(libusb_get_device(h->dev), &config) != 0 || !config)
		return false;
	bool vendor = false;
	for (unsigned i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface *in = &config->interface[i];
		if (in->num_altsetting > 0 && in->altsetting[0].bInterfaceNumber == interface)
			vendor = in->altsetting[0].bInterfaceClass == LIBUSB_CLASS_VENDOR_SPEC;
	}
	libusb_free_config_descriptor(config);
	return vendor;
}

static void usb_prepare_interface(struct usb_handle *h, unsigned interface)
{
	if (usb_is_vendor_specific(h, interface) &&
	    libusb_kernel_driver_active(h->dev, (int)interface) == 1)
		libusb_detach_kernel_driver(h->dev, (int)interface);
}
#endif

enum err usb_claim(struct usb_handle *h, unsigned interface)
{
	usb_prepare_interface(h, interface);
	int code = libusb_claim_interface(h->dev, (int)interface);
	if (code == LIBUSB_ERROR_NOT_FOUND)
		return ERR_USB_DESCRIPTOR;
	if (code == 0)
		h->claimed = (int)interface;
	return usb_from_libusb(code);
}

enum err usb_string(struct usb_handle *h, uint8_t index, char out[USB_STRING_SIZE])
{
	int n = libusb_get_string_descriptor_ascii(h->dev, index, (unsigned char *)out,
	                                           USB_STRING_SIZE);
	out[n > 0 && n < USB_STRING_SIZE ? n : 0] = 0;
	return n < 0 ? usb_from_libusb(n) : OK;
}

static enum err usb_submit(struct usb_handle *h, enum usb_slot slot)
{
	plat_lock(h->monitor);
	h->slots[slot].pending = true;
	plat_unlock(h->monitor);
	int code = libusb_submit_transfer(h->slots[slot].transfer);
	if (code == 0)
		return OK;
	plat_lock(h->monitor);
	h->slots[slot].pending = false;
	plat_unlock(h->monitor);
	return usb_from_libusb(code);
}

static enum err usb_submit_control(struct usb_handle *h, uint8_t type, uint8_t request,
                                   uint16_t value, uint16_t index, size_t n)
{
	libusb_fill_control_setup(h->control, type, request, value, index, (uint16_t)n);
	libusb_fill_control_transfer(h->slots[USB_CONTROL].transfer, h->dev, h->control,
	                             on_transfer_end, &h->slots[USB_CONTROL], 0);
	return usb_submit(h, USB_CONTROL);
}

enum err usb_submit_announce(struct usb_handle *h, uint16_t value, uint16_t index)
{
	return usb_submit_control(h, LIBUSB_REQUEST_TYPE_VENDOR | LIBUSB_ENDPOINT_OUT, 0, value,
	                          index, 0);
}

enum err usb_submit_read(struct usb_handle *h, uint16_t value, uint16_t index, size_t n)
{
	return usb_submit_control(h, LIBUSB_REQUEST_TYPE_VENDOR | LIBUSB_ENDPOINT_IN, 0, value,
	                          index, n);
}

enum err usb_submit_request(struct usb_handle *h, unsigned interface, uint8_t request, size_t n)
{
	return usb_submit_control(
		h, LIBUSB_REQUEST_TYPE_VENDOR | LIBUSB_RECIPIENT_INTERFACE | LIBUSB_ENDPOINT_IN,
		request, 0, (uint16_t)interface, n);
}

enum err usb_submit_bulk(struct usb_handle *h, unsigned endpoint, const uint8_t *bytes, size_t n)
{
	libusb_fill_bulk_transfer(h->slots[USB_BULK].transfer, h->dev, (uint8_t)endpoint,
	                          (uint8_t *)(uintptr_t)bytes, (int)n, on_transfer_end,
	                          &h->slots[USB_BULK], 0);
	return usb_submit(h, USB_BULK);
}

enum err usb_submit_bulk_in(struct usb_handle *h, unsigned endpoint, uint8_t *to, size_t n)
{
	libusb_fill_bulk_transfer(h->slots[USB_BULK_IN].transfer, h->dev, (uint8_t)endpoint, to,
	                          (int)n, on_transfer_end, &h->slots[USB_BULK_IN], 0);
	return usb_submit(h, USB_BULK_IN);
}

enum err usb_await_either(struct usb_handle *h, enum usb_slot a, enum usb_slot b, uint64_t deadline)
{
	enum err err = OK;
	plat_lock(h->monitor);
	while (h->slots[a].pending && h->slots[b].pending && !err) {
		if (h->interrupted)
			err = ERR_INTERRUPTED;
		else if (!plat_wait(h->monitor, deadline) && h->slots[a].pending &&
		         h->slots[b].pending)
			err = ERR_USB_TIMEOUT;
	}
	plat_unlock(h->monitor);
	return err;
}

void usb_ignore_interrupts(struct usb_handle *h)
{
	plat_lock(h->monitor);
	h->interrupted = false;
	h->deaf = true;
	plat_unlock(h->monitor);
}

bool usb_is_pending(struct usb_handle *h, enum usb_slot slot)
{
	plat_lock(h->monitor);
	bool pending = h->slots[slot].pending;
	plat_unlock(h->monitor);
	return pending;
}

enum err usb_await(struct usb_handle *h, enum usb_slot slot, uint64_t deadline, size_t *actual)
{
	struct slot *s = &h->slots[slot];
	enum err err = OK;
	*actual = 0;
	plat_lock(h->monitor);
	while (s->pending && !err) {
		if (h->interrupted)
			err = ERR_INTERRUPTED;
		else if (!plat_wait(h->monitor, deadline) && s->pending)
			err = ERR_USB_TIMEOUT;
	}
	plat_unlock(h->monitor);
	if (err)
		return err;
	*actual = (size_t)s->transfer->actual_length;
	return usb_from_status(s->transfer->status);
}

enum err usb_cancel(struct usb_handle *h, enum usb_slot slot, size_t *actual)
{
	struct slot *s = &h->slots[slot];
	*actual = 0;
	plat_lock(h->monitor);
	bool pending = s->pending;
	plat_unlock(h->monitor);
	if (!pending)
		return OK;
	libusb_cancel_transfer(s->transfer);
	plat_lock(h->monitor);
	while (s->pending)
		plat_wait(h->monitor, PLAT_FOREVER);
	plat_unlock(h->monitor);
	*actual = (size_t)s->transfer->actual_length;
	return usb_from_status(s->transfer->status);
}

const uint8_t *usb_read_bytes(const struct usb_handle *h)
{
	return h->control + LIBUSB_CONTROL_SETUP_SIZE;
}

bool usb_pause(struct usb_handle *h, uint64_t time)
{
	uint64_t deadline = plat_now() + time;
	plat_lock(h->monitor);
	while (!h->interrupted && plat_wait(h->monitor, deadline))
		;
	bool interrupted = h->interrupted;
	plat_unlock(h->monitor);
	return !interrupted;
}

enum err usb_clear_halt(struct usb_handle *h, unsigned endpoint)
{
	return usb_from_libusb(libusb_clear_halt(h->dev, (unsigned char)endpoint));
}
