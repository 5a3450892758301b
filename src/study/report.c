/* SPDX-License-Identifier: MIT */
#include "core/escape.h"
#include "core/file.h"
#include "core/inputguard.h"
#include "core/jsontext.h"
#include "core/shortlist.h"
#include "study/report_parts.h"
#include "study/studyrun.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- for all sections ---- */

void report_keep(Report *r, json_t *list, const char *text)
{
    char shown[5 * REPORT_WORD];
    if (json_array_append_new(list, json_string(escape_text(shown, sizeof shown, text))) != 0) r->page.n_failed++;
}

typedef void WriteSentence(Markup *m, const char *text);

static void add_sentence(Report *r, WriteSentence *write, json_t *list, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
static void add_sentence(Report *r, WriteSentence *write, json_t *list, const char *format, va_list args)
{
    char text[REPORT_TEXT];
    const int n = r->about ? snprintf(text, sizeof text, "%.80s: ", r->about) : 0;
    vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    write(&r->page, text);
    report_keep(r, list, text);
}

void report_say(Report *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_sentence(r, page_sentence, r->answers, format, args);
    va_end(args);
}

void report_alarm(Report *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_sentence(r, page_alarm, r->alarms, format, args);
    va_end(args);
}

static bool is_said(const json_t *list, const char *text)
{
    size_t k;
    json_t *said;
    json_array_foreach(list, k, said)
    {
        if (strcmp(json_string_value(said), text) == 0) return true;
    }
    return false;
}

/* Several tasks lack the same. */
void report_lack(Report *r, const char *what, const char *command_format, ...)
{
    char text[4 * REPORT_WORD], both[5 * REPORT_WORD], shown[5 * REPORT_WORD];
    va_list args;
    va_start(args, command_format);
    vsnprintf(text, sizeof text, command_format, args);
    va_end(args);
    snprintf(both, sizeof both, "%s %s", what, text);
    escape_text(shown, sizeof shown, both);
    if (is_said(r->missing, shown)) return;
    page_missing(&r->page, what, text);
    report_keep(r, r->missing, both);
}

const char *report_word(char out[REPORT_WORD], const char *path)
{
    return escape_word(out, REPORT_WORD, path);
}

const char *report_value(char out[REPORT_VALUE], double value)
{
    if (isnan(value))
        snprintf(out, REPORT_VALUE, "not defined");
    else
        snprintf(out, REPORT_VALUE, "%.3f", value);
    return out;
}

bool report_interval(double interval[2], const json_t *task, const char *key)
{
    const json_t *low = json_array_get(json_object_get(task, key), 0),
                 *high = json_array_get(json_object_get(task, key), 1);
    interval[0] = json_is_number(low) ? json_number_value(low) : (double)NAN;
    interval[1] = json_is_number(high) ? json_number_value(high) : (double)NAN;
    return !isnan(interval[0]) && !isnan(interval[1]);
}

bool report_score_interval(double interval[2], const json_t *task, const char *score)
{
    char key[80];
    snprintf(key, sizeof key, "%.60s_ci95", score);
    return report_interval(interval, task, key);
}

bool report_is_crossval(const Report *r)
{
    return json_object_get(r->summary, "tasks") != NULL;
}

/* ---- what is read ---- */

/* A method of baseline shares these files with the others: they stand in the folder around its own. */
static void find_home(Report *r)
{
    char path[PATH_ROOM], above[PATH_ROOM];
    snprintf(r->home, sizeof r->home, "%s", r->in->run);
    path_trim(r->home);
    if (file_exists_in(path, r->home, "config.yaml")) return;
    snprintf(above, sizeof above, "%s", r->home);
    char *slash = strrchr(above, '/');
    if (slash && slash > above)
        *slash = 0;
    else
        snprintf(above, sizeof above, slash ? "/" : ".");
    if (file_exists_in(path, above, "config.yaml") && file_exists_in(path, above, "splits.tsv"))
        snprintf(r->home, sizeof r->home, "%s", above);
}

static Status read_manifests(Report *r)
{
    char path[PATH_ROOM];
    for (int k = 0; k < REPORT_FOLDERS; k++) {
        const char *folder = k == REPORT_RUN ? r->home : r->folder[k];
        if (!folder || !file_exists_in(path, folder, "manifest.json")) continue;
        TRY(jsontext_load(&r->manifest[k], path, NULL));
    }
    return OK;
}

static Status read_check(Report *r)
{
    json_error_t error;
    if (!r->in->check) return OK;
    if (!file_exists(r->in->check)) return fail(ERR_IO, "--check=%s: there is no such file", r->in->check);
    TRY(jsontext_load(&r->check, r->in->check, &error));
    if (json_is_object(json_object_get(r->check, "tasks"))) return OK;
    return fail(ERR_FORMAT, "--check=%s: holds no report of hopsack check --json", r->in->check);
}

static Status read_config(Report *r)
{
    char path[PATH_ROOM];
    if (!file_exists_in(path, r->home, "config.yaml")) return OK;
    TRY(config_read(&r->config, path, NULL, 0));
    r->has_config = true;
    return OK;
}

/* The second of the words, unless it stands for many. */
static Status find_stack(Report *r)
{
    const json_t *tasks = r->sides.n > 1 ? sides_tasks(r->sides.side[1].summary) : NULL;
    const json_t *first = json_object_iter_value(json_object_iter((json_t *)(size_t)tasks));
    if (!json_object_get(first, "carried_by"))
        return fail(ERR_USAGE, "--stack=%s is no folder of hopsack stack", r->folder[REPORT_STACK]);
    r->stack_at = 1;
    return OK;
}

static Status read_sides(Report *r)
{
    char path[PATH_ROOM];
    const char *word[REPORT_FOLDERS];
    int n = 0;
    r->stack_at = -1;
    if (!file_exists_in(path, r->in->run, "summary.json")) return OK;
    for (int k = 0; k < REPORT_FOLDERS; k++)
        if (r->folder[k]) word[n++] = r->folder[k];
    TRY(sides_open(&r->sides, word, n));
    if (r->folder[REPORT_STACK]) TRY(find_stack(r));
    r->summary = r->sides.side[0].summary;
    r->tasks = sides_tasks(r->summary);
    return OK;
}

/* The folder of a baseline stands for many methods, and a page is about one run. */
static Status check_run(const Report *r)
{
    char path[PATH_ROOM];
    json_t *summary = NULL;
    if (!file_is_folder(r->in->run))
        return fail(file_exists(r->in->run) ? ERR_USAGE : ERR_IO, "%s is no folder of a run", r->in->run);
    if (file_exists_in(path, r->in->run, "summary.json")) {
        TRY(jsontext_load(&summary, path, NULL));
        const bool many = json_object_get(summary, "methods") != NULL;
        json_decref(summary);
        return many ? fail(ERR_USAGE,
                           "%s holds several methods: give one of them, such as %s/kmer-3, or a run with --rivals=%s",
                           r->in->run, r->in->run, r->in->run)
                    : OK;
    }
    if (file_exists_in(path, r->in->run, "config.yaml")) return OK;
    TRY(studyrun_refuse(r->in->run));
    return fail(ERR_FORMAT, "%s: neither summary.json nor config.yaml; give the folder of a run", r->in->run);
}

static Status read_all(Report *r)
{
    r->folder[REPORT_RUN] = r->in->run;
    r->folder[REPORT_STACK] = r->in->stack;
    r->folder[REPORT_RIVALS] = r->in->rivals;
    TRY(check_run(r));
    find_home(r);
    TRY(read_manifests(r));
    TRY(read_config(r));
    TRY(read_sides(r));
    TRY(read_check(r));
    return learning_read(&r->learning, r->in->run);
}

/* ---- the page ---- */

static void write_contents(Report *r)
{
    static const struct {
        const char *id, *words;
    } part[] = {{"answer", "The answer"},
                {"scores", "Scores and methods"},
                {"curves", "Curves"},
                {"training", "Training"},
                {"data", "Data"},
                {"seen", "What was seen"},
                {"repeat", "Methods and repeating"},
                {"limits", "Limits"}};
    markup_raw(&r->page, "<nav aria-label=\"Contents\"><ul>");
    for (size_t k = 0; k < sizeof part / sizeof *part; k++)
        markup_printf(&r->page, "<li><a href=\"#%s\">%s</a></li>", part[k].id, part[k].words);
    markup_raw(&r->page, "</ul></nav>\n");
}

static void write_head(Report *r)
{
    Shortlist names = {.most = 6};
    char title[REPORT_TEXT];
    for (int k = 0; k < r->config.n_task; k++) shortlist_add(&names, "%.60s", r->config.task[k].target.name);
    if (names.n == 0) {
        const char *name;
        json_t *task;
        json_object_foreach((json_t *)(size_t)r->tasks, name, task)
        {
            shortlist_add(&names, "%.60s", name);
        }
    }
    snprintf(title, sizeof title, "Report on %s", names.text);
    page_open(&r->page, title);
    const char *started = jsontext_field(r->manifest[REPORT_RUN], "started");
    snprintf(title, sizeof title, "Written by hopsack from %.200s%s%.40s", r->in->run, *started ? ", a run of " : "",
             started);
    markup_raw(&r->page, "<p class=\"soft\">");
    markup_text(&r->page, title);
    markup_raw(&r->page, "</p>\n");
    write_contents(r);
}

static Status write_page(Report *r)
{
    static Status (*const section[])(Report * r) = {report_answer, report_scores, report_curves, report_training,
                                                    report_data,   report_seen,   report_repeat};
    write_head(r);
    for (size_t k = 0; k < sizeof section / sizeof *section; k++) TRY(section[k](r));
    page_close(&r->page);
    return OK;
}

/* Nothing is written where one of the files may not be. */
static Status write_files(Report *r, const char *text)
{
    const ReportSetup *in = r->in;
    TRY(file_check_own(in->page, false));
    TRY(inputguard_check(in->page));
    if (!in->force && file_exists(in->page)) return fail(ERR_IO, "%s exists; --force overwrites it", in->page);
    if (in->figures) TRY(figure_check(&r->figures, in->figures, in->force));
    if (in->dry_run) return OK;
    TRY(file_write_whole(in->page, text, strlen(text), in->force));
    return in->figures ? figure_write(&r->figures, in->figures, in->force) : OK;
}

static Status make_result(json_t **out, Report *r)
{
    json_t *sides = NULL;
    char page[PATH_ROOM], run[PATH_ROOM];
    bool whole = true;
    if (r->summary) TRY(sides_json(&sides, &r->sides));
    json_t *names = json_array();
    for (int k = 0; k < r->figures.n && whole; k++)
        whole = json_array_append_new(names, json_string(r->figures.figure[k].name)) == 0;
    json_t *tasks = json_object_get(sides, "tasks");
    *out = json_pack("{s:s, s:s, s:b, s:o, s:O, s:O, s:O, s:O}", "page", escape_text(page, sizeof page, r->in->page),
                     "run", escape_text(run, sizeof run, r->in->run), "finished", r->summary != NULL, "figures",
                     names, "answers", r->answers, "alarms", r->alarms, "missing", r->missing, "tasks",
                     tasks ? tasks : json_null());
    json_decref(sides);
    return *out && whole ? OK : fail(ERR_MEMORY, "no memory for a report");
}

static void release(Report *r)
{
    for (int k = 0; k < REPORT_FOLDERS; k++) json_decref(r->manifest[k]);
    sides_close(&r->sides);
    learning_free(&r->learning);
    figure_free(&r->figures);
    if (r->has_config) config_free(&r->config);
    json_decref(r->check);
    json_decref(r->answers);
    json_decref(r->alarms);
    json_decref(r->missing);
    markup_drop(&r->page);
}

Status report_write(json_t **out, const ReportSetup *setup)
{
    Report r = {.in = setup, .answers = json_array(), .alarms = json_array(), .missing = json_array()};
    char *text = NULL;
    Status status = OK;
    *out = NULL;
    markup_open(&r.page);
    TRY_DONE(read_all(&r));
    TRY_DONE(write_page(&r));
    TRY_DONE(markup_close(&text, &r.page));
    TRY_DONE(make_result(out, &r));
    TRY_DONE(write_files(&r, text));
done:
    if (status != OK) {
        json_decref(*out);
        *out = NULL;
    }
    free(text);
    release(&r);
    return status;
}
