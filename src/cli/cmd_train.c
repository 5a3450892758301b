/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/log.h"
#include "run/job.h"

static const Flag flags[] = {
    {.name = "o", .value = "RUN", .help = "folder of the run, which must be new or empty", .needed = true},
    {.name = "resume", .help = "continue the run in RUN with the settings saved in it; begin it where there is none"},
    {0},
};

static Status print_summary(const Cli *cli, json_t *summary)
{
    const char *part;
    json_t *scores;
    if (cli->json) return print_json(summary);
    json_object_foreach(json_object_get(summary, "parts"), part, scores)
    {
        scores_print(stdout, part, scores);
    }
    json_decref(summary);
    return OK;
}

static Status print_plan(const Cli *cli, json_t *plan, const char *folder)
{
    const json_t *bags = json_object_get(plan, "bags");
    if (cli->json) return print_json(plan);
    printf("would train on %lld bags, choose by %lld, test on %lld: %lld updates, into %s\n",
           (long long)json_integer_value(json_object_get(bags, "train")),
           (long long)json_integer_value(json_object_get(bags, "validation")),
           (long long)json_integer_value(json_object_get(bags, "test")),
           (long long)json_integer_value(json_object_get(plan, "updates")), folder);
    printf("%lld parameters; memory: %.1f MB for bags, %.1f MB to work\n",
           (long long)json_integer_value(json_object_get(plan, "parameters")),
           (double)json_integer_value(json_object_get(plan, "memory_bags")) / 1e6,
           (double)json_integer_value(json_object_get(plan, "memory_workspace")) / 1e6);
    json_decref(plan);
    return OK;
}

static Status train(Cli *cli, const Config *config)
{
    json_t *result = NULL;
    const JobSetup setup = {.config = config,
                            .folder = cli_text(cli, "o"),
                            .force = cli->force,
                            .argc = cli->argc,
                            .argv = cli->argv,
                            .resume = cli_has(cli, "resume"),
                            .stop = &interrupted,
                            .updated = interrupt_for_tests,
                            .begin = interrupt_watch};
    if (cli->dry_run) {
        TRY(job_plan(&result, &setup));
        return print_plan(cli, result, setup.folder);
    }
    TRY(job_run(&result, &setup));
    return print_summary(cli, result);
}

static Status run(Cli *cli)
{
    Config config;
    const char *yaml = cli->n_word ? cli->word[0] : NULL;
    const bool resume = cli_has(cli, "resume");
    if (resume && cli->force) return fail(ERR_USAGE, "--resume continues a run, --force throws it away: give one");
    TRY(resume ? configure_resume(&config, cli, yaml, cli_text(cli, "o")) : configure(&config, cli, yaml));
    const Status status = train(cli, &config);
    config_free(&config);
    return status;
}

const Command command_train = {
    .name = "train",
    .line = "one model with a train/validation/test split",
    .usage = "[CONFIG.yaml] [--section.key=value ...] -o RUN",
    .about =
        "Bags are dealt into folds; fold splits.fold is the test part, one more chooses the best state, the rest\n"
        "is learned from. Test scores are computed once, at the end. RUN then holds config.yaml, manifest.json,\n"
        "splits.tsv, metrics.jsonl, model.safetensors, predictions.tsv and summary.json, and\n"
        "checkpoint.safetensors, from which --resume goes on after a signal, a kill or a crash to the same bits.\n"
        "Then no setting need be given; one that is given again must agree, only train.updates or train.epochs\n"
        "may grow. SIGINT and SIGTERM end the update under way, save and exit with 130 or 143; a second signal\n"
        "ends at once.",
    .flags = flags,
    .most = 1,
    .settings = true,
    .short_names = true,
    .more = config_help,
    .run = run,
};
