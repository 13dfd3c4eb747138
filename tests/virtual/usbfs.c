/* SPDX-License-Identifier: Apache-2.0 */
#include "usbfs.h"

#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define MEMORY_LIMIT    (16u << 20) /* usbfs_memory_mb */
#define URB_OVERHEAD    400u        /* what the kernel adds for its own, about */
#define TRANSFER_MAX    (UINT32_MAX / 2 - 1000000)
#define CONTROL_SETUP   8
#define URB_STATUS_GONE (-ESHUTDOWN)

static const uint32_t capabilities = USBDEVFS_CAP_ZERO_PACKET | USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                                     USBDEVFS_CAP_BULK_SCATTER_GATHER |
                                     USBDEVFS_CAP_REAP_AFTER_DISCONNECT |
                                     USBDEVFS_CAP_DROP_PRIVILEGES | USBDEVFS_CAP_CONNINFO_EX;

/* One URB of a program: where it lives in the program's memory, and the model's transfer. */
struct request {
	struct vurb urb;
	struct usbfs_handle *handle; /* NULL: closed meanwhile */
	gulong address, buffer;      /* in the program */
	uint8_t *memory;             /* setup packet (control) and data */
	struct request *next;        /* of the handle's finished ones */
	bool synchronous;            /* USBDEVFS_CONTROL: the program waits in its ioctl */
};

/* One open node. */
struct usbfs_handle {
	struct usbfs *fs;
	struct usbfs_board *board;
	UMockdevIoctlClient *client;
	uint32_t appearance; /* the one it was opened in: later ones are another device */
	uint32_t claimed;
	struct request **pending; /* all not reaped */
	size_t pending_count;
	struct request *finished, **finished_tail;
	struct usbfs_handle *next;
};

static uint64_t epoch;

uint64_t usbfs_now(void)
{
	return (uint64_t)g_get_monotonic_time() - epoch;
}

static bool connected(const struct usbfs_handle *h)
{
	return h->board->shown && h->board->shown == h->appearance;
}

/* --- from the model back to the programs ------------------------------------------------------------------------- */

static void free_request(struct usbfs *fs, struct request *r)
{
	fs->memory -= r->urb.length + URB_OVERHEAD;
	g_free(r->memory);
	g_free(r);
}

static void forget(struct usbfs_handle *h, const struct request *r)
{
	for (size_t i = 0; i < h->pending_count; i++)
		if (h->pending[i] == r) {
			h->pending[i] = h->pending[--h->pending_count];
			return;
		}
}

/* USBDEVFS_CONTROL ends: the program's ioctl returns. */
static void end_synchronous(struct request *r)
{
	static const int errors[] = {
		[VURB_STALL] = EPIPE,
		[VURB_CANCELLED] = ETIMEDOUT,
		[VURB_GONE] = ENODEV,
		[VURB_ERROR] = EPROTO,
	};
	UMockdevIoctlClient *client = r->handle->client;
	long result = (long)r->urb.actual;
	if (r->urb.status != VURB_OK) {
		umockdev_ioctl_client_complete(client, -1, errors[r->urb.status]);
		return;
	}
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	UMockdevIoctlData *head = umockdev_ioctl_data_resolve(
		arg, 0, sizeof(struct usbdevfs_ctrltransfer), NULL);
	UMockdevIoctlData *data = NULL;
	if (head && r->urb.setup[0] & 0x80 && r->urb.actual)
		data = umockdev_ioctl_data_resolve(
			head, offsetof(struct usbdevfs_ctrltransfer, data), r->urb.length, NULL);
	if (data) {
		umockdev_ioctl_data_update(data, 0, r->urb.data, (gint)r->urb.actual);
		g_object_unref(data);
	}
	if (head)
		g_object_unref(head);
	umockdev_ioctl_client_complete(client, result, 0);
}

static void collect(struct usbfs *fs, struct usbfs_board *b)
{
	struct vurb *urb;
	while ((urb = vboard_reap(&b->board))) {
		struct request *r = urb->owner;
		if (r->handle && !r->synchronous) {
			r->next = NULL;
			*r->handle->finished_tail = r;
			r->handle->finished_tail = &r->next;
			continue;
		}
		if (r->handle) {
			end_synchronous(r);
			forget(r->handle, r);
		}
		free_request(fs, r);
	}
}

static void show_ready(struct usbfs *fs, struct usbfs_board *b)
{
	bool ready = false;
	for (struct usbfs_handle *h = fs->handles; h; h = h->next)
		ready |= h->board == b && connected(h) && h->finished;
	if (b->shown)
		vbus_set_ready(&b->device, ready);
}

/* --- the boards' comings and goings ------------------------------------------------------------------------------- */

static const int open_errors[] = {
	[VOPEN_ACCESS] = EACCES, [VOPEN_BUSY] = EBUSY, [VOPEN_DRIVER] = EACCES, [VOPEN_GONE] = 0
};

static void show_board(struct usbfs *fs, struct usbfs_board *b, uint64_t now)
{
	uint8_t device[VBOARD_DESCRIPTOR_MAX], config[VBOARD_DESCRIPTOR_MAX];
	const struct vboard *board = &b->board;
	struct vbus_info info = {
		.path = b->desc.path,
		.device = device,
		.device_size = vboard_device_descriptor(board, device),
		.config = config,
		.config_size = vboard_config_descriptor(board, config),
		.driver = b->desc.driver,
		.unannounced = b->desc.unannounced,
		.no_node = b->desc.no_node,
		.disk_bytes = board->phase == VPHASE_DISK ? b->desc.disk_bytes : 0,
	};
	b->open_state = vboard_may_open(board, now);
	info.refused = open_errors[b->open_state];
	info.manufacturer = vboard_string(board, device[14]);
	info.product = vboard_string(board, device[15]);
	info.serial = vboard_string(board, device[16]);
	info.interface = vboard_string(board, config[VBUS_INTERFACE_STRING]);
	vbus_add(&fs->bus, &b->device, &info);
	b->shown = vboard_appearance(board);
}

static void show_refusal(struct usbfs *fs, struct usbfs_board *b, uint64_t now)
{
	enum vopen state = vboard_may_open(&b->board, now);
	if (!b->shown || state == b->open_state || state == VOPEN_GONE)
		return;
	b->open_state = state;
	vbus_refuse(&fs->bus, &b->device, open_errors[state]);
}

/* Brings what programs see in line with the model. */
static void refresh_board(struct usbfs *fs, struct usbfs_board *b, uint64_t now)
{
	uint32_t shown = vboard_present(&b->board) ? vboard_appearance(&b->board) : 0;
	collect(fs, b);
	if (b->shown && b->shown != shown) {
		b->shown = 0;
		vbus_remove(&fs->bus, &b->device);
	}
	if (shown && !b->shown)
		show_board(fs, b, now);
	show_refusal(fs, b, now);
	show_ready(fs, b);
}

/* Makes happen what is due, and wakes up for what comes next. */
static void set_timer(struct usbfs *fs)
{
	uint64_t now = usbfs_now(), next = VDESC_FOREVER;
	for (size_t i = 0; i < fs->board_count; i++) {
		vboard_tick(&fs->boards[i].board, now);
		refresh_board(fs, &fs->boards[i], now);
		uint64_t at = vboard_next_event(&fs->boards[i].board, now);
		next = at < next ? at : next;
	}
	g_source_set_ready_time(fs->timer, next == VDESC_FOREVER ? -1 : (gint64)(next + epoch));
}

/* After a call into the model of board B. */
static void after(struct usbfs *fs, struct usbfs_board *b)
{
	if (!fs->timer)
		return; /* stopped: only handles are closed still */
	refresh_board(fs, b, usbfs_now());
	set_timer(fs);
	if (fs->changed)
		fs->changed(fs->context);
}

struct timer {
	GSource source;
	struct usbfs *fs;
};

static gboolean on_timer(GSource *source, GSourceFunc callback, gpointer data)
{
	(void)callback;
	(void)data;
	struct usbfs *fs = ((struct timer *)source)->fs;
	g_mutex_lock(&fs->lock);
	set_timer(fs);
	if (fs->changed)
		fs->changed(fs->context);
	g_mutex_unlock(&fs->lock);
	return G_SOURCE_CONTINUE;
}

/* --- ioctls: each returns the result, or -errno -------------------------------------------------------------------- */

/* Where ARG points, SIZE bytes of the program's memory; NULL if it cannot be read. Unref it. */
static UMockdevIoctlData *argument(UMockdevIoctlClient *client, size_t size)
{
	return umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, size, NULL);
}

static gulong pointer_argument(UMockdevIoctlClient *client)
{
	gulong value;
	memcpy(&value, umockdev_ioctl_client_get_arg(client)->data, sizeof value);
	return value;
}

static int put(UMockdevIoctlClient *client, const void *bytes, size_t size)
{
	UMockdevIoctlData *arg = argument(client, size);
	if (!arg)
		return -EFAULT;
	umockdev_ioctl_data_update(arg, 0, (guint8 *)bytes, (gint)size);
	g_object_unref(arg);
	return 0;
}

static int get(UMockdevIoctlClient *client, void *bytes, size_t size)
{
	UMockdevIoctlData *arg = argument(client, size);
	if (!arg)
		return -EFAULT;
	memcpy(bytes, arg->data, size);
	g_object_unref(arg);
	return 0;
}

static bool has_interface(const struct usbfs_handle *h, unsigned number)
{
	if (number == VBOARD_FLASH_INTERFACE && vboard_offers_flash(&h->board->board))
		return true;
	if (vboard_booted(&h->board->board))
		return number == 0;
	return number == vboard_interface(&h->board->board) ||
	       (h->board->desc.interfaces == 2 && number == 0);
}

static bool has_endpoint(const struct usbfs_handle *h, uint8_t endpoint)
{
	uint8_t config[VBOARD_DESCRIPTOR_MAX];
	size_t n = vboard_config_descriptor(&h->board->board, config);
	for (size_t at = 0; at + 3 <= n && config[at]; at += config[at])
		if (config[at + 1] == 5 && config[at + 2] == endpoint)
			return true;
	return false;
}

/* The driver of an interface for this program; NULL: none. */
static const char *driver_of(const struct usbfs_handle *h, unsigned number)
{
	for (struct usbfs_handle *o = h->fs->handles; o; o = o->next)
		if (o->board == h->board && connected(o) && o->claimed & 1U << number)
			return "usbfs";
	if (h->board->board.phase == VPHASE_FASTBOOT)
		return NULL;
	if (number == VBOARD_FLASH_INTERFACE && vboard_offers_flash(&h->board->board))
		return NULL;
	if (vboard_booted(&h->board->board) || number != vboard_interface(&h->board->board))
		return "usb-storage";
	return h->board->desc.driver;
}

static int claim(struct usbfs_handle *h, unsigned number)
{
	if (!has_interface(h, number))
		return -ENOENT;
	if (h->claimed & 1U << number)
		return 0;
	if (driver_of(h, number))
		return -EBUSY;
	h->claimed |= 1U << number;
	vboard_claim(&h->board->board, usbfs_now(), number, true);
	return 0;
}

static int release(struct usbfs_handle *h, unsigned number)
{
	if (number >= 32 || !(h->claimed & 1U << number))
		return -EINVAL;
	h->claimed &= ~(1U << number);
	vboard_claim(&h->board->board, usbfs_now(), number, false);
	return 0;
}

static int on_claim(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	unsigned number = 0;
	int error = get(client, &number, sizeof number);
	return error ? error : claim(h, number);
}

static int on_release(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	unsigned number = 0;
	int error = get(client, &number, sizeof number);
	return error ? error : release(h, number);
}

static int on_capabilities(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	(void)h;
	return put(client, &capabilities, sizeof capabilities);
}

static int on_get_driver(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	struct usbdevfs_getdriver query;
	int error = get(client, &query, sizeof query);
	if (error)
		return error;
	const char *driver = has_interface(h, query.interface) ? driver_of(h, query.interface)
	                                                       : NULL;
	if (!driver)
		return -ENODATA;
	snprintf(query.driver, sizeof query.driver, "%s", driver);
	return put(client, &query, sizeof query);
}

static void unbind(struct usbfs_handle *h)
{
	g_free(h->board->desc.driver);
	h->board->desc.driver = NULL;
}

/* USBDEVFS_IOCTL: of its codes only (dis)connecting the kernel's driver. */
static int on_driver_ioctl(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	struct usbdevfs_ioctl query;
	int error = get(client, &query, sizeof query);
	if (error)
		return error;
	if (query.ifno < 0 || !has_interface(h, (unsigned)query.ifno))
		return -EINVAL;
	bool vendor = (unsigned)query.ifno == vboard_interface(&h->board->board);
	if (!vendor)
		vboard_violation(&h->board->board, usbfs_now(),
		                 "the driver of interface %d is touched", query.ifno);
	if ((unsigned)query.ioctl_code == (unsigned)USBDEVFS_DISCONNECT) {
		if (!driver_of(h, (unsigned)query.ifno))
			return -ENODATA;
		unbind(h);
		return 0;
	}
	return (unsigned)query.ioctl_code == (unsigned)USBDEVFS_CONNECT ? 0 : -ENOTTY;
}

static int on_disconnect_claim(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	struct usbdevfs_disconnect_claim query;
	int error = get(client, &query, sizeof query);
	if (error)
		return error;
	if (!has_interface(h, query.interface))
		return -EINVAL;
	bool vendor = query.interface == vboard_interface(&h->board->board);
	const char *driver = driver_of(h, query.interface);
	bool named = driver && strncmp(query.driver, driver, sizeof query.driver) == 0;
	if ((query.flags & USBDEVFS_DISCONNECT_CLAIM_IF_DRIVER && driver && !named) ||
	    (query.flags & USBDEVFS_DISCONNECT_CLAIM_EXCEPT_DRIVER && named))
		return -EBUSY;
	if (!vendor && driver)
		vboard_violation(&h->board->board, usbfs_now(),
		                 "the driver of interface %u is detached", query.interface);
	if (driver)
		unbind(h);
	return claim(h, query.interface);
}

static int on_clear_halt(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	unsigned endpoint = 0;
	int error = get(client, &endpoint, sizeof endpoint);
	if (error)
		return error;
	if (!has_endpoint(h, (uint8_t)endpoint))
		return -ENOENT;
	vboard_clear_halt(&h->board->board, usbfs_now(), (uint8_t)endpoint);
	return 0;
}

static int on_connect_info(struct usbfs_handle *h, UMockdevIoctlClient *client, size_t size)
{
	const struct vbus_device *device = &h->board->device;
	struct usbdevfs_conninfo_ex info = {
		.size = sizeof info, .busnum = device->bus, .devnum = device->address, .speed = 3
	};
	const char *p = strchr(device->name, '-');
	for (; p && info.num_ports < sizeof info.ports; p = strchr(p, '.'))
		info.ports[info.num_ports++] = (uint8_t)strtoul(++p, NULL, 10);
	return put(client, &info, size < sizeof info ? size : sizeof info);
}

static int on_nothing(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	(void)h;
	(void)client;
	return 0;
}

static int on_speed(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	(void)h;
	(void)client;
	return 3; /* USB_SPEED_HIGH */
}

static int usbfs_reset_violation(struct usbfs_handle *h, const char *what)
{
	vboard_violation(&h->board->board, usbfs_now(), "%s: real boards are reset by it", what);
	return 0;
}

static int on_set_configuration(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	(void)client;
	return usbfs_reset_violation(h, "the host sets a configuration");
}

static int on_set_interface(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	(void)client;
	return usbfs_reset_violation(h, "the host sets an alternate setting");
}

static int on_reset(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	(void)client;
	return usbfs_reset_violation(h, "the host resets the board");
}

/* --- URBs ---------------------------------------------------------------------------------------------------------- */

static struct request *new_request(struct usbfs_handle *h, const uint8_t *memory, size_t size)
{
	struct request *r = g_new0(struct request, 1);
	r->handle = h;
	r->memory = g_malloc0(size + 1);
	if (memory)
		memcpy(r->memory, memory, size);
	r->urb.owner = r;
	r->urb.data = r->memory;
	r->urb.length = size;
	h->fs->memory += size + URB_OVERHEAD;
	h->pending = g_renew(struct request *, h->pending, h->pending_count + 1);
	h->pending[h->pending_count++] = r;
	return r;
}

static int on_submit(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	struct usbdevfs_urb urb;
	UMockdevIoctlData *arg = argument(client, sizeof urb), *buffer = NULL;
	if (!arg)
		return -EFAULT;
	memcpy(&urb, arg->data, sizeof urb);
	gulong address = (gulong)urb.buffer;
	bool control = urb.type == USBDEVFS_URB_TYPE_CONTROL;
	int result = 0;
	if ((!control && urb.type != USBDEVFS_URB_TYPE_BULK) || urb.buffer_length < 0 ||
	    (unsigned)urb.buffer_length > TRANSFER_MAX ||
	    (control && urb.buffer_length < CONTROL_SETUP))
		result = -EINVAL;
	else if (!control && !has_endpoint(h, urb.endpoint))
		result = -ENOENT;
	else if (h->fs->memory + (size_t)urb.buffer_length + URB_OVERHEAD > MEMORY_LIMIT)
		result = -ENOMEM;
	if (result == -ENOENT)
		vboard_violation(&h->board->board, usbfs_now(),
		                 "a transfer to endpoint %02x, which is not there", urb.endpoint);
	bool in = !control && urb.endpoint & 0x80;
	if (!result && urb.buffer_length && !in) {
		buffer = umockdev_ioctl_data_resolve(arg, offsetof(struct usbdevfs_urb, buffer),
		                                     (size_t)urb.buffer_length, NULL);
		result = buffer ? 0 : -EFAULT;
	}
	if (!result) {
		struct request *r = new_request(h, buffer ? buffer->data : NULL,
		                                (size_t)urb.buffer_length);
		r->address = arg->client_addr;
		r->buffer = address;
		r->urb.endpoint = control ? 0 : urb.endpoint;
		if (control) {
			memcpy(r->urb.setup, r->memory, CONTROL_SETUP);
			r->urb.data += CONTROL_SETUP;
			r->urb.length -= CONTROL_SETUP;
			h->fs->memory -= CONTROL_SETUP;
		}
		vboard_submit(&h->board->board, usbfs_now(), &r->urb);
	}
	if (buffer)
		g_object_unref(buffer);
	g_object_unref(arg);
	return result;
}

static int on_discard(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	gulong address = pointer_argument(client);
	for (size_t i = 0; i < h->pending_count; i++) {
		struct request *r = h->pending[i];
		if (r->address != address || r->urb.status != VURB_PENDING)
			continue;
		vboard_cancel(&h->board->board, usbfs_now(), &r->urb);
		return 0;
	}
	return -EINVAL;
}

/* Writes a finished URB into the program's memory through ARG, the place of the pointer that is asked for. */
static int deliver(struct request *r, UMockdevIoctlData *arg)
{
	static const int statuses[] = {
		[VURB_STALL] = -EPIPE,
		[VURB_CANCELLED] = -ENOENT,
		[VURB_GONE] = URB_STATUS_GONE,
		[VURB_ERROR] = -EPROTO,
	};
	memcpy(arg->data, &r->address, sizeof r->address);
	UMockdevIoctlData *at = umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb),
	                                                    NULL);
	if (!at)
		return -EFAULT;
	bool control = r->urb.endpoint == 0;
	bool in = (control ? r->urb.setup[0] : r->urb.endpoint) & 0x80;
	size_t offset = control ? CONTROL_SETUP : 0;
	if (in && r->urb.actual) {
		UMockdevIoctlData *buffer = umockdev_ioctl_data_resolve(
			at, offsetof(struct usbdevfs_urb, buffer), offset + r->urb.actual, NULL);
		if (buffer) {
			umockdev_ioctl_data_update(buffer, (gint)offset, r->urb.data,
			                           (gint)r->urb.actual);
			g_object_unref(buffer);
		}
	}
	int status = statuses[r->urb.status], actual = (int)r->urb.actual;
	umockdev_ioctl_data_update(at, offsetof(struct usbdevfs_urb, status), (guint8 *)&status,
	                           sizeof status);
	umockdev_ioctl_data_update(at, offsetof(struct usbdevfs_urb, actual_length),
	                           (guint8 *)&actual, sizeof actual);
	g_object_unref(at);
	return 0;
}

static int on_reap(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	struct request *r = h->finished;
	if (!r)
		return connected(h) ? -EAGAIN : -ENODEV;
	UMockdevIoctlData *arg = argument(client, sizeof(void *));
	int result = arg ? deliver(r, arg) : -EFAULT;
	if (arg)
		g_object_unref(arg);
	h->finished = r->next;
	if (!h->finished)
		h->finished_tail = &h->finished;
	forget(h, r);
	free_request(h->fs, r);
	return result;
}

/* The synchronous control transfer: the ioctl is answered when the model is through (end_synchronous). */
static int on_control(struct usbfs_handle *h, UMockdevIoctlClient *client)
{
	struct usbdevfs_ctrltransfer query;
	UMockdevIoctlData *arg = argument(client, sizeof query), *data = NULL;
	if (!arg)
		return -EFAULT;
	memcpy(&query, arg->data, sizeof query);
	if (query.wLength)
		data = umockdev_ioctl_data_resolve(
			arg, offsetof(struct usbdevfs_ctrltransfer, data), query.wLength, NULL);
	struct request *r = new_request(h, data ? data->data : NULL, query.wLength);
	r->synchronous = true;
	const uint8_t setup[] = { query.bRequestType,     query.bRequest,
		                  (uint8_t)query.wValue,  (uint8_t)(query.wValue >> 8),
		                  (uint8_t)query.wIndex,  (uint8_t)(query.wIndex >> 8),
		                  (uint8_t)query.wLength, (uint8_t)(query.wLength >> 8) };
	memcpy(r->urb.setup, setup, sizeof setup);
	if (data)
		g_object_unref(data);
	g_object_unref(arg);
	vboard_submit(&h->board->board, usbfs_now(), &r->urb);
	return 0;
}

/* --- the handler --------------------------------------------------------------------------------------------------- */

static const struct {
	unsigned long request;
	int (*run)(struct usbfs_handle *h, UMockdevIoctlClient *client);
	bool when_gone;  /* allowed after the board has left */
	bool ends_later; /* completes the ioctl itself unless it fails */
} table[] = {
	{ USBDEVFS_SUBMITURB, on_submit, false, false },
	{ USBDEVFS_REAPURBNDELAY, on_reap, true, false },
	{ USBDEVFS_DISCARDURB, on_discard, true, false },
	{ USBDEVFS_CONTROL, on_control, false, true },
	{ USBDEVFS_GET_CAPABILITIES, on_capabilities, false, false },
	{ USBDEVFS_CLAIMINTERFACE, on_claim, false, false },
	{ USBDEVFS_RELEASEINTERFACE, on_release, false, false },
	{ USBDEVFS_GETDRIVER, on_get_driver, false, false },
	{ USBDEVFS_IOCTL, on_driver_ioctl, false, false },
	{ USBDEVFS_DISCONNECT_CLAIM, on_disconnect_claim, false, false },
	{ USBDEVFS_CLEAR_HALT, on_clear_halt, false, false },
	{ USBDEVFS_RESETEP, on_clear_halt, false, false },
	{ USBDEVFS_DROP_PRIVILEGES, on_nothing, false, false },
	{ USBDEVFS_GET_SPEED, on_speed, false, false },
	{ USBDEVFS_SETCONFIGURATION, on_set_configuration, false, false },
	{ USBDEVFS_SETINTERFACE, on_set_interface, false, false },
	{ USBDEVFS_RESET, on_reset, false, false },
};

static gboolean on_ioctl(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer data)
{
	(void)base;
	struct usbfs *fs = data;
	g_mutex_lock(&fs->lock);
	struct usbfs_handle *h = g_object_get_data(G_OBJECT(client), "handle");
	unsigned long request = umockdev_ioctl_client_get_request(client);
	int result = -ENOTTY;
	bool later = false;
	if (!h)
		result = -ENODEV;
	for (size_t i = 0; h && i < sizeof table / sizeof *table; i++) {
		if (table[i].request != request)
			continue;
		result = connected(h) || table[i].when_gone ? table[i].run(h, client) : -ENODEV;
		later = table[i].ends_later && result >= 0;
	}
	if (h && _IOC_NR(request) == _IOC_NR(USBDEVFS_CONNINFO_EX(0)) && _IOC_TYPE(request) == 'U')
		result = connected(h) ? on_connect_info(h, client, _IOC_SIZE(request)) : -ENODEV;
	if (h)
		after(fs, h->board);
	g_mutex_unlock(&fs->lock);
	if (!later)
		umockdev_ioctl_client_complete(client, result < 0 ? -1 : result,
		                               result < 0 ? -result : 0);
	return TRUE;
}

/* The program has closed the node: umockdev drops its object. */
static void on_closed(gpointer data, GObject *client)
{
	(void)client;
	struct usbfs_handle *h = data;
	struct usbfs *fs = h->fs;
	g_mutex_lock(&fs->lock);
	for (struct usbfs_handle **p = &fs->handles; *p; p = &(*p)->next)
		if (*p == h) {
			*p = h->next;
			break;
		}
	struct vboard *board = &h->board->board;
	for (size_t i = 0; i < h->pending_count; i++)
		h->pending[i]->handle = NULL;
	for (struct request *r = h->finished, *next; r; r = next) {
		next = r->next;
		forget(h, r);
		free_request(fs, r);
	}
	for (size_t i = 0; i < h->pending_count; i++)
		vboard_cancel(board, usbfs_now(), &h->pending[i]->urb);
	for (unsigned i = 0; connected(h) && i < 2; i++)
		release(h, i);
	after(fs, h->board);
	g_mutex_unlock(&fs->lock);
	g_free(h->pending);
	g_free(h);
}

static void on_connected(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer data)
{
	(void)base;
	struct usbfs *fs = data;
	const char *node = umockdev_ioctl_client_get_devnode(client);
	g_mutex_lock(&fs->lock);
	for (size_t i = 0; i < fs->board_count; i++) {
		struct usbfs_board *b = &fs->boards[i];
		if (!b->shown || strcmp(b->device.devnode, node) != 0)
			continue;
		struct usbfs_handle *h = g_new0(struct usbfs_handle, 1);
		*h = (struct usbfs_handle){
			.fs = fs, .board = b, .client = client, .appearance = b->shown
		};
		h->finished_tail = &h->finished;
		h->next = fs->handles;
		fs->handles = h;
		g_object_set_data(G_OBJECT(client), "handle", h);
		g_object_weak_ref(G_OBJECT(client), on_closed, h);
		vboard_open(&b->board, usbfs_now());
		after(fs, b);
		break;
	}
	g_mutex_unlock(&fs->lock);
}

int usbfs_start(struct usbfs *fs, uint32_t seed)
{
	static GSourceFuncs functions = { .dispatch = on_timer };
	epoch = (uint64_t)g_get_monotonic_time();
	if (vbus_open(&fs->bus))
		return -1;
	g_signal_connect(fs->bus.handler, "handle-ioctl", G_CALLBACK(on_ioctl), fs);
	g_signal_connect(fs->bus.handler, "client-connected", G_CALLBACK(on_connected), fs);
	g_mutex_init(&fs->lock);
	g_mutex_lock(&fs->lock);
	fs->timer = g_source_new(&functions, sizeof(struct timer));
	((struct timer *)fs->timer)->fs = fs;
	g_source_attach(fs->timer, NULL);
	for (size_t i = 0; i < fs->board_count; i++) {
		struct usbfs_board *b = &fs->boards[i];
		vboard_init(&b->board, &b->desc, seed + (uint32_t)i, usbfs_now());
		b->board.judge_claims = true;
		refresh_board(fs, b, usbfs_now());
	}
	set_timer(fs);
	g_mutex_unlock(&fs->lock);
	return 0;
}

void usbfs_stop(struct usbfs *fs)
{
	g_mutex_lock(&fs->lock);
	g_source_destroy(fs->timer);
	g_source_unref(fs->timer);
	fs->timer = NULL;
	for (size_t i = 0; i < fs->board_count; i++)
		if (fs->boards[i].shown)
			vbus_remove(&fs->bus, &fs->boards[i].device);
	fs->board_count = 0;
	g_mutex_unlock(&fs->lock);
	vbus_close(&fs->bus);
}
