/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/escape.h"
#include "core/number.h"
#include "study/stack.h"
#include "study/stackcarrier.h"

typedef struct {
    const char *folder;
    bool weigh;
} StackFlags;

static const Option rows[] = {
    {"o", OPTION_TEXT, offsetof(StackFlags, folder), NULL, 0, 0, NULL, "OUT",
     "folder of the results, which must be new or empty"},
    {"weigh", OPTION_BOOL, offsetof(StackFlags, weigh), "false", 0, 0, NULL, "",
     "weights of all columns, learned from their inner outputs, instead of the choice of one column"},
    {0},
};

/* ---- what is printed ---- */

static Status print_result(const Cli *cli, json_t *result)
{
    const char *name;
    json_t *task;
    if (cli->json) return print_json(result);
    scores_print_crossval(stdout, NULL, result);
    json_object_foreach(json_object_get(result, "tasks"), name, task)
    {
        char sentence[1024], shown[1200];
        stackcarrier_sentence(sentence, sizeof sentence, task);
        printf("%s: %s\n", name, escape_text(shown, sizeof shown, sentence));
    }
    scores_print_chance(stdout, result);
    json_decref(result);
    return OK;
}

static Status print_plan(const Cli *cli, json_t *plan, const char *folder)
{
    const json_t *columns = json_object_get(plan, "columns");
    const int n = (int)json_array_size(columns);
    size_t k;
    json_t *name;
    if (cli->json) return print_json(plan);
    printf("would stack %d column%s in %d x %d folds into %s:", n, number_plural(n),
           (int)json_integer_value(json_object_get(plan, "n_repeats")),
           (int)json_integer_value(json_object_get(plan, "n_folds")), folder);
    json_array_foreach(columns, k, name)
    {
        char shown[256];
        printf("%s %s", k ? "," : "", escape_text(shown, sizeof shown, json_string_value(name)));
    }
    printf("\n");
    const Cost cost = cost_told(plan);
    print_cost(stdout, &cost);
    json_decref(plan);
    return OK;
}

/* ---- the command ---- */

static Status run(Cli *cli)
{
    json_t *result;
    const StackFlags *flags = cli->flags;
    const StackSetup setup = {.word = cli->word,
                              .n_word = cli->n_word,
                              .folder = flags->folder,
                              .weigh = flags->weigh,
                              .force = cli->force,
                              .argc = cli->argc,
                              .argv = cli->argv,
                              .stop = &interrupted,
                              .begin = interrupt_watch};
    if (cli->dry_run) {
        TRY(stack_plan(&result, &setup));
        return print_plan(cli, result, flags->folder);
    }
    TRY(stack_run(&result, &setup));
    cli->seed = (uint64_t)json_integer_value(json_object_get(result, "seed"));
    return print_result(cli, result);
}

const Command command_stack = {
    .name = "stack",
    .line = "choose among baselines and crossval runs inside the folds",
    .usage = "RIVALS... RUN... [--weigh] -o OUT",
    .example = "hopsack stack runs/rivals -o runs/stack\n"
               "hopsack stack runs/rivals runs/cv --weigh -o runs/weighed",
    .about =
        "RIVALS is the folder of hopsack baseline, whose methods are all taken, or the folder of one method in it. "
        "RUN is a run of hopsack crossval --inner=K, or another stack. All must have been run on the same folds.\n\n"
        "In each outer fold the column with the best inner figure is taken: the highest mean AUC over the inner "
        "folds (several classes: each class against the others; numbers: the lowest mean squared error). Of equal "
        "columns the first is taken. --weigh learns weights instead, by L2 logistic regression without negative "
        "weights, on "
        "the columns' inner outputs; C is chosen by inner folds. Outputs on outer test bags take no part in "
        "either, so the figures and the interval are those of the whole procedure.\n\n"
        "OUT holds summary.json, summary.md, predictions.tsv, inner.tsv, stack.json (what was chosen), "
        "config.yaml, splits.tsv and manifest.json. If all columns were run with whole batches left out, on "
        "permuted labels, or on labels permuted over batches, the stack is too. The columns must stay where they "
        "are, as seen from OUT, for hopsack predict OUT.",
    .common = "o weigh dry-run force json",
    .groups = {{.rows = rows}},
    .size = sizeof(StackFlags),
    .min_words = 1,
    .max_words = -1,
    .run = run,
};
