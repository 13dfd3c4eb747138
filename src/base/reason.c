/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reason.h"

#include <stdarg.h>
#include <stdio.h>

int reason_set(struct reason *why, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	/* cppcheck-suppress ctuuninitvar ; the text is written here, not read */
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	why->where = 0;
	return -1;
}

int reason_set_at(struct reason *why, size_t where, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	/* cppcheck-suppress ctuuninitvar ; the text is written here, not read */
	vsnprintf(why->text, sizeof why->text, format, args);
	va_end(args);
	why->where = where;
	return -1;
}
