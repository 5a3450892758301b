/* SPDX-License-Identifier: MIT
 *
 * explain_bags.c: contributions of every bag's instances, of which the largest are kept.
 */
#include "core/log.h"
#include "model/select.h"
#include "study/explain_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

static int by_part(const void *a, const void *b)
{
    const ExplainRow *x = a, *y = b;
    if (x->part != y->part) return x->part > y->part ? -1 : 1;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    if (x->member != y->member) return x->member < y->member ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_hash(const void *a, const void *b)
{
    const ExplainRow *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return by_part(a, b);
}

void explain_list_settle(ExplainList *list)
{
    int n = 0;
    if (list->distinct) {
        qsort(list->row, (size_t)list->n, sizeof *list->row, by_hash);
        for (int k = 0; k < list->n; k++)
            if (k == 0 || list->row[k].hash != list->row[k - 1].hash) list->row[n++] = list->row[k];
        list->n = n;
    }
    qsort(list->row, (size_t)list->n, sizeof *list->row, by_part);
    if (list->n > list->most) list->n = list->most;
    if (list->n == list->most && list->n > 0) list->worst = list->row[list->n - 1].part;
}

static bool is_wanted(const ExplainList *list, double part)
{
    return part > 0 && list->most > 0 && !(list->n >= list->most && part < list->worst);
}

static void add(ExplainList *list, const ExplainRow *row)
{
    if (list->n == list->room) explain_list_settle(list);
    if (is_wanted(list, row->part)) list->row[list->n++] = *row;
}

/* ---- attention ---- */

static bool has_say(const Explain *e, int question, int column, int model)
{
    return e->column_of[model] == column && explain_source_factor(e, question, model) != 0;
}

/* Mean over the columns, added to weight [n] by row. */
static void add_attention(Explain *e, int model, int n, double share)
{
    const Index n_column = mil_n_column(e->apply->model[model].mil);
    const MilAttention *attention = attribution_attention(e->network[model]);
    for (Index i = 0; i < n; i++)
        for (Index k = 0; k < n_column; k++)
            e->weight[i] += share * (double)attention->weight[i * n_column + k] / (double)n_column;
}

static void rank_attention(Explain *e, int n)
{
    for (int i = 0; i < n; i++) e->order[i] = e->places[i] = i, e->ranked[i] = (real)e->weight[i];
    select_order(e->order, n, e->ranked, 1, e->places);
    for (int k = 0; k < n; k++) e->places[e->order[k]] = k + 1;
}

/* ---- contributions ---- */

static void add_network(Explain *e, int model, int question, int member, int n)
{
    AttributionSum sum;
    double total = 0;
    const double offset = explain_source_offset(e, model, question),
                 factor = explain_source_factor(e, question, model);
    explain_source_direction(e, e->direction, model, question);
    attribution_divide(e->one, &sum, e->network[model], e->direction);
    explain_heads_divide(e, model, question);
    if (question == 0 && e->kernels) explain_kernels_add(e, model, member);
    const Index at = (Index)member * e->n_question + question;
    for (int i = 0; i < n; i++) {
        e->part[i] += e->one[i] * factor;
        total += e->one[i];
    }
    if (!e->is_stack) e->score[at] += (sum.score + offset) * factor;
    e->sum[at] += total * factor;
    e->bias[at] += (sum.bias + offset) * factor;
    e->worst_sum = fmax(e->worst_sum, fabs(sum.score - sum.bias - total) / fmax(1, fabs(sum.score)));
}

static Status add_method(Explain *e, int model, int question, int member, int n)
{
    const ExplainQuestion *q = &e->question[question];
    const double factor = explain_source_factor(e, question, model);
    const Rival *rival = e->column[e->column_of[model]].rival;
    TRY(rival->rank(e->one, e->applier[model], member, q->class < 0 ? 0 : q->class));
    for (int i = 0; i < n; i++) e->part[i] += e->one[i] * factor;
    return OK;
}

static void offer(Explain *e, int question, int column, int member, const BagText *text)
{
    const int n = bagfile_n(e->cohort->file, e->cohort->bag[member]), list = e->column[column].list;
    ExplainList *top = &e->top[question * e->n_rank + list], *important = &e->important[list];
    for (int i = 0; i < n; i++) {
        const bool first = question == 0 && e->sequences && is_wanted(important, e->part[i]);
        if (!first && !is_wanted(top, e->part[i])) continue;
        const ExplainRow row = {.part = e->part[i],
                                .hash = e->sequences ? bagtext_hash(text, i) : 0,
                                .member = member,
                                .row = i,
                                .question = question,
                                .column = column,
                                .weight = e->column[column].is_network ? (float)e->weight[i] : NAN,
                                .rank = e->places[i]};
        add(top, &row);
        if (first) add(important, &row);
    }
}

/* Mean over the networks of a column that have a say. Without a stack it is the same for all questions. */
static void find_attention(Explain *e, int question, int column, int n)
{
    int n_network = 0;
    if (question > 0 && !e->is_stack) return;
    memset(e->weight, 0, (size_t)n * sizeof *e->weight);
    for (int k = 0; k < e->n_models; k++) n_network += has_say(e, question, column, e->models[k]);
    for (int k = 0; k < e->n_models; k++)
        if (has_say(e, question, column, e->models[k])) add_attention(e, e->models[k], n, 1. / n_network);
    rank_attention(e, n);
}

/* Contributions by the models of one column. */
static Status explain_column(Explain *e, int question, int column, int member, const BagText *text)
{
    const int n = bagfile_n(e->cohort->file, e->cohort->bag[member]);
    int n_model = 0;
    memset(e->part, 0, (size_t)n * sizeof *e->part);
    for (int k = 0; k < e->n_models; k++) {
        const int model = e->models[k];
        if (!has_say(e, question, column, model)) continue;
        n_model++;
        if (e->column[column].is_network)
            add_network(e, model, question, member, n);
        else
            TRY(add_method(e, model, question, member, n));
    }
    if (n_model == 0) return OK;
    if (e->column[column].is_network) find_attention(e, question, column, n);
    offer(e, question, column, member, text);
    if (e->truth) explain_truth_add(e, question, member, e->part, e->column[column].is_network ? e->weight : NULL, n);
    return OK;
}

/* Of a stack, what the contributions of networks leave is bias; without networks there is neither. */
static Status explain_question(Explain *e, int question, int member, const BagText *text)
{
    const Index at = (Index)member * e->n_question + question;
    for (int c = 0; c < e->n_column; c++)
        if (e->column[c].list >= 0) TRY(explain_column(e, question, c, member, text));
    if (!e->is_stack) return OK;
    bool has_network = false;
    for (int k = 0; k < e->n_models; k++)
        has_network |=
            e->column[e->column_of[e->models[k]]].is_network && explain_source_factor(e, question, e->models[k]) != 0;
    e->sum[at] = has_network ? e->sum[at] : NAN;
    e->bias[at] = e->score[at] - e->sum[at];
    return OK;
}

static Status explain_member(Explain *e, int member)
{
    BagText text = {0};
    Status status = OK;
    if (e->is_stack) {
        TRY(explain_source_list(e, member));
        TRY(explain_stack_count(e, member)); /* asks all models for outputs, before networks open the bag */
    }
    TRY(explain_source_member(e, member));
    apply_next(e->apply, e->cohort, member + 1);
    e->use[member] = e->n_models > 0;
    if (e->n_models == 0) return OK;
    e->n_used++;
    if (e->sequences) TRY(bagfile_read_text(&text, e->cohort->file, e->cohort->bag[member]));
    for (int k = 0; e->network && k < e->n_models && status == OK; k++)
        status = explain_heads_add(e, e->models[k], member, e->sequences ? &text : NULL);
    for (int q = 0; q < e->n_question && status == OK; q++) status = explain_question(e, q, member, &text);
    if (e->sequences) bagtext_free(&text);
    return status;
}

/* A mean over the bags that a model is to explain is its reference. */
static Status refer_member(Explain *e, int member)
{
    const AttributionReference kind =
        e->in->reference == EXPLAIN_REFERENCE_INSTANCES ? ATTRIBUTION_INSTANCES : ATTRIBUTION_BAGS;
    TRY(explain_source_member(e, member));
    for (int k = 0; k < e->n_models; k++)
        if (e->network[e->models[k]]) attribution_refer(e->network[e->models[k]], kind);
    return OK;
}

static Status each_member(Explain *e, const char *what, Status (*each)(Explain *e, int member))
{
    Progress progress;
    progress_start(&progress, what, "bags", e->cohort->n);
    for (int i = 0; i < e->cohort->n; i++) {
        TRY(stop_check(e->in->stop, "; nothing is written"));
        TRY(each(e, i));
        progress_update(&progress, i + 1, NULL);
    }
    progress_end(&progress, NULL);
    return OK;
}

Status explain_bags(Explain *e)
{
    if (e->network && e->in->reference != EXPLAIN_REFERENCE_NONE) TRY(each_member(e, "averaging", refer_member));
    TRY(each_member(e, "explaining", explain_member));
    explain_stack_settle(e);
    for (int q = 0; q < e->n_question * e->n_rank; q++) explain_list_settle(&e->top[q]);
    for (int k = 0; k < e->n_rank; k++) explain_list_settle(&e->important[k]);
    if (e->n_used > 0) return OK;
    return fail(ERR_MODEL, "every model has seen all of these bags; --part=all explains them all the same, "
                           "or give bags that are new");
}
