/* SPDX-License-Identifier: MIT */
#include "core/parallel.h"
#include "core/blas.h"

#include <omp.h>

#define WORK_LEAST 2e6

static int threads = 1;

Status parallel_start(int n_thread)
{
    threads = n_thread > 0 ? n_thread : omp_get_num_procs();
    if (threads > 1024) return fail(ERR_USAGE, "--threads=%d: at most 1024 threads", threads);
    return blas_start();
}

int parallel_threads(void)
{
    return threads;
}

static void run_alone(int n_chunk, void (*body)(void *context, int chunk, int thread), void *context)
{
    const int thread = omp_in_parallel() ? omp_get_thread_num() : 0;
    for (int chunk = 0; chunk < n_chunk; chunk++) body(context, chunk, thread);
}

void parallel_for(int n_chunk, void (*body)(void *context, int chunk, int thread), void *context)
{
    if (threads == 1 || n_chunk == 1 || omp_in_parallel()) {
        run_alone(n_chunk, body, context);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int chunk = 0; chunk < n_chunk; chunk++) body(context, chunk, omp_get_thread_num());
}

void parallel_for_work(double work, int n_chunk, void (*body)(void *context, int chunk, int thread), void *context)
{
    (work < WORK_LEAST ? run_alone : parallel_for)(n_chunk, body, context);
}
