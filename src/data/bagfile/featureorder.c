/* SPDX-License-Identifier: MIT
 *
 * A bag is rearranged when it is read, so that nothing behind it knows of the file's order. Its hash is that of the
 * rearranged bag: the bags of a training set that come back with other columns first are still known.
 */
#include "data/bagfile/featureorder.h"
#include "core/shortlist.h"
#include "data/bagfile/bagparts.h"
#include "data/text/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTED 3 /* names in a sentence */

typedef struct {
    int32_t feature;
    float value;
} Number;

static bool same(const BagFile *file, const char *const *name, int n)
{
    bool equal = file->spec.n_feat == n;
    for (int f = 0; f < n && equal; f++) equal = strcmp(file->feature_name.text[f], name[f]) == 0;
    return equal;
}

/* place [n_feat of the file], -1: a feature the model does not know. ERR_FORMAT: a name stands twice. */
static Status match(int *place, const BagFile *file, Names *known)
{
    const int n = file->spec.n_feat, n_known = known->n;
    bool *taken = calloc((size_t)n_known + 1, sizeof *taken);
    Status status = taken ? OK : fail(ERR_MEMORY, "%s: no memory for %d features", bagfile_path(file), n);
    for (int f = 0; f < n && status == OK; f++) {
        const char *name = file->feature_name.text[f];
        place[f] = names_find(known, name, strlen(name));
        if (place[f] >= 0 && taken[place[f]])
            status = fail(ERR_FORMAT, "%s: two features are named '%.60s'; rename one and import again",
                          bagfile_path(file), name);
        else if (place[f] >= 0)
            taken[place[f]] = true;
    }
    free(taken);
    return status;
}

/* Names what is missing and what is too much. */
static Status check_all(const int *place, const BagFile *file, const char *const *name, int n, const char *model)
{
    Shortlist missing = {.most = LISTED}, extra = {.most = LISTED};
    bool *there = calloc((size_t)n + 1, sizeof *there);
    if (!there) return fail(ERR_MEMORY, "%s: no memory for %d features", bagfile_path(file), n);
    for (int f = 0; f < file->spec.n_feat; f++)
        if (place[f] >= 0)
            there[place[f]] = true;
        else
            shortlist_add(&extra, "'%.40s'", file->feature_name.text[f]);
    for (int f = 0; f < n; f++)
        if (!there[f]) shortlist_add(&missing, "'%.40s'", name[f]);
    free(there);
    if (missing.n + extra.n == 0) return OK;
    return fail(
        ERR_MODEL,
        "%s: the model reads features by name, and %s%s%s%s%s%s%s; import %s with the %d columns of the training "
        "data",
        model, bagfile_path(file), missing.n ? " lacks " : "", missing.text, missing.n && extra.n ? " and" : "",
        extra.n ? " has " : "", extra.text, extra.n ? ", which it does not know" : "", bagfile_path(file), n);
}

static Status rename_features(BagFile *file, const int *place)
{
    const size_t n = (size_t)file->spec.n_feat;
    const char **text = malloc((n + 1) * sizeof *text);
    if (!text) return fail(ERR_MEMORY, "%s: no memory for %zu features", bagfile_path(file), n);
    for (size_t f = 0; f < n; f++) text[place[f]] = file->feature_name.text[f];
    memcpy((void *)file->feature_name.text, (const void *)text, n * sizeof *text);
    free((void *)text);
    return OK;
}

static Status number_names(Names *out, const BagFile *file, const char *const *name, int n)
{
    for (int f = 0; f < n; f++) {
        const int number = names_number(out, name[f], strlen(name[f]));
        if (number < 0) return fail(ERR_MEMORY, "%s: no memory for %d features", bagfile_path(file), n);
        if (number < f)
            return fail(ERR_MODEL,
                        "%s: two features of the model are named '%.60s', so it reads only files with its "
                        "features in its order",
                        bagfile_path(file), name[f]);
    }
    return OK;
}

static Status set_order(BagFile *file, const char *const *name, int n, const char *model)
{
    Names known = {0};
    int *place = calloc((size_t)file->spec.n_feat + 1, sizeof *place);
    Status status = place ? number_names(&known, file, name, n)
                          : fail(ERR_MEMORY, "%s: no memory for %d features", bagfile_path(file), file->spec.n_feat);
    if (status == OK) status = match(place, file, &known);
    if (status == OK) status = check_all(place, file, name, n, model);
    if (status == OK) status = rename_features(file, place);
    if (status == OK) {
        file->place = place;
        memset(file->hashed, 0, (size_t)file->n_bag * sizeof *file->hashed); /* the content is another now */
    } else
        free(place);
    names_free(&known);
    return status;
}

Status featureorder_set(BagFile *file, const char *const *name, int n, const char *model)
{
    const bool again = file->ordered;
    file->ordered = true;
    if (file->feature_name.n <= 0 || same(file, name, n)) return OK;
    if (!again) return set_order(file, name, n, model);
    return fail(ERR_MODEL,
                "%s: reads other features than the models before it, or in another order; predict with it alone",
                model);
}

/* ---- rows ---- */

Status featureorder_dense(float *x, const BagFile *file, int n)
{
    const size_t n_feat = (size_t)file->spec.n_feat;
    if (!file->place) return OK;
    float *row = malloc(n_feat * sizeof *row);
    if (!row) return fail(ERR_MEMORY, "%s: no memory for %zu features", bagfile_path(file), n_feat);
    for (int i = 0; i < n; i++, x += n_feat) {
        memcpy(row, x, n_feat * sizeof *row);
        for (size_t f = 0; f < n_feat; f++) x[file->place[f]] = row[f];
    }
    free(row);
    return OK;
}

static int by_feature(const void *a, const void *b)
{
    const Number *x = a, *y = b;
    return (x->feature > y->feature) - (x->feature < y->feature);
}

Status featureorder_sparse(int32_t *feature, float *value, const BagFile *file, int n)
{
    if (!file->place) return OK;
    Number *row = malloc(((size_t)n + 1) * sizeof *row);
    if (!row) return fail(ERR_MEMORY, "%s: no memory for %d numbers", bagfile_path(file), n);
    for (int k = 0; k < n; k++) row[k] = (Number){file->place[feature[k]], value[k]};
    qsort(row, (size_t)n, sizeof *row, by_feature);
    for (int k = 0; k < n; k++) {
        feature[k] = row[k].feature;
        value[k] = row[k].value;
    }
    free(row);
    return OK;
}
