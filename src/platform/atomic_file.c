/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The mode a plain open(O_CREAT) would give: mkstemp's 0600 is not what users expect of an output file. */
static int atomic_file_set_mode(int fd, const char *target, mode_t mode)
{
	struct stat st;
	if (stat(target, &st) == 0)
		return fchmod(fd, st.st_mode & 0777);
	mode_t mask = umask(0);
	umask(mask);
	return fchmod(fd, mode & ~mask);
}

int atomic_file_open(struct atomic_file *out, const char *path, unsigned mode)
{
	size_t n = strlen(path);
	char *target = strdup(path), *temp = malloc(n + sizeof ".XXXXXX");
	int err = ENOMEM, fd = -1;
	*out = (struct atomic_file){ .path = target, .temp = temp };
	if (!target || !temp)
		goto fail;
	memcpy(temp, path, n);
	memcpy(temp + n, ".XXXXXX", sizeof ".XXXXXX");
	fd = mkstemp(temp);
	if (fd >= 0 && atomic_file_set_mode(fd, path, (mode_t)mode) == 0 &&
	    (out->stream = fdopen(fd, "wb")))
		return 0;
	err = atomic_file_last_error();
	if (fd >= 0) {
		close(fd);
		unlink(temp);
	}
fail:
	atomic_file_close(out);
	return err;
}

int atomic_file_commit(struct atomic_file *out)
{
	int err = 0;
	if (fflush(out->stream) != 0 || ferror(out->stream) || fsync(fileno(out->stream)) != 0)
		err = atomic_file_last_error();
	if (fclose(out->stream) != 0 && !err)
		err = errno;
	if (!err && rename(out->temp, out->path) != 0)
		err = errno;
	if (err)
		unlink(out->temp);
	atomic_file_close(out);
	return err;
}

void atomic_file_abort(struct atomic_file *out)
{
	if (!out->stream)
		return;
	fclose(out->stream);
	unlink(out->temp);
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
