/* SPDX-License-Identifier: MIT
 *
 * arena.h: working memory whose size is known before work starts.
 *
 * A `plan` function takes its pieces from an arena. Walked over an arena without a base it only counts; walked again
 * after `arena_reserve` it hands out. The same code does both, so size and layout cannot disagree:
 *
 *     Arena a = {0};
 *     plan(&x, &a);                     counts: every piece is NULL
 *     TRY(arena_reserve(&a, "what"));   one allocation
 *     plan(&x, &a);                     hands out
 *     arena_free(&a);
 *
 * Built with ASan, every piece is an allocation of its own, so that a step over its end is seen.
 */
#ifndef HOPSACK_ARENA_H
#define HOPSACK_ARENA_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *base;    /* NULL: counting */
    size_t used;   /* bytes handed out or counted */
    bool borrowed; /* base belongs to another arena */
    size_t size;   /* bytes reserved */
    void **piece;  /* [n_piece] under ASan: what is freed at rewind */
    size_t n_piece;
} Arena;

#define ARENA_ALIGN 64 /* bytes: one cache line, one 512-bit register */

/* count * size bytes, aligned, not cleared; NULL while counting. Asserts that they were counted before. */
void *arena_take(Arena *arena, size_t count, size_t size);
#define ARENA_TAKE(arena, type, count) ((type *)arena_take((arena), (count), sizeof(type)))

Status arena_reserve(Arena *arena, const char *what); /* ERR_MEMORY names `what` and the bytes asked for */
void arena_rewind(Arena *arena);                      /* forgets all pieces, keeps the memory */
void arena_free(Arena *arena);                        /* back to {0}; accepts NULL */

#endif
