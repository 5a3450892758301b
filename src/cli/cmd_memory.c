/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "core/file.h"
#include "core/inputguard.h"
#include "core/textout.h"
#include "study/associative.h"
#include "study/capacity.h"
#include "study/recalltable.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *table, *picture, *images, *plot;
    bool capacity, release;
    int kind, power, similarity, steps, n_shown, d, n_cue;
    double beta, flip;
    OptionTexts skip;
    OptionNumbers stored;
} MemoryFlags;

#define AT(field) offsetof(MemoryFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(table), NULL, 0, 0, NULL, "FILE", "table to write, such as recalled.tsv; also --output"},
    {"kind", OPTION_CHOICE, AT(kind), "continuous", 0, 0, ASSOCIATIVE_KINDS, "",
     "memory: of any numbers, or of entries of two values: hopfield82 (1982), dense (F(x) = max(x, 0)^n), polynomial "
     "(x^n), exp"},
    {"steps", OPTION_INT, AT(steps), "-1", -1, 1000000, NULL, "updates",
     "number of updates; -1: until nothing moves, 1000 at most"},
    {0},
};

static const Option continuous_rows[] = {
    {"beta", OPTION_NUMBER, AT(beta), "16", 1e-9, 1e9, NULL, "", "inverse temperature of the continuous memory"},
    {"similarity", OPTION_CHOICE, AT(similarity), "distance", 0, 0, "distance dot", "",
     "what the continuous memory compares patterns with: x·s - |x|²/2, or x·s"},
    {0},
};

static const Option power_rows[] = {
    {"power", OPTION_INT, AT(power), "3", 2, 30, NULL, "", "n of dense and polynomial"},
    {0},
};

static const Option recall_rows[] = {
    {"release", OPTION_BOOL, AT(release), "false", 0, 0, NULL, "",
     "known entries of a cue with unknown ones may change too"},
    {"skip", OPTION_TEXTS, AT(skip), "[]", 0, 0, NULL, "COLUMN", "column of the patterns that is no entry"},
    {"images", OPTION_TEXT, AT(images), "null", 0, 0, NULL, "ROWSxCOLUMNS", "size of a pattern as an image: 8x8"},
    {"picture", OPTION_TEXT, AT(picture), "null", 0, 0, NULL, "FILE",
     "PNG of the first cues: the cue, after one update, at the end"},
    {"shown", OPTION_INT, AT(n_shown), "12", 1, 1000, NULL, "cues", "number of cues in the picture"},
    {0},
};

static const Option capacity_rows[] = {
    {"capacity", OPTION_BOOL, AT(capacity), "false", 0, 0, NULL, "",
     "how many random patterns of -1 and 1 the memory holds, instead of PATTERNS and CUES"},
    {"d", OPTION_INT, AT(d), "100", 1, 100000, NULL, "entries", "size of a random pattern"},
    {"flip", OPTION_NUMBER, AT(flip), "0.1", 0, 1, NULL, "", "share of a cue's entries that are turned round"},
    {"stored", OPTION_NUMBERS, AT(stored), "[]", 1, 10000000, NULL, "patterns",
     "number of stored patterns; without it 1, 2, 5, 10, … while one cue in a hundred is recalled, up to 20000"},
    {"cues", OPTION_INT, AT(n_cue), "100", 1, 1000000, NULL, "", "number of cues for each number of patterns"},
    {"plot", OPTION_TEXT, AT(plot), "null", 0, 0, NULL, "FILE", "SVG of the curve"},
    {0},
};

static AssociativeOptions memory_of(const MemoryFlags *f)
{
    return (AssociativeOptions){.kind = f->kind,
                                .power = f->power,
                                .beta = f->beta,
                                .dot = f->similarity == 1,
                                .release = f->release,
                                .steps = f->steps};
}

/* ---- what is printed ---- */

static void print_target(const char *what, const char *path)
{
    if (!path) return;
    printf("%s: ", what);
    print_lines(stdout, path);
}

/* After what a plan says first. */
static void print_plan(const json_t *result, const char *table, const char *figure)
{
    const Cost cost = cost_told(result);
    print_target("would write", table);
    print_target("would write", figure);
    print_cost(stdout, &cost);
}

/* ---- capacity ---- */

static Status check_stored(const OptionNumbers *stored)
{
    if (stored->n > CAPACITY_SIZES) return fail(ERR_USAGE, "--stored takes %d numbers at most", CAPACITY_SIZES);
    for (int k = 0; k < stored->n; k++) {
        if (stored->number[k] != floor(stored->number[k])) return fail(ERR_USAGE, "--stored takes whole numbers");
        if (k > 0 && stored->number[k] <= stored->number[k - 1])
            return fail(ERR_USAGE, "--stored: numbers of patterns ascend");
    }
    return OK;
}

static Status print_capacity(const Cli *cli, json_t *result)
{
    json_t *point;
    size_t k;
    const MemoryFlags *f = cli->flags;
    if (cli->json) return print_json(result);
    if (cli->dry_run) print_plan(result, f->table, f->plot);
    json_array_foreach(textout_is_stdout(f->table) ? NULL : json_object_get(result, "points"), k, point)
    {
        printf("%8lld patterns: %.3f recalled\n", (long long)json_integer_value(json_object_get(point, "patterns")),
               json_number_value(json_object_get(point, "recalled")));
    }
    json_decref(result);
    return OK;
}

static Status run_capacity(const Cli *cli)
{
    json_t *result;
    const MemoryFlags *f = cli->flags;
    const CapacitySetup setup = {.memory = memory_of(f),
                                 .d = f->d,
                                 .flip = f->flip,
                                 .size = f->stored.number,
                                 .n_size = f->stored.n,
                                 .n_cue = f->n_cue,
                                 .seed = cli->seed,
                                 .table = f->table,
                                 .plot = f->plot,
                                 .force = cli->force,
                                 .dry_run = cli->dry_run};
    TRY(cli_none(cli, recall_rows, "is for PATTERNS and CUES, not for --capacity"));
    TRY(check_stored(&f->stored));
    TRY(file_check_apart(f->table, f->plot));
    TRY(capacity_write(&result, &setup));
    return print_capacity(cli, result);
}

/* ---- recall ---- */

static Status read_size(int *height, int *width, const char *text)
{
    char after;
    *height = *width = 0;
    if (!text) return OK;
    if (sscanf(text, "%9dx%9d%c", height, width, &after) == 2 && *height > 0 && *width > 0 && *height <= 10000 &&
        *width <= 10000)
        return OK;
    return fail(ERR_USAGE, "--images=%s: is no size; rows x columns, such as 8x8", text);
}

static long long number_in(const json_t *result, const char *key)
{
    return (long long)json_integer_value(json_object_get(result, key));
}

static void print_counts(const json_t *result)
{
    const long long n_cue = number_in(result, "n_cues"), n_own = number_in(result, "n_own"),
                    n_moving = n_cue - number_in(result, "n_converged");
    printf("%lld of %lld cues recall a pattern within 1 %% of its norm\n", number_in(result, "n_recalled"), n_cue);
    if (n_own > 0)
        printf("%lld of the %lld cues that are named as a pattern recall this one\n",
               number_in(result, "n_own_recalled"), n_own);
    if (n_moving > 0) printf("%lld cue%s still moved at the end\n", n_moving, number_plural(n_moving));
}

static Status print_recalled(const Cli *cli, json_t *result)
{
    const MemoryFlags *f = cli->flags;
    if (cli->json) return print_json(result);
    if (cli->dry_run) {
        printf("would recall %lld cues from %lld patterns of %lld entries\n", number_in(result, "n_cues"),
               number_in(result, "n_patterns"), number_in(result, "n_entries"));
        print_plan(result, f->table, f->picture);
    } else if (!textout_is_stdout(f->table)) {
        print_counts(result);
        print_target("table", f->table);
        print_target("picture", f->picture);
    }
    json_decref(result);
    return OK;
}

static Status run_recall(const Cli *cli)
{
    json_t *result;
    const MemoryFlags *f = cli->flags;
    const char *output[] = {f->table, f->picture};
    RecallSetup setup = {.memory = memory_of(f),
                         .skip = f->skip.text,
                         .n_skip = f->skip.n,
                         .table = f->table,
                         .picture = f->picture,
                         .n_shown = f->n_shown,
                         .force = cli->force,
                         .dry_run = cli->dry_run};
    if (cli->n_word != 2) return fail(ERR_USAGE, "memory takes PATTERNS and CUES, or --capacity");
    TRY(cli_none(cli, capacity_rows, "is for --capacity, not for PATTERNS and CUES"));
    setup.patterns = cli->word[0];
    setup.cues = cli->word[1];
    TRY(read_size(&setup.height, &setup.width, f->images));
    if (f->picture && !f->images) return fail(ERR_USAGE, "--picture needs --images=ROWSxCOLUMNS, such as 8x8");
    TRY(file_check_apart(f->table, f->picture));
    for (int k = 0; k < 4; k++) TRY(file_check_apart(output[k % 2], cli->word[k / 2]));
    TRY(recalltable_write(&result, &setup));
    return print_recalled(cli, result);
}

/* A flag of another kind would change nothing, silently. */
static Status check_kind(const Cli *cli, const MemoryFlags *f)
{
    char why[120];
    const char *name = associative_name(f->kind);
    snprintf(why, sizeof why, "is for --kind=continuous, not for --kind=%s", name);
    if (strcmp(name, "continuous") != 0) TRY(cli_none(cli, continuous_rows, why));
    snprintf(why, sizeof why, "is for --kind=dense and polynomial, not for --kind=%s", name);
    return strcmp(name, "dense") == 0 || strcmp(name, "polynomial") == 0 ? OK : cli_none(cli, power_rows, why);
}

static Status run(Cli *cli)
{
    const MemoryFlags *f = cli->flags;
    inputguard_begin();
    TRY(check_kind(cli, f));
    if (f->steps == 0) return fail(ERR_USAGE, "--steps=0: at least one update, or -1 until nothing moves");
    TRY(cli_one_output(cli, f->table));
    if (f->capacity && cli->n_word > 0) return fail(ERR_USAGE, "--capacity draws its patterns; it takes no files");
    return f->capacity ? run_capacity(cli) : run_recall(cli);
}

const Command command_memory = {
    .name = "memory",
    .line = "complete cues from stored patterns; measure capacity",
    .usage = "PATTERNS CUES [--picture=FILE --images=8x8] -o FILE | --capacity [--plot=FILE] -o FILE",
    .example = "hopsack memory digits.csv half.csv -o recalled.tsv\n"
               "hopsack memory --capacity --kind=dense --power=3 -o curve.tsv --plot=curve.svg",
    .about =
        "PATTERNS and CUES are tables with a row each, or datasets of vectors. Columns with an ID or a label (label, "
        "bag_label, class, target) are no entries. An empty cell of a cue is an unknown entry. It takes no part in "
        "the "
        "first update, and has a value from then on. The known entries of such a cue stay as they are; in a cue "
        "without unknown entries all may change.\n\n"
        "The continuous memory is the modern Hopfield network of Ramsauer et al. 2021, by default with the distance "
        "as similarity: p = softmax(beta (x·s - |x|²/2)), s = sum of p x. The others are Hopfield's network of 1982 "
        "and "
        "those of Krotov and Hopfield 2016 and Demircigil et al. 2017. Their unknown entries begin as the value that "
        "is "
        "more frequent among the patterns. No update raises the energy.\n\n"
        "Columns of the table: cue; the stored pattern nearest to the state at the end, its distance, and this "
        "relative "
        "to its norm; updates that moved something; 1 if nothing moved at the end; energy at the beginning (of a cue "
        "with unknown entries: after the first update) and at the end (of exp its negative logarithm); how many "
        "patterns have 90 % of the softmax weight, the class (I to IV of Ramsauer et al.), the largest weight.\n\n"
        "--capacity: patterns of -1 and 1 at random; a cue is one of them with some entries turned round, and is "
        "recalled if all signs are right.",
    .common = "o kind power beta steps images picture capacity d flip stored plot json",
    .groups = {{.rows = rows},
               {"Continuous memory", continuous_rows},
               {"Dense and polynomial", power_rows},
               {"Recall", recall_rows},
               {"Capacity", capacity_rows}},
    .size = sizeof(MemoryFlags),
    .min_words = 0,
    .max_words = 2,
    .run = run,
};
