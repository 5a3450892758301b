/* SPDX-License-Identifier: MIT
 *
 * task.h: the tasks of a config as targets of a model. A kind of task is a const descriptor, TaskType, in
 * task_KIND.c; its loss and gradient are in model/target_KIND.c. Everything else that depends on the kind is an entry
 * here.
 */
#ifndef HOPSACK_TASK_H
#define HOPSACK_TASK_H

#include "cohort/cellvalues.h"
#include "cohort/label.h"
#include "cohort/metric.h"
#include "core/option.h"
#include "core/section.h"
#include "core/settings.h"
#include "model/target.h"

#include <jansson.h>
#include <stdbool.h>

/* One entry of the list tasks. */
typedef struct {
    int kind;      /* index in task_types */
    Target target; /* as far as the config describes it; fields of other kinds are 0 */
    /* multiclass, copied to the target by task_targets */
    OptionTexts classes;
    OptionNumbers class_weights; /* as many as classes, or none: all 1 */
} TaskOptions;

extern const Option task_options[]; /* the rows that all kinds have */
extern const Family task_family;
Status task_check(const TaskOptions *task, int n, const Settings *s); /* what no row can check */

/* The label column that a target is read from. */
typedef struct {
    const CellValues *values;
    const char *path; /* of the label table, for messages */
    bool deeprc;      /* data.compat deeprc */
    bool training;    /* a class that no cell holds is an error */
} TaskColumn;

/* A row of predictions.tsv. */
typedef struct {
    double label;       /* NaN: unknown */
    double output;      /* in the column's unit where the kind has one */
    double probability; /* NaN: none */
} TaskRow;

/* An entry may be NULL unless it says "required". NULL means that there is nothing to do. */
typedef struct {
    const TargetType *target; /* required: name, loss, gradient, prediction */

    /* settings */
    const Option *options;                                                      /* rows that fill TaskOptions */
    Status (*check)(const TaskOptions *o, const Settings *s, const char *path); /* beyond rows; path: "tasks.0" */
    void (*set)(Target *t, const TaskOptions *o);                               /* fields that no row fills */

    /* labels */
    /* Fields that decide about the number of outputs and that the config left to the labels: rows `row` [n] of the table. */
    Status (*find)(Target *t, const Table *table, const int *row, int n);
    const char *cell_word;                                 /* required: what a cell holds, for messages */
    Status (*settle)(Target *t, const TaskColumn *column); /* fields that the config left open */
    /* Required: one cell → target [n_out], and class (-1: none). False: unknown. */
    bool (*read_cell)(real *target, int *class, const Target *t, const char *cell, bool deeprc);
    /* Warns of labels that are likely not what was meant. */
    void (*remark)(const Labels *labels, const Target *t, int index, const char *path);
    /* Fields that depend on the training bags, `use` [n], and the labels that depend on those fields. */
    void (*fit)(Target *t, Labels *labels, int index, const bool *use);

    /* classes; NULL: labels are numbers. Splits are stratified by them, and k-mers tested for them. */
    int (*n_class)(const Target *t);
    int (*label_class)(const Target *t, const real *target); /* of a label [n_out]; -1: none */
    int (*output_class)(const Target *t, const real *y);     /* predicted by outputs [n_out] */
    const char *(*output_name)(const Target *t, int output); /* cell that means the class of an output */

    /* scores */
    bool has_auc;      /* one output ranks bags of label 0 and 1: the AUC is among the scores, and gets intervals */
    MetricType metric; /* required */
    /* Loss after calibration, by which the best state is kept (train/keep.h), and the least that any state can have. */
    double (*calibrated)(const Target *t, const MetricInput *in);
    double (*calibrated_min)(const Target *t, const MetricInput *in);
    /* Sets slope and shift by outputs [n, n_out] of bags and their classes [n] (platt.h). False: fewer than two classes. */
    bool (*calibrate)(Target *t, const double *output, const int *class, int n);

    /* files */
    /* Required: row [n_out] of outputs y [n_out] and, where it is known, the label [n_out]; else NULL. */
    void (*rows)(TaskRow *row, const Target *t, const real *y, const real *label);
    double (*output_of_row)(const Target *t, double output); /* the model's output of a TaskRow's; NULL: the same */
    void (*to_json)(json_t *out, const Target *t);           /* replaces the neutral values of task_json */
    Status (*from_json)(Target *t, const json_t *json);      /* fields that training settled, with texts of `json` */
} TaskType;

extern const TaskType *const task_types[]; /* ends with NULL */
const TaskType *task_of(const Target *t);

/* Classes of a target, 0: its labels are numbers. */
int task_n_class(const Target *t);
int task_label_class(const Target *t, const real *target); /* -1: none */
const char *task_output_name(const Target *t, int output); /* "": none */
const char *task_class_name(const Target *t, int class);   /* "others": of cells that are not the positive one */

/* target [n], for task_free; its texts belong to the options. */
Status task_targets(Target **out, const TaskOptions *task, int n);
void task_free(Target *target, int n); /* accepts NULL; not for copies */

/* `classes: auto`: finds the classes in the labels, rows `row` [n] of the table (-1: none). Texts belong to the table. */
Status task_find(Target *target, int n_target, const Table *table, const int *row, int n);

json_t *task_json(const Target *target, int n_target);

/* Puts what training settled (such as a binary target's positive and negative) into the targets; texts belong to
 * `json`. ERR_MODEL where it does not describe them. */
Status task_restore(Target *target, int n_target, const json_t *json);

#define TASK_DECLARE(kind) extern const TaskType task_##kind;
TARGET_KINDS(TASK_DECLARE)
#undef TASK_DECLARE

#endif
