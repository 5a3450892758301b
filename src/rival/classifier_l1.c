/* SPDX-License-Identifier: MIT
 *
 * classifier_l1.c: logistic regression by liblinear with an L1 penalty, least of |w|₁ + C Σ log(1 + exp(-y (w·x + b))): most
 * weights are 0. The intercept is a weight of a column BIAS, as in classifier_logistic.c.
 *
 * The solver shuffles the columns by rand(), whose state is the process's: it is set before each fit, and fits may not run
 * at the same time.
 */
#include "rival/classifier.h"

#define BIAS 100.0 /* of a larger one the solver takes more steps */

#ifdef HOPSACK_LIBLINEAR
#include <linear.h>
#include <stdlib.h>

#define PRECISION 1e-2 /* of the gradient, against where it began */

static void report_nothing(const char *text)
{
    (void)text;
}

static void start(void)
{
    set_print_string_function(report_nothing);
}

static void keep(ClassifierModel *out, const struct model *model, int n_column, double sign)
{
    for (int k = 0; k < n_column; k++) out->weight[k] = sign * model->w[k];
    out->intercept = sign * model->w[n_column] * BIAS;
}

static Status fit(double *score, const ClassifierInput *in)
{
    const ClassifierFold *f = in->fold;
    const struct problem problem = {.l = f->n_train,
                                    .n = f->rows->n_column + 1,
                                    .y = in->y,
                                    .x = (struct feature_node **)(void *)in->train,
                                    .bias = BIAS};
    const struct parameter parameter = {.solver_type = L1R_LR, .eps = PRECISION, .C = in->cost, .p = 0.1};
    const char *wrong = check_parameter(&problem, &parameter);
    if (wrong) return fail(ERR_BUG, "liblinear: %s", wrong);
    srand(1);
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
#endif

const Classifier classifier_l1 = {
    .library = "liblinear",
    .is_linear = true,
    .is_logit = true,
    .bias = BIAS,
#ifdef HOPSACK_LIBLINEAR
    .is_built = true,
    .start = start,
    .fit = fit,
#endif
};
