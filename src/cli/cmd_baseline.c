/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "study/baseline.h"

#include <stdlib.h>
#include <string.h>

static const Flag flags[] = {
    {.name = "o", .value = "OUT", .help = "folder of the results, which must be new or empty", .needed = true},
    {.name = "method", .value = "NAME", .help = "only this one of those below", .repeat = true},
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
    printf("would fit %zu methods in %d x %d folds into %s\n", json_array_size(json_object_get(plan, "methods")),
           (int)json_integer_value(json_object_get(plan, "n_repeats")),
           (int)json_integer_value(json_object_get(plan, "n_folds")), folder);
    printf("the first on %d bags, testing on %d\n", (int)json_integer_value(json_object_get(bags, "train")),
           (int)json_integer_value(json_object_get(bags, "test")));
    json_decref(plan);
    return OK;
}

/* ---- the command ---- */

static bool is_config(const char *word)
{
    const char *dot = strrchr(word, '.');
    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* One word is a config or a dataset, by its ending; the dataset is the setting data.path. */
static Status read_words(Cli *cli, const char **yaml)
{
    bool has_data = false;
    *yaml = NULL;
    for (int i = 0; i < cli->n_word; i++) {
        if (is_config(cli->word[i]) && !*yaml) {
            *yaml = cli->word[i];
            continue;
        }
        if (has_data || cli->n_setting == CLI_MOST)
            return fail(ERR_USAGE, "'%s': one dataset and at most one CONFIG.yaml are expected", cli->word[i]);
        has_data = true;
        cli->setting[cli->n_setting] = "data.path";
        cli->setting_value[cli->n_setting++] = cli->word[i];
    }
    return OK;
}

static Status add_method(BaselineSetup *setup, const char *name)
{
    const char *names[BASELINE_MOST + 1] = {NULL};
    const BaselineMethod *method = baseline_method(name);
    for (int m = 0; m < BASELINE_MOST && baseline_methods[m].name; m++) names[m] = baseline_methods[m].name;
    const char *near = cli_nearest(name, names);
    if (!method)
        return fail(ERR_USAGE, "--method=%s: there is no such baseline%s%s (baseline --help lists them)", name,
                    near ? "; did you mean " : "", near ? near : "");
    for (int m = 0; m < setup->n_method; m++)
        if (setup->method[m] == method) return fail(ERR_USAGE, "--method=%s is given twice", name);
    setup->method[setup->n_method++] = method;
    return OK;
}

/* In the order of the table, whatever the order of the flags: all where none is named. */
static Status read_methods(BaselineSetup *setup, const Cli *cli)
{
    const char *name;
    int at = 0;
    while ((name = cli_next(cli, "method", &at))) TRY(add_method(setup, name));
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
    BaselineSetup setup = {.folder = cli_text(cli, "o"),
                           .force = cli->force,
                           .argc = cli->argc,
                           .argv = cli->argv,
                           .stop = &interrupted,
                           .begin = interrupt_watch};
    TRY(read_words(cli, &yaml));
    TRY(read_methods(&setup, cli));
    TRY(configure(&config, cli, yaml));
    const Status status = baseline(cli, &setup, &config);
    config_free(&config);
    return status;
}

static void more(FILE *out)
{
    fprintf(out, "\nMethods:\n");
    for (const BaselineMethod *m = baseline_methods; m->name; m++)
        fprintf(out, "  %-16s %s (bags of %s%s)\n", m->name, m->line, m->bags_words,
                m->classifier->is_built ? "" : "; not in this build");
    fprintf(out, "\nOf the settings, data, tasks, splits and seed are looked at; hopsack help config lists them.\n");
}

const Command command_baseline = {
    .name = "baseline",
    .line = "cheap rivals on the same folds: what a model must beat",
    .usage = "DATA [CONFIG.yaml] [--target=COLUMN] [--splits=FILE] [--section.key=value ...] -o OUT",
    .about =
        "Scores fixed, plain classifiers on the folds that crossval draws from the same settings, or on those of\n"
        "--splits (the splits.tsv of a run, or any table of bags and folds). They are trained on all bags outside\n"
        "the test fold, and standardised by them; nothing is chosen. OUT/METHOD holds summary.json, summary.md and\n"
        "predictions.tsv as crossval writes them; OUT itself summary.json and summary.md over all methods,\n"
        "splits.tsv, config.yaml and manifest.json.",
    .flags = flags,
    .most = 2,
    .settings = true,
    .short_names = true,
    .more = more,
    .run = run,
};
