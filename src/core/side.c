/* SPDX-License-Identifier: MIT
 *
 * There is no queue: a piece that begins waits for the one before, so that no more memory is in use than for one. Signals
 * go to the other threads, whose waiting they may end.
 */
#include "core/side.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct SideThread {
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows, and of what pieces say of themselves */
    pthread_cond_t changed;
    SideWork *now; /* being done, or about to be; NULL: none */
    bool is_closing;
};

static void finish(SideWork *work, Status status)
{
    work->status = status;
    if (status != OK) snprintf(work->sentence, sizeof work->sentence, "%s", status_sentence());
    work->is_done = true;
}

static void *serve(void *context)
{
    SideThread *side = context;
    pthread_mutex_lock(&side->mutex);
    for (;;) {
        while (!side->now && !side->is_closing) pthread_cond_wait(&side->changed, &side->mutex);
        if (!side->now) break;
        SideWork *work = side->now;
        pthread_mutex_unlock(&side->mutex);
        const Status status = work->work(work->context);
        pthread_mutex_lock(&side->mutex);
        finish(work, status);
        side->now = NULL;
        pthread_cond_broadcast(&side->changed);
    }
    pthread_mutex_unlock(&side->mutex);
    return NULL;
}

static bool start(SideThread *side)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool is_started = pthread_create(&side->thread, NULL, serve, side) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started;
}

static void drop(SideThread *side)
{
    pthread_cond_destroy(&side->changed);
    pthread_mutex_destroy(&side->mutex);
    free(side);
}

Status side_open(SideThread **out)
{
    *out = NULL;
    SideThread *side = calloc(1, sizeof *side);
    if (!side) return fail(ERR_MEMORY, "no memory for a thread");
    pthread_mutex_init(&side->mutex, NULL);
    pthread_cond_init(&side->changed, NULL);
    if (!start(side)) {
        drop(side);
        return fail(ERR_MEMORY, "this machine grants no further thread");
    }
    *out = side;
    return OK;
}

void side_close(SideThread *side)
{
    if (!side) return;
    pthread_mutex_lock(&side->mutex);
    side->is_closing = true;
    pthread_cond_broadcast(&side->changed);
    pthread_mutex_unlock(&side->mutex);
    pthread_join(side->thread, NULL);
    drop(side);
}

void side_begin(SideThread *side, SideWork *work)
{
    assert(!work->is_begun);
    pthread_mutex_lock(&side->mutex);
    while (side->now) pthread_cond_wait(&side->changed, &side->mutex);
    work->is_begun = true;
    work->is_done = false;
    side->now = work;
    pthread_cond_broadcast(&side->changed);
    pthread_mutex_unlock(&side->mutex);
}

Status side_end(SideThread *side, SideWork *work)
{
    if (!work->is_begun) return OK;
    pthread_mutex_lock(&side->mutex);
    while (!work->is_done) pthread_cond_wait(&side->changed, &side->mutex);
    pthread_mutex_unlock(&side->mutex);
    work->is_begun = false;
    return work->status == OK ? OK : fail(work->status, "%s", work->sentence);
}
