/* SPDX-License-Identifier: Apache-2.0 */
/* What follows a boot, on a machine of files, and a witness of what is reported. For one test program.
 *
 *	setup.disk_time = ...;
 *	afterboot_begin(0x2711);
 *	CHECK_INT(postboot_disks(&a), OK);
 *	CHECK_INT(w.kind[0], EV_DISK_WAIT);
 *	end();
 */
#ifndef AFTERBOOT_H
#define AFTERBOOT_H

#include "board/postboot.h"
#include "fakemachine.h"
#include "tap.h"

#define EVENTS 32

struct witness {
	struct observer observer;
	enum event_kind kind[EVENTS];
	enum err err[EVENTS];
	uint64_t size[EVENTS];
	uint32_t code[EVENTS];
	char name[EVENTS][64], text[EVENTS][1024], where[EVENTS][256];
	unsigned count;
};

static struct witness w;
static struct board_facts facts;
static struct postboot_setup setup;
static struct postboot a;
static bool interrupted, restarted;

static void witness(struct observer *self, const struct event *e)
{
	(void)self;
	if (w.count == EVENTS)
		return;
	w.kind[w.count] = e->kind;
	w.err[w.count] = e->err;
	w.size[w.count] = e->size;
	w.code[w.count] = e->code;
	snprintf(w.name[w.count], sizeof *w.name, "%s",
	         e->name    ? e->name
	         : e->topic ? e->topic
	                    : "");
	snprintf(w.text[w.count], sizeof *w.text, "%s", e->text ? e->text : "");
	snprintf(w.where[w.count++], sizeof *w.where, "%s", e->where ? e->where : "");
}

static void leave(struct observer *self)
{
	(void)self;
}

/* A board with the chip of PRODUCT on port 1-1.3, booted by this run; SETUP is the caller's. */
static void afterboot_begin(uint16_t product)
{
	fake_machine();
	w = (struct witness){ .observer = { witness, leave } };
	facts = (struct board_facts){ .path = "1-1.3", .chip = chip_by_product(product) };
	interrupted = restarted = false;
	a = (struct postboot){
		.setup = &setup,
		.sysfs = &fake,
		.report = report_new(),
		.board = &facts,
		.monitor = plat_monitor_new(),
		.interrupted = &interrupted,
		.restarted = &restarted,
		.booted = true,
	};
	report_add(a.report, &w.observer);
}

static void end(void)
{
	report_free(a.report);
	plat_monitor_free(a.monitor);
}

#endif
