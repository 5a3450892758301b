/* SPDX-License-Identifier: MIT
 *
 * A pipe is known by device and inode: /dev/stdin and /dev/fd/63 name it anew with each call. /proc/self/fd opens a
 * nameless file again with a position of its own, which dup would share.
 */
#include "core/spool.h"
#include "core/inputguard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPES_MOST 64
#define BLOCK      (256u << 10)

typedef struct {
    dev_t dev;
    ino_t ino;
    int fd; /* of the nameless file */
} Pipe;

static Pipe pipes[PIPES_MOST];
static int n_pipe;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const char *spool_path(const char *word)
{
    return strcmp(word, "-") == 0 ? SPOOL_STDIN : word;
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, SPOOL_STDIN) == 0 || strcmp(path, "/dev/fd/0") == 0 ||
           strcmp(path, "/proc/self/fd/0") == 0;
}

/* Standard input by its descriptor, because a socket cannot be opened by path. */
static int look(struct stat *info, const char *path)
{
    return is_stdin(path) ? fstat(STDIN_FILENO, info) : stat(path, info);
}

bool spool_is_pipe(const char *path)
{
    struct stat info;
    if (look(&info, path) != 0) return false;
    return !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode) && !S_ISBLK(info.st_mode);
}

static Status cannot(const char *path, int why)
{
    if (is_stdin(path) && why == EBADF)
        return fail(ERR_IO, "%s: standard input is closed; pipe a file into it, or name the file", path);
    return fail(ERR_IO, "%s: cannot read: %s", path, strerror(why));
}

static int make_nameless(void)
{
    const char *folder = getenv("TMPDIR");
    char name[4200];
    if (!folder || !*folder) folder = "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    if (snprintf(name, sizeof name, "%s/hopsack-XXXXXX", folder) >= (int)sizeof name) return -1;
    fd = mkostemp(name, O_CLOEXEC); /* file systems without nameless files */
    if (fd >= 0) unlink(name);
    return fd;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static Status copy(int to, int from, const char *path)
{
    char *block = malloc(BLOCK);
    Status status = block ? OK : fail(ERR_MEMORY, "%s: no memory to read it", path);
    while (status == OK) {
        const ssize_t got = read(from, block, BLOCK);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) status = cannot(path, errno);
        if (got <= 0) break;
        if (!write_all(to, block, (size_t)got))
            status = fail(ERR_IO, "%s: cannot keep what comes from this pipe in a temporary file: %s; set TMPDIR",
                          path, strerror(errno));
    }
    free(block);
    return status;
}

/* Reads the pipe to its end. */
static Status keep(Pipe *out, const char *path)
{
    const int to = make_nameless();
    if (to < 0)
        return fail(ERR_IO, "%s: is a pipe, and there is no temporary file to keep its bytes in (%s); set TMPDIR",
                    path, strerror(errno));
    const int from = is_stdin(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    const Status status = from < 0 ? cannot(path, errno) : copy(to, from, path);
    if (from > STDIN_FILENO) close(from);
    if (status != OK)
        close(to);
    else
        out->fd = to;
    return status;
}

static Status reopen(int *fd, int kept, const char *path)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", kept);
    *fd = open(name, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) { /* no /proc here, or the file is another user's */
        *fd = fcntl(kept, F_DUPFD_CLOEXEC, 3);
        if (*fd >= 0 && lseek(*fd, 0, SEEK_SET) != 0) return cannot(path, errno);
    }
    return *fd < 0 ? cannot(path, errno) : OK;
}

static Status open_pipe(int *fd, const struct stat *info, const char *path)
{
    for (int i = 0; i < n_pipe; i++)
        if (pipes[i].dev == info->st_dev && pipes[i].ino == info->st_ino) return reopen(fd, pipes[i].fd, path);
    if (n_pipe == PIPES_MOST)
        return fail(ERR_IO, "%s: more than %d pipes; write their bytes to files", path, PIPES_MOST);
    Pipe fresh = {.dev = info->st_dev, .ino = info->st_ino};
    TRY(keep(&fresh, path));
    pipes[n_pipe++] = fresh;
    return reopen(fd, fresh.fd, path);
}

static Status open_file(int *fd, const char *path)
{
    struct stat info;
    *fd = is_stdin(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (fstat(*fd, &info) == 0 && S_ISDIR(info.st_mode)) {
        close(*fd);
        return fail(ERR_IO, "%s: is a folder, a file is expected here", path);
    }
    const Status noted = inputguard_note_fd(*fd);
    if (noted != OK) {
        close(*fd);
        return noted;
    }
    if (is_stdin(path)) { /* `hopsack … - < FILE`: a position of its own */
        const int shared = *fd;
        const Status status = reopen(fd, shared, path);
        close(shared);
        return status;
    }
    return OK;
}

Status spool_open(int *fd, const char *path)
{
    struct stat info;
    *fd = -1;
    if (look(&info, path) != 0)
        return errno == EBADF ? cannot(path, errno) : fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode)) return open_file(fd, path);
    pthread_mutex_lock(&lock);
    const Status status = open_pipe(fd, &info, path);
    pthread_mutex_unlock(&lock);
    return status;
}

FILE *spool_fopen(const char *path)
{
    int fd;
    if (spool_open(&fd, path) != OK) return NULL;
    FILE *file = fdopen(fd, "rb");
    if (!file) {
        fail(ERR_MEMORY, "%s: no memory to read it", path);
        close(fd);
    }
    return file;
}
