/* SPDX-License-Identifier: Apache-2.0 */
#include "bootdir/bootfiles.h"

#include "base/str.h"
#include "bootdir/embedded.h"
#include "formats/configtxt.h"
#include "formats/privatekey.h"
#include "formats/safename.h"
#include "platform/plat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GADGET "mass-storage-gadget"

/* --- which directory */

/* mass-storage-gadget beside DIRECTORY, if that is one of its public names. NULL: it is not, or out of memory. */
static char *bootfiles_alias(const char *directory)
{
	static const char *const aliases[] = { GADGET "64", GADGET "64-cm3", GADGET "-cm3" };
	size_t n = strlen(directory);
	while (n > 1 && directory[n - 1] == '/')
		n--;
	size_t last = n;
	while (last > 0 && directory[last - 1] != '/')
		last--;
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (strlen(aliases[i]) == n - last &&
		    memcmp(directory + last, aliases[i], n - last) == 0)
			return str_new("%.*s" GADGET, (int)last, directory);
	return NULL;
}

/* PATH (taken over) if it is a directory, else NULL. */
static char *bootfiles_if_directory(char *path)
{
	if (path && plat_is_directory(path))
		return path;
	free(path);
	return NULL;
}

char *bootfiles_directory(const char *directory, const char *const *roots)
{
	char *found = plat_is_directory(directory)
	                      ? str_new("%s", directory)
	                      : bootfiles_if_directory(bootfiles_alias(directory));
	bool is_name = *directory && !strchr(directory, '/') && directory[0] != '.';
	for (const char *const *root = roots; !found && is_name && *root; root++) {
		char *below = str_new("%s/%s", *root, directory);
		char *alias = below ? bootfiles_alias(below) : NULL;
		found = bootfiles_if_directory(below);
		if (found)
			free(alias);
		else
			found = bootfiles_if_directory(alias);
	}
	return found ? found : str_new("%s", directory);
}

char *bootfiles_fetch_command(const struct bootfiles_places *places, const char *directory)
{
	const char *slash = strrchr(directory, '/'), *name = slash ? slash + 1 : directory;
	for (const char *const *root = places->roots; *root; root++) {
		char *tool = str_new("%s%stools/rpi-fetch-firmware",
		                     strcmp(*root, ".") == 0 ? "" : *root,
		                     strcmp(*root, ".") == 0 ? "" : "/");
		if (!tool)
			return NULL;
		int fd;
		uint64_t size;
		bool there = plat_open(tool, &fd, &size) == PLAT_FILE_OK;
		if (there)
			plat_close(fd);
		char *command = there ? str_new("Fetch Raspberry Pi's firmware: %s%s", tool,
		                                plat_can_write(*root) ? "" : " (as root)")
		                      : NULL;
		free(tool);
		if (there)
			return command;
	}
	return str_new("Fetch Raspberry Pi's firmware: rpi-fetch-firmware --only %s",
	               *name ? name : directory);
}

bool bootfiles_is_link_text(const char *bytes, size_t n)
{
	bool slash = false;
	for (size_t i = 0; i < n; i++) {
		bool end = bytes[i] == '\n' && i + 1 == n;
		if (!end && (bytes[i] <= ' ' || bytes[i] > '~'))
			return false;
		slash = slash || bytes[i] == '/';
	}
	return slash && !memchr(bytes, '<', n);
}

/* What is wrong with the archive, which is SIZE bytes long; to be freed. */
static char *bootfiles_archive_problem(const struct bootfiles *files, enum err err, uint64_t size)
{
	char text[256] = "";
	int64_t n = size < sizeof text ? plat_read_at(files->archive_fd, 0, text, (size_t)size) : 0;
	if (n > 0 && bootfiles_is_link_text(text, (size_t)n))
		return str_new(
			"%s: holds only the words %.*s: git did not make the link (core.symlinks); in "
			"the clone: git config core.symlinks true && git checkout -- .",
			files->archive, (int)strcspn(text, "\n"), text);
	return str_new("%s: %s at byte %llu", files->archive,
	               err == ERR_ARCHIVE ? files->tar.bad : "read error",
	               (unsigned long long)files->tar.bad_offset);
}

static int64_t bootfiles_read_archive(void *ctx, uint64_t offset, void *to, size_t n)
{
	return plat_read_at(((struct bootfiles *)ctx)->archive_fd, offset, to, n);
}

/* Opens the archive if PATH (taken over) is one. */
static enum err bootfiles_open_archive(struct bootfiles *files, char *path)
{
	if (!path)
		return ERR_MEMORY;
	uint64_t size;
	switch (plat_open(path, &files->archive_fd, &size)) {
	case PLAT_FILE_OK:
		break;
	case PLAT_FILE_ERROR:
		files->problem = str_new("%s: %s", path, strerror(errno));
		free(path);
		return ERR_FILE_READ;
	case PLAT_FILE_ABSENT:
	case PLAT_FILE_NOT_REGULAR:
		free(path);
		return OK;
	}
	files->archive = path;
	enum err err = tar_open(&files->tar, bootfiles_read_archive, files, size);
	if (err)
		files->problem = bootfiles_archive_problem(files, err, size);
	return err;
}

static enum err bootfiles_open_directory(struct bootfiles *files, const char *directory,
                                         const char *path)
{
	files->directory = bootfiles_directory(directory, files->places->roots);
	if (!files->directory)
		return ERR_MEMORY;
	if (!plat_is_directory(files->directory)) {
		files->problem = str_new("%s: %s", files->directory, strerror(errno));
		return ERR_NO_DIRECTORY;
	}
	if (files->places->overlay && path && *path) {
		files->overlay = str_new("%s/%s", files->directory, path);
		if (!files->overlay)
			return ERR_MEMORY;
	}
	enum err err = bootfiles_open_archive(
		files, str_new("%s/%s/bootfiles.bin", files->directory, files->chip->directory));
	if (!err && !files->archive)
		err = bootfiles_open_archive(files, str_new("%s/bootfiles.bin", files->directory));
	return err;
}

static void bootfiles_close_directory(struct bootfiles *files)
{
	if (files->archive)
		plat_close(files->archive_fd);
	tar_close(&files->tar);
	free(files->directory);
	free(files->overlay);
	free(files->archive);
	files->directory = files->overlay = files->archive = NULL;
}

/* Whether the directory itself has what the chip starts with. */
static bool bootfiles_has_second_stage(const struct bootfiles *files)
{
	struct bootfile file;
	switch (bootfiles_find_own(files, files->chip->second_stage, &file)) {
	case BOOTFILE_FOUND:
	case BOOTFILE_FAILED: /* reported when it is used */
		bootfile_close(&file);
		return true;
	case BOOTFILE_ABSENT:
		bootfile_close(&file);
		return false;
	case BOOTFILE_DENIED:
	case BOOTFILE_PRIVATE:
	default:
		return false;
	}
}

/* The first gadget directory that fits, under its public name or its own. */
static enum err bootfiles_open_default(struct bootfiles *files, const char *path)
{
	if (!files->chip->gadget)
		return OK;
	static const char *const names[] = { GADGET "64", GADGET };
	for (const char *const *root = files->places->roots; *root; root++)
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			char *directory = strcmp(*root, ".") == 0
			                          ? str_new("%s", names[i])
			                          : str_new("%s/%s", *root, names[i]);
			if (!directory)
				return ERR_MEMORY;
			enum err err = OK;
			bool fits = plat_is_directory(directory);
			if (fits) {
				err = bootfiles_open_directory(files, directory, path);
				fits = err || bootfiles_has_second_stage(files);
				if (!fits)
					bootfiles_close_directory(files);
			}
			free(directory);
			if (fits)
				return err;
		}
	return OK;
}

enum err bootfiles_open(struct bootfiles *files, const struct bootfiles_places *places,
                        const struct chip *chip, const char *path)
{
	*files = (struct bootfiles){ .chip = chip, .places = places };
	return places->directory ? bootfiles_open_directory(files, places->directory, path)
	                         : bootfiles_open_default(files, path);
}

void bootfiles_close(struct bootfiles *files)
{
	bootfiles_close_directory(files);
	free(files->problem);
	files->problem = NULL;
}

/* --- which file */

/* Names that stay in the directory they are looked up in. */
static bool bootfiles_is_contained(const char *name)
{
	if (!safename_ok(name))
		return false;
	for (const char *part = name; part; part = strchr(part, '/')) {
		if (*part == '/')
			part++;
		if (part[0] == '.' && part[1] == '.' && (part[2] == 0 || part[2] == '/'))
			return false;
	}
	return true;
}

/* The file at PATH (taken over). */
static enum lookup_result bootfiles_find_path(struct bootfile *file, enum bootfile_source source,
                                              char *path)
{
	file->where = path;
	file->source = source;
	file->err = ERR_MEMORY;
	if (!path)
		return BOOTFILE_FAILED;
	uint64_t size;
	switch (plat_open(path, &file->fd, &size)) {
	case PLAT_FILE_OK:
		file->owns_fd = true;
		file->offset = 0;
		file->size = (uint32_t)size;
		file->err = size > WIRE_MAX_LENGTH ? ERR_FILE_TOO_LARGE : OK;
		return file->err ? BOOTFILE_FAILED : BOOTFILE_FOUND;
	case PLAT_FILE_ERROR:
		file->err = ERR_FILE_READ;
		return BOOTFILE_FAILED;
	case PLAT_FILE_NOT_REGULAR:
		free(file->skipped);
		file->skipped = path;
		file->where = NULL;
		return BOOTFILE_ABSENT;
	case PLAT_FILE_ABSENT:
	default:
		free(path);
		file->where = NULL;
		return BOOTFILE_ABSENT;
	}
}

static enum lookup_result bootfiles_find_member(const struct bootfiles *files, const char *name,
                                                struct bootfile *file)
{
	const struct tar_member *m = tar_find(&files->tar, files->chip->directory, name);
	if (!m)
		return BOOTFILE_ABSENT;
	file->fd = files->archive_fd;
	file->offset = m->offset;
	file->size = (uint32_t)m->size;
	file->source = SOURCE_ARCHIVE;
	file->where = str_new("%s", files->archive);
	file->err = !file->where ? ERR_MEMORY : m->size > WIRE_MAX_LENGTH ? ERR_FILE_TOO_LARGE : OK;
	return file->err ? BOOTFILE_FAILED : BOOTFILE_FOUND;
}

enum lookup_result bootfiles_find_own(const struct bootfiles *files, const char *name,
                                      struct bootfile *file)
{
	*file = (struct bootfile){ .fd = -1 };
	name += strspn(name, "/");
	if (!bootfiles_is_contained(name))
		return BOOTFILE_DENIED;
	if (!files->directory)
		return BOOTFILE_ABSENT;
	enum lookup_result answer = BOOTFILE_ABSENT;
	if (files->overlay && !chip_is_second_stage(name))
		answer = bootfiles_find_path(file, SOURCE_OVERLAY,
		                             str_new("%s/%s", files->overlay, name));
	if (answer == BOOTFILE_ABSENT)
		answer = bootfiles_find_path(
			file, files->archive ? SOURCE_ARCHIVE_OVERLAY : SOURCE_DIRECTORY,
			str_new("%s/%s/%s", files->directory, files->chip->directory, name));
	if (answer == BOOTFILE_ABSENT && files->archive)
		answer = bootfiles_find_member(files, name, file);
	if (answer == BOOTFILE_ABSENT)
		answer = bootfiles_find_path(file, SOURCE_DIRECTORY,
		                             str_new("%s/%s", files->directory, name));
	return answer;
}

/* The name in msd/ of what the chip asks for as NAME; NULL: msd/ is not for that. */
static const char *bootfiles_legacy_name(const struct chip *chip, const char *name)
{
	if (!chip->msd_start)
		return NULL;
	if (strcmp(name, chip->second_stage) == 0)
		return chip->second_stage;
	return strcmp(name, chip->start_file) == 0 ? chip->msd_start : NULL;
}

static enum lookup_result bootfiles_find_embedded(struct bootfile *file, const char *name)
{
	const struct embedded_file *e = embedded_files;
	while (e->name && strcmp(e->name, name) != 0)
		e++;
	if (!e->name)
		return BOOTFILE_ABSENT;
	file->bytes = e->bytes;
	file->size = e->size;
	file->source = SOURCE_EMBEDDED;
	file->where = str_new("embedded:%s", name);
	file->err = file->where ? OK : ERR_MEMORY;
	return file->err ? BOOTFILE_FAILED : BOOTFILE_FOUND;
}

#define CONFIG_MAX (1024u * 1024) /* bytes of a config.txt that are read */

/* Whether the directory's config.txt has boot_ramdisk=1, for every board with the chip or for some. */
static bool bootfiles_wants_image(const struct bootfiles *files)
{
	struct bootfile file;
	struct configtxt config;
	struct configtxt_setting setting;
	bool wants = false;
	char *text = NULL;
	if (bootfiles_find_own(files, "config.txt", &file) == BOOTFILE_FOUND) {
		size_t n = file.size < CONFIG_MAX ? file.size : CONFIG_MAX;
		text = malloc(n + 1);
		if (text && bootfile_read(&file, 0, text, n) == OK) {
			configtxt_open(&config, text, n, files->chip);
			while (configtxt_next(&config, &setting))
				if (strcasecmp(setting.key, "boot_ramdisk") == 0 &&
				    setting.applies != CONFIGTXT_NO)
					wants = configtxt_is_on(setting.value);
		}
	}
	free(text);
	bootfile_close(&file);
	return wants;
}

/* The legacy firmware's file for NAME: FILE was looked up in the directory in vain. */
static enum lookup_result bootfiles_find_legacy(const struct bootfiles *files, const char *name,
                                                struct bootfile *file)
{
	const char *legacy = bootfiles_legacy_name(files->chip, name);
	enum lookup_result result = BOOTFILE_ABSENT;
	if (!legacy || (strcmp(name, files->chip->start_file) == 0 && bootfiles_wants_image(files)))
		return BOOTFILE_ABSENT;
	for (const char *const *root = files->places->roots; *root && result == BOOTFILE_ABSENT;
	     root++)
		result = bootfiles_find_path(file, SOURCE_DIRECTORY,
		                             strcmp(*root, ".") == 0
		                                     ? str_new("msd/%s", legacy)
		                                     : str_new("%s/msd/%s", *root, legacy));
	return result == BOOTFILE_ABSENT ? bootfiles_find_embedded(file, legacy) : result;
}

enum lookup_result bootfiles_find(const struct bootfiles *files, const char *name,
                                  struct bootfile *file)
{
	name += strspn(name, "/");
	enum lookup_result result = bootfiles_find_own(files, name, file);
	if (result == BOOTFILE_ABSENT)
		result = bootfiles_find_legacy(files, name, file);
	if (result == BOOTFILE_FOUND && bootfile_is_private_key(file)) {
		bootfile_close(file);
		return BOOTFILE_PRIVATE;
	}
	return result;
}

bool bootfile_is_private_key(const struct bootfile *file)
{
	if (file->size == 0 || file->size > PRIVATEKEY_MAX)
		return false;
	uint8_t *bytes = malloc(file->size);
	bool is_key = bytes && bootfile_read(file, 0, bytes, file->size) == OK &&
	              privatekey_found(bytes, file->size);
	free(bytes);
	return is_key;
}

enum err bootfile_read(const struct bootfile *file, uint64_t offset, void *to, size_t n)
{
	if (file->bytes) {
		if (offset > file->size || n > file->size - offset)
			return ERR_FILE_CHANGED;
		memcpy(to, file->bytes + offset, n);
		return OK;
	}
	int64_t got = plat_read_at(file->fd, file->offset + offset, to, n);
	if (got < 0)
		return ERR_FILE_READ;
	return (uint64_t)got == n ? OK : ERR_FILE_CHANGED;
}

void bootfile_close(struct bootfile *file)
{
	if (file->owns_fd)
		plat_close(file->fd);
	free(file->where);
	free(file->skipped);
	*file = (struct bootfile){ .fd = -1 };
}

enum err bootfiles_signature(const struct bootfiles *files, uint8_t out[WIRE_SIGNATURE])
{
	struct bootfile file;
	enum lookup_result answer = bootfiles_find_own(files, "bootcode.sig", &file);
	enum err err = answer == BOOTFILE_FAILED ? file.err : ERR_SIGNATURE;
	if (answer == BOOTFILE_FOUND && file.size >= WIRE_SIGNATURE)
		err = bootfile_read(&file, 0, out, WIRE_SIGNATURE);
	bootfile_close(&file);
	return err;
}
