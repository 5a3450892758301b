/* SPDX-License-Identifier: MIT
 *
 * classifier_svm.c: support vector machine by libsvm, kernel exp(-γ |x - x'|²), γ = 1 / columns that are not constant:
 * what scikit-learn's "scale" comes to where every such column has variance 1.
 */
#include "rival/classifier.h"

#ifdef HOPSACK_LIBSVM
#include <libsvm/svm.h>
#include <stddef.h>

_Static_assert(sizeof(ClassifierNode) == sizeof(struct svm_node) &&
                   offsetof(ClassifierNode, value) == offsetof(struct svm_node, value),
               "nodes have another layout in this libsvm");

static void report_nothing(const char *text)
{
    (void)text;
}

static void start(void)
{
    svm_set_print_string_function(report_nothing);
}

/* sv_indices count training rows from 1. */
static void keep(ClassifierModel *out, const struct svm_model *model, double sign)
{
    for (int i = 0; i < model->l; i++) out->coefficient[model->sv_indices[i] - 1] = sign * model->sv_coef[0][i];
    out->intercept = -sign * model->rho[0];
    out->gamma = model->param.gamma;
}

static Status fit(double *score, const ClassifierInput *in)
{
    const ClassifierFold *f = in->fold;
    const struct svm_problem problem = {.l = f->n_train, .y = in->y, .x = (struct svm_node **)(void *)in->train};
    const struct svm_parameter parameter = {.svm_type = C_SVC,
                                            .kernel_type = RBF,
                                            .gamma = f->n_used ? 1.0 / f->n_used : 1,
                                            .cache_size = 100, /* MB */
                                            .eps = 1e-3,
                                            .C = in->cost,
                                            .shrinking = 1};
    const char *wrong = svm_check_parameter(&problem, &parameter);
    if (wrong) return fail(ERR_BUG, "libsvm: %s", wrong);
    struct svm_model *model = svm_train(&problem, &parameter);
    if (!model) return fail(ERR_MEMORY, "no memory for a support vector machine on %d bags", f->n_train);
    const double sign = model->label[0] == 1 ? 1 : -1;
    for (int i = 0; i < f->n_test; i++) {
        double value;
        svm_predict_values(model, (const struct svm_node *)(const void *)in->test[i], &value);
        score[i] = sign * value;
    }
    if (in->model) keep(in->model, model, sign);
    svm_free_and_destroy_model(&model);
    return OK;
}
#endif

const Classifier classifier_svm = {
    .library = "libsvm",
#ifdef HOPSACK_LIBSVM
    .is_built = true,
    .start = start,
    .fit = fit,
#endif
};
