/* SPDX-License-Identifier: MIT */
#include "rival/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- in the dual ---- */

static int positives(const MachineInput *in)
{
    int n = 0;
    for (int i = 0; i < in->n; i++) n += in->label[i] > 0.5;
    return n;
}

Status machine_logistic(Dual *d, const MachineInput *in)
{
    const int n = in->n, n_positive = positives(in);
    double *y = malloc(2 * ((size_t)n + 1) * sizeof *y), *c = y + n;
    if (!y) return fail(ERR_MEMORY, "no memory for the labels of %d bags", n);
    for (int i = 0; i < n; i++) {
        const bool positive = in->label[i] > 0.5;
        y[i] = positive ? 1 : -1;
        c[i] = in->cost * n / (2.0 * (positive ? n_positive : n - n_positive));
    }
    const Status status = dual_logistic(d, in->k, y, c, n);
    free(y);
    return status;
}

Status machine_ridge(Dual *d, const MachineInput *in)
{
    double mean = 0, square = 0;
    for (int i = 0; i < in->n; i++) mean += in->label[i] / in->n;
    for (int i = 0; i < in->n; i++) square += (in->label[i] - mean) * (in->label[i] - mean) / in->n;
    const double unit = square > 0 ? sqrt(square) : 1;
    double *y = malloc(((size_t)in->n + 1) * sizeof *y);
    if (!y) return fail(ERR_MEMORY, "no memory for the labels of %d bags", in->n);
    for (int i = 0; i < in->n; i++) y[i] = (in->label[i] - mean) / unit;
    const Status status = dual_ridge(d, in->k, y, in->cost, in->n);
    for (int i = 0; i < in->n && status == OK; i++) d->a[i] *= unit;
    d->b = d->b * unit + mean;
    free(y);
    return status;
}

/* ---- libsvm ---- */

#ifdef HOPSACK_LIBSVM
#include <libsvm/svm.h>

const bool machine_has_svm = true;

static void print_nothing(const char *text)
{
    (void)text;
}

void machine_start(void)
{
    svm_set_print_string_function(print_nothing);
}

/* Rows as libsvm wants inner products: the row's number from 1 under index 0, then the products. */
static struct svm_node *write_rows(struct svm_node **row, const MachineInput *in)
{
    const size_t n = (size_t)in->n;
    struct svm_node *node = malloc((n * (n + 2) + 1) * sizeof *node), *at = node;
    if (!node) return NULL;
    for (int i = 0; i < in->n; i++) {
        row[i] = at;
        *at++ = (struct svm_node){0, i + 1};
        for (int j = 0; j < in->n; j++) *at++ = (struct svm_node){j + 1, in->k[(size_t)i * n + (size_t)j]};
        *at++ = (struct svm_node){-1, 0};
    }
    return node;
}

static void read_solution(Dual *d, const struct svm_model *model)
{
    const double sign = model->label[0] == 1 ? 1 : -1;
    for (int s = 0; s < model->l; s++) d->a[model->sv_indices[s] - 1] = sign * model->sv_coef[0][s];
    d->b = -sign * model->rho[0];
}

Status machine_svm(Dual *d, const MachineInput *in)
{
    const int n_positive = positives(in);
    int class[2] = {1, -1};
    double weight[2] = {in->n / (2.0 * n_positive), in->n / (2.0 * (in->n - n_positive))};
    struct svm_node **row = malloc(((size_t)in->n + 1) * sizeof *row), *node = row ? write_rows(row, in) : NULL;
    double *y = malloc(((size_t)in->n + 1) * sizeof *y);
    struct svm_model *model = NULL;
    Status status =
        row && node && y ? OK : fail(ERR_MEMORY, "no memory for a support vector machine on %d bags", in->n);
    for (int i = 0; y && i < in->n; i++) y[i] = in->label[i] > 0.5 ? 1 : -1;
    if (status == OK) {
        const struct svm_problem problem = {.l = in->n, .y = y, .x = row};
        const struct svm_parameter parameter = {.svm_type = C_SVC,
                                                .kernel_type = PRECOMPUTED,
                                                .cache_size = 100, /* MB */
                                                .eps = 1e-3,
                                                .C = in->cost,
                                                .nr_weight = 2,
                                                .weight_label = class,
                                                .weight = weight,
                                                .shrinking = 1};
        const char *wrong = svm_check_parameter(&problem, &parameter);
        model = wrong ? NULL : svm_train(&problem, &parameter);
        if (!model) status = fail(wrong ? ERR_BUG : ERR_MEMORY, "libsvm: %s", wrong ? wrong : "no memory");
    }
    dual_reset(d);
    if (model) read_solution(d, model);
    svm_free_and_destroy_model(&model);
    free(row);
    free(node);
    free(y);
    return status;
}
#else
const bool machine_has_svm = false;

void machine_start(void) {}

Status machine_svm(Dual *d, const MachineInput *in)
{
    (void)d, (void)in;
    return fail(ERR_USAGE, "support vector machines need libsvm, which was not there when hopsack was built: install "
                           "libsvm-dev and build again, or name other methods (--method)");
}
#endif
