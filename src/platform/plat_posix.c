/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

uint64_t plat_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * PLAT_SECOND + (uint64_t)t.tv_nsec / 1000;
}

/* --- threads */

struct plat_monitor {
	pthread_mutex_t lock;
	pthread_cond_t woken;
};

struct plat_monitor *plat_monitor_new(void)
{
	struct plat_monitor *m = malloc(sizeof *m);
	if (!m)
		return NULL;
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
#ifndef __APPLE__ /* has no clock choice: plat_wait uses a relative wait there */
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
#endif
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->woken, &attr);
	pthread_condattr_destroy(&attr);
	return m;
}

void plat_monitor_free(struct plat_monitor *m)
{
	if (!m)
		return;
	pthread_cond_destroy(&m->woken);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

void plat_lock(struct plat_monitor *m)
{
	pthread_mutex_lock(&m->lock);
}

void plat_unlock(struct plat_monitor *m)
{
	pthread_mutex_unlock(&m->lock);
}

void plat_broadcast(struct plat_monitor *m)
{
	pthread_cond_broadcast(&m->woken);
}

bool plat_wait(struct plat_monitor *m, uint64_t deadline)
{
	if (deadline == PLAT_FOREVER) {
		pthread_cond_wait(&m->woken, &m->lock);
		return true;
	}
#ifdef __APPLE__
	uint64_t now = plat_now(), left = deadline > now ? deadline - now : 0;
	struct timespec t = { .tv_sec = (time_t)(left / PLAT_SECOND),
		              .tv_nsec = (long)(left % PLAT_SECOND * 1000) };
	pthread_cond_timedwait_relative_np(&m->woken, &m->lock, &t);
#else
	struct timespec t = { .tv_sec = (time_t)(deadline / PLAT_SECOND),
		              .tv_nsec = (long)(deadline % PLAT_SECOND * 1000) };
	pthread_cond_timedwait(&m->woken, &m->lock, &t);
#endif
	return plat_now() < deadline;
}

void plat_pause(uint64_t time)
{
	struct timespec t = { .tv_sec = (time_t)(time / PLAT_SECOND),
		              .tv_nsec = (long)(time % PLAT_SECOND * 1000) };
	nanosleep(&t, NULL);
}

/* Signals belong to the whole process, so their handling is the one thing that is not in an object. */
static const struct {
	int number;
	enum plat_signal meaning;
} posix_signals[] = {
	{ SIGINT, PLAT_INTERRUPT },
	{ SIGTERM, PLAT_INTERRUPT },
	{ SIGHUP, PLAT_INTERRUPT },
	{ SIGUSR1, PLAT_DRAIN },
};
#define SIGNALS (sizeof posix_signals / sizeof *posix_signals)

struct plat_thread {
	pthread_t id;
	void (*run)(void *);
	void *arg;
};

static void *posix_thread_main(void *arg)
{
	struct plat_thread *t = arg;
	t->run(t->arg);
	return NULL;
}

struct plat_thread *plat_thread_start(void (*run)(void *), void *arg)
{
	struct plat_thread *t = malloc(sizeof *t);
	if (!t)
		return NULL;
	*t = (struct plat_thread){ .run = run, .arg = arg };
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024); /* a rack of boards: no 8 MiB each */
	sigset_t none, before;
	sigemptyset(&none);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&none, posix_signals[i].number);
	pthread_sigmask(SIG_BLOCK, &none, &before); /* the thread inherits this */
	int err = pthread_create(&t->id, &attr, posix_thread_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (err) {
		free(t);
		return NULL;
	}
	return t;
}

void plat_thread_join(struct plat_thread *t)
{
	if (!t)
		return;
	pthread_join(t->id, NULL);
	free(t);
}

/* --- signals */

static struct {
	pthread_mutex_t lock;
	bool running;
	sigset_t set;
	void (*fn)(void *, enum plat_signal);
	void *ctx;
} handler = { .lock = PTHREAD_MUTEX_INITIALIZER };

static enum plat_signal posix_meaning(int number)
{
	size_t i = 0;
	while (i + 1 < SIGNALS && posix_signals[i].number != number)
		i++;
	return posix_signals[i].meaning;
}

static void *posix_signal_main(void *arg)
{
	(void)arg;
	for (;;) {
		int sig;
		if (sigwait(&handler.set, &sig) != 0)
			continue;
		pthread_mutex_lock(&handler.lock);
		if (handler.fn)
			handler.fn(handler.ctx, posix_meaning(sig));
		pthread_mutex_unlock(&handler.lock);
	}
	return NULL;
}

static bool posix_start_signal_thread(void)
{
	sigemptyset(&handler.set);
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction old;
		if (sigaction(posix_signals[i].number, NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			sigaddset(&handler.set,
			          posix_signals[i].number); /* nohup keeps its meaning */
	}
	pthread_sigmask(SIG_BLOCK, &handler.set, NULL);
	signal(SIGPIPE,
	       SIG_IGN); /* a reader of our output may leave: the boards are still served */
	pthread_t id;
	if (pthread_create(&id, NULL, posix_signal_main, NULL) != 0)
		return false;
	pthread_detach(id);
	return true;
}

bool plat_on_signal(void (*fn)(void *, enum plat_signal), void *ctx)
{
	pthread_mutex_lock(&handler.lock);
	handler.fn = fn;
	handler.ctx = ctx;
	if (fn && !handler.running)
		handler.running = posix_start_signal_thread();
	bool ok = !fn || handler.running;
	pthread_mutex_unlock(&handler.lock);
	return ok;
}

static struct {
	unsigned depth;
	sigset_t mask_before;
} held;

void plat_hold_signals(void)
{
	sigset_t set;
	if (held.depth++)
		return;
	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&set, posix_signals[i].number);
	pthread_sigmask(SIG_BLOCK, &set, &held.mask_before);
}

void plat_release_signals(void)
{
	if (--held.depth == 0)
		pthread_sigmask(SIG_SETMASK, &held.mask_before, NULL);
}

void plat_exit_now(int status)
{
	_exit(status);
}
