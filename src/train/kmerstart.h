/* SPDX-License-Identifier: MIT
 *
 * kmerstart.h: the k-mers that a training starts from (model.embedder.start: kmers): chosen from the training bags of its
 * fold (kmershare.h), written to kmers.tsv, and handed to the loop.
 */
#ifndef HOPSACK_KMERSTART_H
#define HOPSACK_KMERSTART_H

#include "cohort/kmers.h"
#include "model/embedder.h"
#include "model/mil.h"

#include <jansson.h>

typedef struct {
    KmerChoice choice;
    KmerStart start[KMERS_MAX]; /* [choice.n] the same for mil_start */
} KmerStarts;

/* Does this model start from k-mers? Then *options, which may be NULL, says how. */
bool kmerstart_is_on(EmbedderStart *options, const ModelOptions *model);

void kmerstart_set(KmerStarts *out, const KmerChoice *choice, const Target *target); /* the first target */
void kmerstart_report(const KmerStarts *k, const BagSpec *spec);

/* {"chosen", "threshold", "largest_z", "kmers": [text]}; largest_z is null where the choice was read from a file. */
json_t *kmerstart_json(const KmerStarts *k, const char *alphabet);

#endif
