/* SPDX-License-Identifier: MIT */
#include "core/parallel.h"

#include <criterion/criterion.h>
#include <stdatomic.h>

enum { CHUNKS = 1000 };

typedef struct {
    atomic_int times[CHUNKS];
    atomic_int bad_thread, inner;
    double part[CHUNKS];
} Work;

static void mark(void *context, int chunk, int thread)
{
    Work *w = context;
    atomic_fetch_add(&w->times[chunk], 1);
    if (thread < 0 || thread >= parallel_threads()) atomic_fetch_add(&w->bad_thread, 1);
    w->part[chunk] = 1.0 / (chunk + 1);
}

static void mark_inner(void *context, int chunk, int thread)
{
    (void)chunk, (void)thread;
    atomic_fetch_add(&((Work *)context)->inner, 1);
}

static void nest(void *context, int chunk, int thread)
{
    mark(context, chunk, thread);
    parallel_for(3, mark_inner, context);
}

Test(core_parallel, every_chunk_once_with_any_number_of_threads)
{
    for (int n_thread = 1; n_thread <= 4; n_thread++) {
        static Work w;
        w = (Work){0};
        cr_assert_eq(parallel_start(n_thread), OK, "%s", status_sentence());
        cr_assert_eq(parallel_threads(), n_thread);
        parallel_for(CHUNKS, nest, &w);
        parallel_for(0, mark, &w);
        for (int i = 0; i < CHUNKS; i++) cr_assert_eq(w.times[i], 1);
        parallel_for_work(1e12, CHUNKS, mark, &w);
        parallel_for_work(1, CHUNKS, mark, &w);
        for (int i = 0; i < CHUNKS; i++) cr_assert_eq(w.times[i], 3);
        cr_assert_eq(w.bad_thread, 0);
        cr_assert_eq(w.inner, 3 * CHUNKS);
    }
}

Test(core_parallel, all_cores_and_too_many)
{
    cr_assert_eq(parallel_start(0), OK);
    cr_assert_geq(parallel_threads(), 1);
    cr_assert_eq(parallel_start(100000), ERR_USAGE);
}
