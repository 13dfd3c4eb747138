/* SPDX-License-Identifier: Apache-2.0 */
/* directsim DIRECTORY IMAGE BOARDS BUS MEDIUM: flashes virtual boards directly, in virtual time, all on one bus of BUS bytes a
 * second, each with a disk of MEDIUM bytes a second. For benchmarks. DIRECTORY: a boot directory. Prints
 *	all SECONDS		from the first board's arrival as a gadget to the last one's end
 *	alone SECONDS		the same for one board alone
 *	out BYTES, in BYTES	over USB, for each board
 *	image BYTES */
#include "simrun.h"
#include "vfolder.h"

#include "platform/plat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct simrun run;

static void add(unsigned number, uint64_t size, const char *bus, const char *medium)
{
	char lines[500], error[VDESC_ERROR_SIZE];
	struct vdesc *desc = &run.descs[run.count++];
	snprintf(lines, sizeof lines,
	         "chip 2711;path 1-1.%u;serial 10000000b29d2d%02x;get config.txt;done;linger 10;"
	         "leave-after 10;becomes-flash;disk-size %llu;speed %s;medium-speed %s",
	         number + 1, number, (unsigned long long)size, bus, medium);
	vdesc_init(desc);
	char *save, *line = strtok_r(lines, ";", &save);
	for (; line; line = strtok_r(NULL, ";", &save))
		if (vdesc_line(desc, line, "directsim", 1, error) != 0)
			exit(1);
	if (vfolder_resolve(desc, run.directory, false, error) != 0)
		exit(1);
}

/* Seconds that the last board takes. */
static double flash(unsigned boards, uint64_t size, char **argv)
{
	uint64_t end = 0, start = UINT64_MAX;
	simrun_free(&run);
	simrun_init(&run, argv[1]);
	run.image = argv[2];
	run.shares_bus = true;
	run.setup.wanted = boards;
	run.setup.after.disk_time = 60 * PLAT_SECOND;
	run.setup.after.flash.verify = run.setup.after.flash.eject = true;
	for (unsigned i = 0; i < boards; i++)
		add(i, size, argv[4], argv[5]);
	simrun_go(&run);
	if (run.summary.status != 0 || run.violations > 0) {
		fputs(run.err, stderr);
		exit(1);
	}
	for (unsigned i = 0; i < boards; i++) {
		const struct vflash_stats *s = vflash_stats(run.boards[i].flash);
		end = s->closed > end ? s->closed : end;
		start = run.boards[i].appeared < start ? run.boards[i].appeared : start;
	}
	return (double)(end - start) / (double)PLAT_SECOND;
}

int main(int argc, char **argv)
{
	struct stat st;
	if (argc != 6 || stat(argv[2], &st) != 0)
		return 2;
	unsigned boards = (unsigned)strtoul(argv[3], NULL, 10);
	uint64_t size = ((uint64_t)st.st_size / VMEDIUM_CHUNK + 2) * VMEDIUM_CHUNK;
	sim_begin();
	printf("alone %.2f\n", flash(1, size, argv));
	printf("all %.2f\n", flash(boards, size, argv));
	const struct vflash_stats *s = vflash_stats(run.boards[0].flash);
	printf("out %llu\nin %llu\nimage %llu\n", (unsigned long long)s->out_bytes,
	       (unsigned long long)s->in_bytes, (unsigned long long)st.st_size);
	simrun_free(&run);
	return 0;
}
