/* SPDX-License-Identifier: MIT */
#include "study/scoretable.h"
#include "core/log.h"
#include "core/number.h"
#include "study/predictorcost.h"
#include "study/scoring.h"

#include <stdio.h>

/* ---- rows ---- */

typedef struct {
    const ScoreTableSetup *in;
    const char *model, *data; /* at work */
    json_t *rows;
} ScoreTable;

static int left_out(const Scoring *s)
{
    return s->all ? 0 : s->count[SEEN_TRAIN] + s->count[SEEN_VALIDATION];
}

/* `scores` (NULL: none) of one task are taken over. */
static Status add_row(ScoreTable *t, const Scoring *s, int task, const char *part, json_t *scores)
{
    const Target *target = &s->predictor.apply.target[task];
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "model", t->model, "dataset", t->data, "task",
                            target->name, "kind", target->type->name, "part", part, "left_out", left_out(s));
    if (row && scores) json_object_update(row, scores);
    if (row && !scores) json_object_set_new(row, "n_bags", json_integer(0));
    if (json_array_append_new(t->rows, row) == 0) return OK;
    return fail(ERR_MEMORY, "no memory for the table of scores");
}

static Status add_part(ScoreTable *t, const Scoring *s, const char *part, const json_t *scores)
{
    const json_t *tasks = json_object_get(scores, "tasks");
    for (int k = 0; k < s->predictor.apply.n_target; k++)
        TRY(add_row(t, s, k, part, json_object_get(tasks, s->predictor.apply.target[k].name)));
    return OK;
}

static Status add_parts(ScoreTable *t, const Scoring *s)
{
    json_t *parts = scoring_parts(s), *scores;
    const char *part;
    Status status = parts ? OK : fail(ERR_MEMORY, "no memory for the scores of %d bags", s->cohort.n);
    json_object_foreach(parts, part, scores)
    {
        if (status == OK) status = add_part(t, s, part, scores);
    }
    json_decref(parts);
    return status;
}

static Status score_pair(ScoreTable *t, Scoring *s)
{
    char of[512];
    if (t->in->n_model > 1 || t->in->n_data > 1) {
        snprintf(of, sizeof of, "%s on %s", t->model, t->data);
        s->of = of;
    }
    TRY(predictor_read(&s->predictor, &t->model, 1));
    TRY(cohort_open(&s->cohort, t->data, t->in->metadata, t->in->id_column, true));
    TRY(scoring_start(s));
    TRY(scoring_visit(s, !t->in->dry_run));
    if (t->in->dry_run) {
        Cost cost;
        TRY(predictorcost_make(&cost, &s->predictor, &s->cohort));
        cost_then(t->in->cost, &cost);
        return add_part(t, s, seen_name[SEEN_NOT], NULL);
    }
    if (s->all || s->count[SEEN_NOT] > 0) return add_parts(t, s);
    log_warn(
        "%s: the model was trained or validated on all %d labelled bags of %s; --part=all scores them nevertheless",
        t->model, left_out(s), t->data);
    return add_part(t, s, seen_name[SEEN_NOT], NULL);
}

static Status check_pair(const ScoreTableSetup *setup, const Predictor *p, const char *data)
{
    Cohort cohort = {0};
    Status status = cohort_open(&cohort, data, setup->metadata, setup->id_column, true);
    if (status == OK) status = scoring_check(&p->apply, &cohort);
    cohort_close(&cohort);
    return status;
}

/* Scoring may take hours, and what is not there would lose the scores before it. */
static Status check_pairs(const ScoreTableSetup *setup)
{
    Status status = OK;
    for (int m = 0; m < setup->n_model && status == OK; m++) {
        Predictor p = {0};
        status = predictor_read(&p, &setup->model[m], 1);
        for (int d = 0; d < setup->n_data && status == OK; d++) status = check_pair(setup, &p, setup->data[d]);
        predictor_free(&p);
    }
    return status;
}

Status scoretable_make(json_t **out, const ScoreTableSetup *setup)
{
    ScoreTable t = {.in = setup, .rows = json_array()};
    Status status = t.rows ? OK : fail(ERR_MEMORY, "no memory for the table of scores");
    if (status == OK && setup->n_model * setup->n_data > 1 && !setup->dry_run) status = check_pairs(setup);
    for (int m = 0; m < setup->n_model && status == OK; m++)
        for (int d = 0; d < setup->n_data && status == OK; d++) {
            Scoring s = {.all = setup->all};
            t.model = setup->model[m], t.data = setup->data[d];
            status = score_pair(&t, &s);
            scoring_free(&s);
        }
    if (status != OK) json_decref(t.rows);
    *out = status == OK ? t.rows : NULL;
    return status;
}

/* ---- as text ---- */

/* A column: a value of the row, or an end of its interval. */
typedef struct {
    const char *name, *key;
    int end; /* of an interval: 0 or 1; -1: a value of its own */
} ScoreColumn;

static const ScoreColumn columns[] = {
    {"model", "model", -1},
    {"dataset", "dataset", -1},
    {"task", "task", -1},
    {"kind", "kind", -1},
    {"part", "part", -1},
    {"bags", "n_bags", -1},
    {"left_out", "left_out", -1},
    {"auc", "auc", -1},
    {"auc_low", "auc_ci95", 0},
    {"auc_high", "auc_ci95", 1},
    {"ap", "ap", -1},
    {"bacc", "bacc", -1},
    {"accuracy", "accuracy", -1},
    {"sensitivity", "sensitivity", -1},
    {"sensitivity_low", "sensitivity_ci95", 0},
    {"sensitivity_high", "sensitivity_ci95", 1},
    {"specificity", "specificity", -1},
    {"specificity_low", "specificity_ci95", 0},
    {"specificity_high", "specificity_ci95", 1},
    {"operating_probability", "operating_probability", -1},
    {"operating_sensitivity", "operating_sensitivity", -1},
    {"operating_sensitivity_low", "operating_sensitivity_ci95", 0},
    {"operating_sensitivity_high", "operating_sensitivity_ci95", 1},
    {"operating_specificity", "operating_specificity", -1},
    {"operating_specificity_low", "operating_specificity_ci95", 0},
    {"operating_specificity_high", "operating_specificity_ci95", 1},
    {"r2", "r2", -1},
    {"mae", "mae", -1},
    {"loss", "loss", -1},
};
#define N_COLUMN ((int)(sizeof columns / sizeof *columns))

static void write_cell(TextOut *out, const json_t *row, const ScoreColumn *c)
{
    char buffer[NUMBER_ROOM];
    const json_t *value = json_object_get(row, c->key);
    if (c->end >= 0) value = json_array_get(value, (size_t)c->end);
    if (json_is_string(value))
        textout_cell(out, json_string_value(value));
    else if (json_is_number(value))
        textout_printf(out, "%s", number_text(buffer, json_number_value(value)));
}

Status scoretable_write(const json_t *rows, TextOut *out)
{
    size_t i;
    const json_t *row;
    for (int c = 0; c < N_COLUMN; c++) textout_printf(out, "%s%s", columns[c].name, c + 1 < N_COLUMN ? "\t" : "\n");
    json_array_foreach(rows, i, row)
    {
        for (int c = 0; c < N_COLUMN; c++) {
            write_cell(out, row, &columns[c]);
            textout_write(out, c + 1 < N_COLUMN ? "\t" : "\n", 1);
        }
    }
    return textout_commit(out);
}
