/* SPDX-License-Identifier: MIT
 *
 * param.h: the list of a model's parameter tensors. Layers declare theirs by name in `init`; values, gradients and
 * Adam's moments are flat arrays `real[list.size]` that share its offsets. Shapes are row-major, [out, in, …].
 */
#ifndef HOPSACK_PARAM_H
#define HOPSACK_PARAM_H

#include "core/real.h"
#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/* How a tensor starts: constant `scale`; normal with standard deviation `scale`; uniform in ± `scale`. */
typedef enum { PARAM_CONSTANT, PARAM_NORMAL, PARAM_UNIFORM } ParamInit;

typedef struct {
    char name[88]; /* as in the model file */
    int n_dim, shape[4];
    size_t at, size; /* first element in a slab, and number of elements */
    ParamInit init;
    double scale;
} Param;

typedef struct {
    Param *param; /* [n] in declaration order */
    int n;
    size_t size; /* elements of all tensors together */
    int failed;  /* an allocation failed: said by param_check */
} ParamList;

/* Declares a tensor and returns its place in a slab. `shape` ends with 0. */
size_t param_add(ParamList *list, const char *name, ParamInit init, double scale, const int *shape);
#define PARAM_SHAPE(...) ((const int[]){__VA_ARGS__, 0})

Status param_check(const ParamList *list);                           /* ERR_MEMORY if a declaration was lost */
const Param *param_find(const ParamList *list, const char *name);    /* NULL if there is none */
void param_start(const ParamList *list, real *theta, uint64_t seed); /* initial values: stream (seed, name, 0) */
void param_free(ParamList *list);

#endif
