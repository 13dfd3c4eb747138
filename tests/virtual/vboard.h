/* SPDX-License-Identifier: Apache-2.0 */
/* The model of one board on a USB port, as a host sees it: descriptors, the boot ROM, the file server, departures and
 * returns, and a judge that writes down what the host does wrong. It does no I/O, never sleeps and has no clock: time
 * is an argument, in microseconds from any start, and must not run backwards. Knows nothing of the transport that
 * carries it (a mocked usbfs, usb-redir, a simulator) nor of any particular host program.
 *
 * A transport calls vboard_tick at the time vboard_next_event names, looks at vboard_present and vboard_appearance
 * (another appearance is another bus address), hands in transfers with vboard_submit and takes finished ones back
 * with vboard_reap, after every call that can finish some (submit, cancel, tick, open, clear_halt).
 *
 * Facts: section numbers are protocol.md's. */
#ifndef VBOARD_H
#define VBOARD_H

#include <stdarg.h>
#include "vdesc.h"
#include "vflash.h"

enum vurb_status {
	VURB_PENDING,
	VURB_OK,
	VURB_STALL,
	VURB_CANCELLED,
	VURB_GONE,  /* the board left the bus */
	VURB_ERROR, /* a transaction error */
};

/* One transfer. The caller owns it and its data until vboard_reap gives it back. */
struct vurb {
	uint8_t endpoint; /* 0: control; else a bulk endpoint's address */
	uint8_t setup[8]; /* control only */
	uint8_t *data;    /* length bytes (control: the data stage, wLength bytes) */
	size_t length;
	size_t actual; /* bytes moved */
	enum vurb_status status;
	void *owner; /* the caller's own */
	/* the model's own: */
	struct vurb *next;
	uint64_t due; /* when its bytes are through; 0: not yet known */
};

enum vphase {
	VPHASE_AWAY,
	VPHASE_ROM_IDLE, /* waits for the announcement of the boot message */
	VPHASE_ROM_HEADER,
	VPHASE_ROM_LENGTH, /* waits for the announcement of the second stage */
	VPHASE_ROM_SECONDSTAGE,
	VPHASE_ROM_STATUS,
	VPHASE_ROM_STALE,   /* has reported its status: stale until it leaves */
	VPHASE_SRV_REQUEST, /* has or will have a request */
	VPHASE_SRV_REPLY,   /* waits for the answer's announcement */
	VPHASE_SRV_DATA,
	VPHASE_SRV_OVER, /* nothing more to say */
	/* booted: */
	VPHASE_DISK,
	VPHASE_FASTBOOT,
};

struct vfile {
	char *name;
	uint64_t size;
	uint8_t sha256[VDESC_SHA256];
};

#define VBOARD_BUCKETS 32

struct vstats {
	struct vfile
		*files; /* received in full, in order; the second stage under its expected name */
	size_t file_count;
	uint32_t second_stages, status_reads, requests, opens, appearances;
	uint32_t stale_requests;  /* to a ROM that had reported its status */
	uint32_t cancelled_reads; /* request reads taken back by the host */
	uint64_t bulk_urbs, bulk_bytes, bulk_min, bulk_max;
	uint32_t bulk_overlap;               /* most that were pending at once */
	uint64_t bulk_sizes[VBOARD_BUCKETS]; /* [i]: of 2^(i-1)+1 .. 2^i bytes */
	uint64_t
		waited_us; /* on the bus, nothing pending from the host, the board's own timers excluded */
	uint64_t rom_us, server_us;
	uint64_t first_us, end_us; /* first appearance; Done or the last departure */
};

struct vboard_fault {
	uint32_t left;
};

struct vqueue {
	struct vurb *head, **tail;
	size_t count;
};

struct vboard {
	const struct vdesc *desc; /* not owned */
	struct vstats stats;
	char **violations; /* owned texts */
	size_t violation_count;

	enum vphase phase;
	bool finished;     /* has sent Done (or all of its script) */
	bool judge_claims; /* the transport reports claims: set it after vboard_init */
	struct vboard_fault *faults;
	struct vqueue control, bulk, bulk_in, done;
	bool halted;
	bool broken;      /* halted after a transaction error: the host must clear that */
	uint32_t claimed; /* a bit for each interface */
	uint32_t seed;

	uint64_t timer; /* of the next appearance or departure; VDESC_FOREVER: none */
	uint64_t appeared;
	uint64_t ready;                     /* of the next request */
	uint64_t control_until, bulk_until; /* answers NAK so long */
	uint64_t bus_free;
	uint64_t
		*shared_bus; /* bus_free of several boards that share one; NULL: a bus of its own */
	uint64_t accounted;
	bool server_next;        /* the next appearance is the file server */
	enum vphase booted_next; /* what it comes back as after Done; VPHASE_AWAY: it does not */
	bool read_cancelled;     /* a request read was taken back */
	bool unresponsive;

	uint32_t again_left, statuses;
	uint8_t header[24];
	uint64_t announced, received;
	void *sum; /* EVP_MD_CTX */
	size_t step;
	uint32_t asked;     /* requests since the last appearance */
	uint64_t told_size; /* by the host, for told_name */
	const char *told_name;

	struct vflash *flash; /* the interface for flashing of what it becomes; NULL: it has none */
};

/* Of that interface. */
#define VBOARD_FLASH_INTERFACE 1
#define VBOARD_FLASH_OUT       0x02
#define VBOARD_FLASH_IN        0x83

void vboard_init(struct vboard *b, const struct vdesc *desc, uint32_t seed, uint64_t now);
void vboard_free(struct vboard *b);

/* When something happens by itself; VDESC_FOREVER: nothing will. Never before NOW. */
uint64_t vboard_next_event(const struct vboard *b, uint64_t now);
void vboard_tick(struct vboard *b, uint64_t now);

/* Whether it is on the bus, and how often it has enumerated (from 1). */
bool vboard_present(const struct vboard *b);
uint32_t vboard_appearance(const struct vboard *b);

enum vopen { VOPEN_OK, VOPEN_ACCESS, VOPEN_BUSY, VOPEN_DRIVER, VOPEN_GONE };

/* What an open would give now, and an open that takes place. */
enum vopen vboard_may_open(const struct vboard *b, uint64_t now);
enum vopen vboard_open(struct vboard *b, uint64_t now);

/* Whether the host's kernel has chosen a configuration: it announces a board a little earlier. */
bool vboard_configured(const struct vboard *b, uint64_t now);

/* A host claims or releases an interface. */
void vboard_claim(struct vboard *b, uint64_t now, unsigned interface, bool on);

/* Hands a transfer in. URB must stay until it is reaped. */
void vboard_submit(struct vboard *b, uint64_t now, struct vurb *urb);
/* Takes a pending one back (it comes out of vboard_reap as VURB_CANCELLED). Fine on one that is finished. */
void vboard_cancel(struct vboard *b, uint64_t now, struct vurb *urb);
/* The next finished transfer, in the order of completion; NULL: none. */
struct vurb *vboard_reap(struct vboard *b);
void vboard_clear_halt(struct vboard *b, uint64_t now, uint8_t endpoint);

/* Descriptors as they are now. Each returns the number of bytes written to OUT, 0 if there is none. */
#define VBOARD_DESCRIPTOR_MAX 512
size_t vboard_device_descriptor(const struct vboard *b, uint8_t out[VBOARD_DESCRIPTOR_MAX]);
size_t vboard_config_descriptor(const struct vboard *b, uint8_t out[VBOARD_DESCRIPTOR_MAX]);
/* Whether it runs what it was sent. */
bool vboard_booted(const struct vboard *b);
/* The text of string INDEX; NULL: none. */
const char *vboard_string(const struct vboard *b, unsigned index);
/* The same when the host asks for it: a fault may strike. NULL: refused. */
const char *vboard_read_string(struct vboard *b, unsigned index);
/* Whether it is what has the interface for flashing. */
bool vboard_offers_flash(const struct vboard *b);

/* The interface and endpoint of section 2. */
unsigned vboard_interface(const struct vboard *b);
uint8_t vboard_endpoint(const struct vboard *b);

/* Where it is, as a place of the description, and the file it is about (or NULL). False: at none of them. */
bool vboard_fault_point(const struct vboard *b, enum vfault_point *place, const char **name);

/* Writes a violation down; for what only the transport can see (a set_configuration call, a reset). */
__attribute__((format(printf, 3, 4))) void vboard_violation(struct vboard *b, uint64_t now,
                                                            const char *format, ...);

/* The host program is gone. SUCCESS: it said that all went well. Closes the accounts; judges what is left open. */
void vboard_finish(struct vboard *b, uint64_t now, bool success);

#endif
