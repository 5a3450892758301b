/* SPDX-License-Identifier: MIT */
#include "core/param.h"
#include "core/rng.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name as it is kept. */
static void full_name(char out[sizeof((Param *)0)->name], const char *prefix, const char *name)
{
    const size_t first = prefix ? strcspn(prefix, ".") + 1 : 0;
    if (prefix && strncmp(prefix, name, first) == 0) name += first;
    const int n = snprintf(out, sizeof((Param *)0)->name, "%s%s", prefix ? prefix : "", name);
    assert(n < (int)sizeof((Param *)0)->name);
    (void)n;
}

size_t param_add(ParamList *list, const char *name, ParamInit init, double scale, const int *shape)
{
    Param p = {.at = list->size, .size = 1, .init = init, .scale = scale};
    full_name(p.name, list->prefix, name);
    assert(!param_find(list, p.name));
    for (; shape[p.n_dim]; p.n_dim++) {
        assert(p.n_dim < 4 && shape[p.n_dim] > 0);
        p.shape[p.n_dim] = shape[p.n_dim];
        p.size *= (size_t)shape[p.n_dim];
    }
    Param *grown = realloc(list->param, ((size_t)list->n + 1) * sizeof *grown);
    if (!grown) {
        list->failed = 1;
        return 0;
    }
    list->param = grown;
    list->param[list->n++] = p;
    list->size += p.size;
    return p.at;
}

/* NULL where its declaration was lost. */
static Param *declared(ParamList *list, size_t at)
{
    for (int i = list->n - 1; i >= 0; i--)
        if (list->param[i].at == at) return &list->param[i];
    assert(list->failed);
    return NULL;
}

void param_freeze(ParamList *list, size_t at)
{
    Param *p = declared(list, at);
    if (p) p->frozen = true;
}

void param_nonnegative(ParamList *list, size_t at, double factor)
{
    Param *p = declared(list, at);
    if (!p) return;
    p->nonnegative = true;
    p->scale *= factor;
}

void param_project(const ParamList *list, real *theta)
{
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        for (size_t j = p->at; p->nonnegative && j < p->at + p->size; j++)
            if (theta[j] < 0) theta[j] = 0;
    }
}

size_t param_run(const ParamList *list, size_t *at)
{
    size_t n = 0;
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        if (p->at < *at) continue;
        if (p->frozen && n > 0) break;
        if (p->frozen) continue;
        if (n == 0) *at = p->at;
        n += p->size;
    }
    return n;
}

size_t param_learned(const ParamList *list)
{
    size_t sum = 0;
    for (int i = 0; i < list->n; i++)
        if (!list->param[i].frozen) sum += list->param[i].size;
    return sum;
}

Status param_check(const ParamList *list)
{
    return list->failed ? fail(ERR_MEMORY, "no memory for the list of parameters") : OK;
}

const Param *param_find(const ParamList *list, const char *name)
{
    for (int i = 0; i < list->n; i++)
        if (strcmp(list->param[i].name, name) == 0) return &list->param[i];
    return NULL;
}

void param_start(const ParamList *list, real *theta, uint64_t seed)
{
    for (int i = 0; i < list->n; i++) {
        const Param *p = &list->param[i];
        Rng rng = rng_stream(seed, p->name, 0);
        for (size_t j = 0; j < p->size; j++) {
            double value = p->scale;
            if (p->init == PARAM_NORMAL) value *= rng_normal(&rng);
            if (p->init == PARAM_UNIFORM) value *= 2 * rng_uniform(&rng) - 1;
            if (p->nonnegative) value = fabs(value);
            theta[p->at + j] = (real)(float)value; /* the same start in both builds */
        }
    }
}

void param_free(ParamList *list)
{
    free(list->param);
    *list = (ParamList){0};
}
