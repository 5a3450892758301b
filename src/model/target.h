/* SPDX-License-Identifier: MIT
 *
 * target.h: what a model predicts. A target (a task of the config) takes n_out of the model's outputs, a loss and a
 * prediction. A kind of target is a descriptor in target_KIND.c and one in cohort/task_KIND.c, named in TARGET_KINDS.
 */
#ifndef HOPSACK_TARGET_H
#define HOPSACK_TARGET_H

#include "core/option.h"
#include "core/real.h"

/* The kinds, in the order of target_types and task_types. */
#define TARGET_KINDS(X) X(binary) X(multiclass) X(regression)

typedef struct TargetType TargetType;

#define TARGET_CLASSES 256 /* maximum number of classes of a multiclass target */

typedef struct {
    const TargetType *type;
    const char *name, *column; /* of the task, and of the label table */
    double weight;             /* of this task's loss, ≥ 0; rounded to single precision, as DeepRC keeps it */
    int at, n_out;             /* this target's outputs are y[at … at+n_out-1] */

    /* binary */
    const char *positive, *negative; /* cell texts; negative NULL: the one other value */
    double pos_weight;
    /* multiclass */
    int n_class;
    const char **classes;        /* [n_class] */
    bool found;                  /* the list of classes is the target's own (task_free) */
    const double *class_weights; /* [n_class] or NULL: 1 */
    /* regression: targets are (number - mean) / std */
    double mean, std;

    /* Settled after training, on bags that it did not learn from (cohort/platt.h, cohort/cutoff.h). */
    bool is_calibrated; /* probabilities are those of slope · y + shift, of several classes of slope · y; else of y */
    double slope, shift; /* slope > 0, so that no order changes */
    bool has_cutoff;     /* of binary targets */
    double cutoff;       /* operating point: positive where y > cutoff */
} Target;

struct TargetType {
    const char *name; /* word of tasks.N.kind */
    int n_out;        /* outputs; 0: one a class */
    int n_class;      /* classes that its labels have; 0: those of the target; 1: numbers */

    /* Loss of one bag, unweighted, from its outputs y [n_out] and target [n_out]. */
    double (*loss)(const Target *t, const real *y, const real *target);
    /* Adds scale · ∂loss/∂y to dy [n_out]. */
    void (*loss_backward)(real *dy, const Target *t, const real *y, const real *target, double scale);
    /* p [n_out]: probability, probabilities, or the number in the column's unit. */
    void (*predict)(double *p, const Target *t, const real *y);
};

extern const TargetType *const target_types[]; /* ends with NULL */
const TargetType *target_type(const char *name);

#define TARGET_DECLARE(kind) extern const TargetType target_##kind;
TARGET_KINDS(TARGET_DECLARE)
#undef TARGET_DECLARE

#endif
