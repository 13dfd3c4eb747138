/* SPDX-License-Identifier: Apache-2.0 */
/* virtual-board [OPTION...] BOARD[;LINE...]... -- PROGRAM [ARGUMENT...]
 *
 * Runs PROGRAM on a machine whose USB ports carry the described boards: umockdev shows it /sys and /dev, this process
 * plays the boards. PROGRAM's output is left alone; what the boards saw is reported afterwards.
 * Exit status: PROGRAM's (128+N for signal N) if the judge is content, 99 if not, 98 past the time limit, 97 when the
 * test itself cannot run. */
#include <errno.h>
#include <getopt.h>
#include <glib-unix.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "usbfs.h"
#include "vfolder.h"
#include "vreport.h"

#define BOARDS_MAX 256
#define UMOCKDEV   "libumockdev-preload.so.0"

struct options {
	const char *directory, *report, *chdir, *preload, *disk;
	const char *signal_at; /* milliseconds, or PLACE[:NAME] */
	int signal;
	bool overlay, quiet;
	unsigned limit; /* seconds */
	uint32_t seed;
	char **program;
};

struct run {
	struct options options;
	struct usbfs fs;
	GMainLoop *loop;
	GPid pid;
	int status;
	bool late, signalled;
};

__attribute__((format(printf, 1, 2))) static int fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("virtual-board: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return VREPORT_BROKEN;
}

/* --- the command line ---------------------------------------------------------------------------------------------- */

static const char usage[] =
	"usage: virtual-board [OPTION...] BOARD[;LINE...]... -- PROGRAM [ARGUMENT...]\n"
	"  --folder DIR     the files PROGRAM serves must be equal to those of this boot folder\n"
	"  --overlay        DIR/USB-PATH/ comes first\n"
	"  --limit SECONDS  hard limit (default 60): everything is killed, status 98\n"
	"  --report FILE    what the boards saw, as JSON (default: as text on stderr)\n"
	"  --signal S@WHEN  sends signal number or name S to PROGRAM at WHEN: milliseconds, or "
	"PLACE[:FILE]\n"
	"  --seed N         of the boards' jitter\n"
	"  --save-disk FILE what the first board's first disk holds in the end (becomes-flash)\n"
	"  --chdir DIR      PROGRAM's working directory\n"
	"  --preload LIB    a further library to preload into PROGRAM\n"
	"  --quiet          text only if the judge is not content\n";

static int signal_number(const char *text, size_t n)
{
	static const struct {
		const char *name;
		int number;
	} names[] = { { "INT", SIGINT },
		      { "TERM", SIGTERM },
		      { "HUP", SIGHUP },
		      { "KILL", SIGKILL },
		      { "USR1", SIGUSR1 } };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].name) == n && strncmp(names[i].name, text, n) == 0)
			return names[i].number;
	return (int)strtol(text, NULL, 10);
}

static int set_option(struct options *o, int c, const char *value)
{
	const char *at;
	switch (c) {
	case 'f':
		o->directory = value;
		return 0;
	case 'o':
		o->overlay = true;
		return 0;
	case 'l':
		o->limit = (unsigned)strtoul(value, NULL, 10);
		return o->limit ? 0 : fail("'%s' is no time limit", value);
	case 'r':
		o->report = value;
		return 0;
	case 's':
		at = strchr(value, '@');
		o->signal = at ? signal_number(value, (size_t)(at - value)) : 0;
		o->signal_at = at ? at + 1 : NULL;
		return o->signal > 0 ? 0 : fail("'%s' is not SIGNAL@WHEN", value);
	case 'e':
		o->seed = (uint32_t)strtoul(value, NULL, 10);
		return 0;
	case 'd':
		o->disk = value;
		return 0;
	case 'c':
		o->chdir = value;
		return 0;
	case 'p':
		o->preload = value;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	default:
		fputs(usage, stderr);
		return VREPORT_BROKEN;
	}
}

/* Leaves argv[optind] at the first board. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "folder", 1, NULL, 'f' }, { "overlay", 0, NULL, 'o' },
		{ "limit", 1, NULL, 'l' },  { "report", 1, NULL, 'r' },
		{ "signal", 1, NULL, 's' }, { "seed", 1, NULL, 'e' },
		{ "chdir", 1, NULL, 'c' },  { "preload", 1, NULL, 'p' },
		{ "quiet", 0, NULL, 'q' },  { "save-disk", 1, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	*o = (struct options){ .limit = 60 };
	int c, error = 0;
	while (!error && (c = getopt_long(argc, argv, "+", longs, NULL)) != -1)
		error = set_option(o, c, optarg);
	return error;
}

static int read_boards(struct run *run, int argc, char **argv)
{
	struct usbfs *fs = &run->fs;
	char error[VDESC_ERROR_SIZE];
	int i = optind;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (fs->board_count == BOARDS_MAX)
			return fail("more than %d boards", BOARDS_MAX);
		fs->boards = g_renew(struct usbfs_board, fs->boards, fs->board_count + 1);
		struct usbfs_board *b = &fs->boards[fs->board_count++];
		*b = (struct usbfs_board){ 0 };
		if (vdesc_read(&b->desc, argv[i], error) ||
		    vfolder_resolve(&b->desc, run->options.directory, run->options.overlay, error))
			return fail("%s", error);
	}
	run->options.program = argv + i + 1;
	if (i + 1 >= argc) {
		fputs(usage, stderr);
		return VREPORT_BROKEN;
	}
	return 0;
}

/* --- the program under test ---------------------------------------------------------------------------------------- */

static void stop_program(struct run *run)
{
	if (run->pid)
		kill(-run->pid, SIGKILL);
}

static void on_exit_of_program(GPid pid, gint status, gpointer data)
{
	(void)pid;
	struct run *run = data;
	run->status = status;
	stop_program(run); /* what it may have left behind */
	run->pid = 0;
	g_main_loop_quit(run->loop);
}

static gboolean on_limit(gpointer data)
{
	struct run *run = data;
	run->late = true;
	stop_program(run);
	return G_SOURCE_REMOVE;
}

static gboolean on_signal_time(gpointer data)
{
	struct run *run = data;
	if (run->pid)
		kill(run->pid, run->options.signal);
	return G_SOURCE_REMOVE;
}

/* Sends the signal once a board has come to the place it waits for. */
static void on_change(void *context)
{
	struct run *run = context;
	const char *at = run->options.signal_at;
	if (run->signalled || !at || !run->pid)
		return;
	const char *colon = strchr(at, ':');
	size_t n = colon ? (size_t)(colon - at) : strlen(at);
	for (size_t i = 0; i < run->fs.board_count; i++) {
		enum vfault_point place;
		const char *name;
		if (!vboard_fault_point(&run->fs.boards[i].board, &place, &name))
			continue;
		if (strlen(vdesc_fault_points[place]) != n ||
		    strncmp(vdesc_fault_points[place], at, n) != 0)
			continue;
		if (colon && (!name || strcmp(name, colon + 1) != 0))
			continue;
		run->signalled = true;
		on_signal_time(run);
		return;
	}
}

/* What sanitizers find inside libusb 1.0.26, which is not compiled for them; programs without one ignore all this.
 * A device that leaves while libusb_init() looks at the bus is never freed: nobody takes the message that would do it, and
 * rpiboot may begin a context at any time. LeakSanitizer has to see the whole stack to know.
 * ThreadSanitizer sees no order between the lock of a transfer in libusb's event handling and the end of that transfer,
 * which waits for its completion. */
static void suppress_libusb(const struct run *run, const char *variable, const char *name,
                            const char *suppression)
{
	char *path = g_build_filename(run->fs.bus.root, name, NULL);
	char *options = g_strdup_printf("suppressions=%s:print_suppressions=0", path);
	if (g_file_set_contents(path, suppression, -1, NULL))
		g_setenv(variable, options, TRUE);
	g_free(options);
	g_free(path);
}

static int start_program(struct run *run)
{
	const struct options *o = &run->options;
	suppress_libusb(run, "LSAN_OPTIONS", VBUS_LEAKS, "leak:libusb_init\n");
	suppress_libusb(run, "TSAN_OPTIONS", VBUS_RACES, "race:libusb_free_transfer\n");
	g_setenv("ASAN_OPTIONS", "fast_unwind_on_malloc=0", TRUE);
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return fail("cannot start a program: %s", strerror(errno));
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || (o->chdir && chdir(o->chdir) != 0))
			_exit(fail("cannot change to '%s'", o->chdir ? o->chdir : ""));
		if (o->preload) {
			char *all = g_strdup_printf("%s:%s", o->preload, g_getenv("LD_PRELOAD"));
			g_setenv("LD_PRELOAD", all, TRUE);
			g_free(all);
		}
		execvp(o->program[0], o->program);
		_exit(fail("cannot run '%s'", o->program[0]));
	}
	setpgid(pid, pid);
	run->pid = pid;
	g_child_watch_add(pid, on_exit_of_program, run);
	g_timeout_add_seconds(o->limit, on_limit, run);
	g_unix_signal_add(SIGTERM, on_limit,
	                  run); /* somebody else's limit: leave nothing behind either */
	g_unix_signal_add(SIGINT, on_limit, run);
	char *end = NULL;
	unsigned long ms = o->signal_at ? strtoul(o->signal_at, &end, 10) : 0;
	if (o->signal_at && !*end) {
		run->options.signal_at = NULL;
		g_timeout_add((guint)ms, on_signal_time, run);
	}
	return 0;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

/* umockdev works only in processes that its library is preloaded into, this one too. */
static int re_execute(char **argv)
{
	char *self = g_file_read_link("/proc/self/exe", NULL);
	char *directory = g_path_get_dirname(self ? self : argv[0]);
	const char *old = g_getenv("LD_PRELOAD");
	char *all = g_strdup_printf("%s/virtual-preload.so:%s%s%s", directory, UMOCKDEV,
	                            old ? ":" : "", old ? old : "");
	g_setenv("VIRTUAL_BOARD", "1", TRUE);
	g_setenv("LD_PRELOAD", all, TRUE);
	execv("/proc/self/exe", argv);
	return fail("cannot start itself: %s", strerror(errno));
}

/* Writes the disk of --save-disk. */
static int save_disk(const struct run *run)
{
	const struct vboard *b = &run->fs.boards[0].board;
	if (!run->options.disk || !b->flash)
		return 0;
	const struct vmedium *disk = vflash_disk(b->flash, 0);
	uint8_t *bytes = g_malloc(VMEDIUM_CHUNK);
	FILE *f = fopen(run->options.disk, "w");
	uint64_t size = vmedium_size(disk);
	bool good = f != NULL;
	for (uint64_t at = 0; good && at < size; at += VMEDIUM_CHUNK) {
		size_t n = size - at < VMEDIUM_CHUNK ? (size_t)(size - at) : VMEDIUM_CHUNK;
		vmedium_read(disk, at, bytes, n);
		good = fwrite(bytes, 1, n, f) == n;
	}
	good = f && fclose(f) == 0 && good;
	g_free(bytes);
	return good ? 0 : fail("%s: %s", run->options.disk, strerror(errno));
}

static int report(struct run *run)
{
	const struct options *o = &run->options;
	struct vboard *boards[BOARDS_MAX];
	for (size_t i = 0; i < run->fs.board_count; i++)
		boards[i] = &run->fs.boards[i].board;
	const struct vreport r = {
		.program = "virtual-board",
		.file = o->report,
		.quiet = o->quiet,
		.status = WIFEXITED(run->status) ? WEXITSTATUS(run->status)
		                                 : -WTERMSIG(run->status),
		.late = run->late,
	};
	return vreport_run(&r, boards, run->fs.board_count, usbfs_now());
}

int main(int argc, char **argv)
{
	if (!g_getenv("VIRTUAL_BOARD"))
		return re_execute(argv);
	g_unsetenv("VIRTUAL_BOARD");
	/* umockdev does not join its thread, which hashes: OpenSSL's clean-up at exit would free that thread's data while
	 * the thread's own end frees it, too. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
	static struct run run;
	int status = parse_options(&run.options, argc, argv);
	if (!status)
		status = read_boards(&run, argc, argv);
	if (status)
		return status;
	run.loop = g_main_loop_new(NULL, FALSE);
	run.fs.changed = on_change;
	run.fs.context = &run;
	if (usbfs_start(&run.fs, run.options.seed))
		return VREPORT_BROKEN;
	if (!umockdev_in_mock_environment())
		return fail("%s cannot be preloaded", UMOCKDEV);
	status = start_program(&run);
	if (!status) {
		g_main_loop_run(run.loop);
		g_mutex_lock(&run.fs.lock);
		status = report(&run);
		int bad = save_disk(&run);
		status = bad ? bad : status;
		g_mutex_unlock(&run.fs.lock);
	}
	usbfs_stop(&run.fs);
	return status;
}
