/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/location_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_HUB "#USBROOT("

size_t location_controller(const char *location)
{
	const char *hub = strstr(location, ROOT_HUB);
	return hub ? (size_t)(hub - location) : 0;
}

/* Reads "#USB(n)" at *AT and moves behind it. */
static bool location_take_port(const char **at, unsigned *port)
{
	static const char prefix[] = "#USB(";
	size_t n = strlen(prefix);
	if (strncmp(*at, prefix, n) != 0 || strspn(*at + n, "0123456789") == 0)
		return false;
	char *end;
	unsigned long number = strtoul(*at + n, &end, 10);
	if (*end != ')' || number == 0 || number > 255)
		return false;
	*port = (unsigned)number;
	*at = end + 1;
	return true;
}

bool location_to_path(const char *location, unsigned bus, char *out, size_t size, uint8_t *port)
{
	const char *at = strstr(location, ROOT_HUB);
	at = at ? strchr(at + strlen(ROOT_HUB), ')') : NULL;
	if (!at)
		return false;
	at++;
	int n = snprintf(out, size, "%u", bus);
	unsigned number, depth = 0;
	while (n > 0 && (size_t)n < size && location_take_port(&at, &number)) {
		n += snprintf(out + n, size - (size_t)n, "%c%u", depth++ ? '.' : '-', number);
		*port = (uint8_t)number;
	}
	return depth > 0 && n > 0 && (size_t)n < size &&
	       (*at == 0 || strncmp(at, "#USBMI(", 7) == 0);
}
