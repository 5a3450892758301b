/* SPDX-License-Identifier: MIT
 *
 * explain_truth.c: contributions as a ranking of instances, against known carriers: the truth file of `hopsack simulate`.
 *
 * Instances of large cohorts are not kept: scores fall into bins of equal leading bits, four in ten thousand wide, and those of
 * one bin count as tied: as if they came in random order.
 */
#include "data/text/table.h"
#include "study/explain_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BITS 21 /* of a float's 32, the sign and the exponent among them */
#define BINS (1 << BITS)

typedef struct {
    uint32_t all[BINS], true_ones[BINS];
} TruthBins;

struct ExplainTruth {
    uint64_t *carrier; /* [n] member and row, sorted */
    size_t n;
    TruthBins *part, *attention; /* of question 0 */
    int64_t n_true, n_all;       /* in the bags that were explained */
};

static uint64_t key_of(int member, int row)
{
    return (uint64_t)member << 32 | (uint32_t)row;
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* ---- reading ---- */

static int member_of(const Explain *e, const char *bag, int start)
{
    for (int k = 0; k < e->cohort->n; k++) {
        const int i = (start + k) % e->cohort->n;
        if (strcmp(e->cohort->id[i], bag) == 0 || strcmp(bagfile_key(e->cohort->file, e->cohort->bag[i]), bag) == 0)
            return i;
    }
    return -1;
}

static Status read_carriers(Explain *e, const Table *t)
{
    ExplainTruth *truth = e->truth;
    const int bag = table_column(t, "bag"), instance = table_column(t, "instance");
    int last = 0;
    if (bag < 0 || instance < 0)
        return fail(ERR_FORMAT, "%s: columns 'bag' and 'instance' are needed, as hopsack simulate writes them",
                    t->path);
    for (int r = 0; r < t->n_row; r++) {
        char *end;
        const char *cell = table_cell(t, r, instance);
        const long row = strtol(cell, &end, 10);
        const int member = member_of(e, table_cell(t, r, bag), last);
        if (*end || end == cell || row < 0)
            return fail(ERR_FORMAT, "%s: row %d: '%.40s' is no number of an instance", t->path, r + 1, cell);
        if (member < 0) continue;
        last = member;
        if (row >= bagfile_n(e->cohort->file, e->cohort->bag[member]))
            return fail(ERR_FORMAT, "%s: row %d: bag '%.60s' has no instance %ld; is it the truth of these data?",
                        t->path, r + 1, table_cell(t, r, bag), row);
        truth->carrier[truth->n++] = key_of(member, (int)row);
    }
    qsort(truth->carrier, truth->n, sizeof *truth->carrier, by_key);
    if (truth->n > 0) return OK;
    return fail(ERR_FORMAT, "%s: none of its bags is in the data; is it the truth of these data?", t->path);
}

Status explain_truth_open(Explain *e)
{
    Table table;
    TRY(table_read(&table, e->in->truth));
    ExplainTruth *t = e->truth = calloc(1, sizeof *t);
    Status status = OK;
    if (t) {
        t->carrier = malloc(((size_t)table.n_row + 1) * sizeof *t->carrier);
        t->part = calloc(1, sizeof *t->part);
        t->attention = calloc(1, sizeof *t->attention);
    }
    if (!t || !t->carrier || !t->part || !t->attention) status = fail(ERR_MEMORY, "no memory for the truth");
    if (status == OK) status = read_carriers(e, &table);
    table_free(&table);
    return status;
}

void explain_truth_free(ExplainTruth *t)
{
    if (!t) return;
    free(t->carrier), free(t->part), free(t->attention);
    free(t);
}

/* ---- bins ---- */

/* Larger numbers have larger bins. */
static uint32_t bin_of(double x)
{
    const float f = (float)x;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return bits >> (32 - BITS);
}

static void drop_into(TruthBins *h, double x, bool is_true)
{
    const uint32_t bin = bin_of(x);
    h->all[bin]++;
    h->true_ones[bin] += is_true;
}

void explain_truth_add(Explain *e, int question, int member, const double *part, const double *weight, int n)
{
    ExplainTruth *t = e->truth;
    if (question != 0) return;
    for (int i = 0; i < n; i++) {
        const uint64_t key = key_of(member, i);
        const bool is_true = bsearch(&key, t->carrier, t->n, sizeof key, by_key) != NULL;
        drop_into(t->part, part[i], is_true);
        if (weight) drop_into(t->attention, weight[i], is_true);
        t->n_true += is_true;
        t->n_all++;
    }
}

/* True ones among the first n, and average precision: Σ over true ones of precision there / their number. */
static double hits(const TruthBins *h, int64_t n)
{
    double found = 0;
    for (int b = BINS - 1; b >= 0 && n > 0; b--) {
        if (h->all[b] == 0) continue;
        const double share = n < h->all[b] ? (double)n / h->all[b] : 1;
        found += share * h->true_ones[b];
        n -= h->all[b];
    }
    return found;
}

static double average_precision(const TruthBins *h, int64_t n_true)
{
    double sum = 0, before = 0, true_before = 0;
    for (int b = BINS - 1; b >= 0; b--) {
        const double n = h->all[b], k = h->true_ones[b];
        for (double j = 1; j <= k; j++) sum += (true_before + j) / (before + j * (n + 1) / (k + 1));
        before += n;
        true_before += k;
    }
    return n_true > 0 ? sum / (double)n_true : NAN;
}

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

Status explain_truth_score(json_t **out, const Explain *e)
{
    const ExplainTruth *t = e->truth;
    const double found = hits(t->part, t->n_true), n = (double)t->n_true;
    const int64_t top = e->top[0].n;
    *out = json_pack("{s:I, s:I, s:o, s:o, s:o, s:o}", "carriers", (json_int_t)t->n_true, "instances",
                     (json_int_t)t->n_all, "precision_at_carriers", number(found / n), "precision_at_top",
                     number(hits(t->part, top) / (double)top), "recall_at_top", number(hits(t->part, top) / n),
                     "average_precision", number(average_precision(t->part, t->n_true)));
    if (!*out) return fail(ERR_MEMORY, "no memory for the scores");
    if (!e->network) return OK;
    json_object_set_new(*out, "average_precision_attention", number(average_precision(t->attention, t->n_true)));
    json_object_set_new(*out, "precision_at_carriers_attention", number(hits(t->attention, t->n_true) / n));
    return OK;
}
