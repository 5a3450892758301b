/* SPDX-License-Identifier: MIT
 *
 * A library to preload, by which a system call of the program under test fails, or kills it; and which writes down every name
 * that it makes.
 *
 *   HOPSACK_FAULT=CALL:N:HOW   the N-th call (from 1) of read, pread, write, pwrite, fread, fwrite, fclose, close, fsync, rename
 *                              on a file below HOPSACK_FAULT_IN fails with EIO (HOW eio), or kills the process (HOW kill)
 *   HOPSACK_NAMES=FILE         absolute paths that open (with O_CREAT), mkdir, rename and link made, a line each
 *
 * stdio calls the kernel past us: there the file's descriptor is exchanged for one that cannot be read or written.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wpedantic" /* dlsym hands out functions as objects */
#undef fwrite_unlocked                      /* a macro */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_int seen;

/* ---- faults ---- */

static bool is_below(int fd)
{
    char link[64], path[PATH_MAX];
    const char *folder = getenv("HOPSACK_FAULT_IN");
    struct stat info;
    if (!folder || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

/* Is this the call that fails? Kills where it is to. */
static bool strikes(const char *call, int fd)
{
    const char *fault = getenv("HOPSACK_FAULT");
    const size_t n = strlen(call);
    if (!fault || strncmp(fault, call, n) != 0 || fault[n] != ':' || !is_below(fd)) return false;
    if (atomic_fetch_add(&seen, 1) + 1 != atoi(fault + n + 1)) return false;
    if (strstr(fault, ":kill")) kill(getpid(), SIGKILL);
    return true;
}

static long failed(void)
{
    errno = EIO;
    return -1;
}

static void exchange(FILE *file, const char *by, int flags)
{
    const int fd = open(by, flags);
    if (fd >= 0) dup2(fd, fileno(file));
    if (fd >= 0) REAL(close)(fd);
}

ssize_t read(int fd, void *to, size_t n)
{
    return strikes("read", fd) ? failed() : REAL(read)(fd, to, n);
}

ssize_t pread(int fd, void *to, size_t n, off_t at)
{
    return strikes("pread", fd) ? failed() : REAL(pread)(fd, to, n, at);
}

ssize_t pread64(int fd, void *to, size_t n, off_t at)
{
    return pread(fd, to, n, at);
}

ssize_t write(int fd, const void *from, size_t n)
{
    return strikes("write", fd) ? failed() : REAL(write)(fd, from, n);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
    return strikes("pwrite", fd) ? failed() : REAL(pwrite)(fd, from, n, at);
}

ssize_t pwrite64(int fd, const void *from, size_t n, off_t at)
{
    return pwrite(fd, from, n, at);
}

size_t fread(void *to, size_t size, size_t n, FILE *file)
{
    if (strikes("fread", fileno(file))) exchange(file, "/", O_RDONLY | O_DIRECTORY);
    return REAL(fread)(to, size, n, file);
}

size_t fwrite(const void *from, size_t size, size_t n, FILE *file)
{
    if (strikes("fwrite", fileno(file))) exchange(file, "/dev/full", O_WRONLY);
    return REAL(fwrite)(from, size, n, file);
}

size_t fwrite_unlocked(const void *from, size_t size, size_t n, FILE *file)
{
    return fwrite(from, size, n, file);
}

int fclose(FILE *file)
{
    const bool struck = strikes("fclose", fileno(file));
    const int result = REAL(fclose)(file);
    return struck ? (int)failed() : result;
}

int close(int fd)
{
    const bool struck = strikes("close", fd);
    const int result = REAL(close)(fd);
    return struck ? (int)failed() : result;
}

int fsync(int fd)
{
    return strikes("fsync", fd) ? (int)failed() : REAL(fsync)(fd);
}

/* ---- names ---- */

static void note(const char *path)
{
    char real[PATH_MAX], folder[PATH_MAX], line[PATH_MAX + 300];
    const char *to = getenv("HOPSACK_NAMES"), *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (!to || !realpath(folder, real)) return;
    const int n = snprintf(line, sizeof line, "%s/%s\n", real, slash ? slash + 1 : path);
    const int fd = REAL(open)(to, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (fd < 0) return;
    if (REAL(write)(fd, line, (size_t)n) != n) abort();
    REAL(close)(fd);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (flags & O_CREAT) note(path);
    return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open(path, flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
    note(path);
    return REAL(mkdir)(path, mode);
}

static bool rename_strikes(const char *from)
{
    const int fd = REAL(open)(from, O_RDONLY | O_NOFOLLOW);
    const bool struck = fd >= 0 && strikes("rename", fd);
    if (fd >= 0) REAL(close)(fd);
    return struck;
}

int rename(const char *from, const char *to)
{
    note(to);
    return rename_strikes(from) ? (int)failed() : REAL(rename)(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
    note(to);
    return rename_strikes(from) ? (int)failed() : REAL(renameat2)(a, from, b, to, flags);
}

int link(const char *from, const char *to)
{
    note(to);
    return REAL(link)(from, to);
}
