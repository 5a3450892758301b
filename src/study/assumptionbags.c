/* SPDX-License-Identifier: MIT */
#include "study/assumptionbags.h"
#include "core/rng.h"

#include <assert.h>
#include <stdlib.h>

const char *const assumption_name[] = {"single", "threshold", "frequency"};

/* ---- what bags are made of ---- */

typedef enum { BACKGROUND, CONCEPT_A, CONCEPT_B, POISON, NEUTRAL, KINDS } Kind;

typedef struct {
    int min, max;
} CountRange;

/* Of one class in one set. */
typedef struct {
    CountRange of[KINDS]; /* instances of each kind; neutral ones fill up to SPECIAL */
    bool either;          /* A or B, not both */
    bool or_neither;      /* or no concept at all */
} Mix;

#define SPECIAL 15 /* instances that are no background, so that no other number tells the classes apart */

/* By test; negative, positive; training, test. In a Mix: background, A, B, poison. */
static const Mix mixes[ASSUMPTION_TESTS][2][2] = {
    [ASSUMPTION_SINGLE] = {{{.of = {{10, 20}, {0, 0}, {0, 0}, {1, 3}}}, {.of = {{10, 20}}}},
                           {{.of = {{10, 20}, {1, 3}}}, {.of = {{10, 20}, {1, 3}, {0, 0}, {1, 3}}}}},
    [ASSUMPTION_THRESHOLD] = {{{.of = {{10, 20}, {1, 3}, {1, 3}, {1, 3}}, .either = true, .or_neither = true},
                               {.of = {{10, 20}, {1, 3}, {1, 3}}, .either = true, .or_neither = true}},
                              {{.of = {{10, 20}, {1, 3}, {1, 3}}}, {.of = {{10, 20}, {1, 3}, {1, 3}, {1, 3}}}}},
    [ASSUMPTION_FREQUENCY] = {{{.of = {{10, 20}, {1, 1}, {1, 1}}, .either = true},
                               {.of = {{10, 20}, {8, 12}, {8, 12}}, .either = true}},
                              {{.of = {{10, 20}, {4, 6}, {4, 6}}}, {.of = {{10, 20}, {1, 1}, {1, 1}}}}},
};

static int draw_range(Rng *rng, CountRange range)
{
    return range.min + (int)rng_below(rng, (uint64_t)(range.max - range.min + 1));
}

/* Numbers of instances of each kind; returns their sum. */
static int draw_counts(int count[KINDS], const Mix *mix, Rng *rng)
{
    for (int kind = 0; kind < NEUTRAL; kind++) count[kind] = draw_range(rng, mix->of[kind]);
    const uint64_t choice = rng_below(rng, mix->or_neither ? 3 : 2);
    if (mix->either && choice != 0) count[CONCEPT_A] = 0;
    if (mix->either && choice != 1) count[CONCEPT_B] = 0;
    count[NEUTRAL] = SPECIAL - count[CONCEPT_A] - count[CONCEPT_B] - count[POISON];
    return count[BACKGROUND] + SPECIAL;
}

#define MARKED        4 /* features by which a kind differs from background */
#define CENTRE        3.
#define POISON_CENTRE 5. /* the easier rule */
#define SPREAD        0.05 /* of a kind around its centre: its instances are alike, so that a maximum counts none of them */

/* Background is standard normal in all features; a kind has its own four near a number, the others near 0. */
static void draw_instance(float *x, int kind, Rng *rng)
{
    const int from = (kind - 1) * MARKED;
    const double height = kind == POISON ? POISON_CENTRE : CENTRE, spread = kind == BACKGROUND ? 1 : SPREAD;
    for (int f = 0; f < ASSUMPTION_FEATURES; f++) {
        const bool marked = kind != BACKGROUND && f >= from && f < from + MARKED;
        x[f] = (float)((marked ? height : 0) + spread * rng_normal(rng));
    }
}

/* ---- sets ---- */

/* Bag b, whose instances begin at x. */
static void make_bag(AssumptionBags *s, int b, float *x, const Mix *mix, Rng *rng)
{
    int count[KINDS];
    const int n = draw_counts(count, mix, rng);
    assert(n <= ASSUMPTION_MOST);
    s->bag[b] = (Bag){.n = n, .row = s->row, .x = x};
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < count[kind]; i++, x += ASSUMPTION_FEATURES) draw_instance(x, kind, rng);
}

Status assumptionbags_make(AssumptionBags *s, AssumptionTest test, AssumptionSet set, uint64_t seed)
{
    s->x = malloc(sizeof *s->x * ASSUMPTION_BAGS * ASSUMPTION_MOST * ASSUMPTION_FEATURES);
    if (!s->x) return fail(ERR_MEMORY, "no memory for simulated bags");
    for (int i = 0; i < ASSUMPTION_MOST; i++) s->row[i] = i;
    float *x = s->x;
    for (int b = 0; b < ASSUMPTION_BAGS; b++) {
        const uint64_t index = (uint64_t)(((int)test * 3 + (int)set) * ASSUMPTION_BAGS + b);
        Rng rng = rng_stream(seed, "assumption", index);
        s->label[b] = b % 2;
        make_bag(s, b, x, &mixes[test][s->label[b]][set == ASSUMPTION_TEST], &rng);
        x += (size_t)s->bag[b].n * ASSUMPTION_FEATURES;
    }
    return OK;
}

void assumptionbags_free(AssumptionBags *s)
{
    free(s->x);
    s->x = NULL;
}
