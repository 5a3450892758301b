/* SPDX-License-Identifier: MIT */
#include "core/file.h"
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
    const int n_fold = jsontext_count(task, "n_folds"), n_repeat = jsontext_count(task, "n_repeats");
    if (!report_is_crossval(r))
        snprintf(text, 300, "that of one test set");
    else if (n_repeat > 1)
        snprintf(text, 300, "the mean over %d test folds of %d repetitions", n_fold, n_repeat);
    else
        snprintf(text, 300, "the mean over %d test fold%s", n_fold, number_plural(n_fold));
}

static void flag_chance(Report *r, const char *name, const char *score, double value, const double interval[2])
{
    if (strcmp(score, "r2") == 0 && value <= 0)
        report_alarm(r, "R² is not above 0: the outputs are no nearer to %.80s than its mean is.", name);
    if (strcmp(score, "auc") != 0 || isnan(interval[0])) return;
    if (interval[1] < 0.5)
        report_alarm(r,
                     "The interval lies below 0.5, which is chance: %.80s is ranked the wrong way round. Look at the "
                     "labels and at the folds.",
                     name);
    else if (interval[0] <= 0.5)
        report_alarm(r, "The interval reaches 0.5, which is chance: these bags do not show that %.80s can be told.",
                     name);
}

static void write_score(Report *r, const char *name, const json_t *task, const char *score)
{
    char classes[400], where[300], range[80] = "", shown[REPORT_VALUE], text[REPORT_TEXT];
    double interval[2];
    const int n = jsontext_count(task, "n_bags");
    const double value = sides_score(task, score);
    if (report_score_interval(interval, task, score))
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
    flag_chance(r, name, score, value, interval);
}

/* ---- what comes near ---- */

#define TRIVIAL "A trivial cause may explain the result: see Data."

/* "Nuisance numbers of a bag (size, …) alone reach" */
static void name_nuisance(char text[600], const Side *side)
{
    Shortlist columns = {.most = 6};
    const bool vectors = strstr(side->folder, "nuisance-vectors") != NULL;
    size_t k;
    json_t *column;
    json_array_foreach(json_object_get(json_object_get(side->summary, "settings"), "columns"), k, column)
    {
        shortlist_add(&columns, "%.60s", json_string_value(column) ? json_string_value(column) : "");
    }
    snprintf(text, 600, "Nuisance numbers of a bag (%s%s%.400s) alone reach",
             vectors ? "size, distribution of values" : "size, depth, clonality, lengths",
             columns.n ? "; columns: " : "", columns.text);
}

/* Without an interval the plain scores are compared; more is better. */
static void say_plain_nuisance(Report *r, const char *score, const Side *side, double value, double own)
{
    char nuisance[600];
    const char *words = report_score_words(score), *where = side->lack ? " on other bags or folds" : "";
    name_nuisance(nuisance, side);
    if (isnan(own) || value < own)
        report_say(r, "%s %s %.3f%s.", nuisance, words, value, where);
    else
        report_alarm(r, "%s %s %.3f%s, as much as this run. " TRIVIAL, nuisance, words, value, where);
}

/* The methods weigh all numbers. One of them may tell more by itself, in either direction. */
static void flag_single(Report *r, const char *task, const Side *side)
{
    const double own = sides_score(sides_task(r->summary, task), "auc");
    double best = 0;
    const char *name, *best_name = "";
    json_t *value;
    json_object_foreach(json_object_get(sides_task(side->summary, task), "single"), name, value)
    {
        const double area = json_is_number(value) ? json_number_value(value) : 0.5, far = fmax(area, 1 - area);
        if (far <= best) continue;
        best = far;
        best_name = name;
    }
    if (best > 0.5 && best >= own)
        report_alarm(r, "The number '%.60s' of a bag alone reaches AUC %.3f, as much as this run. " TRIVIAL,
                     best_name, best);
}

static Status say_nuisance(Report *r, const char *task, const char *score, int k)
{
    SidesGap gap;
    char nuisance[600];
    const Side *side = &r->sides.side[k];
    const double value = sides_score(sides_task(side->summary, task), score);
    if (isnan(value)) return OK;
    TRY(sides_gap(&gap, &r->sides, task, k));
    name_nuisance(nuisance, side);
    if (!gap.known)
        say_plain_nuisance(r, score, side, value, sides_score(sides_task(r->summary, task), score));
    else if (gap.interval[1] < 0)
        report_say(r, "%s AUC %.3f, which is lower by %.3f (95 %% interval %.3f to %.3f).", nuisance, value,
                   -gap.difference, -gap.interval[1], -gap.interval[0]);
    else
        report_alarm(r, "%s AUC %.3f; the difference to this run is %+.3f (95 %% interval %+.3f to %+.3f). " TRIVIAL,
                     nuisance, value, gap.difference, gap.interval[0], gap.interval[1]);
    flag_single(r, task, side);
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
        if (k == r->stack_at || sides_is_nuisance(side)) continue;
        TRY(sides_gap(&gap, &r->sides, task, k));
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
        report_say(r,
                   "Methods whose AUC is not told apart from that of this run (the 95 %% interval of the difference "
                   "has 0 in it): %s.",
                   c.equal.text);
    if (c.lower.n) report_say(r, "Methods with a lower AUC than this run: %s.", c.lower.text);
    return OK;
}

static Status write_nuisance(Report *r, const char *task, const char *score)
{
    int n = 0;
    for (int k = 0; k < r->sides.n; k++) {
        const Side *side = &r->sides.side[k];
        if (!sides_is_nuisance(side) || !sides_task(side->summary, task)) continue;
        n++;
        if (k > 0) TRY(say_nuisance(r, task, score, k));
    }
    if (n == 0)
        report_say(
            r,
            "No nuisance numbers of a bag, such as its size, are among the methods (hopsack baseline "
            "--method=nuisance, or nuisance-vectors), so it is not known whether a trivial cause explains %.80s.",
            task);
    return OK;
}

/* Of a stack without --rivals: its columns are methods on the same folds, nuisance numbers among them perhaps. */
static void say_columns(Report *r, const char *task, const char *score)
{
    char key[64], run[REPORT_WORD];
    Shortlist names = {.most = 14};
    const char *name;
    json_t *column;
    snprintf(key, sizeof key, "%.50s_mean", score);
    json_object_foreach(json_object_get(sides_task(r->summary, task), "columns"), name, column)
    {
        const json_t *mean = json_object_get(column, key);
        if (json_is_number(mean)) shortlist_add(&names, "%.40s %.3f", name, json_number_value(mean));
    }
    if (names.n > 0)
        report_say(r, "Its columns alone have on the same folds, in %s: %s.", report_score_words(score), names.text);
    report_lack(r, "Differences to the methods, with intervals, need the folder of baseline:",
                "hopsack report %s --rivals=RIVALS -o all.html", report_word(run, r->in->run));
}

static Status write_rivals(Report *r, const char *task, const char *score)
{
    char home[REPORT_WORD], run[REPORT_WORD];
    report_word(home, r->home);
    report_word(run, r->in->run);
    if (!r->in->rivals && r->sides.side[0].is_method) {
        report_lack(r, "The methods beside this one are not shown. To see them:",
                    "hopsack report %s --rivals=%s -o all.html", run, home);
        return OK;
    }
    if (!r->in->rivals && json_object_get(sides_task(r->summary, task), "columns")) {
        say_columns(r, task, score);
        return OK;
    }
    if (!r->in->rivals) {
        report_lack(
            r,
            "It is not known what other methods and trivial numbers reach on the same folds. Run them, then report "
            "again with --rivals:",
            "hopsack baseline %s/config.yaml --splits=%s/splits.tsv -o rivals", home, home);
        return OK;
    }
    TRY(write_nuisance(r, task, score));
    return say_methods(r, task);
}

static void write_stack(Report *r, const char *task, const char *score)
{
    char carrier[1024], rivals[REPORT_WORD], run[REPORT_WORD], path[PATH_ROOM], range[80] = "";
    double interval[2];
    if (r->stack_at < 0) {
        if (r->in->rivals && sides_task(r->summary, task) &&
            !json_object_get(sides_task(r->summary, task), "carried_by")) {
            const bool joins = !r->sides.side[0].is_method && file_exists_in(path, r->in->run, "inner.tsv");
            report_lack(r,
                        "Which method to use was not chosen inside the folds. A choice by test scores would be too "
                        "good; a stack "
                        "chooses without them:",
                        "hopsack stack %s%s%s -o stack", report_word(rivals, r->in->rivals), joins ? " " : "",
                        joins ? report_word(run, r->in->run) : "");
        }
        return;
    }
    const json_t *scores = sides_task(r->sides.side[r->stack_at].summary, task);
    if (!scores) return;
    if (report_score_interval(interval, scores, "auc"))
        snprintf(range, sizeof range, " (95 %% interval %.3f to %.3f)", interval[0], interval[1]);
    stackcarrier_sentence(carrier, sizeof carrier, scores);
    report_say(r, "A choice among the methods inside the folds (stack) has %s %.3f%s. %s.", report_score_words(score),
               sides_score(scores, score), range, carrier);
}

/* ---- chance and batches ---- */

static void flag_controls(Report *r, const json_t *task)
{
    double left_out[2];
    if (chance_batches(task) == CHANCE_RECOGNISED)
        report_alarm(r, "Batches are recognized. Go by the figure with whole batches left out.");
    if (report_score_interval(left_out, json_object_get(task, "leave_batch_out"), "auc") && left_out[0] <= 0.5)
        report_alarm(r,
                     "With whole batches left out, the interval reaches 0.5: nothing shows that the result holds in "
                     "a new batch.");
    if (chance_reached(task))
        report_alarm(
            r, "Trainings on permuted labels reach the result: it is not shown that there is more than chance.");
}

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
    flag_controls(r, task);
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

/* The command that made a run, where it has --resume; NULL: it has none. Older runs do not say. */
static const char *resumable(const json_t *manifest)
{
    static const char *const name[] = {"train", "crossval", "baseline"};
    size_t k;
    json_t *word, *words = json_object_get(manifest, "command");
    if (json_array_size(words) == 0) return "crossval";
    json_array_foreach(words, k, word)
    {
        for (size_t i = 0; i < sizeof name / sizeof *name; i++)
            if (strcmp(json_string_value(word) ? json_string_value(word) : "", name[i]) == 0) return name[i];
    }
    return NULL;
}

static void write_unfinished(Report *r)
{
    char run[REPORT_WORD], line[4 * REPORT_WORD];
    const json_t *manifest = r->manifest[REPORT_RUN];
    const char *command = resumable(manifest);
    if (r->learning.n > 0)
        report_alarm(r, "This run is not finished: %d of the %d trainings that have begun have results.",
                     r->learning.n_done, r->learning.n);
    else
        report_alarm(r, "This run is not finished.");
    if (command)
        report_lack(r, "It is still going on, or it stopped. To continue it:", "hopsack %s --resume -o %s", command,
                    report_word(run, r->in->run));
    else {
        report_command(line, sizeof line, json_object_get(manifest, "command"));
        report_lack(r, "It is still going on, or it stopped. It was begun with:", "%s", line);
    }
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
    if (!r->summary) {
        write_unfinished(r);
        return OK;
    }
    json_object_foreach((json_t *)(size_t)r->tasks, name, task)
    {
        r->about = json_object_size(r->tasks) > 1 ? name : NULL;
        TRY(write_task(r, name, task));
    }
    r->about = NULL;
    write_remarks(r);
    return OK;
}
