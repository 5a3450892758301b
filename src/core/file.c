/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/inputguard.h"
#include "core/spool.h"
#include "core/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static Status cannot(const char *verb, const char *path)
{
    return fail(ERR_IO, "%s: cannot %s: %s", path, verb, strerror(errno));
}

/* Returns the name part of `path`; folder [PATH_MAX] gets the folder part, or ".". */
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

/* ---- what stands at a name ---- */

static Status is_link(const char *path)
{
    char to[512];
    const ssize_t n = readlink(path, to, sizeof to - 1);
    to[n > 0 ? n : 0] = 0;
    return fail(ERR_IO, "%s: is a symbolic link to %s, which is not followed; remove the link, or name that file",
                path, to);
}

Status file_check_own(const char *path, bool folder)
{
    struct stat info;
    if (lstat(path, &info) != 0) return errno == ENOENT ? OK : cannot("write", path);
    if (S_ISLNK(info.st_mode)) return is_link(path);
    if (folder) return S_ISDIR(info.st_mode) ? OK : fail(ERR_IO, "%s: is no folder; remove it or name another", path);
    if (S_ISDIR(info.st_mode)) return fail(ERR_IO, "%s: is a folder; name a file", path);
    return S_ISREG(info.st_mode) ? OK : fail(ERR_IO, "%s: is no regular file; name another", path);
}

static Status exists(const char *path)
{
    return fail(ERR_IO, "%s: exists; --force overwrites it", path);
}

Status file_check_apart(const char *output, const char *input)
{
    struct stat a, b;
    if (!output || !input || strcmp(output, "-") == 0) return OK;
    const bool files = stat(output, &a) == 0 && stat(input, &b) == 0;
    const bool same =
        files ? S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino : strcmp(output, input) == 0;
    return same ? fail(ERR_USAGE, "%s is both input and output", output) : OK;
}

/* ---- beginning ---- */

static Status check_place(const char *path, const char *folder, const char *name)
{
    struct stat info;
    if (!*name) return fail(ERR_IO, "'%s': names no file", path);
    if (strcmp(path, "-") == 0)
        return fail(ERR_USAGE, "-: this file cannot go to standard output; name a file (./- is one of that name)");
    if (strlen(name) > NAME_MAX - TEMPORARY_MORE)
        return fail(ERR_IO, "%.60s…: name is longer than %d bytes", path, NAME_MAX - TEMPORARY_MORE);
    if (stat(folder, &info) != 0 && errno == ENOENT)
        return fail(ERR_IO, "%s: folder %s does not exist; make it first", path, folder);
    return OK;
}

Status file_begin(FileDraft *draft, const char *path, bool force)
{
    char folder[PATH_MAX];
    *draft = (FileDraft){.fd = -1, .force = force};
    if (snprintf(draft->path, sizeof draft->path, "%s", path) >= (int)sizeof draft->path - TEMPORARY_MORE)
        return fail(ERR_IO, "%.60s…: name is longer than %d bytes", path, PATH_MAX - 1 - TEMPORARY_MORE);
    const char *name = split_path(folder, draft->path);
    TRY(check_place(path, folder, name));
    TRY(file_check_own(draft->path, false));
    if (!force && file_exists(draft->path)) return exists(path);
    TRY(inputguard_check(draft->path));
    if (access(folder, W_OK | X_OK) != 0)
        return fail(ERR_IO, "%s: cannot write in folder %s: %s", path, folder, strerror(errno));
    temporary_clean(folder, name);
    draft->fd = temporary_make(draft->temporary, sizeof draft->temporary, folder, name);
    if (draft->fd < 0) return cannot("write", path);
    draft->open = true;
    return OK;
}

FILE *file_stream(const FileDraft *draft)
{
    const int fd = fcntl(draft->fd, F_DUPFD_CLOEXEC, 3);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
    if (fd >= 0 && !out) close(fd);
    return out;
}

/* By its descriptor, which cannot lead anywhere else; by its name where there is no /proc. */
const char *file_place(char *out, const FileDraft *draft)
{
    snprintf(out, FILE_PLACE, "/proc/self/fd/%d", draft->fd);
    if (access(out, F_OK) != 0) snprintf(out, FILE_PLACE, "%s", draft->temporary);
    return out;
}

/* ---- syncing ---- */

static Status sync_fd(int fd, const char *path)
{
    if (fsync(fd) == 0 || errno == EINVAL || errno == EROFS) return OK; /* file systems without fsync of a folder */
    return cannot("write", path);
}

static Status sync_path(const char *path, int flags)
{
    const int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return cannot("write", path);
    const Status status = sync_fd(fd, path);
    close(fd);
    return status;
}

/* ---- batches ---- */

static _Thread_local struct {
    bool on;
    char **path; /* [n] of files to be synced */
    int n;
} batch;

/* Has the disk begin with the file, so that the end of the batch finds most of the work done. */
static void start_writing(int fd)
{
#ifdef SYNC_FILE_RANGE_WRITE
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
    (void)fd;
#endif
}

/* Leaves the file to the end of the batch; false: it cannot be. */
static bool put_off(const char *path, int fd)
{
    if (!batch.on) return false;
    for (int i = 0; i < batch.n; i++)
        if (strcmp(batch.path[i], path) == 0) return true;
    char **grown = realloc(batch.path, ((size_t)batch.n + 1) * sizeof *grown), *copy = strdup(path);
    if (grown) batch.path = grown;
    if (grown && copy) {
        batch.path[batch.n++] = copy;
        start_writing(fd);
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
        if (file_exists(batch.path[i])) TRY(sync_path(batch.path[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
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

/* A new name for what has one; EEXIST where the new one is taken. */
static int rename_new(const char *from, const char *to)
{
#ifdef RENAME_NOREPLACE
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
#endif
    if (link(from, to) == 0) return unlink(from); /* file systems that do not know the flag */
    if (errno == EEXIST) return -1;
    if (!file_exists(to)) return rename(from, to); /* nor links */
    errno = EEXIST;
    return -1;
}

static Status put_in_place(const FileDraft *draft)
{
    if (!temporary_is_at(draft->fd, draft->temporary))
        return fail(ERR_IO, "%s: cannot write: its temporary file was taken away", draft->path);
    if (draft->force) {
        TRY(file_check_own(draft->path, false));
        TRY(inputguard_check(draft->path));
        return rename(draft->temporary, draft->path) == 0 ? OK : cannot("write", draft->path);
    }
    if (rename_new(draft->temporary, draft->path) == 0) return OK;
    if (errno != EEXIST) return cannot("write", draft->path);
    return fail(ERR_IO, "%s: another process has made it meanwhile; --force overwrites it", draft->path);
}

/* Closing tells of writes that failed. The lock is kept by a second descriptor, until the file has its name. */
static Status close_first(FileDraft *draft)
{
    const int kept = fcntl(draft->fd, F_DUPFD_CLOEXEC, 3);
    if (kept < 0) return cannot("write", draft->path);
    const bool closed = close(draft->fd) == 0;
    draft->fd = kept;
    return closed ? OK : cannot("write", draft->path);
}

Status file_commit(FileDraft *draft)
{
    Status status = OK;
    char folder[PATH_MAX];
    (void)split_path(folder, draft->path);
    const bool later = put_off(draft->path, draft->fd);
    if (!later) TRY_DONE(sync_fd(draft->fd, draft->path));
    TRY_DONE(close_first(draft));
    TRY_DONE(put_in_place(draft));
    temporary_done(draft->temporary);
    draft->open = false;
    close(draft->fd);
    if (!later) TRY_DONE(sync_path(folder, O_RDONLY | O_DIRECTORY));
done:
    file_drop(draft);
    return status;
}

void file_drop(FileDraft *draft)
{
    if (!draft || !draft->open) return;
    if (temporary_is_at(draft->fd, draft->temporary)) unlink(draft->temporary);
    temporary_done(draft->temporary);
    close(draft->fd);
    draft->open = false;
}

Status file_check_target(const char *path, bool force)
{
    FileDraft draft = {.open = false};
    if (path) TRY(file_begin(&draft, path, force));
    file_drop(&draft);
    return OK;
}

Status file_write_whole(const char *path, const void *bytes, size_t n, bool force)
{
    Status status = OK;
    FileDraft draft = {.open = false};
    TRY(file_begin(&draft, path, force));
    FILE *out = file_stream(&draft);
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
    TRY_DONE(inputguard_note_fd(fileno(in)));
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

static Status make_one(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return cannot("make folder", path);
    return file_check_own(path, true);
}

Status file_make_inside(const char *root, const char *inside)
{
    char part[PATH_MAX];
    TRY(file_make_folder(root));
    for (size_t i = 1; i <= strlen(inside); i++) {
        if (inside[i] != '/' && inside[i]) continue;
        if (snprintf(part, sizeof part, "%s/%.*s", root, (int)i, inside) >= (int)sizeof part)
            return fail(ERR_IO, "%.60s…: name is longer than %d bytes", root, PATH_MAX - 1);
        TRY(make_one(part));
    }
    return OK;
}

bool file_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

bool file_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool file_exists_in(char path[PATH_ROOM], const char *folder, const char *name)
{
    return path_join(path, folder, name) && file_exists(path);
}
