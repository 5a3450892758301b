/* SPDX-License-Identifier: MIT */
#include "train/kmerstart.h"
#include "core/jsontext.h"
#include "core/log.h"

#include <math.h>
#include <stdio.h>

bool kmerstart_is_on(EmbedderStart *options, const ModelOptions *model)
{
    const EmbedderType *type = embedder_types[model->embedder];
    const EmbedderStart start = type->start_of ? type->start_of(model->embedder_options) : (EmbedderStart){0};
    if (options) *options = start;
    return start.on;
}

/* The output that a k-mer speaks for: of a binary target and of a regression there is one. */
void kmerstart_set(KmerStarts *out, const KmerChoice *choice, const Target *t)
{
    *out = (KmerStarts){.choice = *choice};
    for (int j = 0; j < choice->n; j++) {
        const KmerFound *f = &choice->found[j];
        out->start[j] =
            (KmerStart){.kmer = f->kmer, .output = t->at + (t->n_out > 1 ? f->target_class : 0), .sign = f->sign};
    }
}

void kmerstart_report(const KmerStarts *k, const BagSpec *spec)
{
    const KmerChoice *c = &k->choice;
    char text[KMER_SPAN + 1];
    if (!isnan(c->aside_z) && (c->n == 0 || fabs(c->aside_z) > fabs(c->found[0].z)))
        log_info("many k-mers differ a little between the classes, %s most (z %.1f): V and J genes, how samples were "
                 "sequenced; kernels do not start from such",
                 kmer_text(text, &c->aside, spec->alphabet), c->aside_z);
    if (c->n == 0)
        log_info("no k-mer to start from (%s): kernels start at random", c->reason);
    else
        log_info("kernels start from %d k-mers; %s differs most, z %.1f (threshold %.2f)", c->n,
                 kmer_text(text, &c->found[0].kmer, spec->alphabet), c->found[0].z, c->min_z);
}

json_t *kmerstart_json(const KmerStarts *k, const char *alphabet)
{
    char text[KMER_SPAN + 1];
    json_t *list = json_array();
    for (int j = 0; j < k->choice.n; j++)
        json_array_append_new(list, json_string(kmer_text(text, &k->choice.found[j].kmer, alphabet)));
    return json_pack("{s:i, s:o, s:o, s:o}", "chosen", k->choice.n, "threshold", jsontext_real(k->choice.min_z),
                     "largest_z", jsontext_real(k->choice.largest_z), "kmers", list);
}
