/* SPDX-License-Identifier: MIT */
#include "core/arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    char *a;
    double *b;
    int *none;
} Plan;

static void plan(Plan *p, Arena *arena, size_t n)
{
    p->a = ARENA_TAKE(arena, char, n);
    p->b = ARENA_TAKE(arena, double, 2 * n);
    p->none = ARENA_TAKE(arena, int, 0);
}

Test(core_arena, counts_then_hands_out)
{
    Arena arena = {0};
    Plan p;
    plan(&p, &arena, 100);
    cr_assert(!p.a && !p.b);
    const size_t counted = arena.used;
    cr_assert_geq(counted, 100 + 1600);
    cr_assert_eq(arena_reserve(&arena, "a test"), OK);
    plan(&p, &arena, 100);
    cr_assert(p.a && p.b);
    cr_assert_eq(arena.used, counted);
    memset(p.a, 1, 100);
    for (int i = 0; i < 200; i++) p.b[i] = i;
    for (int i = 0; i < 100; i++) cr_assert_eq(p.a[i], 1);
    arena_free(&arena);
    cr_assert(!arena.base && arena.used == 0 && arena.size == 0);
}

Test(core_arena, pieces_are_aligned_and_apart)
{
    Arena arena = {0};
    char *piece[20];
    for (size_t i = 0; i < 20; i++) (void)ARENA_TAKE(&arena, char, i + 1);
    cr_assert_eq(arena_reserve(&arena, "a test"), OK);
    for (size_t i = 0; i < 20; i++) {
        piece[i] = ARENA_TAKE(&arena, char, i + 1);
        cr_assert_eq((uintptr_t)piece[i] % ARENA_ALIGN, 0);
        memset(piece[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < 20; i++)
        for (size_t j = 0; j <= i; j++) cr_assert_eq(piece[i][j], (char)i);
    arena_free(&arena);
}

Test(core_arena, rewind_hands_out_the_same_again)
{
    Arena arena = {0};
    Plan first, second;
    plan(&first, &arena, 10);
    cr_assert_eq(arena_reserve(&arena, "a test"), OK);
    plan(&first, &arena, 10);
    const size_t used = arena.used;
    arena_rewind(&arena);
    cr_assert_eq(arena.used, 0);
    plan(&second, &arena, 10);
    cr_assert_eq(arena.used, used);
    second.b[19] = 1;
    arena_free(&arena);
    arena_free(&arena);
    arena_free(NULL);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#endif

Test(core_arena, too_much_is_said)
{
#ifdef ASAN
    cr_skip_test("the address sanitizer ends the program where malloc would say no");
#endif
    Arena arena = {0};
    (void)arena_take(&arena, (size_t)1 << 60, 1);
    cr_assert_eq(arena_reserve(&arena, "a far too large plan"), ERR_MEMORY);
    cr_assert(strstr(status_sentence(), "a far too large plan"), "'%s'", status_sentence());
    arena_free(&arena);
}
