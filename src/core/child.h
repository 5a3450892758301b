/* SPDX-License-Identifier: MIT
 *
 * child.h: files that a library of others reads are first opened by a child process of limited memory and time, because
 * HDF5 and matio crash or hang on some damaged files before any check of ours can see them. What happens to the child
 * becomes a sentence.
 *
 * The child is this same program, started again with CHILD_WORD and the path; its main hands both to child_serve.
 * Programs that do not do so never call child_enable, and open files directly.
 */
#ifndef HOPSACK_CHILD_H
#define HOPSACK_CHILD_H

#include "core/status.h"

#include <stdbool.h>

#define CHILD_WORD "open-in-child"

/* Opens one kind of file and asks its library for everything that reading it will ask. */
typedef struct {
    bool (*is_mine)(const char *path); /* NULL: every file */
    Status (*visit)(const char *path);
    int file_times; /* memory a sound file may take, in sizes of the file, beside a fixed amount */
} ChildVisitor;

void child_enable(void);              /* from now on child_check starts children */
Status child_check(const char *path); /* result of visiting `path` in a child */
/* The child. visitor: ends with NULL; the first whose file it is visits it. */
_Noreturn void child_serve(const char *path, const ChildVisitor *const *visitor);

#endif
