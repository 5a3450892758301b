/* SPDX-License-Identifier: MIT */
#include "cli/configure.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/jsontext.h"
#include "core/nearest.h"
#include "core/number.h"
#include "run/resume.h"
#include "study/baseline.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *folder, *beside;
    OptionTexts method, columns;
    bool resume;
    int weight, inner, permute, important, calibrate;
    const char *operating;
} BaselineFlags;

#define AT(field) offsetof(BaselineFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(folder), NULL, 0, 0, NULL, "OUT", "folder of the results, which must be new or empty"},
    {"method", OPTION_TEXTS, AT(method), "[]", 0, 0, NULL, "NAME",
     "method to run; without it all standard methods that hopsack help baseline lists"},
    {"weight", OPTION_CHOICE, AT(weight), "clones", 0, 0, "clones counts", "",
     "weight of a sequence: clones (each counts once) or counts (its count)"},
    {"columns", OPTION_TEXTS, AT(columns), "[]", 0, 0, NULL, "COLUMN",
     "columns of the label table that the method nuisance uses too"},
    {"inner", OPTION_INT, AT(inner), "5", 2, 100, NULL, "", "inner folds, by which a method chooses its settings"},
    {"permute", OPTION_INT, AT(permute), "0", 0, BASELINE_PERMUTE_MAX, NULL, "",
     "runs on permuted labels, for a p value of the whole procedure"},
    {"important", OPTION_INT, AT(important), "0", 0, 10000000, NULL, "",
     "sequences with the highest scores to be written for each method that ranks them; 0: none"},
    {"calibrate", OPTION_CHOICE, AT(calibrate), "platt", 0, 0, "none platt", "",
     "calibration of the probabilities by the outputs of the inner fits, as train.calibrate. Outputs stay as they "
     "are"},
    {"operating", OPTION_TEXT, AT(operating), "youden", 0, 0, NULL, "none|youden|sensitivity:SHARE|specificity:SHARE",
     "operating point of a binary task, chosen on the outputs of the inner fits, as train.operating"},
    {"beside", OPTION_TEXT, AT(beside), "null", 0, 0, NULL, "RUN",
     "run on the same folds whose figures go into the table; without it that of --splits=RUN/splits.tsv"},
    {"resume", OPTION_BOOL, AT(resume), "false", 0, 0, NULL, "",
     "continuation of the run in OUT: methods that are done stay"},
    {0},
};

/* ---- what is printed ---- */

static Status print_result(const Cli *cli, json_t *result)
{
    if (cli->json) return print_json(result);
    scores_print_methods(stdout, json_object_get(result, "methods"));
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
    const Cost cost = cost_told(plan);
    print_cost(stdout, &cost);
    json_decref(plan);
    return OK;
}

/* ---- the command ---- */

static Status add_method(BaselineSetup *setup, const char *name)
{
    const char *names[BASELINE_METHODS + 1] = {NULL};
    const Rival *method = rival_find(name);
    for (int m = 0; m < BASELINE_METHODS && rivals[m]; m++) names[m] = rivals[m]->name;
    const char *near = nearest_name(name, names);
    if (!method && strchr(name, ','))
        return fail(ERR_USAGE, "--method=%s: give the flag once for each method: --method=kmer-3 --method=genes",
                    name);
    if (!method)
        return fail(ERR_USAGE, "--method=%s: there is no such baseline%s%s (hopsack help baseline lists them)", name,
                    near ? "; did you mean " : "", near ? near : "");
    for (int m = 0; m < setup->n_method; m++)
        if (setup->method[m] == method) return fail(ERR_USAGE, "--method=%s is given twice", name);
    setup->method[setup->n_method++] = method;
    return OK;
}

/* In the order of the table, whatever the order of the flags. */
static Status read_methods(BaselineSetup *setup, const Cli *cli)
{
    const BaselineFlags *flags = cli->flags;
    for (int i = 0; i < flags->method.n; i++) TRY(add_method(setup, flags->method.text[i]));
    int n = 0;
    const Rival *ordered[BASELINE_METHODS];
    for (const Rival *const *r = rivals; *r; r++)
        for (int m = 0; m < setup->n_method; m++)
            if (setup->method[m] == *r) ordered[n++] = *r;
    for (int m = 0; m < n; m++) setup->method[m] = ordered[m];
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
                           .resume = flags->resume,
                           .by_counts = flags->weight == 1,
                           .columns = flags->columns,
                           .n_inner = flags->inner,
                           .n_permute = flags->permute,
                           .n_important = flags->important,
                           .settle = {.calibrate = flags->calibrate == 1},
                           .beside = flags->beside,
                           .argc = cli->argc,
                           .argv = cli->argv,
                           .stop = &interrupted,
                           .begin = interrupt_watch};
    if (setup.resume && setup.force)
        return fail(ERR_USAGE, "--resume continues a run, --force throws it away: give one");
    if (!cutoff_read(&setup.settle.cutoff, flags->operating))
        return fail(ERR_USAGE, "--operating=%.60s: say none, youden, sensitivity:SHARE or specificity:SHARE",
                    flags->operating);
    TRY(configure_words(&yaml, cli, true));
    TRY(read_methods(&setup, cli));
    TRY(configure(&config, cli, yaml));
    Status status = setup.resume && resume_possible(setup.folder) ? resume_places(&config, setup.folder) : OK;
    if (status == OK) status = baseline(cli, &setup, &config);
    config_free(&config);
    return status;
}

static void list_methods(FILE *out, const char *title, BagKind bags, bool standard)
{
    bool begun = false;
    for (const Rival *const *r = rivals; *r; r++) {
        if ((*r)->bags != bags || (*r)->standard != standard) continue;
        if (!begun) fprintf(out, "\n%s:\n", title);
        begun = true;
        help_entry(out, (*r)->name, (*r)->line);
    }
}

static void more(FILE *out)
{
    list_methods(out, "Methods for sequences", BAG_SEQUENCES, true);
    list_methods(out, "Methods for sequences, by --method=NAME only", BAG_SEQUENCES, false);
    list_methods(out, "Methods for vectors", BAG_VECTORS, true);
    list_methods(out, "Methods for vectors, by --method=NAME only", BAG_VECTORS, false);
}

const Command command_baseline = {
    .name = "baseline",
    .line = "rival methods on the same folds",
    .usage = "DATA [CONFIG] [--target=COLUMN] [--splits=FILE] [--SECTION.KEY=VALUE ...] -o OUT",
    .example = "hopsack baseline cohort.h5 --target=status -o runs/rivals",
    .about =
        "Runs other methods on the folds that crossval uses with the same settings, or on the folds of --splits "
        "(the splits.tsv of a run, or any table of bags and folds). They are trained on all bags outside the test "
        "fold. What a method chooses it chooses by inner folds of these bags, which keep groups together. "
        "OUT/METHOD holds summary.json, summary.md and predictions.tsv as crossval writes them, inner.tsv (outputs "
        "of the inner fits, by which hopsack stack chooses), and models, which predict and evaluate apply to other "
        "data: hopsack predict OUT/METHOD new.h5. OUT itself holds summary.json and summary.md over all methods, "
        "splits.tsv, config.yaml and manifest.json. Of the settings only data, tasks, splits and seed are "
        "used.\n\n"
        "With --batch-column the figure with whole batches left out stands beside, and the figure on labels that "
        "batches have exchanged: a method that scores there recognizes batches. Models of k-mers and clones hold "
        "sequences of the persons in DATA.",
    .common =
        "o target positive splits group batch-column splits.n_fold splits.n_repeat method permute important metadata "
        "seed dry-run force resume json",
    .groups = {{.rows = rows}},
    .size = sizeof(BaselineFlags),
    .max_words = 2,
    .table = config_sections,
    .short_names = config_short_names,
    .more = more,
    .run = run,
};
