/* SPDX-License-Identifier: MIT */
#include "cohort/kmerstore.h"

#include <stdlib.h>

#define LARGE UINT16_MAX /* from here on in the list */

/* Loops over plain arrays of integers: the same on every level. */
#if defined __x86_64__ && defined __GLIBC__
#define VECTOR __attribute__((target_clones("avx2", "default")))
#else
#define VECTOR
#endif

static void forget_large(KmerStore *s)
{
    for (Index k = 0; s->large && k < (Index)s->n_bag * s->n_view; k++) free(s->large[k].of);
    free(s->large);
    s->large = NULL;
}

void kmerstore_free(KmerStore *s)
{
    forget_large(s);
    free(s->count);
    *s = (KmerStore){0};
}

static Status no_memory(const KmerStore *s)
{
    return fail(ERR_MEMORY, "no memory for %d k-mers of %d bags", s->n_cell, s->n_bag);
}

Status kmerstore_size(KmerStore *s, int n_bag, int n_view, int n_cell)
{
    const size_t n = (size_t)n_bag * (size_t)n_cell;
    forget_large(s);
    s->n_bag = n_bag;
    s->n_view = n_view;
    s->n_cell = n_cell;
    s->large = calloc((size_t)n_bag * (size_t)n_view + 1, sizeof *s->large);
    if (n > s->room) {
        free(s->count);
        s->count = malloc(n * sizeof *s->count);
        s->room = s->count ? n : 0;
    }
    if (s->large && (s->count || n == 0)) return OK;
    return no_memory(s);
}

/* Returns how many are large. */
VECTOR static int narrow(uint16_t *restrict out, const uint32_t *restrict count, int n)
{
    int n_large = 0;
    for (int c = 0; c < n; c++) {
        out[c] = (uint16_t)(count[c] < LARGE ? count[c] : LARGE);
        n_large += count[c] >= LARGE;
    }
    return n_large;
}

VECTOR static void widen(uint32_t *restrict out, const uint16_t *restrict count, int n)
{
    for (int c = 0; c < n; c++) out[c] = count[c];
}

void kmerstore_put(KmerStore *s, int bag, int view, int first, const uint32_t *count, int n)
{
    LargeCounts *large = &s->large[(Index)bag * s->n_view + view];
    const int n_large = narrow(s->count + (Index)bag * s->n_cell + first, count, n);
    if (n_large == 0) return;
    large->of = malloc((size_t)n_large * sizeof *large->of);
    if (!large->of) large->n = -1;
    for (int c = 0; c < n && large->of; c++)
        if (count[c] >= LARGE) large->of[large->n++] = (LargeCount){first + c, count[c]};
}

Status kmerstore_check(const KmerStore *s)
{
    for (Index k = 0; k < (Index)s->n_bag * s->n_view; k++)
        if (s->large[k].n < 0) return no_memory(s);
    return OK;
}

void kmerstore_get(uint32_t *out, const KmerStore *s, int bag, int view, int first, int n)
{
    const LargeCounts *large = &s->large[(Index)bag * s->n_view + view];
    widen(out, s->count + (Index)bag * s->n_cell + first, n);
    for (int k = 0; k < large->n; k++)
        if (large->of[k].cell >= first && large->of[k].cell < first + n)
            out[large->of[k].cell - first] = large->of[k].count;
}
