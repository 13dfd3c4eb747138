/* SPDX-License-Identifier: Apache-2.0 */
#include "flash/backup.h"

#include "base/str.h"
#include "flash/frame.h"
#include "platform/atomic_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEX_SIZE (2 * SHA256_SIZE + 1)

struct backup {
	struct flash *flash;
	struct medium *medium;
	char *path, *hash_path; /* owned */
	struct atomic_file out;
	uint8_t *chunk, *packed;
	size_t room; /* of packed */
	struct frame_packer *packer;
	struct sha256 hash;
	uint64_t stored; /* bytes in the file */
};

static enum err backup_failed(const struct backup *b, const char *path, int error)
{
	return report_error(b->flash->steps.report, b->flash->steps.board, ERR_BACKUP, "%s: %s",
	                    path, strerror(error));
}

static bool backup_alloc(struct backup *b, const char *directory, const char *name)
{
	b->room = frame_bound(SPOOL_CHUNK);
	b->path = str_new("%s/%s.img.zst", directory, name);
	b->hash_path = str_new("%s/%s.img.sha256", directory, name);
	b->chunk = malloc(SPOOL_CHUNK);
	b->packed = malloc(b->room);
	b->packer = frame_packer_new();
	return b->path && b->hash_path && b->chunk && b->packed && b->packer;
}

static enum err backup_chunk(struct backup *b, uint64_t offset, size_t n)
{
	struct medium *m = b->medium;
	enum err err = m->ops->read(m, offset, b->chunk, n);
	if (err)
		return report_error(b->flash->steps.report, b->flash->steps.board, err, "%s: %s",
		                    m->name, m->problem);
	sha256_add(&b->hash, b->chunk, n);
	size_t packed = frame_pack(b->packer, b->packed, b->room, b->chunk, n);
	if (packed == 0)
		return report_error(b->flash->steps.report, b->flash->steps.board, ERR_MEMORY, "%s",
		                    b->path);
	if (fwrite(b->packed, 1, packed, b->out.stream) != packed)
		return backup_failed(b, b->path, errno);
	b->stored += packed;
	return OK;
}

static enum err backup_all(struct backup *b)
{
	uint64_t size = b->medium->size;
	enum err err = OK;
	flash_step_begin(&b->flash->steps, b->medium, FLASH_READ, size);
	for (uint64_t at = 0; !err && at < size;) {
		size_t n = size - at < SPOOL_CHUNK ? (size_t)(size - at) : SPOOL_CHUNK;
		err = flash_step_interrupted(&b->flash->steps) ? ERR_INTERRUPTED
		                                               : backup_chunk(b, at, n);
		if (!err)
			flash_step_moved(&b->flash->steps, b->medium, n);
		at += n;
	}
	return err;
}

/* Both files under their names; first the one that is useful alone. */
static enum err backup_commit(struct backup *b, const char *name, uint64_t duration)
{
	uint8_t digest[SHA256_SIZE];
	char hex[HEX_SIZE];
	sha256_end(&b->hash, digest);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	char *line = str_new("%s  %s.img\n", hex, name);
	if (!line)
		return report_error(b->flash->steps.report, b->flash->steps.board, ERR_MEMORY, "%s",
		                    b->path);
	plat_remove(b->hash_path); /* never an old one beside the new image */
	int error = atomic_file_commit(&b->out);
	enum err err = error ? backup_failed(b, b->path, error) : OK;
	if (!err)
		error = atomic_file_write(b->hash_path, line, strlen(line), 0666);
	if (!err && error)
		err = backup_failed(b, b->hash_path, error);
	free(line);
	if (!err)
		report_emit(b->flash->steps.report, &(struct event){ .kind = EV_BACKUP_END,
		                                                     .board = b->flash->steps.board,
		                                                     .name = b->path,
		                                                     .where = hex,
		                                                     .size = b->medium->size,
		                                                     .bytes = b->stored,
		                                                     .duration = duration });
	return err;
}

enum err backup_write(struct flash *f, struct medium *medium, const char *directory,
                      const char *name)
{
	struct backup b = { .flash = f, .medium = medium };
	uint64_t start = plat_now();
	enum err err = OK;
	sha256_init(&b.hash);
	if (!backup_alloc(&b, directory, name)) {
		err = report_error(f->steps.report, f->steps.board, ERR_MEMORY, "%s", directory);
		goto done;
	}
	int error = atomic_file_open(&b.out, b.path, 0666);
	if (error) {
		err = backup_failed(&b, b.path, error);
		goto done;
	}
	report_emit(f->steps.report, &(struct event){ .kind = EV_BACKUP,
	                                              .board = f->steps.board,
	                                              .name = medium->name,
	                                              .text = f->disk_name,
	                                              .where = b.path,
	                                              .topic = medium->direct ? "direct" : "disk",
	                                              .size = medium->size });
	flash_step_watch(&f->steps);
	err = backup_all(&b);
	flash_step_unwatch(&f->steps);
	if (!err)
		err = backup_commit(&b, name, plat_now() - start);
done:
	atomic_file_abort(&b.out);
	frame_packer_free(b.packer);
	free(b.packed);
	free(b.chunk);
	free(b.hash_path);
	free(b.path);
	return err;
}

/* --- names */

struct backup_names {
	struct plat_monitor *monitor; /* for the list */
	struct backup_name {
		char *name, *path; /* owned */
		struct backup_name *next;
	} * list;
};

struct backup_names *backup_names_new(void)
{
	struct backup_names *names = calloc(1, sizeof *names);
	if (!names)
		return NULL;
	names->monitor = plat_monitor_new();
	if (names->monitor)
		return names;
	free(names);
	return NULL;
}

static void backup_name_free(struct backup_name *name)
{
	free(name->name);
	free(name->path);
	free(name);
}

void backup_names_free(struct backup_names *names)
{
	if (!names)
		return;
	while (names->list) {
		struct backup_name *next = names->list->next;
		backup_name_free(names->list);
		names->list = next;
	}
	plat_monitor_free(names->monitor);
	free(names);
}

static struct backup_name *backup_names_find(const struct backup_names *names, const char *name)
{
	struct backup_name *n = names->list;
	while (n && strcmp(n->name, name) != 0)
		n = n->next;
	return n;
}

/* Adds one. TEXT becomes its own; NULL: out of memory. */
static struct backup_name *backup_names_add(struct backup_names *names, char *text,
                                            const char *path)
{
	struct backup_name *n = calloc(1, sizeof *n);
	if (!n || !text) {
		free(n);
		free(text);
		return NULL;
	}
	n->name = text;
	n->path = str_new("%s", path);
	if (!n->path) {
		backup_name_free(n);
		return NULL;
	}
	n->next = names->list;
	names->list = n;
	return n;
}

const char *backup_names_claim(struct backup_names *names, const char *serial, const char *usb_path)
{
	const char *wanted = *serial ? serial : usb_path;
	plat_lock(names->monitor);
	struct backup_name *n = backup_names_find(names, wanted);
	if (!n) {
		n = backup_names_add(names, str_new("%s", wanted), usb_path);
	} else if (strcmp(n->path, usb_path) != 0) {
		char *text = str_new("%s-%s", serial, usb_path);
		n = text ? backup_names_find(names, text) : NULL;
		if (n)
			free(text);
		else
			n = backup_names_add(names, text, usb_path);
	}
	plat_unlock(names->monitor);
	return n ? n->name : NULL;
}
