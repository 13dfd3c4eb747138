/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/configtxt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void configtxt_open(struct configtxt *config, char *text, size_t n, const struct chip *chip)
{
	*config = (struct configtxt){
		.at = text, .end = text + n, .chip = chip, .model = CONFIGTXT_YES
	};
}

static bool configtxt_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts the blanks off both ends of S. */
static char *configtxt_trim(char *s)
{
	while (configtxt_is_blank(*s))
		s++;
	size_t n = strlen(s);
	while (n > 0 && configtxt_is_blank(s[n - 1]))
		n--;
	s[n] = 0;
	return s;
}

/* The next line, terminated; NULL at the end. Old Macs' line ends count too, and a zero byte ends a line. */
static char *configtxt_next_line(struct configtxt *c)
{
	if (c->at >= c->end)
		return NULL;
	char *line = c->at, *p = line;
	while (p < c->end && *p != '\n' && *p != '\r' && *p)
		p++;
	c->at = p + 1;
	if (p + 1 < c->end && p[0] == '\r' && p[1] == '\n')
		c->at++;
	*p = 0;
	c->line++;
	return line;
}

/* Whether the filter NAME names a model, and if so, whether boards with the chip pass it. */
static bool configtxt_find_model(const char *name, const struct chip *chip,
                                 enum configtxt_applies *applies)
{
	bool known = false;
	*applies = CONFIGTXT_NO;
	for (size_t i = 0; i < chip_count; i++)
		for (const struct chip_model *m = chip_table[i].models; m->filter; m++)
			if (strcasecmp(name, m->filter) == 0) {
				known = true;
				if (&chip_table[i] == chip)
					*applies = m->all ? CONFIGTXT_YES : CONFIGTXT_MAYBE;
			}
	return known;
}

/* [all] ends every filter; a model replaces the model before; what is not known narrows further. */
static void configtxt_take_filter(struct configtxt *c, const char *name)
{
	if (strcasecmp(name, "all") == 0) {
		c->model = CONFIGTXT_YES;
		c->none = c->condition = false;
		return;
	}
	if (strcasecmp(name, "none") == 0) {
		c->none = true;
		return;
	}
	enum configtxt_applies applies;
	if (configtxt_find_model(name, c->chip, &applies))
		c->model = applies;
	else
		c->condition = true;
}

bool configtxt_next(struct configtxt *config, struct configtxt_setting *setting)
{
	char *line;
	while ((line = configtxt_next_line(config))) {
		line = configtxt_trim(line);
		if (*line == 0 || *line == '#')
			continue;
		char *end = strchr(line, ']');
		if (*line == '[' && end) {
			*end = 0;
			configtxt_take_filter(config, configtxt_trim(line + 1));
			continue;
		}
		char *value = strchr(line, '=');
		if (!value && strncasecmp(line, "include", 7) == 0 && configtxt_is_blank(line[7]))
			value = line + 7;
		if (value)
			*value++ = 0;
		setting->key = configtxt_trim(line);
		setting->value = value ? configtxt_trim(value) : "";
		setting->line = config->line;
		setting->applies = config->none                         ? CONFIGTXT_NO
		                   : config->condition && config->model ? CONFIGTXT_MAYBE
		                                                        : config->model;
		return true;
	}
	return false;
}

bool configtxt_is_on(const char *value)
{
	char *end;
	long long n = strtoll(value, &end, 0);
	return end == value ? *value != 0 : n != 0;
}

int configtxt_check_text(const char *text, size_t n, struct reason *why)
{
	const char *zero = n ? memchr(text, 0, n) : NULL;
	size_t line = 1;
	if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
		return reason_set_at(why, 1, "is UTF-16: save it as plain text (ASCII or UTF-8)");
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return reason_set_at(why, 1,
		                     "begins with a byte-order mark: save it as UTF-8 without one");
	if (!zero)
		return 0;
	for (const char *p = text; p < zero; p++)
		line += *p == '\n';
	return reason_set_at(why, line,
	                     "is not plain text: there is a zero byte in line %zu (UTF-16?)", line);
}

/* Whether the boot loader reads something from a line. */
static bool configtxt_is_read(const char *line, size_t n)
{
	while (n > 0 && (configtxt_is_blank(*line) || *line == '\r')) {
		line++;
		n--;
	}
	if (n == 0 || *line == '#')
		return true;
	if (*line == '[')
		return memchr(line, ']', n) != NULL;
	const char *equals = memchr(line, '=', n);
	return equals && equals > line;
}

unsigned configtxt_unread_line(const char *text, size_t n, unsigned after, const char **line,
                               size_t *length)
{
	unsigned number = 0;
	for (size_t at = 0; at < n; at += *length + 1) {
		const char *end = memchr(text + at, '\n', n - at);
		*line = text + at;
		*length = end ? (size_t)(end - text) - at : n - at;
		if (++number > after && !configtxt_is_read(*line, *length))
			return number;
	}
	return 0;
}
