/* SPDX-License-Identifier: MIT
 *
 * predictor_parts.h: what methods and stacks predict by, for the files that share it: predictor_tree.c (which models),
 * predictor.c (their reading), predictor_outputs.c (their outputs).
 */
#ifndef HOPSACK_PREDICTOR_PARTS_H
#define HOPSACK_PREDICTOR_PARTS_H

#include "study/predictor.h"
#include "study/rivalfile.h"
#include "study/stackblend.h"

/* What is said of one task: by a model, by several (the mean), or by a weighted sum of others. */
typedef struct PredictorNode PredictorNode;
struct PredictorNode {
    char *name;            /* of the column, of a stack within stacks the innermost; NULL: there is no stack */
    int *model;            /* [n_model] numbers of paths, hence of models */
    int n_model;           /* 0: a weighted sum */
    PredictorNode **child; /* [n_child] */
    int n_child;
    StackBlend blend;    /* of the children */
    double *room;        /* what blend points to */
    double slope, shift; /* of the output, as a stack calibrated its column */
    double cutoff;       /* operating point of a stack's output; NaN: none */
};

/* An outer fold of one task. */
typedef struct {
    int repeat, fold, task;
    bool is_method; /* the model's own calibration counts */
    PredictorNode *node;
} PredictorVoice;

/* Models of one method and one task, which read a bag together. */
typedef struct {
    const Rival *rival;
    int task, n;
    int *model;     /* [n] */
    double *output; /* [n, n_out of the task] */
    void *applier;
} PredictorGroup;

struct PredictorTree {
    char **path; /* [n_path] of model files, each once */
    int n_path;
    PredictorVoice *voice; /* [n_voice] */
    int n_voice;
    int n_folder;     /* words that stood for a cross-validation */
    int n_task;       /* of the first word's summary; 0: a model file, which knows */
    char **task_name; /* [n_task] */

    /* after predictor_read */
    RivalModel *rival;   /* [n_path] .rival NULL: a network */
    RivalRecord *record; /* [n_path] */
    Target *target;      /* [n_target] those of `apply`: numbers in the column's unit */
    int n_target, n_out;
    int *target_of; /* [tasks of the models] number of the target; -1: not predicted */

    /* after predictor_fit */
    PredictorGroup *group; /* [n_group] */
    int n_group;
    Cache *cache[BAGFILE_COUNTS]; /* by CountScale, for networks */
    double *value;                /* [n_path, n_out] of a bag */
    bool *is_needed;              /* [n_path] */
    bool *is_out;                 /* [n_voice] */
    int *n_used;                  /* [n_target] folds that are averaged */
};

/* predictor_outputs.c */
Status predictor_outputs_fit(Predictor *p, const Cohort *cohort);
Status predictor_outputs_bag(real *output, Predictor *p, const Cohort *cohort, int member);
/* In steps: marks the models of a node as needed; asks those; y [n_out of the target] of a node, as the columns' tables have it. */
void predictor_outputs_need(PredictorTree *t, const PredictorNode *n);
Status predictor_outputs_ask(Predictor *p, const Cohort *cohort, int member);
void predictor_outputs_speak(double *y, const PredictorTree *t, const PredictorNode *n, const Target *target);
bool predictor_outputs_seen(const Predictor *p, const PredictorNode *n, uint64_t hash); /* has any of its models? */

/* predictor_tree.c */
bool predictor_tree_is_stack(const char *folder);
bool predictor_tree_is_method(const char *folder); /* of a baseline */
Status predictor_tree_find(PredictorTree **out, const char *const *word, int n_word);
void predictor_tree_free(PredictorTree *t); /* accepts NULL and half-built ones */

#endif
