/* SPDX-License-Identifier: MIT
 *
 * runlock.h: one holder of a folder at a time, among threads, processes and machines. The lock is the kernel's (flock on
 * the file FOLDER/lock, which stays): it ends with the process that holds it, however that ends.
 *
 * Over NFS Linux turns it into a lock of the server, so it also holds between machines if the mount has locks; where
 * they are off (mount option nolock, or local_lock=flock) it holds on each machine by itself, and machines must be kept
 * apart by --shard.
 */
#ifndef HOPSACK_RUNLOCK_H
#define HOPSACK_RUNLOCK_H

#include "core/status.h"
#include "core/stop.h"

#include <stdbool.h>

typedef struct {
    int fd; /* -1: not held */
} RunLock;

/* Tries to take it: lock->fd is -1 where another holds it. ERR_IO: there is no such folder, or no locks there. */
Status runlock_try(RunLock *lock, const char *folder);

/* Takes it unless lock->fd shows that it is held already. ERR_IO where another process holds it. */
Status runlock_hold(RunLock *lock, const char *folder);

/* The same for a run about to begin, whose folder is made: nothing is removed or written by who has no lock. ERR_IO too where
 * a run has begun there since the folder was looked at, unless `force`. */
Status runlock_begin(RunLock *lock, const char *folder, bool force);

/* Waits until it is free, or until *stop is a signal's number (ERR_SIGINT, ERR_SIGTERM). */
Status runlock_acquire(RunLock *lock, const char *folder, const StopFlag *stop);
void runlock_release(RunLock *lock); /* nothing where it is not held */

#endif
