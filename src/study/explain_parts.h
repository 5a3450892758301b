/* SPDX-License-Identifier: MIT
 *
 * explain_parts.h: what the files of explain share. explain.c runs it; explain_source.c knows models, explain_stack.c those of methods and stacks; explain_bags.c goes over
 * bags; explain_count.c counts bags that hold a sequence; explain_tables.c and explain_residues.c write, explain_files.c
 * lets it appear; explain_truth.c compares with known carriers; explain_motifs.c finds motifs; explain_heads.c knows heads,
 * explain_kernels.c kernels.
 */
#ifndef HOPSACK_EXPLAIN_PARTS_H
#define HOPSACK_EXPLAIN_PARTS_H

#include "core/textout.h"
#include "model/attribution.h"
#include "study/explain.h"
#include "study/windowmotif.h"

#define EXPLAIN_MOST_LOGOS   20
#define EXPLAIN_MOST_KERNELS 12 /* that have a logo */
#define EXPLAIN_ROW_SURPLUS  4  /* candidates held for each row wanted, before the lesser ones are dropped */

/* A score that is explained. */
typedef struct {
    int target, class; /* class -1: the task's only output */
    int task;          /* the target's number in models */
    char name[192];    /* TASK, or TASK=CLASS */
} ExplainQuestion;

/* An instance with a large contribution. */
typedef struct {
    double part;
    uint64_t hash; /* of residues and genes; of vectors 0 */
    int member, row, question, column;
    float weight; /* of attention, mean over models and columns; NaN: none */
    int rank;     /* its place in its bag by that, from 1 */
} ExplainRow;

/* The best rows, and room for candidates. */
typedef struct {
    ExplainRow *row; /* [room] */
    int n, room, most;
    bool distinct; /* of equal hashes only the best */
    double worst;  /* of `most` rows, once there are that many */
} ExplainList;

/* Bags that hold a sequence, of one set of models. */
typedef struct {
    uint64_t hash, group;
    int n_positive, n_negative, n; /* n: of all bags, labelled or not */
} ExplainCount;

/* What ranks instances on a scale of its own: a column of a stack; else there is one. */
typedef struct {
    const char *name; /* borrowed */
    bool is_network;
    const Rival *rival; /* NULL: networks */
    int list;           /* which of the lists of a question is its own; -1: it ranks no instances */
} ExplainColumn;

typedef struct ExplainTruth ExplainTruth;
typedef struct ExplainHeads ExplainHeads;
typedef struct ExplainKernels ExplainKernels;

/* Tables on their way: they appear when all are written. */
typedef struct {
    TextOut *out[16];
    const char *name[16];
    int n, n_logo, n_kernel_logo;
} ExplainFiles;

typedef struct {
    const ExplainSetup *in;
    Apply *apply;
    const Cohort *cohort;
    bool sequences, is_crossval, known; /* known: labels */
    ExplainQuestion *question;          /* [n_question] */
    int n_question;
    Mil **twin;            /* [n_model] networks */
    Attribution **network; /* [n_model] NULL: of a method; NULL: there is no network */
    void **applier;        /* [n_model] of methods */
    bool is_stack;
    ExplainColumn *column; /* [n_column] */
    int n_column, n_rank;  /* n_rank: lists of a question */
    int *column_of;        /* [n_model] */
    double
        *factor; /* [n_question, n_model] of contributions in the score of the member under way; 0: it has no say */
    double *decision;       /* [targets, n_column] of a stack: Σ over bags of a column's share */
    int *n_bag;             /* [targets, n_column] explained bags in which it has a say */
    bool *use;              /* [members] explained */
    uint64_t *group;        /* [members] which models explain it: a hash of their numbers */
    int n_used;             /* members in use */
    int *models, n_models;  /* that have a say in any score of the member under way */
    Bag *bag;               /* [n_model] the member under way, as these models read it */
    double *part, *one;     /* [n_max] */
    double *weight;         /* [n_max] attention */
    real *ranked;           /* [n_max] the same, as it is ranked */
    int *order, *places;    /* [n_max] */
    double *score, *bias;   /* [members, n_question] */
    double *sum;            /* [members, n_question] of the contributions */
    double worst_sum;       /* largest |score - bias - Σ| relative to max(1, |score|) */
    ExplainList *top;       /* [n_question, n_rank] */
    ExplainList *important; /* [n_rank] distinct sequences of question 0 */
    ExplainCount *count;    /* [n_count] sorted by hash, group */
    size_t n_count;
    int64_t n_path, n_incomplete, n_step; /* paths; those beyond 1 %; their steps */
    ExplainTruth *truth;
    ExplainHeads *heads;     /* of networks */
    ExplainKernels *kernels; /* of networks that read sequences */
    ExplainFiles *files;
    MotifWindow *window; /* [n_window] */
    int n_window, window_room, window_len;
    double *direction; /* [n_out] */
    MotifBackground background;
    double *explained; /* [n_feat] mean absolute attribution, vectors */
} Explain;

/* explain_source.c */
Status explain_source_open(Explain *e);
void explain_source_close(Explain *e);
double explain_source_offset(const Explain *e, int model, int question); /* what a number has beside its score */
/* Fills e->models with the models that explain a member, and has networks open its bag until the next; 0: it is left out. */
Status explain_source_member(Explain *e, int member);
Status explain_source_list(Explain *e, int member); /* the models alone */
double explain_source_factor(const Explain *e, int question, int model);
bool explain_source_is_new(const Explain *e, int model, int member); /* of bags that were explained */
void explain_source_direction(const Explain *e, double *direction, int model, int question);

/* explain_stack.c: of methods and stacks. Factors of the member under way; then, before its networks are opened, its shares; at the end,
 * how many rows each column has. */
Status explain_stack_open(Explain *e);
void explain_stack_list(Explain *e, uint64_t hash);
Status explain_stack_count(Explain *e, int member);
void explain_stack_settle(Explain *e);
json_t *explain_stack_json(const Explain *e);

/* explain_bags.c: contributions of all bags. */
Status explain_bags(Explain *e);
void explain_list_settle(ExplainList *list); /* sorts, drops what is beyond `most` */

/* explain_count.c */
Status explain_count(Explain *e);
bool explain_count_tests(const Explain *e);            /* does the first question have classes to test? */
int explain_count_label(const Explain *e, int member); /* of the first question: 1, 0, -1: unknown, or a number */
Status explain_count_adjust(double *q, const double *p, int n); /* Benjamini and Hochberg, of n different tests */
const ExplainCount *explain_count_of(const Explain *e, uint64_t hash, uint64_t group); /* group 0: over all groups */

/* explain_files.c */
Status explain_files_path(char *path, const Explain *e, const char *name);
Status explain_files_check(const Explain *e); /* ERR_IO: there are some, and no `force` */
Status explain_files_open(TextOut **out, const Explain *e, const char *name); /* the files keep it */
Status explain_files_commit(const Explain *e); /* all that were opened; those of an earlier run go */
void explain_files_drop(ExplainFiles *files);

/* explain_tables.c */
Status explain_tables(Explain *e);

/* explain_residues.c */
Status explain_residues(Explain *e);

/* explain_motifs.c: adds {"motifs"} to out. */
Status explain_motifs(Explain *e, json_t *out);

/* explain_heads.c: of a member under way, once with a model, then after each of its divisions; adds {"heads"} to out. */
Status explain_heads_open(Explain *e);
Status explain_heads_add(Explain *e, int model, int member, const BagText *text); /* text NULL: vectors */
void explain_heads_divide(Explain *e, int model, int question);
Status explain_heads_write(Explain *e, json_t *out);
void explain_heads_free(ExplainHeads *h); /* accepts NULL and half-built ones */

/* explain_kernels.c: of a member after its first question was divided by a model. */
Status explain_kernels_open(Explain *e);
void explain_kernels_add(Explain *e, int model, int member);
Status explain_kernels_write(Explain *e,
                             json_t *out);    /* after the background is known; sorts windows; may add to out */
void explain_kernels_free(ExplainKernels *x); /* accepts NULL and half-built ones */

/* explain_truth.c */
Status explain_truth_open(Explain *e);
void explain_truth_add(Explain *e, int question, int member, const double *part, const double *weight, int n);
Status explain_truth_score(json_t **out, const Explain *e);
void explain_truth_free(ExplainTruth *t); /* accepts NULL */

#endif
