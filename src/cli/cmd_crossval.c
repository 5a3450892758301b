/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/rows.h"
#include "cli/scores.h"
#include "core/number.h"
#include "cv/crossval.h"

#include <stdlib.h>

typedef struct {
    const char *folder, *shard;
    bool resume;
} CrossvalFlags;

static const Option rows[] = {
    ROWS_RUN(CrossvalFlags),
    {"shard", OPTION_TEXT, offsetof(CrossvalFlags, shard), "null", 0, 0, NULL, "K/N",
     "part of the work: every N-th fold, from the K-th (from 1). Implies --resume; the last process to finish "
     "writes the summary"},
    {0},
};

/* ---- what is printed ---- */

static long count(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

static Status print_result(const Cli *cli, json_t *result)
{
    if (cli->json) return print_json(result);
    if (json_object_get(result, "tasks"))
        scores_print_crossval(stdout, result);
    else
        printf("%ld of %ld %s are done; the process that finishes the last one writes the summary\n",
               count(result, "done"), count(result, "jobs"), count(result, "n_models") > 1 ? "models" : "folds");
    json_decref(result);
    return OK;
}

static Status print_plan(const Cli *cli, json_t *plan, const char *folder)
{
    const json_t *bags = json_object_get(plan, "bags");
    if (cli->json) return print_json(plan);
    char each[32] = "";
    if (count(plan, "n_models") > 1) snprintf(each, sizeof each, " x %ld models", count(plan, "n_models"));
    printf("would train %ld of %ld models (%ld x %ld folds%s, %ld done), %ld at once, into %s\n", count(plan, "mine"),
           count(plan, "jobs"), count(plan, "n_repeats"), count(plan, "n_folds"), each, count(plan, "done"),
           count(plan, "at_once"), folder);
    printf("the first: training on %ld bag%s, validation on %ld, test on %ld, %ld update%s\n", count(bags, "train"),
           number_plural(count(bags, "train")), count(bags, "validation"), count(bags, "test"),
           count(plan, "updates"), number_plural(count(plan, "updates")));
    print_refit(stdout, plan);
    printf("%ld parameters; memory: %.1f MB for bags, %.1f MB workspace for each at once\n",
           count(plan, "parameters"), (double)count(plan, "memory_bags") / 1e6,
           (double)count(plan, "memory_workspace") / 1e6);
    json_decref(plan);
    return OK;
}

/* ---- the command ---- */

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

static Status run(Cli *cli)
{
    Config config;
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
    TRY(setup.resume ? configure_resume(&config, cli, yaml, setup.folder) : configure(&config, cli, yaml));
    const Status status = crossval(cli, &setup, &config);
    config_free(&config);
    return status;
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
    "config.yaml, manifest.json, splits.tsv, and at the end predictions.tsv (test bags), summary.json "
    "and summary.md. With crossval.ensemble=N every fold has N models, RUN/rep00/fold03/model00, ..., "
    "which differ in their random seed; files and scores of the fold are those of their mean output.\n\n"
    "Several processes may work in one RUN, on one machine or on several that share the disk: start the "
    "same command with --resume as often as you like, or with --shard=1/2 and --shard=2/2. No fold is "
    "done twice. Another process, or the next --resume, continues the work of a killed process from its "
    "last checkpoint. SIGINT and SIGTERM save and exit with 130 or 143. On NFS this requires a mount "
    "with locks; otherwise use --shard to give each machine its own folds.",
    .common = "o target kind positive metadata group splits splits.n_fold splits.n_repeat resume shard threads seed "
              "dry-run force json",
    .groups = {{.rows = rows}},
    .size = sizeof(CrossvalFlags),
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .run = run,
};
