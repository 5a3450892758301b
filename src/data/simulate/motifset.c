/* SPDX-License-Identifier: MIT */
#include "data/simulate/motifset.h"

#include <stdlib.h>
#include <string.h>

/* ---- from texts ---- */

static Status add_motif(MotifSet *set, const char *text, size_t len, int signal)
{
    char word[MOTIF_TEXT + 2];
    Motif *motif = realloc(set->motif, ((size_t)set->n_motif + 1) * sizeof *motif);
    if (!motif) return fail(ERR_MEMORY, "motifs: out of memory");
    set->motif = motif;
    if (len > MOTIF_TEXT + 1) len = MOTIF_TEXT + 1;
    memcpy(word, text, len);
    word[len] = '\0';
    Motif *m = &motif[set->n_motif];
    TRY(motif_parse(m, word));
    if (m->len_max > set->len_max) set->len_max = m->len_max;
    set->n_motif++;
    return motifmatch_add(&set->match, m, signal);
}

static Status add_signal(MotifSet *set, const char *text, int signal)
{
    static const char blank[] = " \t";
    set->first[signal] = set->n_motif;
    while (*(text += strspn(text, blank))) {
        const size_t len = strcspn(text, blank);
        TRY(add_motif(set, text, len, signal));
        text += len;
    }
    set->first[signal + 1] = set->n_motif;
    return set->n_motif > set->first[signal] ? OK : motif_parse(&(Motif){0}, "");
}

static Status match_each(MotifSet *set)
{
    set->own = calloc((size_t)set->n_motif, sizeof *set->own);
    if (!set->own) return fail(ERR_MEMORY, "motifs: out of memory");
    for (int m = 0; m < set->n_motif; m++) TRY(motifmatch_add(&set->own[m], &set->motif[m], 0));
    return OK;
}

Status motifset_open(MotifSet *out, const char *const *signal, int n_signal, int implant)
{
    *out = (MotifSet){.n_signal = n_signal, .implant = implant};
    if (n_signal > MOTIFMATCH_OWNERS)
        return fail(ERR_CONFIG, "%d signals are too many; take at most %d", n_signal, MOTIFMATCH_OWNERS);
    for (int k = 0; k < n_signal; k++) TRY(add_signal(out, signal[k], k));
    return implant == IMPLANT_REJECT && out->n_motif ? match_each(out) : OK;
}

void motifset_free(MotifSet *set)
{
    for (int m = 0; set->own && m < set->n_motif; m++) motifmatch_free(&set->own[m]);
    free(set->own);
    free(set->motif);
    motifmatch_free(&set->match);
    *set = (MotifSet){0};
}

/* ---- carriers ---- */

/* Equal weights take one random integer, as there were no weights once. */
static int choose_motif(const MotifSet *set, int signal, Rng *rng)
{
    const int first = set->first[signal], n = set->first[signal + 1] - first;
    double sum = 0;
    bool even = true;
    for (int m = first; m < first + n; m++) {
        sum += set->motif[m].weight;
        even &= set->motif[m].weight == set->motif[first].weight;
    }
    if (even) return first + (int)rng_below(rng, (uint64_t)n);
    double u = sum * rng_uniform(rng);
    int m = first;
    while (m < first + n - 1 && u >= set->motif[m].weight) u -= set->motif[m++].weight;
    return m;
}

static void keep_original(Carrier *out, const RepertoireRow *row)
{
    out->n_original = row->len;
    memcpy(out->original, row->codes, (size_t)row->len);
}

/* Draws until the form fits, and writes it. */
static void replace(Carrier *out, RepertoireRow *row, Repertoire *r, const Recipe *recipe)
{
    const MotifSet *set = recipe->carrying;
    MotifForm form;
    int tries = 0;
    do {
        motif_form(&form, &set->motif[out->motif], row->rng);
        repertoire_background(row, recipe);
        out->offset = motif_offset(form.len, &set->place, row->len, row->rng);
    } while (out->offset < 0 && repertoire_again(&tries, r, "motifs"));
    keep_original(out, row);
    if (!r->stuck) motif_implant(row->codes, &form, out->offset);
}

/* Between the residues of any sequence that is long enough for the place. */
static void insert(Carrier *out, RepertoireRow *row, Repertoire *r, const Recipe *recipe)
{
    const MotifSet *set = recipe->carrying;
    MotifForm form;
    int tries = 0;
    motif_form(&form, &set->motif[out->motif], row->rng);
    do {
        repertoire_background(row, recipe);
        out->offset = motif_offset(0, &set->place, row->len, row->rng);
    } while (out->offset < 0 && repertoire_again(&tries, r, "position"));
    keep_original(out, row);
    if (r->stuck) return;
    int8_t *at = row->codes + out->offset;
    memmove(at + form.len, at, (size_t)(row->len - out->offset));
    for (int k = 0; k < form.len; k++)
        at[k] = form.code[k] >= 0 ? form.code[k] : (int8_t)rng_below(row->rng, BACKGROUND_N_LETTER);
    row->len += form.len;
}

static void find(Carrier *out, RepertoireRow *row, Repertoire *r, const Recipe *recipe)
{
    const MotifSet *set = recipe->carrying;
    int tries = 0;
    do repertoire_background(row, recipe);
    while (!(motifmatch_owners(&set->match, row->codes, row->len) >> out->signal & 1) &&
           repertoire_again(&tries, r, "implant"));
    if (r->stuck) return;
    out->motif = set->first[out->signal];
    while (!motifmatch_owners(&set->own[out->motif], row->codes, row->len)) out->motif++;
    out->offset = 0;
    while (motifmatch_owners(&set->own[out->motif], row->codes + out->offset + 1, row->len - out->offset - 1))
        out->offset++;
    keep_original(out, row);
}

static void make(Carrier *out, RepertoireRow *row, Repertoire *r, const Recipe *recipe)
{
    const MotifSet *set = recipe->carrying;
    if (set->implant == IMPLANT_REJECT) {
        find(out, row, r, recipe);
        return;
    }
    out->motif = choose_motif(set, out->signal, row->rng);
    (set->implant == IMPLANT_INSERT ? insert : replace)(out, row, r, recipe);
}

static uint64_t holds(const void *carrying, const int8_t *codes, int len)
{
    return motifmatch_owners(&((const MotifSet *)carrying)->match, codes, len);
}

const CarrierType motifset_carriers = {.make = make, .holds = holds};

/* ---- what fits ---- */

double motifset_fit(const MotifSet *set, const Recipe *recipe, int m, int n, Rng *rng)
{
    int8_t codes[REPERTOIRE_LEN_MOST];
    RepertoireRow row = {.codes = codes, .rng = rng};
    MotifForm form;
    int n_fit = 0;
    for (int i = 0; i < n; i++) {
        motif_form(&form, &set->motif[m], rng);
        repertoire_background(&row, recipe);
        n_fit += motif_offset(set->implant == IMPLANT_INSERT ? 0 : form.len, &set->place, row.len, rng) >= 0;
    }
    return (double)n_fit / n;
}
