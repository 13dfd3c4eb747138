/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/atomic_file.h"

#include "platform/plat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* stdio does not always say why it failed. */
static int atomic_file_last_error(void)
{
	int err = errno;
	return err ? err : EIO;
}

static void atomic_file_close(struct atomic_file *out)
{
	free(out->path);
	free(out->temp);
	*out = (struct atomic_file){ 0 };
}

int atomic_file_open(struct atomic_file *out, const char *path, unsigned mode)
{
	*out = (struct atomic_file){ .path = strdup(path) };
	int err = out->path ? plat_create_beside(path, mode, &out->temp, &out->stream) : ENOMEM;
	if (err)
		atomic_file_close(out);
	return err;
}

int atomic_file_commit(struct atomic_file *out)
{
	int err = 0;
	if (fflush(out->stream) != 0 || ferror(out->stream))
		err = atomic_file_last_error();
	if (!err)
		err = plat_sync(out->stream);
	if (fclose(out->stream) != 0 && !err)
		err = errno;
	if (!err)
		err = plat_replace(out->temp, out->path);
	if (err)
		plat_remove(out->temp);
	atomic_file_close(out);
	return err;
}

void atomic_file_abort(struct atomic_file *out)
{
	if (!out->stream)
		return;
	fclose(out->stream);
	plat_remove(out->temp);
	atomic_file_close(out);
}

int atomic_file_write(const char *path, const void *bytes, size_t n, unsigned mode)
{
	struct atomic_file out;
	int err = atomic_file_open(&out, path, mode);
	if (err)
		return err;
	if (fwrite(bytes, 1, n, out.stream) != n) {
		err = atomic_file_last_error();
		atomic_file_abort(&out);
		return err;
	}
	return atomic_file_commit(&out);
}
