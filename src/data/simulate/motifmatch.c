/* SPDX-License-Identifier: MIT */
#include "data/simulate/motifmatch.h"

#include <assert.h>
#include <stdlib.h>

#define WORDS_MOST 64 /* 4096 positions of patterns */
#define ANY        0xFFFFFu

typedef struct {
    const Motif *motif;
    MotifMatch *match;
    int owner, len;
    uint32_t allowed[MOTIF_MOST];
} MotifPattern;

static Status add_word(MotifMatch *match, const Motif *m)
{
    if (match->n_word == WORDS_MOST)
        return fail(ERR_CONFIG, "motif '%s': deletions and gaps give more than %d positions; take fewer", m->text,
                    64 * WORDS_MOST);
    if (match->n_word == match->room) {
        const int room = match->room ? 2 * match->room : 1;
        MotifMatchWord *word = realloc(match->word, (size_t)room * sizeof *word);
        if (!word) return fail(ERR_MEMORY, "motifs: out of memory");
        match->word = word;
        match->room = room;
    }
    match->word[match->n_word++] = (MotifMatchWord){0};
    match->n_used = 0;
    return OK;
}

/* Places kept at either end of a pattern still ask for residues there. */
static Status add_pattern(const MotifPattern *p)
{
    MotifMatch *match = p->match;
    if (p->len == 0) return OK;
    if (match->n_word == 0 || match->n_used + p->len > 64) TRY(add_word(match, p->motif));
    MotifMatchWord *w = &match->word[match->n_word - 1];
    const int first = match->n_used, last = first + p->len - 1;
    w->start |= UINT64_C(1) << first;
    w->end |= UINT64_C(1) << last;
    w->owner[last] = (uint8_t)p->owner;
    for (int k = 0; k < p->len; k++)
        for (int c = 0; c < 20; c++)
            if (p->allowed[k] >> c & 1) w->mask[c] |= UINT64_C(1) << (first + k);
    match->n_used += p->len;
    return OK;
}

/* Every choice for element k and those behind it; the depth is the number of elements, at most MOTIF_MOST. */
static Status expand(MotifPattern *p, int k)
{
    if (k == p->motif->n) return add_pattern(p);
    const MotifElement *e = &p->motif->element[k];
    const int len = p->len;
    if (e->deleted > 0 && (e->gap_min > 0 || e->deleted >= 1)) TRY(expand(p, k + 1));
    for (int n = 0; n <= e->gap_max && e->deleted < 1; n++) {
        p->len = len + n;
        if (n > 0) p->allowed[p->len - 1] = e->allowed ? e->allowed : ANY;
        if (n >= e->gap_min) TRY(expand(p, k + 1));
    }
    p->len = len;
    return OK;
}

Status motifmatch_add(MotifMatch *match, const Motif *m, int owner)
{
    MotifPattern p = {.motif = m, .match = match, .owner = owner};
    assert(owner >= 0 && owner < MOTIFMATCH_OWNERS);
    return expand(&p, 0);
}

void motifmatch_free(MotifMatch *match)
{
    free(match->word);
    *match = (MotifMatch){0};
}

static uint64_t owners_of(const MotifMatchWord *w, uint64_t found)
{
    uint64_t owners = 0;
    for (; found; found &= found - 1) owners |= UINT64_C(1) << w->owner[__builtin_ctzll(found)];
    return owners;
}

uint64_t motifmatch_owners(const MotifMatch *match, const int8_t *codes, int len)
{
    uint64_t owners = 0;
    for (int i = 0; i < match->n_word; i++) {
        const MotifMatchWord *w = &match->word[i];
        uint64_t state = 0, found = 0;
        for (int t = 0; t < len; t++) {
            state = (state << 1 | w->start) & w->mask[codes[t]];
            found |= state;
        }
        found &= w->end;
        if (found) owners |= owners_of(w, found);
    }
    return owners;
}
