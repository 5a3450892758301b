/* SPDX-License-Identifier: MIT
 *
 * rival.h: methods that stand beside the network on the same folds. A rival is a row of the table in rival.c.
 *
 * It learns from the labels of the training part alone. What it chooses (C, thresholds) it chooses by inner folds of that
 * part, and the outputs of the inner fits, each on bags that it has not seen, are kept: a stack chooses by them.
 *
 *     open    reads the bags, whatever their labels
 *     fit     learns a batch of training parts; may be called several times
 *     close
 *
 * A model that was kept predicts other bags: apply_open, apply, apply_close. All functions but `open` may use all threads
 * (core/parallel.h), and give the same bits with any number of them.
 */
#ifndef HOPSACK_RIVAL_H
#define HOPSACK_RIVAL_H

#include "cohort/cohort.h"
#include "core/safetensors.h"
#include "core/stop.h"
#include "data/bagfile/cache.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct Rival Rival;
typedef struct CloneShare CloneShare; /* cloneshare.h */

/* What rivals read. */
typedef struct {
    const Cohort *cohort;
    const bool *use;      /* [cohort->n] members to be read: all that have a part anywhere */
    bool by_counts;       /* a sequence counts as often as its count says; else once */
    OptionTexts columns;  /* of the label table, for rivals that use them */
    Cache **held;         /* decoded bags, as in kmerblocks.h */
    CloneShare *clones;   /* sequences that bags share, kept for the next method; NULL: for each anew */
    const StopFlag *stop; /* a signal ends it: ERR_SIGINT, ERR_SIGTERM */
} RivalBags;

/* A model: named arrays, which it owns, and facts as JSON. */
typedef struct {
    const Rival *rival;
    json_t *facts;  /* object */
    Tensor *tensor; /* [n_tensor] names and data are the model's own, or the file's */
    int n_tensor;
    TensorFile *file; /* of a model that was read; else NULL */
} RivalModel;

/* One thing to be learned: the labels of one task in a training part. */
typedef struct {
    int n_train, n_inner, n_test;
    const int *train;    /* [n_train] members with a known label, ascending */
    const int *inner;    /* [n_train] inner fold, 0 … n_inner - 1 */
    const int *test;     /* [n_test] members to be predicted */
    int n_class;         /* 2 … ; 0: labels are numbers */
    int n_out;           /* outputs: n_class, but 1 of two classes and of numbers */
    const double *label; /* [n_train] class, or number */
    bool keep;           /* the model is wanted */

    /* Filled; the arrays are the caller's. n_inner 0 (too few bags): inner_output is NaN, and nothing is chosen by it. */
    double *test_output;  /* [n_test, n_out] logits (`is_logit`), or numbers */
    double *inner_output; /* [n_train, n_out] of the inner fit that has not seen the bag */
    json_t *choice;       /* object: what was chosen, such as {"C": 10, "inner_auc": 0.9} */
    RivalModel *model;    /* where `keep` */
} RivalFit;

/* What a method takes on one core of the reference machine (core/cost.h), as measured; for vectors an instance is each of its
 * numbers. A fit is one of a training part or of the rest of an inner fold. */
typedef struct {
    double once;         /* ms */
    double bag;          /* ms for each bag */
    double instance;     /* µs for each instance of the bags */
    double pair;         /* µs for each pair of bags, those of a bag with itself and both orders counted */
    double fit;          /* ms for each fit */
    double fit_instance; /* ns for each fit and instance */
    double fit_pair;     /* ns for each fit and pair of bags */
    double room;         /* MB */
    double bag_room;     /* MB for each bag, */
    double most;         /* as far as so many MB; 0: RIVAL_ROOM */
} RivalCost;
#define RIVAL_ROOM 1400.0 /* MB; blocks of counts take no more */

struct Rival {
    const char *name;    /* also of its folder */
    const char *line;    /* what it is, for --help and summary.md */
    BagKind bags;        /* it serves */
    bool standard;       /* run where no method is named */
    bool holds_residues; /* its models hold residues of the bags they were trained on */
    bool shares_bags;    /* it reads RivalBags.held, which is closed before a method that does not */
    bool shares_clones;  /* the same of RivalBags.clones */
    bool reads_counts;   /* it heeds RivalBags.by_counts */
    bool reads_columns;  /* and RivalBags.columns */
    bool is_logit;       /* outputs of classes are logits; else only order and sign mean something */
    const void *detail;  /* of families: what tells this row from the others */
    RivalCost cost;

    /* OK, or a status whose sentence says why it cannot serve this cohort or these labels (n_class as in RivalFit): such a
     * rival is left out of the standard set, and an error where it is named. NULL: it always can. */
    Status (*check)(const Rival *rival, const Cohort *cohort, int n_class);

    Status (*open)(void **state, const Rival *rival, const RivalBags *bags);
    Status (*fit)(void *state, RivalFit *fit, int n);
    void (*close)(void *state); /* accepts NULL and half-built ones */

    /* Models of one rival and one task on other bags: output [n_model, n_out] of a member. ERR_MODEL: they do not fit. */
    Status (*apply_open)(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort);
    Status (*apply)(double *output, void *applier, int member);
    void (*apply_close)(void *applier);

    /* How much each sequence of a bag speaks for the class: score [n of the bag], by rows of the file; the mean over models.
     * `output` of several. NULL: it ranks no sequences. */
    Status (*rank)(double *score, void *applier, int member, int output);

    /* Name of a feature of the models' tensor `weight`; NULL: rivaltop.h knows it, or there is none. */
    void (*name_feature)(char *text, size_t room, const Rival *rival, int64_t feature, const char *alphabet);
    /* The area under the ROC curve of each number it knows a bag by, alone: {name: area}, larger than one half where the
     * number is larger in class 1; null where it is not defined. `state`: of open. label [n of the cohort]: 0, 1, or NaN:
     * takes no part. NULL: the numbers are too many. */
    Status (*single)(json_t **out, void *state, const double *label);
};

extern const Rival *const rivals[]; /* ends with NULL */
const Rival *rival_find(const char *name);

/* ---- models ---- */

/* Empty, with facts {}. */
Status rival_model_new(RivalModel **out, const Rival *rival);
void rival_model_free(RivalModel *model); /* accepts NULL */

/* Adds a tensor; its data are *data of the caller's, to be filled, and the model's. */
Status rival_model_add(RivalModel *model, void **data, const char *name, TensorType type, int n_dim,
                       const int64_t *shape);
/* ERR_MODEL: there is none of this name, type and shape; a size of -1 in `shape` is any. */
Status rival_model_tensor(const Tensor **out, const RivalModel *model, const char *name, TensorType type, int n_dim,
                          const int64_t *shape);

#endif
