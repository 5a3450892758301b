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
    TRY(trials_new(&out->trials, config));
    TRY(trials_members(&out->members, config));
    out->rungs = rungs_of(out->trials.n, config->search.halving);
    return OK;
}

static Status no_memory(const FoldSearch *s)
{
    return fail(ERR_MEMORY, "no memory for %d trials in %d folds", s->trials.n, s->n_all);
}

static int *places_of(const FoldSearch *s, int fold, int rung)
{
    return s->place + ((size_t)fold * (size_t)s->rungs.n + (size_t)rung) * (size_t)s->trials.n;
}

/* The settings of all trials in the rungs before the last. */
static Status shorten(FoldSearch *s)
{
    const size_t n = (size_t)s->trials.n;
    s->shorter = malloc(((size_t)(s->rungs.n - 1) * n + 1) * sizeof *s->shorter);
    if (!s->shorter) return no_memory(s);
    for (int rung = 0; rung + 1 < s->rungs.n; rung++)
        for (int t = 0; t < s->trials.n; t++) {
            Config *own = &s->shorter[(size_t)rung * n + (size_t)t];
            *own = s->trials.trial[t].config;
            rungs_shorten(&own->train, &s->rungs, rung);
        }
    return OK;
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
    s->place = malloc((n_trial * (size_t)s->rungs.n + 1) * sizeof *s->place);
    s->reached = calloc(n_trial + 1, sizeof *s->reached);
    if (!s->chosen || !s->score || !s->diverged || !s->place || !s->reached) return no_memory(s);
    for (size_t f = 0; f < n; f++) s->chosen[f] = -1;
    for (size_t i = 0; i < n_trial * (size_t)s->rungs.n; i++) s->place[i] = -1;
    for (int f = 0; f < s->n_all; f++)
        for (int t = 0; t < s->trials.n; t++) places_of(s, f, 0)[t] = t;
    for (size_t i = 0; i < n_trial * (size_t)s->config->search.inner_folds; i++) s->score[i] = NAN;
    return shorten(s);
}

void search_close(FoldSearch *s)
{
    trials_free(&s->trials);
    trials_free(&s->members);
    free(s->chosen);
    free(s->place);
    free(s->reached);
    free(s->shorter);
    free(s->score);
    free(s->test);
    free(s->lost);
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

FoldJob search_job(const FoldSearch *s, FoldJob job)
{
    if (job.slot == 0 || job.trial > 0) return job;
    job.trial = 1 + places_of(s, fold_of(s, job), job.rung > 0 ? job.rung - 1 : s->rungs.n - 1)[job.slot - 1];
    return job;
}

const Config *search_config(const FoldSearch *s, FoldJob job)
{
    const int n_member = s->members.n;
    if (!search_is_on(s))
        return n_member > 0 && job.model >= 0 ? &s->members.trial[job.model % n_member].config : s->config;
    const int trial = job.slot > 0 ? job.trial - 1 : s->chosen[fold_of(s, job)];
    if (trial < 0) return s->config;
    return job.rung > 0 ? &s->shorter[(job.rung - 1) * s->trials.n + trial] : &s->trials.trial[trial].config;
}

bool search_is_open(const FoldSearch *s, FoldJob job)
{
    if (!search_is_on(s)) return false;
    return job.slot > 0 ? job.trial == 0 : s->chosen[fold_of(s, job)] < 0;
}

/* ---- scores ---- */

static FoldJob job_of(const FoldSearch *s, int fold, int rung, int trial, int inner)
{
    return (FoldJob){.repeat = fold / s->n_fold,
                     .fold = fold % s->n_fold,
                     .model = -1,
                     .inner = inner + 1,
                     .trial = trial + 1,
                     .slot = 1, /* any: the trial is known */
                     .rung = rung + 1 < s->rungs.n ? rung + 1 : 0};
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

static Status read_score(FoldSearch *s, const char *run, FoldJob job)
{
    json_t *summary;
    const int fold = fold_of(s, job), trial = job.trial - 1, inner = job.inner - 1;
    TRY(foldjob_summary(&summary, run, job));
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

/* The best mean of the trials of the last rung, the earlier where equal; the first where none is defined. */
static int best(const FoldSearch *s, int fold, int without)
{
    const int last = s->rungs.n - 1, *place = places_of(s, fold, last);
    int found = place[0];
    double most = NAN;
    for (int k = 0; k < s->rungs.width[last]; k++) {
        const double mean = mean_of(s, fold, place[k], without);
        if (isnan(mean) || mean <= most) continue;
        most = mean;
        found = place[k];
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

static bool rung_is_done(const FoldSearch *s, const char *run, int fold, int rung)
{
    const int *place = places_of(s, fold, rung);
    for (int i = 0; i < s->n_inner[fold]; i++)
        for (int k = 0; k < s->rungs.width[rung]; k++) {
            const FoldJob job = job_of(s, fold, rung, place[k], i);
            if (!foldjob_done(run, search_config(s, job), job)) return false;
        }
    return true;
}

/* How many trials of a rung are better than trial t: a greater mean, one that is defined, an earlier number. */
static int rank_of(const FoldSearch *s, int fold, int rung, int t)
{
    const int *place = places_of(s, fold, rung);
    const double own = mean_of(s, fold, t, -1);
    int rank = 0;
    for (int k = 0; k < s->rungs.width[rung]; k++) {
        const double other = mean_of(s, fold, place[k], -1);
        const bool equal = other == own || (isnan(other) && isnan(own));
        rank += equal ? place[k] < t : isnan(own) || other > own;
    }
    return rank;
}

/* The best trials go on, in the order of their numbers. */
static void promote(FoldSearch *s, int fold, int rung)
{
    const int *place = places_of(s, fold, rung);
    int *next = places_of(s, fold, rung + 1);
    for (int k = 0, n = 0; k < s->rungs.width[rung]; k++) {
        if (rank_of(s, fold, rung, place[k]) >= s->rungs.width[rung + 1]) continue;
        next[n++] = place[k];
        s->reached[fold * s->trials.n + place[k]] = rung + 1;
    }
}

static Status read_rung(FoldSearch *s, const char *run, int fold, int rung)
{
    const int *place = places_of(s, fold, rung);
    for (int k = 0; k < s->rungs.width[rung]; k++)
        for (int i = 0; i < s->n_inner[fold]; i++) TRY(read_score(s, run, job_of(s, fold, rung, place[k], i)));
    return OK;
}

static Status choose(FoldSearch *s, const char *run, int fold)
{
    for (int rung = 0; rung < s->rungs.n; rung++) {
        const bool is_last = rung + 1 == s->rungs.n;
        if (!is_last && places_of(s, fold, rung + 1)[0] >= 0) continue;
        if (!rung_is_done(s, run, fold, rung)) return OK;
        TRY(read_rung(s, run, fold, rung));
        if (is_last)
            s->chosen[fold] = best(s, fold, -1);
        else
            promote(s, fold, rung);
    }
    return OK;
}

Status search_choose(FoldSearch *s, const char *run)
{
    for (int f = 0; f < s->n_all && search_is_on(s); f++)
        if (s->chosen[f] < 0) TRY(choose(s, run, f));
    return OK;
}

Status search_read_throughout(FoldSearch *s, const char *run)
{
    if (!s->config->search.throughout) return OK;
    free(s->test);
    free(s->lost);
    s->test = malloc(((size_t)s->n_all * (size_t)s->trials.n + 1) * sizeof *s->test);
    s->lost = calloc((size_t)s->trials.n + 1, sizeof *s->lost);
    if (!s->test || !s->lost) return no_memory(s);
    for (int f = 0; f < s->n_all; f++)
        for (int t = 0; t < s->trials.n; t++) {
            json_t *summary;
            FoldJob job = job_of(s, f, s->rungs.n - 1, t, -1);
            TRY(foldjob_summary(&summary, run, job));
            s->test[f * s->trials.n + t] = first_score(summary, s->target);
            s->lost[t] |= json_object_get(summary, DIVERGED) != NULL;
            json_decref(summary);
        }
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
