/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include "platform/plat.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Threads hand a baton to each other. A thread that waits is in one of two lists: ready (in the order of becoming so)
 * or waiting for a monitor or a time. */

struct plat_monitor {
	bool entered;
};

struct plat_thread {
	pthread_t id;
	pthread_cond_t turn;
	void (*run)(void *);
	void *arg;
	bool ready, done;
	const struct plat_monitor *waiting; /* NULL: for time only */
	uint64_t deadline;
	uint64_t order; /* of becoming ready */
	struct plat_thread *next;
	bool first; /* made by sim_begin */
};

static struct {
	pthread_mutex_t lock;
	struct plat_thread *threads, *running;
	uint64_t now, order;
	struct plat_monitor joining; /* where plat_thread_join waits */
	void (*on_signal)(void *, enum plat_signal);
	void *signal_ctx;
	uint64_t signal_at[2]; /* for each enum plat_signal; 0: never */
	uint64_t end;
} sim = { .lock = PTHREAD_MUTEX_INITIALIZER, .end = SIM_END_OF_TIME };

uint64_t plat_now(void)
{
	return sim.now;
}

static void make_ready(struct plat_thread *t)
{
	t->ready = true;
	t->order = ++sim.order;
}

static _Noreturn void give_up(const char *why)
{
	fprintf(stderr, "simulation: %s at %.6f s\n", why, (double)sim.now / 1e6);
	abort();
}

static struct plat_thread *first_ready(void)
{
	struct plat_thread *best = NULL;
	for (struct plat_thread *t = sim.threads; t; t = t->next)
		if (t->ready && (!best || t->order < best->order))
			best = t;
	return best;
}

/* Gives the program a signal that is due before NEXT. */
static bool give_signal(uint64_t next)
{
	for (int i = 0; i < 2; i++) {
		uint64_t at = sim.signal_at[i];
		if (!at || !sim.on_signal || at > next)
			continue;
		if (at > sim.now)
			sim.now = at;
		sim.signal_at[i] = 0;
		sim.on_signal(sim.signal_ctx, (enum plat_signal)i);
		return true;
	}
	return false;
}

/* Everybody waits: the clock goes to the next deadline. */
static void advance(void)
{
	uint64_t next = PLAT_FOREVER;
	for (struct plat_thread *t = sim.threads; t; t = t->next)
		if (!t->done && t->deadline < next)
			next = t->deadline;
	if (give_signal(next))
		return;
	if (next == PLAT_FOREVER)
		give_up("every thread waits without a deadline");
	if (next > sim.end)
		give_up("no end");
	if (next > sim.now)
		sim.now = next;
	for (struct plat_thread *t = sim.threads; t; t = t->next)
		if (!t->done && !t->ready && t->deadline <= sim.now)
			make_ready(t);
}

/* Passes the baton on; returns when it is back. SELF is done, ready or waiting. */
static void pass(struct plat_thread *self)
{
	struct plat_thread *next;
	while (!(next = first_ready()))
		advance();
	next->ready = false;
	next->deadline = PLAT_FOREVER;
	next->waiting = NULL;
	sim.running = next;
	if (next == self)
		return;
	pthread_cond_signal(&next->turn);
	while (!self->done && sim.running != self)
		pthread_cond_wait(&self->turn, &sim.lock);
}

void sim_begin(void)
{
	struct plat_thread *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->deadline = PLAT_FOREVER;
	t->first = true;
	pthread_cond_init(&t->turn, NULL);
	pthread_mutex_lock(&sim.lock);
	sim.threads = sim.running = t;
	sim.now = PLAT_SECOND;
}

void sim_interrupt_at(uint64_t at)
{
	sim.signal_at[PLAT_INTERRUPT] = at;
}

void sim_drain_at(uint64_t at)
{
	sim.signal_at[PLAT_DRAIN] = at;
}

void sim_end_at(uint64_t at)
{
	sim.end = at;
}

struct plat_monitor *plat_monitor_new(void)
{
	return calloc(1, sizeof(struct plat_monitor));
}

void plat_monitor_free(struct plat_monitor *m)
{
	free(m);
}

/* Nobody else runs while a monitor is held, unless its holder waits for something else: that is a mistake. */
void plat_lock(struct plat_monitor *m)
{
	if (m->entered)
		give_up("a monitor is entered whose holder waits elsewhere");
	m->entered = true;
}

void plat_unlock(struct plat_monitor *m)
{
	m->entered = false;
}

void plat_broadcast(struct plat_monitor *m)
{
	for (struct plat_thread *t = sim.threads; t; t = t->next)
		if (t->waiting == m && !t->ready)
			make_ready(t);
}

bool plat_wait(struct plat_monitor *m, uint64_t deadline)
{
	struct plat_thread *self = sim.running;
	if (deadline <= sim.now)
		return false;
	m->entered = false;
	self->waiting = m;
	self->deadline = deadline;
	pass(self);
	plat_lock(m);
	return sim.now < deadline;
}

void plat_pause(uint64_t time)
{
	struct plat_monitor nobody = { .entered = true };
	uint64_t until = sim.now + time;
	while (plat_wait(&nobody, until))
		;
}

static void *thread_main(void *arg)
{
	struct plat_thread *self = arg;
	pthread_mutex_lock(&sim.lock);
	while (sim.running != self)
		pthread_cond_wait(&self->turn, &sim.lock);
	self->run(self->arg);
	self->done = true;
	plat_broadcast(&sim.joining);
	pass(self);
	pthread_mutex_unlock(&sim.lock);
	return NULL;
}

struct plat_thread *plat_thread_start(void (*run)(void *), void *arg)
{
	struct plat_thread *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->run = run;
	t->arg = arg;
	t->deadline = PLAT_FOREVER;
	pthread_cond_init(&t->turn, NULL);
	t->next = sim.threads;
	sim.threads = t;
	make_ready(t);
	if (pthread_create(&t->id, NULL, thread_main, t) != 0)
		give_up("no thread");
	return t;
}

void plat_thread_join(struct plat_thread *t)
{
	if (!t)
		return;
	plat_lock(&sim.joining);
	while (!t->done)
		plat_wait(&sim.joining, PLAT_FOREVER);
	plat_unlock(&sim.joining);
	pthread_mutex_unlock(&sim.lock); /* its last steps need the baton's lock */
	pthread_join(t->id, NULL);
	pthread_mutex_lock(&sim.lock);
	for (struct plat_thread **at = &sim.threads; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	pthread_cond_destroy(&t->turn);
	free(t);
}

bool plat_on_signal(void (*fn)(void *, enum plat_signal), void *ctx)
{
	sim.on_signal = fn;
	sim.signal_ctx = ctx;
	return true;
}

void plat_exit_now(int status)
{
	exit(status);
}
