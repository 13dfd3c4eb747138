#include "platform/sysfs.h"

#include "platform/plat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct machine machine_here = {
	.sys = "/sys",
	.proc = "/proc",
	.dev = "/dev",
	.log = "/dev/kmsg",
	.now = plat_now,
};

#define FILE_PATH 1024
#define LOG_LIMIT ((size_t)256 * 1024)

/* Formats into a buffer; false when it does not fit. */
#define FITS(to, size, ...) ((size_t)snprintf((to), (size), __VA_ARGS__) < (size))

/* Reads the first N bytes of a small file. */
static size_t read_some(const char *path, void *to, size_t n)
{
	int fd;
	uint64_t size;
	if (plat_open(path, &fd, &size) != PLAT_FILE_OK)
		return 0;
	int64_t got = plat_read_at(fd, 0, to, n);
	plat_close(fd);
	return got > 0 ? (size_t)got : 0;
}

static bool read_text(const char *path, char out[MACHINE_TEXT])
{
	size_t n = read_some(path, out, MACHINE_TEXT - 1);
	out[n] = 0;
	n = strlen(out); /* a device can put a NUL into its strings */
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
		out[--n] = 0;
	return n > 0;
}

/* The last component of the link's target. */
static bool link_name(const char *path, char out[MACHINE_TEXT])
{
	char target[FILE_PATH];
	if (!plat_link(path, target, sizeof target))
		return false;
	const char *slash = strrchr(target, '/');
	return FITS(out, (size_t)MACHINE_TEXT, "%s", slash ? slash + 1 : target);
}

/* Adds NAME to the list "a, b" unless it is there; what does not fit is left out. */
static void list_add(char list[MACHINE_TEXT], const char *name)
{
	size_t n = strlen(list), length = strlen(name);
	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == 0 || at[length] == ','))
			return;
	if (n + 2 + length < MACHINE_TEXT)
		snprintf(list + n, MACHINE_TEXT - n, "%s%s", n ? ", " : "", name);
}

/* --- devices */

bool machine_has_bus(const struct machine *m)
{
	char path[FILE_PATH];
	return FITS(path, sizeof path, "%s/bus/usb/devices", m->sys) && plat_is_folder(path);
}

bool machine_text(const struct machine *m, const char *path, const char *name,
                  char out[MACHINE_TEXT])
{
	char file[FILE_PATH];
	*out = 0;
	return FITS(file, sizeof file, "%s/bus/usb/devices/%s/%s", m->sys, path, name) &&
	       read_text(file, out);
}

static bool read_number(const struct machine *m, const char *path, const char *name, int base,
                        unsigned long max, unsigned long *out)
{
	char text[MACHINE_TEXT], *end;
	if (!machine_text(m, path, name, text))
		return false;
	*out = strtoul(text, &end, base);
	return !*end && *out <= max;
}

bool machine_seen(const struct machine *m, const char *path, struct usb_seen *seen)
{
	unsigned long vendor, product, bus, address;
	char file[FILE_PATH];
	uint8_t descriptor[18] = { 0 };
	if (strlen(path) >= sizeof seen->path ||
	    !read_number(m, path, "idVendor", 16, 0xffff, &vendor) ||
	    !read_number(m, path, "idProduct", 16, 0xffff, &product) ||
	    !read_number(m, path, "busnum", 10, 255, &bus) ||
	    !read_number(m, path, "devnum", 10, 127, &address))
		return false;
	if (FITS(file, sizeof file, "%s/bus/usb/devices/%s/descriptors", m->sys, path))
		read_some(file, descriptor, sizeof descriptor);
	*seen = (struct usb_seen){
		.vendor = (uint16_t)vendor,
		.product = (uint16_t)product,
		.bus = (uint8_t)bus,
		.address = (uint8_t)address,
		.serial_index = descriptor[16],
	};
	memcpy(seen->path, path, strlen(path) + 1);
	const char *port = strpbrk(path, "-.");
	for (const char *next = port; next; next = strpbrk(next + 1, "-."))
		port = next;
	seen->port = port ? (uint8_t)strtoul(port + 1, NULL, 10) : 0;
	return true;
}

struct each {
	const struct machine *machine;
	void (*fn)(void *ctx, const struct usb_seen *seen);
	void *ctx;
};

static bool each_device(void *ctx, const char *name)
{
	const struct each *each = ctx;
	struct usb_seen seen;
	/* neither interfaces nor root hubs ("usb1") */
	if (!strchr(name, ':') && strchr(name, '-') && machine_seen(each->machine, name, &seen))
		each->fn(each->ctx, &seen);
	return true;
}

void machine_each(const struct machine *m, void (*fn)(void *ctx, const struct usb_seen *seen),
                  void *ctx)
{
	struct each each = { m, fn, ctx };
	char folder[FILE_PATH];
	if (FITS(folder, sizeof folder, "%s/bus/usb/devices", m->sys))
		plat_list(folder, each_device, &each);
}

enum form machine_form(const struct machine *m, const struct usb_seen *seen)
{
	char interface[MACHINE_TEXT], path[USB_PATH_SIZE + 8];
	bool known = false;
	if (form_needs_interface(seen->vendor, seen->product)) {
		snprintf(path, sizeof path, "%s:1.0", seen->path);
		known = machine_text(m, path, "interface", interface);
	}
	return form_of(seen->vendor, seen->product, seen->serial_index, known ? interface : NULL);
}

/* --- who holds it */

void machine_node(const struct machine *m, const struct usb_seen *seen, char out[MACHINE_TEXT])
{
	snprintf(out, MACHINE_TEXT, "%s/bus/usb/%03u/%03u", m->dev, seen->bus, seen->address);
}

struct search {
	const struct machine *machine;
	const char *path; /* of the device */
	char node[MACHINE_TEXT], self[MACHINE_TEXT];
	const char *except; /* a driver; NULL: none */
	const char *pid;    /* of the program that is looked at */
	char *list;
};

static bool each_interface(void *ctx, const char *name)
{
	const struct search *s = ctx;
	char link[FILE_PATH], driver[MACHINE_TEXT];
	size_t n = strlen(s->path);
	if (strncmp(name, s->path, n) == 0 && name[n] == ':' &&
	    FITS(link, sizeof link, "%s/bus/usb/devices/%s/driver", s->machine->sys, name) &&
	    link_name(link, driver) && !(s->except && strcmp(driver, s->except) == 0))
		list_add(s->list, driver);
	return true;
}

bool machine_drivers(const struct machine *m, const char *path, const char *except,
                     char out[MACHINE_TEXT])
{
	struct search s = { .machine = m, .path = path, .except = except, .list = out };
	char folder[FILE_PATH];
	*out = 0;
	if (FITS(folder, sizeof folder, "%s/bus/usb/devices", m->sys))
		plat_list(folder, each_interface, &s);
	return *out != 0;
}

static bool each_open_file(void *ctx, const char *name)
{
	const struct search *s = ctx;
	char path[FILE_PATH], target[FILE_PATH], program[MACHINE_TEXT], entry[MACHINE_TEXT + 32];
	if (!FITS(path, sizeof path, "%s/%s/fd/%s", s->machine->proc, s->pid, name) ||
	    !plat_link(path, target, sizeof target) || strcmp(target, s->node) != 0)
		return true;
	if (!FITS(path, sizeof path, "%s/%s/comm", s->machine->proc, s->pid) ||
	    !read_text(path, program))
		snprintf(program, sizeof program, "a program");
	if (FITS(entry, sizeof entry, "%s (%.20s)", program, s->pid))
		list_add(s->list, entry);
	return false;
}

static bool each_process(void *ctx, const char *name)
{
	struct search *s = ctx;
	char folder[FILE_PATH];
	s->pid = name;
	if (name[strspn(name, "0123456789")] == 0 && strcmp(name, s->self) != 0 &&
	    FITS(folder, sizeof folder, "%s/%s/fd", s->machine->proc, name))
		plat_list(folder, each_open_file, s);
	return true;
}

bool machine_holders(const struct machine *m, const struct usb_seen *seen, char out[MACHINE_TEXT])
{
	struct search s = { .machine = m, .path = seen->path, .list = out };
	char self[FILE_PATH];
	*out = 0;
	machine_node(m, seen, s.node);
	if (!FITS(self, sizeof self, "%s/self", m->proc) || !link_name(self, s.self))
		*s.self = 0;
	plat_list(m->proc, each_process, &s);
	return *out != 0;
}

/* --- disks */

struct disks {
	const struct machine *machine;
	char component[USB_PATH_SIZE + 2]; /* "/1-1.3:" in the disk's place in the tree */
	struct machine_disk *out;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	const struct machine_disk *x = a, *y = b;
	return strcmp(x->node, y->node);
}

/* NAME in sys/block, a link to the disk's place below its controller, host, interface. */
static bool each_disk(void *ctx, const char *name)
{
	struct disks *d = ctx;
	char path[FILE_PATH], target[FILE_PATH], text[MACHINE_TEXT];
	struct machine_disk disk = { 0 };
	if (!FITS(path, sizeof path, "%s/block/%s", d->machine->sys, name) ||
	    !plat_link(path, target, sizeof target) || !strstr(target, d->component) ||
	    !FITS(disk.node, sizeof disk.node, "/dev/%s", name))
		return true;
	if (FITS(path, sizeof path, "%s/block/%s/size", d->machine->sys, name) &&
	    read_text(path, text))
		disk.size = strtoull(text, NULL, 10) * 512; /* sectors, whatever the disk's are */
	if (FITS(path, sizeof path, "%s/block/%s/device/model", d->machine->sys, name))
		read_text(path, disk.model);
	d->out[d->count++] = disk;
	return d->count < MACHINE_DISKS;
}

size_t machine_disks(const struct machine *m, const char *path,
                     struct machine_disk out[MACHINE_DISKS])
{
	struct disks disks = { .machine = m, .out = out };
	char folder[FILE_PATH];
	snprintf(disks.component, sizeof disks.component, "/%.*s:", USB_PATH_SIZE - 1, path);
	if (FITS(folder, sizeof folder, "%s/block", m->sys))
		plat_list(folder, each_disk, &disks);
	qsort(out, disks.count, sizeof *out, by_name);
	return disks.count;
}

/* --- the kernel's log: "PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT" a line */

/* Whether the kernel names the port, as device ("usb 1-1.3: ...") or as port ("usb 1-1-port3: ...", on a root hub
 * "usb usb1-port3: ..."). */
static bool is_about(const char *text, const char *path)
{
	char device[USB_PATH_SIZE + 8], port[USB_PATH_SIZE + 16];
	snprintf(device, sizeof device, "usb %s:", path);
	const char *last = strrchr(path, '.');
	if (last)
		snprintf(port, sizeof port, "usb %.*s-port%s:", (int)(last - path), path, last + 1);
	else
		snprintf(port, sizeof port, "usb usb%.*s-port%s:", (int)strcspn(path, "-"), path,
		         path + strcspn(path, "-") + (strchr(path, '-') != NULL));
	return strncmp(text, device, strlen(device)) == 0 || strncmp(text, port, strlen(port)) == 0;
}

static bool complains(const char *text)
{
	return strncmp(text, "usb ", 4) == 0 &&
	       (strstr(text, "not accepting address") || strstr(text, "unable to enumerate") ||
	        strstr(text, "Maybe the USB cable is bad") ||
	        (strstr(text, "device descriptor read") && strstr(text, "error -")));
}

/* The kernel got through after all. */
static bool settles(const char *text, const char *complaint)
{
	char path[USB_PATH_SIZE];
	size_t n = strncmp(text, "usb ", 4) == 0 ? strcspn(text + 4, ":") : 0;
	if (n == 0 || n >= sizeof path || !strstr(text, "New USB device found"))
		return false;
	memcpy(path, text + 4, n);
	path[n] = 0;
	return is_about(complaint, path);
}

/* The text of a record no older than SINCE; NULL: none. */
static const char *recent(const char *line, uint64_t since)
{
	const char *text = strchr(line, ';'), *time = strchr(line, ',');
	time = time ? strchr(time + 1, ',') : NULL;
	if (!text || !time || time > text || strtoull(time + 1, NULL, 10) < since)
		return NULL;
	return text + 1;
}

bool machine_complaint(const struct machine *m, const char *path, char out[MACHINE_TEXT])
{
	char *log = plat_log(m->log, LOG_LIMIT), *rest = NULL;
	uint64_t now = m->now(), since = now > MACHINE_LOG_TIME ? now - MACHINE_LOG_TIME : 0;
	*out = 0;
	for (char *line = log ? strtok_r(log, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *text = recent(line, since);
		if (text && settles(text, out))
			*out = 0;
		else if (text && complains(text) && (!path || is_about(text, path)))
			snprintf(out, MACHINE_TEXT, "%s", text);
	}
	free(log);
	return *out != 0;
}
