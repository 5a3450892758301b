/* SPDX-License-Identifier: MIT */
#include "data/simulate/repertoire.h"

#include <assert.h>
#include <string.h>

void repertoire_plan(Repertoire *r, Arena *arena, const Recipe *recipe, int n, int n_carrier)
{
    assert(recipe->stride <= REPERTOIRE_LEN_MOST);
    *r = (Repertoire){.stride = recipe->stride};
    r->codes = ARENA_TAKE(arena, int8_t, (size_t)n * (size_t)recipe->stride);
    r->len = ARENA_TAKE(arena, int64_t, (size_t)n);
    r->count = ARENA_TAKE(arena, int64_t, (size_t)n);
    r->carrier = ARENA_TAKE(arena, Carrier, (size_t)n_carrier);
    r->pick = ARENA_TAKE(arena, int, (size_t)recipe->n_pick);
    if (!recipe->genes) return;
    r->v = ARENA_TAKE(arena, int16_t, (size_t)n);
    r->j = ARENA_TAKE(arena, int16_t, (size_t)n);
}

void repertoire_background(RepertoireRow *row, const Recipe *recipe)
{
    const BackgroundType *type = recipe->background;
    row->gene[0] = row->gene[1] = -1;
    row->len = type->draw(row->codes, row->gene, recipe->state, row->rng);
    if (row->gene_rng && type->genes) type->genes(row->gene, row->codes, row->len, row->gene_rng);
}

bool repertoire_again(int *tries, Repertoire *r, const char *setting)
{
    if (++*tries < REPERTOIRE_TRIES) return true;
    r->stuck = setting;
    return false;
}

static void draw_plain(RepertoireRow *row, Repertoire *r, const Recipe *recipe, uint64_t purge)
{
    uint64_t held;
    int tries = 0;
    do {
        repertoire_background(row, recipe);
        held = recipe->carriers ? recipe->carriers->holds(recipe->carrying, row->codes, row->len) : 0;
    } while ((held & purge) && repertoire_again(&tries, r, "purge"));
    r->n_accidental += held != 0;
    r->n_holding += held != 0;
}

/* The signal of the next carrier, with the chance that its carriers have among those to come; `left` [n_signal]. */
static int choose_signal(int *left, int n_signal, int n_left, Rng *rng)
{
    int k = 0;
    while (left[k] == 0) k++;
    if (left[k] < n_left)
        for (int u = (int)rng_below(rng, (uint64_t)n_left); u >= left[k]; k++) u -= left[k];
    assert(k < n_signal);
    (void)n_signal;
    left[k]--;
    return k;
}

static void draw_carrier(Carrier *out, RepertoireRow *row, Repertoire *r, const Recipe *recipe)
{
    recipe->carriers->make(out, row, r, recipe);
    r->n_holding += recipe->carriers->holds(recipe->carrying, row->codes, row->len) != 0;
}

static void keep(Repertoire *r, const RepertoireRow *row, int i)
{
    memset(row->codes + row->len, -1, (size_t)(r->stride - row->len));
    r->len[i] = row->len;
    r->count[i] = 1;
    if (!r->v) return;
    r->v[i] = row->gene[0];
    r->j[i] = row->gene[1];
}

static int start(Repertoire *r, int left[64], const Recipe *recipe, const RepertoireOrder *order)
{
    int n = 0;
    r->n = order->n;
    r->n_carrier = r->n_picked = 0;
    r->n_accidental = r->n_holding = 0;
    r->stuck = NULL;
    for (int k = 0; k < recipe->n_signal; k++) n += left[k] = order->n_carrier[k];
    for (int i = 0; i < recipe->n_pick; i++) r->pick[i] = i;
    assert(n <= order->n);
    return n;
}

/* A row becomes a carrier with the chance that carriers still to come have among rows still to come: then exactly
 * so many are chosen, every set of rows as likely as any other. */
void repertoire_draw(Repertoire *r, const Recipe *recipe, const RepertoireOrder *order, Rng *rng, Rng *gene_rng)
{
    int left[64];
    int n_left = start(r, left, recipe, order);
    RepertoireRow row = {.rng = rng, .gene_rng = gene_rng};
    for (int i = 0; i < order->n && !r->stuck; i++) {
        row.codes = r->codes + (size_t)i * (size_t)r->stride;
        if (n_left && rng_below(rng, (uint64_t)(order->n - i)) < (uint64_t)n_left) {
            Carrier *carrier = &r->carrier[r->n_carrier++];
            carrier->row = i;
            carrier->signal = choose_signal(left, recipe->n_signal, n_left--, rng);
            draw_carrier(carrier, &row, r, recipe);
        } else {
            draw_plain(&row, r, recipe, order->purge);
        }
        keep(r, &row, i);
    }
}

double repertoire_holding(double *share, const Recipe *recipe, int n, Rng *rng)
{
    int8_t codes[REPERTOIRE_LEN_MOST];
    RepertoireRow row = {.codes = codes, .rng = rng};
    int n_any = 0;
    for (int k = 0; k < recipe->n_signal; k++) share[k] = 0;
    for (int i = 0; i < n; i++) {
        repertoire_background(&row, recipe);
        uint64_t held = recipe->carriers->holds(recipe->carrying, row.codes, row.len);
        n_any += held != 0;
        for (; held; held &= held - 1) share[__builtin_ctzll(held)] += 1.0 / n;
    }
    return (double)n_any / n;
}
