/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "cv/crossval.h"

#include <stdlib.h>

static const Flag flags[] = {
    {.name = "o", .value = "RUN", .help = "folder of the run, which must be new or empty", .needed = true},
    {.name = "resume", .help = "continue the run in RUN with the settings saved in it; begin it where there is none"},
    {.name = "shard",
     .value = "K/N",
     .help = "do every N-th fold, from the K-th (from 1); implies --resume; who finishes last writes the summary"},
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
        printf("%ld of %ld %s are done; whoever does the last writes the summary\n", count(result, "done"),
               count(result, "jobs"), count(result, "n_models") > 1 ? "models" : "folds");
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
    printf("the first on %ld bags, choosing by %ld, testing on %ld: %ld updates\n", count(bags, "train"),
           count(bags, "validation"), count(bags, "test"), count(plan, "updates"));
    printf("%ld parameters; memory: %.1f MB for bags, %.1f MB to work for each at once\n", count(plan, "parameters"),
           (double)count(plan, "memory_bags") / 1e6, (double)count(plan, "memory_workspace") / 1e6);
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
    const char *yaml = cli->n_word ? cli->word[0] : NULL;
    CrossvalSetup setup = {.folder = cli_text(cli, "o"),
                           .force = cli->force,
                           .resume = cli_has(cli, "resume"),
                           .argc = cli->argc,
                           .argv = cli->argv,
                           .stop = &interrupted,
                           .updated = interrupt_for_tests,
                           .begin = interrupt_watch};
    TRY(read_shard(&setup, cli_text(cli, "shard")));
    if (setup.resume && cli->force)
        return fail(ERR_USAGE, "--resume and --shard continue a run, --force throws it away: give one");
    TRY(setup.resume ? configure_resume(&config, cli, yaml, setup.folder) : configure(&config, cli, yaml));
    const Status status = crossval(cli, &setup, &config);
    config_free(&config);
    return status;
}

const Command command_crossval = {
    .name = "crossval",
    .line = "k-fold cross-validation, repeated, stratified, by group or from a table",
    .usage = "[CONFIG.yaml] [--section.key=value ...] -o RUN",
    .about =
        "Trains splits.n_fold models in each of splits.n_repeat repetitions; each is tested on its fold, which\n"
        "took no part in training or in the choice of the model. RUN/rep00/fold03 is the run that train makes\n"
        "with --splits.repeat=0 --fold=3, bit for bit; RUN itself holds config.yaml, manifest.json, splits.tsv,\n"
        "and at the end predictions.tsv (test bags), summary.json and summary.md.\n"
        "With crossval.ensemble=N every fold has N models, RUN/rep00/fold03/model00, ..., that differ in their\n"
        "seed; the files of the fold and all scores are those of the mean of their outputs.\n"
        "Several processes may work in one RUN, on one machine or on several that share the disk: start the same\n"
        "command with --resume as often as you like, or with --shard=1/2 and --shard=2/2. No fold is done twice;\n"
        "what a killed process was at is taken up by the others, or by the next --resume, from its last\n"
        "checkpoint. SIGINT and SIGTERM save and exit with 130 or 143. On NFS this needs a mount with locks;\n"
        "otherwise keep machines apart with --shard.",
    .flags = flags,
    .most = 1,
    .settings = true,
    .short_names = true,
    .more = config_help,
    .run = run,
};
