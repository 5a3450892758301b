/* SPDX-License-Identifier: MIT */
#include "core/jsontext.h"
#include "core/number.h"
#include "core/shortlist.h"
#include "cv/chance.h"
#include "study/report_parts.h"
#include "study/stackcarrier.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the score ---- */

static void list_classes(char text[400], const json_t *task)
{
    Shortlist list = {.most = 8};
    const char *class;
    json_t *count;
    json_object_foreach(json_object_get(task, "classes"), class, count)
    {
        shortlist_add(&list, "%lld %.40s", (long long)json_integer_value(count), class);
    }
    snprintf(text, 400, list.n ? " (%.380s)" : "%.380s", list.text);
}

static void say_where(char text[300], const Report *r, const json_t *task)
{
    const int n_fold = (int)jsontext_number(task, "n_folds"), n_repeat = (int)jsontext_number(task, "n_repeats");
    if (!report_is_crossval(r))
        snprintf(text, 300, "that of one test set");
    else if (n_repeat > 1)
        snprintf(text, 300, "the mean over %d test folds of %d repetitions", n_fold, n_repeat);
    else
        snprintf(text, 300, "the mean over %d test fold%s", n_fold, number_plural(n_fold));
}

static void write_score(Report *r, const char *name, const json_t *task, const char *score)
{
    char key[80], classes[400], where[300], range[80] = "", shown[REPORT_VALUE], text[REPORT_TEXT];
    double interval[2];
    const int n = (int)jsontext_number(task, "n_bags");
    const double value = sides_score(task, score);
    snprintf(key, sizeof key, "%.60s_ci95", score);
    if (report_interval(interval, task, key))
        snprintf(range, sizeof range, ", 95 %% interval %.3f to %.3f", interval[0], interval[1]);
    list_classes(classes, task);
    say_where(where, r, task);
    report_value(shown, value);
    markup_raw(&r->page, "<p class=\"answer\">");
    markup_text(&r->page, name);
    markup_printf(&r->page, ": %s <strong>%s</strong>%s</p>\n<p>The figure is ", report_score_words(score), shown,
                  range);
    snprintf(text, sizeof text, "%s; %d bag%s%s.", where, n, number_plural(n), classes);
    markup_text(&r->page, text);
    markup_raw(&r->page, "</p>\n");
    snprintf(text, sizeof text, "%.80s: %s %s%s; %s, %d bag%s%s.", name, report_score_words(score), shown, range,
             where, n, number_plural(n), classes);
    report_keep(r, r->answers, text);
    if (strcmp(score, "auc") == 0 && !isnan(interval[0]) && interval[0] <= 0.5)
        report_alarm(r, "The interval reaches 0.5, which is chance: these bags do not show that %.80s can be told.",
                     name);
}

/* ---- what comes near ---- */

#define NUISANCE "Nuisance numbers of a bag (size, depth, clonality, lengths) alone reach "

/* Without an interval the plain scores are compared; more is better. */
static void say_plain_nuisance(Report *r, const char *score, const Side *side, double value, double own)
{
    const char *words = report_score_words(score);
    if (side->lack)
        report_say(r, NUISANCE "%s %.3f on other bags or folds.", words, value);
    else if (value < own)
        report_say(r, NUISANCE "%s %.3f.", words, value);
    else
        report_alarm(r, NUISANCE "%s %.3f, as much as this run. A trivial cause may explain the result: see Data.",
                     words, value);
}

static Status say_nuisance(Report *r, const char *task, const char *score, int k)
{
    SidesGap gap;
    const Side *side = &r->sides.side[k];
    const double value = sides_score(sides_task(side->summary, task), score);
    if (isnan(value)) return OK;
    TRY(sides_gap(&gap, &r->sides, task, k, 0));
    if (!gap.known)
        say_plain_nuisance(r, score, side, value, sides_score(sides_task(r->summary, task), score));
    else if (gap.interval[1] < 0)
        report_say(r, NUISANCE "AUC %.3f, which is lower by %.3f (95 %% interval %.3f to %.3f).", value,
                   -gap.difference, -gap.interval[1], -gap.interval[0]);
    else
        report_alarm(r,
                     NUISANCE
                     "AUC %.3f; the difference to this run is %+.3f (95 %% interval %+.3f to %+.3f). A trivial "
                     "cause may explain the result: see Data.",
                     value, gap.difference, gap.interval[0], gap.interval[1]);
    return OK;
}

typedef struct {
    Shortlist higher, lower, equal;
} MethodLists;

static Status compare(MethodLists *c, Report *r, const char *task)
{
    for (int k = 1; k < r->sides.n; k++) {
        const Side *side = &r->sides.side[k];
        SidesGap gap;
        if (!side->is_method || strncmp(side->name, "nuisance", 8) == 0) continue;
        TRY(sides_gap(&gap, &r->sides, task, k, 0));
        if (!gap.known) continue;
        shortlist_add(gap.interval[0] > 0   ? &c->higher
                      : gap.interval[1] < 0 ? &c->lower
                                            : &c->equal,
                      "%.40s", side->name);
    }
    return OK;
}

static Status say_methods(Report *r, const char *task)
{
    MethodLists c = {.higher = {.most = 14}, .lower = {.most = 14}, .equal = {.most = 14}};
    TRY(compare(&c, r, task));
    const int n = c.higher.n + c.lower.n + c.equal.n;
    if (n == 0) return OK;
    if (c.higher.n)
        report_say(r,
                   "Methods with a higher AUC than this run on the same bags, beyond the 95 %% interval of the "
                   "difference: %s.",
                   c.higher.text);
    if (c.equal.n)
        report_say(r, "Methods whose difference to this run is within its 95 %% interval: %s.", c.equal.text);
    if (c.lower.n) report_say(r, "Methods with a lower AUC than this run: %s.", c.lower.text);
    return OK;
}

static Status write_rivals(Report *r, const char *task, const char *score)
{
    char run[REPORT_WORD];
    if (!r->in->rivals) {
        report_word(run, r->in->run);
        report_lack(
            r,
            "It is not known what other methods and trivial numbers reach on the same folds. Run them, then report "
            "again with --rivals:",
            "hopsack baseline %s/config.yaml --splits=%s/splits.tsv -o rivals", run, run);
        return OK;
    }
    for (int k = 1; k < r->sides.n; k++)
        if (r->sides.side[k].is_method && strncmp(r->sides.side[k].name, "nuisance", 8) == 0)
            TRY(say_nuisance(r, task, score, k));
    return say_methods(r, task);
}

static void write_stack(Report *r, const char *task, const char *score)
{
    char carrier[1024], rivals[REPORT_WORD], range[80] = "";
    double interval[2];
    if (r->stack_at < 0) {
        if (r->in->rivals && sides_task(r->summary, task) &&
            !json_object_get(sides_task(r->summary, task), "carried_by"))
            report_lack(r,
                        "Which method to use was not chosen inside the folds. A choice by test scores would be too "
                        "good; a stack "
                        "chooses without them:",
                        "hopsack stack %s -o stack", report_word(rivals, r->in->rivals));
        return;
    }
    const json_t *scores = sides_task(r->sides.side[r->stack_at].summary, task);
    if (!scores) return;
    if (report_interval(interval, scores, "auc_ci95"))
        snprintf(range, sizeof range, " (95 %% interval %.3f to %.3f)", interval[0], interval[1]);
    stackcarrier_sentence(carrier, sizeof carrier, scores);
    report_say(r, "A choice among the methods inside the folds (stack) has %s %.3f%s. %s.", report_score_words(score),
               sides_score(scores, score), range, carrier);
}

/* ---- chance and batches ---- */

static void write_chance(Report *r, const json_t *task)
{
    size_t k;
    json_t *sentence, *sentences = chance_sentences(task);
    char run[REPORT_WORD];
    json_array_foreach(sentences, k, sentence)
    {
        report_say(r, "%s.", json_string_value(sentence));
    }
    json_decref(sentences);
    if (chance_batches(task) == CHANCE_RECOGNISED)
        report_alarm(r, "Batches are recognized. Go by the figure with whole batches left out.");
    if (!report_is_crossval(r) || r->learning.n == 0) return;
    report_word(run, r->in->run);
    if (!json_object_get(task, "permuted"))
        report_lack(r, "No cross-validation on permuted labels was run, so there is no p value:",
                    "hopsack crossval %s/config.yaml --permute=19 -o %s-permuted", run, run);
    if (!json_object_get(task, "leave_batch_out"))
        report_lack(r, "No batch was left out as a whole. If samples were made in batches, such as plates or sites:",
                    "hopsack crossval %s/config.yaml --batch-column=COLUMN --batches -o %s-batches", run, run);
}

/* What the run's own check of the data found. */
static void say_trivial(Report *r, const char *name)
{
    const json_t *check = json_object_get(json_object_get(r->summary, "check"), name);
    const int n = (int)json_array_size(json_object_get(check, "found"));
    if (n)
        report_alarm(r,
                     "%d number%s or column%s that describe%s a bag as a whole predict%s %.80s. A trivial cause may "
                     "explain the "
                     "result: see the remarks below, and Data.",
                     n, number_plural(n), number_plural(n), n == 1 ? "s" : "", n == 1 ? "s" : "", name);
}

/* ---- the section ---- */

static Status write_task(Report *r, const char *name, const json_t *task)
{
    const char *score = sides_main(task);
    if (!score) return OK;
    write_score(r, name, task, score);
    say_trivial(r, name);
    TRY(write_rivals(r, name, score));
    write_stack(r, name, score);
    write_chance(r, task);
    return OK;
}

static void write_unfinished(Report *r)
{
    char run[REPORT_WORD];
    const char *command = json_string_value(json_array_get(json_object_get(r->manifest[REPORT_RUN], "command"), 1));
    if (!command || strcmp(command, "train") != 0) command = "crossval";
    report_alarm(r, "This run is not finished: %d of the %d trainings that have begun have results.",
                 r->learning.n_done, r->learning.n);
    report_lack(r, "It is still going on, or it stopped. To continue it:", "hopsack %s --resume -o %s", command,
                report_word(run, r->in->run));
}

/* Remarks that the run itself made. */
static void write_remarks(Report *r)
{
    size_t k;
    json_t *remark;
    json_array_foreach(json_object_get(r->summary, "remarks"), k, remark)
    {
        report_say(r, "Remark of the run: %s.", json_string_value(remark) ? json_string_value(remark) : "");
    }
}

Status report_answer(Report *r)
{
    const char *name;
    json_t *task;
    page_section(&r->page, "answer", "The answer");
    if (!r->finished) {
        write_unfinished(r);
        return OK;
    }
    json_object_foreach((json_t *)(size_t)r->tasks, name, task)
    {
        TRY(write_task(r, name, task));
    }
    write_remarks(r);
    return OK;
}
