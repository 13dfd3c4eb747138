/* SPDX-License-Identifier: Apache-2.0 */
/* Any words as a command line: each ends in a documented way, numbers stay in their ranges, texts point into the words. */
#include "cli/options.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS 200

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* TEXT lies within the N bytes at WORDS, or is none. */
static void require_inside(const char *text, const char *words, size_t n)
{
	require(!text || (text >= words && text <= words + n));
}

static void check_run(const struct options *o, const char *words, size_t n)
{
	require(o->path_count <= STATION_SELECTORS && o->serial_count <= STATION_SELECTORS);
	for (unsigned i = 0; i < o->path_count; i++)
		require_inside(o->paths[i], words, n);
	for (unsigned i = 0; i < o->serial_count; i++)
		require_inside(o->serials[i], words, n);
	require_inside(o->directory, words, n);
	require_inside(o->metadata_directory, words, n);
	require(o->port >= -1 && o->port <= 98 && o->verbose >= 0 && o->verbose <= 2);
	require(o->count <= 100000 && o->timeout <= 1000000 && o->next_timeout <= 1000000);
	require(!(o->loop && o->count) && !(o->path_count && o->port >= 0));
}

/* Words end with a newline or a NUL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options options;
	char name[] = "rpiboot", *argv[WORDS + 2] = { name };
	int argc = 1;
	char *words = malloc(size + 1);
	if (!words)
		return 0;
	memcpy(words, data, size);
	words[size] = 0;
	for (size_t i = 0; i < size; i++)
		if (words[i] == '\n')
			words[i] = 0;
	for (char *word = words; word < words + size && argc <= WORDS; word += strlen(word) + 1)
		argv[argc++] = word;
	enum options_result result = options_parse(&options, argc, argv);
	if (result == OPTIONS_RUN)
		check_run(&options, words, size);
	require((result == OPTIONS_ERROR) == (*options.error != 0));
	require(memchr(options.error, 0, sizeof options.error));
	free(words);
	return 0;
}
