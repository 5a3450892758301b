/* SPDX-License-Identifier: MIT */
#include "core/jsontext.h"
#include "core/number.h"
#include "study/report_parts.h"
#include "study/settinglist.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the paragraph for the paper ---- */

typedef struct {
    size_t n;
    char text[4096];
} Paragraph;

static void append(Paragraph *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(Paragraph *p, const char *format, ...)
{
    va_list args;
    const size_t room = sizeof p->text - p->n;
    va_start(args, format);
    const int n = vsnprintf(p->text + p->n, room, format, args);
    va_end(args);
    p->n += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void describe_embedder(Paragraph *p, const SettingList *l)
{
    const char *kind = settinglist_value(l, "model.embedder.kind");
    if (strcmp(kind, "cnn") == 0)
        append(p,
               "Each sequence was embedded by a one-dimensional convolution (%.20s kernels over %.20s residues) and "
               "its maximum "
               "over positions. ",
               settinglist_value(l, "model.embedder.n_kernel"), settinglist_value(l, "model.embedder.kernel"));
    else if (strcmp(kind, "lstm") == 0)
        append(p, "Each sequence was embedded by a long short-term memory network. ");
    else if (strcmp(kind, "mlp") == 0)
        append(p, "Each instance was embedded by a fully connected network. ");
}

static bool is_widrich(const char *pooling)
{
    return strcmp(pooling, "attention") == 0;
}

static bool is_hopfield(const char *pooling)
{
    return strcmp(pooling, "hopfield") == 0;
}

static void describe_pooling(Paragraph *p, const char *pooling)
{
    if (!*pooling)
        append(p, "Instances were pooled by several poolings side by side. ");
    else if (is_widrich(pooling))
        append(p, "Instances were pooled by attention with learned queries (Widrich et al. 2020). ");
    else if (is_hopfield(pooling))
        append(p, "Instances were pooled by a modern Hopfield layer (Ramsauer et al. 2021). ");
    else
        append(p, "Instances were pooled by the pooling '%.40s' of hopsack. ", pooling);
}

static void describe_network(Paragraph *p, const Report *r, const SettingList *l)
{
    append(p, "Bags were classified by multiple-instance learning with hopsack. ");
    describe_embedder(p, l);
    describe_pooling(p, settinglist_value(l, "model.pooling.kind"));
    append(p, "Networks were trained with %.20s at a learning rate of %.20s",
           settinglist_value(l, "train.optimizer.kind")[0] ? settinglist_value(l, "train.optimizer.kind")
                                                           : settinglist_value(l, "train.optimizer"),
           settinglist_value(l, "train.lr"));
    const char *updates = settinglist_value(l, "train.updates");
    if (*updates && strcmp(updates, "null") != 0) append(p, " for %.20s updates", updates);
    append(p, ". ");
    if (json_object_get(r->summary, "search"))
        append(p, "In each fold, settings were chosen among %.0f trials by %.0f inner folds of its training bags. ",
               jsontext_number(json_object_get(r->summary, "search"), "trials"),
               jsontext_number(json_object_get(r->summary, "search"), "inner_folds"));
    if (jsontext_count(r->summary, "n_models") > 1)
        append(p, "In each fold, the outputs of %d networks that differ in their random seed were averaged. ",
               jsontext_count(r->summary, "n_models"));
    if (strcmp(settinglist_value(l, "train.keep"), "last") != 0)
        append(p, "The state of each training was chosen on validation bags. ");
}

static void describe_split(Paragraph *p, const Report *r, const SettingList *l)
{
    const char *group = settinglist_value(l, "splits.group");
    const int n_fold = jsontext_count(r->summary, "n_folds"), n_repeat = jsontext_count(r->summary, "n_repeats");
    if (report_is_crossval(r)) {
        append(p, "Performance was estimated by %d-fold cross-validation", n_fold);
        if (n_repeat > 1) append(p, ", repeated %d times", n_repeat);
    } else
        append(p, "Performance was estimated on one test set");
    if (*group && strcmp(group, "null") != 0) append(p, "; bags of one %.60s stayed in one set", group);
    append(p, ". ");
}

static void describe_score(Paragraph *p, const char *name, const json_t *task)
{
    char shown[REPORT_VALUE];
    double interval[2];
    const int n = jsontext_count(task, "n_bags");
    const char *score = sides_main(task);
    if (!score) return;
    append(p, "For %.80s, the %s on test bags was %s", name,
           strcmp(score, "auc") == 0 ? "area under the receiver operating characteristic curve (AUC)"
                                     : report_score_words(score),
           report_value(shown, sides_score(task, score)));
    if (strcmp(score, "auc") == 0 && report_score_interval(interval, task, "auc"))
        append(p, " (95 %% interval %.3f to %.3f, by resampling bags within the test folds)", interval[0],
               interval[1]);
    append(p, " over %d bag%s. ", n, number_plural(n));
}

static void describe_methods(Paragraph *p, const Report *r)
{
    int n = 0;
    for (int k = 1; k < r->sides.n; k++) n += r->sides.side[k].is_method && !r->sides.side[k].lack;
    if (n) append(p, "%d other method%s ran on the same folds. ", n, number_plural(n));
    if (r->stack_at >= 0)
        append(p, "The choice among methods was made inside each training set (nested cross-validation). ");
}

static void write_paragraph(Report *r, const SettingList *l)
{
    Paragraph p = {.n = 0};
    const char *name, *pooling = settinglist_value(l, "model.pooling.kind");
    json_t *task;
    const bool network = r->learning.n > 0;
    if (network)
        describe_network(&p, r, l);
    else
        append(&p, "Bags were classified by the method '%.80s' of hopsack. ",
               r->sides.n ? r->sides.side[0].name : "");
    describe_split(&p, r, l);
    json_object_foreach((json_t *)(size_t)r->tasks, name, task)
    {
        describe_score(&p, name, task);
    }
    describe_methods(&p, r);
    append(&p, "hopsack %.40s, random seed %" JSON_INTEGER_FORMAT ".", jsontext_field(r->summary, "version"),
           json_integer_value(json_object_get(r->summary, "seed")));
    page_heading(&r->page, "For the paper");
    markup_raw(&r->page, "<blockquote>\n");
    page_sentence(&r->page, p.text);
    if (network && is_widrich(pooling))
        page_sentence(
            &r->page,
            "M. Widrich et al.: Modern Hopfield Networks and Attention for Immune Repertoire Classification. "
            "NeurIPS 2020. arXiv:2007.13505");
    if (network && is_hopfield(pooling))
        page_sentence(&r->page, "H. Ramsauer et al.: Hopfield Networks is All You Need. ICLR 2021. arXiv:2008.02217");
    markup_raw(&r->page, "</blockquote>\n");
}

/* ---- settings ---- */

static void write_changed(Report *r, const SettingList *l)
{
    static const char *const head[] = {"setting", "value", "default"};
    int n = 0;
    for (int k = 0; k < l->n; k++) n += l->setting[k].standard != NULL;
    if (n == 0) {
        page_sentence(&r->page,
                      l->compared
                          ? "All settings have their defaults."
                          : "The defaults of these kinds of parts are not known without their other settings.");
        return;
    }
    page_table(&r->page, "Settings that differ from the default", head, 3, 0);
    for (int k = 0; k < l->n; k++) {
        if (!l->setting[k].standard) continue;
        page_row(&r->page);
        page_head_cell(&r->page, l->setting[k].path);
        page_cell(&r->page, l->setting[k].value);
        page_cell(&r->page, *l->setting[k].standard ? l->setting[k].standard : "not set");
        page_row_end(&r->page);
    }
    page_table_end(&r->page);
}

/* The config of a stack or of methods says of their folds and labels, and nothing of how they learned. */
static Status write_settings(Report *r, const SettingList *l)
{
    char *text;
    if (!r->has_config || (r->summary && r->learning.n == 0)) return OK;
    page_heading(&r->page, "Settings");
    write_changed(r, l);
    TRY(config_text(&text, &r->config));
    markup_raw(&r->page, "<details><summary>All settings (config.yaml)</summary>\n");
    page_lines(&r->page, text);
    markup_raw(&r->page, "</details>\n");
    free(text);
    return OK;
}

/* ---- how to repeat it ---- */

void report_command(char *out, size_t room, const json_t *words)
{
    size_t k, n = 0;
    json_t *word;
    char quoted[REPORT_WORD];
    out[0] = 0;
    json_array_foreach(words, k, word)
    {
        const char *text = json_string_value(word) ? json_string_value(word) : "";
        const int more =
            snprintf(out + n, room - n, "%s%s", k ? " " : "", report_word(quoted, k ? text : path_last(text)));
        if (more < 0 || (size_t)more >= room - n) return;
        n += (size_t)more;
    }
}

static void write_commands(Report *r)
{
    char line[4 * REPORT_WORD];
    page_heading(&r->page, "To repeat it");
    for (int k = 0; k < REPORT_FOLDERS; k++) {
        const json_t *words = json_object_get(r->manifest[k], "command");
        if (json_array_size(words) == 0) continue;
        report_command(line, sizeof line, words);
        page_command(&r->page, line);
    }
    page_sentence(&r->page, "The same data, settings and seed give the same numbers with any number of threads.");
}

static void write_fact(Report *r, const char *name, const char *value)
{
    if (!*value) return;
    page_row(&r->page);
    page_head_cell(&r->page, name);
    page_cell(&r->page, value);
    page_row_end(&r->page);
}

static void write_facts(Report *r)
{
    static const char *const head[] = {"fact", "value"};
    const json_t *manifest = r->manifest[REPORT_RUN], *machine = json_object_get(manifest, "machine");
    const json_t *dataset = json_object_get(json_object_get(manifest, "data"), "dataset");
    char text[64];
    page_table(&r->page, "What the run depends on", head, 2, 0);
    write_fact(r, "run", r->in->run);
    write_fact(r, "hopsack", jsontext_field(manifest, "version"));
    snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(r->summary, "seed")));
    if (r->summary) write_fact(r, "random seed", text);
    write_fact(r, "started", jsontext_field(manifest, "started"));
    write_fact(r, "dataset", jsontext_field(dataset, "path"));
    write_fact(r, "content of the bags (SHA-256)", jsontext_field(dataset, "content"));
    write_fact(r, "processor", jsontext_field(machine, "cpu"));
    write_fact(r, "linear algebra", jsontext_field(machine, "blas"));
    snprintf(text, sizeof text, "%.1f", jsontext_number(r->summary, "seconds"));
    if (r->summary) write_fact(r, "seconds of training", text);
    page_table_end(&r->page);
}

/* ---- limits ---- */

#define FEW_BAGS 60 /* test bags, below which an interval says little */

static void write_limits(Report *r)
{
    const char *name;
    json_t *task;
    char text[REPORT_TEXT];
    page_section(&r->page, "limits", "Limits");
    json_object_foreach((json_t *)(size_t)r->tasks, name, task)
    {
        const int n = jsontext_count(task, "n_bags");
        if (n >= FEW_BAGS) continue;
        snprintf(text, sizeof text,
                 "%.80s: few test bags (%d). Another cohort of this size may well give another figure.", name, n);
        page_sentence(&r->page, text);
    }
    if (r->has_config && !r->config.splits.group)
        page_sentence(
            &r->page,
            "No column of donors was named (--group). If a person has several bags, they may be in training and "
            "test set.");
    if (r->summary && !report_is_crossval(r))
        page_sentence(
            &r->page,
            "One division into training and test set was used. A cross-validation shows how much the figure "
            "depends on it.");
    page_sentence(&r->page,
                  "All bags come from the data named above. What the figures say of other laboratories, devices and "
                  "populations is not known before it is tested there.");
    page_sentence(
        &r->page,
        "A high score does not tell the cause. Read the trivial numbers, the batches and the check of the data "
        "first.");
}

Status report_repeat(Report *r)
{
    SettingList list = {.n = 0};
    page_section(&r->page, "repeat", "Methods and repeating");
    if (r->has_config) TRY(settinglist_make(&list, &r->config));
    if (r->summary) write_paragraph(r, &list);
    const Status status = write_settings(r, &list);
    settinglist_free(&list);
    TRY(status);
    write_commands(r);
    write_facts(r);
    write_limits(r);
    return OK;
}
