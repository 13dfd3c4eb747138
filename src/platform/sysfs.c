/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/sysfs.h"

#include "platform/plat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct sysfs sysfs_default = {
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
static size_t sysfs_read_some(const char *path, void *to, size_t n)
{
	int fd;
	uint64_t size;
	if (plat_open(path, &fd, &size) != PLAT_FILE_OK)
		return 0;
	int64_t got = plat_read_at(fd, 0, to, n);
	plat_close(fd);
	return got > 0 ? (size_t)got : 0;
}

static bool sysfs_read_text(const char *path, char out[SYSFS_TEXT])
{
	size_t n = sysfs_read_some(path, out, SYSFS_TEXT - 1);
	out[n] = 0;
	n = strlen(out); /* a device can put a NUL into its strings */
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
		out[--n] = 0;
	return n > 0;
}

/* The last component of the link's target. */
static bool sysfs_link_name(const char *path, char out[SYSFS_TEXT])
{
	char target[FILE_PATH];
	if (!plat_link(path, target, sizeof target))
		return false;
	const char *slash = strrchr(target, '/');
	return FITS(out, (size_t)SYSFS_TEXT, "%s", slash ? slash + 1 : target);
}

/* Adds NAME to the list "a, b" unless it is there; what does not fit is left out. */
static void sysfs_list_add(char list[SYSFS_TEXT], const char *name)
{
	size_t n = strlen(list), length = strlen(name);
	for (const char *at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ' ') && (at[length] == 0 || at[length] == ','))
			return;
	if (n + 2 + length < SYSFS_TEXT)
		snprintf(list + n, SYSFS_TEXT - n, "%s%s", n ? ", " : "", name);
}

/* --- devices */

bool sysfs_has_bus(const struct sysfs *m)
{
	char path[FILE_PATH];
	return FITS(path, sizeof path, "%s/bus/usb/devices", m->sys) && plat_is_directory(path);
}

bool sysfs_text(const struct sysfs *m, const char *path, const char *name, char out[SYSFS_TEXT])
{
	char file[FILE_PATH];
	*out = 0;
	return FITS(file, sizeof file, "%s/bus/usb/devices/%s/%s", m->sys, path, name) &&
	       sysfs_read_text(file, out);
}

static bool sysfs_read_number(const struct sysfs *m, const char *path, const char *name, int base,
                              unsigned long max, unsigned long *out)
{
	char text[SYSFS_TEXT], *end;
	if (!sysfs_text(m, path, name, text))
		return false;
	*out = strtoul(text, &end, base);
	return !*end && *out <= max;
}

bool sysfs_device(const struct sysfs *m, const char *path, struct usb_device_info *info)
{
	unsigned long vendor, product, bus, address;
	char file[FILE_PATH];
	uint8_t descriptor[18] = { 0 };
	if (strlen(path) >= sizeof info->path ||
	    !sysfs_read_number(m, path, "idVendor", 16, 0xffff, &vendor) ||
	    !sysfs_read_number(m, path, "idProduct", 16, 0xffff, &product) ||
	    !sysfs_read_number(m, path, "busnum", 10, 255, &bus) ||
	    !sysfs_read_number(m, path, "devnum", 10, 127, &address))
		return false;
	if (FITS(file, sizeof file, "%s/bus/usb/devices/%s/descriptors", m->sys, path))
		sysfs_read_some(file, descriptor, sizeof descriptor);
	*info = (struct usb_device_info){
		.vendor = (uint16_t)vendor,
		.product = (uint16_t)product,
		.bus = (uint8_t)bus,
		.address = (uint8_t)address,
		.serial_index = descriptor[16],
	};
	memcpy(info->path, path, strlen(path) + 1);
	const char *port = strpbrk(path, "-.");
	for (const char *next = port; next; next = strpbrk(next + 1, "-."))
		port = next;
	info->port = port ? (uint8_t)strtoul(port + 1, NULL, 10) : 0;
	return true;
}

struct each {
	const struct sysfs *sysfs;
	void (*fn)(void *ctx, const struct usb_device_info *info);
	void *ctx;
};

static bool sysfs_each_device(void *ctx, const char *name)
{
	const struct each *each = ctx;
	struct usb_device_info info;
	/* neither interfaces nor root hubs ("usb1") */
	if (!strchr(name, ':') && strchr(name, '-') && sysfs_device(each->sysfs, name, &info))
		each->fn(each->ctx, &info);
	return true;
}

void sysfs_each(const struct sysfs *m, void (*fn)(void *ctx, const struct usb_device_info *info),
                void *ctx)
{
	struct each each = { m, fn, ctx };
	char directory[FILE_PATH];
	if (FITS(directory, sizeof directory, "%s/bus/usb/devices", m->sys))
		plat_list(directory, sysfs_each_device, &each);
}

enum stage sysfs_stage(const struct sysfs *m, const struct usb_device_info *info)
{
	char interface[SYSFS_TEXT], path[USB_PATH_SIZE + 8];
	bool known = false;
	if (device_needs_interface(info->vendor, info->product)) {
		snprintf(path, sizeof path, "%s:1.0", info->path);
		known = sysfs_text(m, path, "interface", interface);
	}
	return device_identify(info->vendor, info->product, info->serial_index,
	                       known ? interface : NULL);
}

/* --- who holds it */

void sysfs_node(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT])
{
	snprintf(out, SYSFS_TEXT, "%s/bus/usb/%03u/%03u", m->dev, info->bus, info->address);
}

bool sysfs_lacks_node(const struct sysfs *m, const struct usb_device_info *info,
                      char node[SYSFS_TEXT])
{
	struct usb_device_info there;
	sysfs_node(m, info, node);
	return sysfs_device(m, info->path, &there) && there.bus == info->bus &&
	       there.address == info->address && !plat_exists(node);
}

struct search {
	const struct sysfs *sysfs;
	const char *path; /* of the device */
	char node[SYSFS_TEXT], self[SYSFS_TEXT];
	const char *except; /* a driver; NULL: none */
	const char *pid;    /* of the program that is looked at */
	char *list;
};

static bool sysfs_each_interface(void *ctx, const char *name)
{
	const struct search *s = ctx;
	char link[FILE_PATH], driver[SYSFS_TEXT];
	size_t n = strlen(s->path);
	if (strncmp(name, s->path, n) == 0 && name[n] == ':' &&
	    FITS(link, sizeof link, "%s/bus/usb/devices/%s/driver", s->sysfs->sys, name) &&
	    sysfs_link_name(link, driver) && !(s->except && strcmp(driver, s->except) == 0))
		sysfs_list_add(s->list, driver);
	return true;
}

bool sysfs_drivers(const struct sysfs *m, const char *path, const char *except,
                   char out[SYSFS_TEXT])
{
	struct search s = { .sysfs = m, .path = path, .except = except, .list = out };
	char directory[FILE_PATH];
	*out = 0;
	if (FITS(directory, sizeof directory, "%s/bus/usb/devices", m->sys))
		plat_list(directory, sysfs_each_interface, &s);
	return *out != 0;
}

static bool sysfs_each_open_file(void *ctx, const char *name)
{
	const struct search *s = ctx;
	char path[FILE_PATH], target[FILE_PATH], program[SYSFS_TEXT], entry[SYSFS_TEXT + 32];
	if (!FITS(path, sizeof path, "%s/%s/fd/%s", s->sysfs->proc, s->pid, name) ||
	    !plat_link(path, target, sizeof target) || strcmp(target, s->node) != 0)
		return true;
	if (!FITS(path, sizeof path, "%s/%s/comm", s->sysfs->proc, s->pid) ||
	    !sysfs_read_text(path, program))
		snprintf(program, sizeof program, "a program");
	if (FITS(entry, sizeof entry, "%s (%.20s)", program, s->pid))
		sysfs_list_add(s->list, entry);
	return false;
}

static bool sysfs_each_process(void *ctx, const char *name)
{
	struct search *s = ctx;
	char directory[FILE_PATH];
	s->pid = name;
	if (name[strspn(name, "0123456789")] == 0 && strcmp(name, s->self) != 0 &&
	    FITS(directory, sizeof directory, "%s/%s/fd", s->sysfs->proc, name))
		plat_list(directory, sysfs_each_open_file, s);
	return true;
}

bool sysfs_holders(const struct sysfs *m, const struct usb_device_info *info, char out[SYSFS_TEXT])
{
	struct search s = { .sysfs = m, .path = info->path, .list = out };
	char self[FILE_PATH];
	*out = 0;
	sysfs_node(m, info, s.node);
	if (!FITS(self, sizeof self, "%s/self", m->proc) || !sysfs_link_name(self, s.self))
		*s.self = 0;
	plat_list(m->proc, sysfs_each_process, &s);
	return *out != 0;
}

/* --- disks */

struct disks {
	const struct sysfs *sysfs;
	char component[USB_PATH_SIZE + 2]; /* "/1-1.3:" in the disk's place in the tree */
	struct sysfs_disk *out;
	size_t count;
};

static int sysfs_by_name(const void *a, const void *b)
{
	const struct sysfs_disk *x = a, *y = b;
	return strcmp(x->node, y->node);
}

/* Attribute NAME of the disk DISK ("sda"). */
static bool sysfs_disk_text(const struct sysfs *m, const char *disk, const char *name,
                            char out[SYSFS_TEXT])
{
	char path[FILE_PATH];
	*out = 0;
	return FITS(path, sizeof path, "%s/block/%s/%s", m->sys, disk, name) &&
	       sysfs_read_text(path, out);
}

static bool sysfs_fill_disk(const struct sysfs *m, const char *name, struct sysfs_disk *disk)
{
	char text[SYSFS_TEXT];
	*disk = (struct sysfs_disk){ 0 };
	if (!FITS(disk->node, sizeof disk->node, "/dev/%s", name))
		return false;
	if (sysfs_disk_text(m, name, "size", text))
		disk->size = strtoull(text, NULL, 10) * 512; /* sectors, whatever the disk's are */
	if (sysfs_disk_text(m, name, "diskseq", text))
		disk->sequence = strtoull(text, NULL, 10);
	disk->read_only = sysfs_disk_text(m, name, "ro", text) && strcmp(text, "1") == 0;
	sysfs_disk_text(m, name, "device/vendor", disk->vendor);
	sysfs_disk_text(m, name, "device/model", disk->model);
	sysfs_disk_text(m, name, "device/rev", disk->revision);
	return true;
}

/* What the place of a disk behind the device on PATH, a link below controller, host and interface, has in it. */
static void sysfs_component(const char *path, char out[USB_PATH_SIZE + 2])
{
	snprintf(out, USB_PATH_SIZE + 2, "/%.*s:", USB_PATH_SIZE - 1, path);
}

/* NAME in sys/block, a link to the disk's place. */
static bool sysfs_each_disk(void *ctx, const char *name)
{
	struct disks *d = ctx;
	char path[FILE_PATH], target[FILE_PATH];
	if (FITS(path, sizeof path, "%s/block/%s", d->sysfs->sys, name) &&
	    plat_link(path, target, sizeof target) && strstr(target, d->component) &&
	    sysfs_fill_disk(d->sysfs, name, &d->out[d->count]))
		d->count++;
	return d->count < SYSFS_DISKS;
}

size_t sysfs_disks(const struct sysfs *m, const char *path, struct sysfs_disk out[SYSFS_DISKS])
{
	struct disks disks = { .sysfs = m, .out = out };
	char directory[FILE_PATH];
	sysfs_component(path, disks.component);
	if (FITS(directory, sizeof directory, "%s/block", m->sys))
		plat_list(directory, sysfs_each_disk, &disks);
	qsort(out, disks.count, sizeof *out, sysfs_by_name);
	return disks.count;
}

bool sysfs_disk_at(const struct sysfs *m, unsigned major, unsigned minor, const char *path,
                   struct sysfs_disk *out)
{
	char link[FILE_PATH], target[FILE_PATH], component[USB_PATH_SIZE + 2];
	sysfs_component(path, component);
	if (!FITS(link, sizeof link, "%s/dev/block/%u:%u", m->sys, major, minor) ||
	    !plat_link(link, target, sizeof target) || !strstr(target, component))
		return false;
	const char *name = strrchr(target, '/') +
	                   1; /* of a disk: below "block"; of a partition: below its disk */
	return name - target > 7 && strncmp(name - 7, "/block/", 7) == 0 &&
	       sysfs_fill_disk(m, name, out);
}

struct sequence {
	const struct sysfs *sysfs;
	uint64_t highest;
};

static bool sysfs_each_sequence(void *ctx, const char *name)
{
	struct sequence *s = ctx;
	char text[SYSFS_TEXT];
	uint64_t n = sysfs_disk_text(s->sysfs, name, "diskseq", text) ? strtoull(text, NULL, 10)
	                                                              : 0;
	if (n > s->highest)
		s->highest = n;
	return true;
}

uint64_t sysfs_disk_sequence(const struct sysfs *m)
{
	struct sequence s = { .sysfs = m };
	char directory[FILE_PATH];
	if (FITS(directory, sizeof directory, "%s/block", m->sys))
		plat_list(directory, sysfs_each_sequence, &s);
	return s.highest;
}

/* --- who uses a disk */

struct users {
	const struct sysfs *sysfs;
	const char *disk; /* "sda" */
	const char *part; /* "sda/sda1", or the disk itself, while its holders are looked at */
	char *mounts;     /* /proc/self/mountinfo; NULL: cannot be read */
	char *list;
};

/* The mount point of device NUMBER ("8:1") in a line of mountinfo, proc(5): "36 35 8:1 / /mnt rw ...". */
static bool sysfs_mount_point(const char *line, const char *number, char out[SYSFS_TEXT])
{
	char device[32];
	return sscanf(line, "%*s %*s %31s %*s %255s", device, out) == 2 &&
	       strcmp(device, number) == 0;
}

static bool sysfs_each_holder(void *ctx, const char *name)
{
	const struct users *u = ctx;
	char entry[SYSFS_TEXT];
	if (FITS(entry, sizeof entry, "used by %s", name))
		sysfs_list_add(u->list, entry);
	return true;
}

/* Users of the disk or partition PART. */
static void sysfs_users_of(struct users *u, const char *part)
{
	char number[SYSFS_TEXT], point[SYSFS_TEXT], entry[SYSFS_TEXT + 16], holders[FILE_PATH];
	if (!sysfs_disk_text(u->sysfs, part, "dev", number))
		return;
	for (const char *line = u->mounts; line && *line;) {
		if (sysfs_mount_point(line, number, point) &&
		    FITS(entry, sizeof entry, "mounted on %s", point))
			sysfs_list_add(u->list, entry);
		line = strchr(line, '\n');
		line += line != NULL;
	}
	if (FITS(holders, sizeof holders, "%s/block/%s/holders", u->sysfs->sys, part))
		plat_list(holders, sysfs_each_holder, u);
}

static bool sysfs_each_part(void *ctx, const char *name)
{
	struct users *u = ctx;
	char part[SYSFS_TEXT];
	if (strncmp(name, u->disk, strlen(u->disk)) == 0 &&
	    FITS(part, sizeof part, "%s/%s", u->disk, name))
		sysfs_users_of(u, part);
	return true;
}

#define MOUNTS_LIMIT ((size_t)256 * 1024)

bool sysfs_disk_users(const struct sysfs *m, const struct sysfs_disk *disk, char out[SYSFS_TEXT])
{
	char path[FILE_PATH];
	struct users u = { .sysfs = m, .disk = disk->node + strlen("/dev/"), .list = out };
	*out = 0;
	if (FITS(path, sizeof path, "%s/self/mountinfo", m->proc))
		u.mounts = plat_log(path, MOUNTS_LIMIT);
	sysfs_users_of(&u, u.disk);
	if (FITS(path, sizeof path, "%s/block/%s", m->sys, u.disk))
		plat_list(path, sysfs_each_part, &u);
	free(u.mounts);
	return *out != 0;
}

/* --- the kernel's log: "PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT" a line */

/* Whether the kernel names the port, as device ("usb 1-1.3: ...") or as port ("usb 1-1-port3: ...", on a root hub
 * "usb usb1-port3: ..."). */
static bool sysfs_is_about(const char *text, const char *path)
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

static bool sysfs_complains(const char *text)
{
	return strncmp(text, "usb ", 4) == 0 &&
	       (strstr(text, "not accepting address") || strstr(text, "unable to enumerate") ||
	        strstr(text, "Maybe the USB cable is bad") ||
	        (strstr(text, "device descriptor read") && strstr(text, "error -")));
}

/* The kernel got through after all. */
static bool sysfs_clears_error(const char *text, const char *complaint)
{
	char path[USB_PATH_SIZE];
	size_t n = strncmp(text, "usb ", 4) == 0 ? strcspn(text + 4, ":") : 0;
	if (n == 0 || n >= sizeof path || !strstr(text, "New USB device found"))
		return false;
	memcpy(path, text + 4, n);
	path[n] = 0;
	return sysfs_is_about(complaint, path);
}

/* The text of a record no older than SINCE; NULL: none. */
static const char *sysfs_recent(const char *line, uint64_t since)
{
	const char *text = strchr(line, ';'), *time = strchr(line, ',');
	time = time ? strchr(time + 1, ',') : NULL;
	if (!text || !time || time > text || strtoull(time + 1, NULL, 10) < since)
		return NULL;
	return text + 1;
}

bool sysfs_enum_error(const struct sysfs *m, const char *path, char out[SYSFS_TEXT])
{
	char *log = plat_log(m->log, LOG_LIMIT), *rest = NULL;
	uint64_t now = m->now(), since = now > SYSFS_LOG_TIME ? now - SYSFS_LOG_TIME : 0;
	*out = 0;
	for (char *line = log ? strtok_r(log, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *text = sysfs_recent(line, since);
		if (text && sysfs_clears_error(text, out))
			*out = 0;
		else if (text && sysfs_complains(text) && (!path || sysfs_is_about(text, path)))
			snprintf(out, SYSFS_TEXT, "%s", text);
	}
	free(log);
	return *out != 0;
}
