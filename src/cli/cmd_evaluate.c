/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/import_raw.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/log.h"
#include "core/number.h"
#include "cv/apply.h"
#include "cv/coding.h"
#include "run/record.h"
#include "run/remarks.h"

#include <stdlib.h>

enum { PART_UNSEEN, PART_ALL }; /* words of --part */

typedef struct {
    ImportFlags import; /* of raw tables; first: its rows fill it from here */
    int part;
    const char *metadata, *id_column;
} EvaluateFlags;

#define AT(field) offsetof(EvaluateFlags, field)
static const Option rows[] = {
    {"part", OPTION_CHOICE, AT(part), "unseen", 0, 0, "unseen all", "",
     "bags that are scored. unseen: those the model was neither trained nor validated on; all: the training, "
     "validation and unseen bags, each set by itself"},
    {"metadata", OPTION_TEXT, AT(metadata), "null", 0, 0, NULL, "FILE",
     "label table; without it the columns stored in DATA are used"},
    {"id-column", OPTION_TEXT, AT(id_column), "auto", 0, 0, NULL, "COLUMN", "column of bag IDs in the label table"},
    {0},
};

typedef struct {
    Apply apply;
    Cohort cohort;
    Seen *seen;   /* [n] */
    real *output; /* [n, n_out] */
    int *member;  /* [n] scratch */
    int count[3]; /* labelled bags, by Seen */
    bool all;
} Scoring;

static Status open_all(Scoring *e, Cli *cli)
{
    bool known;
    const EvaluateFlags *flags = cli->flags;
    TRY(apply_read(&e->apply, &cli->word[0], 1));
    const RawSource source = {.first = 1,
                              .flags = &flags->import,
                              .metadata = flags->metadata,
                              .id_column = flags->id_column,
                              .need_table = true};
    TRY(import_raw_open(&e->cohort, cli, &e->apply, &source));
    TRY(apply_fit(&e->apply, e->cohort.file));
    TRY(apply_label(&e->apply, &e->cohort, &known));
    if (!known)
        return fail(ERR_FORMAT, "%s: no column '%s', the label that the model predicts", e->cohort.table->path,
                    e->apply.target[0].column);
    const size_t n = (size_t)e->cohort.n + 1;
    e->seen = calloc(n, sizeof *e->seen);
    e->output = calloc(n * (size_t)e->apply.n_out, sizeof *e->output);
    e->member = calloc(n, sizeof *e->member);
    return e->seen && e->output && e->member ? OK : fail(ERR_MEMORY, "no memory for %d bags", e->cohort.n);
}

static int count_labelled(const Scoring *e)
{
    int n = 0;
    for (int i = 0; i < e->cohort.n; i++) n += cohort_labelled(&e->cohort, i);
    return n;
}

static Status no_label(const Scoring *e)
{
    char text[CODING_ROOM];
    const char *foreign = coding_foreign(text, &e->cohort, e->apply.target, e->apply.n_target);
    if (foreign)
        return fail(ERR_FORMAT,
                    "%s: no bag has a label that the model knows: %s; recode them in a label table, and "
                    "give it with --metadata=FILE",
                    e->cohort.table->path, foreign);
    return fail(ERR_FORMAT, "%s: no bag has a label; give a label table with --metadata=FILE",
                bagfile_path(e->cohort.file));
}

/* A bag is known by its content, so it is decoded; it is scored at once, before the next takes its place. */
static Status visit_bags(Scoring *e, bool score)
{
    Progress progress;
    const int n = count_labelled(e);
    int done = 0;
    if (n == 0) return no_label(e);
    progress_start(&progress, "evaluating", "bags", n);
    for (int i = 0; i < e->cohort.n; i++) {
        if (!cohort_labelled(&e->cohort, i)) continue;
        TRY(apply_seen(&e->seen[i], &e->apply, &e->cohort, i));
        e->count[e->seen[i]]++;
        if (score && (e->all || e->seen[i] == SEEN_NOT))
            TRY(apply_bag(e->output + (size_t)i * (size_t)e->apply.n_out, &e->apply, e->cohort.bag[i], NULL));
        progress_update(&progress, ++done, NULL);
    }
    progress_end(&progress, NULL);
    apply_report(&e->apply);
    return OK;
}

static Status check_seen(const Scoring *e, const char *run)
{
    if (e->all || e->count[SEEN_NOT] > 0) return OK;
    const int seen = e->count[SEEN_TRAIN] + e->count[SEEN_VALIDATION];
    if (apply_is_crossval(&e->apply))
        return fail(
            ERR_FORMAT,
            "%s: all %d labelled bags are those of the cross-validation; %s/summary.md has the scores of the "
            "models that have not seen them. --part=all scores all models, also on bags that they learned from",
            bagfile_path(e->cohort.file), seen, run);
    return fail(ERR_FORMAT,
                "%s: the model was trained or validated on all %d labelled bags; --part=all scores them nevertheless",
                bagfile_path(e->cohort.file), seen);
}

static json_t *scores_of(const Scoring *e, Seen which)
{
    int n = 0;
    for (int i = 0; i < e->cohort.n; i++)
        if (cohort_labelled(&e->cohort, i) && e->seen[i] == which) e->member[n++] = i;
    return record_scores(e->apply.target, &e->cohort.labels, e->output, e->member, n, e->apply.model[0].config.seed);
}

/* NULL: no memory. */
static json_t *all_scores(const Scoring *e)
{
    json_t *parts = json_object();
    for (Seen which = SEEN_NOT; parts && which <= SEEN_VALIDATION; which++) {
        if (e->count[which] == 0 || (!e->all && which != SEEN_NOT)) continue;
        if (json_object_set_new(parts, seen_name[which], scores_of(e, which)) == 0) continue;
        json_decref(parts);
        parts = NULL;
    }
    return parts;
}

static Status print_result(const Scoring *e, const Cli *cli)
{
    json_t *parts = all_scores(e);
    if (!parts) return fail(ERR_MEMORY, "no memory for the scores of %d bags", e->cohort.n);
    json_t *remarks = remarks_parts(parts);
    if (cli->json)
        return print_json(json_pack("{s:s, s:s, s:o, s:o, s:{s:i, s:i}}", "model", e->apply.model[0].path, "data",
                                    bagfile_path(e->cohort.file), "parts", parts, "remarks", remarks, "left_out",
                                    "train", e->all ? 0 : e->count[SEEN_TRAIN], "validation",
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
    TRY(visit_bags(e, !cli->dry_run));
    TRY(check_seen(e, cli->word[0]));
    const int seen = e->count[SEEN_TRAIN] + e->count[SEEN_VALIDATION];
    if (!e->all && seen > 0)
        log_info("left out: %d training bag%s and %d validation bag%s of the model", e->count[SEEN_TRAIN],
                 number_plural(e->count[SEEN_TRAIN]), e->count[SEEN_VALIDATION],
                 number_plural(e->count[SEEN_VALIDATION]));
    if (cli->dry_run) {
        const int n = e->count[SEEN_NOT] + (e->all ? seen : 0);
        printf("would score %d bag%s\n", n, number_plural(n));
        return OK;
    }
    return print_result(e, cli);
}

static Status run(Cli *cli)
{
    Scoring e = {0};
    const Status status = evaluate(&e, cli);
    apply_free(&e.apply);
    cohort_close(&e.cohort);
    free(e.seen);
    free(e.output);
    free(e.member);
    return status;
}

const Command command_evaluate = {
    .name = "evaluate",
    .line = "score a model on labelled bags it has not seen",
    .usage = "MODEL DATA [--metadata=FILE] [--part=all]",
    .example = "hopsack evaluate runs/a cohort.h5 --part=all",
    .about = "MODEL is a model.safetensors or the folder of a run. Bags are recognized as seen by their content. "
             "Bags that bear the name of a training bag but hold other content count as new, with a warning.\n\n"
             "DATA is a dataset, or raw tables with --metadata=LABELS: files and folders, imported with the options "
             "of the data that the model was trained on.",
    .common = "part metadata id-column threads json",
    .groups = {{.rows = rows},
               {"Options for raw tables", import_flags_reading},
               {"Options for raw repertoires", import_flags_repertoires},
               {"Options for raw tables of vectors", import_flags_vectors}},
    .size = sizeof(EvaluateFlags),
    .min_words = 2,
    .max_words = -1,
    .run = run,
};
