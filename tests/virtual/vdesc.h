/* SPDX-License-Identifier: Apache-2.0 */
/* The description of one virtual board: what it is, what it asks its host for, how fast it is and what goes wrong.
 * Owns the text form (*.board, one setting or request per line, see vdesc.c's tables) and its parsed form. Knows
 * nothing of USB transfers, host directories or time that passes: vboard.h plays it, vfolder.h fills in what to expect. */
#ifndef VDESC_H
#define VDESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VDESC_SHA256     32
#define VDESC_ERROR_SIZE 512
#define VDESC_FOREVER    UINT64_MAX
#define VDESC_BY_CHIP    UINT32_MAX
#define VDESC_NAME_MAX   255 /* protocol.md 6: 256 bytes with the NUL */

/* What a file that comes from the host must be. */
enum vexpect_kind {
	VEXPECT_ANY, /* nothing is known: anything, also "absent", is right */
	VEXPECT_ABSENT,
	VEXPECT_SUM, /* sha256 (and the size, once size_known) */
	VEXPECT_FILE, /* the bytes of the host's file "file"; vfolder_resolve turns it into VEXPECT_SUM */
};

struct vexpect {
	enum vexpect_kind kind;
	char *file;
	bool size_known;
	uint64_t size;
	uint8_t sha256[VDESC_SHA256];
};

enum vstep_kind {
	VSTEP_SIZE,     /* GetFileSize of name */
	VSTEP_READ,     /* ReadFile of name */
	VSTEP_METADATA, /* name is "*KEY*VALUE" */
	VSTEP_DONE,     /* Done, with name or without one */
	VSTEP_EMPTY,    /* an empty name: the other way to end */
	VSTEP_RAW,      /* these bytes; a reply is allowed, none is required */
	VSTEP_UNKNOWN,  /* a command that does not exist (number); a reply is wrong */
	VSTEP_PAUSE,    /* us before the next request */
	VSTEP_LEAVE,    /* drop off the bus without a word */
	VSTEP_REBOOT, /* the end of a session: it comes back as a ROM and goes on with the next step */
};

struct vstep {
	enum vstep_kind kind;
	int line;
	char *name; /* NULL: none */
	uint8_t *raw;
	size_t raw_size;
	uint32_t number;
	uint64_t us;
	bool no_reply_allowed; /* garbage: the host must not answer it */
	struct vexpect want;
};

/* Where a fault strikes: the board's states as seen by a host. */
enum vfault_point {
	VPOINT_OPEN,
	VPOINT_SERIAL,      /* the string of the serial number */
	VPOINT_ANNOUNCE,    /* the announcement of the boot message */
	VPOINT_HEADER,      /* the 24 bytes of the boot message */
	VPOINT_SECONDSTAGE, /* the second stage's bytes */
	VPOINT_STATUS,      /* the 4-byte read after it */
	VPOINT_REQUEST,     /* the 260-byte read */
	VPOINT_SIZE_REPLY,  /* the announcement that answers a request */
	VPOINT_DATA,        /* a file's bytes */
	VPOINT_FLASH, /* a message to what the board became; offset: which one of its type, or of all */
	VPOINT_COUNT,
};

enum vfault_kind {
	VFAULT_STALL,
	VFAULT_NAK,   /* for us microseconds, or VDESC_FOREVER */
	VFAULT_SHORT, /* number bytes only */
	VFAULT_DISCONNECT,
	VFAULT_ERROR, /* a transaction error: EPROTO to the host; a bulk endpoint stays halted */
	/* of flashing only */
	VFAULT_REFUSE,  /* answers with ERROR, code number */
	VFAULT_GARBAGE, /* byte number of the answer is another */
	VFAULT_WRONG,   /* what is written differs in one byte */
	VFAULT_LIE,     /* is acknowledged and not done */
};

struct vfault {
	enum vfault_kind kind;
	enum vfault_point at;
	char *name;      /* only with this file (request, size-reply, data); NULL: with any */
	uint64_t offset; /* strikes when this byte is about to move */
	uint64_t us;
	uint32_t number;
	uint32_t times; /* how often */
};

struct vdesc_disk {
	char *name;
	uint64_t size;
	bool read_only;
};

struct vdesc {
	char *source; /* the file's name, for messages */

	uint32_t chip;             /* USB product id: 0x2763, 0x2764, 0x2711, 0x2712 */
	uint32_t interfaces;       /* 1, or 2: mass storage and the vendor one */
	uint32_t vendor_interface; /* the number of the only interface */
	uint32_t device_class; /* 0: each interface has its own; then Linux has drivers for them */
	uint32_t
		config_length; /* what the configuration descriptor says of its length; 0: the truth */
	uint32_t rom_index, server_index; /* VDESC_BY_CHIP: what the chip has */
	char *serial;        /* the ROM's; NULL: the serial string descriptor is not there */
	char *server_serial; /* NULL: what the chip's file server makes of it (vdesc_server_serial) */
	char *path;          /* BUS-PORT[.PORT...] */

	struct vexpect secondstage;
	struct vstep *steps;
	size_t step_count;
	struct vfault *faults;
	size_t fault_count;

	uint64_t arrive_us; /* from the start to the first appearance */
	uint64_t leave_us;  /* from the status to the departure */
	uint64_t linger_us; /* from Done to the departure */
	uint64_t eeprom_us; /* from pieeprom.bin or pieeprom.upd to the next request */
	uint64_t back_us;   /* from the departure to the next appearance */
	uint64_t think_us;  /* before each request */
	uint64_t boot_us;   /* before the first request of the file server */
	uint64_t
		patience_us; /* from the second stage to the departure when nobody reads the status */
	uint64_t replug_us; /* after a disconnect fault it comes back as a ROM; 0: never */
	uint64_t urb_us;    /* for each bulk transfer, besides its bytes */
	uint64_t jitter_us; /* up to this much is added to each of the delays above */
	uint32_t speed;     /* bulk bytes a second; 0: no limit */

	uint32_t status;       /* the status read's answer */
	uint32_t status_times; /* how often it is that; then 0. 0: always */
	uint32_t again;        /* comes back this often as a ROM after an accepted second stage */
	uint64_t open_refused_us;
	uint64_t unconfigured_us;   /* until the host's kernel has chosen the configuration */
	bool open_busy;             /* refused as EBUSY, not EACCES */
	bool open_driverless;       /* refused as on Windows without a driver */
	bool status_lost;           /* leaves before the status can be read */
	bool stay_after_done;       /* leaves only when it is opened once more */
	bool stay_rom;              /* accepts the second stage and never runs it */
	bool never_returns;         /* after the second stage */
	bool becomes_disk;          /* after Done: the mass-storage gadget */
	bool becomes_fastboot;      /* after Done: the provisioner's fastboot gadget */
	bool skips_rom;             /* attached when its file server is running already */
	bool ignores_announcements; /* its file server lets unexpected announcements time out */
	bool unannounced;           /* no event reports its arrivals and departures */
	bool no_node;               /* its device file is never there */
	bool bystander;   /* not meant: touching it is a mistake, not booting it is none */
	bool not_shifted; /* answers after a cancelled read as if nothing had been */
	uint64_t disk_bytes;

	/* becomes_flash: what it becomes has the interface for flashing too */
	bool becomes_flash;
	struct vdesc_disk *disks; /* what it has; none: "mmcblk0" of disk_bytes */
	size_t disk_count;
	uint32_t flash_version, flash_protocol; /* of its messages; of its interface */
	uint32_t medium_speed;                  /* bytes a second of its disks; 0: no limit */
	bool flash_unverified; /* the host is not expected to verify before the first MiB */
	char *driver;          /* a kernel driver bound to the vendor interface */
};

/* Fills DESC with the defaults. Free it with vdesc_free. */
void vdesc_init(struct vdesc *desc);

/* Adds one LINE (without newline) to DESC. WHERE ("FILE" or "argument") and NUMBER are for the message.
 * Returns 0, or -1 with one line in ERROR. */
int vdesc_line(struct vdesc *desc, const char *line, const char *where, int number,
               char error[VDESC_ERROR_SIZE]);

/* Reads SPEC: a file's path, then any number of ";LINE" that are added to it (and win over it).
 * Returns 0, or -1 with one line in ERROR and DESC empty. */
int vdesc_read(struct vdesc *desc, const char *spec, char error[VDESC_ERROR_SIZE]);

void vdesc_free(struct vdesc *desc);

/* The directory of a chip's own files ("2710", "2711", "2712") and the name of its second stage; protocol.md 1. */
const char *vdesc_prefix(uint32_t chip);
const char *vdesc_secondstage(uint32_t chip);

/* The index of the serial string in both stages. */
uint32_t vdesc_rom_index(const struct vdesc *desc);
uint32_t vdesc_server_index(const struct vdesc *desc);

/* The serial string of the file server: BCM2835 and BCM2837 have "Broadcom" there, BCM2711 and BCM2712 the last 8 digits.
 * NULL: none. */
const char *vdesc_server_serial(const struct vdesc *desc);

/* The names of places, as in the description. */
extern const char *const vdesc_fault_points[VPOINT_COUNT];

#endif
