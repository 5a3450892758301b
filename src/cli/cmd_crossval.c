/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "train/crossval.h"

#include <stdlib.h>
#include <string.h>

static const Flag flags[] = {
    {.name = "o", .value = "RUN", .help = "folder of the run, which must be new or empty", .needed = true},
    {.name = "resume", .help = "continue the run in RUN with the settings saved in it; begin it where there is none"},
    {.name = "shard",
     .value = "K/N",
     .help = "do every N-th fold, from the K-th (from 1); implies --resume; who finishes last writes the summary"},
    {0},
};

/* ---- what is printed ---- */

static double number(const json_t *object, const char *score, const char *what, bool *known)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", score, what);
    const json_t *value = json_object_get(object, key);
    *known = json_is_number(value);
    return json_number_value(value);
}

static long count(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

static void print_value(const json_t *task, const char *before, const char *score, const char *what)
{
    bool known;
    const double value = number(task, score, what, &known);
    if (known) printf("%s%.3f", before, value);
}

/* "status: AUC 0.912 ± 0.021 over 5 folds (200 bags), 95 % interval 0.871 to 0.944, pooled 0.905, accuracy 0.840" */
static void print_task(const char *name, const json_t *task)
{
    const json_t *interval = json_object_get(task, "auc_ci95");
    const char *score = json_object_get(task, "auc_mean") ? "auc" : json_object_get(task, "r2_mean") ? "r2" : "bacc";
    bool known;
    const double mean = number(task, score, "_mean", &known);
    printf("%s: %s ", name, strcmp(score, "auc") == 0 ? "AUC" : score);
    if (known)
        printf("%.3f", mean);
    else
        printf("undefined");
    print_value(task, " ± ", score, "_std_folds");
    printf(" over %ld folds (%ld bags)", count(task, "n_folds"), count(task, "n_bags"));
    if (json_is_array(interval))
        printf(", 95 %% interval %.3f to %.3f", json_number_value(json_array_get(interval, 0)),
               json_number_value(json_array_get(interval, 1)));
    if (count(task, "n_repeats") > 1) print_value(task, ", ± ", score, "_std_repeats");
    if (count(task, "n_repeats") > 1) printf(" over %ld repetitions", count(task, "n_repeats"));
    print_value(task, ", pooled ", "auc", "_pooled");
    print_value(task, ", accuracy ", "accuracy", "_mean");
    print_value(task, ", mae ", "mae", "_mean");
    printf("\n");
}

static Status print_result(const Cli *cli, json_t *result)
{
    const char *name;
    json_t *task;
    if (cli->json) return print_json(result);
    if (!json_object_get(result, "tasks"))
        printf("%ld of %ld folds are done; whoever does the last writes the summary\n", count(result, "done"),
               count(result, "jobs"));
    json_object_foreach(json_object_get(result, "tasks"), name, task)
    {
        print_task(name, task);
    }
    json_decref(result);
    return OK;
}

static Status print_plan(const Cli *cli, json_t *plan, const char *folder)
{
    const json_t *bags = json_object_get(plan, "bags");
    if (cli->json) return print_json(plan);
    printf("would train %ld of %ld models (%ld x %ld folds, %ld done), %ld at once, into %s\n", count(plan, "mine"),
           count(plan, "jobs"), count(plan, "n_repeats"), count(plan, "n_folds"), count(plan, "done"),
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
        "Trains splits.n_fold models in each of splits.n_repeat repetitions; each is tested on its fold, which took "
        "no\n"
        "part in training or in the choice of the model. RUN/rep00/fold03 is the run that train makes with\n"
        "--splits.repeat=0 --fold=3, bit for bit; RUN itself holds config.yaml, manifest.json, splits.tsv, and at "
        "the "
        "end\n"
        "predictions.tsv (test bags), summary.json and summary.md.\n"
        "Several processes may work in one RUN, on one machine or on several that share the disk: start the same "
        "command\n"
        "with --resume as often as you like, or with --shard=1/2 and --shard=2/2. No fold is done twice; what a "
        "killed\n"
        "process was at is taken up by the others, or by the next --resume, from its last checkpoint. SIGINT and "
        "SIGTERM\n"
        "save and exit with 130 or 143. On NFS this needs a mount with locks; otherwise keep machines apart with "
        "--shard.",
    .flags = flags,
    .most = 1,
    .settings = true,
    .short_names = true,
    .more = config_help,
    .run = run,
};
