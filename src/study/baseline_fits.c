/* SPDX-License-Identifier: MIT
 *
 * baseline_fits.c: all fits of a method. A repetition is one batch: the rival counts once for all of its folds, tasks and
 * rounds of labels.
 */
#include "core/file.h"
#include "core/log.h"
#include "cv/foldjob.h"
#include "run/runfolder.h"
#include "study/baseline_parts.h"
#include "study/rivalfile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- memory of a fit ---- */

static void free_fit(RivalFit *f)
{
    free((void *)(size_t)f->train), free((void *)(size_t)f->inner), free((void *)(size_t)f->test);
    free((void *)(size_t)f->label), free(f->test_output), free(f->inner_output);
    json_decref(f->choice);
    rival_model_free(f->model);
    *f = (RivalFit){0};
}

typedef struct {
    BaselineMethod *m;
    const BaselineSplits *at;
    int repeat;
    RivalFit *fit;
    const BaselineRound **round; /* [n_fit] */
    int *part, *task;            /* [n_fit] */
    int n_fit;
} FitList;

static void free_list(FitList *l)
{
    for (int k = 0; l->fit && k < l->n_fit; k++) free_fit(&l->fit[k]);
    free(l->fit), free((void *)l->round), free(l->part), free(l->task);
}

/* ---- what is learned ---- */

static double label_of(const BaselineRound *r, const Target *t, int i)
{
    const real *label = r->labels.target + (size_t)i * (size_t)r->labels.n_out + (size_t)t->at;
    return task_n_class(t) ? task_label_class(t, label) : (double)label[0];
}

static Status make_fit(RivalFit *f, const FitList *l, const BaselineRound *r, int part, int task)
{
    const Baseline *b = l->m->b;
    const Target *t = &b->target[task];
    const Part *parts = l->at->part[part].part;
    const size_t room = (size_t)b->n + 1, at = (size_t)part * (size_t)b->n_task + (size_t)task;
    const int *inner_of = l->at->inner + at * (size_t)b->n;
    int *train = malloc(room * sizeof *train), *test = malloc(room * sizeof *test);
    int *inner = malloc(room * sizeof *inner);
    double *label = malloc(room * sizeof *label);
    *f = (RivalFit){.n_inner = l->at->n_inner[at],
                    .train = train,
                    .inner = inner,
                    .test = test,
                    .label = label,
                    .n_class = task_n_class(t),
                    .n_out = t->n_out,
                    .keep = r->kind == ROUND_PLAIN,
                    .test_output = calloc(room * (size_t)t->n_out, sizeof(double)),
                    .inner_output = calloc(room * (size_t)t->n_out, sizeof(double))};
    if (!train || !test || !inner || !label || !f->test_output || !f->inner_output)
        return fail(ERR_MEMORY, "no memory for a fit of %d bags", b->n);
    for (int i = 0; i < b->n; i++) {
        if (parts[i] == PART_TEST) test[f->n_test++] = i;
        if (parts[i] == PART_TEST || parts[i] == PART_NONE) continue;
        if (r->labels.mask[(size_t)i * (size_t)b->n_task + (size_t)task] == 0) continue;
        if (f->n_inner > 0 && inner_of[i] < 0) continue;
        inner[f->n_train] = inner_of[i];
        label[f->n_train] = label_of(r, t, i);
        train[f->n_train++] = i;
    }
    return OK;
}

static bool one_class(const RivalFit *f)
{
    for (int i = 1; i < f->n_train && f->n_class; i++)
        if (f->label[i] != f->label[0]) return false;
    return f->n_train == 0 || f->n_class > 0;
}

static Status check_fit(const FitList *l, const RivalFit *f, int task)
{
    if (!one_class(f)) return OK;
    return fail(ERR_FORMAT, "%s: all %d training bags of task '%s' are of one class; a classifier needs both",
                bagfile_path(l->m->b->dataset.cohort.file), f->n_train, l->m->b->target[task].name);
}

static Status add_fits(FitList *l, int part, int task)
{
    const Baseline *b = l->m->b;
    for (int k = 0; k < b->n_round; k++) {
        const BaselineRound *r = &b->round[k];
        if (r->at != l->at) continue;
        RivalFit *f = &l->fit[l->n_fit];
        l->round[l->n_fit] = r;
        l->part[l->n_fit] = part;
        l->task[l->n_fit++] = task;
        TRY(make_fit(f, l, r, part, task));
        if (r->kind == ROUND_PLAIN) TRY(check_fit(l, f, task));
        if (!one_class(f)) continue;
        free_fit(f); /* the other class was exchanged away: there is nothing to learn, and all bags rank alike */
        l->n_fit--;
    }
    return OK;
}

static Status list_fits(FitList *l)
{
    const Baseline *b = l->m->b;
    const size_t room = (size_t)l->at->n_fold * (size_t)b->n_task * (size_t)b->n_round + 1;
    l->fit = calloc(room, sizeof *l->fit);
    l->round = calloc(room, sizeof *l->round);
    l->part = calloc(room, sizeof *l->part);
    l->task = calloc(room, sizeof *l->task);
    if (!l->fit || !l->round || !l->part || !l->task) return fail(ERR_MEMORY, "no memory for %zu fits", room);
    for (int fold = 0; fold < l->at->n_fold; fold++)
        for (int task = 0; task < b->n_task; task++) TRY(add_fits(l, l->repeat * l->at->n_fold + fold, task));
    return OK;
}

/* ---- what came of it ---- */

static void take_outputs(FitList *l, int k)
{
    const Baseline *b = l->m->b;
    RivalFit *f = &l->fit[k];
    RoundOutputs *o = &l->m->outputs[l->round[k] - b->round];
    const Target *t = &b->target[l->task[k]];
    const size_t n = (size_t)b->n, n_out = (size_t)b->n_out, own = (size_t)f->n_out;
    for (int i = 0; i < f->n_test; i++)
        for (size_t c = 0; c < own; c++)
            o->output[((size_t)l->repeat * n + (size_t)f->test[i]) * n_out + (size_t)t->at + c] =
                (real)f->test_output[(size_t)i * own + c];
    for (int i = 0; i < f->n_train; i++)
        for (size_t c = 0; c < own; c++)
            o->inner[((size_t)l->part[k] * n + (size_t)f->train[i]) * n_out + (size_t)t->at + c] =
                f->inner_output[(size_t)i * own + c];
    o->choice[l->part[k] * b->n_task + l->task[k]] = json_incref(f->choice);
}

/* Without inner outputs nothing is settled. */
static Status settle(FitList *l, int k)
{
    const Baseline *b = l->m->b;
    const RivalFit *f = &l->fit[k];
    Target *t = l->m->outputs[l->round[k] - b->round].target + (size_t)l->part[k] * (size_t)b->n_task + l->task[k];
    if (f->n_inner == 0 || f->n_class == 0) return OK;
    int *class = malloc(((size_t)f->n_train + 1) * sizeof *class);
    if (!class) return fail(ERR_MEMORY, "no memory for %d bags", f->n_train);
    for (int i = 0; i < f->n_train; i++) class[i] = (int)f->label[i];
    const Status status = settle_target(t, NULL, b->in->settle, f->inner_output, class, f->n_train);
    free(class);
    return status;
}

static Status write_model(const FitList *l, int k)
{
    const Baseline *b = l->m->b;
    const RivalFit *f = &l->fit[k];
    const Dataset *d = &b->dataset;
    char folder[PATH_ROOM], models[PATH_ROOM], path[PATH_ROOM], name[RIVALFILE_NAME];
    FoldConfig own;
    if (!f->model) return OK;
    const int repeat = l->repeat, fold = l->part[k] % l->at->n_fold;
    foldjob_config(&own, &b->config, (FoldJob){.repeat = repeat, .fold = fold, .model = -1});
    TRY(runfolder_path(folder, b->in->folder, l->m->rival->name));
    TRY(runfolder_path(models, folder, "models"));
    rivalfile_name(name, repeat, fold, l->task[k]);
    TRY(runfolder_path(path, models, name));
    json_t *metrics = json_null();
    const ModelFacts facts = {.config = &own.config,
                              .spec = bagfile_spec(d->cohort.file),
                              .target = b->target,
                              .n_target = b->n_task,
                              .hash = d->folds.hash,
                              .id = d->cohort.id,
                              .provenance = bagfile_provenance(d->cohort.file),
                              .part = l->at->part[l->part[k]].part,
                              .n = b->n,
                              .metrics = metrics,
                              .feature = bagfile_feature_names(d->cohort.file)};
    const Target *t = l->m->outputs[0].target + (size_t)l->part[k] * (size_t)b->n_task + l->task[k];
    const RivalRecord record = {.task = l->task[k],
                                .choice = f->choice,
                                .is_calibrated = t->is_calibrated,
                                .calibration = {t->slope, t->shift},
                                .has_cutoff = t->has_cutoff,
                                .cutoff = t->cutoff};
    return rivalfile_write(path, &facts, f->model, &record);
}

static Status run_repeat(BaselineMethod *m, void *state, const BaselineSplits *at, int repeat)
{
    FitList l = {.m = m, .at = at, .repeat = repeat};
    Status status;
    TRY_DONE(list_fits(&l));
    TRY_DONE(m->rival->fit(state, l.fit, l.n_fit));
    for (int k = 0; k < l.n_fit; k++) {
        take_outputs(&l, k);
        TRY_DONE(settle(&l, k));
        TRY_DONE(write_model(&l, k));
    }
done:
    free_list(&l);
    return status;
}

/* ---- all of it ---- */

static Status reserve(BaselineMethod *m)
{
    const Baseline *b = m->b;
    m->outputs = calloc((size_t)b->n_round + 1, sizeof *m->outputs);
    if (!m->outputs) return fail(ERR_MEMORY, "no memory for the outputs of %s", m->rival->name);
    for (int k = 0; k < b->n_round; k++) {
        const BaselineSplits *at = b->round[k].at;
        RoundOutputs *o = &m->outputs[k];
        const size_t n = (size_t)b->n * (size_t)b->n_out, n_inner = (size_t)at->n_part * n;
        o->output = calloc((size_t)at->n_repeat * n + 1, sizeof *o->output);
        o->inner = malloc((n_inner + 1) * sizeof *o->inner);
        o->choice = calloc((size_t)at->n_part * (size_t)b->n_task + 1, sizeof *o->choice);
        o->target = malloc(((size_t)at->n_part * (size_t)b->n_task + 1) * sizeof *o->target);
        if (!o->output || !o->inner || !o->choice || !o->target)
            return fail(ERR_MEMORY, "no memory for the outputs of %s", m->rival->name);
        for (int i = 0; i < at->n_part * b->n_task; i++) o->target[i] = b->target[i % b->n_task];
        for (size_t i = 0; i < n_inner; i++) o->inner[i] = NAN;
    }
    return OK;
}

void baseline_fits_free(BaselineMethod *m)
{
    for (int k = 0; m->outputs && k < m->b->n_round; k++) {
        RoundOutputs *o = &m->outputs[k];
        const int n = m->b->round[k].at->n_part * m->b->n_task;
        for (int c = 0; o->choice && c < n; c++) json_decref(o->choice[c]);
        free(o->output), free(o->inner), free((void *)o->choice), free(o->target);
    }
    free(m->outputs);
    m->outputs = NULL;
    json_decref(m->single);
    m->single = NULL;
}

/* ---- each number alone ---- */

/* Of the bags that are tested in some fold; NaN: of no other. */
static void test_labels(double *label, const Baseline *b, int task)
{
    const BaselineRound *r = &b->round[0];
    for (int i = 0; i < b->n; i++) label[i] = NAN;
    for (int part = 0; part < b->plain.n_part; part++)
        for (int i = 0; i < b->n; i++)
            if (b->plain.part[part].part[i] == PART_TEST && r->labels.mask[i * b->n_task + task] != 0)
                label[i] = label_of(r, &b->target[task], i);
}

/* Nothing is learned, so there is no training part. */
static Status add_single(BaselineMethod *m, void *state)
{
    const Baseline *b = m->b;
    Status status = OK;
    if (!m->rival->single) return OK;
    m->single = json_object();
    double *label = malloc(((size_t)b->n + 1) * sizeof *label);
    if (!label || !m->single) TRY_DONE(fail(ERR_MEMORY, "no memory for the labels of %d bags", b->n));
    for (int k = 0; k < b->n_task; k++) {
        json_t *area;
        if (task_n_class(&b->target[k]) != 2) continue;
        test_labels(label, b, k);
        TRY_DONE(m->rival->single(&area, state, label));
        json_object_set_new(m->single, b->target[k].name, area);
    }
done:
    free(label);
    return status;
}

static Status make_folders(const BaselineMethod *m)
{
    char folder[PATH_ROOM];
    TRY(file_make_inside(m->b->in->folder, m->rival->name));
    TRY(runfolder_path(folder, m->b->in->folder, m->rival->name));
    return file_make_inside(folder, "models");
}

Status baseline_fits_run(BaselineMethod *m)
{
    Baseline *b = m->b;
    void *state = NULL;
    const BaselineSplits *const both[] = {&b->plain, &b->batches};
    const double begun = log_seconds();
    const RivalBags bags = {.cohort = &b->dataset.cohort,
                            .use = b->use,
                            .by_counts = b->in->by_counts,
                            .columns = b->in->columns,
                            .held = &b->held,
                            .clones = &b->clones,
                            .stop = b->in->stop};
    Status status;
    TRY_DONE(make_folders(m));
    TRY_DONE(reserve(m));
    TRY_DONE(m->rival->open(&state, m->rival, &bags));
    for (int s = 0; s < 2; s++)
        for (int repeat = 0; repeat < both[s]->n_repeat; repeat++) {
            TRY_DONE(stop_check(b->in->stop, "; methods that are done stay, --resume goes on"));
            TRY_DONE(run_repeat(m, state, both[s], repeat));
        }
    TRY_DONE(add_single(m, state));
done:
    m->rival->close(state);
    m->seconds = log_seconds() - begun;
    return status;
}
