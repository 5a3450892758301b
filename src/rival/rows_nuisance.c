/* SPDX-License-Identifier: MIT
 *
 * rows_nuisance.c: what a bag is as a whole: its size, depth and clonality, or the distribution of its values; and columns
 * of the label table that the user names. A rival that is as good as the others from these numbers alone shows that they
 * may have learned no more.
 */
#include "cohort/bagnumbers.h"
#include "cohort/tablenumbers.h"
#include "data/bagfile/cache.h"
#include "rival/bagkernel_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SEQUENCES,
    LOG_DEPTH,
    CLONALITY,
    LARGEST,
    SINGLETONS,
    SMALLEST,
    LENGTH_MEAN,
    LENGTH_SD,
    NO_ENDS,
    N_SEQUENCE_NUMBER
};

static const char *const sequence_name[N_SEQUENCE_NUMBER] = {
    [SEQUENCES] = "sequences",     [LOG_DEPTH] = "log_depth",   [CLONALITY] = "clonality",
    [LARGEST] = "largest_clone",   [SINGLETONS] = "singletons", [SMALLEST] = "smallest_count",
    [LENGTH_MEAN] = "length_mean", [LENGTH_SD] = "length_sd",   [NO_ENDS] = "without_c_fw",
};

enum { INSTANCES, MEAN, SD, MIN, MAX, ZEROS, N_VECTOR_NUMBER };

static const char *const vector_name[N_VECTOR_NUMBER] = {
    [INSTANCES] = "instances", [MEAN] = "value_mean", [SD] = "value_sd",
    [MIN] = "value_min",       [MAX] = "value_max",   [ZEROS] = "value_zeros",
};

typedef struct {
    const Cohort *cohort;
    bool is_sequences;
    Cache *cache;       /* of vectors */
    TableNumbers table; /* columns */
    double *row;        /* [n of bag numbers + table.n] */
} NuisanceReader;

static int n_own(const NuisanceReader *r)
{
    return r->is_sequences ? N_SEQUENCE_NUMBER : N_VECTOR_NUMBER;
}

static void close_reader(void *reader)
{
    NuisanceReader *r = reader;
    if (!r) return;
    cache_close(r->cache);
    tablenumbers_free(&r->table);
    free(r->row);
    free(r);
}

static Status open_reader(void **out, const Cohort *cohort)
{
    NuisanceReader *r = calloc(1, sizeof *r);
    *out = r;
    if (!r) return fail(ERR_MEMORY, "no memory to read bags");
    *r = (NuisanceReader){.cohort = cohort,
                          .is_sequences = bagfile_spec(cohort->file)->kind == BAG_SEQUENCES,
                          .table = {.cohort = cohort},
                          .row = malloc(sizeof *r->row * (N_SEQUENCE_NUMBER + N_VECTOR_NUMBER))};
    if (!r->row) return fail(ERR_MEMORY, "no memory to read bags");
    return r->is_sequences ? OK : cache_open(&r->cache, cohort->file, COUNTS_NONE, 0); /* one bag at a time */
}

static int n_number(const void *reader)
{
    const NuisanceReader *r = reader;
    return n_own(r) + r->table.n;
}

static Status grow(NuisanceReader *r)
{
    double *row = realloc(r->row, ((size_t)n_number(r) + 1) * sizeof *row);
    if (!row) return fail(ERR_MEMORY, "no memory for %d numbers of a bag", n_number(r));
    r->row = row;
    return OK;
}

static Status add_columns(void *reader, const RivalBags *bags)
{
    NuisanceReader *r = reader;
    for (int k = 0; k < bags->columns.n; k++) TRY(tablenumbers_find(&r->table, bags->columns.text[k], bags->use));
    return grow(r);
}

/* ---- reading ---- */

static double finite_or_missing(double x)
{
    return isfinite(x) ? x : NAN;
}

static void set_counts(double *row, const BagText *text)
{
    BagCounts c;
    bagnumbers_counts(&c, text->count, text->n);
    row[SEQUENCES] = text->n;
    row[LOG_DEPTH] = log(c.depth);
    row[CLONALITY] = c.clonality;
    row[LARGEST] = c.largest;
    row[SINGLETONS] = c.singletons;
    row[SMALLEST] = c.smallest;
}

static bool lacks_ends(const char *sequence, size_t len)
{
    return len == 0 || sequence[0] != 'C' || (sequence[len - 1] != 'F' && sequence[len - 1] != 'W');
}

static void set_lengths(double *row, const BagText *text)
{
    double sum = 0, square = 0, n_without = 0;
    for (int i = 0; i < text->n; i++) {
        const char *sequence = text->sequence + (size_t)i * text->stride;
        const size_t len = strlen(sequence);
        sum += (double)len;
        square += (double)(len * len);
        n_without += lacks_ends(sequence, len);
    }
    const double mean = sum / text->n;
    row[LENGTH_MEAN] = mean;
    row[LENGTH_SD] = sqrt(fmax(square / text->n - mean * mean, 0));
    row[NO_ENDS] = n_without / text->n;
}

static Status read_sequences(NuisanceReader *r, int bag)
{
    BagText text;
    TRY(bagfile_read_text(&text, r->cohort->file, bag));
    set_counts(r->row, &text);
    set_lengths(r->row, &text);
    bagtext_free(&text);
    return OK;
}

static Status read_vectors(NuisanceReader *r, int number)
{
    const Bag *bag;
    BagValues v;
    TRY(cache_bag(r->cache, &bag, number, 0));
    bagnumbers_values(&v, bag, bagfile_spec(r->cohort->file)->n_feat);
    r->row[INSTANCES] = bag->n;
    r->row[MEAN] = v.mean;
    r->row[SD] = v.sd;
    r->row[MIN] = v.min;
    r->row[MAX] = v.max;
    r->row[ZEROS] = v.zeros;
    return OK;
}

static Status read_row(const double **row, void *reader, int member)
{
    NuisanceReader *r = reader;
    TRY(r->is_sequences ? read_sequences(r, r->cohort->bag[member]) : read_vectors(r, r->cohort->bag[member]));
    for (int k = 0; k < n_own(r); k++) r->row[k] = finite_or_missing(r->row[k]);
    for (int k = 0; k < r->table.n; k++) r->row[n_own(r) + k] = tablenumbers_value(&r->table, k, member);
    *row = r->row;
    return OK;
}

/* ---- columns ---- */

static json_t *describe(const void *reader, int k)
{
    const NuisanceReader *r = reader;
    if (k < n_own(r)) return json_pack("{s:s}", "name", r->is_sequences ? sequence_name[k] : vector_name[k]);
    const TableNumber *t = &r->table.number[k - n_own(r)];
    json_t *name = t->class ? json_sprintf("%s = %s", t->column, t->class) : json_string(t->column);
    return json_pack("{s:o, s:s, s:s*}", "name", name, "column", t->column, "class", t->class);
}

static Status find_number(int *k, void *reader, const json_t *column)
{
    NuisanceReader *r = reader;
    const char *name = json_string_value(json_object_get(column, "name"));
    const char *of_table = json_string_value(json_object_get(column, "column"));
    *k = -1;
    if (of_table) {
        TRY(tablenumbers_add(&r->table, of_table, json_string_value(json_object_get(column, "class"))));
        *k = n_number(r) - 1;
        return grow(r);
    }
    for (int i = 0; name && i < n_own(r); i++)
        if (strcmp(name, r->is_sequences ? sequence_name[i] : vector_name[i]) == 0) *k = i;
    return OK;
}

static void remark(const void *reader, const RivalModel *model)
{
    char of[64];
    const NuisanceReader *r = reader;
    snprintf(of, sizeof of, "the model of %s", model->rival->name);
    tablenumbers_report(&r->table, of);
}

/* ---- the rivals ---- */

static const RowsKind kind = {.dense = true,
                              .open = open_reader,
                              .close = close_reader,
                              .add_columns = add_columns,
                              .n = n_number,
                              .read = read_row,
                              .describe = describe,
                              .find = find_number,
                              .remark = remark};

static const RowsDetail detail = {.kernel = &bagkernel_rows, .kind = &kind};

const Rival rival_nuisance = {
    .name = "nuisance",
    .line = "logistic regression on size, depth, clonality and lengths of a repertoire",
    .cost = {15, 0, 0.07, 1.4, 0.18, 0, 0, 3, 0.01},
    .bags = BAG_SEQUENCES,
    .standard = true,
    .reads_columns = true,
    .is_logit = true,
    .detail = &detail,
    .single = bagkernel_single,
    BAGKERNEL_FUNCTIONS,
};

const Rival rival_nuisance_vectors = {
    .name = "nuisance-vectors",
    .line = "logistic regression on the size of a bag and the distribution of its values",
    .cost = {15, 0, 0.07, 1.4, 0.18, 0, 0, 3, 0.01},
    .bags = BAG_VECTORS,
    .reads_columns = true,
    .is_logit = true,
    .detail = &detail,
    .single = bagkernel_single,
    BAGKERNEL_FUNCTIONS,
};
