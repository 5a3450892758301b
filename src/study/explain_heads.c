/* SPDX-License-Identifier: MIT
 *
 * explain_heads.c: what each head of a pooling does in the bags that its model explains (study/operating.h), how much of the
 * scores comes through it, and which instances have its largest weights.
 *
 *     heads.tsv    task model pooling kind query head class k_median k_share_median entropy evenness share retrieved
 *
 * Poolings without attention, and the mean beside, have a row for their share. The shares of a model in a task sum to 1; where it
 * has no say, as in a stack, it has no rows.
 */
#include "study/explain_parts.h"
#include "study/operating.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FINDS 5   /* instances named of a head */
#define IDLE  0.1 /* of an equal share of the decision: a head below does nothing */

/* An instance that a head weighs most; of equal sequences the one with the largest weight. */
typedef struct {
    real weight;
    uint64_t hash; /* of vectors 0 */
    int member, row;
    char *text; /* residues; NULL: of vectors */
} HeadFind;

typedef struct {
    HeadFind find[FINDS]; /* [n] largest weight first */
    int n;
} HeadFinds;

typedef struct {
    OperatingTally tally;
    double *through;  /* [n_question, n_way] Σ |contribution| */
    int *n_bag;       /* [n_question] in whose score it has a say */
    HeadFinds *finds; /* [n_column] */
    int n_column;     /* 0: no attention */
} ModelHeads;

struct ExplainHeads {
    ModelHeads *model; /* [n_model] */
    int n_model;
    real *w;         /* [n_max, most columns] */
    double *scratch; /* [2 n_max] */
};

/* ---- memory ---- */

void explain_heads_free(ExplainHeads *h)
{
    for (int k = 0; h && h->model && k < h->n_model; k++) {
        ModelHeads *m = &h->model[k];
        for (int c = 0; m->finds && c < m->n_column; c++)
            for (int i = 0; i < m->finds[c].n; i++) free(m->finds[c].find[i].text);
        operating_close(&m->tally);
        free(m->through), free(m->n_bag), free(m->finds);
    }
    if (h) free(h->model), free(h->w), free(h->scratch);
    free(h);
}

static Status no_memory(const Explain *e)
{
    return fail(ERR_MEMORY, "no memory for the heads of %d models", e->apply->n_model);
}

static Status open_model(const Explain *e, int model)
{
    ModelHeads *m = &e->heads->model[model];
    const ModelFile *file = &e->apply->model[model];
    if (!e->network[model] || !mil_ranks(&file->config.model)) return OK;
    m->n_column = mil_n_column(file->mil);
    m->finds = calloc((size_t)m->n_column + 1, sizeof *m->finds);
    m->through = calloc((size_t)e->n_question * (size_t)attribution_n_way(e->network[model]) + 1, sizeof *m->through);
    m->n_bag = calloc((size_t)e->n_question + 1, sizeof *m->n_bag);
    return m->finds && m->through && m->n_bag ? operating_open(&m->tally, m->n_column) : no_memory(e);
}

Status explain_heads_open(Explain *e)
{
    ExplainHeads *h = e->heads = calloc(1, sizeof *h);
    const size_t most = (size_t)bagfile_n_max(e->cohort->file) + 1;
    int n_column = 0;
    if (!h) return no_memory(e);
    h->n_model = e->apply->n_model;
    h->model = calloc((size_t)h->n_model + 1, sizeof *h->model);
    if (!h->model) return no_memory(e);
    for (int k = 0; k < h->n_model; k++) {
        TRY(open_model(e, k));
        if (h->model[k].n_column > n_column) n_column = h->model[k].n_column;
    }
    h->w = malloc(most * (size_t)n_column * sizeof *h->w + 1);
    h->scratch = malloc(2 * most * sizeof *h->scratch);
    return h->w && h->scratch ? OK : no_memory(e);
}

/* ---- bags ---- */

/* Place of an equal sequence, or of the one that goes; -1: not wanted. */
static int place_for(const HeadFinds *f, const HeadFind *new)
{
    for (int i = 0; i < f->n && new->text; i++)
        if (f->find[i].hash == new->hash) return f->find[i].weight < new->weight ? i : -1;
    if (f->n < FINDS) return f->n;
    return f->find[FINDS - 1].weight < new->weight ? FINDS - 1 : -1;
}

/* Owns new->text from now on. */
static void insert(HeadFinds *f, const HeadFind *new)
{
    int at = place_for(f, new);
    if (at < 0) {
        free(new->text);
        return;
    }
    if (at < f->n)
        free(f->find[at].text);
    else
        f->n++;
    for (; at > 0 && f->find[at - 1].weight < new->weight; at--) f->find[at] = f->find[at - 1];
    f->find[at] = *new;
}

static Status offer(HeadFinds *f, real weight, int member, int row, const BagText *text)
{
    HeadFind new = {.weight = weight, .member = member, .row = row};
    if (!(weight > 0) || (f->n == FINDS && !(f->find[FINDS - 1].weight < weight))) return OK;
    if (text) {
        new.hash = bagtext_hash(text, row);
        new.text = strdup(text->sequence + (Index)row * (Index)text->stride);
        if (!new.text) return fail(ERR_MEMORY, "no memory for a sequence");
    }
    insert(f, &new);
    return OK;
}

Status explain_heads_add(Explain *e, int model, int member, const BagText *text)
{
    ModelHeads *m = &e->heads->model[model];
    if (m->n_column == 0) return OK; /* a method, or without attention */
    const int n = mil_weights(e->apply->model[model].mil, e->heads->w);
    const int n_row = bagfile_n(e->cohort->file, e->cohort->bag[member]);
    const real *w = attribution_attention(e->network[model])->weight;
    if (n > 0) TRY(operating_add(&m->tally, e->heads->w, n, e->heads->scratch));
    for (int i = 0; i < n_row; i++)
        for (int c = 0; c < m->n_column; c++) TRY(offer(&m->finds[c], *w++, member, i, text));
    return OK;
}

void explain_heads_divide(Explain *e, int model, int question)
{
    ModelHeads *m = &e->heads->model[model];
    const int n_way = attribution_n_way(e->network[model]);
    const double *through = attribution_through(e->network[model]);
    if (m->n_column == 0) return;
    m->n_bag[question]++;
    for (int k = 0; k < n_way; k++) m->through[question * n_way + k] += through[k];
}

/* ---- files ---- */

static void write_finds(TextOut *out, const Explain *e, const HeadFinds *f)
{
    char text[FINDS * 300], name[256];
    size_t n = 0;
    text[0] = '\0';
    for (int i = 0; i < f->n; i++) {
        const HeadFind *x = &f->find[i];
        if (x->text)
            snprintf(name, sizeof name, "%s", x->text);
        else
            snprintf(name, sizeof name, "%.200s:%d", e->cohort->id[x->member], x->row);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? ", " : "", name);
    }
    textout_cell(out, text);
}

typedef struct {
    int model, question, way;
    double share;
    bool is_idle;
} HeadShare;

static void write_head(TextOut *out, const Explain *e, const HeadShare *s, const Operating *o)
{
    const AttributionWay way = attribution_way(e->network[s->model], s->way);
    textout_cell(out, e->question[s->question].name);
    textout_printf(out, "\t%d\t", s->model);
    if (way.pooling >= 0) textout_printf(out, "%d", way.pooling);
    textout_printf(out, "\t%s\t", way.kind);
    if (way.column < 0) {
        textout_printf(out, "\t\t\t\t\t\t\t%.4g\t\n", s->share);
        return;
    }
    const OperatingHead *h = &o->head[way.column];
    textout_printf(out, "%d\t%d\t%s\t%.6g\t%.4g\t%.4g\t%.4g\t%.4g\t", h->query, h->head, operating_class[h->kind],
                   h->k.median, h->share.median, h->entropy, h->evenness, s->share);
    write_finds(out, e, &e->heads->model[s->model].finds[way.column]);
    textout_printf(out, "\n");
}

static void list_idle(json_t *idle, const Explain *e, const HeadShare *s)
{
    const AttributionWay way = attribution_way(e->network[s->model], s->way);
    if (!s->is_idle || way.column < 0) return;
    const MilColumn column = mil_column(e->apply->model[s->model].mil, way.column);
    json_array_append_new(idle, json_pack("{s:s, s:i, s:i, s:i, s:i, s:f}", "task", e->question[s->question].name,
                                          "model", s->model, "pooling", column.pooling, "query", column.query, "head",
                                          column.head, "share", s->share));
}

static HeadShare share_of(const Explain *e, int model, int question, int way)
{
    const int n_way = attribution_n_way(e->network[model]);
    const double *through = e->heads->model[model].through + (Index)question * n_way;
    double sum = 0;
    for (int k = 0; k < n_way; k++) sum += through[k];
    const double share = sum > 0 ? through[way] / sum : 0;
    return (HeadShare){model, question, way, share, share < IDLE / n_way};
}

/* *n_head counts heads, once for each question. */
static Status write_model(TextOut *out, json_t *idle, int *n_head, const Explain *e, int model)
{
    const ModelHeads *m = &e->heads->model[model];
    Operating o;
    if (m->tally.n_bag == 0) return OK;
    const Status status = operating_conclude(&o, &m->tally, e->apply->model[model].mil);
    for (int q = 0; q < e->n_question && status == OK; q++)
        for (int k = 0; m->n_bag[q] > 0 && k < attribution_n_way(e->network[model]); k++) {
            const HeadShare share = share_of(e, model, q, k);
            write_head(out, e, &share, &o);
            list_idle(idle, e, &share);
            *n_head += attribution_way(e->network[model], k).column >= 0;
        }
    operating_free(&o);
    return status;
}

static bool has_heads(const ExplainHeads *h)
{
    bool has = false;
    for (int k = 0; k < h->n_model; k++) has |= h->model[k].tally.n_bag > 0;
    return has;
}

Status explain_heads_write(Explain *e, json_t *facts)
{
    TextOut *out;
    int n_head = 0;
    if (!has_heads(e->heads)) return OK;
    json_t *idle = json_array();
    Status status = explain_files_open(&out, e, "heads.tsv");
    if (status == OK)
        textout_printf(out,
                       "task\tmodel\tpooling\tkind\tquery\thead\tclass\tk_median\tk_share_median\tentropy\tevenness\t"
                       "share\tretrieved\n");
    for (int k = 0; k < e->heads->n_model && status == OK; k++) status = write_model(out, idle, &n_head, e, k);
    json_object_set_new(facts, "heads", json_pack("{s:i, s:f, s:o}", "n", n_head, "idle_below", IDLE, "idle", idle));
    return status == OK ? textout_check(out) : status;
}
