/* SPDX-License-Identifier: MIT */
#include "cv/tally.h"
#include "cohort/task.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "core/textout.h"
#include "cv/foldjob.h"
#include "cv/foldrates.h"
#include "cv/foldremarks.h"
#include "cv/foldspread.h"
#include "cv/innertable.h"
#include "cv/taskmeans.h"
#include "run/predictions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const TallySetup *in;
    int n_job;
    json_t **fold; /* [n_job] summary.json of each */
    FoldAuc *auc;  /* [n_task] filled for tasks that have an AUC */
} Tally;

/* ---- predictions ---- */

/* The next member of that name; rows stand in the order of members. */
static Status find_member(int *member, const Cohort *c, const char *bag, const Table *t, int row)
{
    for (int tried = 0; tried < c->n; tried++, *member = (*member + 1) % c->n)
        if (strcmp(c->id[*member], bag) == 0) return OK;
    return fail(ERR_FORMAT, "%s:%d: bag '%s' is not in the dataset", t->path, t->line[row], bag);
}

static Status add_output(Tally *y, const Table *t, int row, int member)
{
    double value;
    const char *task = table_cell(t, row, PREDICTION_TASK), *target = table_cell(t, row, PREDICTION_TARGET);
    for (int k = 0; k < y->in->config->n_task; k++) {
        if (!task_of(&y->in->target[k])->has_auc || strcmp(y->in->target[k].name, task) != 0 || !*target) continue;
        if (!number_read(&value, table_cell(t, row, PREDICTION_OUTPUT)))
            return fail(ERR_FORMAT, "%s:%d: '%s' is no number", t->path, t->line[row],
                        table_cell(t, row, PREDICTION_OUTPUT));
        return foldauc_add(&y->auc[k], (FoldRow){value, *target == '1', member});
    }
    return OK;
}

static Status add_rows(Tally *y, TextOut *out, const Table *t)
{
    int member = 0;
    TRY(predictions_check(t));
    for (int r = 0; r < t->n_row; r++) {
        if (strcmp(table_cell(t, r, PREDICTION_PART), part_name[PART_TEST]) != 0) continue;
        for (int c = 0; c < PREDICTION_COLUMNS; c++) {
            textout_cell(out, table_cell(t, r, c));
            textout_write(out, c + 1 < PREDICTION_COLUMNS ? "\t" : "\n", 1);
        }
        TRY(find_member(&member, y->in->cohort, table_cell(t, r, PREDICTION_BAG), t, r));
        TRY(add_output(y, t, r, member));
    }
    for (int k = 0; k < y->in->config->n_task; k++) foldauc_end_fold(&y->auc[k]);
    return OK;
}

static Status add_fold(Tally *y, TextOut *out, int job)
{
    const TallySetup *in = y->in;
    const FoldJob fold = {.repeat = job / in->n_fold, .fold = job % in->n_fold, .model = -1};
    char path[PATH_ROOM];
    Table table;
    TRY(foldjob_summary(&y->fold[job], in->folder, fold));
    TRY(foldjob_path(path, in->folder, fold, "predictions.tsv"));
    TRY(table_read(&table, path));
    const Status status = add_rows(y, out, &table);
    table_free(&table);
    return status;
}

static Status add_folds(Tally *y)
{
    char path[PATH_ROOM];
    TextOut *out;
    Status status = OK;
    snprintf(path, sizeof path, "%s/predictions.tsv", y->in->folder);
    TRY(textout_open(&out, path, true));
    predictions_header(out);
    for (int job = 0; job < y->n_job; job++) TRY_DONE(add_fold(y, out, job));
    return textout_commit(out);
done:
    textout_drop(out);
    return status;
}

/* ---- means ---- */

/* A score of a fold's test part; NaN where it is not defined. */
static double score_of(const Tally *y, int job, const char *task, const char *score)
{
    const json_t *value = json_object_get(foldrates_test(y->fold[job], task), score);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The main score of inner trainings (innertable.h). */
#define SCORE_ROOM 64
static const char *inner_name(char room[SCORE_ROOM], const char *score)
{
    snprintf(room, SCORE_ROOM, "inner_%s", score);
    return room;
}

static void set(json_t *object, const char *score, const char *what, json_t *value)
{
    char key[64];
    snprintf(key, sizeof key, "%s_%s", score, what);
    json_object_set_new(object, key, value);
}

/* Mean and spreads of a score over repetitions from … to-1; returns the folds that have it. `value` [n_job], `means`
 * [n_repeat] are scratch. */
static int add_score(json_t *out, const Tally *y, const char *task, const char *score, int from, int to,
                     double *value, double *means)
{
    const int n_fold = y->in->n_fold;
    for (int job = from * n_fold; job < to * n_fold; job++) value[job] = score_of(y, job, task, score);
    for (int r = from; r < to; r++) means[r] = foldspread_of(value + r * n_fold, n_fold).mean;
    const FoldSpread folds = foldspread_of(value + from * n_fold, (to - from) * n_fold),
                     repeats = foldspread_of(means + from, to - from);
    set(out, score, "mean", jsontext_real(repeats.mean));
    set(out, score, "std_folds", jsontext_real(folds.std));
    if (to - from == y->in->n_repeat && from == 0) set(out, score, "std_repeats", jsontext_real(repeats.std));
    return folds.n;
}

static Status add_areas(json_t *out, const Tally *y, int k, int from, int to, uint64_t stream)
{
    double pooled, interval[2];
    const FoldAuc *auc = &y->auc[k];
    Rng rng =
        rng_stream(y->in->config->seed, "crossval bootstrap", (uint64_t)k * (uint64_t)(y->in->n_repeat + 1) + stream);
    TRY(foldauc_pooled(&pooled, auc, from, to));
    TRY(foldauc_interval(interval, auc, from, to, &rng));
    json_object_set_new(out, "auc_pooled", jsontext_real(pooled));
    json_object_set_new(out, "auc_ci95",
                        isnan(interval[0]) ? json_null() : json_pack("[f, f]", interval[0], interval[1]));
    return OK;
}

static double seconds_of(const Tally *y, int from, int to)
{
    double sum = 0;
    for (int job = from * y->in->n_fold; job < to * y->in->n_fold; job++)
        sum += json_number_value(json_object_get(y->fold[job], "seconds"));
    return round(sum * 1e3) / 1e3;
}

/* The most labelled test bags of a repetition. */
static int bags_of(const Tally *y, const char *task, int from, int to)
{
    int most = 0;
    for (int r = from; r < to; r++) {
        double sum = 0;
        for (int job = r * y->in->n_fold; job < (r + 1) * y->in->n_fold; job++) {
            const double n = score_of(y, job, task, "n_bags");
            if (!isnan(n)) sum += n;
        }
        if ((int)sum > most) most = (int)sum;
    }
    return most;
}

/* All that is said of repetitions from … to-1 of task k. `stream` numbers the draws of the interval. */
static Status add_scores(json_t *out, const Tally *y, int k, int from, int to, uint64_t stream)
{
    const Target *t = &y->in->target[k];
    const MetricType *type = metric_of(t);
    const char *first = type->name[1];
    char inner[SCORE_ROOM];
    double *value = malloc(((size_t)y->n_job + (size_t)y->in->n_repeat) * sizeof *value), *means = value + y->n_job;
    if (!value) return fail(ERR_MEMORY, "no memory for the scores of %d folds", y->n_job);
    json_object_set_new(out, "n_bags", json_integer(bags_of(y, t->name, from, to)));
    json_object_set_new(out, "n_folds", json_null()); /* its place among the keys */
    json_object_set_new(out, "n_repeats", json_integer(to - from));
    const int n = add_score(out, y, t->name, first, from, to, value, means);
    json_object_set_new(out, "n_folds", json_integer(n));
    json_t *classes = foldremarks_classes(y->fold + from * y->in->n_fold, y->in->n_fold, t->name);
    if (classes) json_object_set_new(out, "classes", classes);
    const Status status = task_of(t)->has_auc ? add_areas(out, y, k, from, to, stream) : OK;
    for (int j = 0; j < type->n; j++)
        if (strcmp(type->name[j], first) != 0) add_score(out, y, t->name, type->name[j], from, to, value, means);
    if (task_of(t)->has_auc) {
        json_t *const *fold = y->fold + from * y->in->n_fold;
        const int n_job = (to - from) * y->in->n_fold;
        const bool operating = foldrates_has_operating(fold, n_job, t->name);
        for (const char *const *name = foldrates_operating; *name && operating; name++)
            add_score(out, y, t->name, *name, from, to, value, means);
        foldrates_add(out, fold, n_job, to - from, t);
    }
    if (y->in->n_inner) add_score(out, y, t->name, inner_name(inner, first), from, to, value, means);
    json_object_set_new(out, "seconds", json_real(seconds_of(y, from, to)));
    free(value);
    return status;
}

static json_t *fold_json(const Tally *y, int k, int job)
{
    const Target *t = &y->in->target[k];
    const MetricType *type = metric_of(t);
    const double n = score_of(y, job, t->name, "n_bags");
    char room[SCORE_ROOM];
    const char *inner = inner_name(room, type->name[1]);
    json_t *out = json_pack("{s:i, s:i}", "fold", job % y->in->n_fold, "n_bags", isnan(n) ? 0 : (int)n);
    for (int j = 0; j < type->n; j++)
        json_object_set_new(out, type->name[j], jsontext_real(score_of(y, job, t->name, type->name[j])));
    foldrates_copy(out, y->fold[job], t->name);
    if (y->in->n_inner) json_object_set_new(out, inner, jsontext_real(score_of(y, job, t->name, inner)));
    const json_t *kept = json_object_get(y->fold[job], "kept_update"); /* an ensemble has none */
    if (kept) json_object_set_new(out, "kept_update", json_incref((json_t *)(size_t)kept));
    json_object_set_new(out, "seconds", json_incref(json_object_get(y->fold[job], "seconds")));
    return out;
}

static Status add_repeat(json_t *list, const Tally *y, int k, int repeat)
{
    json_t *out = json_pack("{s:i}", "repeat", repeat), *folds = json_array();
    Status status = add_scores(out, y, k, repeat, repeat + 1, (uint64_t)repeat + 1);
    json_object_del(out, "n_repeats");
    for (int f = 0; f < y->in->n_fold; f++) json_array_append_new(folds, fold_json(y, k, repeat * y->in->n_fold + f));
    json_object_set_new(out, "folds", folds);
    if (json_array_append_new(list, out) != 0 && status == OK) status = fail(ERR_MEMORY, "no memory for the summary");
    return status;
}

static Status add_task(json_t *tasks, const Tally *y, int k)
{
    const Target *t = &y->in->target[k];
    json_t *out = json_pack("{s:s}", "kind", t->type->name), *repeats = json_array();
    Status status = add_scores(out, y, k, 0, y->in->n_repeat, 0);
    for (int r = 0; r < y->in->n_repeat && status == OK; r++) status = add_repeat(repeats, y, k, r);
    json_object_set_new(out, "repeats", repeats);
    if (json_object_set_new(tasks, t->name, out) != 0 && status == OK)
        status = fail(ERR_MEMORY, "no memory for the summary");
    return status;
}

static json_int_t peak_memory(const Tally *y)
{
    json_int_t most = 0;
    for (int job = 0; job < y->n_job; job++) {
        const json_int_t bytes = json_integer_value(json_object_get(y->fold[job], "peak_memory"));
        if (bytes > most) most = bytes;
    }
    return most;
}

/* ---- all of it ---- */

static Status open_tally(Tally *y, const TallySetup *in)
{
    *y = (Tally){.in = in, .n_job = in->n_repeat * in->n_fold};
    y->fold = calloc((size_t)y->n_job + 1, sizeof *y->fold);
    y->auc = calloc((size_t)in->config->n_task + 1, sizeof *y->auc);
    if (!y->fold || !y->auc) return fail(ERR_MEMORY, "no memory for the scores of %d folds", y->n_job);
    for (int k = 0; k < in->config->n_task; k++)
        TRY(foldauc_new(&y->auc[k], in->n_repeat, in->n_fold, in->cohort->n));
    return OK;
}

static void close_tally(Tally *y)
{
    for (int job = 0; y->fold && job < y->n_job; job++) json_decref(y->fold[job]);
    for (int k = 0; y->auc && k < y->in->config->n_task; k++) foldauc_free(&y->auc[k]);
    free(y->fold);
    free(y->auc);
}

static Status sum(json_t **summary, const Tally *y)
{
    const TallySetup *in = y->in;
    json_t *tasks = json_object();
    Status status = OK;
    for (int k = 0; k < in->config->n_task && status == OK; k++) status = add_task(tasks, y, k);
    if (status == OK) {
        *summary = json_pack("{s:s, s:I, s:i, s:i, s:i, s:O, s:f, s:I}", "version", HOPSACK_VERSION, "seed",
                             (json_int_t)in->config->seed, "n_repeats", in->n_repeat, "n_folds", in->n_fold,
                             "n_models", in->config->crossval.ensemble, "tasks", tasks, "seconds",
                             seconds_of(y, 0, in->n_repeat), "peak_memory", peak_memory(y));
        json_t *remarks = foldremarks_make(y->fold, y->n_job, tasks);
        if (!*summary || !remarks) status = fail(ERR_MEMORY, "no memory for the summary");
        if (status == OK)
            status = taskmeans_add(*summary, y->fold, in->n_repeat, in->n_fold, in->target, in->config->n_task);
        json_object_set_new(*summary, "remarks", remarks);
    }
    json_decref(tasks);
    return status;
}

Status tally_make(json_t **summary, const TallySetup *setup)
{
    Tally y;
    Status status;
    *summary = NULL;
    TRY_DONE(open_tally(&y, setup));
    TRY_DONE(add_folds(&y));
    if (setup->n_inner) TRY_DONE(innertable_make(y.fold, setup));
    TRY_DONE(sum(summary, &y));
done:
    close_tally(&y);
    return status;
}

Status tally_sum(json_t **summary, const TallySetup *setup, json_t **fold, FoldAuc *auc)
{
    const Tally y = {.in = setup, .n_job = setup->n_repeat * setup->n_fold, .fold = fold, .auc = auc};
    *summary = NULL;
    return sum(summary, &y);
}
