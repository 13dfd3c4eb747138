/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/plat.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

bool plat_is_terminal(FILE *f)
{
	return isatty(fileno(f)) == 1;
}

void plat_terminal_size(FILE *f, unsigned *columns, unsigned *rows)
{
	struct winsize size;
	bool known = ioctl(fileno(f), TIOCGWINSZ, &size) == 0;
	*columns = known && size.ws_col ? size.ws_col : 80;
	*rows = known && size.ws_row ? size.ws_row : 24;
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
