/* SPDX-License-Identifier: MIT */
#include "cli/attention.h"
#include "cli/cli.h"
#include "core/file.h"
#include "core/log.h"
#include "core/number.h"
#include "cv/apply.h"
#include "model/pooling.h"
#include "run/predictions.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *out, *attention, *metadata, *id_column;
    int top;
} PredictFlags;

#define AT(field) offsetof(PredictFlags, field)
static const Option rows[] = {
    {"o", OPTION_TEXT, AT(out), NULL, 0, 0, NULL, "FILE", "table of predictions; - is standard output"},
    {"attention", OPTION_TEXT, AT(attention), "null", 0, 0, NULL, "FILE",
     "table of the attention of each instance, FILE.tsv or FILE.tsv.gz"},
    {"top", OPTION_INT, AT(top), "0", 0, INT32_MAX, NULL, "",
     "number of instances with the highest attention in that table, for each bag and query; 0: all instances"},
    {"metadata", OPTION_TEXT, AT(metadata), "null", 0, 0, NULL, "FILE",
     "label table; without it the columns stored in DATA are used, if there are any"},
    {"id-column", OPTION_TEXT, AT(id_column), "auto", 0, 0, NULL, "COLUMN", "column of bag IDs in the label table"},
    {0},
};

typedef struct {
    Apply apply;
    Cohort cohort;
    bool known; /* labels */
    TextOut *out;
    Attention attention;
    real *output; /* [n_out] */
} Prophecy;

static Status check_attention(const ModelFile *m)
{
    const PoolingType *pooling = pooling_types[m->config.model.pooling];
    if (pooling->ranks) return OK;
    return fail(ERR_MODEL, "%s: pooling %s has no attention; leave out --attention", m->path, pooling->name);
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

static Status open_all(Prophecy *p, const Cli *cli)
{
    const PredictFlags *flags = cli->flags;
    const char *table = flags->attention;
    if (!table && flags->top > 0) return fail(ERR_USAGE, "--top goes with --attention=FILE");
    TRY(check_outputs(flags, cli));
    TRY(apply_read(&p->apply, cli->word, cli->n_word - 1));
    if (table && p->apply.n_model != 1)
        return fail(ERR_USAGE, "--attention wants one model, %d are given", p->apply.n_model);
    if (table) TRY(check_attention(&p->apply.model[0]));
    TRY(cohort_open(&p->cohort, cli->word[cli->n_word - 1], flags->metadata, flags->id_column, false));
    TRY(apply_fit(&p->apply, p->cohort.file));
    TRY(apply_label(&p->apply, &p->cohort, &p->known));
    p->output = calloc((size_t)p->apply.n_out, sizeof *p->output);
    if (!p->output) return fail(ERR_MEMORY, "no memory for outputs");
    if (cli->dry_run) return OK;
    TRY(textout_open(&p->out, flags->out, cli->force));
    if (table)
        TRY(attention_open(&p->attention, table, cli->force, p->apply.model[0].mil, p->cohort.file, flags->top));
    return OK;
}

static Status predict_bag(Prophecy *p, int i)
{
    const int bag = p->cohort.bag[i];
    const Labels *labels = &p->cohort.labels;
    uint64_t hash;
    TRY(bagfile_hash(&hash, p->cohort.file, bag));
    TRY(apply_bag(p->output, &p->apply, bag, p->attention.out ? &p->attention.bag : NULL));
    const Prediction row = {.bag = p->cohort.id[i],
                            .part = seen_name[apply_seen(&p->apply, hash)],
                            .repeat = -1,
                            .fold = -1,
                            .target = p->apply.target,
                            .n_target = p->apply.n_target,
                            .output = p->output,
                            .label = p->known ? labels->target + (size_t)i * (size_t)labels->n_out : NULL,
                            .mask = p->known ? labels->mask + (size_t)i * (size_t)labels->n_target : NULL};
    predictions_write(p->out, &row);
    return p->attention.out ? attention_write(&p->attention, p->cohort.file, bag, p->cohort.id[i]) : OK;
}

static Status predict(Prophecy *p, const Cli *cli)
{
    Progress progress;
    TRY(open_all(p, cli));
    if (cli->dry_run) {
        printf("would predict %d bag%s with %d model%s\n", p->cohort.n, number_plural(p->cohort.n), p->apply.n_model,
               number_plural(p->apply.n_model));
        return OK;
    }
    predictions_header(p->out);
    progress_start(&progress, "predicting", "bags", p->cohort.n);
    for (int i = 0; i < p->cohort.n; i++) {
        TRY(predict_bag(p, i));
        progress_update(&progress, i + 1, NULL);
    }
    progress_end(&progress, NULL);
    TRY(attention_commit(&p->attention));
    TextOut *out = p->out;
    p->out = NULL;
    return textout_commit(out);
}

static Status run(Cli *cli)
{
    Prophecy p = {0};
    const Status status = predict(&p, cli);
    attention_free(&p.attention);
    textout_drop(p.out);
    apply_free(&p.apply);
    cohort_close(&p.cohort);
    free(p.output);
    return status;
}

const Command command_predict = {
    .name = "predict",
    .line = "predict each bag; optionally export instance attention",
    .usage = "MODEL... DATA -o FILE [--attention=FILE.tsv.gz --top=N]",
    .example = "hopsack predict runs/a cohort.h5 -o predictions.tsv\n"
               "hopsack predict runs/a cohort.h5 -o new.tsv --attention=top.tsv.gz --top=5",
    .about = "MODEL is a model.safetensors or the folder of a run; the folder of a crossval run stands for the "
             "models of all its folds. The outputs of several models are averaged before the sigmoid. Where DATA "
             "or --metadata has labels, they are copied beside the predictions.",
    .common = "o attention top metadata id-column threads force",
    .groups = {{.rows = rows}},
    .size = sizeof(PredictFlags),
    .min_words = 2,
    .max_words = -1,
    .run = run,
};
