/* SPDX-License-Identifier: MIT
 *
 * parallel.h: the one owner of threads (OpenMP inside).
 *
 * Work is cut into chunks whose number and borders depend on sizes alone. Which thread runs a chunk is chance, so a
 * chunk writes only to places of its own, or to the slot its number names (see mil.c), and results never depend on
 * the thread count. A body that runs inside another parallel_for runs its chunks one after the other.
 */
#ifndef HOPSACK_PARALLEL_H
#define HOPSACK_PARALLEL_H

#include "core/status.h"

/* Sets the thread count (0: all cores the process may use) and checks that BLAS obeys one thread a call. */
Status parallel_start(int n_thread);
int parallel_threads(void); /* at least 1 */

/* Runs body(context, chunk, thread) for chunk = 0 … n_chunk-1, in any order; thread is 0 … parallel_threads()-1. */
void parallel_for(int n_chunk, void (*body)(void *context, int chunk, int thread), void *context);

/* The same, but by the caller's thread alone where waking others costs more than they would save: `work` is what all chunks
 * do together, in multiply-adds of a matrix product (a million take 20 µs). */
void parallel_for_work(double work, int n_chunk, void (*body)(void *context, int chunk, int thread), void *context);

#endif
