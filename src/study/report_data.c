/* SPDX-License-Identifier: MIT */
#include "core/jsontext.h"
#include "core/number.h"
#include "core/shortlist.h"
#include "study/figure_forest.h"
#include "study/report_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bags by label ---- */

static void write_classes(Report *r, const char *name, const json_t *task)
{
    static const char *const head[] = {"class", "test bags"};
    char caption[160];
    const char *class;
    json_t *count, *classes = json_object_get(task, "classes");
    if (json_object_size(classes) == 0) return;
    snprintf(caption, sizeof caption, "%.80s: bags by label", name);
    page_table(&r->page, caption, head, 2, 1);
    json_object_foreach(classes, class, count)
    {
        page_row(&r->page);
        page_head_cell(&r->page, class);
        page_number(&r->page, json_number_value(count), 0);
        page_row_end(&r->page);
    }
    page_table_end(&r->page);
}

/* ---- what hopsack check found ---- */

/* "14 (9 to 21)": median, minimum, maximum */
static void write_range(Report *r, const json_t *class)
{
    char text[120] = "–";
    if (json_object_get(class, "median"))
        snprintf(text, sizeof text, "%.4g (%.4g to %.4g)", jsontext_number(class, "median"),
                 jsontext_number(class, "min"), jsontext_number(class, "max"));
    page_cell(&r->page, text);
}

static bool has_numbers(const json_t *trait)
{
    const json_t *classes = json_object_get(trait, "by_class");
    return json_object_get(json_object_iter_value(json_object_iter((json_t *)(size_t)classes)), "median") != NULL;
}

#define MOST_HEAD 6 /* classes of a table of traits */

/* AUC of classes, rank correlation of a number. */
static const char *strength_key(const json_t *task)
{
    return strcmp(jsontext_field(task, "kind"), "regression") == 0 ? "correlation" : "auc";
}

static void write_trait(Report *r, const json_t *trait, const json_t *task)
{
    double interval[2];
    int n = 0;
    const char *class, *words = jsontext_field(trait, "words");
    json_t *count;
    const json_t *counts = json_object_get(task, "counts"), *strength = json_object_get(trait, strength_key(task));
    page_row(&r->page);
    page_head_cell(&r->page, *words ? words : jsontext_field(trait, "name"));
    json_object_foreach((json_t *)(size_t)counts, class, count)
    {
        if (n++ < MOST_HEAD) write_range(r, json_object_get(json_object_get(trait, "by_class"), class));
    }
    page_number(&r->page, json_is_number(strength) ? json_number_value(strength) : (double)NAN, 3);
    report_interval(interval, trait, "interval");
    page_interval(&r->page, interval, false);
    page_number(&r->page, json_object_get(trait, "p") ? jsontext_number(trait, "p") : (double)NAN, 4);
    page_row_end(&r->page);
}

static void open_traits(Report *r, const char *name, const json_t *task)
{
    const bool areas = strcmp(strength_key(task), "auc") == 0;
    const json_t *counts = json_object_get(task, "counts");
    const char *class, *head[MOST_HEAD + 4] = {"number"};
    char caption[240];
    json_t *count;
    int n = 1;
    json_object_foreach((json_t *)(size_t)counts, class, count)
    {
        if (n <= MOST_HEAD) head[n++] = class;
    }
    head[n++] = areas ? "AUC" : "|rank correlation|";
    head[n++] = "95 % interval";
    head[n++] = "p";
    snprintf(caption, sizeof caption, "%.80s: median (minimum to maximum) of each number%s, and %s", name,
             areas ? " by class" : "", areas ? "AUC of the number alone" : "its rank correlation with the label");
    page_table(&r->page, caption, head, n, 3);
}

/* Numbers that all bags share, as depth after rarefaction. */
static void write_constant(Report *r, const json_t *traits)
{
    Shortlist list = {.most = 12};
    size_t k;
    json_t *trait;
    char text[REPORT_TEXT];
    json_array_foreach(traits, k, trait)
    {
        if (json_object_get(trait, "constant")) shortlist_add(&list, "%.60s", jsontext_field(trait, "words"));
    }
    snprintf(text, sizeof text, "Equal in all bags: %s.", list.text);
    if (list.n) page_sentence(&r->page, text);
}

static void write_traits(Report *r, const char *name, const json_t *task)
{
    const json_t *counts = json_object_get(task, "counts"), *traits = json_object_get(task, "traits");
    size_t k;
    json_t *trait;
    if (json_object_size(counts) == 0 || json_array_size(traits) == 0) return;
    open_traits(r, name, task);
    json_array_foreach(traits, k, trait)
    {
        if (has_numbers(trait) && !json_object_get(trait, "constant")) write_trait(r, trait, task);
    }
    page_table_end(&r->page);
    write_constant(r, traits);
}

static void flag_other_data(Report *r)
{
    const json_t *data = json_object_get(json_object_get(r->manifest[REPORT_RUN], "data"), "dataset");
    const char *of_run = path_last(jsontext_field(data, "path"));
    const char *checked = path_last(jsontext_field(r->check, "path"));
    if (*of_run && strcmp(of_run, checked) != 0)
        report_alarm(r, "The run's data are %.200s, and the check is of %.200s.", of_run, checked);
}

static void write_findings(Report *r)
{
    size_t k;
    json_t *remark;
    const size_t n_equal = json_array_size(json_object_get(r->check, "equal_bags"));
    const size_t n_pair = json_array_size(json_object_get(json_object_get(r->check, "shared_clones"), "pairs"));
    char text[REPORT_TEXT];
    snprintf(text, sizeof text,
             "hopsack check of %.200s: %.40s; %.0f bags, %.0f instances, %zu group%s of equal bags, %zu pair%s of "
             "bags that "
             "share their largest clones as samples of one donor do.",
             jsontext_field(r->check, "path"), jsontext_field(r->check, "verdict"), jsontext_number(r->check, "bags"),
             jsontext_number(r->check, "instances"), n_equal, number_plural((int64_t)n_equal), n_pair,
             number_plural((int64_t)n_pair));
    page_sentence(&r->page, text);
    json_array_foreach(json_object_get(r->check, "remarks"), k, remark)
    {
        page_alarm(&r->page, json_string_value(remark));
    }
}

/* The run's config names the labels too, wherever they stand. */
static void lack_check(Report *r)
{
    static const char what[] = "The data were not checked here for damage, repeated donors and numbers that tell the "
                               "label. To have it, check them, then report with --check:";
    char home[REPORT_WORD];
    if (r->has_config)
        report_lack(r, what, "hopsack check %s/config.yaml --json > check.json", report_word(home, r->home));
    else
        report_lack(r, what, "hopsack check DATA --target=COLUMN --json > check.json");
}

static void write_check(Report *r)
{
    const char *name;
    json_t *task;
    if (!r->check) {
        lack_check(r);
        return;
    }
    flag_other_data(r);
    write_findings(r);
    json_object_foreach(json_object_get(r->check, "tasks"), name, task)
    {
        write_traits(r, name, task);
    }
}

/* What train and crossval look at themselves. */
static void write_own_check(Report *r)
{
    const char *name;
    json_t *task;
    char text[REPORT_TEXT];
    json_object_foreach(json_object_get(r->summary, "check"), name, task)
    {
        const int tested = jsontext_count(task, "tested"),
                  found = (int)json_array_size(json_object_get(task, "found"));
        snprintf(
            text, sizeof text,
            "%.80s: before training, %d number%s and column%s that describe a bag as a whole were tested against the "
            "label; %d %s it.",
            name, tested, number_plural(tested), number_plural(tested), found, found == 1 ? "predicts" : "predict");
        page_sentence(&r->page, text);
    }
}

/* ---- single numbers ---- */

static Status draw_singles(Report *r, const char *name, const json_t *single)
{
    Figure *f;
    char title[160];
    const char *of;
    json_t *value;
    int n = 0;
    ForestRow *row = calloc(json_object_size(single) + 1, sizeof *row);
    if (!row) return fail(ERR_MEMORY, "no memory for a figure");
    json_object_foreach((json_t *)(size_t)single, of, value)
    {
        row[n] = (ForestRow){
            .value = json_is_number(value) ? json_number_value(value) : (double)NAN, .low = NAN, .high = NAN};
        snprintf(row[n++].name, sizeof row->name, "%.40s", of);
    }
    snprintf(title, sizeof title, "Each nuisance number alone: %.60s", name);
    Status status =
        figure_forest_add(&f, &r->figures,
                          &(Forest){.stem = "nuisance",
                                    .task = name,
                                    .title = title,
                                    .x_label = "AUC on test bags; above 0.5: larger in the positive class",
                                    .row = row,
                                    .n = n,
                                    .line = 0.5,
                                    .least = 0.3,
                                    .most = 0.7});
    free(row);
    TRY(status);
    return figure_caption(f, "How well each number of a bag tells the label, without any training.");
}

static Status draw_nuisance(Report *r)
{
    const int from = r->figures.n;
    for (int k = 0; k < r->sides.n; k++) {
        const Side *side = &r->sides.side[k];
        const char *name;
        json_t *task;
        if (!sides_is_nuisance(side)) continue;
        json_object_foreach((json_t *)(size_t)sides_tasks(side->summary), name, task)
        {
            const json_t *single = json_object_get(task, "single");
            if (json_object_size(single) > 0) TRY(draw_singles(r, name, single));
        }
    }
    page_figures(&r->page, &r->figures, from);
    return OK;
}

Status report_data(Report *r)
{
    const char *name;
    json_t *task;
    page_section(&r->page, "data", "Data");
    json_object_foreach((json_t *)(size_t)r->tasks, name, task)
    {
        write_classes(r, name, task);
    }
    write_own_check(r);
    write_check(r);
    return draw_nuisance(r);
}
