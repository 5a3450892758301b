/* SPDX-License-Identifier: MIT
 *
 * explain_stack.c: methods and stacks. An outer fold that has not seen a bag says what it says by its models: the chosen column's,
 * or those of all columns with their weights. So each model has a factor in a bag's score. Scores of a method's sequences are no
 * parts of a logit, and have no unit of its output: of a method the factor is its weight alone. So the columns of a stack rank
 * instances each by itself, and share the rows of the tables by what they have of the decision: of a bag, |weighted output| of the column among all columns, or all of it where the column was chosen.
 */
#include "study/explain_parts.h"
#include "study/predictor_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- columns ---- */

static int column_of(Explain *e, const char *name)
{
    int c = 0;
    while (c < e->n_column && strcmp(e->column[c].name, name) != 0) c++;
    if (c == e->n_column) e->column[e->n_column++] = (ExplainColumn){.name = name, .list = -1};
    return c;
}

static void list_columns(Explain *e, const PredictorNode *n)
{
    const PredictorTree *t = e->in->predictor->tree;
    for (int k = 0; k < n->n_child; k++) list_columns(e, n->child[k]);
    for (int k = 0; k < n->n_model; k++) {
        const Rival *rival = t->rival[n->model[k]].rival;
        const int c = column_of(e, n->name ? n->name : rival->name);
        e->column_of[n->model[k]] = c;
        e->column[c].is_network = !rival;
        e->column[c].rival = rival;
    }
}

static Status check_one(const Explain *e)
{
    const ExplainColumn *c = &e->column[0];
    if (e->is_stack && e->n_rank == 0)
        return fail(ERR_MODEL, "%s: none of its columns ranks instances, so there is nothing to explain it by",
                    e->in->word[0]);
    if (e->n_rank == 0)
        return fail(ERR_MODEL, "%s is no weighted sum over sequences, so there is nothing to explain it by", c->name);
    if (e->in->truth && e->n_rank > 1)
        return fail(ERR_USAGE,
                    "%s: its columns rank instances on scales of their own, so there is no precision over all bags; "
                    "explain each column with --truth",
                    e->in->word[0]);
    return OK;
}

Status explain_stack_open(Explain *e)
{
    const PredictorTree *t = e->in->predictor->tree;
    e->is_stack = predictor_tree_is_stack(e->in->word[0]);
    e->column = calloc((size_t)t->n_path + 1, sizeof *e->column);
    if (!e->column) return fail(ERR_MEMORY, "no memory for %d models", t->n_path);
    for (int v = 0; v < t->n_voice; v++) list_columns(e, t->voice[v].node);
    e->n_rank = 0;
    for (int c = 0; c < e->n_column; c++) {
        ExplainColumn *of = &e->column[c];
        if (of->is_network || (of->rival->rank && e->sequences)) of->list = e->n_rank++;
    }
    e->decision = calloc((size_t)e->apply->n_target * (size_t)e->n_column + 1, sizeof *e->decision);
    e->n_bag = calloc((size_t)e->apply->n_target * (size_t)e->n_column + 1, sizeof *e->n_bag);
    return e->decision && e->n_bag ? check_one(e) : fail(ERR_MEMORY, "no memory for %d columns", e->n_column);
}

/* ---- factors of models ---- */

/* `by` is what the logit has of an output, `weight` ≥ 0 the same of outputs that calibration and standardization have made alike. */
static void add_factors(double *factor, const PredictorTree *t, const PredictorNode *n, double by, double weight)
{
    by *= n->slope;
    for (int k = 0; k < n->n_model; k++) {
        const double of_method = by > 0 ? weight : by < 0 ? -weight : 0;
        factor[n->model[k]] += (t->rival[n->model[k]].rival ? of_method : by) / n->n_model;
    }
    for (int k = 0; k < n->n_child; k++)
        add_factors(factor, t, n->child[k], by * n->blend.weight[k] * n->blend.scale[k], weight * n->blend.weight[k]);
}

/* Marks the folds of a target that are asked; returns their number. */
static int choose_folds(Explain *e, int target, uint64_t hash)
{
    Predictor *p = e->in->predictor;
    PredictorTree *t = p->tree;
    int n = 0, n_all = 0;
    for (int v = 0; v < t->n_voice; v++) {
        if (t->target_of[t->voice[v].task] != target) continue;
        t->is_out[v] = predictor_outputs_seen(p, t->voice[v].node, hash);
        n += !t->is_out[v];
        n_all++;
    }
    if (n > 0 || !e->in->all) return n;
    for (int v = 0; v < t->n_voice; v++)
        if (t->target_of[t->voice[v].task] == target) t->is_out[v] = false;
    return n_all;
}

void explain_stack_list(Explain *e, uint64_t hash)
{
    const PredictorTree *t = e->in->predictor->tree;
    for (int v = 0; v < t->n_voice; v++) t->is_out[v] = true; /* of tasks that are not predicted */
    for (int q = 0; q < e->n_question; q++) {
        const int target = e->question[q].target, n = choose_folds(e, target, hash);
        for (int v = 0; v < t->n_voice && n > 0; v++)
            if (t->target_of[t->voice[v].task] == target && !t->is_out[v])
                add_factors(e->factor + (Index)q * e->apply->n_model, t, t->voice[v].node, 1. / n, 1. / n);
    }
}

/* ---- shares of the decision ---- */

/* Of `amount` what each leaf has, added to size [n_column]. */
static void share_out(const Explain *e, double *size, const PredictorNode *n, const Target *target, double amount)
{
    const PredictorTree *t = e->in->predictor->tree;
    double total = 0;
    if (n->n_model > 0) size[e->column_of[n->model[0]]] += amount;
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < n->n_child && (pass == 0 || total > 0); k++) {
            double y[TARGET_CLASSES], s[TARGET_CLASSES] = {0}, term = 0;
            predictor_outputs_speak(y, t, n->child[k], target);
            stackblend_add(s, &n->blend, k, y, target->n_out);
            for (int o = 0; o < target->n_out; o++) term += fabs(s[o]);
            if (pass == 0)
                total += term;
            else
                share_out(e, size, n->child[k], target, amount * term / total);
        }
}

/* The score of a question from outputs y of its target. */
static double score_of(const ExplainQuestion *q, const double *y, int n_out)
{
    double mean = 0;
    if (q->class < 0) return y[0];
    for (int o = 0; o < n_out; o++) mean += y[o] / n_out;
    return y[q->class] - mean;
}

/* Questions of a target follow each other. */
static void count_target(Explain *e, int target, int member)
{
    const PredictorTree *t = e->in->predictor->tree;
    const Target *of = &t->target[target];
    double y[TARGET_CLASSES], mean[TARGET_CLASSES] = {0}, *size = e->decision + (Index)target * e->n_column;
    int n = 0;
    for (int v = 0; v < t->n_voice; v++) n += t->target_of[t->voice[v].task] == target && !t->is_out[v];
    for (int v = 0; v < t->n_voice; v++) {
        if (t->target_of[t->voice[v].task] != target || t->is_out[v]) continue;
        predictor_outputs_speak(y, t, t->voice[v].node, of);
        for (int o = 0; o < of->n_out; o++) mean[o] += y[o] / n;
        share_out(e, size, t->voice[v].node, of, 1. / n);
    }
    for (int q = 0; q < e->n_question && n > 0; q++)
        if (e->question[q].target == target)
            e->score[(Index)member * e->n_question + q] = score_of(&e->question[q], mean, of->n_out);
}

/* Once for a target, by its first question. */
static void count_bags(Explain *e)
{
    for (int q = 0; q < e->n_question; q++)
        for (int c = 0; c < e->n_column && e->question[q].class <= 0; c++) {
            bool has = false;
            for (int k = 0; k < e->n_models; k++)
                has |= e->column_of[e->models[k]] == c && e->factor[(Index)q * e->apply->n_model + e->models[k]] != 0;
            e->n_bag[(Index)e->question[q].target * e->n_column + c] += has;
        }
}

Status explain_stack_count(Explain *e, int member)
{
    Predictor *p = e->in->predictor;
    if (e->n_models == 0) return OK;
    memset(p->tree->is_needed, 0, (size_t)p->tree->n_path * sizeof *p->tree->is_needed);
    for (int v = 0; v < p->tree->n_voice; v++)
        if (!p->tree->is_out[v]) predictor_outputs_need(p->tree, p->tree->voice[v].node);
    TRY(predictor_outputs_ask(p, e->cohort, member));
    for (int k = 0; k < e->apply->n_target; k++) count_target(e, k, member);
    count_bags(e);
    return OK;
}

/* ---- rows ---- */

static double share_of(const Explain *e, int target, int column, bool ranked)
{
    double sum = 0;
    const double *size = e->decision + (Index)target * e->n_column;
    for (int c = 0; c < e->n_column; c++) sum += ranked && e->column[c].list < 0 ? 0 : size[c];
    return sum > 0 ? size[column] / sum : 0;
}

/* Each column has its share of the rows, one at least. */
void explain_stack_settle(Explain *e)
{
    for (int c = 0; c < e->n_column && e->is_stack; c++) {
        const int list = e->column[c].list;
        if (list < 0) continue;
        for (int q = 0; q < e->n_question; q++) {
            const double share = share_of(e, e->question[q].target, c, true);
            e->top[q * e->n_rank + list].most = (int)fmax(1, round(share * e->in->top));
            if (q == 0) e->important[list].most = (int)fmax(1, round(share * e->in->important));
        }
    }
}

json_t *explain_stack_json(const Explain *e)
{
    json_t *columns = json_array();
    for (int t = 0; t < e->apply->n_target; t++)
        for (int c = 0; c < e->n_column; c++)
            json_array_append_new(columns, json_pack("{s:s, s:s, s:f, s:i, s:b}", "task", e->apply->target[t].name,
                                                     "name", e->column[c].name, "share", share_of(e, t, c, false),
                                                     "bags", e->n_bag[(Index)t * e->n_column + c], "explained",
                                                     e->column[c].list >= 0));
    return columns;
}
