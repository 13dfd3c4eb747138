/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include "platform/plat_win32.h"

#include <process.h>
#include <stdlib.h>

#define STACK_SIZE (256 * 1024) /* a rack of boards: not 1 MiB each */

uint64_t plat_now(void)
{
	LARGE_INTEGER frequency, ticks;
	QueryPerformanceFrequency(&frequency);
	QueryPerformanceCounter(&ticks);
	uint64_t t = (uint64_t)ticks.QuadPart, f = (uint64_t)frequency.QuadPart;
	return t / f * PLAT_SECOND + t % f * PLAT_SECOND / f;
}

/* --- threads */

struct plat_monitor {
	SRWLOCK lock;
	CONDITION_VARIABLE woken;
};

struct plat_monitor *plat_monitor_new(void)
{
	struct plat_monitor *m = malloc(sizeof *m);
	if (!m)
		return NULL;
	InitializeSRWLock(&m->lock);
	InitializeConditionVariable(&m->woken);
	return m;
}

void plat_monitor_free(struct plat_monitor *m)
{
	free(m);
}

void plat_lock(struct plat_monitor *m)
{
	AcquireSRWLockExclusive(&m->lock);
}

void plat_unlock(struct plat_monitor *m)
{
	ReleaseSRWLockExclusive(&m->lock);
}

void plat_broadcast(struct plat_monitor *m)
{
	WakeAllConditionVariable(&m->woken);
}

/* Rounded up, and never INFINITE. */
static DWORD win32_milliseconds(uint64_t time)
{
	uint64_t ms = time / PLAT_MS + (time % PLAT_MS != 0);
	return ms < 0x7fffffff ? (DWORD)ms : 0x7fffffff;
}

bool plat_wait(struct plat_monitor *m, uint64_t deadline)
{
	if (deadline == PLAT_FOREVER) {
		SleepConditionVariableSRW(&m->woken, &m->lock, INFINITE, 0);
		return true;
	}
	uint64_t now = plat_now();
	SleepConditionVariableSRW(&m->woken, &m->lock,
	                          deadline > now ? win32_milliseconds(deadline - now) : 0, 0);
	return plat_now() < deadline;
}

void plat_pause(uint64_t time)
{
	Sleep(win32_milliseconds(time));
}

struct plat_thread {
	HANDLE handle;
	void (*run)(void *);
	void *arg;
};

static unsigned __stdcall thread_main(void *arg)
{
	struct plat_thread *t = arg;
	t->run(t->arg);
	return 0;
}

struct plat_thread *plat_thread_start(void (*run)(void *), void *arg)
{
	struct plat_thread *t = malloc(sizeof *t);
	if (!t)
		return NULL;
	*t = (struct plat_thread){ .run = run, .arg = arg };
	t->handle = (HANDLE)_beginthreadex(NULL, STACK_SIZE, thread_main, t,
	                                   STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
	if (!t->handle) {
		free(t);
		return NULL;
	}
	return t;
}

void plat_thread_join(struct plat_thread *t)
{
	if (!t)
		return;
	WaitForSingleObject(t->handle, INFINITE);
	CloseHandle(t->handle);
	free(t);
}

/* --- Ctrl-C and its like: Windows calls the handler in a new thread each time */

static struct {
	SRWLOCK lock;
	bool installed;
	void (*fn)(void *, enum plat_signal);
	void *ctx;
} signal_handler = { .lock = SRWLOCK_INIT };

static BOOL WINAPI on_console_event(DWORD event)
{
	AcquireSRWLockExclusive(&signal_handler.lock);
	if (signal_handler.fn)
		signal_handler.fn(signal_handler.ctx, PLAT_INTERRUPT);
	ReleaseSRWLockExclusive(&signal_handler.lock);
	/* closed window, logoff, shutdown: the process ends when this handler returns, or some 5 s from now. Until then
	 * the main thread finishes. */
	if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
		Sleep(INFINITE);
	return TRUE;
}

bool plat_on_signal(void (*fn)(void *, enum plat_signal), void *ctx)
{
	AcquireSRWLockExclusive(&signal_handler.lock);
	signal_handler.fn = fn;
	signal_handler.ctx = ctx;
	if (fn && !signal_handler.installed)
		signal_handler.installed = SetConsoleCtrlHandler(on_console_event, TRUE);
	bool ok = !fn || signal_handler.installed;
	ReleaseSRWLockExclusive(&signal_handler.lock);
	return ok;
}

/* A handler of its own for each level: without a function to call, it only keeps the program from being ended. */
void plat_hold_signals(void)
{
	SetConsoleCtrlHandler(on_console_event, TRUE);
}

void plat_release_signals(void)
{
	SetConsoleCtrlHandler(on_console_event, FALSE);
}

void plat_exit_now(int status)
{
	win32_console_restore();
	TerminateProcess(GetCurrentProcess(), (UINT)status);
	abort();
}
