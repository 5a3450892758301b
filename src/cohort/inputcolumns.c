/* SPDX-License-Identifier: MIT */
#include "cohort/inputcolumns.h"
#include "cohort/bagnumbers.h"
#include "cohort/genename.h"
#include "cohort/tablenumbers.h"
#include "core/log.h"
#include "data/bagfile/bagaudit.h"
#include "data/bagfile/cache.h"
#include "data/text/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARE 1e5 /* a share is compared with 1 / SHARE */

enum { SEQUENCES, LOG_DEPTH, CLONALITY, LARGEST, SINGLETONS, SMALLEST, LENGTH_MEAN, LENGTH_SD, N_SEQUENCE_NUMBER };
enum { INSTANCES, MEAN, SD, MIN, MAX, ZEROS, N_VECTOR_NUMBER };
enum { NUMBER_MOST = 8 };
_Static_assert((int)N_SEQUENCE_NUMBER <= (int)NUMBER_MOST && (int)N_VECTOR_NUMBER <= (int)NUMBER_MOST, "numbers fit");

static const char *const number_name[2][NUMBER_MOST] = {
    [BAG_SEQUENCES] = {[SEQUENCES] = "sequences",
                       [LOG_DEPTH] = "log_depth",
                       [CLONALITY] = "clonality",
                       [LARGEST] = "largest_clone",
                       [SINGLETONS] = "singletons",
                       [SMALLEST] = "smallest_count",
                       [LENGTH_MEAN] = "length_mean",
                       [LENGTH_SD] = "length_sd"},
    [BAG_VECTORS] = {[INSTANCES] = "instances",
                     [MEAN] = "value_mean",
                     [SD] = "value_sd",
                     [MIN] = "value_min",
                     [MAX] = "value_max",
                     [ZEROS] = "value_zeros"},
};

static int n_number(BagKind kind)
{
    return kind == BAG_SEQUENCES ? N_SEQUENCE_NUMBER : N_VECTOR_NUMBER;
}

static Status no_memory(void)
{
    return fail(ERR_MEMORY, "no memory for the numbers of bags (model.bag_inputs)");
}

/* ---- the list ---- */

static Status add(json_t *list, json_t *entry)
{
    return entry && json_array_append_new(list, entry) == 0 ? OK : no_memory();
}

/* Genes by their plain names, each once. */
static Status list_genes(json_t *list, const Cohort *c, int gene)
{
    Names plain = {0};
    Status status = OK;
    for (int k = 0; k < bagaudit_n_gene(c->file, gene); k++) {
        char name[GENENAME_ROOM];
        genename_plain(name, bagaudit_gene(c->file, gene, k));
        if (!*name || names_find(&plain, name, strlen(name)) >= 0) continue;
        if (names_number(&plain, name, strlen(name)) < 0) TRY_DONE(no_memory());
        TRY_DONE(add(list, json_pack("{s:s, s:s}", "name", name, "gene", gene ? "J" : "V")));
    }
done:
    names_free(&plain);
    return status;
}

static Status list_column(json_t *list, const Cohort *c, const char *column, const bool *use)
{
    TableNumbers t = {.cohort = c};
    Status status = tablenumbers_find(&t, column, use);
    for (int k = 0; status == OK && k < t.n; k++) {
        const TableNumber *n = &t.number[k];
        json_t *name = n->class ? json_sprintf("%s = %s", n->column, n->class) : json_string(n->column);
        status = add(list, json_pack("{s:o, s:s, s:s*}", "name", name, "column", n->column, "class", n->class));
    }
    tablenumbers_free(&t);
    return status;
}

static Status list_columns(json_t *list, const InputOptions *o, const Cohort *c)
{
    Status status = OK;
    bool *use = calloc((size_t)c->n + 1, sizeof *use);
    if (!use) return no_memory();
    for (int i = 0; i < c->n; i++) use[i] = cohort_labelled(c, i);
    for (int k = 0; status == OK && k < o->columns.n; k++) status = list_column(list, c, o->columns.text[k], use);
    free(use);
    return status;
}

static Status fill_list(json_t *list, const InputOptions *o, const Cohort *c)
{
    const BagKind kind = bagfile_spec(c->file)->kind;
    for (int k = 0; o->nuisance && k < n_number(kind); k++)
        TRY(add(list, json_pack("{s:s}", "name", number_name[kind][k])));
    if (o->genes && !bagfile_has_genes(c->file))
        return fail(ERR_CONFIG,
                    "model.bag_inputs.genes: %s has no V and J genes; leave it out, or import a table that "
                    "holds them",
                    bagfile_path(c->file));
    for (int gene = 0; o->genes && gene < 2; gene++) TRY(list_genes(list, c, gene));
    return list_columns(list, o, c);
}

Status inputcolumns_list(json_t **list, const InputOptions *o, const Cohort *c)
{
    *list = json_array();
    const Status status = *list ? fill_list(*list, o, c) : no_memory();
    if (status == OK) return OK;
    json_decref(*list);
    *list = NULL;
    return status;
}

/* ---- reading ---- */

/* Where the numbers of one list come from in a cohort. */
typedef struct {
    const Cohort *cohort;
    const json_t *list;
    int n;
    int *number;     /* [n] of the bag; -1: none of these */
    int *table;      /* [n] of `columns`; -1 */
    int *gene_of[2]; /* [names of the file] entry of the list; -1: none */
    TableNumbers columns;
    bool numbers, genes;
    Cache *cache; /* of vectors */
    int64_t *len, *count;
    int16_t *index; /* [2, n_max] genes */
} Reader;

static void reader_close(Reader *r)
{
    void *const owned[] = {r->number, r->table, r->gene_of[0], r->gene_of[1], r->len, r->count, r->index};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
    tablenumbers_free(&r->columns);
    cache_close(r->cache);
}

static const char *text_of(const Reader *r, int k, const char *key)
{
    return json_string_value(json_object_get(json_array_get(r->list, (size_t)k), key));
}

static int find_number(const char *name, BagKind kind)
{
    for (int k = 0; k < n_number(kind); k++)
        if (strcmp(name, number_name[kind][k]) == 0) return k;
    return -1;
}

static Status find_entry(Reader *r, int k, const char *of)
{
    const char *name = text_of(r, k, "name"), *column = text_of(r, k, "column");
    r->number[k] = r->table[k] = -1;
    if (!name) return fail(ERR_MODEL, "%s: its metadata has no sound 'bag_inputs'", of);
    if (text_of(r, k, "gene")) {
        r->genes = true;
        return OK;
    }
    if (column) {
        TRY(tablenumbers_add(&r->columns, column, text_of(r, k, "class")));
        r->table[k] = r->columns.n - 1;
        return OK;
    }
    r->number[k] = find_number(name, bagfile_spec(r->cohort->file)->kind);
    r->numbers = true;
    return r->number[k] >= 0 ? OK : fail(ERR_MODEL, "%s: its input '%.60s' is no number of these bags", of, name);
}

static int entry_of_gene(const Reader *r, const char *plain, int gene)
{
    for (int k = 0; *plain && k < r->n; k++) {
        const char *kind = text_of(r, k, "gene");
        if (kind && *kind == "VJ"[gene] && strcmp(text_of(r, k, "name"), plain) == 0) return k;
    }
    return -1;
}

/* The genes of the file that the list has. */
static Status find_genes(Reader *r, int gene, const char *of)
{
    const BagFile *file = r->cohort->file;
    const int n = bagfile_has_genes(file) ? bagaudit_n_gene(file, gene) : 0;
    int n_unknown = 0;
    r->gene_of[gene] = malloc(((size_t)n + 1) * sizeof *r->gene_of[gene]);
    if (!r->gene_of[gene]) return no_memory();
    for (int g = 0; g < n; g++) {
        char plain[GENENAME_ROOM];
        genename_plain(plain, bagaudit_gene(file, gene, g));
        r->gene_of[gene][g] = entry_of_gene(r, plain, gene);
        n_unknown += *plain && r->gene_of[gene][g] < 0;
    }
    if (n_unknown)
        log_warn("%s: %d of %d names of %c genes are unknown to %s, which ignores them", bagfile_path(file),
                 n_unknown, n, "VJ"[gene], of);
    return OK;
}

static Status reader_open(Reader *r, const json_t *list, const Cohort *c, const char *of)
{
    const size_t n = json_array_size(list), n_max = (size_t)bagfile_n_max(c->file) + 1;
    *r = (Reader){.cohort = c, .list = list, .n = (int)n, .columns = {.cohort = c}};
    r->number = malloc((n + 1) * sizeof *r->number);
    r->table = malloc((n + 1) * sizeof *r->table);
    r->len = malloc(n_max * sizeof *r->len);
    r->count = malloc(n_max * sizeof *r->count);
    r->index = malloc(2 * n_max * sizeof *r->index);
    if (!r->number || !r->table || !r->len || !r->count || !r->index) return no_memory();
    for (int k = 0; k < r->n; k++) TRY(find_entry(r, k, of));
    tablenumbers_report(&r->columns, of);
    if (r->genes && !bagfile_has_genes(c->file))
        log_warn("%s: it has no genes, whose use %s reads; the mean of the training bags stands for them",
                 bagfile_path(c->file), of);
    for (int gene = 0; r->genes && gene < 2; gene++) TRY(find_genes(r, gene, of));
    if (r->numbers && bagfile_spec(c->file)->kind == BAG_VECTORS) TRY(cache_open(&r->cache, c->file, COUNTS_NONE, 0));
    return OK;
}

/* ---- one bag ---- */

static void number_sequences(double *value, const int64_t *len, const int64_t *count, int n)
{
    BagCounts c;
    double sum = 0, square = 0;
    bagnumbers_counts(&c, count, n);
    for (int i = 0; i < n; i++) sum += (double)len[i], square += (double)len[i] * (double)len[i];
    value[SEQUENCES] = n;
    value[LOG_DEPTH] = log(c.depth);
    value[CLONALITY] = c.clonality;
    value[LARGEST] = c.largest;
    value[SINGLETONS] = c.singletons;
    value[SMALLEST] = c.smallest;
    value[LENGTH_MEAN] = sum / n;
    value[LENGTH_SD] = sqrt(fmax(square / n - sum / n * (sum / n), 0));
}

static Status number_vectors(double *value, Reader *r, int number)
{
    const Bag *bag;
    BagValues v;
    TRY(cache_bag(r->cache, &bag, number, 0));
    bagnumbers_values(&v, bag, bagfile_spec(r->cohort->file)->n_feat);
    value[INSTANCES] = bag->n;
    value[MEAN] = v.mean;
    value[SD] = v.sd;
    value[MIN] = v.min;
    value[MAX] = v.max;
    value[ZEROS] = v.zeros;
    return OK;
}

static Status read_numbers(real *row, Reader *r, int bag)
{
    double value[NUMBER_MOST] = {0};
    BagFile *file = r->cohort->file;
    if (!r->numbers) return OK;
    if (r->cache)
        TRY(number_vectors(value, r, bag));
    else {
        TRY(bagfile_read_sizes(r->len, r->count, file, bag));
        number_sequences(value, r->len, r->count, bagfile_n(file, bag));
    }
    for (int k = 0; k < r->n; k++)
        if (r->number[k] >= 0 && isfinite(value[r->number[k]])) row[k] = (real)value[r->number[k]];
    return OK;
}

/* A gene without a sequence has the share 0, unless no sequence of the bag has a gene. */
static void scale_genes(real *row, const Reader *r, int gene, const double *n_of, double known)
{
    for (int k = 0; k < r->n && known > 0; k++) {
        const char *kind = text_of(r, k, "gene");
        if (kind && *kind == "VJ"[gene]) row[k] = (real)log1p(SHARE * n_of[k] / known);
    }
}

static Status read_genes(real *row, double *n_of, Reader *r, int bag)
{
    const int n = bagfile_n(r->cohort->file, bag);
    if (!r->genes || !bagfile_has_genes(r->cohort->file)) return OK;
    TRY(bagfile_read_genes(r->index, r->index + n, r->cohort->file, bag));
    for (int gene = 0; gene < 2; gene++) {
        double known = 0;
        memset(n_of, 0, (size_t)r->n * sizeof *n_of);
        for (int i = 0; i < n; i++) {
            const int name = r->index[gene * n + i], k = name < 0 ? -1 : r->gene_of[gene][name];
            known += name >= 0;
            if (k >= 0) n_of[k]++;
        }
        scale_genes(row, r, gene, n_of, known);
    }
    return OK;
}

static Status read_bag(real *row, double *n_of, Reader *r, int member)
{
    const int bag = r->cohort->bag[member];
    for (int k = 0; k < r->n; k++) row[k] = (real)NAN;
    TRY(read_numbers(row, r, bag));
    TRY(read_genes(row, n_of, r, bag));
    for (int k = 0; k < r->n; k++)
        if (r->table[k] >= 0) row[k] = (real)tablenumbers_value(&r->columns, r->table[k], member);
    return OK;
}

Status inputcolumns_read(real **out, const json_t *list, const Cohort *c, const char *of)
{
    Reader r;
    const size_t n = json_array_size(list);
    Status status = OK;
    real *all = malloc((n * (size_t)c->n + 1) * sizeof *all);
    double *n_of = malloc((n + 1) * sizeof *n_of);
    *out = NULL;
    r = (Reader){0};
    if (!all || !n_of) TRY_DONE(no_memory());
    TRY_DONE(reader_open(&r, list, c, of));
    for (int i = 0; i < c->n; i++) TRY_DONE(read_bag(all + (size_t)c->bag[i] * n, n_of, &r, i));
    *out = all;
    all = NULL;
done:
    reader_close(&r);
    free(all);
    free(n_of);
    return status;
}
