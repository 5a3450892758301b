/* SPDX-License-Identifier: MIT */
#include "core/side.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>

typedef struct {
    int order, seen; /* which piece it is; what `count` was when it was done */
    int *count;
    pthread_t thread;
    bool hears;
} Piece;

static Status note(void *context)
{
    Piece *p = context;
    sigset_t blocked;
    p->seen = (*p->count)++;
    p->thread = pthread_self();
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    p->hears = !sigismember(&blocked, SIGINT);
    return p->order % 3 == 2 ? fail(ERR_FORMAT, "piece %d: 100 %% wrong", p->order) : OK;
}

enum { N_PIECE = 200 };

Test(core_side, pieces_are_done_in_turn_on_one_other_thread)
{
    static Piece piece[N_PIECE];
    static SideWork work[N_PIECE];
    SideThread *side;
    int count = 0;
    cr_assert_eq(side_open(&side), OK, "%s", status_sentence());
    for (int k = 0; k < N_PIECE; k++) {
        piece[k] = (Piece){.order = k, .count = &count};
        work[k] = (SideWork){.work = note, .context = &piece[k]};
        side_begin(side, &work[k]);
    }
    for (int k = N_PIECE; k-- > 0;) {
        cr_assert_eq(side_end(side, &work[k]), k % 3 == 2 ? ERR_FORMAT : OK);
        cr_assert_eq(side_end(side, &work[k]), OK, "it has ended");
        cr_assert_eq(piece[k].seen, k);
        cr_assert(!piece[k].hears, "signals are for the others");
        cr_assert(pthread_equal(piece[k].thread, piece[0].thread) && !pthread_equal(piece[k].thread, pthread_self()));
    }
    side_close(side);
}

Test(core_side, the_sentence_comes_along)
{
    SideThread *side;
    int count = 0;
    Piece piece = {.order = 5, .count = &count};
    SideWork work = {.work = note, .context = &piece};
    cr_assert_eq(side_open(&side), OK);
    cr_assert_eq(side_end(side, &work), OK, "never begun");
    side_begin(side, &work);
    fail(ERR_IO, "another");
    cr_assert_eq(side_end(side, &work), ERR_FORMAT);
    cr_assert_str_eq(status_sentence(), "piece 5: 100 % wrong");
    side_begin(side, &work); /* again, and nobody asks how it ended */
    side_close(side);
    cr_assert_eq(count, 2);
    side_close(NULL);
}
