/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

bool plat_is_terminal(FILE *f)
{
	return isatty(fileno(f)) == 1;
}

bool plat_draws(FILE *f)
{
	const char *term = getenv("TERM");
	return plat_is_terminal(f) && term && strcmp(term, "dumb") != 0;
}

void plat_terminal_size(FILE *f, unsigned *columns, unsigned *rows)
{
	struct winsize size;
	bool known = ioctl(fileno(f), TIOCGWINSZ, &size) == 0;
	*columns = known && size.ws_col ? size.ws_col : 80;
	*rows = known && size.ws_row ? size.ws_row : 24;
}

bool plat_same_file(FILE *a, FILE *b)
{
	struct stat x, y;
	if (fstat(fileno(a), &x) != 0 || fstat(fileno(b), &y) != 0)
		return true;
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

void plat_date(char out[PLAT_DATE_SIZE])
{
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t n = strftime(out, PLAT_DATE_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + n, PLAT_DATE_SIZE - n, ".%06ldZ", now.tv_nsec / 1000);
}

void plat_begin(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
}

/* --- memory streams */

bool plat_memory_open(struct plat_memory *m)
{
	*m = (struct plat_memory){ 0 };
	m->stream = open_memstream(&m->bytes, &m->size);
	return m->stream;
}

bool plat_memory_take(struct plat_memory *m)
{
	return fflush(m->stream) == 0;
}

void plat_memory_rewind(struct plat_memory *m)
{
	rewind(m->stream);
}

bool plat_memory_close(struct plat_memory *m)
{
	bool ok = !ferror(m->stream);
	ok = fclose(m->stream) == 0 && ok;
	m->stream = NULL;
	return ok;
}
