/* SPDX-License-Identifier: MIT
 *
 * rows_genes.c: how often a repertoire uses each V gene, each J gene and each pair of them: ln(1 + 100 000 · share of its
 * sequences), once with every sequence counting once and once by counts. Genes are known by their plain names
 * (cohort/genename.h), so that a model applies to a cohort whose file numbers or spells them otherwise.
 *
 * Shares of a gene differ by factors between people, so logarithms tell a shift of use better than shares do (docs/rivals.md).
 */
#include "cohort/genename.h"
#include "core/log.h"
#include "data/bagfile/bagaudit.h"
#include "data/text/names.h"
#include "rival/bagkernel_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MOST (1 << 20) /* of names; a file with more has names that are none */

#define SHARE 1e5 /* a share is compared with 1 / SHARE */

enum { CLONES, COUNTS, N_WEIGHT };
static const char *const weight_name[N_WEIGHT] = {"clones", "counts"};

/* The genes of one kind: of the names of the file, the plain ones. */
typedef struct {
    Names plain;
    int *of_name; /* [names of the file] number of the plain name; -1: unknown */
    bool *asked;  /* [plain.n] by a model */
    Names absent; /* asked by a model, and not in the file */
} GeneColumns;

/* row: for each weight V [n_v], J [n_j], pairs [n_v, n_j]. */
typedef struct {
    const Cohort *cohort;
    GeneColumns gene[2]; /* V, J */
    int n_v, n_j, stride;
    double *row;     /* [N_WEIGHT, stride] */
    int16_t *number; /* [2, n_max] */
    int64_t *len, *count;
} GenesReader;

static void close_reader(void *reader)
{
    GenesReader *r = reader;
    for (int g = 0; r && g < 2; g++) {
        names_free(&r->gene[g].plain);
        names_free(&r->gene[g].absent);
        free(r->gene[g].of_name);
        free(r->gene[g].asked);
    }
    if (r) free(r->row), free(r->number), free(r->len), free(r->count);
    free(r);
}

static Status no_memory(const GenesReader *r)
{
    return fail(ERR_MEMORY, "%s: no memory for gene usage", bagfile_path(r->cohort->file));
}

static Status read_names(GenesReader *r, int gene)
{
    char plain[GENENAME_ROOM];
    const int n = bagaudit_n_gene(r->cohort->file, gene);
    GeneColumns *g = &r->gene[gene];
    g->of_name = malloc(((size_t)n + 1) * sizeof *g->of_name);
    if (!g->of_name) return no_memory(r);
    for (int k = 0; k < n; k++) {
        genename_plain(plain, bagaudit_gene(r->cohort->file, gene, k));
        g->of_name[k] = *plain ? names_number(&g->plain, plain, strlen(plain)) : -1;
        if (*plain && g->of_name[k] < 0) return no_memory(r);
    }
    g->asked = calloc((size_t)g->plain.n + 1, sizeof *g->asked);
    return g->asked ? OK : no_memory(r);
}

static Status reserve(GenesReader *r)
{
    const size_t n_max = (size_t)bagfile_n_max(r->cohort->file) + 1;
    r->n_v = r->gene[0].plain.n;
    r->n_j = r->gene[1].plain.n;
    if ((int64_t)r->n_v * r->n_j > PAIRS_MOST)
        return fail(
            ERR_FORMAT,
            "%s: %d names of V genes and %d of J genes are too many for the rival genes; check the columns that "
            "were imported as genes",
            bagfile_path(r->cohort->file), r->n_v, r->n_j);
    r->stride = r->n_v + r->n_j + r->n_v * r->n_j;
    r->row = malloc((N_WEIGHT * (size_t)r->stride + 1) * sizeof *r->row);
    r->number = malloc(2 * n_max * sizeof *r->number);
    r->len = malloc(n_max * sizeof *r->len);
    r->count = malloc(n_max * sizeof *r->count);
    return r->row && r->number && r->len && r->count ? OK : no_memory(r);
}

static Status open_reader(void **out, const Cohort *cohort)
{
    GenesReader *r = calloc(1, sizeof *r);
    *out = r;
    if (!r) return fail(ERR_MEMORY, "no memory to read genes");
    r->cohort = cohort;
    if (!bagfile_has_genes(cohort->file))
        return fail(ERR_MODEL, "%s: has no genes, which a model of genes needs; import a table that has them",
                    bagfile_path(cohort->file));
    for (int g = 0; g < 2; g++) TRY(read_names(r, g));
    return reserve(r);
}

static int n_number(const void *reader)
{
    const GenesReader *r = reader;
    return N_WEIGHT * r->stride;
}

/* ---- reading ---- */

/* Nothing is known of the shares of genes where no sequence has one. */
static void scale(double *x, int n, double total)
{
    for (int k = 0; k < n; k++) x[k] = total > 0 ? log1p(SHARE * x[k] / total) : NAN;
}

static void add_bag(GenesReader *r, int n, int weight)
{
    double *v = r->row + (size_t)weight * (size_t)r->stride, *j = v + r->n_v, *pair = j + r->n_j;
    double n_v = 0, n_j = 0, n_pair = 0;
    memset(v, 0, (size_t)r->stride * sizeof *v);
    for (int i = 0; i < n; i++) {
        const int16_t raw_v = r->number[i], raw_j = r->number[n + i];
        const int of_v = raw_v < 0 ? -1 : r->gene[0].of_name[raw_v],
                  of_j = raw_j < 0 ? -1 : r->gene[1].of_name[raw_j];
        const double w = weight == COUNTS && r->count[i] > 1 ? (double)r->count[i] : 1;
        if (of_v >= 0) v[of_v] += w, n_v += w;
        if (of_j >= 0) j[of_j] += w, n_j += w;
        if (of_v >= 0 && of_j >= 0) pair[of_v * r->n_j + of_j] += w, n_pair += w;
    }
    scale(v, r->n_v, n_v);
    scale(j, r->n_j, n_j);
    scale(pair, r->n_v * r->n_j, n_pair);
}

static Status read_row(const double **row, void *reader, int member)
{
    GenesReader *r = reader;
    const int bag = r->cohort->bag[member], n = bagfile_n(r->cohort->file, bag);
    TRY(bagfile_read_sizes(r->len, r->count, r->cohort->file, bag));
    TRY(bagfile_read_genes(r->number, r->number + n, r->cohort->file, bag));
    for (int weight = 0; weight < N_WEIGHT; weight++) add_bag(r, n, weight);
    *row = r->row;
    return OK;
}

/* ---- columns ---- */

static json_t *describe(const void *reader, int k)
{
    const GenesReader *r = reader;
    const char *weight = weight_name[k / r->stride], *const *v = (const char *const *)r->gene[0].plain.text;
    const char *const *j = (const char *const *)r->gene[1].plain.text;
    const int own = k % r->stride;
    if (own < r->n_v)
        return json_pack("{s:o, s:s, s:s}", "name", json_sprintf("%s by %s", v[own], weight), "by", weight, "v",
                         v[own]);
    if (own < r->n_v + r->n_j)
        return json_pack("{s:o, s:s, s:s}", "name", json_sprintf("%s by %s", j[own - r->n_v], weight), "by", weight,
                         "j", j[own - r->n_v]);
    const int pair = own - r->n_v - r->n_j;
    return json_pack("{s:o, s:s, s:s, s:s}", "name",
                     json_sprintf("%s %s by %s", v[pair / r->n_j], j[pair % r->n_j], weight), "by", weight, "v",
                     v[pair / r->n_j], "j", j[pair % r->n_j]);
}

/* *k -1: no bag of the file has it. Its share is 0 then and not missing, because the output of a bag must not depend on the
 * bags that are predicted with it. */
static Status find_gene(int *k, GeneColumns *g, const char *name)
{
    *k = name ? names_find(&g->plain, name, strlen(name)) : -1;
    if (*k >= 0)
        g->asked[*k] = true;
    else if (name && names_number(&g->absent, name, strlen(name)) < 0)
        return fail(ERR_MEMORY, "no memory for the names of genes");
    return OK;
}

static Status find_number(int *k, void *reader, const json_t *column)
{
    GenesReader *r = reader;
    const char *v = json_string_value(json_object_get(column, "v")),
               *j = json_string_value(json_object_get(column, "j"));
    const char *by = json_string_value(json_object_get(column, "by"));
    int of_v, of_j;
    const int base = by && strcmp(by, weight_name[COUNTS]) == 0 ? r->stride : 0;
    *k = -1;
    TRY(find_gene(&of_v, &r->gene[0], v));
    TRY(find_gene(&of_j, &r->gene[1], j));
    if (v && j && of_v >= 0 && of_j >= 0) *k = base + r->n_v + r->n_j + of_v * r->n_j + of_j;
    if (v && !j && of_v >= 0) *k = base + of_v;
    if (j && !v && of_j >= 0) *k = base + r->n_v + of_j;
    return OK;
}

static void remark(const void *reader, const RivalModel *model)
{
    static const char letter[2] = {'V', 'J'};
    const GenesReader *r = reader;
    for (int g = 0; g < 2; g++) {
        int n_unknown = 0;
        const GeneColumns *own = &r->gene[g];
        for (int k = 0; k < own->plain.n; k++) n_unknown += !own->asked[k];
        if (n_unknown > 0)
            log_warn("%s: %d of %d %c genes are unknown to the model of %s, which ignores them",
                     bagfile_path(r->cohort->file), n_unknown, own->plain.n, letter[g], model->rival->name);
        if (own->absent.n > 0)
            log_warn("%s: %d %c genes that the model of %s weighs do not occur; their share is 0",
                     bagfile_path(r->cohort->file), own->absent.n, letter[g], model->rival->name);
    }
}

/* ---- the rival ---- */

static Status check(const Rival *rival, const Cohort *cohort, int n_class)
{
    (void)n_class;
    if (bagfile_has_genes(cohort->file)) return OK;
    return fail(ERR_FORMAT, "%s has no V and J genes, which the baseline %s compares; import a table that holds them",
                bagfile_path(cohort->file), rival->name);
}

static const RowsKind kind = {.open = open_reader,
                              .close = close_reader,
                              .n = n_number,
                              .read = read_row,
                              .describe = describe,
                              .find = find_number,
                              .remark = remark};

static const RowsDetail detail = {.kernel = &bagkernel_rows, .kind = &kind};

const Rival rival_genes = {
    .name = "genes",
    .line = "logistic regression on the usage of V genes, J genes and pairs of them",
    .cost = {15, 0, 0.1, 1.4, 0.25, 0, 0, 5, 0.05},
    .bags = BAG_SEQUENCES,
    .standard = true,
    .is_logit = true,
    .detail = &detail,
    .check = check,
    BAGKERNEL_FUNCTIONS,
};
