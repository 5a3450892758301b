/* SPDX-License-Identifier: MIT
 *
 * temporary.h: a file under a name that nobody can foresee, in the folder of the file that it is to become.
 *
 * It is made new or not at all: a link or a file that stands at its name is never opened. Its maker holds a lock on it
 * (fcntl), which ends with the process. So a temporary file without a lock was left by a process that was killed, and the
 * next that writes the same file removes it.
 */
#ifndef HOPSACK_TEMPORARY_H
#define HOPSACK_TEMPORARY_H

#include <stdbool.h>
#include <stddef.h>

#define TEMPORARY_MORE 32 /* bytes by which its name is longer, at most */

/* path [room] gets folder/.NAME.hopsack-tmp-… Returns an open descriptor, for reading and writing; -1: errno says why. */
int temporary_make(char *path, size_t room, const char *folder, const char *name);

bool temporary_is_at(int fd, const char *path); /* is it still that file that stands there? */

/* Removes what killed processes left of `name`; or, where it is NULL, every temporary file in the folder, locked or not: the
 * caller is alone there. */
void temporary_clean(const char *folder, const char *name);

void temporary_done(const char *path); /* it has another name now, or none */

/* For a signal's handler, before the process ends: removes those that this process has made and not done with. */
void temporary_unlink_all(void);

bool temporary_is_name(const char *name); /* a name as of a temporary file, of any version */

#endif
