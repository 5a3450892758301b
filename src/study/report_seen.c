/* SPDX-License-Identifier: MIT */
#include "core/file.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "core/shortlist.h"
#include "data/text/table.h"
#include "model/mil.h"
#include "study/modelset.h"
#include "study/report_parts.h"
#include "study/stackseen.h"

#include <stdio.h>
#include <string.h>

#define ROWS_SHOWN 20

/* ---- tables ---- */

static bool is_empty(const Table *t, int column, int n_row)
{
    for (int k = 0; k < n_row; k++)
        if (*table_cell(t, k, column)) return false;
    return true;
}

/* A column of numbers that need not be read to the last digit. Of others a cell may look like a number and be a name. */
static bool is_measured(const char *column)
{
    static const char *const name[] = {"contribution",
                                       "attention_weight",
                                       "attribution",
                                       "share",
                                       "k_share_median",
                                       "entropy",
                                       "evenness",
                                       "decision",
                                       "contribution_positive",
                                       "contribution_negative",
                                       "t"};
    for (size_t k = 0; k < sizeof name / sizeof *name; k++)
        if (strcmp(column, name[k]) == 0) return true;
    return false;
}

#define COLUMNS_SHOWN 32

static void show_rows(Report *r, const Table *t, const char *caption, int n_row)
{
    const char *head[COLUMNS_SHOWN];
    int shown[COLUMNS_SHOWN], n = 0;
    for (int c = 0; c < t->n_column && n < COLUMNS_SHOWN; c++) {
        if (is_empty(t, c, n_row)) continue;
        head[n] = t->column[c];
        shown[n++] = c;
    }
    page_table(&r->page, caption, head, n, 0);
    for (int k = 0; k < n_row; k++) {
        page_row(&r->page);
        for (int i = 0; i < n; i++) page_read(&r->page, table_cell(t, k, shown[i]), is_measured(t->column[shown[i]]));
        page_row_end(&r->page);
    }
    page_table_end(&r->page);
}

/* A table of hopsack explain; an empty one where there is none. */
static Status read_table(Table *out, const Report *r, const char *file)
{
    char path[PATH_ROOM];
    *out = (Table){0};
    return file_exists_in(path, r->in->explain, file) ? table_read_any(out, path) : OK;
}

/* The first rows. Columns keep their names; those that are empty are left out. */
static void show_table(Report *r, const Table *t, const char *file, const char *caption)
{
    char text[200];
    const int n_row = t->n_row < ROWS_SHOWN ? t->n_row : ROWS_SHOWN;
    snprintf(text, sizeof text, "%s (%d of %d rows of %s)", caption, n_row, t->n_row, file);
    if (n_row) show_rows(r, t, text, n_row);
}

static Status write_table(Report *r, const char *file, const char *caption)
{
    Table t;
    TRY(read_table(&t, r, file));
    show_table(r, &t, file, caption);
    table_free(&t);
    return OK;
}

/* ---- what is clear ---- */

#define CLEAR 0.05 /* q of a motif that is named */

static const char *cell_of(const Table *t, int row, const char *column)
{
    const int c = table_column(t, column);
    return c < 0 ? "" : table_cell(t, row, c);
}

static void say_motifs(Report *r, const Table *t)
{
    int n = 0;
    for (int k = 0; k < t->n_row; k++) {
        double q;
        if (!number_read(&q, cell_of(t, k, "q_bh")) || q > CLEAR) continue;
        if (n++ < 3)
            report_say(r, "Motif %.60s: in %.20s positive and %.20s negative bags (q = %.2g).",
                       cell_of(t, k, "consensus"), cell_of(t, k, "n_bags_positive"), cell_of(t, k, "n_bags_negative"),
                       q);
    }
    if (n == 0 && table_column(t, "q_bh") >= 0)
        report_say(r, "No motif is clearly more frequent in one class (q above %.2f for each).", CLEAR);
}

/* Were bags explained by models that learned from them? explain.json tells. */
static void say_explained(Report *r, const json_t *facts)
{
    const json_t *seen = json_object_get(facts, "seen");
    if (json_is_true(seen))
        report_alarm(
            r, "Bags were explained by models that have learned from them. What is shown may be learned by heart.");
    else if (json_is_false(seen))
        page_sentence(&r->page, "Each bag is explained by models that have not learned from it.");
    page_sentence(&r->page, "Attention and contribution are no proof: compare with the enrichment between classes.");
}

/* ---- of which run ---- */

/* How many of the explained models a folder has; where it cannot be told, none. */
static int count_own(const char *folder, const json_t *models)
{
    ModelSet set = {0};
    const json_t *model;
    size_t k;
    int n = 0;
    if (modelset_add(&set, folder) == OK)
        json_array_foreach((json_t *)(size_t)models, k, model) n +=
            modelset_holds(&set, jsontext_field(model, "sha256"));
    modelset_free(&set);
    return n;
}

/* Are they models of the run, its stack or one of the rivals? */
static bool is_own(const Report *r, const json_t *models)
{
    const char *folder[] = {r->in->run, r->in->stack};
    const int n = (int)json_array_size(models);
    for (size_t k = 0; k < sizeof folder / sizeof *folder; k++)
        if (folder[k] && count_own(folder[k], models) == n) return true;
    for (int k = 0; k < r->sides.n; k++)
        if (r->sides.side[k].is_method && count_own(r->sides.side[k].folder, models) == n) return true;
    return false;
}

static void say_origin(Report *r, const json_t *facts)
{
    const json_t *models = json_object_get(facts, "model_files"), *words = json_object_get(facts, "explained");
    Shortlist names = {.most = 3};
    const json_t *word;
    size_t k;
    if (json_array_size(models) == 0) {
        page_sentence(&r->page,
                      "These files do not say which models they explain; hopsack explain of this version writes "
                      "it into explain.json.");
        return;
    }
    json_array_foreach((json_t *)(size_t)words, k, word)
        shortlist_add(&names, "%.120s", jsontext_field(word, "path"));
    if (!is_own(r, models))
        report_alarm(
            r, "--explain=%s explains models of another run (%s), not of this one. What follows is not about it.",
            r->in->explain, names.text);
}

/* ---- columns of a stack ---- */

static void say_columns(Report *r, const json_t *facts)
{
    const json_t *columns = json_object_get(facts, "columns"), *column;
    size_t k;
    char text[REPORT_TEXT];
    if (json_array_size(columns) == 0) return;
    Shortlist ranked = {.most = 8}, others = {.most = 8};
    json_array_foreach((json_t *)(size_t)columns, k, column)
    {
        if (!(jsontext_number(column, "share") > 0)) continue;
        shortlist_add(json_is_true(json_object_get(column, "explained")) ? &ranked : &others,
                      "%.60s of %.60s %.0f %%", jsontext_field(column, "name"), jsontext_field(column, "task"),
                      100 * jsontext_number(column, "share"));
    }
    snprintf(text, sizeof text, "Shares of the stack's columns in the decision: %s.", ranked.text);
    if (ranked.n > 0) page_sentence(&r->page, text);
    if (others.n == 0) return;
    snprintf(text, sizeof text, "These columns rank no instances, so what they decide is not shown: %s.",
             others.text);
    page_sentence(&r->page, text);
}

/* ---- what the stack chose ---- */

/* Of the run, if that is a stack, or beside it; NULL: there is none. */
static const json_t *stack_tasks(const Report *r)
{
    const json_t *first = json_object_iter_value(json_object_iter((json_t *)(size_t)r->tasks));
    if (json_object_get(first, "carried_by")) return r->tasks;
    return r->stack_at >= 0 ? sides_tasks(r->sides.side[r->stack_at].summary) : NULL;
}

/* The run's name as a column, if it is a network whose layers mix instances; else NULL. */
static const char *mute_of(char run[PATH_ROOM], const Report *r)
{
    if (!r->has_config || !mil_options_mix(&r->config.model)) return NULL;
    snprintf(run, PATH_ROOM, "%s", r->in->run);
    path_trim(run);
    return path_last(run);
}

/* explained: its column; NULL: nothing is. */
static void say_chosen(Report *r, const char *explained)
{
    char text[REPORT_TEXT], both[REPORT_TEXT + 96], run[PATH_ROOM];
    const json_t *tasks = stack_tasks(r);
    const char *name;
    json_t *task;
    json_object_foreach((json_t *)(size_t)tasks, name, task)
    {
        if (!stackseen_sentence(text, sizeof text, task, explained, mute_of(run, r))) continue;
        snprintf(both, sizeof both, "%.80s: %s", name, text);
        page_sentence(&r->page, json_object_size(tasks) > 1 ? both : text);
    }
}

/* One column may be explained where the stack has several. */
static void say_choice(Report *r, const json_t *facts)
{
    const json_t *words = json_object_get(facts, "explained"), *word = json_array_get(words, 0);
    char path[PATH_ROOM];
    if (json_array_size(words) != 1 || strcmp(jsontext_field(word, "kind"), "stack") == 0) return;
    snprintf(path, sizeof path, "%s", jsontext_field(word, "path"));
    path_trim(path);
    say_chosen(r, path_last(path));
}

static void say_top(Report *r, const json_t *facts)
{
    say_origin(r, facts);
    say_choice(r, facts);
    say_explained(r, facts);
    say_columns(r, facts);
    if (json_array_size(json_object_get(facts, "kernels_without_parts")) > 0)
        page_sentence(&r->page, "Kernels of models whose pooling neither averages nor takes maxima have no parts of "
                                "the score. Their motifs come "
                                "from residues.");
}

/* ---- heads ---- */

#define IDLE_NAMED 5

static void name_idle(Shortlist *names, const json_t *head)
{
    shortlist_add(names, "%.60s model %d pooling %d query %d head %d", jsontext_field(head, "task"),
                  jsontext_count(head, "model"), jsontext_count(head, "pooling"), jsontext_count(head, "query"),
                  jsontext_count(head, "head"));
}

/* Heads that do nothing are named. */
static void say_heads(Report *r, const json_t *facts)
{
    const json_t *heads = json_object_get(facts, "heads"), *idle = json_object_get(heads, "idle");
    const size_t n = json_array_size(idle);
    Shortlist names = {.most = IDLE_NAMED};
    const json_t *head;
    size_t k;
    char text[REPORT_TEXT];
    if (!heads) return;
    page_sentence(&r->page,
                  "Classes of heads by Ramsauer et al. 2021: I averages over nearly all instances, II and III over "
                  "fewer, IV picks a few. The share is that of all contributions, by size.");
    if (n == 0) return;
    json_array_foreach((json_t *)(size_t)idle, k, head) name_idle(&names, head);
    snprintf(text, sizeof text, "%zu head%s below %g of an equal share of the decision, and so %s nothing: %s.", n,
             n == 1 ? " has" : "s have", jsontext_number(heads, "idle_below"), n == 1 ? "does" : "do", names.text);
    page_sentence(&r->page, text);
}

/* ---- sections ---- */

static Status write_motifs(Report *r, const Table *motifs)
{
    say_motifs(r, motifs);
    TRY(report_logos(r, "motifs.meme", "Motif", "No motif was found."));
    show_table(r, motifs, "motifs.tsv", "Motifs");
    return OK;
}

/* The logos are of the kernels that separate the classes. */
static Status write_kernels(Report *r)
{
    char path[PATH_ROOM];
    if (!file_exists_in(path, r->in->explain, "kernels.tsv")) return OK;
    page_sentence(&r->page,
                  "A kernel's contribution is its exact part of the score of a bag, over all sequences, mean over "
                  "the bags of a class. Logos are of kernels that add more in positive bags.");
    TRY(report_logos(r, "kernels.meme", "Kernel", "No kernel adds clearly more in positive bags."));
    return write_table(r, "kernels.tsv", "Convolution kernels");
}

/* A folder of something else would leave the section empty without a word. */
static Status check_explained(const char *folder)
{
    static const char *const file[] = {"explain.json", "sequences.tsv", "instances.tsv", "motifs.meme"};
    char path[PATH_ROOM];
    if (!file_is_folder(folder)) return fail(ERR_IO, "--explain=%s is no folder", folder);
    for (size_t k = 0; k < sizeof file / sizeof *file; k++)
        if (file_exists_in(path, folder, file[k])) return OK;
    return fail(ERR_USAGE, "--explain=%s is no folder of hopsack explain", folder);
}

/* Labels that stand in a table beside the dataset go with it. */
static void lack(Report *r, const char *what)
{
    char run[REPORT_WORD], data[REPORT_WORD], labels[REPORT_WORD];
    const char *path = r->has_config && r->config.data.path ? r->config.data.path : "DATA";
    const char *metadata = r->has_config ? config_metadata(&r->config) : NULL;
    report_lack(r, what, "hopsack explain %s %s%s%s -o seen", report_word(run, r->in->run), report_word(data, path),
                metadata ? " --metadata=" : "", metadata ? report_word(labels, metadata) : "");
}

static void lack_explained(Report *r)
{
    StackSeen seen;
    char run[PATH_ROOM];
    stackseen_find(&seen, stack_tasks(r), mute_of(run, r));
    if (!seen.whole && !*seen.column) {
        say_chosen(r, NULL);
        return;
    }
    lack(r, "Which instances the outputs rest on, and which motif, is not shown here:");
}

/* Methods rank sequences and no more, where the run is a network, which would have the rest. */
static void lack_network(Report *r, const json_t *facts)
{
    char path[PATH_ROOM];
    const char *kind = jsontext_field(json_array_get(json_object_get(facts, "explained"), 0), "kind");
    const bool by_method = strcmp(kind, "stack") == 0 || strcmp(kind, "method") == 0;
    if (!by_method || file_exists_in(path, r->in->explain, "residues.tsv.gz")) return;
    if (!file_exists_in(path, r->in->run, "rep00") && !file_exists_in(path, r->in->run, "model.safetensors")) return;
    lack(r, "A method ranks sequences alone. The network's motifs, residues and kernels are not shown here:");
}

static Status write_seen(Report *r, const json_t *facts)
{
    Table motifs;
    say_top(r, facts);
    TRY(read_table(&motifs, r, "motifs.tsv"));
    const Status status = write_motifs(r, &motifs);
    table_free(&motifs);
    TRY(status);
    TRY(write_table(r, "sequences.tsv", "Sequences with the largest contributions"));
    TRY(write_table(r, "instances.tsv", "Instances with the largest contributions"));
    TRY(write_table(r, "features.tsv", "Features by mean absolute attribution"));
    lack_network(r, facts);
    TRY(write_kernels(r));
    say_heads(r, facts);
    return write_table(r, "heads.tsv", "Heads of the pooling");
}

Status report_seen(Report *r)
{
    char path[PATH_ROOM];
    json_t *facts = NULL;
    page_section(&r->page, "seen", "What was seen");
    if (!r->in->explain) {
        lack_explained(r);
        return OK;
    }
    TRY(check_explained(r->in->explain));
    if (file_exists_in(path, r->in->explain, "explain.json")) TRY(jsontext_load(&facts, path, NULL));
    const Status status = write_seen(r, facts);
    json_decref(facts);
    return status;
}
