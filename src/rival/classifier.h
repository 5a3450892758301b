/* SPDX-License-Identifier: MIT
 *
 * classifier.h: classifiers of rows of numbers, from libraries that the build may lack. A classifier is a descriptor.
 */
#ifndef HOPSACK_CLASSIFIER_H
#define HOPSACK_CLASSIFIER_H

#include "cohort/featurerows.h"

typedef struct {
    const FeatureRows *rows; /* scaled on the training rows */
    int n_used;              /* columns that are not constant */
    const int *train;        /* [n_train] rows */
    const int *label;        /* [n_train] 0 or 1, both occur */
    const int *test;         /* [n_test] rows */
    int n_train, n_test;
} ClassifierFold;

/* Laid out as liblinear's struct feature_node and libsvm's struct svm_node. */
typedef struct {
    int index; /* column + 1; -1 ends a row */
    double value;
} ClassifierNode;

/* What was learned, on scaled rows: Σ_k weight_k x_k + intercept, or Σ_i coefficient_i exp(-gamma |x - x_i|²) + intercept over
 * training rows. */
typedef struct {
    double *weight; /* [n_column] the caller's; columns that are constant have 0 */
    double intercept, gamma;
    double *coefficient; /* [n_train] the caller's; 0: no support vector */
} ClassifierModel;

typedef struct {
    const ClassifierFold *fold;
    ClassifierNode **train, **test; /* [n_train], [n_test] rows */
    double *y;                      /* [n_train] 1 or -1 */
    double cost;                    /* C */
    ClassifierModel *model;         /* NULL: not wanted */
} ClassifierInput;

typedef struct {
    const char *library; /* what it needs, as Debian names it */
    bool is_built;       /* was it there when hopsack was built? */
    bool is_linear;      /* its model has weights; else coefficients */
    bool is_logit;       /* scores are logits; else only their order and sign mean something */
    double bias;         /* the number of one more column, number n_column, the same in all rows; 0: none */
    void (*start)(void); /* once, before threads */
    Status (*fit)(double *score, const ClassifierInput *in);
} Classifier;

extern const Classifier classifier_logistic, classifier_svm;
extern const Classifier classifier_l1; /* one thread at a time */

/* score [n_test], larger where the row is rather of class 1. Threads may call it at the same time, and the same fold
 * gives the same scores. */
Status classifier_run(double *score, const Classifier *classifier, const ClassifierFold *fold, double cost);

/* The same, and what was learned: `model` gets the numbers of its kind (is_linear); its arrays are 0 beforehand. */
Status classifier_learn(double *score, ClassifierModel *model, const Classifier *classifier,
                        const ClassifierFold *fold, double cost);

#endif
