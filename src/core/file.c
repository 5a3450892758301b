/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_MORE 32 /* bytes by which a temporary name is longer */

static Status cannot(const char *verb, const char *path)
{
    return fail(ERR_IO, "%s: cannot %s: %s", path, verb, strerror(errno));
}

/* folder [4096] gets the folder part of `path`, "." where there is none; returns the name part. */
static const char *split_path(char *folder, const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t n = slash ? (size_t)(slash - path) : 0;
    if (slash)
        snprintf(folder, PATH_MAX, "%.*s", n ? (int)n : 1, path);
    else
        strcpy(folder, ".");
    return slash ? slash + 1 : path;
}

static Status check_target(const char *path, bool force)
{
    struct stat info;
    if (lstat(path, &info) != 0) return errno == ENOENT ? OK : cannot("write", path);
    if (S_ISDIR(info.st_mode)) return fail(ERR_IO, "%s: is a folder; name a file", path);
    if (!S_ISREG(info.st_mode)) return fail(ERR_IO, "%s: is no regular file; name another", path);
    if (!force) return fail(ERR_IO, "%s: exists; --force overwrites it", path);
    return OK;
}

Status file_begin(FileDraft *draft, const char *path, bool force)
{
    char folder[PATH_MAX], *real_path = realpath(path, NULL); /* NULL where the file is new */
    draft->open = false;
    const size_t n = strlen(real_path ? real_path : path);
    if (n < sizeof draft->path) memcpy(draft->path, real_path ? real_path : path, n + 1);
    free(real_path);
    if (n + TEMPORARY_MORE >= sizeof draft->path)
        return fail(ERR_IO, "%.60s…: name is longer than %d bytes", path, PATH_MAX - 1 - TEMPORARY_MORE);

    const char *name = split_path(folder, draft->path);
    if (!*name) return fail(ERR_IO, "'%s': names no file", path);
    if (strlen(name) > NAME_MAX - TEMPORARY_MORE)
        return fail(ERR_IO, "%.60s…: name is longer than %d bytes", path, NAME_MAX - TEMPORARY_MORE);
    struct stat info;
    if (stat(folder, &info) != 0 && errno == ENOENT)
        return fail(ERR_IO, "%s: folder %s does not exist; make it first", path, folder);
    TRY(check_target(draft->path, force));
    if (access(folder, W_OK | X_OK) != 0)
        return fail(ERR_IO, "%s: cannot write in folder %s: %s", path, folder, strerror(errno));
    snprintf(draft->temporary, sizeof draft->temporary, "%.*s.%s.hopsack-tmp-%ld", (int)(name - draft->path),
             draft->path, name, (long)getpid());
    draft->open = true;
    return OK;
}

static Status sync_path(const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return cannot("write", path);
    const int failed =
        fsync(fd) != 0 && errno != EINVAL && errno != EROFS; /* file systems without fsync of a folder */
    const int error = errno;
    close(fd);
    errno = error;
    return failed ? cannot("write", path) : OK;
}

/* ---- batches ---- */

static _Thread_local struct {
    bool on;
    char **path; /* [n] of files to be synced */
    int n;
} batch;

/* Has the disk begin with the file, so that the end of the batch finds most of the work done. */
static void start_writing(const char *path)
{
#ifdef SYNC_FILE_RANGE_WRITE
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    close(fd);
#else
    (void)path;
#endif
}

/* Leaves the file to the end of the batch; false: it cannot be. */
static bool put_off(const char *path, const char *temporary)
{
    if (!batch.on) return false;
    for (int i = 0; i < batch.n; i++)
        if (strcmp(batch.path[i], path) == 0) return true;
    char **grown = realloc(batch.path, ((size_t)batch.n + 1) * sizeof *grown), *copy = strdup(path);
    if (grown) batch.path = grown;
    if (grown && copy) {
        batch.path[batch.n++] = copy;
        start_writing(temporary);
        return true;
    }
    free(copy);
    return false;
}

void file_batch_begin(void)
{
    batch.on = true;
}

static bool is_last_of_folder(int i)
{
    char folder[PATH_MAX], other[PATH_MAX];
    (void)split_path(folder, batch.path[i]);
    for (int j = i + 1; j < batch.n; j++) {
        (void)split_path(other, batch.path[j]);
        if (strcmp(folder, other) == 0) return false;
    }
    return true;
}

static Status sync_batch(void)
{
    for (int i = 0; i < batch.n; i++)
        if (file_exists(batch.path[i])) TRY(sync_path(batch.path[i], O_RDONLY));
    for (int i = 0; i < batch.n; i++) {
        char folder[PATH_MAX];
        (void)split_path(folder, batch.path[i]);
        if (is_last_of_folder(i)) TRY(sync_path(folder, O_RDONLY | O_DIRECTORY));
    }
    return OK;
}

Status file_batch_end(void)
{
    const Status status = batch.on ? sync_batch() : OK;
    for (int i = 0; i < batch.n; i++) free(batch.path[i]);
    free(batch.path);
    batch.path = NULL;
    batch.n = 0;
    batch.on = false;
    return status;
}

/* ---- committing ---- */

Status file_commit(FileDraft *draft)
{
    Status status = OK;
    char folder[PATH_MAX];
    (void)split_path(folder, draft->path);
    const bool later = put_off(draft->path, draft->temporary);
    if (!later) TRY_DONE(sync_path(draft->temporary, O_RDONLY));
    if (rename(draft->temporary, draft->path) != 0) TRY_DONE(cannot("write", draft->path));
    draft->open = false;
    if (!later) TRY_DONE(sync_path(folder, O_RDONLY | O_DIRECTORY));
done:
    file_drop(draft);
    return status;
}

void file_drop(FileDraft *draft)
{
    if (!draft || !draft->open) return;
    unlink(draft->temporary);
    draft->open = false;
}

Status file_write_whole(const char *path, const void *bytes, size_t n, bool force)
{
    Status status = OK;
    FileDraft draft = {.open = false};
    TRY(file_begin(&draft, path, force));
    FILE *out = fopen(draft.temporary, "wbe");
    if (!out) TRY_DONE(cannot("write", path));
    const bool written = fwrite(bytes, 1, n, out) == n;
    if (fclose(out) != 0 || !written) TRY_DONE(cannot("write", path));
    TRY_DONE(file_commit(&draft));
done:
    file_drop(&draft);
    return status;
}

/* *bytes grows to hold `n` more than `used`, and a NUL. */
static bool make_room(char **bytes, size_t *room, size_t used, size_t n)
{
    if (*room - used > n) return true;
    const size_t larger = 2 * (used + n) + 1;
    char *grown = realloc(*bytes, larger);
    if (!grown) return false;
    *bytes = grown;
    *room = larger;
    return true;
}

Status file_read_whole(char **out, size_t *n, const char *path, size_t most)
{
    Status status = OK;
    char *bytes = NULL;
    size_t room = 0, used = 0, got;
    *out = NULL;
    *n = 0;
    const bool pipe = spool_is_pipe(path);
    FILE *in = pipe ? spool_fopen(path) : fopen(path, "rbe");
    if (!in) return pipe ? ERR_IO : cannot("read", path);
    do { /* by pieces: it may be a pipe, whose size nobody knows */
        if (!make_room(&bytes, &room, used, 1 << 16)) TRY_DONE(fail(ERR_MEMORY, "%s: no memory to read it", path));
        got = fread(bytes + used, 1, room - used - 1, in);
        used += got;
        if (used > most) TRY_DONE(fail(ERR_FORMAT, "%s: larger than %zu bytes", path, most));
    } while (got > 0);
    if (ferror(in)) TRY_DONE(cannot("read", path));
    bytes[used] = 0;
    *out = bytes;
    *n = used;
    bytes = NULL;
done:
    free(bytes);
    fclose(in);
    return status;
}

Status file_make_folder(const char *path)
{
    char part[PATH_MAX];
    if (!*path) return fail(ERR_IO, "a folder needs a name");
    if (strlen(path) >= sizeof part) return fail(ERR_IO, "%.60s…: name is longer than %d bytes", path, PATH_MAX - 1);
    for (size_t i = 1; i <= strlen(path); i++) {
        if (path[i] != '/' && path[i]) continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        struct stat info;
        if (mkdir(part, 0777) == 0) continue;
        const int error = errno;
        if (stat(part, &info) == 0 && S_ISDIR(info.st_mode)) continue;
        errno = error == EEXIST ? ENOTDIR : error;
        return cannot("make folder", part);
    }
    return OK;
}

bool file_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}
