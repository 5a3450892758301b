/* SPDX-License-Identifier: MIT */
#include "core/inputguard.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct {
    dev_t dev;
    ino_t ino;
} Input;

static bool begun;
static Input *input; /* [room], n_input of them in use */
static size_t n_input, room;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void inputguard_begin(void)
{
    begun = true;
}

static Status add(Input fresh)
{
    for (size_t i = n_input; i > 0 && i + 4 > n_input; i--) /* a file is opened several times in a row */
        if (input[i - 1].dev == fresh.dev && input[i - 1].ino == fresh.ino) return OK;
    if (n_input == room) {
        const size_t more = room ? 2 * room : 64;
        Input *grown = realloc(input, more * sizeof *grown);
        if (!grown) return fail(ERR_MEMORY, "no memory for a list of %zu files", more);
        input = grown;
        room = more;
    }
    input[n_input++] = fresh;
    return OK;
}

Status inputguard_note(const struct stat *info)
{
    if (!begun || !S_ISREG(info->st_mode)) return OK;
    pthread_mutex_lock(&lock);
    const Status status = add((Input){info->st_dev, info->st_ino});
    pthread_mutex_unlock(&lock);
    return status;
}

Status inputguard_note_fd(int fd)
{
    struct stat info;
    return begun && fstat(fd, &info) == 0 ? inputguard_note(&info) : OK;
}

Status inputguard_check(const char *output)
{
    struct stat info;
    bool found = false;
    if (!begun || stat(output, &info) != 0) return OK;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_input && !found; i++) found = input[i].dev == info.st_dev && input[i].ino == info.st_ino;
    pthread_mutex_unlock(&lock);
    return found ? fail(ERR_USAGE, "%s is both input and output", output) : OK;
}
