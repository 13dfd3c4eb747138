/* SPDX-License-Identifier: Apache-2.0 */
/* A plain host for direct flashing, on the kernel's usbfs, for the guest that plays host and gadget.
 *
 *	flashclient info			what the interface is, and what the board says of itself
 *	flashclient write DISK FILE [WAIT]	writes FILE, all zero MiB as holes, and compares the digests; first sends
 *						WAIT of its messages, then waits until /tmp/go is there
 *	flashclient hold DISK FILE		the same, but reads the disk, too, and waits before it closes it
 *	flashclient keep DISK			opens and closes so that the disk stays out of the LUNs
 *	flashclient digest DISK MIB		SHA-256 of the first MIB mebibytes, read as chunks
 *	flashclient torn DISK			ends in the middle of a message, with answers unread
 *	flashclient raw FILE			sends FILE's bytes in a session, whatever they are
 *	flashclient reboot
 * Prints lines; the status is 0 if all went well. */
#include "base/bytes.h"
#include "flash/frame.h"
#include "formats/flashwire.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB      (1u << 20)
#define PACKET   512u
#define PART     (64u << 10) /* bytes of one transfer */
#define PATIENCE 120000      /* ms: a slow disk in a slow guest */

static int usb, interface_number;
static uint8_t out_address, in_address;
static uint32_t sequence;
static uint8_t in_bytes[PART], payload[MIB];
static size_t in_have, in_at;
static struct flashwire answer;
static struct flashwire_info info;

static void die(const char *what)
{
	printf("failed: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- the device */

static long attribute(const char *device, const char *name, int base)
{
	char path[600], text[32] = "";
	snprintf(path, sizeof path, "/sys/bus/usb/devices/%s/%s", device, name);
	FILE *f = fopen(path, "r");
	if (!f)
		return -1;
	if (!fgets(text, sizeof text, f))
		text[0] = 0;
	fclose(f);
	return strtol(text, NULL, base);
}

/* The interface's place: "1-1:1.4". */
static bool find(char place[256])
{
	DIR *dir = opendir("/sys/bus/usb/devices");
	bool found = false;
	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		found = attribute(e->d_name, "bInterfaceClass", 16) == FLASHWIRE_CLASS &&
		        attribute(e->d_name, "bInterfaceSubClass", 16) == FLASHWIRE_SUBCLASS &&
		        attribute(e->d_name, "bInterfaceProtocol", 16) == FLASHWIRE_PROTOCOL;
		if (found)
			snprintf(place, 256, "%s", e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void find_endpoints(const char *place)
{
	char path[600];
	snprintf(path, sizeof path, "/sys/bus/usb/devices/%s", place);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (strncmp(e->d_name, "ep_", 3) != 0)
			continue;
		uint8_t address = (uint8_t)strtoul(e->d_name + 3, NULL, 16);
		*(address & USB_DIR_IN ? &in_address : &out_address) = address;
	}
	if (dir)
		closedir(dir);
}

static void open_device(void)
{
	char place[256], device[256], path[64];
	if (!find(place)) {
		puts("no interface for direct flashing");
		exit(1);
	}
	find_endpoints(place);
	interface_number = (int)attribute(place, "bInterfaceNumber", 16);
	snprintf(device, sizeof device, "%.*s", (int)strcspn(place, ":"), place);
	snprintf(path, sizeof path, "/dev/bus/usb/%03ld/%03ld", attribute(device, "busnum", 10),
	         attribute(device, "devnum", 10));
	usb = open(path, O_RDWR);
	if (usb < 0 || ioctl(usb, USBDEVFS_CLAIMINTERFACE, &interface_number) != 0)
		die(path);
}

static int control(uint8_t type, uint8_t request, uint16_t value, uint16_t index, void *to,
                   uint16_t n)
{
	struct usbdevfs_ctrltransfer t = { type, request, value, index, n, 30000, to };
	return ioctl(usb, USBDEVFS_CONTROL, &t);
}

static int bulk(uint8_t address, void *bytes, unsigned n)
{
	struct usbdevfs_bulktransfer t = { address, n, PATIENCE, bytes };
	return ioctl(usb, USBDEVFS_BULK, &t);
}

/* --- messages */

static bool send_bytes(const void *bytes, size_t n)
{
	static uint8_t part[PART];
	for (size_t done = 0; done < n;) {
		size_t size = n - done < sizeof part ? n - done : sizeof part;
		memcpy(part, (const uint8_t *)bytes + done, size);
		if (bulk(out_address, part, (unsigned)size) != (int)size)
			return false;
		done += size;
	}
	return n % PACKET != 0 || bulk(out_address, part, 0) == 0;
}

static void send_message(struct flashwire m, const void *bytes)
{
	static uint8_t message[FLASHWIRE_HEADER + MIB];
	m.sequence = ++sequence;
	flashwire_put(message, &m);
	if (m.payload)
		memcpy(message + FLASHWIRE_HEADER, bytes, m.payload);
	if (!send_bytes(message, FLASHWIRE_HEADER + m.payload))
		die(flashwire_type_name(m.type));
}

static void receive_bytes(uint8_t *to, size_t n)
{
	while (n > 0) {
		if (in_at == in_have) {
			int got = bulk(in_address, in_bytes, sizeof in_bytes);
			if (got < 0)
				die("receiving");
			in_have = (size_t)got;
			in_at = 0;
		}
		size_t part = in_have - in_at < n ? in_have - in_at : n;
		memcpy(to, in_bytes + in_at, part);
		in_at += part;
		to += part;
		n -= part;
	}
}

/* The next answer. An ERROR ends the program. */
static void receive(void)
{
	uint8_t header[FLASHWIRE_HEADER];
	struct flashwire_error error;
	receive_bytes(header, sizeof header);
	if (flashwire_reply(header, &answer) != FLASHWIRE_OK) {
		puts("failed: not an answer");
		exit(1);
	}
	receive_bytes(payload, answer.payload);
	if (answer.type != FLASHWIRE_ERROR)
		return;
	if (flashwire_get_error(payload, answer.payload, &error))
		printf("ERROR %d %u %s at %llu%s\n", (int)error.code, error.number, error.text,
		       (unsigned long long)answer.offset,
		       answer.flags & FLASHWIRE_END ? " END" : "");
	exit(1);
}

/* Until at most OPEN messages are unanswered. */
static void settle(uint32_t open)
{
	static uint32_t answered;
	while (sequence - answered > open) {
		receive();
		answered = answer.sequence;
	}
}

static void receive_info(void)
{
	settle(0);
	if (answer.type != FLASHWIRE_INFO || !flashwire_get_info(payload, answer.payload, &info)) {
		puts("failed: no INFO");
		exit(1);
	}
}

static void begin(void)
{
	uint8_t bytes[FLASHWIRE_BEGIN_SIZE] = { 0 };
	struct flashwire_versions versions = { 1, 1 };
	unsigned out = out_address, in = in_address;
	int n = control(FLASHWIRE_BEGIN_TYPE, FLASHWIRE_BEGIN_REQUEST, 0,
	                (uint16_t)interface_number, bytes, sizeof bytes);
	if (n < 0 || !flashwire_get_begin(bytes, (size_t)n, &versions))
		die("beginning");
	if (ioctl(usb, USBDEVFS_CLEAR_HALT, &out) != 0 || ioctl(usb, USBDEVFS_CLEAR_HALT, &in) != 0)
		die("clearing halts");
	send_message((struct flashwire){ .type = FLASHWIRE_HELLO,
	                                 .payload = flashwire_put_hello(bytes, &versions) },
	             bytes);
	receive_info();
}

static void open_disk(const char *name, uint32_t flags)
{
	uint8_t field[FLASHWIRE_NAME];
	send_message((struct flashwire){ .type = FLASHWIRE_OPEN,
	                                 .payload = flashwire_put_open(field, name),
	                                 .flags = flags },
	             field);
	receive_info();
}

static void close_disk(uint32_t flags)
{
	send_message((struct flashwire){ .type = FLASHWIRE_CLOSE, .flags = flags }, NULL);
	settle(0);
}

/* --- commands */

static void dump(const char *name, const uint8_t *bytes, int n)
{
	printf("%s %d ", name, n);
	for (int i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	puts("");
}

static int show(void)
{
	uint8_t bytes[256] = { 0 };
	int n = control(0x80, USB_REQ_GET_DESCRIPTOR, USB_DT_STRING << 8 | 0xee, 0, bytes, 18);
	dump("os-string", bytes, n);
	uint8_t code = bytes[16];
	dump("compatible", bytes, control(0xc0, code, 0, 4, bytes, sizeof bytes));
	dump("properties", bytes,
	     control(0xc1, code, (uint16_t)interface_number, 5, bytes, sizeof bytes));
	n = control(0xc1, FLASHWIRE_BEGIN_REQUEST + 1, 0, (uint16_t)interface_number, bytes, 8);
	printf("unknown-request %s\n", n < 0 ? strerror(errno) : "answered");
	begin();
	printf("board '%s' '%s' version %u window %u messages %u idle %u\n", info.serial,
	       info.model, info.version, info.window, info.messages, info.idle);
	for (unsigned i = 0; i < info.count; i++)
		printf("disk %s kind %d size %llu sector %u read-only %d\n", info.disks[i].name,
		       (int)info.disks[i].kind, (unsigned long long)info.disks[i].size,
		       info.disks[i].sector, info.disks[i].read_only);
	return 0;
}

static uint8_t *load(const char *file, size_t *size)
{
	struct stat st;
	int fd = open(file, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0)
		die(file);
	uint8_t *bytes = malloc((size_t)st.st_size + 1);
	*size = (size_t)st.st_size;
	for (size_t done = 0; bytes && done < *size;) {
		ssize_t n = read(fd, bytes + done, *size - done);
		if (n <= 0)
			die(file);
		done += (size_t)n;
	}
	close(fd);
	return bytes;
}

static void send_chunk(uint64_t offset, const uint8_t *bytes, uint32_t n)
{
	static uint8_t frame[2 * MIB];
	static struct frame_packer *packer;
	struct flashwire m = { .type = FLASHWIRE_HOLE, .offset = offset, .length = n };
	if (bytes[0] != 0 || memcmp(bytes, bytes + 1, n - 1) != 0) {
		if (!packer)
			packer = frame_packer_new();
		m.type = FLASHWIRE_DATA;
		m.payload = (uint32_t)frame_pack(packer, frame, sizeof frame, bytes, n);
		if (m.payload >= n) {
			m.flags = FLASHWIRE_RAW;
			m.payload = n;
		}
	}
	send_message(m, m.flags ? bytes : frame);
	settle(6);
}

static int compare(const uint8_t *bytes, size_t size)
{
	int bad = 0;
	send_message((struct flashwire){ .type = FLASHWIRE_HASH, .length = (uint32_t)size }, NULL);
	settle(0);
	for (size_t done = 0; done < size; done += MIB) {
		uint8_t digest[SHA256_SIZE];
		struct sha256 hash;
		sha256_init(&hash);
		sha256_add(&hash, bytes + done, size - done < MIB ? size - done : MIB);
		sha256_end(&hash, digest);
		bad += memcmp(digest, payload + done / MIB * SHA256_SIZE, sizeof digest) != 0;
	}
	printf("digests %u, %d differ\n", flashwire_chunks((uint32_t)size), bad);
	return bad != 0;
}

static void wait_for_go(void)
{
	puts("waiting");
	fflush(stdout);
	while (access("/tmp/go", F_OK) != 0)
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
}

/* SHA-256 of what the open disk has in its first COUNT chunks, read as such. */
static bool digest_chunks(uint32_t count)
{
	static uint8_t chunk[MIB];
	struct frame_unpacker *unpacker = frame_unpacker_new();
	struct sha256 hash;
	uint8_t digest[SHA256_SIZE];
	bool good = true;
	sha256_init(&hash);
	send_message((struct flashwire){ .type = FLASHWIRE_READ, .length = count * MIB }, NULL);
	for (uint32_t i = 0; good && i < count;) {
		receive();
		if (answer.type != FLASHWIRE_CHUNK_DATA)
			continue; /* a sign of life */
		memset(chunk, 0, sizeof chunk);
		if (answer.flags & FLASHWIRE_RAW)
			memcpy(chunk, payload, answer.length);
		else if (!answer.flags)
			good = frame_unpack(unpacker, chunk, answer.length, payload,
			                    answer.payload);
		sha256_add(&hash, chunk, answer.length);
		i++;
	}
	sha256_end(&hash, digest);
	frame_unpacker_free(unpacker);
	dump("sha256", digest, sizeof digest);
	return good;
}

static int write_disk(const char *disk, const char *file, long wait, bool hold)
{
	size_t size;
	uint8_t *bytes = load(file, &size);
	begin();
	open_disk(disk, 0);
	for (size_t done = 0; done < size; done += MIB) {
		if (wait-- == 0)
			wait_for_go();
		send_chunk(done, bytes + done, size - done < MIB ? (uint32_t)(size - done) : MIB);
	}
	send_message((struct flashwire){ .type = FLASHWIRE_SYNC }, NULL);
	settle(0);
	printf("written %llu\n", (unsigned long long)answer.offset);
	int status = compare(bytes, size);
	if (hold && !digest_chunks((uint32_t)(size / MIB)))
		status = 1;
	if (hold)
		wait_for_go();
	close_disk(0);
	puts("closed");
	free(bytes);
	return status;
}

static int digest_disk(const char *disk, uint32_t count)
{
	begin();
	open_disk(disk, FLASHWIRE_READ_ONLY);
	if (!digest_chunks(count))
		return 1;
	close_disk(0);
	return 0;
}

static int tear(const char *disk)
{
	static uint8_t message[100000];
	begin();
	open_disk(disk, 0);
	send_message((struct flashwire){ .type = FLASHWIRE_SYNC }, NULL); /* its answer stays */
	sequence++;
	flashwire_put(message, &(struct flashwire){ .type = FLASHWIRE_DATA,
	                                            .sequence = sequence,
	                                            .length = MIB,
	                                            .payload = MIB,
	                                            .flags = FLASHWIRE_RAW });
	return bulk(out_address, message, PART) != (int)PART;
}

static int send_file(const char *file)
{
	size_t size;
	uint8_t *bytes = load(file, &size);
	begin();
	bool sent = send_bytes(bytes, size);
	printf("sent %zu %s\n", size, sent ? "all" : strerror(errno));
	free(bytes);
	return !sent;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_device();
	if (strcmp(command, "info") == 0)
		return show();
	if (strcmp(command, "write") == 0 && argc > 3)
		return write_disk(argv[2], argv[3], argc > 4 ? strtol(argv[4], NULL, 10) : -1,
		                  false);
	if (strcmp(command, "hold") == 0 && argc > 3)
		return write_disk(argv[2], argv[3], -1, true);
	if (strcmp(command, "digest") == 0 && argc > 3)
		return digest_disk(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	if (strcmp(command, "torn") == 0 && argc > 2)
		return tear(argv[2]);
	if (strcmp(command, "raw") == 0 && argc > 2)
		return send_file(argv[2]);
	if (strcmp(command, "keep") == 0 && argc > 2) {
		begin();
		open_disk(argv[2], 0);
		close_disk(FLASHWIRE_KEEP);
		return 0;
	}
	if (strcmp(command, "reboot") == 0) {
		begin();
		send_message((struct flashwire){ .type = FLASHWIRE_REBOOT }, NULL);
		settle(0);
		return 0;
	}
	return 2;
}
