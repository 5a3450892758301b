/* SPDX-License-Identifier: MIT */
#include "rival/rivaltop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_ROOM 256

/* A weight, and what it is of. */
typedef struct {
    double weight;
    int64_t feature;
    int output;
} TopWeight;

typedef struct {
    const RivalModel *model;
    const char *alphabet;
    const double *weight; /* [n_out, n] */
    int64_t n;
    int n_out;
    TopWeight *top; /* [n_top] */
    int n_top, room;
} TopList;

/* ---- weights ---- */

static const Tensor *tensor_of(const RivalModel *m, const char *name, TensorType type)
{
    for (int k = 0; k < m->n_tensor; k++)
        if (strcmp(m->tensor[k].name, name) == 0 && m->tensor[k].type == type) return &m->tensor[k];
    return NULL;
}

/* False: there are none. */
static bool find_weights(TopList *l)
{
    static const char *const names[] = {"v", "weight", "log_p", "log_odds", NULL};
    const Tensor *t = NULL;
    for (const char *const *name = names; *name && !t; name++) t = tensor_of(l->model, *name, TENSOR_F64);
    if (!t || t->n_dim < 1 || t->n_dim > 2) return false;
    l->weight = t->data;
    l->n_out = t->n_dim == 2 ? (int)t->shape[0] : 1;
    l->n = t->shape[t->n_dim - 1];
    return true;
}

/* Sorted by insertion; of equal ones the first stays ahead. */
static void insert(TopList *l, TopWeight w)
{
    int at = l->n_top < l->room ? l->n_top++ : l->room;
    while (at > 0 && fabs(w.weight) > fabs(l->top[at - 1].weight)) {
        if (at < l->room) l->top[at] = l->top[at - 1];
        at--;
    }
    if (at < l->room) l->top[at] = w;
}

static void choose(TopList *l)
{
    for (int o = 0; o < l->n_out; o++)
        for (int64_t k = 0; k < l->n; k++) {
            const double w = l->weight[(int64_t)o * l->n + k];
            if (w != 0 && isfinite(w)) insert(l, (TopWeight){w, k, o});
        }
}

/* ---- names ---- */

/* Line `number` of the tensor `sequences`; false: it has none. */
static bool name_sequence(char name[NAME_ROOM], const TopList *l, int64_t number)
{
    const Tensor *t = tensor_of(l->model, "sequences", TENSOR_U8);
    const char *text = t ? t->data : NULL, *end = t ? text + t->shape[0] : NULL;
    for (; text && text < end && number > 0; number--) {
        text = memchr(text, '\n', (size_t)(end - text));
        if (text) text++;
    }
    const char *stop = text && text < end ? memchr(text, '\n', (size_t)(end - text)) : NULL;
    if (stop) snprintf(name, NAME_ROOM, "%.*s", (int)(stop - text), text);
    return stop != NULL;
}

/* A feature of vectors: the statistics follow one another. */
static bool name_statistic(char name[NAME_ROOM], const TopList *l, int64_t number)
{
    static const char *const word[] = {"mean", "max", "min"};
    const int64_t n_feat = json_integer_value(json_object_get(l->model->facts, "n_feat"));
    if (n_feat < 1 || l->n != 3 * n_feat) return false;
    const json_t *list = json_object_get(l->model->facts, "features");
    const char *of = json_string_value(json_array_get(list, (size_t)(number % n_feat)));
    if (of)
        snprintf(name, NAME_ROOM, "%s of %.200s", word[number / n_feat], of);
    else
        snprintf(name, NAME_ROOM, "%s of feature %lld", word[number / n_feat], (long long)(number % n_feat));
    return true;
}

static bool name_column(char name[NAME_ROOM], const TopList *l, int64_t number)
{
    const json_t *column = json_array_get(json_object_get(l->model->facts, "columns"), (size_t)number);
    const char *text = json_string_value(json_object_get(column, "name"));
    if (text) snprintf(name, NAME_ROOM, "%s", text);
    return text != NULL;
}

static json_t *row_json(const TopList *l, const TopWeight *w)
{
    char name[NAME_ROOM] = "";
    const Rival *rival = l->model->rival;
    const bool is_named =
        name_sequence(name, l, w->feature) || name_column(name, l, w->feature) || name_statistic(name, l, w->feature);
    if (!is_named && rival->name_feature) rival->name_feature(name, sizeof name, rival, w->feature, l->alphabet);
    json_t *row = json_pack("{s:s, s:f}", "feature", name, "weight", w->weight);
    if (l->n_out > 1) json_object_set_new(row, "output", json_integer(w->output));
    return row;
}

Status rivaltop_make(json_t **out, const RivalModel *model, const char *alphabet, int n)
{
    TopList l = {.model = model, .alphabet = alphabet, .room = n, .top = calloc((size_t)n + 1, sizeof *l.top)};
    *out = json_array();
    if (!*out || !l.top) {
        free(l.top);
        json_decref(*out);
        *out = NULL;
        return fail(ERR_MEMORY, "no memory for %d features", n);
    }
    if (find_weights(&l)) choose(&l);
    for (int k = 0; k < l.n_top; k++) json_array_append_new(*out, row_json(&l, &l.top[k]));
    free(l.top);
    return OK;
}
