/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/rows.h"
#include "cli/scores.h"
#include "core/log.h"
#include "core/number.h"
#include "run/job.h"

typedef struct {
    const char *folder;
    bool resume;
} TrainFlags;

static const Option rows[] = {
    ROWS_RUN(TrainFlags),
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
    scores_log_remarks(json_object_get(summary, "remarks"));
    json_decref(summary);
    return OK;
}

static Status print_plan(const Cli *cli, json_t *plan, const char *folder)
{
    const json_t *bags = json_object_get(plan, "bags");
    if (cli->json) return print_json(plan);
    const long long train = json_integer_value(json_object_get(bags, "train"));
    const long long updates = json_integer_value(json_object_get(plan, "updates"));
    printf("would train on %lld bag%s, validate on %lld, test on %lld: %lld update%s, into %s\n", train,
           number_plural(train), (long long)json_integer_value(json_object_get(bags, "validation")),
           (long long)json_integer_value(json_object_get(bags, "test")), updates, number_plural(updates), folder);
    print_refit(stdout, plan);
    printf("%lld parameters; memory: %.1f MB for bags, %.1f MB workspace\n",
           (long long)json_integer_value(json_object_get(plan, "parameters")),
           (double)json_integer_value(json_object_get(plan, "memory_bags")) / 1e6,
           (double)json_integer_value(json_object_get(plan, "memory_workspace")) / 1e6);
    const Cost cost = cost_told(plan);
    print_cost(stdout, &cost);
    json_decref(plan);
    return OK;
}

static Status train(Cli *cli, const Config *config)
{
    json_t *result = NULL;
    const TrainFlags *flags = cli->flags;
    const JobSetup setup = {.config = config,
                            .folder = flags->folder,
                            .force = cli->force,
                            .argc = cli->argc,
                            .argv = cli->argv,
                            .resume = flags->resume,
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
    const TrainFlags *flags = cli->flags;
    const char *yaml;
    if (flags->resume && cli->force)
        return fail(ERR_USAGE, "--resume continues a run, --force throws it away: give one");
    TRY(configure_words(&yaml, cli, false));
    TRY(flags->resume ? configure_resume(&config, cli, yaml, flags->folder) : configure(&config, cli, yaml));
    const Status status = train(cli, &config);
    config_free(&config);
    return status;
}

const Command command_train = {
    .name = "train",
    .line = "train one model with a training/validation/test split",
    .usage = "[CONFIG] [DATA] [--SECTION.KEY=VALUE ...] -o RUN",
    .example = "hopsack train configs/repertoire.yaml cohort.h5 --target=status -o runs/a\n"
               "hopsack train --resume -o runs/a",
    .about = ROWS_WORDS
    "The bags are split into folds. Fold splits.fold is the test set, another fold is the validation "
    "set, and the model is trained on the rest. Test scores are computed once, at the end. RUN then "
    "holds config.yaml, manifest.json, bags.tsv, splits.tsv, metrics.jsonl, model.safetensors, predictions.tsv, "
    "summary.json and checkpoint.safetensors.\n\n"
    "--resume continues from the last checkpoint after a signal, a kill or a crash, and produces "
    "bit-identical results. No setting need be given; one that is given must agree with the saved one. "
    "Only train.updates or train.epochs may be increased, and data.path, data.metadata and splits.file may name "
    "another place of the same data. SIGINT and SIGTERM finish the current update, "
    "save and exit with 130 or 143; a second signal exits at once.",
    .common =
        "o target kind positive metadata group fold train.updates train.lr resume threads seed dry-run force json",
    .groups = {{.rows = rows}},
    .size = sizeof(TrainFlags),
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .run = run,
};
