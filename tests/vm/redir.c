/* SPDX-License-Identifier: Apache-2.0 */
/* virtual-redir [OPTION...] SOCKETS BOARD[;LINE...]...
 *
 * Plays the described boards for a virtual machine: the first listens on the unix socket SOCKETS/1, the second on
 * SOCKETS/2 and so on; QEMU's usb-redir devices connect to them. A board is plugged in when its device connects.
 * On stdout: "listening", then where each board has come to, in lines of "USB-PATH PLACE [FILE]": a place of the
 * description, or "over" (has nothing more to say), "disk", "away".
 * A line on stdin, the exit status of the host program in the machine, ends it.
 * Exit status: that status if the judge is content, 99 if not, 98 past the time limit, 97 when it cannot work. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <usbredirparser.h>
#include "vboard.h"
#include "vfolder.h"
#include "vreport.h"

#define PROGRAM    "virtual-redir"
#define BOARDS_MAX 64
#define ENDPOINTS  32 /* of usb-redir's tables: 16 out, 16 in */

/* A transfer of the machine that is not answered yet. */
struct request {
	struct vurb urb;
	uint64_t id;
	struct usb_redir_control_packet_header control; /* of one of the two kinds */
	struct usb_redir_bulk_packet_header bulk;
	uint8_t *packet; /* what came with it, the parser's memory; NULL: nothing */
	uint8_t *answer; /* room for what goes back; NULL: nothing does */
	bool held;       /* the model has it not: it is never answered */
	struct request *next;
};

/* One board and its connection. */
struct player {
	struct vdesc desc;
	struct vboard board;
	struct usbredirparser *parser;
	int listener, fd;
	bool started;    /* the machine said hello once */
	bool leaving;    /* the machine has not yet confirmed that the board left */
	bool configured; /* the machine's kernel is through with its enumeration */
	uint32_t shown;  /* the appearance that the machine knows; 0: none */
	char told[512];
	struct request *requests;
};

struct options {
	const char *directory;
	bool overlay;
	unsigned limit; /* seconds */
	uint32_t seed;
	struct vreport report;
};

struct redir {
	struct options options;
	struct player players[BOARDS_MAX];
	size_t count;
};

__attribute__((format(printf, 1, 2))) static int fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs(PROGRAM ": ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return VREPORT_BROKEN;
}

static void *must(void *p)
{
	if (!p)
		abort(); /* a test without memory cannot say anything useful */
	return p;
}

/* Microseconds since the first call. */
static uint64_t clock_now(void)
{
	static uint64_t epoch;
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	uint64_t now = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	if (!epoch)
		epoch = now;
	return now - epoch;
}

/* --- what the machine must know of a board ------------------------------------------------------------------------- */

/* usb-redir's number of an endpoint. */
static unsigned slot(uint8_t endpoint)
{
	return (endpoint & 0x80U) >> 3 | (endpoint & 0x0fU);
}

/* Reads both tables off the board's configuration descriptor. */
static void describe(const struct vboard *b, struct usb_redir_interface_info_header *interfaces,
                     struct usb_redir_ep_info_header *endpoints)
{
	*interfaces = (struct usb_redir_interface_info_header){ 0 };
	*endpoints = (struct usb_redir_ep_info_header){ 0 };
	memset(endpoints->type, usb_redir_type_invalid, ENDPOINTS);
	endpoints->type[slot(0x00)] = endpoints->type[slot(0x80)] = usb_redir_type_control;
	endpoints->max_packet_size[slot(0x00)] = endpoints->max_packet_size[slot(0x80)] = 64;
	uint8_t bytes[VBOARD_DESCRIPTOR_MAX], number = 0;
	size_t n = vboard_config_descriptor(b, bytes);
	for (const uint8_t *d = bytes; d < bytes + n && *d; d += *d) {
		if (d[1] == 4) {
			uint32_t i = interfaces->interface_count++;
			number = interfaces->interface[i] = d[2];
			interfaces->interface_class[i] = d[5];
			interfaces->interface_subclass[i] = d[6];
			interfaces->interface_protocol[i] = d[7];
		} else if (d[1] == 5) {
			unsigned i = slot(d[2]);
			endpoints->type[i] = d[3];
			endpoints->interface[i] = number;
			endpoints->max_packet_size[i] = (uint16_t)(d[4] | d[5] << 8);
		}
	}
}

static void plug_in(struct player *p)
{
	struct usb_redir_interface_info_header interfaces;
	struct usb_redir_ep_info_header endpoints;
	uint8_t d[VBOARD_DESCRIPTOR_MAX];
	vboard_device_descriptor(&p->board, d);
	describe(&p->board, &interfaces, &endpoints);
	struct usb_redir_device_connect_header device = {
		.speed = usb_redir_speed_high,
		.device_class = d[4],
		.device_subclass = d[5],
		.device_protocol = d[6],
		.vendor_id = (uint16_t)(d[8] | d[9] << 8),
		.product_id = (uint16_t)(d[10] | d[11] << 8),
		.device_version_bcd = (uint16_t)(d[12] | d[13] << 8),
	};
	usbredirparser_send_interface_info(p->parser, &interfaces);
	usbredirparser_send_ep_info(p->parser, &endpoints);
	usbredirparser_send_device_connect(p->parser, &device);
	p->shown = vboard_appearance(&p->board);
	p->configured = false;
}

static void unplug(struct player *p)
{
	usbredirparser_send_device_disconnect(p->parser);
	p->shown = 0;
	p->leaving = usbredirparser_peer_has_cap(p->parser, usb_redir_cap_device_disconnect_ack);
}

/* --- from the model back to the machine ---------------------------------------------------------------------------- */

static void free_request(struct player *p, struct request *r)
{
	for (struct request **at = &p->requests; *at; at = &(*at)->next)
		if (*at == r) {
			*at = r->next;
			break;
		}
	if (r->packet)
		usbredirparser_free_packet_data(p->parser, r->packet);
	free(r->answer);
	free(r);
}

static void reply(struct player *p, struct request *r)
{
	static const uint8_t statuses[] = { [VURB_OK] = usb_redir_success,
		                            [VURB_STALL] = usb_redir_stall,
		                            [VURB_ERROR] = usb_redir_ioerror,
		                            [VURB_CANCELLED] = usb_redir_cancelled };
	size_t n = r->urb.actual;
	int back = r->answer ? (int)n : 0;
	if (r->urb.endpoint) {
		r->bulk.status = statuses[r->urb.status];
		r->bulk.length = (uint16_t)n;
		r->bulk.length_high = (uint16_t)(n >> 16);
		usbredirparser_send_bulk_packet(p->parser, r->id, &r->bulk, r->answer, back);
	} else {
		r->control.status = statuses[r->urb.status];
		r->control.length = (uint16_t)n;
		usbredirparser_send_control_packet(p->parser, r->id, &r->control, r->answer, back);
	}
}

/* Answers what is finished; transfers of a board that has left are forgotten, as the machine does. */
static void collect(struct player *p)
{
	struct vurb *urb;
	while ((urb = vboard_reap(&p->board))) {
		if (urb->status != VURB_GONE)
			reply(p, urb->owner);
		free_request(p, urb->owner);
	}
}

/* One line when the board has come to another place. */
static void tell(struct player *p)
{
	enum vfault_point place;
	const char *name = NULL, *where = vboard_present(&p->board) ? "over" : "away";
	char line[sizeof p->told];
	if (p->board.phase == VPHASE_DISK)
		where = "disk";
	else if (vboard_fault_point(&p->board, &place, &name))
		where = vdesc_fault_points[place];
	snprintf(line, sizeof line, "%s %s%s%s", p->desc.path, where, name ? " " : "",
	         name ? name : "");
	if (strcmp(line, p->told) == 0)
		return;
	memcpy(p->told, line, sizeof line);
	puts(line);
	fflush(stdout);
}

/* Brings what the machine sees in line with the model. A disk is none of ours: the machine gets a real one. */
static void refresh(struct player *p)
{
	const struct vboard *b = &p->board;
	bool there = vboard_present(b) && b->phase != VPHASE_DISK;
	uint32_t shown = there ? vboard_appearance(b) : 0;
	collect(p);
	if (p->shown && p->shown != shown)
		unplug(p);
	if (shown && !p->shown && !p->leaving)
		plug_in(p);
	tell(p);
}

/* --- what the machine says ----------------------------------------------------------------------------------------- */

static void on_log(void *priv, int level, const char *text)
{
	const struct player *p = priv;
	if (level <= usbredirparser_warning)
		fail("%s: %s", p->desc.path, text);
}

/* Both return the number of bytes, 0 for "not now", -1 when the connection is lost. */
static int on_read(void *priv, uint8_t *data, int count)
{
	const struct player *p = priv;
	ssize_t n = recv(p->fd, data, (size_t)count, MSG_DONTWAIT);
	if (n > 0)
		return (int)n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static int on_write(void *priv, uint8_t *data, int count)
{
	const struct player *p = priv;
	ssize_t n = send(p->fd, data, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
	(void)hello;
	struct player *p = priv;
	p->started = true;
	vboard_init(&p->board, &p->desc, p->board.seed, clock_now());
}

static void on_disconnect_ack(void *priv)
{
	struct player *p = priv;
	p->leaving = false;
}

/* A port is reset before its device gets a configuration, and a configuration is set once: that is enumeration. */
static void on_reset(void *priv)
{
	struct player *p = priv;
	if (p->configured)
		vboard_violation(&p->board, clock_now(),
		                 "the host resets the board: real boards start anew");
}

static void on_set_configuration(void *priv, uint64_t id,
                                 struct usb_redir_set_configuration_header *h)
{
	struct player *p = priv;
	if (p->configured)
		vboard_violation(&p->board, clock_now(),
		                 "the host sets a configuration: real boards are reset by it");
	p->configured = true;
	struct usb_redir_configuration_status_header answer = { .configuration = h->configuration };
	usbredirparser_send_configuration_status(p->parser, id, &answer);
}

static void on_get_configuration(void *priv, uint64_t id)
{
	struct player *p = priv;
	struct usb_redir_configuration_status_header answer = { .configuration = p->configured };
	usbredirparser_send_configuration_status(p->parser, id, &answer);
}

static void on_set_alternate(void *priv, uint64_t id, struct usb_redir_set_alt_setting_header *h)
{
	struct player *p = priv;
	vboard_violation(&p->board, clock_now(),
	                 "the host sets an alternate setting: real boards are reset by it");
	struct usb_redir_alt_setting_status_header answer = { .interface = h->interface,
		                                              .alt = h->alt };
	usbredirparser_send_alt_setting_status(p->parser, id, &answer);
}

static void on_get_alternate(void *priv, uint64_t id, struct usb_redir_get_alt_setting_header *h)
{
	struct player *p = priv;
	struct usb_redir_alt_setting_status_header answer = { .interface = h->interface };
	usbredirparser_send_alt_setting_status(p->parser, id, &answer);
}

static void on_filter(void *priv, struct usbredirfilter_rule *rules, int count)
{
	(void)priv;
	(void)count;
	free(rules);
}

static struct request *new_request(struct player *p, uint64_t id, uint8_t *packet)
{
	struct request *r = must(calloc(1, sizeof *r));
	r->id = id;
	r->packet = packet;
	r->urb.owner = r;
	r->next = p->requests;
	p->requests = r;
	return r;
}

static void start_request(struct player *p, struct request *r, size_t length, bool in)
{
	r->urb.length = length;
	r->urb.data = r->packet;
	if (in)
		r->urb.data = r->answer = must(calloc(1, length + 1));
	if (!p->shown) /* sent before the machine heard that the board left */
		free_request(p, r);
	else if (!r->held)
		vboard_submit(&p->board, clock_now(), &r->urb);
}

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *h,
                       uint8_t *data, int size)
{
	struct player *p = priv;
	struct request *r = new_request(p, id, data);
	bool in = h->requesttype & 0x80;
	r->control = *h;
	const uint8_t setup[] = { h->requesttype,     h->request,
		                  (uint8_t)h->value,  (uint8_t)(h->value >> 8),
		                  (uint8_t)h->index,  (uint8_t)(h->index >> 8),
		                  (uint8_t)h->length, (uint8_t)(h->length >> 8) };
	memcpy(r->urb.setup, setup, sizeof setup);
	start_request(p, r, in ? h->length : (size_t)size, in);
}

/* The storage interface of a ROM: its descriptors are all there is, whoever talks to it waits for ever. */
static bool of_storage(const struct vboard *b, uint8_t endpoint)
{
	struct usb_redir_interface_info_header interfaces;
	struct usb_redir_ep_info_header endpoints;
	describe(b, &interfaces, &endpoints);
	unsigned i = slot(endpoint);
	return endpoints.type[i] == usb_redir_type_bulk &&
	       endpoints.interface[i] != vboard_interface(b);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *h, uint8_t *data,
                    int size)
{
	struct player *p = priv;
	struct request *r = new_request(p, id, data);
	bool in = h->endpoint & 0x80;
	r->bulk = *h;
	r->urb.endpoint = h->endpoint;
	r->held = of_storage(&p->board, h->endpoint);
	start_request(p, r, in ? h->length | (size_t)h->length_high << 16 : (size_t)size, in);
}

static void on_cancel(void *priv, uint64_t id)
{
	struct player *p = priv;
	for (struct request *r = p->requests; r; r = r->next) {
		if (r->id != id)
			continue;
		if (!r->held) {
			vboard_cancel(&p->board, clock_now(), &r->urb);
			return;
		}
		r->urb.status = VURB_CANCELLED;
		reply(p, r);
		free_request(p, r);
		return;
	}
}

/* --- connections --------------------------------------------------------------------------------------------------- */

static void connect_player(struct player *p)
{
	static const int capabilities[] = {
		usb_redir_cap_connect_device_version,  usb_redir_cap_filter,
		usb_redir_cap_device_disconnect_ack,   usb_redir_cap_64bits_ids,
		usb_redir_cap_ep_info_max_packet_size, usb_redir_cap_32bits_bulk_length,
	};
	p->fd = accept(p->listener, NULL, NULL);
	if (p->fd < 0)
		return;
	close(p->listener); /* a board is plugged in once */
	p->listener = -1;
	struct usbredirparser *parser = p->parser = must(usbredirparser_create());
	parser->priv = p;
	parser->log_func = on_log;
	parser->read_func = on_read;
	parser->write_func = on_write;
	parser->hello_func = on_hello;
	parser->device_disconnect_ack_func = on_disconnect_ack;
	parser->reset_func = on_reset;
	parser->set_configuration_func = on_set_configuration;
	parser->get_configuration_func = on_get_configuration;
	parser->set_alt_setting_func = on_set_alternate;
	parser->get_alt_setting_func = on_get_alternate;
	parser->filter_filter_func = on_filter;
	parser->control_packet_func = on_control;
	parser->bulk_packet_func = on_bulk;
	parser->cancel_data_packet_func = on_cancel;
	uint32_t bits[USB_REDIR_CAPS_SIZE] = { 0 };
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		usbredirparser_caps_set_cap(bits, capabilities[i]);
	usbredirparser_init(parser, PROGRAM, bits, USB_REDIR_CAPS_SIZE, usbredirparser_fl_usb_host);
}

/* The machine has removed its port, or is gone. The board stays as it is. */
static void disconnect_player(struct player *p)
{
	close(p->fd);
	p->fd = -1;
	while (p->requests) {
		struct request *r = p->requests;
		if (!r->held) {
			vboard_cancel(&p->board, clock_now(), &r->urb);
			while (vboard_reap(&p->board))
				;
		}
		free_request(p, r);
	}
	usbredirparser_destroy(p->parser);
	p->parser = NULL;
}

static void serve(struct player *p, short events)
{
	if (p->listener >= 0) {
		if (events)
			connect_player(p);
		return;
	}
	if (p->fd < 0)
		return;
	bool lost = (events & (POLLIN | POLLHUP | POLLERR)) &&
	            usbredirparser_do_read(p->parser) == usbredirparser_read_io_error;
	if (p->started && !lost) {
		vboard_tick(&p->board, clock_now());
		refresh(p);
	}
	if (!lost && usbredirparser_has_data_to_write(p->parser))
		lost = usbredirparser_do_write(p->parser) != 0;
	if (lost)
		disconnect_player(p);
}

static int listen_at(struct player *p, const char *directory, size_t number)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/%zu", directory, number);
	if (n < 0 || (size_t)n >= sizeof address.sun_path)
		return fail("'%s' is too long for a socket's name", directory);
	unlink(address.sun_path);
	p->fd = -1;
	p->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (p->listener < 0 ||
	    bind(p->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(p->listener, 1) != 0)
		return fail("%s: %s", address.sun_path, strerror(errno));
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static const char usage[] =
	"usage: virtual-redir [OPTION...] SOCKETS BOARD[;LINE...]...\n"
	"  --folder DIR     the files that are served must be equal to those of this boot folder\n"
	"  --overlay        DIR/USB-PATH/ comes first\n"
	"  --limit SECONDS  hard limit (default 60): status 98\n"
	"  --report FILE    what the boards saw, as JSON (default: as text on stderr)\n"
	"  --seed N         of the boards' jitter\n"
	"  --quiet          text only if the judge is not content\n";

static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "folder", 1, NULL, 'f' }, { "overlay", 0, NULL, 'o' }, { "limit", 1, NULL, 'l' },
		{ "report", 1, NULL, 'r' }, { "seed", 1, NULL, 'e' },    { "quiet", 0, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	*o = (struct options){ .limit = 60, .report.program = PROGRAM };
	int c;
	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		if (c == 'f')
			o->directory = optarg;
		else if (c == 'o')
			o->overlay = true;
		else if (c == 'l')
			o->limit = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'r')
			o->report.file = optarg;
		else if (c == 'e')
			o->seed = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'q')
			o->report.quiet = true;
		else
			optind = argc;
	}
	if (optind + 1 < argc && o->limit)
		return 0;
	fputs(usage, stderr);
	return VREPORT_BROKEN;
}

static int read_boards(struct redir *run, int argc, char **argv)
{
	const struct options *o = &run->options;
	char error[VDESC_ERROR_SIZE];
	for (int i = optind + 1; i < argc; i++) {
		if (run->count == BOARDS_MAX)
			return fail("more than %d boards", BOARDS_MAX);
		struct player *p = &run->players[run->count++];
		if (vdesc_read(&p->desc, argv[i], error) ||
		    vfolder_resolve(&p->desc, o->directory, o->overlay, error))
			return fail("%s", error);
		p->board.seed = o->seed + (uint32_t)run->count;
		if (listen_at(p, argv[optind], run->count))
			return VREPORT_BROKEN;
	}
	puts("listening");
	fflush(stdout);
	return 0;
}

/* Milliseconds until something happens by itself. */
static int patience(const struct redir *run, uint64_t deadline)
{
	uint64_t now = clock_now(), next = deadline;
	for (size_t i = 0; i < run->count; i++) {
		const struct player *p = &run->players[i];
		uint64_t at = p->started && p->fd >= 0 ? vboard_next_event(&p->board, now)
		                                       : VDESC_FOREVER;
		next = at < next ? at : next;
	}
	return next > now ? (int)((next - now + 999) / 1000) : 0;
}

static short wanted_events(const struct player *p)
{
	if (p->parser && usbredirparser_has_data_to_write(p->parser))
		return POLLIN | POLLOUT;
	return POLLIN;
}

/* Until the machine's program has ended: its status is left in the report. */
static int play(struct redir *run)
{
	struct vreport *report = &run->options.report;
	uint64_t deadline = clock_now() + run->options.limit * UINT64_C(1000000);
	struct pollfd fds[BOARDS_MAX + 1] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	while (!fds[0].revents && !report->late) {
		for (size_t i = 0; i < run->count; i++) {
			const struct player *p = &run->players[i];
			fds[i + 1] = (struct pollfd){ .fd = p->fd >= 0 ? p->fd : p->listener,
				                      .events = wanted_events(p) };
		}
		if (poll(fds, run->count + 1, patience(run, deadline)) < 0 && errno != EINTR)
			return fail("poll: %s", strerror(errno));
		for (size_t i = 0; i < run->count; i++)
			serve(&run->players[i], fds[i + 1].revents);
		report->late = clock_now() >= deadline;
	}
	char line[32];
	if (!report->late && !fgets(line, sizeof line, stdin))
		return fail("nobody tells how the program ended");
	report->status = report->late ? 0 : (int)strtol(line, NULL, 10);
	return 0;
}

int main(int argc, char **argv)
{
	static struct redir run;
	struct vboard *boards[BOARDS_MAX];
	int status = parse_options(&run.options, argc, argv);
	if (!status)
		status = read_boards(&run, argc, argv);
	if (!status)
		status = play(&run);
	if (status)
		return status;
	for (size_t i = 0; i < run.count; i++) {
		struct player *p = &run.players[i];
		boards[i] = &p->board;
		if (!p->started)
			vboard_init(&p->board, &p->desc, 0, clock_now());
	}
	status = vreport_run(&run.options.report, boards, run.count, clock_now());
	return status;
}
