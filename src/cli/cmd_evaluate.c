/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"
#include "cli/print.h"
#include "cli/scores.h"
#include "core/log.h"
#include "core/number.h"
#include "cv/apply.h"
#include "run/record.h"
#include "run/remarks.h"

#include <stdlib.h>

enum { PART_UNSEEN, PART_ALL }; /* words of --part */

typedef struct {
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

static Status open_all(Scoring *e, const Cli *cli)
{
    bool known;
    const EvaluateFlags *flags = cli->flags;
    TRY(apply_read(&e->apply, &cli->word[0], 1));
    TRY(cohort_open(&e->cohort, cli->word[1], flags->metadata, flags->id_column, true));
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

static Status find_seen(Scoring *e)
{
    for (int i = 0; i < e->cohort.n; i++) {
        uint64_t hash;
        if (!cohort_labelled(&e->cohort, i)) continue;
        TRY(bagfile_hash(&hash, e->cohort.file, e->cohort.bag[i]));
        e->seen[i] = apply_seen(&e->apply, hash);
        e->count[e->seen[i]]++;
    }
    if (e->all || e->count[SEEN_NOT] > 0) return OK;
    const int seen = e->count[SEEN_TRAIN] + e->count[SEEN_VALIDATION];
    if (seen == 0)
        return fail(ERR_FORMAT, "%s: no bag has a label; give a label table with --metadata=FILE",
                    bagfile_path(e->cohort.file));
    return fail(ERR_FORMAT,
                "%s: the model was trained or validated on all %d labelled bags; --part=all scores them nevertheless",
                bagfile_path(e->cohort.file), seen);
}

static Status compute(Scoring *e)
{
    Progress progress;
    int done = 0;
    progress_start(&progress, "evaluating", "bags",
                   e->count[SEEN_NOT] + (e->all ? e->count[SEEN_TRAIN] + e->count[SEEN_VALIDATION] : 0));
    for (int i = 0; i < e->cohort.n; i++) {
        if (!cohort_labelled(&e->cohort, i) || (!e->all && e->seen[i] != SEEN_NOT)) continue;
        TRY(apply_bag(e->output + (size_t)i * (size_t)e->apply.n_out, &e->apply, e->cohort.bag[i], NULL));
        progress_update(&progress, ++done, NULL);
    }
    progress_end(&progress, NULL);
    return OK;
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

static Status evaluate(Scoring *e, const Cli *cli)
{
    const EvaluateFlags *flags = cli->flags;
    e->all = flags->part == PART_ALL;
    TRY(open_all(e, cli));
    TRY(find_seen(e));
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
    TRY(compute(e));
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
    .about = "MODEL is a model.safetensors or the folder of a run. Bags are recognized as seen by their content, "
             "not by their name.",
    .common = "part metadata id-column threads json",
    .groups = {{.rows = rows}},
    .size = sizeof(EvaluateFlags),
    .min_words = 2,
    .max_words = 2,
    .run = run,
};
