/* SPDX-License-Identifier: MIT */
#include "rival/classifier.h"

#include <stdlib.h>

/* Rows end to end. */
typedef struct {
    ClassifierNode *node;
    ClassifierNode **row; /* [n] */
} Nodes;

static Status convert(Nodes *out, const FeatureRows *rows, const int *which, int n, double bias)
{
    size_t total = 0;
    for (int i = 0; i < n; i++) total += rows->start[which[i] + 1] - rows->start[which[i]] + 2;
    out->node = malloc((total + 1) * sizeof *out->node);
    out->row = malloc(((size_t)n + 1) * sizeof *out->row);
    if (!out->node || !out->row) return fail(ERR_MEMORY, "no memory for the features of %d bags", n);
    ClassifierNode *at = out->node;
    for (int i = 0; i < n; i++) {
        out->row[i] = at;
        for (size_t e = rows->start[which[i]]; e < rows->start[which[i] + 1]; e++)
            *at++ = (ClassifierNode){rows->column[e] + 1, rows->value[e]};
        if (bias != 0) *at++ = (ClassifierNode){rows->n_column + 1, bias};
        *at++ = (ClassifierNode){-1, 0};
    }
    return OK;
}

static void release(Nodes *n)
{
    free(n->node);
    free(n->row);
}

Status classifier_learn(double *score, ClassifierModel *model, const Classifier *classifier,
                        const ClassifierFold *fold, double cost)
{
    Nodes train = {0}, test = {0};
    Status status;
    double *y = malloc(((size_t)fold->n_train + 1) * sizeof *y);
    if (!y) TRY_DONE(fail(ERR_MEMORY, "no memory for %d labels", fold->n_train));
    for (int i = 0; i < fold->n_train; i++) y[i] = fold->label[i] ? 1 : -1;
    TRY_DONE(convert(&train, fold->rows, fold->train, fold->n_train, classifier->bias));
    TRY_DONE(convert(&test, fold->rows, fold->test, fold->n_test, classifier->bias));
    const ClassifierInput in = {
        .fold = fold, .train = train.row, .test = test.row, .y = y, .cost = cost, .model = model};
    TRY_DONE(classifier->fit(score, &in));
done:
    release(&train);
    release(&test);
    free(y);
    return status;
}

Status classifier_run(double *score, const Classifier *classifier, const ClassifierFold *fold, double cost)
{
    return classifier_learn(score, NULL, classifier, fold, cost);
}
