#include "configtxt.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void configtxt_open(struct configtxt *config, char *text, size_t n, const struct chip *chip)
{
	*config = (struct configtxt){ .at = text, .end = text + n, .chip = chip, .model = true };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts the blanks off both ends of S. */
static char *trim(char *s)
{
	while (is_blank(*s))
		s++;
	size_t n = strlen(s);
	while (n > 0 && is_blank(s[n - 1]))
		n--;
	s[n] = 0;
	return s;
}

/* The next line, terminated; NULL at the end. Old Macs' line ends count too, and a zero byte ends a line. */
static char *next_line(struct configtxt *c)
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

/* The filters that name models, and the chips that these carry. */
static const struct {
	const char *name;
	uint16_t product;
} models[] = {
	{ "pi1", 0x2763 }, { "pi0", 0x2763 },  { "pi0w", 0x2763 }, { "cm1", 0x2763 },
	{ "pi2", 0x2764 }, { "pi3", 0x2764 },  { "pi3+", 0x2764 }, { "pi02", 0x2764 },
	{ "cm3", 0x2764 }, { "cm3+", 0x2764 }, { "pi4", 0x2711 },  { "pi400", 0x2711 },
	{ "cm4", 0x2711 }, { "cm4s", 0x2711 }, { "pi5", 0x2712 },  { "pi500", 0x2712 },
	{ "cm5", 0x2712 }, { "cm5l", 0x2712 }, { "cm0", 0x2764 },  { "pi500+", 0x2712 },
};

/* [all] ends every filter; a model replaces the model before; what is not known narrows further. */
static void take_filter(struct configtxt *c, const char *name)
{
	if (strcasecmp(name, "all") == 0) {
		c->model = true;
		c->none = c->condition = false;
		return;
	}
	if (strcasecmp(name, "none") == 0) {
		c->none = true;
		return;
	}
	for (size_t i = 0; i < sizeof models / sizeof *models; i++)
		if (strcasecmp(name, models[i].name) == 0) {
			c->model = models[i].product == c->chip->product;
			return;
		}
	c->condition = true;
}

bool configtxt_next(struct configtxt *config, struct configtxt_setting *setting)
{
	char *line;
	while ((line = next_line(config))) {
		line = trim(line);
		if (*line == 0 || *line == '#')
			continue;
		char *end = strchr(line, ']');
		if (*line == '[' && end) {
			*end = 0;
			take_filter(config, trim(line + 1));
			continue;
		}
		char *value = strchr(line, '=');
		if (!value && strncasecmp(line, "include", 7) == 0 && is_blank(line[7]))
			value = line + 7;
		if (value)
			*value++ = 0;
		setting->key = trim(line);
		setting->value = value ? trim(value) : "";
		setting->line = config->line;
		setting->applies = config->none || !config->model ? CONFIGTXT_NO
		                   : config->condition            ? CONFIGTXT_MAYBE
		                                                  : CONFIGTXT_YES;
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
