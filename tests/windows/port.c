/* SPDX-License-Identifier: Apache-2.0 */
#include "port.h"

#include <fcntl.h>
#include <sys/resource.h>

#undef mkdir
#undef fclose

#include "platform/plat.h"

#define PIPE_SIZE 65536
#define STREAMS   8 /* memory streams that are open at the same time */

char *port_mkdtemp(char *template)
{
	return _mktemp(template) && _mkdir(template) == 0 ? template : NULL;
}

int port_mkdir(const char *path, unsigned mode)
{
	(void)mode;
	return _mkdir(path);
}

int port_setenv(const char *name, const char *value, int overwrite)
{
	return overwrite || !getenv(name) ? _putenv_s(name, value) : 0;
}

int port_truncate(const char *path, int64_t size)
{
	FILE *f = fopen(path, "r+b");
	if (!f)
		return -1;
	int err = _chsize_s(_fileno(f), size);
	fclose(f);
	return err ? -1 : 0;
}

ssize_t port_getline(char **line, size_t *room, FILE *f)
{
	size_t n = 0;
	for (int c = 0; c != '\n' && (c = getc(f)) != EOF;) {
		if (!*line || n + 2 > *room) {
			*room = *room * 2 + 128;
			*line = realloc(*line, *room);
			if (!*line)
				abort();
		}
		(*line)[n++] = (char)c;
	}
	if (n == 0)
		return -1;
	(*line)[n] = 0;
	return (ssize_t)n;
}

ssize_t port_pread(int fd, void *to, size_t n, int64_t offset)
{
	int64_t before = _lseeki64(fd, 0, SEEK_CUR);
	_lseeki64(fd, offset, SEEK_SET);
	int actual = _read(fd, to, (unsigned)n);
	_lseeki64(fd, before, SEEK_SET);
	return actual;
}

/* Wine starts Unix programs, but returns before they end: the status comes through a file. */
int port_system(const char *command)
{
	static unsigned count;
	char script[300], answer[300];
	const char *scratch = getenv("T");
	snprintf(script, sizeof script, "%s/script-%d-%u", scratch ? scratch : ".", _getpid(),
	         ++count);
	snprintf(answer, sizeof answer, "%s/status-%d-%u", scratch ? scratch : ".", _getpid(),
	         count);
	FILE *f = fopen(script, "wb");
	if (!f)
		return -1;
	fprintf(f, "(%s\n)\necho $? >%s.new; mv %s.new %s\n", command, answer, answer, answer);
	fclose(f);
	int status = -1;
	if (_spawnl(_P_WAIT, "Z:\\bin\\sh", "sh", script, NULL) != -1)
		while (!(f = fopen(answer, "rb")))
			plat_pause(2 * PLAT_MS);
	if (f && fscanf(f, "%d", &status) != 1)
		status = -1;
	if (f)
		fclose(f);
	remove(script);
	remove(answer);
	return status;
}

static struct {
	struct plat_memory memory;
	char **text;
	size_t *size;
} streams[STREAMS];

FILE *port_open_memstream(char **text, size_t *size)
{
	for (int i = 0; i < STREAMS; i++)
		if (!streams[i].memory.stream) {
			if (!plat_memory_open(&streams[i].memory))
				return NULL;
			streams[i].text = text;
			streams[i].size = size;
			return streams[i].memory.stream;
		}
	errno = EMFILE;
	return NULL;
}

int port_fclose(FILE *f)
{
	for (int i = 0; i < STREAMS; i++)
		if (streams[i].memory.stream == f) {
			bool ok = plat_memory_close(&streams[i].memory);
			*streams[i].text = streams[i].memory.bytes;
			*streams[i].size = streams[i].memory.size;
			return ok ? 0 : EOF;
		}
	return fclose(f);
}

static int port_missing(void)
{
	errno = ENOSYS;
	return -1;
}

int port_symlink(const char *target, const char *path)
{
	(void)target;
	(void)path;
	return port_missing();
}

int port_mkfifo(const char *path, unsigned mode)
{
	(void)path;
	(void)mode;
	return port_missing();
}

int port_chown(const char *path, uid_t user, gid_t group)
{
	(void)path;
	(void)user;
	(void)group;
	return port_missing();
}

int port_seteuid(uid_t user)
{
	(void)user;
	return port_missing();
}

uid_t port_id(void)
{
	return 0;
}

int port_pipe(int fd[2])
{
	return _pipe(fd, PIPE_SIZE, _O_BINARY);
}

int getrlimit(int resource, struct rlimit *out)
{
	(void)resource;
	(void)out;
	return port_missing();
}

int setrlimit(int resource, const struct rlimit *limit)
{
	(void)resource;
	(void)limit;
	return port_missing();
}
