/* SPDX-License-Identifier: MIT */
#include "run/runlock.h"
#include "core/file.h"
#include "run/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

Status runlock_try(RunLock *lock, const char *folder)
{
    char path[PATH_ROOM];
    lock->fd = -1;
    if (!path_join(path, folder, "lock")) return fail(ERR_IO, "%.60s…: the path is too long", folder);
    TRY(file_check_own(path, false));
    /* writable: NFS gives an exclusive lock to nothing else */
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (fd < 0) return fail(ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        lock->fd = fd;
        return OK;
    }
    const int error = errno;
    close(fd);
    if (error == EWOULDBLOCK || error == EINTR) return OK;
    return fail(ERR_IO, "%s: cannot lock: %s (does the file system know locks?)", path, strerror(error));
}

Status runlock_hold(RunLock *lock, const char *folder)
{
    if (lock->fd >= 0) return OK;
    TRY(runlock_try(lock, folder));
    return lock->fd >= 0 ? OK : fail(ERR_IO, "%s: another process is at work there", folder);
}

Status runlock_begin(RunLock *lock, const char *folder, bool force)
{
    if (lock->fd >= 0) return OK;
    TRY(file_make_folder(folder));
    TRY(runlock_hold(lock, folder));
    if (force || !resume_possible(folder)) return OK;
    return fail(ERR_IO, "%s: another process has begun a run there meanwhile; name another folder", folder);
}

Status runlock_acquire(RunLock *lock, const char *folder, const StopFlag *stop)
{
    const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
    for (;;) {
        TRY(runlock_try(lock, folder));
        if (lock->fd >= 0) return OK;
        TRY(stop_check(stop, " while waiting for %s, which another holds", folder));
        nanosleep(&pause, NULL);
    }
}

void runlock_release(RunLock *lock)
{
    if (lock->fd >= 0) close(lock->fd);
    lock->fd = -1;
}
