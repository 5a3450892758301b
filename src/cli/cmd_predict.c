/* SPDX-License-Identifier: MIT */
#include "cli/attention.h"
#include "cli/cli.h"
#include "core/log.h"
#include "cv/apply.h"
#include "model/pooling.h"
#include "run/predictions.h"

#include <stdlib.h>
#include <string.h>

static const Flag flags[] = {
    {.name = "o", .value = "FILE", .help = "predictions.tsv; - is standard output", .needed = true},
    {.name = "attention", .value = "FILE", .help = "attention of each instance, as FILE.tsv or FILE.tsv.gz"},
    {.name = "top",
     .value = "N",
     .standard = "0",
     .unit = "instances a bag and query",
     .help = "how many of the highest attention; 0: every one"},
    {.name = "metadata", .value = "FILE", .help = "label table; without it the columns inside DATA, if any"},
    {.name = "id-column", .value = "COLUMN", .standard = "auto", .help = "column of bag IDs in the label table"},
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

static Status open_all(Prophecy *p, const Cli *cli)
{
    const char *table = cli_text(cli, "attention");
    int64_t top;
    TRY(cli_int(&top, cli, "top", 0, INT32_MAX));
    if (!table && cli_has(cli, "top")) return fail(ERR_USAGE, "--top goes with --attention=FILE");
    TRY(apply_read(&p->apply, cli->word, cli->n_word - 1));
    if (table && p->apply.n_model != 1)
        return fail(ERR_USAGE, "--attention wants one model, %d are given", p->apply.n_model);
    if (table) TRY(check_attention(&p->apply.model[0]));
    TRY(cohort_open(&p->cohort, cli->word[cli->n_word - 1], cli_text(cli, "metadata"), cli_text(cli, "id-column"),
                    false));
    TRY(apply_fit(&p->apply, p->cohort.file));
    TRY(apply_label(&p->apply, &p->cohort, &p->known));
    p->output = calloc((size_t)p->apply.n_out, sizeof *p->output);
    if (!p->output) return fail(ERR_MEMORY, "no memory for outputs");
    if (cli->dry_run) return OK;
    TRY(textout_open(&p->out, cli_text(cli, "o"), cli->force));
    if (table) TRY(attention_open(&p->attention, table, cli->force, p->apply.model[0].mil, p->cohort.file, (int)top));
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
        printf("would predict %d bags with %d models\n", p->cohort.n, p->apply.n_model);
        return OK;
    }
    predictions_header(p->out);
    progress_start(&progress, "predicting", "bags", p->cohort.n);
    for (int i = 0; i < p->cohort.n; i++) {
        TRY(predict_bag(p, i));
        progress_tell(&progress, i + 1, NULL);
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
    .line = "what a model says of each bag, and which instances it looked at",
    .usage = "MODEL... DATA -o predictions.tsv [--attention=FILE.tsv.gz --top=N]",
    .about =
        "MODEL is a model.safetensors or the folder of a run; that of crossval stands for the models of all its\n"
        "folds. Of several models the outputs are averaged before the sigmoid. Labels, where DATA or --metadata has\n"
        "them, are copied beside the predictions.",
    .flags = flags,
    .least = 2,
    .most = -1,
    .run = run,
};
