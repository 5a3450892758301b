/* SPDX-License-Identifier: MIT */
#include "data/sequences/survey.h"
#include "core/number.h"
#include "data/bagfile/bagfile.h"
#include "data/bagfile/baghash.h"
#include "data/text/cell.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static Status no_memory(const BagFile *file)
{
    return fail(ERR_MEMORY, "%s: no memory to look through it", bagfile_path(file));
}

/* Takes `value` over; NULL is out of memory, which json_object_set_new reports too. */
static Status put(json_t *object, const BagFile *file, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0 ? OK : no_memory(file);
}

static Status survey_sizes(json_t *out, const BagFile *file)
{
    const int n_bag = bagfile_n_bag(file);
    int *n = malloc((size_t)n_bag * sizeof *n);
    if (!n) return no_memory(file);
    for (int b = 0; b < n_bag; b++) n[b] = bagfile_n(file, b);
    qsort(n, (size_t)n_bag, sizeof *n, number_ascending_int);
    const double median = (n[(n_bag - 1) / 2] + (double)n[n_bag / 2]) / 2;
    const Status status = put(out, file, "instances_per_bag",
                              json_pack("{si sf si}", "min", n[0], "median", median, "max", n[n_bag - 1]));
    free(n);
    return status;
}

/* ---- sequences ---- */

typedef struct {
    int64_t n, len_min, len_max, count_min, count_max, ones;
    double len_sum, count_sum;
} Sums;

static void add_rows(Sums *s, const int64_t *len, const int64_t *count, int n)
{
    for (int i = 0; i < n; i++) {
        if (s->n == 0 || len[i] < s->len_min) s->len_min = len[i];
        if (s->n == 0 || len[i] > s->len_max) s->len_max = len[i];
        if (s->n == 0 || count[i] < s->count_min) s->count_min = count[i];
        if (s->n == 0 || count[i] > s->count_max) s->count_max = count[i];
        s->n++;
        s->ones += count[i] == 1;
        s->len_sum += (double)len[i];
        s->count_sum += (double)count[i];
    }
}

static Status sum_rows(Sums *s, BagFile *file)
{
    Status status = OK;
    int64_t *len = malloc((size_t)bagfile_n_max(file) * sizeof *len);
    int64_t *count = malloc((size_t)bagfile_n_max(file) * sizeof *count);
    if (!len || !count) TRY_DONE(no_memory(file));
    for (int b = 0; b < bagfile_n_bag(file); b++) {
        TRY_DONE(bagfile_read_sizes(len, count, file, b));
        add_rows(s, len, count, bagfile_n(file, b));
    }
done:
    free(len);
    free(count);
    return status;
}

static Status survey_sequences(json_t *out, BagFile *file)
{
    const BagSpec *spec = bagfile_spec(file);
    Sums s = {0};
    TRY(sum_rows(&s, file));
    TRY(put(out, file, "alphabet", json_string(spec->alphabet)));
    TRY(put(out, file, "region", json_string(spec->region)));
    TRY(put(out, file, "width", json_integer(spec->max_len)));
    TRY(put(out, file, "genes", json_boolean(bagfile_has_genes(file))));
    TRY(put(out, file, "length",
            json_pack("{sI sf sI}", "min", (json_int_t)s.len_min, "mean", s.len_sum / (double)s.n, "max",
                      (json_int_t)s.len_max)));
    return put(out, file, "count",
               json_pack("{sI sI sf sI}", "min", (json_int_t)s.count_min, "max", (json_int_t)s.count_max, "sum",
                         s.count_sum, "ones", (json_int_t)s.ones));
}

/* ---- vectors ---- */

static Status survey_vectors(json_t *out, const BagFile *file)
{
    const BagSpec *spec = bagfile_spec(file);
    const double numbers = (double)bagfile_n_total(file) * (double)spec->n_feat;
    TRY(put(out, file, "n_features", json_integer(spec->n_feat)));
    TRY(put(out, file, "named_features", json_boolean(bagfile_feature_names(file) != NULL)));
    TRY(put(out, file, "sparse", json_boolean(spec->sparse)));
    if (!spec->sparse) return OK;
    TRY(put(out, file, "nonzero", json_integer((json_int_t)bagfile_n_nonzero(file))));
    return put(out, file, "density", json_real((double)bagfile_n_nonzero(file) / numbers));
}

/* ---- labels ---- */

static int compare_text(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* Distinct values of sorted cells and how often each occurs; NULL in *values if they are many. */
static int count_values(json_t **values, const char **cell, int n)
{
    int distinct = 0;
    *values = json_object();
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(cell[end], cell[i]) == 0;) end++;
        if (++distinct <= SURVEY_VALUES) json_object_set_new(*values, cell[i], json_integer(end - i));
    }
    if (distinct > SURVEY_VALUES) {
        json_decref(*values);
        *values = NULL;
    }
    return distinct;
}

static json_t *survey_column(const Table *t, int column, const char **cell)
{
    json_t *values;
    int n = 0;
    for (int r = 0; r < t->n_row; r++)
        if (!cell_missing(table_cell(t, r, column))) cell[n++] = table_cell(t, r, column);
    qsort((void *)cell, (size_t)n, sizeof *cell, compare_text);
    const int distinct = count_values(&values, cell, n);
    return json_pack("{ss si si so*}", "name", t->column[column], "missing", t->n_row - n, "distinct", distinct,
                     "values", values);
}

static Status survey_columns(json_t *out, const BagFile *file)
{
    const Table *t = bagfile_columns(file);
    json_t *list = json_array();
    Status status = put(out, file, "columns", list);
    if (!t || status != OK) return status;
    const char **cell = malloc(((size_t)t->n_row + 1) * sizeof *cell);
    if (!cell) return no_memory(file);
    for (int c = 0; c < t->n_column && status == OK; c++)
        if (json_array_append_new(list, survey_column(t, c, cell)) != 0) status = no_memory(file);
    free((void *)cell);
    return status;
}

/* ---- equal bags ---- */

static Status survey_equal(json_t *out, BagFile *file)
{
    const int n = bagfile_n_bag(file);
    json_t *list = json_array();
    TRY(put(out, file, "equal_bags", list));
    Status status = OK;
    BagHash *order = malloc((size_t)n * sizeof *order);
    if (!order) return no_memory(file);
    for (int b = 0; b < n; b++) {
        order[b].bag = b;
        TRY_DONE(bagfile_hash(&order[b].hash, file, b));
    }
    qsort(order, (size_t)n, sizeof *order, baghash_order);
    for (int i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && order[end].hash == order[i].hash;) end++;
        if (end == i + 1) continue;
        json_t *same = json_array();
        for (int k = i; k < end; k++) json_array_append_new(same, json_string(bagfile_key(file, order[k].bag)));
        json_array_append_new(list, same);
    }
done:
    free(order);
    return status;
}

static Status survey_provenance(json_t *out, const BagFile *file)
{
    json_t *facts = bagfile_provenance(file) ? json_loads(bagfile_provenance(file), 0, NULL) : NULL;
    if (facts) {
        json_object_set_new(facts, "files",
                            json_integer((json_int_t)json_array_size(json_object_get(facts, "sources"))));
        json_object_del(facts, "sources");
        json_object_del(facts, "crc32");
    }
    return put(out, file, "provenance", facts ? facts : json_null());
}

static Status survey(json_t *out, BagFile *file)
{
    struct stat info = {0};
    const BagSpec *spec = bagfile_spec(file);
    if (stat(bagfile_path(file), &info) != 0) return fail(ERR_IO, "%s: cannot read", bagfile_path(file));
    TRY(put(out, file, "path", json_string(bagfile_path(file))));
    TRY(put(out, file, "bytes", json_integer((json_int_t)info.st_size)));
    TRY(put(out, file, "kind", json_string(spec->kind == BAG_SEQUENCES ? "sequences" : "vectors")));
    TRY(put(out, file, "bags", json_integer(bagfile_n_bag(file))));
    TRY(put(out, file, "instances", json_integer((json_int_t)bagfile_n_total(file))));
    TRY(survey_sizes(out, file));
    if (spec->kind == BAG_SEQUENCES)
        TRY(survey_sequences(out, file));
    else
        TRY(survey_vectors(out, file));
    TRY(survey_columns(out, file));
    TRY(survey_equal(out, file));
    return survey_provenance(out, file);
}

Status survey_dataset(json_t **out, const char *path)
{
    BagFile *file;
    TRY(bagfile_open(&file, path));
    *out = json_object();
    const Status status = *out ? survey(*out, file) : no_memory(file);
    bagfile_close(file);
    if (status != OK) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
