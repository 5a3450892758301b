/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/log.h"
#include "data/bagfile/bagfile.h"
#include "model/mil.h"
#include "run/dataset.h"
#include "run/run.h"
#include "study/studycost.h"
#include "study/studyrun.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *folder;
    bool network, explain, resume;
    int inner, permute;
} StudyFlags;

#define AT(field) offsetof(StudyFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(folder), NULL, 0, 0, NULL, "OUT", "folder of the study, which must be new or empty"},
    {"network", OPTION_BOOL, AT(network), "true", 0, 0, NULL, "",
     "the network beside the rivals; --no-network leaves it out, which saves most of the time"},
    {"explain", OPTION_BOOL, AT(explain), "true", 0, 0, NULL, "",
     "what the stack chose, by hopsack explain; where that ranks no instances, the next best column that does"},
    {"inner", OPTION_INT, AT(inner), "5", 2, 100, NULL, "", "inner folds, by which methods and the stack choose"},
    {"permute", OPTION_INT, AT(permute), "0", 0, 999, NULL, "",
     "runs on permuted labels, for p values of the whole procedure"},
    {"resume", OPTION_BOOL, AT(resume), "false", 0, 0, NULL, "", "continuation of the study in OUT"},
    {0},
};

/* ---- what is printed ---- */

/* As a shell takes it. */
static void print_word(const char *word)
{
    const size_t room = 4 * strlen(word) + 8;
    char *quoted = malloc(room), *shown = malloc(4 * room);
    if (quoted && shown) printf(" %s", escape_text(shown, 4 * room, escape_word(quoted, room, word)));
    free(quoted), free(shown);
}

static void print_steps(const StudyPlan *plan)
{
    for (int k = 0; k < plan->n; k++) {
        const StudyStep *step = &plan->step[k];
        size_t w;
        json_t *word;
        char text[COST_ROOM];
        const bool known = step->cost.high != 0; /* NaN: it is said that it is not */
        printf("%d %-8s %s%s%s\n  hopsack", k + 1, step->name, step->line, known ? ": " : "",
               known ? cost_text(text, &step->cost) : "");
        json_array_foreach(step->word, w, word) print_word(json_string_value(word));
        printf("\n");
    }
    const Cost sum = studycost_sum(plan);
    print_cost(stdout, &sum);
}

static Status print_plan(const Cli *cli, const StudyPlan *plan)
{
    if (!cli->json) {
        print_steps(plan);
        return OK;
    }
    json_t *steps = json_array();
    const Cost sum = studycost_sum(plan);
    for (int k = 0; k < plan->n; k++) {
        const StudyStep *step = &plan->step[k];
        json_t *one = json_pack("{s:s, s:O, s:s}", "name", step->name, "words", step->word, "result", step->result);
        if (one) TRY(cost_tell(one, &step->cost));
        json_array_append_new(steps, one);
    }
    json_t *whole = json_pack("{s:o}", "steps", steps);
    if (whole) TRY(cost_tell(whole, &sum));
    return print_json(whole);
}

static Status print_answer(const Cli *cli, const StudyPlan *plan, const StudySetup *setup)
{
    json_t *lines, *line;
    size_t k;
    TRY(studyrun_answer(&lines, plan, setup));
    if (cli->json) return print_json(json_pack("{s:o}", "answer", lines));
    json_array_foreach(lines, k, line)
    {
        char shown[2500];
        printf("%s\n", escape_text(shown, sizeof shown, json_string_value(line)));
    }
    json_decref(lines);
    return OK;
}

/* ---- the command ---- */

/* The recommended config for the kind of bag of the dataset that is named; without one, of repertoires. */
static Status recommended(const char **out, const Cli *cli)
{
    const char *data = NULL;
    BagFile *file;
    *out = "repertoire";
    for (int k = 0; k < cli->n_setting; k++)
        if (strcmp(cli->setting[k], "data.path") == 0) data = cli->setting_value[k];
    if (!data) return fail(ERR_USAGE, "which dataset? (hopsack study DATA --target=COLUMN -o OUT)");
    TRY(bagfile_open(&file, data));
    if (bagfile_spec(file)->kind == BAG_VECTORS) *out = "mil";
    bagfile_close(file);
    return OK;
}

/* --force replaces a study, and nothing else. */
static Status check_folder(const char *folder, bool resume, bool force)
{
    char path[PATH_ROOM];
    const bool is_study = file_exists_in(path, folder, "study.json");
    if (is_study && (resume || force)) return OK;
    if (is_study) return fail(ERR_IO, "%s holds a study; --resume goes on with it, --force replaces it", folder);
    const Status status = run_check_folder(folder, false);
    if (status == OK || !file_is_folder(folder) || access(folder, W_OK | X_OK) != 0) return status;
    return fail(ERR_IO, "%s is not empty and holds no study; name another folder", folder);
}

static Status run_plan(Cli *cli, StudyPlan *plan, StudySetup *setup)
{
    const StudyFlags *flags = cli->flags;
    if (cli->dry_run) return print_plan(cli, plan);
    TRY(check_folder(flags->folder, flags->resume, cli->force));
    if (flags->resume) TRY(studyrun_choose(plan, setup));
    if (!cli->quiet && !cli->json) print_steps(plan);
    interrupt_watch();
    TRY(studyrun_go(plan, setup, cli->force && !flags->resume, &interrupted));
    return print_answer(cli, plan, setup);
}

/* Labels and folds: a study that cannot begin leaves no folder. */
static Status check_data(const Config *config)
{
    Dataset dataset;
    log_hush(true); /* the steps will say it */
    const Status status = dataset_open(&dataset, config);
    log_hush(false);
    if (status == OK) dataset_close(&dataset);
    return status;
}

static Status run_configured(Cli *cli, const char *yaml, const Config *config)
{
    const StudyFlags *flags = cli->flags;
    StudyPlan plan = {0};
    StudySetup setup = {.data = config->data.path,
                        .folder = flags->folder,
                        .config = yaml,
                        .n_setting = cli->n_setting,
                        .setting = cli->setting,
                        .value = cli->setting_value,
                        .metadata = config_metadata(config),
                        .id_column = config->data.id_column,
                        .threads = cli->threads,
                        .inner = flags->inner,
                        .permute = flags->permute,
                        .network = flags->network,
                        .explain = flags->explain,
                        .mute = mil_options_mix(&config->model) ? "network" : NULL,
                        .seen = {.whole = true},
                        .quiet = cli->quiet};
    if (!setup.data) return fail(ERR_USAGE, "which dataset? (hopsack study DATA --target=COLUMN -o OUT)");
    if (!flags->resume) TRY(check_data(config));
    Status status = studyplan_make(&plan, &setup);
    const bool shown = cli->dry_run || (!cli->quiet && !cli->json);
    if (status == OK && shown && studycost_fill(&plan, &setup, config) != OK)
        log_warn("no estimate: %s", status_sentence());
    if (status == OK) status = run_plan(cli, &plan, &setup);
    studyplan_free(&plan);
    return status;
}

static Status run(Cli *cli)
{
    const char *yaml;
    Config config;
    TRY(configure_words(&yaml, cli, true));
    if (!yaml) TRY(recommended(&yaml, cli));
    TRY(configure(&config, cli, yaml));
    const Status status = run_configured(cli, yaml, &config);
    config_free(&config);
    return status;
}

const Command command_study = {
    .name = "study",
    .line = "check, rivals, network, stack, explain and report in one",
    .usage = "DATA [CONFIG] --target=COLUMN [--SECTION.KEY=VALUE ...] -o OUT",
    .example = "hopsack study cohort.h5 --target=status -o study",
    .about = "Runs, one after the other: check; baseline, which draws the folds of all; crossval --inner on the "
             "same folds (CONFIG, or the recommended config for the kind of bag); stack, which chooses among all "
             "inside the folds; explain, of what the stack chose; and report, which makes OUT/report.html. These "
             "commands are printed first, "
             "with an "
             "estimate of the time and memory of each; --dry-run prints nothing else. "
             "Settings of the data, the labels and the folds go to all of them, settings of model, train, crossval "
             "and search to crossval.\n\n"
             "Each step leaves its result in a place of its own in OUT and can be run alone, as printed. "
             "OUT/study.json says which are done, and OUT/log holds what they print. After an interruption or a "
             "failure the same command with --resume goes on. --force begins anew in the folder of a study.",
    .common =
        "o target kind positive group batch-column metadata network explain inner permute resume dry-run force json",
    .groups = {{.rows = rows}},
    .size = sizeof(StudyFlags),
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .run = run,
};
