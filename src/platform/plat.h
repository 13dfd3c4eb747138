/* SPDX-License-Identifier: Apache-2.0 */
/* What differs between operating systems: clock, threads, interrupts, files, the place of the executable. The tests
 * replace the first half by one with a virtual clock. Everything that waits in this program waits through here. */
#ifndef PLAT_H
#define PLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* --- time: microseconds of a clock that never jumps */
#define PLAT_MS      ((uint64_t)1000)
#define PLAT_SECOND  ((uint64_t)1000000)
#define PLAT_FOREVER UINT64_MAX

uint64_t plat_now(void);

/* --- threads. A monitor is a lock with something to wait for. */
struct plat_monitor;
struct plat_thread;

struct plat_monitor *plat_monitor_new(void); /* NULL: out of memory */
void plat_monitor_free(struct plat_monitor *m);
void plat_lock(struct plat_monitor *m);
void plat_unlock(struct plat_monitor *m);
void plat_broadcast(struct plat_monitor *m); /* every waiter, from inside the monitor */

/* Leaves the monitor, waits until woken (also without reason) or until DEADLINE (plat_now's clock, PLAT_FOREVER), enters
 * again. False when the deadline has passed. */
bool plat_wait(struct plat_monitor *m, uint64_t deadline);

/* For retries after an error that needs a moment to pass; never for correctness. */
void plat_pause(uint64_t time);

/* NULL: no thread could be made. Interrupts are none of its business. */
struct plat_thread *plat_thread_start(void (*run)(void *), void *arg);
void plat_thread_join(struct plat_thread *t);

/* --- signals: calls FN(ctx, signal) from a thread of its own at every Ctrl-C or SIGTERM (and its like), and at every SIGUSR1
 * where there is such a signal. The first call must come before any thread is made by others; FN NULL, after an earlier call:
 * from now on they are ignored, and no call is under way any more. False: out of threads. */
enum plat_signal {
	PLAT_INTERRUPT, /* end */
	PLAT_DRAIN,     /* begin nothing more, and end when what has begun is finished */
};
bool plat_on_signal(void (*fn)(void *ctx, enum plat_signal signal), void *ctx);

/* For programs without plat_on_signal and with one thread: from plat_hold_signals to plat_release_signals the same signals
 * do not end the program. What came meanwhile takes effect then, where the system keeps it. May be nested. */
void plat_hold_signals(void);
void plat_release_signals(void);

/* Ends the program at once, whatever its threads do. */
_Noreturn void plat_exit_now(int status);

/* --- files */
enum plat_file {
	PLAT_FILE_OK,
	PLAT_FILE_ABSENT,      /* no such file, or a component of the path is not a directory */
	PLAT_FILE_NOT_REGULAR, /* directory, FIFO, device, socket */
	PLAT_FILE_ERROR,       /* errno tells */
};

/* Opens a regular file for reading without ever blocking; *FD is to be closed with plat_close, *SIZE in bytes. */
enum plat_file plat_open(const char *path, int *fd, uint64_t *size);
void plat_close(int fd);

/* Reads N bytes at OFFSET. Returns the count (less than N only at the end of the file), or -1 with errno. */
int64_t plat_read_at(int fd, uint64_t offset, void *to, size_t n);

/* Makes the separators in PATH those that this program uses, '/': on Windows people type '\\'. */
void plat_path_separators(char *path);

/* Whether PATH is a directory, and whether files can be made in it; if not, errno says why. */
bool plat_is_directory(const char *path);
bool plat_can_write(const char *directory);

/* Makes one directory. False: errno says why. */
bool plat_make_directory(const char *path);

/* Removes a file; absent is fine. */
void plat_remove(const char *path);

/* --- files that appear whole or not at all: atomic_file.h puts these together. Each returns 0 or an errno value. */

/* Creates a file beside PATH and opens it for writing, with the permissions of PATH if that exists, else with MODE less
 * what the umask takes away. *TEMP is its name, owned by the caller. */
int plat_create_beside(const char *path, unsigned mode, char **temp, FILE **stream);

/* Waits until what was written to F, and flushed, is on the medium. */
int plat_sync(FILE *f);

/* The errno value of a write to a stream that has just failed; EPIPE: nobody reads it any more. */
int plat_write_error(void);

/* Gives the file FROM the name TO, also if there is a file TO. */
int plat_replace(const char *from, const char *to);

/* --- streams into memory
 *
 *	struct plat_memory m;
 *	if (plat_memory_open(&m)) {
 *		fprintf(m.stream, ...);
 *		if (plat_memory_close(&m))
 *			use(m.bytes, m.size);
 *		free(m.bytes);
 *	}
 */
struct plat_memory {
	FILE *stream;
	char *bytes; /* valid after _take and _close, with a NUL behind; the caller frees it after _close */
	size_t size;
};

bool plat_memory_open(struct plat_memory *m); /* false: out of memory or files */
bool plat_memory_take(
	struct plat_memory
		*m); /* bytes and size become what was written so far; false: out of memory */
void plat_memory_rewind(struct plat_memory *m); /* the next byte written is the first again */
bool plat_memory_close(struct plat_memory *m);  /* takes once more; false: something is missing */

/* --- the process */

/* The first call in main: the arguments in UTF-8, standard streams that pass bytes on unchanged. Does nothing when it was
 * called before. */
void plat_begin(int *argc, char ***argv);

/* Where boot directories may lie, best first, NULL at the end: INSTALLED (compiled in), BESIDE the program (NULL: unknown),
 * the current directory. Not what any user of the system may create. */
#define PLAT_ROOTS 4
void plat_roots(const char *roots[PLAT_ROOTS], const char *installed, const char *beside);

/* The host's name in the network; "" when unknown. */
void plat_host_name(char *out, size_t size);

/* --- the service manager: plat_notify sends it lines of assignments like "READY=1", as sd_notify(3) does; false: there is
 * none. plat_watchdog is the time in microseconds within which it wants a "WATCHDOG=1" each; 0: it does not. */
bool plat_notify(const char *state);
uint64_t plat_watchdog(void);

/* Whether PROGRAM can be started, by its path or from the search path; if not, errno says why. */
bool plat_can_start(const char *program);

/* --- terminals */

bool plat_is_terminal(FILE *f);

/* Whether F is a terminal whose cursor can be moved with escape sequences. */
bool plat_draws(FILE *f);

/* Its columns and rows at this moment; 80 and 24 when unknown. */
void plat_terminal_size(FILE *f, unsigned *columns, unsigned *rows);

/* Whether both lead to the same file, pipe or terminal; also where that is unknown. */
bool plat_same_file(FILE *a, FILE *b);

/* --- this and that */

/* Date and time in UTC, like 2026-02-03T04:05:06.123456Z (RFC 3339). */
#define PLAT_DATE_SIZE 32
void plat_date(char out[PLAT_DATE_SIZE]);

/* The directory that holds the running program, to be freed; NULL when unknown. */
char *plat_program_directory(void);

/* --- looking around, at files that others own: nothing here fails loudly */

/* Calls FN for each entry of DIRECTORY (without "." and "..", in any order) until it returns false. */
void plat_list(const char *directory, bool (*fn)(void *ctx, const char *name), void *ctx);

/* Where the symbolic link PATH points to, as it is written there. False: no link, or longer than SIZE. */
bool plat_link(const char *path, char *out, size_t size);

/* Whether there is a file or device of that name. */
bool plat_exists(const char *path);

/* Whether this process may read and write the file or device. */
bool plat_may_use(const char *path);

/* The name of the group of the file or device PATH, if it is not root's and may read and write it. */
bool plat_group(const char *path, char *out, size_t size);

/* The last LIMIT bytes or more that can be read from PATH now without waiting, as a new string to be freed: made for
 * /dev/kmsg, where a read gives one record. NULL: cannot be opened, nothing there, out of memory. */
char *plat_log(const char *path, size_t limit);

/* --- devices */

/* From now on calls FN(ctx) from a thread of the system's whenever a device arrives or leaves; FN NULL: no more, and no call
 * is under way. False: this system has no such news; look from time to time. */
bool plat_on_device_change(void (*fn)(void *ctx), void *ctx);

/* --- drivers. The command with which an administrator installs the driver package that is beside the program, in its
 * DIRECTORY; to be freed. NULL: programs reach USB devices without one on this system. */
char *plat_driver_command(const char *directory);

/* Runs that command with an administrator's rights, for which the system asks the user, and waits for its exit STATUS. False:
 * it did not start; errno says why. */
bool plat_driver_install(const char *directory, int *status);

/* --- another program, run without a shell and with nothing to read, in a process group of its own */
struct plat_child;

/* Finds PROGRAM like a shell does and starts it with VARIABLES ("NAME=value", NULL at the end) added to the environment;
 * TO_STDERR: its output goes there. MONITOR is woken when it has ended. NULL: errno. */
struct plat_child *plat_child_start(const char *program, const char *const variables[],
                                    bool to_stderr, struct plat_monitor *monitor);

/* Both from inside the monitor. *STATUS: the exit status; 128 and the signal's number if it was killed. */
bool plat_child_ended(const struct plat_child *child, int *status);
void plat_child_end(struct plat_child *child, bool at_once); /* asks it (SIGTERM), or SIGKILL */

/* Waits for its end. Not from inside the monitor. NULL is fine. */
void plat_child_free(struct plat_child *child);

#endif
