/* SPDX-License-Identifier: MIT */
#include "rival/kmerrank.h"
#include "core/parallel.h"

#include <stdlib.h>
#include <string.h>

bool kmerrank_is_of(const KmerRank *r, int output)
{
    return r->value && r->output == output;
}

Status kmerrank_begin(KmerRank *r, const KmerProfile *profile, const Cohort *cohort, int output)
{
    kmerrank_free(r);
    *r = (KmerRank){.profile = profile,
                    .output = output,
                    .value = calloc((size_t)profile->n_cell, sizeof *r->value),
                    .score = malloc(((size_t)bagfile_n_max(cohort->file) + 1) * sizeof *r->score)};
    if (r->value && r->score) return OK;
    kmerrank_free(r);
    return fail(ERR_MEMORY, "no memory for ranking sequences");
}

void kmerrank_free(KmerRank *r)
{
    free(r->value);
    free(r->score);
    *r = (KmerRank){0};
}

/* Sequences of one length. */
static void score_length(void *context, int chunk, int thread)
{
    KmerRank *r = context;
    (void)thread;
    for (int i = r->bag->first[chunk]; i < r->bag->first[chunk + 1]; i++) r->score[i] = 0;
    for (int v = 0; v < r->profile->n_view; v++)
        kmerprofile_score(r->score, r->value + r->profile->view[v].first, &r->profile->view[v], r->bag, chunk);
}

void kmerrank_score(double *score, KmerRank *r, const Bag *bag)
{
    r->bag = bag;
    parallel_for(bag->max_len + 1, score_length, r);
    for (int i = 0; i < bag->n; i++) score[bag->row[i]] = r->score[i];
}
