/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/print.h"
#include "core/escape.h"
#include "core/inputguard.h"
#include "core/jsontext.h"
#include "core/number.h"
#include "study/explain.h"
#include "study/predictorcost.h"
#include "study/stepcost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *folder, *truth, *metadata, *id_column;
    int top, important, part, reference;
    bool airr;
} ExplainFlags;

enum { PART_OF_TEST, PART_OF_ALL };

#define AT(field) offsetof(ExplainFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(folder), NULL, 0, 0, NULL, "OUT", "folder of the results"},
    {"top", OPTION_INT, AT(top), "1000", 1, 1000000, NULL, "instances",
     "number of instances with the largest contributions over the cohort, for each task (and class); of a "
     "stack they are divided among its columns"},
    {"important", OPTION_INT, AT(important), "50000", 1, 10000000, NULL, "sequences",
     "number of distinct sequences in important_sequences.tsv"},
    {"part", OPTION_CHOICE, AT(part), "test", 0, 0, "test all", "",
     "bags that are explained: test (each by the models that have not seen it), or all (bags that every model has "
     "seen "
     "as well, by all models; their p values mean nothing)"},
    {"reference", OPTION_CHOICE, AT(reference), "instances", 0, 0, "instances mean none", "",
     "what contributions are differences from: the mean over the bags that a model explains of instances (the plain "
     "mean of a bag's instances) or of what is pooled (mean); or none (no instances: contributions then hold a "
     "constant that all instances share by their attention)"},
    {"truth", OPTION_TEXT, AT(truth), "null", 0, 0, NULL, "FILE",
     "table of known carriers (columns bag and instance, as hopsack simulate writes it), which contributions are "
     "compared with"},
    {"airr", OPTION_BOOL, AT(airr), "false", 0, 0, NULL, "",
     "the table of sequences as an AIRR Rearrangement table too, rearrangements.tsv"},
    {"metadata", OPTION_TEXT, AT(metadata), "null", 0, 0, NULL, "FILE",
     "label table; without it the columns stored in DATA are used, if there are any"},
    {"id-column", OPTION_TEXT, AT(id_column), "auto", 0, 0, NULL, "COLUMN", "column of bag IDs in the label table"},
    {0},
};

/* ---- what is printed ---- */

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void print_truth(const json_t *truth)
{
    if (!truth) return;
    printf("carriers: %d among %d instances; precision of the first %d by contribution %.3f, average precision %.3f",
           (int)number_of(truth, "carriers"), (int)number_of(truth, "instances"), (int)number_of(truth, "carriers"),
           number_of(truth, "precision_at_carriers"), number_of(truth, "average_precision"));
    if (json_object_get(truth, "average_precision_attention"))
        printf(" (by attention %.3f)", number_of(truth, "average_precision_attention"));
    printf("\n");
}

static void print_motifs(const json_t *motifs)
{
    size_t k;
    const json_t *motif;
    json_array_foreach(motifs, k, motif)
    {
        if (k == 5) break;
        printf("motif %zu: %s in %d sequences", k + 1, json_string_value(json_object_get(motif, "consensus")),
               (int)number_of(motif, "n_sequences"));
        if (json_object_get(motif, "q"))
            printf(", %d positive and %d negative bags, q %.2g", (int)number_of(motif, "n_bags_positive"),
                   (int)number_of(motif, "n_bags_negative"), number_of(motif, "q"));
        printf("\n");
    }
}

/* Of a stack. Columns that rank nothing are not left out silently. */
static void print_columns(const json_t *columns)
{
    char task[256], name[256];
    size_t k;
    const json_t *column;
    json_array_foreach((json_t *)(size_t)columns, k, column)
    {
        const int n = (int)number_of(column, "bags");
        printf("%s: column %s has %.1f %% of the decision, in %d bag%s%s\n",
               escape_text(task, sizeof task, jsontext_field(column, "task")),
               escape_text(name, sizeof name, jsontext_field(column, "name")), 100 * number_of(column, "share"), n,
               number_plural(n), json_is_true(json_object_get(column, "explained")) ? "" : "; it ranks no instances");
    }
}

static void print_heads(const json_t *heads)
{
    const int n = (int)number_of(heads, "n"), n_idle = (int)json_array_size(json_object_get(heads, "idle"));
    if (n_idle > 0)
        printf("%d of %d heads do nothing: each has below %g of an equal share of the decision (explain.json names "
               "them)\n",
               n_idle, n, number_of(heads, "idle_below"));
}

static void print_kernels(const json_t *models, int n_model)
{
    const int n = (int)json_array_size(models);
    if (n > 0)
        printf(
            "kernels have no parts of the score of %d of %d models, whose pooling neither averages nor takes maxima; "
            "their motifs come from residues\n",
            n, n_model);
}

static Status print_result(const Cli *cli, json_t *result, const char *folder)
{
    const json_t *paths = json_object_get(result, "completeness");
    char shown[256];
    if (cli->json) return print_json(result);
    const int n = (int)number_of(result, "bags"), n_model = (int)number_of(result, "models");
    printf("explained %d bag%s by %d model%s in %s\n", n, number_plural(n), n_model, number_plural(n_model),
           escape_text(shown, sizeof shown, folder));
    if (json_is_object(paths))
        printf("integrated gradients within 1 %% for %.1f %% of %d paths\n",
               100 * number_of(paths, "share_within_1_percent"), (int)number_of(paths, "paths"));
    print_columns(json_object_get(result, "columns"));
    print_truth(json_object_get(result, "truth"));
    print_motifs(json_object_get(result, "motifs"));
    print_heads(json_object_get(result, "heads"));
    print_kernels(json_object_get(result, "kernels_without_parts"), n_model);
    if (json_is_true(json_object_get(result, "seen")) && json_array_size(json_object_get(result, "motifs")))
        printf("q means nothing for bags that the models have learned from (--part=all)\n");
    json_decref(result);
    return OK;
}

/* ---- the command ---- */

static Status check_outputs(const ExplainFlags *flags, const Cli *cli)
{
    for (int i = 0; i < cli->n_word; i++)
        if (strcmp(flags->folder, cli->word[i]) == 0)
            return fail(ERR_USAGE, "-o %s is what is explained; give the results a folder of their own",
                        flags->folder);
    return OK;
}

static Status explain(Predictor *predictor, Cohort *cohort, Cli *cli)
{
    json_t *result;
    const ExplainFlags *flags = cli->flags;
    const int n_model = cli->n_word - 1;
    TRY(check_outputs(flags, cli));
    TRY(predictor_read(predictor, cli->word, n_model));
    TRY(cohort_open(cohort, cli->word[n_model], flags->metadata, flags->id_column, false));
    TRY(predictor_fit(predictor, cohort));
    const ExplainSetup setup = {.predictor = predictor,
                                .cohort = cohort,
                                .word = cli->word,
                                .n_word = n_model,
                                .folder = flags->folder,
                                .truth = flags->truth,
                                .top = flags->top,
                                .important = flags->important,
                                .all = flags->part == PART_OF_ALL,
                                .reference = (ExplainReference)flags->reference,
                                .airr = flags->airr,
                                .force = cli->force,
                                .stop = &interrupted};
    if (cli->dry_run) {
        Cost pass;
        TRY(predictorcost_make(&pass, predictor, cohort));
        const Cost cost = stepcost_explain(&pass, 1, flags->top * predictor->apply.n_target);
        if (cli->json)
            return print_plan_json(json_pack("{s:i, s:i}", "bags", cohort->n, "models", predictor->apply.n_model),
                                   &cost);
        printf("would explain up to %d bag%s by %d model%s\n", cohort->n, number_plural(cohort->n),
               predictor->apply.n_model, number_plural(predictor->apply.n_model));
        print_cost(stdout, &cost);
        return OK;
    }
    interrupt_watch();
    TRY(explain_run(&result, &setup));
    return print_result(cli, result, flags->folder);
}

static Status run(Cli *cli)
{
    Predictor predictor = {.tree = NULL};
    Cohort cohort = {0};
    inputguard_begin();
    const Status status = explain(&predictor, &cohort, cli);
    predictor_free(&predictor);
    cohort_close(&cohort);
    return status;
}

const Command command_explain = {
    .name = "explain",
    .line = "which sequences, residues and motifs the outputs come from",
    .usage = "MODEL... DATA -o OUT [--truth=FILE]",
    .example = "hopsack explain runs/a cohort.h5 -o seen\n"
               "hopsack explain runs/a cohort.h5 -o known --truth=cohort.truth.tsv.gz",
    .about =
        "MODEL is a model.safetensors, the folder of a run, a method of hopsack baseline that ranks sequences "
        "(RIVALS/METHOD), or a stack. A bag is explained by the models that have not seen it; of a stack by what was "
        "chosen or weighed in its fold, each column by itself.\n\n"
        "The contribution of an instance is its exact part of the logit. Residues, or the features of vectors, get "
        "integrated gradients. OUT holds sequences.tsv, residues.tsv.gz, important_sequences.tsv, motifs.meme, "
        "motifs.tsv, kernels.tsv, heads.tsv, logos/, bags.tsv and explain.json; of vectors instances.tsv, "
        "features.tsv.gz and "
        "features.tsv. docs/explain.md describes them.",
    .common = "o top truth part airr metadata id-column threads dry-run force json",
    .groups = {{.rows = rows}},
    .size = sizeof(ExplainFlags),
    .min_words = 2,
    .max_words = -1,
    .run = run,
};
