/* SPDX-License-Identifier: MIT
 *
 * param.h: the list of a model's parameter tensors. Layers declare theirs by name in `init`; values, gradients and
 * Adam's moments are flat arrays `real[list.size]` that share its offsets. Shapes are row-major, [out, in, …].
 *
 * A frozen tensor belongs to the model and its files but is not learned: no step, decay or penalty touches it, and its
 * gradient is not looked at. A step that would make a number of a nonnegative tensor negative makes it 0.
 */
#ifndef HOPSACK_PARAM_H
#define HOPSACK_PARAM_H

#include "core/real.h"
#include "core/status.h"

#include <stdbool.h>
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
    bool frozen, nonnegative;
} Param;

typedef struct {
    Param *param; /* [n] in declaration order */
    int n;
    size_t size; /* elements of all tensors together */
    int failed;  /* an allocation failed: said by param_check */

    /* In front of names that are declared, instead of their first word if that is the prefix's; NULL: none. "part.1."
     * makes "part.w" "part.1.w", and "x.w" "part.1.x.w". */
    const char *prefix;
} ParamList;

/* Declares a tensor and returns its place in a slab. `shape` ends with 0. */
size_t param_add(ParamList *list, const char *name, ParamInit init, double scale, const int *shape);
#define PARAM_SHAPE(...) ((const int[]){__VA_ARGS__, 0})
void param_freeze(ParamList *list, size_t at); /* the tensor that param_add put there is not learned */
/* It stays ≥ 0, and starts with `factor` times the sizes that it would have had. */
void param_nonnegative(ParamList *list, size_t at, double factor);
void param_project(const ParamList *list, real *theta); /* makes such tensors so; NaN stays NaN */

/* The next run of learned elements at or behind *at, as long as tensors side by side make it; returns its length, 0 if
 * there is none.   for (size_t at = 0, n; (n = param_run(list, &at)) > 0; at += n) … */
size_t param_run(const ParamList *list, size_t *at);
size_t param_learned(const ParamList *list); /* learned elements */

Status param_check(const ParamList *list);                           /* ERR_MEMORY if a declaration was lost */
const Param *param_find(const ParamList *list, const char *name);    /* NULL if there is none */
void param_start(const ParamList *list, real *theta, uint64_t seed); /* initial values: stream (seed, name, 0) */
void param_free(ParamList *list);

#endif
