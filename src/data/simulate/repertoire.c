/* SPDX-License-Identifier: MIT */
#include "data/simulate/repertoire.h"

#include <assert.h>
#include <string.h>

void repertoire_plan(Repertoire *r, Arena *arena, const Recipe *recipe, int n, int n_carrier)
{
    const int stride = recipe->background->max_len;
    assert(stride <= REPERTOIRE_LEN_MOST);
    *r = (Repertoire){.stride = stride};
    r->codes = ARENA_TAKE(arena, int8_t, (size_t)n * (size_t)stride);
    r->len = ARENA_TAKE(arena, int64_t, (size_t)n);
    r->count = ARENA_TAKE(arena, int64_t, (size_t)n);
    r->carrier = ARENA_TAKE(arena, Carrier, (size_t)n_carrier);
}

/* Draws until the motif fits, and writes it; returns the length. */
static int draw_carrier(Carrier *out, int8_t *codes, const Recipe *recipe, Rng *rng)
{
    const int chosen = (int)rng_below(rng, (uint64_t)recipe->n_motif);
    int len, offset;
    do {
        len = recipe->background->draw(codes, recipe->state, rng);
        offset = motif_offset(&recipe->motif[chosen], &recipe->place, len, rng);
    } while (offset < 0);
    out->motif = chosen;
    out->offset = offset;
    memcpy(out->original, codes, (size_t)len);
    motif_implant(codes, &recipe->motif[chosen], offset);
    return len;
}

static bool holds_motif(const Recipe *recipe, const int8_t *codes, int len)
{
    for (int m = 0; m < recipe->n_motif; m++)
        if (motif_occurs(&recipe->motif[m], codes, len)) return true;
    return false;
}

/* A row becomes a carrier with the chance that carriers still to come have among rows still to come: then exactly
 * n_carrier are chosen, every set of rows as likely as any other. */
void repertoire_draw(Repertoire *r, const Recipe *recipe, int n, int n_carrier, Rng *rng)
{
    assert(n_carrier <= n);
    r->n = n;
    r->n_carrier = 0;
    r->n_accidental = 0;
    for (int i = 0; i < n; i++) {
        int8_t *codes = r->codes + (size_t)i * (size_t)r->stride;
        const uint64_t wanted = (uint64_t)(n_carrier - r->n_carrier);
        int len;
        if (wanted && rng_below(rng, (uint64_t)(n - i)) < wanted) {
            Carrier *carrier = &r->carrier[r->n_carrier++];
            carrier->row = i;
            len = draw_carrier(carrier, codes, recipe, rng);
        } else {
            len = recipe->background->draw(codes, recipe->state, rng);
            r->n_accidental += holds_motif(recipe, codes, len);
        }
        memset(codes + len, -1, (size_t)(r->stride - len));
        r->len[i] = len;
        r->count[i] = 1;
    }
}

double repertoire_fit(const Recipe *recipe, int motif, int n, Rng *rng)
{
    int8_t codes[REPERTOIRE_LEN_MOST];
    int n_fit = 0;
    for (int i = 0; i < n; i++) {
        const int len = recipe->background->draw(codes, recipe->state, rng);
        n_fit += motif_offset(&recipe->motif[motif], &recipe->place, len, rng) >= 0;
    }
    return (double)n_fit / n;
}
