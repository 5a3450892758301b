/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/rows.h"
#include "cli/scores.h"
#include "core/number.h"
#include "cv/crossval.h"
#include "run/resume.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *folder, *shard;
    int inner, permute;
    bool resume, batches;
} CrossvalFlags;

static const Option rows[] = {
    ROWS_RUN(CrossvalFlags),
    {"shard", OPTION_TEXT, offsetof(CrossvalFlags, shard), "null", 0, 0, NULL, "K/N",
     "part of the work: every N-th fold, from the K-th (from 1). Implies --resume; the last process to finish "
     "writes the summary"},
    {"inner", OPTION_INT, offsetof(CrossvalFlags, inner), "0", 0, 1000, NULL, "K",
     "number of inner folds (2 or more; 5 for baselines): K more trainings for each fold, whose outputs on bags that "
     "they "
     "have not seen go to inner.tsv, for hopsack stack. 0: none"},
    {"permute", OPTION_INT, offsetof(CrossvalFlags, permute), "0", 0, 99999, NULL, "N",
     "number of further cross-validations on permuted labels, RUN/permuted/00, ...: the summary gives the p value"},
    {"batches", OPTION_BOOL, offsetof(CrossvalFlags, batches), "false", 0, 0, NULL, "",
     "with --batch-column, 7 further cross-validations: RUN/leave-batch-out, and RUN/batch-permuted/00 to 05 on "
     "labels "
     "permuted over batches"},
    {0},
};

/* ---- what is printed ---- */

static long count(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

static Status print_result(const Cli *cli, json_t *result)
{
    if (cli->json) { /* what summary.json holds */
        json_object_del(result, "beside");
        return print_json(result);
    }
    if (json_object_get(result, "tasks")) {
        scores_print_crossval(stdout, NULL, result);
        scores_print_chance(stdout, result);
    } else
        printf("%ld of %ld %s are done; the process that finishes the last one writes the summary\n",
               count(result, "done"), count(result, "jobs"),
               count(result, "n_models") > 1 || count(result, "n_trials") ? "models" : "folds");
    json_decref(result);
    return OK;
}

static Status print_plan(const Cli *cli, json_t *plan, const char *folder)
{
    const json_t *bags = json_object_get(plan, "bags");
    if (cli->json) return print_json(plan);
    char each[32] = "", inner[64] = "", further[64] = "";
    if (count(plan, "n_models") > 1) snprintf(each, sizeof each, " x %ld models", count(plan, "n_models"));
    if (count(plan, "n_trials"))
        snprintf(inner, sizeof inner, ", %ld trials on %ld inner folds each", count(plan, "n_trials"),
                 count(plan, "n_inner"));
    else if (count(plan, "n_inner"))
        snprintf(inner, sizeof inner, ", %ld inner folds each", count(plan, "n_inner"));
    if (count(plan, "n_further"))
        snprintf(further, sizeof further, ", %ld further cross-validation%s", count(plan, "n_further"),
                 number_plural(count(plan, "n_further")));
    printf("would train %ld of %ld models (%ld x %ld folds%s%s%s, %ld done), %ld at once, into %s\n",
           count(plan, "mine"), count(plan, "jobs"), count(plan, "n_repeats"), count(plan, "n_folds"), each, inner,
           further, count(plan, "done"), count(plan, "at_once"), folder);
    printf("the first: training on %ld bag%s, validation on %ld, test on %ld, %ld update%s\n", count(bags, "train"),
           number_plural(count(bags, "train")), count(bags, "validation"), count(bags, "test"),
           count(plan, "updates"), number_plural(count(plan, "updates")));
    print_refit(stdout, plan);
    printf("%ld parameters; memory: %.1f MB for bags, %.1f MB workspace for each at once\n",
           count(plan, "parameters"), (double)count(plan, "memory_bags") / 1e6,
           (double)count(plan, "memory_workspace") / 1e6);
    const Cost cost = cost_told(plan);
    print_cost(stdout, &cost);
    json_decref(plan);
    return OK;
}

/* ---- the command ---- */

/* Flags that are settings of the run, which --resume reads back. */
static void add_settings(Cli *cli)
{
    static const char *const keys[][2] = {
        {"inner", "crossval.inner"}, {"permute", "crossval.permute"}, {"batches", "crossval.batches"}};
    for (int i = 0; i < cli->n_given; i++)
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            if (strcmp(cli->given[i]->name, keys[k][0]) != 0) continue;
            cli->setting[cli->n_setting] = keys[k][1];
            cli->setting_value[cli->n_setting++] = cli->given_value[i];
        }
}

/* "2/3" */
static Status read_shard(CrossvalSetup *setup, const char *text)
{
    char *end;
    setup->shard = setup->n_shard = 1;
    if (!text) return OK;
    const long k = strtol(text, &end, 10), n = *end == '/' && end > text ? strtol(end + 1, &end, 10) : 0;
    if (*end || n < 1 || n > 1000000 || k < 1 || k > n)
        return fail(ERR_USAGE, "--shard=%s is not K/N with K from 1 to N, as 2/3", text);
    setup->shard = (int)k;
    setup->n_shard = (int)n;
    setup->resume = true;
    return OK;
}

static Status crossval(Cli *cli, CrossvalSetup *setup, const Config *config)
{
    json_t *result;
    setup->config = config;
    if (cli->dry_run) {
        TRY(crossval_plan(&result, setup));
        return print_plan(cli, result, setup->folder);
    }
    TRY(crossval_run(&result, setup));
    return print_result(cli, result);
}

static Status attempt(Cli *cli, CrossvalSetup *setup, const char *yaml)
{
    Config config;
    TRY(setup->resume ? configure_resume(&config, cli, yaml, setup->folder) : configure(&config, cli, yaml));
    const Status status = crossval(cli, setup, &config);
    config_free(&config);
    return status;
}

static Status run(Cli *cli)
{
    const char *yaml;
    const CrossvalFlags *flags = cli->flags;
    CrossvalSetup setup = {.folder = flags->folder,
                           .force = cli->force,
                           .resume = flags->resume,
                           .argc = cli->argc,
                           .argv = cli->argv,
                           .stop = &interrupted,
                           .updated = interrupt_for_tests,
                           .begin = interrupt_watch};
    TRY(read_shard(&setup, flags->shard));
    if (setup.resume && cli->force)
        return fail(ERR_USAGE, "--resume and --shard continue a run, --force throws it away: give one");
    TRY(configure_words(&yaml, cli, false));
    add_settings(cli);
    const bool was_there = setup.resume && resume_possible(setup.folder);
    const Status status = attempt(cli, &setup, yaml);
    if (status != ERR_CONFIG || !setup.resume || was_there || !resume_possible(setup.folder)) return status;
    return attempt(cli, &setup, yaml); /* another was faster, whose data may lie elsewhere: now it is that run */
}

const Command command_crossval = {
    .name = "crossval",
    .line = "train and test models in k-fold cross-validation",
    .usage = "[CONFIG] [DATA] [--SECTION.KEY=VALUE ...] -o RUN",
    .example = "hopsack crossval configs/deeprc.yaml cohort.h5 --target=status -o runs/cv",
    .about = ROWS_WORDS
    "Trains splits.n_fold models in each of splits.n_repeat repetitions. Each model is tested on its "
    "fold, which is used neither for training nor for choosing the model. RUN/rep00/fold03 is the run "
    "that hopsack train makes with --splits.repeat=0 --fold=3, bit for bit. RUN itself holds "
    "config.yaml, manifest.json, bags.tsv, splits.tsv, and at the end predictions.tsv (test bags), "
    "summary.json and summary.md. With crossval.ensemble=N every fold has N models, RUN/rep00/fold03/model00, ..., "
    "which differ in their random seed; files and scores of the fold are those of their mean output.\n\n"
    "With search.kind grid, random or list, each fold chooses its settings among trials (search.space, search.list) "
    "by "
    "inner folds of its training and validation bags: RUN/trials.tsv. Example: configs/mil-nested.yaml.\n\n"
    "Several processes may work in one RUN, on one machine or on several that share the disk: start the "
    "same command with --resume as often as you like, or with --shard=1/2 and --shard=2/2. No fold is "
    "done twice. The data may lie elsewhere for each of them (--data.path), if their content is the same. "
    "Another process, or the next --resume, continues the work of a killed process from its "
    "last checkpoint. SIGINT and SIGTERM save and exit with 130 or 143. On NFS this requires a mount "
    "with locks; otherwise use --shard to give each machine its own folds.",
    .common = "o target kind positive metadata group splits splits.n_fold splits.n_repeat inner permute batches "
              "resume shard threads "
              "seed "
              "dry-run force json",
    .groups = {{.rows = rows}},
    .size = sizeof(CrossvalFlags),
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .run = run,
};
