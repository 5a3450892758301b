/* SPDX-License-Identifier: MIT
 *
 * dataset.h: what all trainings on one dataset share: cohort, labels as read, folds, decoded bags. Once it is filled, and a
 * partition has been made of each fold to be used, threads may share it too, if all bags are held.
 */
#ifndef HOPSACK_DATASET_H
#define HOPSACK_DATASET_H

#include "cohort/folds.h"
#include "cohort/genetable.h"
#include "cohort/kmers.h"
#include "core/number.h"
#include "data/bagfile/cache.h"
#include "data/bagfile/rarefy.h"
#include "run/config.h"
#include "run/content.h"

#include <jansson.h>

typedef struct Dataset {
    struct Dataset *of;   /* the dataset that this one is a view of; NULL: none */
    const Config *config; /* borrowed */
    Target *target;       /* [n_task] classes settled; a regression's mean and std are each training's own affair */
    Cohort cohort;
    SplitOptions splits; /* the config's, with where its file lies now */
    Folds folds;
    Cache *cache;       /* after dataset_fill */
    KmerChoice **kmers; /* [n_kmers] by repetition and fold: kmershare.h; NULL: none is chosen */
    size_t n_kmers;
    ModelOptions model; /* the config's, with the number of bag inputs and the genes */
    json_t *gene_list;  /* model.embedder.genes by name (genetable.h); NULL: off */
    GeneTable genes;
    json_t *input_list;   /* model.bag_inputs by name (inputcolumns.h); NULL: off */
    real *inputs;         /* [bags of the file, n of the list] after dataset_fill */
    RarefyOptions rarefy; /* what data.rarefy came to; n 0: nothing */
    char content[65];     /* after dataset_fill: what the data are (content.h) */
    json_t *data;         /* after dataset_fill: the same with files and their places, for manifests */
    json_t *check;        /* after dataset_fill or dataset_check: confoundwatch.h */
} Dataset;

Status dataset_open(Dataset *out, const Config *config); /* everything but the bags */
Status dataset_fill(Dataset *s);                         /* decodes them, says what is odd, hashes the bags */
Status dataset_identify(Dataset *s);                     /* hashes the bags alone: content, data */
/* The same dataset for a config that differs in splits.kind, file or permute, as folds_view has it, or has no model.bag_inputs: bags are shared, labels
 * permuted. `of` must stay; it is filled with the view, unless it was before. */
Status dataset_view(Dataset *out, Dataset *of, const Config *config);
ContentSource dataset_source(const Dataset *s);
Status dataset_check(Dataset *s); /* looks for what alone predicts the label, unless it was done */
/* Puts what data.rarefy came to into the config of a model: predict has other bags, and a model of an ensemble another
 * seed. The texts hold as long as `number` and `seed`. */
void dataset_resolve(Config *config, const Dataset *s, char number[NUMBER_ROOM], char seed[NUMBER_ROOM]);
/* The model of a config of this dataset, such as that of a trial, which may read less of the bags. */
ModelOptions dataset_model(const Dataset *s, const Config *config);
CountScale dataset_counts(const Dataset *s); /* how its bags are decoded */
void dataset_close(Dataset *s);              /* accepts half-built ones */

#endif
