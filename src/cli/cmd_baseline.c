/* SPDX-License-Identifier: MIT */
#include "cli/configure.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/nearest.h"
#include "core/number.h"
#include "study/baseline.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *folder;
    OptionTexts method;
} BaselineFlags;

static const Option rows[] = {
    {"o", OPTION_TEXT, offsetof(BaselineFlags, folder), NULL, 0, 0, NULL, "OUT",
     "folder of the results, which must be new or empty"},
    {"method", OPTION_TEXTS, offsetof(BaselineFlags, method), "[]", 0, 0, NULL, "NAME",
     "baseline to run; without it all baselines that hopsack help baseline lists"},
    {0},
};

/* ---- what is printed ---- */

static Status print_result(const Cli *cli, json_t *result)
{
    const char *name;
    json_t *summary;
    if (cli->json) return print_json(result);
    json_object_foreach(json_object_get(result, "methods"), name, summary)
    {
        printf("%-15s ", name);
        scores_print_crossval(stdout, summary);
    }
    json_decref(result);
    return OK;
}

static Status print_plan(const Cli *cli, json_t *plan, const char *folder)
{
    const json_t *bags = json_object_get(plan, "bags");
    if (cli->json) return print_json(plan);
    const size_t n_method = json_array_size(json_object_get(plan, "methods"));
    printf("would fit %zu method%s in %d x %d folds into %s\n", n_method, number_plural((int64_t)n_method),
           (int)json_integer_value(json_object_get(plan, "n_repeats")),
           (int)json_integer_value(json_object_get(plan, "n_folds")), folder);
    const int train = (int)json_integer_value(json_object_get(bags, "train"));
    printf("the first: training on %d bag%s, test on %d\n", train, number_plural(train),
           (int)json_integer_value(json_object_get(bags, "test")));
    json_decref(plan);
    return OK;
}

/* ---- the command ---- */

static Status add_method(BaselineSetup *setup, const char *name)
{
    const char *names[BASELINE_MOST + 1] = {NULL};
    const BaselineMethod *method = baseline_method(name);
    for (int m = 0; m < BASELINE_MOST && baseline_methods[m].name; m++) names[m] = baseline_methods[m].name;
    const char *near = nearest_name(name, names);
    if (!method)
        return fail(ERR_USAGE, "--method=%s: there is no such baseline%s%s (hopsack help baseline lists them)", name,
                    near ? "; did you mean " : "", near ? near : "");
    for (int m = 0; m < setup->n_method; m++)
        if (setup->method[m] == method) return fail(ERR_USAGE, "--method=%s is given twice", name);
    setup->method[setup->n_method++] = method;
    return OK;
}

/* In the order of the table, whatever the order of the flags: all where none is named. */
static Status read_methods(BaselineSetup *setup, const Cli *cli)
{
    const BaselineFlags *flags = cli->flags;
    for (int i = 0; i < flags->method.n; i++) TRY(add_method(setup, flags->method.text[i]));
    if (setup->n_method > 0) return OK;
    for (const BaselineMethod *m = baseline_methods; m->name; m++) setup->method[setup->n_method++] = m;
    return OK;
}

static Status baseline(Cli *cli, BaselineSetup *setup, const Config *config)
{
    json_t *result;
    setup->config = config;
    if (cli->dry_run) {
        TRY(baseline_plan(&result, setup));
        return print_plan(cli, result, setup->folder);
    }
    TRY(baseline_run(&result, setup));
    return print_result(cli, result);
}

static Status run(Cli *cli)
{
    Config config;
    const char *yaml;
    const BaselineFlags *flags = cli->flags;
    BaselineSetup setup = {.folder = flags->folder,
                           .force = cli->force,
                           .argc = cli->argc,
                           .argv = cli->argv,
                           .stop = &interrupted,
                           .begin = interrupt_watch};
    TRY(configure_words(&yaml, cli, true));
    TRY(read_methods(&setup, cli));
    TRY(configure(&config, cli, yaml));
    const Status status = baseline(cli, &setup, &config);
    config_free(&config);
    return status;
}

static void more(FILE *out)
{
    fprintf(out, "\nBaselines (--method=NAME):\n");
    for (const BaselineMethod *m = baseline_methods; m->name; m++) {
        char text[256];
        snprintf(text, sizeof text, "%s (bags of %s%s)", m->line, m->bags_words,
                 m->classifier->is_built ? "" : "; not in this build");
        help_entry(out, m->name, text);
    }
}

const Command command_baseline = {
    .name = "baseline",
    .line = "baseline classifiers on the same folds",
    .usage = "DATA [CONFIG] [--target=COLUMN] [--splits=FILE] [--SECTION.KEY=VALUE ...] -o OUT",
    .example = "hopsack baseline tiger.h5 --target=label -o runs/baseline",
    .about = "Scores simple classifiers on the folds that crossval uses with the same settings, or on the folds "
             "of --splits (the splits.tsv of a run, or any table of bags and folds). They are trained on all "
             "bags outside the test fold, and features are standardized by these bags; no hyperparameter is "
             "chosen. OUT/METHOD holds summary.json, summary.md and predictions.tsv as crossval writes them. OUT "
             "itself holds summary.json and summary.md over all methods, splits.tsv, config.yaml and "
             "manifest.json. Of the settings only data, tasks, splits and seed are used.",
    .common = "o target positive splits group splits.n_fold splits.n_repeat method metadata seed dry-run force json",
    .groups = {{.rows = rows}},
    .size = sizeof(BaselineFlags),
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .more = more,
    .run = run,
};
