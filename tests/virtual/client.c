/* SPDX-License-Identifier: Apache-2.0 */
/* virtual-client [-s PIECE] [-q QUEUED] [-t TIMEOUT_MS] DIRECTORY [PATH...]
 *
 * A second, plain host for the virtual board: protocol.md once more, with libusb's synchronous calls (-q: that many
 * asynchronous ones at once), one thread a board (PATH as in "1-1.3"; default 1-1), files from DIRECTORY/CHIP/NAME, then
 * DIRECTORY/NAME. It checks the board and its transport independently of rpiboot; no error is retried, except that it
 * continues after a short bulk transfer.
 * Prints what happens, each line with the board's path; exit status 0 when all boards said Done, else 1. */
#include <libusb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOARDS_MAX    64
#define QUEUED_MAX    16
#define ARRIVAL_LIMIT 3000 /* polls of 20 ms */

struct host {
	const char *directory, *path;
	libusb_device_handle *usb;
	unsigned address; /* of the last device served here */
	uint16_t chip;
	uint8_t endpoint;
	char name[257]; /* of the file that is open */
	unsigned char *data;
	size_t size;
};

static int chunk = 16384, queued, timeout = 20000;

__attribute__((format(printf, 2, 3))) static int say(const struct host *h, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	printf("%s %s\n", h->path, text);
	return -1;
}

static void device_path(libusb_device *device, char out[64])
{
	uint8_t ports[8];
	int n = libusb_get_port_numbers(device, ports, sizeof ports);
	int used = snprintf(out, 64, "%u", libusb_get_bus_number(device));
	for (int i = 0; i < n; i++)
		used += snprintf(out + used, (size_t)(64 - used), "%c%u", i ? '.' : '-', ports[i]);
}

static const char *prefix(const struct host *h)
{
	return h->chip == 0x2711 ? "2711" : h->chip == 0x2712 ? "2712" : "2710";
}

/* One of several transfers under way. */
struct slot {
	struct libusb_transfer *transfer;
	int completed;
};

static void LIBUSB_CALL on_completed(struct libusb_transfer *transfer)
{
	((struct slot *)transfer->user_data)->completed = 1;
}

/* Keeps up to "queued" pieces under way; the first one that fails ends it, the others are cancelled. */
static int send_queued(struct host *h, unsigned char *data, size_t size)
{
	struct slot slots[QUEUED_MAX] = { 0 };
	size_t first = 0, next = 0, offset = 0;
	int result = 0;
	while (first < next || (offset < size && !result)) {
		struct slot *s = &slots[next % QUEUED_MAX];
		if (offset < size && !result && next - first < (size_t)queued) {
			int n = size - offset < (size_t)chunk ? (int)(size - offset) : chunk;
			*s = (struct slot){ .transfer = libusb_alloc_transfer(0) };
			libusb_fill_bulk_transfer(s->transfer, h->usb, h->endpoint, data + offset,
			                          n, on_completed, s, (unsigned)timeout);
			result = libusb_submit_transfer(s->transfer);
			offset += (size_t)n;
			s->completed = result != 0;
			if (result)
				say(h, "queued bulk: %s", libusb_error_name(result));
			next++;
			continue;
		}
		s = &slots[first++ % QUEUED_MAX];
		if (result && !s->completed)
			libusb_cancel_transfer(s->transfer);
		while (!s->completed)
			libusb_handle_events_completed(NULL, &s->completed);
		if (!result && s->transfer->actual_length != s->transfer->length)
			result = say(h, "queued bulk: status %d, %d of %d bytes",
			             s->transfer->status, s->transfer->actual_length,
			             s->transfer->length);
		libusb_free_transfer(s->transfer);
	}
	return result;
}

static int send_all(struct host *h, unsigned char *data, size_t size)
{
	int r = libusb_control_transfer(h->usb, 0x40, 0, (uint16_t)size, (uint16_t)(size >> 16),
	                                NULL, 0, 1000);
	if (r < 0)
		return say(h, "announce %zu: %s", size, libusb_error_name(r));
	if (data && queued)
		return send_queued(h, data, size);
	for (size_t done = 0; data && done < size;) {
		int actual = 0, n = size - done < (size_t)chunk ? (int)(size - done) : chunk;
		r = libusb_bulk_transfer(h->usb, h->endpoint, data + done, n, &actual,
		                         (unsigned)timeout);
		done += (size_t)actual;
		if (r < 0)
			return say(h, "bulk at %zu of %zu: %s", done, size, libusb_error_name(r));
	}
	return 0;
}

static int receive(struct host *h, unsigned char *data, uint16_t size)
{
	int r = libusb_control_transfer(h->usb, 0xc0, 0, size, 0, data, size, (unsigned)timeout);
	if (r != size)
		return say(h, "read %u: %s %d", size, r < 0 ? libusb_error_name(r) : "only", r);
	return 0;
}

static void drop_file(struct host *h)
{
	free(h->data);
	h->data = NULL;
	h->size = 0;
	h->name[0] = '\0';
}

/* Loads NAME; an absent file has no data. */
static void load(struct host *h, const char *name)
{
	const char *places[] = { prefix(h), "." };
	drop_file(h);
	snprintf(h->name, sizeof h->name, "%s", name);
	for (size_t i = 0; i < 2 && !h->data; i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s/%s", h->directory, places[i], name);
		FILE *f = fopen(path, "rb");
		if (!f || fseek(f, 0, SEEK_END) != 0)
			continue;
		h->size = (size_t)ftell(f);
		rewind(f);
		h->data = malloc(h->size + 1);
		if (h->data && fread(h->data, 1, h->size, f) != h->size)
			drop_file(h);
		fclose(f);
	}
}

/* Opens the board once it is there under an address that was not served yet. Returns its serial index, or -1. */
static int open_board(struct host *h)
{
	for (int i = 0; i < ARRIVAL_LIMIT;
	     i++, nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL)) {
		libusb_device **list;
		ssize_t n = libusb_get_device_list(NULL, &list);
		int found = -1;
		for (ssize_t k = 0; k < n && found < 0; k++) {
			struct libusb_device_descriptor d;
			char path[64];
			device_path(list[k], path);
			libusb_get_device_descriptor(list[k], &d);
			if (strcmp(path, h->path) != 0 || d.idVendor != 0x0a5c ||
			    libusb_get_device_address(list[k]) == h->address ||
			    libusb_open(list[k], &h->usb) != 0)
				continue;
			h->address = libusb_get_device_address(list[k]);
			h->chip = d.idProduct;
			found = d.iSerialNumber;
			unsigned char serial[64] = "";
			if (found)
				libusb_get_string_descriptor_ascii(h->usb, d.iSerialNumber, serial,
				                                   sizeof serial);
			say(h, "open %04x index %d serial '%s'", d.idProduct, found,
			    (char *)serial);
		}
		libusb_free_device_list(list, 1);
		if (found >= 0)
			return found;
	}
	return say(h, "no board");
}

static int claim(struct host *h)
{
	struct libusb_config_descriptor *config;
	int r = libusb_get_active_config_descriptor(libusb_get_device(h->usb), &config);
	if (r < 0)
		return say(h, "configuration: %s", libusb_error_name(r));
	int interface = config->bNumInterfaces == 1 ? 0 : 1;
	libusb_free_config_descriptor(config);
	h->endpoint = interface ? 3 : 1;
	r = libusb_claim_interface(h->usb, interface);
	return r < 0 ? say(h, "claim: %s", libusb_error_name(r)) : 0;
}

static int send_second_stage(struct host *h)
{
	unsigned char message[24] = { 0 }, status[4];
	load(h, h->chip == 0x2711   ? "bootcode4.bin"
	        : h->chip == 0x2712 ? "bootcode5.bin"
	                            : "bootcode.bin");
	for (int i = 0; i < 4; i++)
		message[i] = (unsigned char)(h->size >> 8 * i);
	if (!h->data)
		return say(h, "no second stage");
	if (send_all(h, message, sizeof message) || send_all(h, h->data, h->size))
		return -1;
	return receive(h, status, sizeof status)
	               ? -1
	               : say(h, "status %d", status[0]) + 1 + (status[0] ? -1 : 0);
}

/* Returns 1 after Done, 0 to go on, -1 on failure. */
static int answer(struct host *h, const unsigned char *message)
{
	const char *name = (const char *)message + 4;
	if (message[0] == 2 || !*name)
		return (message[0] != 2 && send_all(h, NULL, 0)) ? -1 : 1;
	if (*name == '*') {
		say(h, "metadata %s", name);
		return send_all(h, NULL, 0);
	}
	if (strcmp(name, h->name) != 0)
		load(h, name);
	if (message[0] == 0)
		return send_all(h, NULL, h->size);
	say(h, "%s %zu %s", h->data ? "file" : "absent", h->size, name);
	int r = send_all(h, h->size ? h->data : NULL, h->size);
	drop_file(h);
	return r;
}

static int serve_files(struct host *h)
{
	for (int state = 0; state == 0;) {
		unsigned char message[261] = { 0 };
		if (receive(h, message, 260))
			return -1;
		state = answer(h, message);
		if (state)
			return state < 0 ? -1 : say(h, "done") + 1;
	}
	return 0;
}

static void *boot(void *argument)
{
	struct host *h = argument;
	int result = -1, index;
	do {
		index = open_board(h);
		result = index < 0 || claim(h)      ? -1
		         : index == 0 || index == 3 ? send_second_stage(h)
		                                    : serve_files(h);
		if (h->usb)
			libusb_close(h->usb);
		h->usb = NULL;
		drop_file(h);
	} while (!result && (index == 0 || index == 3));
	return result ? argument : NULL;
}

int main(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "q:s:t:")) != -1)
		*(c == 's'   ? &chunk
		  : c == 'q' ? &queued
		             : &timeout) = (int)strtol(optarg, NULL, 10);
	if (queued > QUEUED_MAX || optind >= argc || argc - optind > BOARDS_MAX ||
	    libusb_init(NULL) != 0)
		return 2;
	static char first[] = "1-1";
	char *alone[] = { first }, **paths = optind + 1 < argc ? argv + optind + 1 : alone;
	int count = optind + 1 < argc ? argc - optind - 1 : 1, failed = 0;
	static struct host hosts[BOARDS_MAX];
	pthread_t threads[BOARDS_MAX];
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < count; i++) {
		hosts[i] = (struct host){ .directory = argv[optind], .path = paths[i] };
		pthread_create(&threads[i], NULL, boot, &hosts[i]);
	}
	for (int i = 0; i < count; i++) {
		void *bad;
		pthread_join(threads[i], &bad);
		failed += bad != NULL;
	}
	libusb_exit(NULL);
	return failed != 0;
}
