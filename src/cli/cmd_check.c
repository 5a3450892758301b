/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/configure.h"
#include "cli/print.h"
#include "cli/print_check.h"
#include "core/inputguard.h"
#include "study/assumptions.h"
#include "study/check.h"

#include <string.h>

typedef struct {
    const char *groups;
    bool assumptions;
} CheckFlags;

static const Option rows[] = {
    {"groups-out", OPTION_TEXT, offsetof(CheckFlags, groups), "null", 0, 0, NULL, "FILE",
     "table of bag ID and proposed donor, by shared largest clones; a column for --group"},
    {"assumptions", OPTION_BOOL, offsetof(CheckFlags, assumptions), "false", 0, 0, NULL, "",
     "test on simulated bags whether the model of CONFIG, or every kind of pooling, obeys the standard assumption of "
     "multiple-instance learning"},
    {0},
};

static Status print_result(const Cli *cli, json_t *result)
{
    json_t *shown;
    if (cli->json) return print_json(result);
    const Status status = print_escaped(&shown, result);
    json_decref(result);
    TRY(status);
    print_check(shown, cli->verbose);
    json_decref(shown);
    return OK;
}

/* The report of a damaged dataset is printed before the error. */
static Status check(const Cli *cli, const CheckSetup *setup)
{
    char sentence[1024];
    json_t *result;
    const Status status = check_run(&result, setup);
    snprintf(sentence, sizeof sentence, "%s", status_sentence());
    if (!result) return status;
    TRY(print_result(cli, result));
    return status == OK ? OK : fail(status, "%s", sentence);
}

static Status check_config(Cli *cli, const char *yaml, CheckSetup *setup)
{
    Config config;
    TRY(configure(&config, cli, yaml));
    setup->path = config.data.path;
    setup->metadata = config.data.metadata;
    setup->id_column = config.data.id_column;
    setup->task = config.task;
    setup->n_task = config.n_task;
    setup->deeprc = config.data.compat == COMPAT_DEEPRC;
    setup->splits = &config.splits;
    setup->seed = config.seed;
    const Status status =
        setup->path ? check(cli, setup) : fail(ERR_USAGE, "which dataset? (hopsack check DATA --target=COLUMN)");
    config_free(&config);
    return status;
}

/* Without a label there is no task, which a config must have. */
static Status check_bags(Cli *cli, CheckSetup *setup)
{
    SplitOptions splits = {0};
    const struct {
        const char *name, **at;
    } known[] = {
        {"data.path", &setup->path},      {"metadata", &setup->metadata}, {"data.metadata", &setup->metadata},
        {"id-column", &setup->id_column}, {"group", &splits.group},       {"splits.group", &splits.group},
        {"batch-column", &splits.batch},  {"splits.batch", &splits.batch}};
    const size_t n_known = sizeof known / sizeof *known;
    for (int i = 0; i < cli->n_setting; i++) {
        size_t k = 0;
        while (k < n_known && strcmp(known[k].name, cli->setting[i]) != 0) k++;
        if (k < n_known)
            *known[k].at = cli->setting_value[i];
        else if (strcmp(cli->setting[i], "seed") != 0)
            return fail(ERR_USAGE, "--%s goes with a label: name it with --target=COLUMN", cli->setting[i]);
    }
    setup->splits = &splits;
    if (!setup->path) return fail(ERR_USAGE, "which dataset? (hopsack check DATA --target=COLUMN)");
    return check(cli, setup);
}

static bool has_task(const Cli *cli)
{
    for (int i = 0; i < cli->n_setting; i++)
        if (strcmp(cli->setting[i], "target") == 0 || strncmp(cli->setting[i], "tasks", 5) == 0) return true;
    return false;
}

#define ASSUMPTION_SEEDS 3

static Status print_assumptions(const Cli *cli, json_t *result)
{
    json_t *shown;
    if (cli->json) return print_json(result);
    const Status status = print_escaped(&shown, result);
    json_decref(result);
    TRY(status);
    print_check_assumptions(shown);
    json_decref(shown);
    return OK;
}

static Status check_model(const Cli *cli, const AssumptionSetup *setup)
{
    json_t *result;
    TRY(assumptions_run(&result, setup));
    return print_assumptions(cli, result);
}

static void add_setting(Cli *cli, const char *name, const char *value)
{
    for (int i = 0; i < cli->n_setting; i++)
        if (strcmp(cli->setting[i], name) == 0) return;
    cli->setting[cli->n_setting] = name;
    cli->setting_value[cli->n_setting++] = value;
}

/* The tests have bags and a task of their own, whatever CONFIG says of these. */
static Status check_own(Cli *cli, const char *yaml)
{
    Config config;
    AssumptionSetup setup = {.name = yaml ? yaml : "model of the flags", .n_seed = ASSUMPTION_SEEDS};
    add_setting(cli, "data.path", "simulated");
    if (!has_task(cli)) add_setting(cli, "target", "label");
    TRY(configure(&config, cli, yaml));
    setup.model = &config.model;
    setup.seed = config.seed;
    const Status status = check_model(cli, &setup);
    config_free(&config);
    return status;
}

static Status check_assumptions(Cli *cli)
{
    const char *yaml;
    const CheckFlags *flags = cli->flags;
    const AssumptionSetup setup = {.seed = cli->seed, .n_seed = ASSUMPTION_SEEDS};
    bool own = cli->n_word > 0;
    for (int i = 0; i < cli->n_setting; i++) own |= strcmp(cli->setting[i], "seed") != 0;
    if (flags->groups) return fail(ERR_USAGE, "--groups-out is for datasets, not for --assumptions");
    TRY(configure_words(&yaml, cli, false));
    if (cli->n_word > 1 || (cli->n_word == 1 && !yaml))
        return fail(ERR_USAGE, "check --assumptions simulates its bags: leave out %s, and give one CONFIG at most",
                    cli->word[cli->n_word == 1 ? 0 : 1]);
    return own ? check_own(cli, yaml) : check_model(cli, &setup);
}

static Status run(Cli *cli)
{
    const char *yaml;
    const CheckFlags *flags = cli->flags;
    CheckSetup setup = {.id_column = "auto", .groups = flags->groups, .force = cli->force, .seed = cli->seed};
    inputguard_begin();
    if (flags->groups && strcmp(flags->groups, "-") == 0)
        return fail(ERR_USAGE, "--groups-out=-: the verdict goes to standard output; name a file");
    if (flags->assumptions) return check_assumptions(cli);
    TRY(configure_words(&yaml, cli, true));
    return yaml || has_task(cli) ? check_config(cli, yaml, &setup) : check_bags(cli, &setup);
}

const Command command_check = {
    .name = "check",
    .line = "report damage, equal bags, and numbers that alone predict the label",
    .usage = "DATA [CONFIG] [--target=COLUMN] [--group=COLUMN] [--batch-column=COLUMN] [--groups-out=FILE] | "
             "--assumptions [CONFIG]",
    .example = "hopsack check cohort.h5 --target=status --group=donor --batch-column=plate\n"
               "hopsack check --assumptions configs/mil.yaml",
    .about =
        "Reads every bag and compares checksums and content hashes. Reports equal bags, bags that share their "
        "largest clones as samples of one donor do, and mixed conventions (junction and CDR3, loci).\n\n"
        "With --target it asks whether a single number predicts the label: depth, number of sequences, "
        "clonality, largest clone, singletons, smallest count, lengths, V and J genes, and the other columns "
        "of the label table; each alone, with AUC and interval, and all together. Labels are permuted 1999 "
        "times over all numbers at once, so that a cohort without such a number gets a remark in 1 of 100 "
        "cases. Columns of IDs are left out. With --group the donors are compared, not the bags.\n\n"
        "The verdict comes first, then a table. The exit status is 0, or 3 if the dataset is damaged.\n\n"
        "--assumptions needs no dataset. It trains the model of CONFIG, or one with each kind of pooling, on three "
        "simulated tests after Raff and Holt 2023: does the model call a bag positive because of instances that "
        "are there, or because others are missing? (docs/mil.md)",
    .common = "target kind positive group batch-column groups-out assumptions metadata seed force json",
    .groups = {{.rows = rows}},
    .size = sizeof(CheckFlags),
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .run = run,
};
