/* SPDX-License-Identifier: MIT */
#include "core/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK   ".hopsack-tmp-"
#define DIGITS 16
#define TRIES  100

/* ---- those of this process ---- */

#define LISTED 64 /* at once; more are left to the next command, as after a kill */

static struct {
    atomic_int state;
    char path[PATH_MAX + NAME_MAX];
} listed[LISTED];

enum { FREE, TAKEN, NAMED }; /* states */

static void list(const char *path)
{
    for (int i = 0; i < LISTED; i++) {
        int expected = FREE;
        if (!atomic_compare_exchange_strong(&listed[i].state, &expected, TAKEN)) continue;
        snprintf(listed[i].path, sizeof listed[i].path, "%s", path);
        atomic_store(&listed[i].state, NAMED);
        return;
    }
}

void temporary_done(const char *path)
{
    for (int i = 0; i < LISTED; i++)
        if (atomic_load(&listed[i].state) == NAMED && strcmp(listed[i].path, path) == 0)
            atomic_store(&listed[i].state, FREE);
}

void temporary_unlink_all(void)
{
    for (int i = 0; i < LISTED; i++)
        if (atomic_load(&listed[i].state) == NAMED) unlink(listed[i].path);
}

/* ---- making one ---- */

/* Not flock, by which other programs tell that they have a file open. errno tells why it is false. */
static bool lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

/* false: another process took the file for a leftover before it was locked, and removes it. File systems without locks
 * have no leftovers removed (is_left) and need none here. */
static bool claim(int fd)
{
    struct stat info;
    if (!lock(fd) && (errno == EAGAIN || errno == EACCES)) return false;
    return fstat(fd, &info) == 0 && info.st_nlink > 0;
}

int temporary_make(char *path, size_t room, const char *folder, const char *name)
{
    for (int i = 0; i < TRIES; i++) {
        uint64_t number;
        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) return -1;
        const int n = snprintf(path, room, "%s/.%s" MARK "%0*" PRIx64, folder, name, DIGITS, number);
        if (n < 0 || (size_t)n >= room) {
            errno = ENAMETOOLONG;
            return -1;
        }
        list(path); /* before it is there: a signal may come at any time */
        const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0 && claim(fd)) return fd;
        const int error = errno;
        temporary_done(path);
        if (fd >= 0) close(fd);
        errno = error;
        if (fd < 0 && error != EEXIST) return -1;
    }
    errno = EEXIST;
    return -1;
}

bool temporary_is_at(int fd, const char *path)
{
    struct stat own, there;
    return fstat(fd, &own) == 0 && lstat(path, &there) == 0 && own.st_dev == there.st_dev &&
           own.st_ino == there.st_ino;
}

/* ---- cleaning ---- */

bool temporary_is_name(const char *name)
{
    return name[0] == '.' && strstr(name, MARK);
}

/* ".NAME.hopsack-tmp-" and 16 digits. */
static bool is_of(const char *entry, const char *name)
{
    const size_t n = strlen(name), mark = strlen(MARK);
    if (entry[0] != '.' || strncmp(entry + 1, name, n) != 0 || strncmp(entry + 1 + n, MARK, mark) != 0) return false;
    const char *digits = entry + 1 + n + mark;
    return strlen(digits) == DIGITS && strspn(digits, "0123456789abcdef") == DIGITS;
}

/* A file of its own that nobody holds. */
static bool is_left(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && lock(fd);
}

static void remove_left(const char *path)
{
    const int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return;
    if (is_left(fd) && temporary_is_at(fd, path)) unlink(path);
    close(fd);
}

void temporary_clean(const char *folder, const char *name)
{
    char path[PATH_MAX];
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!(name ? is_of(entry->d_name, name) : temporary_is_name(entry->d_name))) continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path) continue;
        if (name)
            remove_left(path);
        else
            unlink(path);
    }
    if (dir) closedir(dir);
}
