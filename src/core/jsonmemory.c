/* SPDX-License-Identifier: MIT */
#include "core/jsonmemory.h"

#include <jansson.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define RESERVE ((size_t)1 << 20)
#define ALIGN   alignof(max_align_t)

static alignas(ALIGN) char reserve[RESERVE]; /* untouched pages take no memory */
static atomic_size_t used;

static void *take(size_t n)
{
    void *fresh = malloc(n);
    if (fresh || n > RESERVE / 2) return fresh;
    n = (n + ALIGN - 1) / ALIGN * ALIGN;
    const size_t at = atomic_fetch_add(&used, n);
    return at <= RESERVE - n ? reserve + at : NULL;
}

static void give_back(void *piece)
{
    const uintptr_t at = (uintptr_t)piece, from = (uintptr_t)reserve;
    if (at < from || at >= from + RESERVE) free(piece);
}

void jsonmemory_start(void)
{
    json_set_alloc_funcs(take, give_back);
}
