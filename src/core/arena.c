/* SPDX-License-Identifier: MIT */
#include "core/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_DEBUG 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_DEBUG 1
#endif
#endif
#ifndef ARENA_DEBUG
#define ARENA_DEBUG 0
#endif

static size_t round_up(size_t bytes)
{
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

void *arena_take(Arena *arena, size_t count, size_t size)
{
    assert(size == 0 || count <= SIZE_MAX / 2 / size);
    const size_t bytes = round_up(count * size);
    const size_t at = arena->used;
    arena->used += bytes;
    if (!arena->base) return NULL;
    assert(arena->used <= arena->size);
    if (!ARENA_DEBUG) return arena->base + at;

    void **grown = realloc(arena->piece, (arena->n_piece + 1) * sizeof *grown);
    void *piece = aligned_alloc(ARENA_ALIGN, bytes ? bytes : ARENA_ALIGN);
    if (!grown || !piece) abort();
    arena->piece = grown;
    arena->piece[arena->n_piece++] = piece;
    return piece;
}

Status arena_reserve(Arena *arena, const char *what)
{
    assert(!arena->base);
    arena->size = arena->used;
    arena->used = 0;
    arena->base = aligned_alloc(ARENA_ALIGN, arena->size ? arena->size : ARENA_ALIGN);
    if (!arena->base)
        return fail(ERR_MEMORY, "%s needs %.1f MB of memory, which this machine does not grant", what,
                    (double)arena->size / 1e6);
    return OK;
}

void arena_rewind(Arena *arena)
{
    for (size_t i = 0; i < arena->n_piece; i++) free(arena->piece[i]);
    arena->n_piece = 0;
    arena->used = 0;
}

void arena_free(Arena *arena)
{
    if (!arena) return;
    arena_rewind(arena);
    free(arena->piece);
    if (!arena->borrowed) free(arena->base);
    *arena = (Arena){0};
}
