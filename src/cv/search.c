/* SPDX-License-Identifier: MIT */
#include "cv/search.h"
#include "cohort/metric.h"
#include "core/log.h"
#include "cohort/task.h"
#include "cv/crossval_folder.h"
#include "cv/foldrates.h"

#include <math.h>
#include <stdlib.h>

/* ---- memory ---- */

Status search_open(FoldSearch *out, const Config *config)
{
    *out = (FoldSearch){.config = config};
    return trials_new(&out->trials, config);
}

static Status no_memory(const FoldSearch *s)
{
    return fail(ERR_MEMORY, "no memory for %d trials in %d folds", s->trials.n, s->n_all);
}

Status search_begin(FoldSearch *s, const FoldList *list, const Target *target)
{
    s->target = target;
    s->n_fold = list->n_fold;
    s->n_all = list->n_repeat * list->n_fold;
    s->n_inner = list->n_inner;
    if (!search_is_on(s)) return OK;
    const size_t n = (size_t)s->n_all, n_trial = n * (size_t)s->trials.n;
    s->chosen = malloc((n + 1) * sizeof *s->chosen);
    s->score = malloc((n_trial * (size_t)s->config->search.inner_folds + 1) * sizeof *s->score);
    s->diverged = calloc(n_trial + 1, sizeof *s->diverged);
    if (!s->chosen || !s->score || !s->diverged) return no_memory(s);
    for (size_t f = 0; f < n; f++) s->chosen[f] = -1;
    for (size_t i = 0; i < n_trial * (size_t)s->config->search.inner_folds; i++) s->score[i] = NAN;
    return OK;
}

void search_close(FoldSearch *s)
{
    trials_free(&s->trials);
    free(s->chosen);
    free(s->score);
    free(s->diverged);
    *s = (FoldSearch){0};
}

bool search_is_on(const FoldSearch *s)
{
    return s->trials.n > 0;
}

/* ---- settings of jobs ---- */

static int fold_of(const FoldSearch *s, FoldJob job)
{
    return job.repeat * s->n_fold + job.fold;
}

const Config *search_config(const FoldSearch *s, FoldJob job)
{
    if (!search_is_on(s)) return s->config;
    const int trial = job.trial > 0 ? job.trial - 1 : s->chosen[fold_of(s, job)];
    return trial < 0 ? s->config : &s->trials.trial[trial].config;
}

bool search_is_open(const FoldSearch *s, FoldJob job)
{
    return search_is_on(s) && job.trial == 0 && s->chosen[fold_of(s, job)] < 0;
}

/* ---- scores ---- */

static FoldJob job_of(const FoldSearch *s, int fold, int trial, int inner)
{
    return (FoldJob){
        .repeat = fold / s->n_fold, .fold = fold % s->n_fold, .model = -1, .inner = inner + 1, .trial = trial + 1};
}

static double *scores_of(const FoldSearch *s, int fold, int trial)
{
    return s->score + ((size_t)fold * (size_t)s->trials.n + (size_t)trial) * (size_t)s->config->search.inner_folds;
}

static bool *diverged_of(const FoldSearch *s, int fold, int trial)
{
    return &s->diverged[(size_t)fold * (size_t)s->trials.n + (size_t)trial];
}

#define DIVERGED "diverged"

static double first_score(const json_t *summary, const Target *t)
{
    const json_t *value = json_object_get(foldrates_test(summary, t->name), metric_of(t)->name[1]);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static Status read_score(FoldSearch *s, const char *run, int fold, int trial, int inner)
{
    json_t *summary;
    TRY(foldjob_summary(&summary, run, job_of(s, fold, trial, inner)));
    *diverged_of(s, fold, trial) |= json_object_get(summary, DIVERGED) != NULL;
    scores_of(s, fold, trial)[inner] = first_score(summary, s->target);
    json_decref(summary);
    return OK;
}

/* Over inner folds other than `without` (-1: all). */
static double mean_of(const FoldSearch *s, int fold, int trial, int without)
{
    const double *score = scores_of(s, fold, trial);
    double sum = 0;
    int n = 0;
    for (int i = 0; i < s->n_inner[fold]; i++) {
        if (i == without || isnan(score[i])) continue;
        sum += score[i];
        n++;
    }
    return n && !*diverged_of(s, fold, trial) ? sum / n : (double)NAN;
}

/* The best mean, the earlier where equal; 0 where none is defined. */
static int best(const FoldSearch *s, int fold, int without)
{
    int found = 0;
    double most = NAN;
    for (int t = 0; t < s->trials.n; t++) {
        const double mean = mean_of(s, fold, t, without);
        if (isnan(mean) || mean <= most) continue;
        most = mean;
        found = t;
    }
    return found;
}

int search_without(const void *search, int fold, int inner)
{
    return best(search, fold, inner);
}

double search_score(const FoldSearch *s, int fold, int trial, int inner)
{
    return scores_of(s, fold, trial)[inner];
}

double search_mean(const FoldSearch *s, int fold, int trial)
{
    return mean_of(s, fold, trial, -1);
}

/* ---- choosing ---- */

static bool fold_is_done(const FoldSearch *s, const char *run, int fold)
{
    for (int i = 0; i < s->n_inner[fold]; i++)
        for (int t = 0; t < s->trials.n; t++)
            if (!foldjob_done(run, &s->trials.trial[t].config, job_of(s, fold, t, i))) return false;
    return true;
}

static Status choose(FoldSearch *s, const char *run, int fold)
{
    for (int t = 0; t < s->trials.n; t++)
        for (int i = 0; i < s->n_inner[fold]; i++) TRY(read_score(s, run, fold, t, i));
    s->chosen[fold] = best(s, fold, -1);
    return OK;
}

Status search_choose(FoldSearch *s, const char *run)
{
    for (int f = 0; f < s->n_all && search_is_on(s); f++)
        if (s->chosen[f] < 0 && fold_is_done(s, run, f)) TRY(choose(s, run, f));
    return OK;
}

Status search_give_up(const char *run, FoldJob job)
{
    char path[PATH_ROOM], name[FOLDJOB_NAME];
    foldjob_name(name, job);
    log_detail("%s: %s", name, status_sentence());
    TRY(foldjob_path(path, run, job, ""));
    json_t *summary =
        json_pack("{s:i, s:i, s:{}, s:b}", "repeat", job.repeat, "fold", job.fold, "parts", DIVERGED, 1);
    if (!summary) return fail(ERR_MEMORY, "no memory for a summary");
    const Status status = crossval_write_json(path, "summary.json", summary);
    json_decref(summary);
    return status;
}
