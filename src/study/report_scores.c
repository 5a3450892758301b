/* SPDX-License-Identifier: MIT */
#include "cohort/metric.h"
#include "core/escape.h"
#include "core/jsontext.h"
#include "study/figure_forest.h"
#include "study/figure_learning.h"
#include "study/figure_scores.h"
#include "study/report_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *report_score_words(const char *score)
{
    static const char *const words[][2] = {{"auc", "AUC"},
                                           {"ap", "average precision"},
                                           {"bacc", "balanced accuracy"},
                                           {"f1", "F1"},
                                           {"r2", "R²"},
                                           {"mae", "mean absolute error"},
                                           {"mse", "mean squared error"},
                                           {"inner_auc", "AUC in inner folds"},
                                           {"inner_bacc", "balanced accuracy in inner folds"},
                                           {"inner_r2", "R² in inner folds"},
                                           {"operating_sensitivity", "sensitivity at the operating point"},
                                           {"operating_specificity", "specificity at the operating point"}};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strcmp(score, words[k][0]) == 0) return words[k][1];
    return score;
}

/* ---- all scores of a task ---- */

/* "auc" of "auc_mean", or of a single training's "auc"; false: the key is no score. */
static bool score_of_key(char score[64], const Report *r, const char *key, const json_t *value)
{
    const char *end = strstr(key, "_mean");
    if (!json_is_number(value) && !json_is_null(value)) return false;
    if (!report_is_crossval(r)) {
        snprintf(score, 64, "%.60s", key);
        return strncmp(key, "n_", 2) != 0 && !strstr(key, "cutoff") && !strstr(key, "probability");
    }
    if (!end || end[5]) return false;
    snprintf(score, 64, "%.*s", (int)(end - key), key);
    return true;
}

static double more_of(const json_t *task, const char *score, const char *ending)
{
    char key[96];
    snprintf(key, sizeof key, "%.60s_%s", score, ending);
    const json_t *value = json_object_get(task, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void write_table(Report *r, const char *name, const json_t *task)
{
    static const char *const heads[2][6] = {{"score", "mean", "± folds", "pooled", "95 % interval"},
                                            {"score", "mean", "± folds", "± repetitions", "pooled", "95 % interval"}};
    const bool repeats = jsontext_count(r->summary, "n_repeats") > 1;
    char caption[160], score[64];
    const char *of;
    double interval[2];
    json_t *value;
    snprintf(caption, sizeof caption, "%.80s: scores on test bags", name);
    page_table(&r->page, caption, heads[repeats], 5 + repeats, 4 + repeats);
    json_object_foreach((json_t *)(size_t)task, of, value)
    {
        if (!score_of_key(score, r, of, value)) continue;
        report_score_interval(interval, task, score);
        page_row(&r->page);
        page_head_cell(&r->page, report_score_words(score));
        page_number(&r->page, sides_score(task, score), 3);
        page_number(&r->page, more_of(task, score, "std_folds"), 3);
        if (repeats) page_number(&r->page, more_of(task, score, "std_repeats"), 3);
        page_number(&r->page, more_of(task, score, "pooled"), 3);
        page_interval(&r->page, interval, false);
        page_row_end(&r->page);
    }
    page_table_end(&r->page);
}

/* ---- all methods ---- */

static double fold_score(const json_t *repeats, const char *score, size_t k, size_t f)
{
    const json_t *fold = json_array_get(json_object_get(json_array_get(repeats, k), "folds"), f);
    const json_t *value = json_object_get(fold, score);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

/* Scores of all folds, the caller's to free. */
static Status dots_of(double **out, int *n, const json_t *task, const char *score)
{
    const json_t *repeats = json_object_get(task, "repeats");
    const size_t n_repeat = json_array_size(repeats);
    const size_t n_fold = json_array_size(json_object_get(json_array_get(repeats, 0), "folds"));
    double *dot = calloc(n_repeat * n_fold + 1, sizeof *dot);
    *n = 0;
    *out = dot;
    if (!dot) return fail(ERR_MEMORY, "no memory for the scores of %zu folds", n_repeat * n_fold);
    for (size_t k = 0; k < n_repeat * n_fold; k++) dot[(*n)++] = fold_score(repeats, score, k / n_fold, k % n_fold);
    return OK;
}

static Status forest_row(ForestRow *out, const Report *r, const char *task, const char *score, int k)
{
    double interval[2];
    const json_t *scores = sides_task(r->sides.side[k].summary, task);
    report_score_interval(interval, scores, score);
    *out =
        (ForestRow){.value = sides_score(scores, score), .low = interval[0], .high = interval[1], .marked = k == 0};
    escape_text(out->name, 44, r->sides.side[k].name);
    double *dot;
    const Status status = dots_of(&dot, &out->n_dot, scores, score);
    out->dot = dot;
    return status;
}

static Status draw_methods(Report *r, const char *task, const char *score)
{
    char title[160], label[80];
    Figure *f;
    Status status = OK;
    ForestRow *row = calloc((size_t)r->sides.n + 1, sizeof *row);
    int n = 0;
    if (!row) return fail(ERR_MEMORY, "no memory for %d methods", r->sides.n);
    for (int k = 0; k < r->sides.n; k++)
        if (sides_task(r->sides.side[k].summary, task)) TRY_DONE(forest_row(&row[n++], r, task, score, k));
    snprintf(title, sizeof title, "All methods: %.60s", task);
    snprintf(label, sizeof label, "%s on test bags", report_score_words(score));
    TRY_DONE(figure_forest_add(&f, &r->figures,
                               &(Forest){.stem = "methods",
                                         .task = task,
                                         .title = title,
                                         .x_label = label,
                                         .row = row,
                                         .n = n,
                                         .line = strcmp(score, "auc") == 0 ? 0.5 : (double)NAN,
                                         .least = 0.5,
                                         .most = 1}));
    TRY_DONE(figure_caption(
        f, "Large dots: mean over test folds, with 95 %% intervals where there are some. Small dots: each "
           "fold. Orange: this run."));
done:
    for (int k = 0; k < n; k++) free((void *)(size_t)row[k].dot);
    free(row);
    return status;
}

static void write_gap(Report *r, const SidesGap *gap)
{
    page_signed(&r->page, gap->known ? gap->difference : (double)NAN);
    page_interval(&r->page, gap->known ? gap->interval : (double[]){NAN, NAN}, true);
}

static Status write_method(Report *r, const char *task, const char *score, int k)
{
    char name[sizeof r->sides.side->name + 16];
    double interval[2];
    SidesGap gap = {.known = false};
    const Side *side = &r->sides.side[k];
    const json_t *scores = sides_task(side->summary, task);
    if (!scores) return OK;
    if (k > 0) TRY(sides_gap(&gap, &r->sides, task, k));
    report_score_interval(interval, scores, score);
    page_row(&r->page);
    snprintf(name, sizeof name, k == 0 ? "%s (this run)" : "%s", side->name);
    page_head_cell(&r->page, name);
    page_number(&r->page, sides_score(scores, score), 3);
    page_number(&r->page, more_of(scores, score, "std_folds"), 3);
    page_interval(&r->page, interval, false);
    write_gap(r, &gap);
    page_row_end(&r->page);
    return OK;
}

static Status write_methods(Report *r, const char *task, const char *score)
{
    char caption[200], main[80];
    const char *const head[] = {"method", main, "± folds", "95 % interval", "difference", "95 % interval"};
    snprintf(main, sizeof main, "%s", report_score_words(score));
    snprintf(caption, sizeof caption, "%.80s: all methods. Differences are to this run on the same test bags", task);
    page_table(&r->page, caption, head, 6, 5);
    for (int k = 0; k < r->sides.n; k++) TRY(write_method(r, task, score, k));
    page_table_end(&r->page);
    for (int k = 1; k < r->sides.n; k++)
        if (r->sides.side[k].lack) page_alarm(&r->page, r->sides.side[k].lack);
    const int from = r->figures.n;
    TRY(draw_methods(r, task, score));
    page_figures(&r->page, &r->figures, from);
    page_sentence(
        &r->page,
        "The interval of a difference draws the same bags for both, with replacement within the test folds. The "
        "methods are many, so one of them may be beyond its interval by chance. The best of them by test "
        "scores is no result: let inner folds choose (hopsack stack).");
    return OK;
}

Status report_scores(Report *r)
{
    const char *name;
    json_t *task;
    page_section(&r->page, "scores", "Scores and methods");
    if (!r->summary) page_sentence(&r->page, "The run has no summary yet.");
    json_object_foreach((json_t *)(size_t)r->tasks, name, task)
    {
        const char *score = sides_main(task);
        write_table(r, name, task);
        if (score && r->sides.n > 1) TRY(write_methods(r, name, score));
    }
    return report_trials(r);
}

/* ---- curves ---- */

static Status draw_task(Report *r, const char *name, const json_t *task)
{
    TestRows rows;
    const int from = r->figures.n;
    TRY(testrows_of(&rows, &r->sides.side[0].test, name));
    const Status status =
        figure_scores_add(&r->figures, &(FigureScores){.task = name, .scores = task, .rows = &rows});
    const int n = rows.n;
    testrows_free(&rows);
    TRY(status);
    if (n == 0) page_sentence(&r->page, "No test bag has a label.");
    page_figures(&r->page, &r->figures, from);
    return OK;
}

Status report_curves(Report *r)
{
    const char *name;
    json_t *task;
    page_section(&r->page, "curves", "Curves");
    if (!r->summary) page_sentence(&r->page, "Curves are drawn when the run is finished.");
    json_object_foreach((json_t *)(size_t)r->tasks, name, task)
    {
        TRY(draw_task(r, name, task));
    }
    return OK;
}

/* ---- training ---- */

#define RISE 0.1 /* of the validation loss above its minimum, which is called overfitting */

/* Does the validation loss of a task end above its minimum? */
static Status rises(bool *out, const LearningRun *run, const char *task)
{
    LearningCurve c;
    double least = INFINITY, last = NAN;
    TRY(learning_curve(&c, run, task, LEARNING_VALIDATION, "loss"));
    for (int i = 0; i < c.n; i++) {
        if (isnan(c.value[i])) continue;
        last = c.value[i];
        least = fmin(least, last);
    }
    learning_curve_free(&c);
    *out = last > least + RISE;
    return OK;
}

static Status say_overfitting(Report *r, const char *task)
{
    int n = 0;
    char text[REPORT_TEXT];
    for (int k = 0; k < r->learning.n; k++) {
        bool rise;
        TRY(rises(&rise, &r->learning.run[k], task));
        n += rise;
    }
    if (n == 0) return OK;
    snprintf(text, sizeof text,
             "%.80s: in %d of %d trainings the validation loss ends more than %.1f above its minimum, which is "
             "overfitting. "
             "Fewer updates or train.patience save time.",
             task, n, r->learning.n, RISE);
    page_sentence(&r->page, text);
    return OK;
}

static const char *score_in(const Report *r, const char *task)
{
    for (int k = 0; k < r->learning.n; k++) {
        const json_t *line = json_array_get(r->learning.run[k].line, 0);
        const json_t *scores = json_object_get(json_object_get(line, "tasks"), task);
        if (scores) return metric_main(scores);
    }
    return NULL;
}

Status report_training(Report *r)
{
    const int from = r->figures.n;
    page_section(&r->page, "training", "Training");
    if (r->learning.n == 0)
        page_sentence(&r->page,
                      r->summary ? "This method has no learning curve." : "There is no learning curve yet.");
    for (int k = 0; k < r->config.n_task && r->learning.n > 0; k++) {
        const char *task = r->config.task[k].target.name;
        TRY(figure_learning_add(&r->figures, &r->learning, task, score_in(r, task)));
        TRY(say_overfitting(r, task));
    }
    if (r->learning.n > 0 && r->figures.n == from) page_sentence(&r->page, "No evaluation was recorded.");
    page_figures(&r->page, &r->figures, from);
    return OK;
}
