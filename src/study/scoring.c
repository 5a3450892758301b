/* SPDX-License-Identifier: MIT */
#include "study/scoring.h"
#include "cohort/column.h"
#include "cohort/task.h"
#include "core/log.h"
#include "cv/coding.h"
#include "run/record.h"

#include <stdlib.h>

Status scoring_check(const Apply *apply, const Cohort *cohort)
{
    const Table *table = cohort->table;
    for (int k = 0; k < apply->n_target; k++)
        if (!table || column_place(table, apply->target[k].column) < 0)
            return fail(ERR_FORMAT, "%s: no column '%s', the label that the model predicts",
                        table ? table->path : bagfile_path(cohort->file), apply->target[k].column);
    return OK;
}

Status scoring_start(Scoring *s)
{
    bool known;
    TRY(predictor_fit(&s->predictor, &s->cohort));
    TRY(scoring_check(&s->predictor.apply, &s->cohort));
    TRY(apply_label(&s->predictor.apply, &s->cohort, &known));
    const size_t n = (size_t)s->cohort.n + 1;
    s->seen = calloc(n, sizeof *s->seen);
    s->output = calloc(n * (size_t)s->predictor.apply.n_out, sizeof *s->output);
    s->member = calloc(n, sizeof *s->member);
    return s->seen && s->output && s->member ? OK : fail(ERR_MEMORY, "no memory for %d bags", s->cohort.n);
}

static int count_labelled(const Scoring *s)
{
    int n = 0;
    for (int i = 0; i < s->cohort.n; i++) n += cohort_labelled(&s->cohort, i);
    return n;
}

static Status no_label(const Scoring *s)
{
    char text[CODING_ROOM];
    const char *foreign = coding_foreign(text, &s->cohort, s->predictor.apply.target, s->predictor.apply.n_target);
    if (foreign)
        return fail(ERR_FORMAT,
                    "%s: no bag has a label that the model knows: %s; recode them in a label table, and "
                    "give it with --metadata=FILE",
                    s->cohort.table->path, foreign);
    return fail(ERR_FORMAT, "%s: no bag has a label; give a label table with --metadata=FILE",
                bagfile_path(s->cohort.file));
}

/* A bag is known by its content, so it is decoded; it is scored at once, before the next takes its place. */
Status scoring_visit(Scoring *s, bool score)
{
    Progress progress;
    const int n = count_labelled(s);
    int done = 0;
    if (n == 0) return no_label(s);
    progress_start(&progress, "evaluating", "bags", n);
    for (int i = 0; i < s->cohort.n; i++) {
        if (!cohort_labelled(&s->cohort, i)) continue;
        TRY(apply_seen(&s->seen[i], &s->predictor.apply, &s->cohort, i));
        apply_next(&s->predictor.apply, &s->cohort, i + 1);
        s->count[s->seen[i]]++;
        if (score && (s->all || s->seen[i] == SEEN_NOT))
            TRY(predictor_bag(s->output + (size_t)i * (size_t)s->predictor.apply.n_out, &s->predictor, &s->cohort, i,
                              NULL));
        progress_update(&progress, ++done, NULL);
    }
    progress_end(&progress, NULL);
    apply_report(&s->predictor.apply, s->of);
    return OK;
}

static json_t *scores_of(const Scoring *s, Seen which)
{
    int n = 0;
    for (int i = 0; i < s->cohort.n; i++)
        if (cohort_labelled(&s->cohort, i) && s->seen[i] == which) s->member[n++] = i;
    const Apply *a = &s->predictor.apply;
    json_t *scores = record_scores(a->target, &s->cohort.labels, s->output, s->member, n, a->model[0].config.seed);
    for (int k = 0; k < a->n_target && s->predictor.is_rank; k++)
        if (task_n_class(&a->target[k]))
            json_object_set_new(json_object_get(json_object_get(scores, "tasks"), a->target[k].name), "loss",
                                json_null());
    return scores;
}

json_t *scoring_parts(const Scoring *s)
{
    json_t *parts = json_object();
    for (Seen which = SEEN_NOT; parts && which <= SEEN_VALIDATION; which++) {
        if (s->count[which] == 0 || (!s->all && which != SEEN_NOT)) continue;
        if (json_object_set_new(parts, seen_name[which], scores_of(s, which)) == 0) continue;
        json_decref(parts);
        parts = NULL;
    }
    return parts;
}

void scoring_free(Scoring *s)
{
    predictor_free(&s->predictor);
    cohort_close(&s->cohort);
    free(s->seen);
    free(s->output);
    free(s->member);
    *s = (Scoring){0};
}
