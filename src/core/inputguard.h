/* SPDX-License-Identifier: MIT
 *
 * inputguard.h: what a command has read is never overwritten by it, whatever the names: a folder that is read and written, a
 * list of bags, a model inside a run. Files are known by device and inode.
 *
 * Only in commands that begin it. Runs read files of their own folder and replace them later.
 */
#ifndef HOPSACK_INPUTGUARD_H
#define HOPSACK_INPUTGUARD_H

#include "core/status.h"

#include <sys/stat.h>

void inputguard_begin(void);
Status inputguard_note(const struct stat *info); /* a file is read; any thread. ERR_MEMORY */
Status inputguard_note_fd(int fd);
Status inputguard_check(const char *output); /* ERR_USAGE: "… is both input and output" */

#endif
