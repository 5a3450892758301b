/* SPDX-License-Identifier: MIT
 *
 * explain_tables.c: the tables of instances, of distinct sequences and of bags.
 */
#include "cohort/fisher.h"
#include "core/number.h"
#include "study/explain_parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tests ---- */

typedef struct {
    double p, q; /* one-sided; after Benjamini and Hochberg */
} Test;

/* Rows of one sequence whose bags have the same models ask the same. */
typedef struct {
    uint64_t group, hash;
    int row;
} Asked;

static int by_test(const void *a, const void *b)
{
    const Asked *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static Status open_fisher(Fisher *fisher, const Explain *e, uint64_t group)
{
    int n1 = 0, n0 = 0;
    for (int i = 0; i < e->cohort->n; i++) {
        if (!e->use[i] || e->group[i] != group) continue;
        const int label = explain_count_label(e, i);
        n1 += label == 1;
        n0 += label == 0;
    }
    fisher_close(fisher);
    return fisher_open(fisher, n1, n0);
}

/* p [*n_test] of each test once; at [n] which is a row's. */
static Status ask(double *p, int *n_test, int *at, const Explain *e, const Asked *asked, int n)
{
    Fisher fisher = {0};
    Status status = OK;
    *n_test = 0;
    for (int k = 0; k < n && status == OK; k++) {
        const Asked *now = &asked[k], *before = k ? &asked[k - 1] : NULL;
        const bool other_group = !before || before->group != now->group;
        if (other_group) status = open_fisher(&fisher, e, now->group);
        if (status == OK && (other_group || before->hash != now->hash)) {
            const ExplainCount *count = explain_count_of(e, now->hash, now->group);
            p[(*n_test)++] = pow(10, -fisher_enriched(&fisher, count->n_positive, count->n_negative));
        }
        at[now->row] = *n_test - 1;
    }
    fisher_close(&fisher);
    return status;
}

static Status test_rows(Test *test, const Explain *e, const ExplainList *list)
{
    const size_t n = (size_t)list->n + 1;
    int n_test, *at = malloc(n * sizeof *at);
    Asked *asked = malloc(n * sizeof *asked);
    double *p = malloc(n * sizeof *p), *q = malloc(n * sizeof *q);
    Status status = at && asked && p && q ? OK : fail(ERR_MEMORY, "no memory for the tests of %d rows", list->n);
    if (status == OK) {
        for (int k = 0; k < list->n; k++) asked[k] = (Asked){e->group[list->row[k].member], list->row[k].hash, k};
        qsort(asked, (size_t)list->n, sizeof *asked, by_test);
        status = ask(p, &n_test, at, e, asked, list->n);
    }
    if (status == OK) status = explain_count_adjust(q, p, n_test);
    for (int k = 0; k < list->n && status == OK; k++) test[k] = (Test){p[at[k]], q[at[k]]};
    free(at), free(asked), free(p), free(q);
    return status;
}

/* ---- rows ---- */

/* What the file has of a row. Rows come by contribution, so bags are read beforehand, each once. */
typedef struct {
    char *sequence, *v_call, *j_call;
    int64_t count;
} RowText;

static int by_member(const void *a, const void *b)
{
    const ExplainRow *x = *(const ExplainRow *const *)a, *y = *(const ExplainRow *const *)b;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    return (x > y) - (x < y);
}

static bool copy_text(RowText *out, const BagText *text, int i)
{
    out->sequence = strdup(text->sequence + (size_t)i * text->stride);
    out->v_call = strdup(text->v_call ? text->v_call[i] : "");
    out->j_call = strdup(text->j_call ? text->j_call[i] : "");
    out->count = text->count[i];
    return out->sequence && out->v_call && out->j_call;
}

static Status fill_texts(RowText *text, const Explain *e, const ExplainList *list, const ExplainRow **by)
{
    BagText bag = {0};
    Status status = OK;
    for (int k = 0; k < list->n; k++) by[k] = &list->row[k];
    qsort((void *)by, (size_t)list->n, sizeof *by, by_member);
    for (int k = 0; k < list->n && status == OK; k++) {
        if (k == 0 || by[k]->member != by[k - 1]->member) {
            bagtext_free(&bag);
            bag = (BagText){0};
            status = bagfile_read_text(&bag, e->cohort->file, e->cohort->bag[by[k]->member]);
        }
        if (status == OK && !copy_text(&text[by[k] - list->row], &bag, by[k]->row))
            status = fail(ERR_MEMORY, "no memory for %d sequences", list->n);
    }
    bagtext_free(&bag);
    return status;
}

static void free_texts(RowText *text, int n)
{
    for (int k = 0; text && k < n; k++) free(text[k].sequence), free(text[k].v_call), free(text[k].j_call);
    free(text);
}

/* *out [list->n], to be freed by free_texts; of vectors empty. */
static Status read_texts(RowText **out, const Explain *e, const ExplainList *list)
{
    RowText *text = *out = calloc((size_t)list->n + 1, sizeof *text);
    const ExplainRow **by = malloc(((size_t)list->n + 1) * sizeof *by);
    Status status = text && by ? OK : fail(ERR_MEMORY, "no memory for %d sequences", list->n);
    if (status == OK && e->sequences) status = fill_texts(text, e, list, by);
    free((void *)by);
    return status;
}

static void write_genes(TextOut *out, const RowText *text)
{
    textout_printf(out, "\t");
    textout_cell(out, text->v_call);
    textout_printf(out, "\t");
    textout_cell(out, text->j_call);
}

static void write_fold(TextOut *out, const Explain *e, int member)
{
    int repeat = -1, fold = -1, n = 0;
    for (int k = 0; k < e->apply->n_model && e->is_crossval; k++) {
        const SplitOptions *s = &e->apply->model[k].config.splits;
        if (!explain_source_is_new(e, k, member)) continue;
        n += n == 0 || s->repeat != repeat || s->fold != fold;
        repeat = s->repeat;
        fold = s->fold;
    }
    if (n == 1)
        textout_printf(out, "\t%d", fold);
    else
        textout_printf(out, "\t");
}

/* Of a stack, whose columns rank on scales of their own. */
static void write_column(TextOut *out, const Explain *e, const ExplainRow *row)
{
    if (!e->is_stack) return;
    textout_printf(out, "\t");
    textout_cell(out, e->column[row->column].name);
}

static void write_attention(TextOut *out, const ExplainRow *row)
{
    char buffer[NUMBER_ROOM];
    if (isnan(row->weight))
        textout_printf(out, "\t\t");
    else
        textout_printf(out, "\t%s\t%d", number_text_float(buffer, row->weight), row->rank);
}

static void write_row(TextOut *out, const Explain *e, const ExplainRow *row, int rank, const RowText *text)
{
    textout_printf(out, "%d\t", rank);
    textout_cell(out, e->cohort->id[row->member]);
    textout_printf(out, "\t%d", row->row);
    if (e->sequences) {
        textout_printf(out, "\t%s", text->sequence);
        write_genes(out, text);
        textout_printf(out, "\t%" PRId64, text->count);
    }
    textout_printf(out, "\t");
    textout_cell(out, e->question[row->question].name);
    textout_printf(out, "\t%.9g", row->part);
    write_attention(out, row);
}

static void write_test(TextOut *out, const Explain *e, const ExplainRow *row, const Test *test)
{
    const ExplainCount *count = explain_count_of(e, row->hash, e->group[row->member]);
    if (!explain_count_tests(e) || row->question > 0)
        textout_printf(out, "\t\t\t\t");
    else
        textout_printf(out, "\t%d\t%d\t%.4g\t%.4g", count->n_positive, count->n_negative, test->p, test->q);
}

static Status write_list(TextOut *out, const Explain *e, const ExplainList *list)
{
    const bool tests = e->sequences && explain_count_tests(e) && list->n > 0 && list->row[0].question == 0;
    RowText *text;
    Status status = read_texts(&text, e, list);
    Test *test = calloc((size_t)list->n + 1, sizeof *test);
    if (status == OK && !test) status = fail(ERR_MEMORY, "no memory for %d rows", list->n);
    if (status == OK && tests) status = test_rows(test, e, list);
    for (int k = 0; k < list->n && status == OK; k++) {
        const ExplainRow *row = &list->row[k];
        write_row(out, e, row, k + 1, &text[k]);
        if (e->sequences) write_test(out, e, row, &test[k]);
        write_fold(out, e, row->member);
        write_column(out, e, row);
        textout_printf(out, "\n");
    }
    free_texts(text, list->n);
    free(test);
    return status;
}

/* Tests on bags that the models have learned from say so. */
static void write_head(TextOut *out, const Explain *e)
{
    const char *seen = e->in->all ? "_seen" : "";
    textout_printf(out, "rank\tbag\tinstance\t%stask\tcontribution\tattention_weight\tattention_rank",
                   e->sequences ? "junction_aa\tv_call\tj_call\tduplicate_count\t" : "");
    if (e->sequences) textout_printf(out, "\tn_bags_positive\tn_bags_negative\tp_fisher%s\tq_bh%s", seen, seen);
    textout_printf(out, e->is_stack ? "\tfold\tmethod\n" : "\tfold\n");
}

static Status write_instances(const Explain *e)
{
    TextOut *out;
    TRY(explain_files_open(&out, e, e->sequences ? "sequences.tsv" : "instances.tsv"));
    write_head(out, e);
    for (int q = 0; q < e->n_question * e->n_rank; q++) TRY(write_list(out, e, &e->top[q]));
    return textout_check(out);
}

/* ---- other tables ---- */

static Status write_important_list(TextOut *out, const Explain *e, const ExplainList *list, int *rank)
{
    RowText *text;
    const Status status = read_texts(&text, e, list);
    for (int k = 0; k < list->n && status == OK; k++) {
        textout_printf(out, "%d\t%s", ++*rank, text[k].sequence);
        write_genes(out, &text[k]);
        textout_printf(out, "\t%.9g\t%d", list->row[k].part, explain_count_of(e, list->row[k].hash, 0)->n);
        write_column(out, e, &list->row[k]);
        textout_printf(out, "\n");
    }
    free_texts(text, list->n);
    return status;
}

static Status write_important(const Explain *e)
{
    TextOut *out;
    int rank = 0;
    TRY(explain_files_open(&out, e, "important_sequences.tsv"));
    textout_printf(out, "rank\tjunction_aa\tv_call\tj_call\tscore\tn_bags%s\n", e->is_stack ? "\tmethod" : "");
    for (int k = 0; k < e->n_rank; k++) TRY(write_important_list(out, e, &e->important[k], &rank));
    return textout_check(out);
}

static Status write_bags(const Explain *e)
{
    TextOut *out;
    TRY(explain_files_open(&out, e, "bags.tsv"));
    textout_printf(out, "bag\ttask\tscore\tbias\tcontributions\n");
    for (int i = 0; i < e->cohort->n; i++)
        for (int q = 0; e->use[i] && q < e->n_question; q++) {
            const Index at = (Index)i * e->n_question + q;
            textout_cell(out, e->cohort->id[i]);
            textout_printf(out, "\t");
            textout_cell(out, e->question[q].name);
            textout_printf(out, "\t%.9g", e->score[at]);
            if (isnan(e->sum[at]))
                textout_printf(out, "\t\t\n");
            else
                textout_printf(out, "\t%.9g\t%.9g\n", e->bias[at], e->sum[at]);
        }
    return textout_check(out);
}

/* Columns that the AIRR Rearrangement schema 1.4 requires, those without a value empty; then ours. */
#define AIRR_HEAD                                                                                                    \
    "sequence_id\tsequence\trev_comp\tproductive\tv_call\td_call\tj_call\tsequence_alignment\tgermline_alignment\t"  \
    "junction\tjunction_aa\tv_cigar\td_cigar\tj_cigar\tduplicate_count\trepertoire_id\thopsack_task\t"               \
    "hopsack_contribution\thopsack_attention\thopsack_score\n"

static void write_rearrangement(TextOut *out, const Explain *e, const ExplainRow *row, int rank, const RowText *text)
{
    textout_cell(out, e->cohort->id[row->member]);
    textout_printf(out, "_%d_%d_%d", row->row, row->question, rank);
    if (e->is_stack) textout_printf(out, "_%d", row->column);
    textout_printf(out, "\t\tF\tT\t");
    textout_cell(out, text->v_call);
    textout_printf(out, "\t\t");
    textout_cell(out, text->j_call);
    textout_printf(out, "\t\t\t\t%s\t\t\t\t%" PRId64 "\t", text->sequence, text->count);
    textout_cell(out, e->cohort->id[row->member]);
    textout_printf(out, "\t");
    textout_cell(out, e->question[row->question].name);
    textout_printf(out, "\t%.9g\t", row->part);
    if (!isnan(row->weight)) textout_printf(out, "%.9g", (double)row->weight);
    textout_printf(out, "\t");
    if (e->network || e->is_stack)
        textout_printf(out, "%.9g", e->score[(Index)row->member * e->n_question + row->question]);
    textout_printf(out, "\n");
}

static Status write_airr(const Explain *e)
{
    TextOut *out;
    Status status = OK;
    TRY(explain_files_open(&out, e, "rearrangements.tsv"));
    textout_printf(out, AIRR_HEAD);
    for (int q = 0; q < e->n_question * e->n_rank && status == OK; q++) {
        RowText *text;
        const ExplainList *list = &e->top[q];
        status = read_texts(&text, e, list);
        for (int k = 0; k < list->n && status == OK; k++) write_rearrangement(out, e, &list->row[k], k + 1, &text[k]);
        free_texts(text, list->n);
    }
    return status == OK ? textout_check(out) : status;
}

Status explain_tables(Explain *e)
{
    TRY(write_instances(e));
    if (e->sequences) TRY(write_important(e));
    if (e->network) TRY(write_bags(e));
    return e->in->airr && e->sequences ? write_airr(e) : OK;
}
