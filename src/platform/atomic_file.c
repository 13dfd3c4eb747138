#include "platform/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* stdio does not always say why it failed. */
static int last_error(void)
{
	int err = errno;
	return err ? err : EIO;
}

static void outfile_close(struct outfile *out)
{
	free(out->path);
	free(out->temp);
	*out = (struct outfile){ 0 };
}

/* The mode a plain open(O_CREAT) would give: mkstemp's 0600 is not what users expect of an output file. */
static int set_mode(int fd, const char *target, mode_t mode)
{
	struct stat st;
	if (stat(target, &st) == 0)
		return fchmod(fd, st.st_mode & 0777);
	mode_t mask = umask(0);
	umask(mask);
	return fchmod(fd, mode & ~mask);
}

int outfile_open(struct outfile *out, const char *path, unsigned mode)
{
	size_t n = strlen(path);
	char *target = strdup(path), *temp = malloc(n + sizeof ".XXXXXX");
	int err = ENOMEM, fd = -1;
	*out = (struct outfile){ .path = target, .temp = temp };
	if (!target || !temp)
		goto fail;
	memcpy(temp, path, n);
	memcpy(temp + n, ".XXXXXX", sizeof ".XXXXXX");
	fd = mkstemp(temp);
	if (fd >= 0 && set_mode(fd, path, (mode_t)mode) == 0 && (out->stream = fdopen(fd, "wb")))
		return 0;
	err = last_error();
	if (fd >= 0) {
		close(fd);
		unlink(temp);
	}
fail:
	outfile_close(out);
	return err;
}

int outfile_commit(struct outfile *out)
{
	int err = 0;
	if (fflush(out->stream) != 0 || ferror(out->stream) || fsync(fileno(out->stream)) != 0)
		err = last_error();
	if (fclose(out->stream) != 0 && !err)
		err = errno;
	if (!err && rename(out->temp, out->path) != 0)
		err = errno;
	if (err)
		unlink(out->temp);
	outfile_close(out);
	return err;
}

void outfile_abort(struct outfile *out)
{
	if (!out->stream)
		return;
	fclose(out->stream);
	unlink(out->temp);
	outfile_close(out);
}

int outfile_write(const char *path, const void *bytes, size_t n, unsigned mode)
{
	struct outfile out;
	int err = outfile_open(&out, path, mode);
	if (err)
		return err;
	if (fwrite(bytes, 1, n, out.stream) != n) {
		err = last_error();
		outfile_abort(&out);
		return err;
	}
	return outfile_commit(&out);
}
