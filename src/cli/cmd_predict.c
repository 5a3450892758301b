/* SPDX-License-Identifier: MIT */
#include "cli/attention.h"
#include "cli/cli.h"
#include "cli/import_raw.h"
#include "cli/print.h"
#include "core/file.h"
#include "core/inputguard.h"
#include "core/log.h"
#include "core/number.h"
#include "model/pooling.h"
#include "run/predictions.h"
#include "study/predictorcost.h"
#include "run/modelinputs.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    ImportFlags import; /* of raw tables; first: its rows fill it from here */
    const char *out, *attention, *metadata, *id_column;
    int top;
} PredictFlags;

#define AT(field) offsetof(PredictFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(out), "-", 0, 0, NULL, "FILE", "table of predictions; - is standard output"},
    {"attention", OPTION_TEXT, AT(attention), "null", 0, 0, NULL, "FILE",
     "table of the attention of each instance, FILE.tsv or FILE.tsv.gz; of a crossval run by each model that has not "
     "seen the bag"},
    {"top", OPTION_INT, AT(top), "0", 0, INT32_MAX, NULL, "",
     "number of instances with the highest attention in that table, for each bag and query; 0: all instances"},
    {"metadata", OPTION_TEXT, AT(metadata), "null", 0, 0, NULL, "FILE",
     "label table; without it the columns stored in DATA are used, if there are any"},
    {"id-column", OPTION_TEXT, AT(id_column), "auto", 0, 0, NULL, "COLUMN", "column of bag IDs in the label table"},
    {0},
};

typedef struct {
    Predictor predictor;
    Apply *apply; /* the predictor's */
    Cohort cohort;
    bool known; /* labels */
    TextOut *out;
    Attention attention;
    real *output;  /* [n_out] */
    int n_unshown; /* bags that every model has seen */
} Prophecy;

static Status check_attention(const ModelFile *m)
{
    if (mil_ranks(&m->config.model)) return OK;
    return fail(ERR_MODEL, "%s: pooling %s has no attention; leave out --attention", m->path,
                pooling_types[m->config.model.pooling]->name);
}

static bool has_ensembles(const Apply *a)
{
    for (int k = 1; k < a->n_model; k++) {
        const SplitOptions *x = &a->model[k - 1].config.splits, *y = &a->model[k].config.splits;
        if (x->repeat == y->repeat && x->fold == y->fold) return true;
    }
    return false;
}

/* Models of one cross-validation have the same settings, hence the same queries and heads. */
static Status open_attention(Prophecy *p, const Cli *cli)
{
    const PredictFlags *flags = cli->flags;
    const Apply *a = p->apply;
    const AttentionTable options = {
        .force = cli->force, .top = flags->top, .blocks = a->n_model > 1, .ensemble = has_ensembles(a)};
    for (int k = 1; k < a->n_model; k++)
        if (mil_n_column(a->model[k].mil) != mil_n_column(a->model[0].mil))
            return fail(ERR_MODEL, "%s and %s have other queries", a->model[0].path, a->model[k].path);
    return attention_open(&p->attention, flags->attention, &options, a->model[0].mil, p->cohort.file);
}

/* No table takes the place of another, or of what is read. */
static Status check_outputs(const PredictFlags *flags, const Cli *cli)
{
    const char *const output[] = {flags->out, flags->attention};
    if (flags->attention && strcmp(flags->out, flags->attention) == 0)
        return fail(ERR_USAGE, "-o and --attention are both %s; give each a file of its own", flags->out);
    TRY(file_check_apart(flags->out, flags->attention));
    for (int k = 0; k < 2; k++) {
        TRY(file_check_apart(output[k], flags->metadata));
        for (int i = 0; i < cli->n_word; i++) TRY(file_check_apart(output[k], cli->word[i]));
    }
    return OK;
}

static Status open_all(Prophecy *p, Cli *cli)
{
    const PredictFlags *flags = cli->flags;
    const char *table = flags->attention;
    if (!table && flags->top > 0) return fail(ERR_USAGE, "--top goes with --attention=FILE");
    const RawSource source = {.first = import_raw_models(cli),
                              .flags = &flags->import,
                              .metadata = flags->metadata,
                              .id_column = flags->id_column};
    TRY(check_outputs(flags, cli));
    TRY(predictor_read(&p->predictor, cli->word, source.first));
    p->apply = &p->predictor.apply;
    if (table && p->predictor.tree)
        return fail(ERR_USAGE, "--attention is of networks; %s is a method of hopsack baseline, or a stack",
                    cli->word[0]);
    p->apply->held_out = apply_is_crossval(p->apply);
    if (table && p->apply->n_model != 1 && !apply_is_crossval(p->apply))
        return fail(ERR_USAGE, "--attention wants one model, or the folder of a crossval run; %d models are given",
                    p->apply->n_model);
    for (int k = 0; table && k < p->apply->n_model; k++) TRY(check_attention(&p->apply->model[k]));
    TRY(import_raw_open(&p->cohort, cli, p->apply, &source));
    TRY(predictor_fit(&p->predictor, &p->cohort));
    TRY(apply_label(p->apply, &p->cohort, &p->known));
    p->output = calloc((size_t)p->apply->n_out, sizeof *p->output);
    if (!p->output) return fail(ERR_MEMORY, "no memory for outputs");
    if (p->predictor.holds_residues)
        log_info(
            "%s holds residues of the sequences that it was trained on: pass it on only to those who may have these "
            "data",
            cli->word[0]);
    if (cli->dry_run) return OK;
    TRY(textout_open(&p->out, flags->out, cli->force));
    return table ? open_attention(p, cli) : OK;
}

/* A new bag's models are walked twice: attention of all of them at once may not fit into memory. */
static Status rank_bag(Prophecy *p, int bag)
{
    const int n = bagfile_n(p->cohort.file, bag);
    attention_rank_begin(&p->attention, n);
    for (int k = 0; k < p->apply->n_model; k++) {
        TRY(apply_attention(p->apply, k, bag, &p->attention.bag));
        attention_rank(&p->attention, n);
    }
    attention_rank_end(&p->attention, n, p->apply->n_model);
    return OK;
}

/* One block a model that has not seen the bag; number of the model within its fold by order. */
static Status write_blocks(Prophecy *p, int i, Seen seen)
{
    const int bag = p->cohort.bag[i];
    AttentionBlock block = {.id = p->cohort.id[i], .repeat = -1, .ranked = seen == SEEN_NOT};
    int n_shown = 0;
    if (seen == SEEN_NOT) TRY(rank_bag(p, bag));
    for (int k = 0; k < p->apply->n_model; k++) {
        const SplitOptions *splits = &p->apply->model[k].config.splits;
        Seen by;
        block.model = splits->repeat == block.repeat && splits->fold == block.fold ? block.model + 1 : 0;
        block.repeat = splits->repeat;
        block.fold = splits->fold;
        TRY(apply_model_seen(&by, p->apply, k, p->cohort.file, bag));
        if (by != SEEN_NOT) continue;
        TRY(apply_attention(p->apply, k, bag, &p->attention.bag));
        TRY(attention_write(&p->attention, p->cohort.file, bag, &block));
        n_shown++;
    }
    p->n_unshown += n_shown == 0;
    return OK;
}

static Status predict_bag(Prophecy *p, int i)
{
    const int bag = p->cohort.bag[i];
    const Labels *labels = &p->cohort.labels;
    Seen seen;
    TRY(apply_seen(&seen, p->apply, &p->cohort, i));
    const bool alone = p->attention.out && p->apply->n_model == 1;
    TRY(predictor_bag(p->output, &p->predictor, &p->cohort, i, alone ? &p->attention.bag : NULL));
    const Prediction row = {.bag = p->cohort.id[i],
                            .part = p->apply->n_used < p->apply->n_model ? part_name[PART_TEST] : seen_name[seen],
                            .repeat = -1,
                            .fold = -1,
                            .target = p->apply->target,
                            .n_target = p->apply->n_target,
                            .is_rank = p->predictor.is_rank,
                            .output = p->output,
                            .label = p->known ? labels->target + (size_t)i * (size_t)labels->n_out : NULL,
                            .mask = p->known ? labels->mask + (size_t)i * (size_t)labels->n_target : NULL};
    predictions_write(p->out, &row);
    if (!p->attention.out) return OK;
    const AttentionBlock block = {.id = p->cohort.id[i]};
    return alone ? attention_write(&p->attention, p->cohort.file, bag, &block) : write_blocks(p, i, seen);
}

static Status predict(Prophecy *p, Cli *cli)
{
    Progress progress;
    TRY(open_all(p, cli));
    if (cli->dry_run) {
        Cost cost;
        TRY(predictorcost_make(&cost, &p->predictor, &p->cohort));
        printf("would predict %d bag%s with %d model%s\n", p->cohort.n, number_plural(p->cohort.n), p->apply->n_model,
               number_plural(p->apply->n_model));
        print_cost(stdout, &cost);
        return OK;
    }
    predictions_header(p->out);
    progress_start(&progress, "predicting", "bags", p->cohort.n);
    for (int i = 0; i < p->cohort.n; i++) {
        TRY(predict_bag(p, i));
        progress_update(&progress, i + 1, NULL);
    }
    progress_end(&progress, NULL);
    apply_report(p->apply, NULL);
    const int n_stored = modelinputs_n_stored(&p->apply->model[0]);
    if (n_stored > 0)
        log_warn(
            "%s holds %d training samples with their labels (model.layers: stored: training): who has the file has "
            "them",
            p->apply->model[0].path, n_stored);
    if (p->n_unshown)
        log_warn("%d bag%s not in the table of attention: every model has seen %s", p->n_unshown,
                 p->n_unshown == 1 ? " is" : "s are", p->n_unshown == 1 ? "it" : "them");
    TRY(attention_commit(&p->attention));
    TextOut *out = p->out;
    p->out = NULL;
    return textout_commit(out);
}

static Status run(Cli *cli)
{
    Prophecy p = {0};
    inputguard_begin();
    const Status status = predict(&p, cli);
    attention_free(&p.attention);
    textout_drop(p.out);
    predictor_free(&p.predictor);
    cohort_close(&p.cohort);
    free(p.output);
    return status;
}

const Command command_predict = {
    .name = "predict",
    .line = "predict each bag; optionally export instance attention",
    .usage = "MODEL... DATA [-o FILE] [--attention=FILE.tsv.gz --top=N]",
    .example = "hopsack predict runs/a cohort.h5 -o predictions.tsv\n"
               "hopsack predict runs/a cohort.h5 -o new.tsv --attention=top.tsv.gz --top=5",
    .about =
        "MODEL is a model.safetensors or the folder of a run, of a method of hopsack baseline (RIVALS/METHOD), or "
        "of a stack. The folder of a crossval run, a method or a stack stands for the models of all outer folds. "
        "Outputs of several models are averaged before the sigmoid. A bag of the cross-validation is predicted by "
        "the models that have not seen it (part test). Networks, methods and stacks cannot be averaged with each "
        "other: stack them. Models of k-mers and clones hold residues of the persons they were trained on; predict "
        "says so. Labels in DATA or --metadata are copied beside the predictions.\n\n"
        "DATA is a dataset, or raw tables (hopsack predict runs/a patient.tsv.gz -o new.tsv): files and folders "
        "as hopsack import takes them. They are imported "
        "with the options of the data that the model was trained on, which the model keeps; an option that is "
        "given again must agree. No dataset is left behind. The result is that of import and predict.",
    .common = "o attention top metadata id-column threads force",
    .groups = {{.rows = rows},
               {"Options for raw tables", import_flags_reading},
               {"Options for raw repertoires", import_flags_repertoires},
               {"Options for raw tables of vectors", import_flags_vectors}},
    .size = sizeof(PredictFlags),
    .min_words = 2,
    .max_words = -1,
    .run = run,
};
