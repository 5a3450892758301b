/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/evaluate_each.h"
#include "cli/import_raw.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/jsontext.h"
#include "core/log.h"
#include "core/number.h"
#include "run/remarks.h"
#include "study/rankingtable.h"
#include "study/predictorcost.h"
#include "study/scoring.h"

#include <stdlib.h>

enum { PART_UNSEEN, PART_ALL }; /* words of --part */

typedef struct {
    ImportFlags import; /* of raw tables; first: its rows fill it from here */
    int part;
    const char *metadata, *id_column, *out, *ranking, *truth;
    bool each;
} EvaluateFlags;

#define AT(field) offsetof(EvaluateFlags, field)
static const Option rows[] = {
    {"part", OPTION_CHOICE, AT(part), "unseen", 0, 0, "unseen all", "",
     "bags that are scored. unseen: those the model was neither trained nor validated on; all: the training, "
     "validation and unseen bags, each set by itself"},
    {"metadata", OPTION_TEXT, AT(metadata), "null", 0, 0, NULL, "FILE",
     "label table; without it the columns stored in DATA are used"},
    {"id-column", OPTION_TEXT, AT(id_column), "auto", 0, 0, NULL, "COLUMN", "column of bag IDs in the label table"},
    {"each", OPTION_BOOL, AT(each), "false", 0, 0, NULL, "",
     "table of scores of each model on each dataset: MODEL... DATA.h5..."},
    {"o", OPTION_TEXT, AT(out), "null", 0, 0, NULL, "FILE", "table of scores to write, with --each"},
    {"ranking", OPTION_TEXT, AT(ranking), "null", 0, 0, NULL, "FILE",
     "table of sequences in the order of their importance, with --truth and in place of MODEL and DATA: Jaccard "
     "index and "
     "average precision of its first n sequences, where n are true"},
    {"truth", OPTION_TEXT, AT(truth), "null", 0, 0, NULL, "FILE",
     "table of true sequences for --ranking, such as the truth file of hopsack simulate"},
    {0},
};

static Status open_all(Scoring *s, Cli *cli)
{
    const EvaluateFlags *flags = cli->flags;
    TRY(predictor_read(&s->predictor, &cli->word[0], 1));
    const RawSource source = {.first = 1,
                              .flags = &flags->import,
                              .metadata = flags->metadata,
                              .id_column = flags->id_column,
                              .need_table = true};
    TRY(import_raw_open(&s->cohort, cli, &s->predictor.apply, &source));
    return scoring_start(s);
}

static Status check_seen(const Scoring *e, const char *run)
{
    if (e->all || e->count[SEEN_NOT] > 0) return OK;
    const int seen = e->count[SEEN_TRAIN] + e->count[SEEN_VALIDATION];
    if (apply_is_crossval(&e->predictor.apply))
        return fail(
            ERR_FORMAT,
            "%s: all %d labelled bags are those of the cross-validation; %s/summary.md has the scores of the "
            "models that have not seen them. --part=all scores all models, also on bags that they learned from",
            bagfile_path(e->cohort.file), seen, run);
    return fail(ERR_FORMAT,
                "%s: the model was trained or validated on all %d labelled bags; --part=all scores them nevertheless",
                bagfile_path(e->cohort.file), seen);
}

static Status print_result(const Scoring *e, const Cli *cli)
{
    json_t *parts = scoring_parts(e);
    if (!parts) return fail(ERR_MEMORY, "no memory for the scores of %d bags", e->cohort.n);
    json_t *remarks = remarks_parts(parts);
    if (cli->json)
        return print_json(json_pack("{s:s, s:s, s:o, s:o, s:{s:i, s:i}}", "model", e->predictor.apply.model[0].path,
                                    "data", bagfile_path(e->cohort.file), "parts", parts, "remarks", remarks,
                                    "left_out", "train", e->all ? 0 : e->count[SEEN_TRAIN], "validation",
                                    e->all ? 0 : e->count[SEEN_VALIDATION]));
    const char *part;
    json_t *scores;
    json_object_foreach(parts, part, scores)
    {
        scores_print(stdout, part, scores);
    }
    scores_log_remarks(remarks);
    json_decref(remarks);
    json_decref(parts);
    return OK;
}

static Status evaluate(Scoring *e, Cli *cli)
{
    const EvaluateFlags *flags = cli->flags;
    e->all = flags->part == PART_ALL;
    TRY(open_all(e, cli));
    TRY(scoring_visit(e, !cli->dry_run));
    TRY(check_seen(e, cli->word[0]));
    const int seen = e->count[SEEN_TRAIN] + e->count[SEEN_VALIDATION];
    if (!e->all && seen > 0)
        log_info("left out: %d training bag%s and %d validation bag%s of the model", e->count[SEEN_TRAIN],
                 number_plural(e->count[SEEN_TRAIN]), e->count[SEEN_VALIDATION],
                 number_plural(e->count[SEEN_VALIDATION]));
    if (cli->dry_run) {
        const int n = e->count[SEEN_NOT] + (e->all ? seen : 0);
        Cost cost;
        TRY(predictorcost_make(&cost, &e->predictor, &e->cohort));
        if (cli->json) return print_plan_json(json_pack("{s:i}", "bags", n), &cost);
        printf("would score %d bag%s\n", n, number_plural(n));
        print_cost(stdout, &cost);
        return OK;
    }
    return print_result(e, cli);
}

/* ---- other forms of the command ---- */

static Status rank(const Cli *cli, const EvaluateFlags *flags)
{
    RankingResult r;
    if (!flags->ranking || !flags->truth) return fail(ERR_USAGE, "--ranking=FILE and --truth=FILE go together");
    if (cli->n_word > 0)
        return fail(ERR_USAGE, "%s: --ranking compares two tables, and takes no models or datasets", cli->word[0]);
    if (flags->each || flags->out) return fail(ERR_USAGE, "--ranking goes without --each and -o");
    TRY(rankingtable_score(&r, flags->ranking, flags->truth));
    json_t *columns = json_array();
    for (int c = 0; c < r.n_column; c++) json_array_append_new(columns, json_string(r.column[c]));
    if (cli->json)
        return print_json(json_pack("{s:s, s:s, s:o, s:i, s:i, s:i, s:o, s:o}", "ranking", flags->ranking, "truth",
                                    flags->truth, "compared", columns, "n_true", r.score.n_true, "n_ranked",
                                    r.score.n_ranked, "n_hit", r.score.n_hit, "jaccard",
                                    jsontext_real(r.score.jaccard), "ap", jsontext_real(r.score.ap)));
    printf("Jaccard index %.3f, average precision %.3f: %d of the first %d sequences are true; compared by",
           r.score.jaccard, r.score.ap, r.score.n_hit, r.score.n_true);
    for (int c = 0; c < r.n_column; c++) printf("%s %s", c ? "," : "", r.column[c]);
    printf("\n");
    json_decref(columns);
    return OK;
}

static Status each(const Cli *cli, const EvaluateFlags *flags)
{
    static const char why[] = "--each takes datasets, not raw tables";
    const EvaluateEach setup = {.out = flags->out,
                                .metadata = flags->metadata,
                                .id_column = flags->id_column,
                                .all = flags->part == PART_ALL};
    TRY(cli_none(cli, import_flags_reading, why));
    TRY(cli_none(cli, import_flags_repertoires, why));
    TRY(cli_none(cli, import_flags_vectors, why));
    return evaluate_each(cli, &setup);
}

static Status run(Cli *cli)
{
    Scoring scoring = {0};
    const EvaluateFlags *flags = cli->flags;
    if (flags->ranking || flags->truth) return rank(cli, flags);
    if (cli->n_word < 2)
        return fail(ERR_USAGE, "too few words: usage is hopsack %s %s", cli->command->name, cli->command->usage);
    if (flags->each) return each(cli, flags);
    if (flags->out) return fail(ERR_USAGE, "-o: a table is written with --each alone");
    const Status status = evaluate(&scoring, cli);
    scoring_free(&scoring);
    return status;
}

const Command command_evaluate = {
    .name = "evaluate",
    .line = "score a model on labelled bags it has not seen",
    .usage = "MODEL DATA [--metadata=FILE] [--part=all] | --each MODEL... DATA.h5... [-o FILE] | --ranking=FILE "
             "--truth=FILE",
    .example = "hopsack evaluate runs/a cohort.h5 --part=all\n"
               "hopsack evaluate --each runs/a cohort.h5 -o scores.tsv",
    .about =
        "MODEL is a model.safetensors or the folder of a run, of a method of hopsack baseline, or of a stack. Bags "
        "are recognized as seen by their content. "
        "Bags that bear the name of a training bag but hold other content count as new, with a warning.\n\n"
        "DATA is a dataset, or raw tables with --metadata=LABELS: files and folders, imported with the options "
        "of the data that the model was trained on.\n\n"
        "With --each, every model is scored on every dataset, without the bags that it has seen. Intervals are 95 % "
        "intervals: of the AUC by resampling bags, of sensitivity and specificity Wilson's.",
    .common = "part each o ranking truth metadata id-column threads json",
    .groups = {{.rows = rows},
               {"Options for raw tables", import_flags_reading},
               {"Options for raw repertoires", import_flags_repertoires},
               {"Options for raw tables of vectors", import_flags_vectors}},
    .size = sizeof(EvaluateFlags),
    .min_words = 0,
    .max_words = -1,
    .run = run,
};
