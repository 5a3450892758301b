/* SPDX-License-Identifier: MIT
 *
 * modelfile.h: model.safetensors. Beside the tensors stands one JSON object with sorted keys, metadata "hopsack":
 *
 *     alphabet bag_hash {train validation: [16 hex digits]} bag_name {train validation: [names, sorted]}
 *     bag_inputs [names, with model.bag_inputs] config (YAML text) features [names, where the dataset has them]
 *     genes {V J: [names], with model.embedder.genes} import {options of the import of its data} kind max_len metrics n_feat
 *     region tasks update version
 *
 * so a model needs no other file: it knows its settings, its classes, and the bags it has seen.
 */
#ifndef HOPSACK_MODELFILE_H
#define HOPSACK_MODELFILE_H

#include "cohort/genetable.h"
#include "core/safetensors.h"
#include "data/bagfile/bagfile.h"
#include "run/config.h"

#include <jansson.h>

/* What is written beside the tensors. */
typedef struct {
    const Config *config;
    const BagSpec *spec;
    const Target *target;
    int n_target, update;
    const uint64_t *hash;   /* [n] of bags */
    const char *const *id;  /* [n] their names */
    const char *provenance; /* of the dataset, JSON; NULL: none */
    const Part *part;       /* [n] those in training and validation are listed */
    int n;
    json_t *metrics;            /* borrowed */
    const char *const *feature; /* [n_feat] names; NULL: they have none */
    json_t *genes;              /* borrowed: genes by name (genetable.h); NULL: none */
    json_t *inputs;             /* borrowed: bag inputs by name (inputcolumns.h); NULL: none */
    json_t *rival;              /* borrowed: what a model that is no network adds (rivalfile.h); NULL: it is one */
} ModelFacts;

Status modelfile_write(const char *path, const ModelFacts *facts, const ParamList *params, const real *theta,
                       bool force);

/* The same around tensors of any kind. */
Status modelfile_write_tensors(const char *path, const ModelFacts *facts, const Tensor *tensor, int n, bool force);

typedef enum { SEEN_NOT, SEEN_TRAIN, SEEN_VALIDATION } Seen;
extern const char *const seen_name[]; /* "new" "train" "validation" */

typedef struct {
    char *path;
    Config config;
    TensorFile tensors;
    json_t *json; /* metadata "hopsack" */
    Target *target;
    int n_target;
    BagSpec spec;         /* of the bags it was trained on */
    const char **feature; /* [n_feat] names, borrowed from json; NULL: not known */
    uint64_t *seen[2];    /* [n_seen] sorted hashes of training and of validation bags */
    int n_seen[2];
    const char **name[2]; /* [n_name] sorted names of training and of validation bags; n_name 0: of 0.1.0 */
    int n_name[2];
    Mil *mil;        /* after modelfile_fit */
    real *theta;     /* [n_params] after modelfile_fit */
    GeneTable genes; /* after modelgenes_read */
    real *inputs;    /* [bags of the file, n_input] after modelinputs_read; NULL: the network reads none */
} ModelFile;

/* Reads and checks everything but the tensors' fit, which needs bags. ERR_MODEL says what is wrong. */
Status modelfile_read(ModelFile *out, const char *path);
void modelfile_free(ModelFile *m); /* accepts NULL and half-built ones */

/* Features of `file` come in the model's order from now on, if both know their names. ERR_MODEL. */
Status modelfile_order(const ModelFile *m, BagFile *file);

/* Builds the network for the bags of `data` (`where` for messages); names, shapes and values of all tensors are checked.
 * ERR_MODEL: the model does not fit them. The caller plans workspace. */
Status modelfile_fit(ModelFile *m, const BagSpec *data, const char *where);

/* Do the bags have the kind, alphabet, features and region of those it was trained on? ERR_MODEL. */
Status modelfile_suits(const ModelFile *m, const BagSpec *data, const char *where);

/* Name of the method (rival/rival.h) whose model it is; NULL: a network. */
const char *modelfile_method(const ModelFile *m);

Seen modelfile_seen(const ModelFile *m, uint64_t hash);
/* Does one of the bags it has seen bear this name, folder and extension aside? */
bool modelfile_named(const ModelFile *m, const char *name);
bool modelfile_has_names(const ModelFile *m); /* those of 0.1.0 do not */

#endif
