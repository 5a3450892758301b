/* SPDX-License-Identifier: MIT */
#include "study/studyrun.h"
#include "cohort/metric.h"
#include "core/again.h"
#include "core/file.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "cv/chance.h"
#include "run/runlock.h"
#include "study/stackcarrier.h"
#include "study/stackseen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MOST   512
#define PRINTED_MOST ((size_t)1 << 30) /* bytes of what check prints */

static Status inside(char path[PATH_ROOM], const char *folder, const char *name)
{
    return path_join(path, folder, name) ? OK : fail(ERR_USAGE, "%.60s…: the path is too long", folder);
}

/* ---- what is done ---- */

static Status load_record(json_t **out, const char *folder)
{
    char path[PATH_ROOM];
    TRY(inside(path, folder, "study.json"));
    TRY(jsontext_load(out, path, NULL));
    if (!*out && !file_exists(path)) *out = json_object();
    return json_is_object(*out) ? OK : fail(ERR_FORMAT, "%s: is damaged; remove the folder and begin again", path);
}

Status studyrun_refuse(const char *folder)
{
    char path[PATH_ROOM];
    if (!file_is_folder(folder) || !file_exists_in(path, folder, "study.json")) return OK;
    const bool network = file_exists_in(path, folder, "network");
    return fail(ERR_USAGE, "%s is a study, which holds several runs; give one, such as %s/%s", folder, folder,
                network ? "network" : "stack");
}

static Status save_record(const char *folder, const json_t *record)
{
    char path[PATH_ROOM], *text;
    TRY(inside(path, folder, "study.json"));
    TRY(jsontext(&text, json_deep_copy(record), JSONTEXT_PAGES));
    const Status status = file_write_whole(path, text, strlen(text), true);
    free(text);
    return status;
}

/* What the stack chose, and so what is explained and reported, is no setting: such a step is made anew. */
static bool follows_choice(const StudyStep *step)
{
    return strcmp(step->name, "explain") == 0 || strcmp(step->name, "report") == 0;
}

static Status check_same(bool *done, const json_t *record, const StudyStep *step, const char *folder)
{
    const json_t *before = json_object_get(record, step->name);
    *done = before && file_exists(step->result);
    if (!before || studyplan_same(step, json_object_get(before, "words"))) return OK;
    *done = false;
    if (follows_choice(step)) return OK;
    return fail(ERR_CONFIG, "%s/study.json: the step '%s' was done with other settings; give the same, or another -o",
                folder, step->name);
}

/* ---- one step ---- */

static Status status_of(int exit_code)
{
    static const Status known[] = {ERR_USAGE, ERR_FORMAT, ERR_MODEL, ERR_DIVERGED, ERR_IO, ERR_SIGINT, ERR_SIGTERM};
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (status_exit_code(known[k]) == exit_code) return known[k];
    return ERR_BUG;
}

/* A result that stands there belongs to a step that was not done. */
static const char *again_flag(const StudyStep *step, bool anew)
{
    if (!file_exists(step->result)) return NULL;
    return step->resumes && !anew ? "--resume" : "--force";
}

static Status why_ended(const StudyStep *step, int exit_code, const StopFlag *stop)
{
    const Status status = status_of(exit_code);
    if (stop_is_cause(status) || stop_is_set(stop))
        return fail(status, "the study was ended in the step '%s'; --resume goes on there", step->name);
    if (exit_code > 128)
        return fail(exit_code == 128 + SIGKILL ? ERR_MEMORY : ERR_BUG,
                    "the step '%s' was killed by signal %d%s; --resume goes on there", step->name, exit_code - 128,
                    exit_code == 128 + SIGKILL ? " (did memory run out?)" : "");
    return fail(status, "the study ends in the step '%s', for the reason above; --resume goes on there", step->name);
}

static Status run_words(const StudyStep *step, const char *out, bool anew, const StopFlag *stop)
{
    const char *word[WORDS_MOST];
    int n = 0, exit_code;
    size_t k;
    json_t *text;
    if (json_array_size(step->word) + 1 > WORDS_MOST) return fail(ERR_USAGE, "there are too many settings");
    json_array_foreach(step->word, k, text) word[n++] = json_string_value(text);
    const char *flag = again_flag(step, anew);
    if (flag && strcmp(step->name, "check") != 0) word[n++] = flag;
    TRY(again_run(&exit_code, word, n, out, stop));
    return exit_code == 0 ? OK : why_ended(step, exit_code, stop);
}

/* `check` prints its result, which becomes a file once it is whole; the others make theirs. */
static Status keep_printed(const StudyStep *step, const char *out)
{
    char *text;
    size_t n;
    if (strcmp(step->name, "check") != 0) return OK;
    TRY(file_read_whole(&text, &n, out, PRINTED_MOST));
    const Status status = file_write_whole(step->result, text, n, true);
    free(text);
    return status;
}

static Status run_step(json_t *record, const StudyStep *step, const char *folder, bool anew, const StopFlag *stop)
{
    char out[PATH_ROOM], name[64];
    const double begun = log_seconds();
    snprintf(name, sizeof name, "log/%s.txt", step->name);
    TRY(inside(out, folder, name));
    TRY(file_check_own(out, false));
    TRY(run_words(step, out, anew, stop));
    TRY(keep_printed(step, out));
    json_object_set_new(record, step->name,
                        json_pack("{s:O, s:f}", "words", step->word, "seconds", log_seconds() - begun));
    return save_record(folder, record);
}

/* ---- what is explained ---- */

static Status load_summary(json_t **out, const char *folder, const char *name)
{
    char path[PATH_ROOM];
    *out = NULL;
    TRY(inside(path, folder, name));
    return jsontext_load(out, path, NULL);
}

/* That is explained alone; NULL: none is. */
static const char *column_of(const StudySetup *setup)
{
    return *setup->seen.column ? setup->seen.column : NULL;
}

static void say_choice(const json_t *summary, const StudySetup *setup)
{
    char sentence[2048];
    const char *name;
    json_t *task;
    json_object_foreach(json_object_get(summary, "tasks"), name, task)
    {
        if (stackseen_sentence(sentence, sizeof sentence, task, column_of(setup), setup->mute))
            log_info("%s: %s", name, sentence);
    }
}

static Status follow_choice(StudyPlan *plan, StudySetup *setup, bool said)
{
    json_t *stack;
    if (!setup->explain) return OK;
    TRY(load_summary(&stack, setup->folder, "stack/summary.json"));
    stackseen_find(&setup->seen, json_object_get(stack, "tasks"), setup->mute);
    if (!setup->seen.whole && said) say_choice(stack, setup);
    json_decref(stack);
    return studyplan_explain(plan, setup);
}

static int place_of(const StudyPlan *plan, const char *name)
{
    int k = 0;
    while (k < plan->n && strcmp(plan->step[k].name, name) != 0) k++;
    return k;
}

static Status follow_recorded(StudyPlan *plan, StudySetup *setup, const json_t *record)
{
    bool done;
    const int stack = place_of(plan, "stack");
    TRY(check_same(&done, record, &plan->step[stack], setup->folder));
    return done ? follow_choice(plan, setup, false) : OK;
}

Status studyrun_choose(StudyPlan *plan, StudySetup *setup)
{
    json_t *record;
    TRY(load_record(&record, setup->folder));
    const Status status = follow_recorded(plan, setup, record);
    json_decref(record);
    return status;
}

/* ---- all steps ---- */

static Status go(StudyPlan *plan, StudySetup *setup, bool anew, const StopFlag *stop, json_t *record)
{
    bool done[STUDYPLAN_STEPS];
    int n = 0;
    const char *folder = setup->folder;
    TRY(follow_recorded(plan, setup, record));
    for (int k = 0; k < plan->n; k++) TRY(check_same(&done[k], record, &plan->step[k], folder));
    while (n < plan->n && done[n]) n++;
    for (int k = n; k < plan->n; k++)
        json_object_del(record, plan->step[k].name); /* they rest on what is made anew */
    if (place_of(plan, "explain") == plan->n) json_object_del(record, "explain");
    TRY(save_record(folder, record));
    for (int k = 0; k < plan->n; k++) {
        const StudyStep *step = &plan->step[k];
        TRY(stop_check(stop, " before the step '%s'; --resume goes on there", step->name));
        log_info("step %d of %d, %s: %s", k + 1, plan->n, step->name, k < n ? "done before" : step->line);
        if (k >= n) TRY(run_step(record, step, folder, anew, stop));
        if (k >= n && k == place_of(plan, "stack")) TRY(follow_choice(plan, setup, true));
    }
    return OK;
}

Status studyrun_go(StudyPlan *plan, StudySetup *setup, bool anew, const StopFlag *stop)
{
    RunLock lock = {-1};
    json_t *record = NULL;
    const char *folder = setup->folder;
    TRY(file_make_folder(folder));
    TRY(file_make_inside(folder, "log"));
    TRY(runlock_hold(&lock, folder));
    Status status = load_record(&record, folder);
    if (status == OK && anew) {
        json_object_clear(record);
        status = save_record(folder, record);
    }
    if (status == OK) status = go(plan, setup, anew, stop, record);
    json_decref(record);
    runlock_release(&lock);
    return status;
}

/* ---- what came out ---- */

static void add_line(json_t *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_line(json_t *lines, const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    json_array_append_new(lines, json_string(line));
}

/* "AUC 0.912 ± 0.031 over 5 folds, 95 % interval 0.880 to 0.940" of a task of a summary. False: there is no figure. */
static bool figure_of(char *text, size_t room, const json_t *task)
{
    char key[64];
    const char *score = metric_main_of(jsontext_field(task, "kind"));
    if (!score) return false;
    snprintf(key, sizeof key, "%s_mean", score);
    const json_t *mean = json_object_get(task, key);
    if (!json_is_number(mean)) return false;
    snprintf(key, sizeof key, "%s_std_folds", score);
    const int n = snprintf(text, room, "%s %.3f ± %.3f over %lld folds", strcmp(score, "auc") == 0 ? "AUC" : score,
                           json_number_value(mean), jsontext_number(task, key),
                           (long long)json_integer_value(json_object_get(task, "n_folds")));
    snprintf(key, sizeof key, "%s_ci95", score);
    const json_t *interval = json_object_get(task, key);
    if (json_array_size(interval) == 2)
        snprintf(text + n, room - (size_t)n, ", 95 %% interval %.3f to %.3f",
                 json_number_value(json_array_get(interval, 0)), json_number_value(json_array_get(interval, 1)));
    return true;
}

/* Permuted labels and batches. */
static void add_chance(json_t *lines, const char *name, const json_t *task)
{
    size_t k;
    json_t *sentence, *list = chance_sentences(task);
    json_array_foreach(list, k, sentence) add_line(lines, "%s: %s", name, json_string_value(sentence));
    json_decref(list);
}

static void answer_task(json_t *lines, const StudySetup *setup, const char *name, const json_t *task,
                        const json_t *rivals, const json_t *network)
{
    char figure[256], sentence[2048];
    const json_t *methods = json_object_get(rivals, "methods");
    const json_t *nuisance = json_object_get(json_object_get(json_object_get(methods, "nuisance"), "tasks"), name);
    const json_t *of_network = json_object_get(json_object_get(network, "tasks"), name);
    if (figure_of(figure, sizeof figure, task))
        add_line(lines, "%s: %s, %lld bags; the method was chosen inside the folds", name, figure,
                 (long long)json_integer_value(json_object_get(task, "n_bags")));
    stackcarrier_sentence(sentence, sizeof sentence, task);
    add_line(lines, "%s: %s", name, sentence);
    add_chance(lines, name, task);
    if (figure_of(figure, sizeof figure, of_network)) add_line(lines, "%s: the network: %s", name, figure);
    if (figure_of(figure, sizeof figure, nuisance))
        add_line(lines, "%s: size, depth, clonality and lengths alone: %s", name, figure);
    if (!setup->explain || setup->seen.whole) return;
    if (stackseen_sentence(sentence, sizeof sentence, task, column_of(setup), setup->mute))
        add_line(lines, "%s: %s", name, sentence);
}

static Status answer(json_t *lines, const StudyPlan *plan, const StudySetup *setup)
{
    const char *folder = setup->folder;
    json_t *stack, *rivals = NULL, *network = NULL, *task;
    const char *name;
    TRY(load_summary(&stack, folder, "stack/summary.json"));
    Status status = load_summary(&rivals, folder, "rivals/summary.json");
    if (status == OK) status = load_summary(&network, folder, "network/summary.json");
    if (status == OK)
        json_object_foreach(json_object_get(stack, "tasks"), name, task)
            answer_task(lines, setup, name, task, rivals, network);
    json_decref(stack), json_decref(rivals), json_decref(network);
    if (status == OK) add_line(lines, "page: %s", plan->step[plan->n - 1].result);
    return status;
}

Status studyrun_answer(json_t **lines, const StudyPlan *plan, const StudySetup *setup)
{
    *lines = json_array();
    if (!*lines) return fail(ERR_MEMORY, "no memory for the answer of the study");
    const Status status = answer(*lines, plan, setup);
    if (status == OK) return OK;
    json_decref(*lines);
    *lines = NULL;
    return status;
}
