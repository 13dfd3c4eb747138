/* SPDX-License-Identifier: Apache-2.0 */
#include "report/metadata.h"

#include "formats/duid.h"
#include "formats/json.h"
#include "platform/atomic_file.h"
#include "platform/plat.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* The next field of a text split at runs of '*'; cuts it in place. NULL: none left. */
static char *metadata_next_field(char **rest)
{
	char *start = *rest + strspn(*rest, "*");
	if (!*start)
		return NULL;
	char *end = start + strcspn(start, "*");
	*rest = *end ? end + 1 : end;
	*end = 0;
	return start;
}

static size_t metadata_find(const struct metadata *m, const char *key)
{
	size_t i = 0;
	while (i < m->count && strcmp(m->keys[i], key) != 0)
		i++;
	return i;
}

static enum metadata_result metadata_set(struct metadata *m, const char *key, const char *value,
                                         size_t *at)
{
	*at = metadata_find(m, key);
	if (*at == METADATA_ENTRIES)
		return METADATA_FULL;
	char *v = str_new("%s", value);
	if (!v)
		return METADATA_FULL;
	if (*at == m->count) {
		m->keys[*at] = str_new("%s", key);
		if (!m->keys[*at]) {
			free(v);
			return METADATA_FULL;
		}
		m->values[*at] = NULL;
		m->count++;
	}
	free(m->values[*at]);
	m->values[*at] = v;
	return METADATA_KEPT;
}

enum metadata_result metadata_add(struct metadata *m, const char *name, const char **key,
                                  const char **value)
{
	char *copy = str_new("%s", name), *rest = copy;
	if (!copy)
		return METADATA_FULL;
	const char *k = metadata_next_field(&rest);
	const char *v = k ? metadata_next_field(&rest) : NULL;
	char uuid[DUID_TEXT + 1];
	enum metadata_result result = METADATA_NOTHING;
	size_t at;
	if (v && strcmp(k, "FACTORY_UUID") == 0) {
		result = duid_decode(v, uuid) ? METADATA_KEPT : METADATA_BAD;
		v = uuid;
	} else if (v) {
		result = METADATA_KEPT;
	}
	if (result == METADATA_KEPT)
		result = metadata_set(m, k, v, &at);
	if (result == METADATA_KEPT) {
		*key = m->keys[at];
		*value = m->values[at];
	}
	free(copy);
	return result;
}

const char *metadata_get(const struct metadata *m, const char *key)
{
	size_t i = metadata_find(m, key);
	return i < m->count ? m->values[i] : NULL;
}

const char *metadata_failed_key(const struct metadata *m)
{
	static const char *const keys[] = { "EEPROM_UPDATE", "EEPROM_ERASE",
		                            "SECURE_BOOT_PROVISION" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *value = metadata_get(m, keys[i]);
		if (value && strcmp(value, "success") != 0)
			return keys[i];
	}
	return NULL;
}

void metadata_print(const struct metadata *m, FILE *out)
{
	for (size_t i = 0; i < m->count; i++) {
		fputs(i ? ",\n\t" : "{\n\t", out);
		json_string(out, m->keys[i]);
		fputs(": ", out);
		json_string(out, m->values[i]);
	}
	fputs(m->count ? "\n}\n" : "{\n}\n", out);
}

int metadata_publish(const struct metadata *m, const char *path)
{
	struct atomic_file out;
	int err = atomic_file_open(&out, path, 0666);
	if (err)
		return err;
	metadata_print(m, out.stream);
	return atomic_file_commit(&out);
}

void metadata_free(struct metadata *m)
{
	while (m->count > 0) {
		m->count--;
		free(m->keys[m->count]);
		free(m->values[m->count]);
	}
}

/* --- the directory */

struct metadata_directory {
	const char *path;
	struct plat_monitor *monitor;
	struct claim {
		char *path;
		struct claim *next;
	} * claims;
};

enum err metadata_directory_prepare(const char *path)
{
	if (!plat_is_directory(path) && !plat_make_directory(path))
		return ERR_METADATA;
	return plat_can_write(path) ? OK : ERR_METADATA;
}

struct metadata_directory *metadata_directory_new(const char *path)
{
	struct metadata_directory *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->path = path;
	f->monitor = plat_monitor_new();
	if (!f->monitor) {
		free(f);
		return NULL;
	}
	return f;
}

void metadata_directory_free(struct metadata_directory *directory)
{
	if (!directory)
		return;
	plat_monitor_free(directory->monitor);
	free(directory);
}

static void metadata_reduce(char *to, size_t size, const char *from)
{
	size_t n = 0;
	for (; *from && n < size - 1; from++)
		if ((*from >= '0' && *from <= '9') || (*from >= 'A' && *from <= 'Z') ||
		    (*from >= 'a' && *from <= 'z') || strchr("._-", *from))
			to[n++] = *from;
	to[n] = 0;
}

static bool metadata_is_claimed(const struct metadata_directory *directory, const char *path)
{
	for (const struct claim *c = directory->claims; c; c = c->next)
		if (strcmp(c->path, path) == 0)
			return true;
	return false;
}

char *metadata_directory_claim(struct metadata_directory *directory, const char *serial,
                               const char *usb_path)
{
	char name[200];
	metadata_reduce(name, sizeof name, serial);
	struct claim *claim = malloc(sizeof *claim);
	if (!claim)
		return NULL;
	plat_lock(directory->monitor);
	claim->path = str_new("%s/%s.json", directory->path, *name ? name : usb_path);
	if (claim->path && metadata_is_claimed(directory, claim->path)) {
		free(claim->path);
		claim->path = str_new("%s/%s-%s.json", directory->path, name, usb_path);
	}
	char *path = claim->path;
	if (path) {
		claim->next = directory->claims;
		directory->claims = claim;
		plat_remove(path);
	} else {
		free(claim);
	}
	plat_unlock(directory->monitor);
	return path;
}

void metadata_directory_release(struct metadata_directory *directory, char *path)
{
	if (!path)
		return;
	plat_lock(directory->monitor);
	for (struct claim **c = &directory->claims; *c; c = &(*c)->next)
		if ((*c)->path == path) {
			struct claim *mine = *c;
			*c = mine->next;
			free(mine);
			break;
		}
	plat_unlock(directory->monitor);
	free(path);
}
