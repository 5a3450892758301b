/* SPDX-License-Identifier: MIT
 *
 * classifier_linear.c: logistic regression by liblinear, with one of two penalties:
 *
 *     logistic   least ½|w|² + C Σ log(1 + exp(-y (w·x + b))), by the trust region method on the primal; no random numbers
 *     l1         least |w|₁ + C Σ …: most weights are 0. The solver shuffles the columns by rand(), whose state is the
 *                process's: it is set before each fit, and fits may not run at the same time.
 *
 * liblinear has the intercept as one more weight, of a column that is the same in all rows, and would shrink it with the
 * others. A column of a large number makes that share vanish: its weight is b / number. L1 takes more steps the larger it is.
 */
#include "rival/classifier.h"

#define BIAS    1000.0
#define BIAS_L1 100.0

#ifdef HOPSACK_LIBLINEAR
#include <linear.h>
#include <stddef.h>
#include <stdlib.h>

_Static_assert(sizeof(ClassifierNode) == sizeof(struct feature_node) &&
                   offsetof(ClassifierNode, value) == offsetof(struct feature_node, value),
               "nodes have another layout in this liblinear");

static void report_nothing(const char *text)
{
    (void)text;
}

static void start(void)
{
    set_print_string_function(report_nothing);
}

/* The last weight is that of the column of `bias`. */
static void keep(ClassifierModel *out, const struct model *model, int n_column, double sign)
{
    for (int k = 0; k < n_column; k++) out->weight[k] = sign * model->w[k];
    out->intercept = sign * model->w[n_column] * model->bias;
}

/* precision: of the gradient, against where it began. */
static Status fit(double *score, const ClassifierInput *in, int solver, double precision, double bias)
{
    const ClassifierFold *f = in->fold;
    const struct problem problem = {.l = f->n_train,
                                    .n = f->rows->n_column + 1,
                                    .y = in->y,
                                    .x = (struct feature_node **)(void *)in->train,
                                    .bias = bias};
    const struct parameter parameter = {.solver_type = solver, .eps = precision, .C = in->cost, .p = 0.1};
    const char *wrong = check_parameter(&problem, &parameter);
    if (wrong) return fail(ERR_BUG, "liblinear: %s", wrong);
    struct model *model = train(&problem, &parameter);
    if (!model) return fail(ERR_MEMORY, "no memory for a logistic regression on %d bags", f->n_train);
    const double sign = model->label[0] == 1 ? 1 : -1;
    for (int i = 0; i < f->n_test; i++) {
        double value;
        predict_values(model, (const struct feature_node *)(const void *)in->test[i], &value);
        score[i] = sign * value;
    }
    if (in->model) keep(in->model, model, f->rows->n_column, sign);
    free_and_destroy_model(&model);
    return OK;
}

static Status fit_l2(double *score, const ClassifierInput *in)
{
    return fit(score, in, L2R_LR, 1e-7, BIAS);
}

static Status fit_l1(double *score, const ClassifierInput *in)
{
    srand(1);
    return fit(score, in, L1R_LR, 1e-2, BIAS_L1);
}
#endif

const Classifier classifier_logistic = {
    .library = "liblinear",
    .is_linear = true,
    .is_logit = true,
    .bias = BIAS,
#ifdef HOPSACK_LIBLINEAR
    .is_built = true,
    .start = start,
    .fit = fit_l2,
#endif
};

const Classifier classifier_l1 = {
    .library = "liblinear",
    .is_linear = true,
    .is_logit = true,
    .bias = BIAS_L1,
#ifdef HOPSACK_LIBLINEAR
    .is_built = true,
    .start = start,
    .fit = fit_l1,
#endif
};
