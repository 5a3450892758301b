/* SPDX-License-Identifier: MIT */
#include "data/simulate/simulate_parts.h"

#include <stdlib.h>
#include <string.h>

static int number(Names *names, const char *text)
{
    return names_number(names, text, strlen(text));
}

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "simulate.genes: out of memory");
}

/* The background's names come first: its numbers stay. */
static Status add_background(Simulator *s)
{
    const BackgroundType *type = s->recipe.background;
    if (!type->gene_names) return OK;
    const BackgroundGenes names = type->gene_names(s->source);
    for (int i = 0; i < names.n_v; i++)
        if (number(&s->v, names.v[i]) < 0) return no_memory();
    for (int i = 0; i < names.n_j; i++)
        if (number(&s->j, names.j[i]) < 0) return no_memory();
    return OK;
}

/* The number that a gene of the list has in the cohort. */
static Status translate(int16_t *out, Names *to, const Names *from, int16_t gene)
{
    *out = -1;
    if (gene < 0) return OK;
    const int k = number(to, from->text[gene]);
    if (k < 0) return no_memory();
    if (k > INT16_MAX) return fail(ERR_FORMAT, "simulate.genes: more than %d gene names", INT16_MAX);
    *out = (int16_t)k;
    return OK;
}

/* A sequence of the list that has no genes gets those of the background, if it can tell them from a sequence. */
static Status list_genes(int16_t gene[2], Simulator *s, int i)
{
    const SeqList *list = &s->pool.list;
    const int16_t *own = &list->gene[2 * (size_t)i];
    int16_t drawn[2] = {-1, -1};
    Rng rng = rng_stream(s->seed, "pool genes", (uint64_t)i + 1);
    if (s->recipe.background->genes)
        s->recipe.background->genes(drawn, seqlist_codes(list, i), seqlist_len(list, i), &rng);
    TRY(translate(&gene[0], &s->v, &list->v, own[0]));
    TRY(translate(&gene[1], &s->j, &list->j, own[1]));
    for (int g = 0; g < 2; g++)
        if (gene[g] < 0) gene[g] = drawn[g];
    return OK;
}

Status simulate_genes(Simulator *s)
{
    const SeqList *list = &s->pool.list;
    if (!s->options->genes) return OK;
    if (!s->recipe.background->gene_names && !(s->options->spike && list->v.n + list->j.n > 0))
        return fail(ERR_CONFIG, "simulate.genes: background '%s' knows no genes; take another, or leave them out",
                    s->recipe.background->name);
    TRY(add_background(s));
    s->recipe.genes = true;
    if (list->n == 0) return OK;
    s->pool.gene = calloc(2 * (size_t)list->n, sizeof *s->pool.gene);
    if (!s->pool.gene) return no_memory();
    if (!s->options->spike) {
        memcpy(s->pool.gene, list->gene, 2 * (size_t)list->n * sizeof *s->pool.gene);
        return OK;
    }
    for (int i = 0; i < list->n; i++) TRY(list_genes(&s->pool.gene[2 * (size_t)i], s, i));
    return OK;
}
