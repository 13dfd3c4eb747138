/* SPDX-License-Identifier: Apache-2.0 */
/* The EEPROM and signing tools as one program, so that libcrypto is linked once:
 *
 *	rpi-eeprom config ...      or, copied or linked under the name of a tool,      rpi-eeprom-config ... */
#include "platform/plat.h"
#include "tools.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *command, *name;
	int (*run)(int argc, char **argv);
} tools[] = {
	{ "config", "rpi-eeprom-config", tool_rpi_eeprom_config_main },
	{ "digest", "rpi-eeprom-digest", tool_rpi_eeprom_digest_main },
	{ "sign-bootcode", "rpi-sign-bootcode", tool_rpi_sign_bootcode_main },
	{ "key-convert", "rpi-bootloader-key-convert", tool_rpi_bootloader_key_convert_main },
	{ "update-pieeprom", "update-pieeprom", tool_update_pieeprom_main },
};

#define TOOLS (sizeof tools / sizeof *tools)

static void multicall_help(FILE *out)
{
	fputs("usage: rpi-eeprom COMMAND [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < TOOLS; i++)
		fprintf(out, "  %-16s %s\n", tools[i].command, tools[i].name);
	fputs("\nrpi-eeprom COMMAND --help shows the options of each. Under the name of a tool\n"
	      "(rpi-eeprom-config.exe) this program is that tool.\n",
	      out);
}

/* Whether PATH is the program NAME, with or without .exe. */
static bool multicall_is_named(const char *path, const char *name)
{
	const char *base = path + strlen(path);
	while (base > path && base[-1] != '/' && base[-1] != '\\')
		base--;
	size_t n = strlen(name);
	return strncasecmp(base, name, n) == 0 && (!base[n] || strcasecmp(base + n, ".exe") == 0);
}

int main(int argc, char **argv)
{
	plat_begin(&argc, &argv);
	for (size_t i = 0; i < TOOLS; i++) {
		if (argc > 0 && multicall_is_named(argv[0], tools[i].name))
			return tools[i].run(argc, argv);
		if (argc > 1 &&
		    (strcmp(argv[1], tools[i].command) == 0 || strcmp(argv[1], tools[i].name) == 0))
			return tools[i].run(argc - 1, argv + 1);
	}
	bool asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	if (argc > 1 && !asked)
		fprintf(stderr, "rpi-eeprom: no command '%s'\n", argv[1]);
	multicall_help(asked ? stdout : stderr);
	return asked ? 0 : 2;
}
