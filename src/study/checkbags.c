/* SPDX-License-Identifier: MIT */
#include "study/checkbags.h"
#include "core/log.h"
#include "data/bagfile/bagaudit.h"
#include "data/bagfile/baghash.h"
#include "study/checkdonors.h"

#include <stdlib.h>
#include <string.h>

#define DAMAGED_MOST 1000 /* bags told of; the rest of a ruined file adds nothing */

typedef struct {
    CheckBags *out;
    BagFile *file;
    bool sequences;
    TopClones *top;        /* [n] */
    int8_t *codes;         /* [n_max, width] */
    int64_t *len, *count;  /* [n_max] */
    uint64_t *scratch;     /* [n_max, 2] */
    int16_t *v;            /* [n_max] */
    int *locus_of;         /* [V genes] place in out->locus; -1: unknown */
    int8_t first, last[2]; /* codes of C, F and W; -1: not in the alphabet */
} CheckPass;

/* ---- getting ready ---- */

static int8_t code_of(const BagSpec *spec, char letter)
{
    const char *at = strchr(spec->alphabet, letter);
    return at ? (int8_t)(at - spec->alphabet) : -1;
}

static int locus_number(CheckBags *c, const char *gene)
{
    if (strlen(gene) < 4 || (strncmp(gene, "TR", 2) != 0 && strncmp(gene, "IG", 2) != 0)) return -1;
    for (int k = 0; k < c->n_locus; k++)
        if (strncmp(c->locus[k], gene, 3) == 0) return k;
    memcpy(c->locus[c->n_locus], gene, 3);
    return c->n_locus++;
}

static Status find_loci(CheckPass *p)
{
    const int n_gene = bagaudit_n_gene(p->file, 0);
    p->locus_of = malloc(((size_t)n_gene + 1) * sizeof *p->locus_of);
    p->out->locus = calloc((size_t)n_gene + 1, sizeof *p->out->locus);
    if (!p->locus_of || !p->out->locus) return fail(ERR_MEMORY, "no memory for %d genes", n_gene);
    for (int g = 0; g < n_gene; g++) p->locus_of[g] = locus_number(p->out, bagaudit_gene(p->file, 0, g));
    p->out->in_locus = calloc((size_t)p->out->n * (size_t)p->out->n_locus + 1, sizeof *p->out->in_locus);
    return p->out->in_locus ? OK : fail(ERR_MEMORY, "no memory for the loci of %d bags", p->out->n);
}

static Status reserve(CheckPass *p)
{
    CheckBags *c = p->out;
    const size_t n = (size_t)c->n + 1, most = (size_t)bagfile_n_max(p->file) + 1;
    c->hash = calloc(n, sizeof *c->hash);
    c->damage = calloc(n, sizeof *c->damage);
    c->equal_to = calloc(n, sizeof *c->equal_to);
    c->donor = calloc(n, sizeof *c->donor);
    if (!c->hash || !c->damage || !c->equal_to || !c->donor) return fail(ERR_MEMORY, "no memory for %d bags", c->n);
    if (!p->sequences) return OK;
    const BagSpec *spec = bagfile_spec(p->file);
    p->first = code_of(spec, 'C');
    p->last[0] = code_of(spec, 'F');
    p->last[1] = code_of(spec, 'W');
    p->top = calloc(n, sizeof *p->top);
    p->codes = malloc(most * (size_t)bagaudit_width(p->file) + 1);
    p->len = malloc(most * sizeof *p->len);
    p->count = malloc(most * sizeof *p->count);
    p->scratch = malloc(most * 2 * sizeof *p->scratch);
    p->v = malloc(most * sizeof *p->v);
    c->junction = calloc(n, sizeof *c->junction);
    if (!p->top || !p->codes || !p->len || !p->count || !p->scratch || !p->v || !c->junction)
        return fail(ERR_MEMORY, "no memory for the largest bag (%d sequences)", bagfile_n_max(p->file));
    return find_loci(p);
}

static void release(CheckPass *p)
{
    free(p->top);
    free(p->codes);
    free(p->len);
    free(p->count);
    free(p->scratch);
    free(p->v);
    free(p->locus_of);
}

/* ---- one bag ---- */

static double junction_share(const CheckPass *p, int n)
{
    int found = 0;
    const int64_t width = bagaudit_width(p->file);
    for (int i = 0; i < n; i++) {
        const int8_t *codes = p->codes + i * width;
        if (p->len[i] < 2 || codes[0] != p->first) continue;
        const int8_t end = codes[p->len[i] - 1];
        found += end == p->last[0] || end == p->last[1];
    }
    return (double)found / n;
}

static Status count_loci(CheckPass *p, int bag, int n)
{
    CheckBags *c = p->out;
    if (c->n_locus == 0) return OK;
    TRY(bagaudit_genes(p->v, p->file, bag, 0));
    for (int i = 0; i < n; i++) {
        const int locus = p->v[i] >= 0 && p->v[i] < bagaudit_n_gene(p->file, 0) ? p->locus_of[p->v[i]] : -1;
        if (locus >= 0) c->in_locus[(size_t)bag * (size_t)c->n_locus + (size_t)locus]++;
    }
    return OK;
}

static Status read_bag(CheckPass *p, int bag)
{
    const int n = bagfile_n(p->file, bag);
    TRY(bagaudit_bag(&p->out->hash[bag], p->file, bag));
    if (!p->sequences) return OK;
    TRY(bagfile_read_sizes(p->len, p->count, p->file, bag));
    TRY(bagaudit_codes(p->codes, p->file, bag));
    checkdonors_top(&p->top[bag], p->codes, bagaudit_width(p->file), p->len, p->count, n, p->scratch);
    p->out->junction[bag] = junction_share(p, n);
    return count_loci(p, bag, n);
}

/* A damaged bag does not end the pass. */
static Status note_damage(CheckBags *c, int bag)
{
    c->damage[bag] = strdup(status_sentence());
    c->n_damaged++;
    return c->damage[bag] ? OK : fail(ERR_MEMORY, "no memory for a sentence");
}

static Status read_bags(CheckPass *p)
{
    Progress progress;
    CheckBags *c = p->out;
    progress_start(&progress, "checking", "bags", c->n);
    for (int b = 0; b < c->n && c->n_damaged < DAMAGED_MOST; b++) {
        const Status status = read_bag(p, b);
        if (status == ERR_FORMAT || status == ERR_IO)
            TRY(note_damage(c, b));
        else
            TRY(status);
        progress_update(&progress, b + 1, NULL);
    }
    progress_end(&progress, NULL);
    return OK;
}

/* ---- equal bags ---- */

static Status find_equal(CheckBags *c)
{
    BagHash *order = malloc(((size_t)c->n + 1) * sizeof *order);
    if (!order) return fail(ERR_MEMORY, "no memory to compare %d bags", c->n);
    for (int b = 0; b < c->n; b++) order[b] = (BagHash){c->hash[b], b};
    qsort(order, (size_t)c->n, sizeof *order, baghash_order);
    for (int k = 0, first = 0; k < c->n; k++) {
        if (order[k].hash != order[first].hash || c->damage[order[k].bag]) first = k;
        c->equal_to[order[k].bag] = order[first].bag;
        c->n_equal += k != first;
    }
    free(order);
    return OK;
}

static Status find_donors(CheckPass *p)
{
    CheckBags *c = p->out;
    if (p->sequences) return checkdonors_find(c, p->top);
    for (int b = 0; b < c->n; b++) c->donor[b] = c->n_donor++;
    return OK;
}

Status checkbags_read(CheckBags *out, BagFile *file)
{
    *out = (CheckBags){.n = bagfile_n_bag(file)};
    CheckPass p = {.out = out, .file = file, .sequences = bagfile_spec(file)->kind == BAG_SEQUENCES};
    Status status;
    TRY_DONE(reserve(&p));
    TRY_DONE(read_bags(&p));
    TRY_DONE(find_equal(out));
    TRY_DONE(find_donors(&p));
done:
    release(&p);
    if (status != OK) checkbags_free(out);
    return status;
}

void checkbags_free(CheckBags *c)
{
    for (int b = 0; c->damage && b < c->n; b++) free(c->damage[b]);
    free(c->hash);
    free(c->damage);
    free(c->equal_to);
    free(c->donor);
    free(c->pair);
    free(c->junction);
    free(c->locus);
    free(c->in_locus);
    *c = (CheckBags){0};
}
