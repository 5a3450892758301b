/* SPDX-License-Identifier: MIT
 *
 * bagkernel_clones.c: bags compared by the sequences that they share (clones), or by patterns with one open residue
 * (clones-1). A sequence that n of the N training bags hold, n ≥ 2, has the weight w = ln(N / n); a feature of a bag is w
 * if it holds the sequence, else 0.
 *
 * A model lists sequences with v = w² Σ weight_i over the training bags i that hold it: the product with a bag is the sum
 * of v over its sequences. It lists -log10 of p of Fisher's exact test as well, positive where the sequence is more frequent
 * in the class, by which sequences are ranked. Labels are not at hand there; the weight of a bag is positive where it is of
 * the class, and negative where it is not.
 */
#include "cohort/clonecount.h"
#include "core/parallel.h"
#include "rival/clonegram.h"
#include "rival/clonemodel.h"
#include "rival/fisher.h"

#include <stdlib.h>
#include <string.h>

#define TIE 1e-9 /* what the largest v adds to a rank: less than p differs by */

/* ---- the cohort ---- */

typedef struct {
    const RivalBags *bags;
    CloneList list;
    double *size; /* [n] distinct sequences */
    bool patterns;
} Clones;

static void close_clones(void *state)
{
    Clones *c = state;
    if (!c) return;
    clonelist_free(&c->list);
    free(c->size);
    free(c);
}

static Status list_clones(Clones *c)
{
    const int n = c->bags->cohort->n;
    int *n_distinct = calloc((size_t)n + 1, sizeof *n_distinct);
    c->size = calloc((size_t)n + 1, sizeof *c->size);
    Status status = n_distinct && c->size ? OK : fail(ERR_MEMORY, "no memory for %d bags", n);
    const CloneSetup setup = {.cohort = c->bags->cohort,
                              .use = c->bags->use,
                              .patterns = c->patterns,
                              .budget = clonecount_budget,
                              .stop = c->bags->stop};
    if (status == OK) status = clonecount_list(&c->list, n_distinct, &setup);
    for (int i = 0; status == OK && i < n; i++) c->size[i] = n_distinct[i];
    free(n_distinct);
    return status;
}

static Status open_as(void **state, const RivalBags *bags, bool patterns)
{
    Clones *c = calloc(1, sizeof *c);
    *state = c;
    if (!c) return fail(ERR_MEMORY, "no memory for shared sequences");
    *c = (Clones){.bags = bags, .patterns = patterns};
    return list_clones(c);
}

static Status open_clones(void **state, const Rival *rival, const RivalBags *bags)
{
    (void)rival;
    return open_as(state, bags, false);
}

static Status open_patterns(void **state, const Rival *rival, const RivalBags *bags)
{
    (void)rival;
    return open_as(state, bags, true);
}

static const double *sizes(const void *state)
{
    return ((const Clones *)state)->size;
}

static Status grams(void *state, BagKernelSet *set, int n_set)
{
    const Clones *c = state;
    return clonegram_fill(set, n_set, &c->list, c->bags->cohort->n, c->bags->stop);
}

/* ---- models ---- */

/* A model on its way: first its sequences are counted, then written. */
typedef struct {
    const BagKernelWeights *in;
    const Clones *clones;
    const CloneReader *r;
    int n_set;      /* bags of the training part */
    Fisher *fisher; /* [n_out] */
    int64_t n;      /* sequences */
    size_t n_text;
    bool writes;
    CloneTensors tensors;
    double *v;    /* [n_out, n] */
    float *log_p; /* [n_out, n] */
} Weighing;

static const double *weights_of(const Weighing *w, int output)
{
    return w->in->weight + (size_t)output * (size_t)w->clones->bags->cohort->n;
}

static double sum_of(const Weighing *w, int i, int output)
{
    const double *weight = weights_of(w, output);
    const int *holder = clonelist_members(w->r, i);
    double sum = 0;
    for (int k = 0; k < clonelist_n(w->r, i); k++) sum += weight[holder[k]];
    return sum;
}

static double signed_p(const Weighing *w, int i, int output)
{
    const double *weight = weights_of(w, output);
    const int *holder = clonelist_members(w->r, i);
    int in_class = 0, others = 0;
    for (int k = 0; k < clonelist_n(w->r, i); k++) {
        if (!w->in->member[holder[k]]) continue;
        in_class += weight[holder[k]] > 0;
        others += !(weight[holder[k]] > 0);
    }
    return fisher_signed(&w->fisher[output], in_class, others);
}

/* Weight² of a sequence; 0 also where the sum is 0 for all outputs. */
static double square_of(const Weighing *w, int i)
{
    int n = 0;
    for (int k = 0; k < clonelist_n(w->r, i); k++) n += w->in->member[clonelist_members(w->r, i)[k]];
    const double weight = clonegram_weight(w->n_set, n);
    for (int o = 0; weight > 0 && o < w->in->n_out; o++)
        if (sum_of(w, i, o) != 0) return weight * weight;
    return 0;
}

static void write_one(Weighing *w, int i, double square)
{
    const size_t at = (size_t)w->tensors.n, n = (size_t)w->n;
    for (int o = 0; o < w->in->n_out; o++) {
        w->v[(size_t)o * n + at] = square * sum_of(w, i, o);
        w->log_p[(size_t)o * n + at] = (float)signed_p(w, i, o);
    }
    clonemodel_put(&w->tensors, w->r, i, bagfile_spec(w->clones->bags->cohort->file)->alphabet);
}

static void weigh_batch(void *context, int k, int thread)
{
    Weighing *w = (Weighing *)context + k;
    (void)thread;
    for (int i = 0; i < w->r->n; i++) {
        const double square = square_of(w, i);
        if (square == 0) continue;
        if (w->writes) {
            write_one(w, i, square);
        } else {
            w->n++;
            w->n_text += clonemodel_bytes(w->r, i, false);
        }
    }
}

static Status go_through(Weighing *w, int n, CloneReader *r)
{
    clonelist_rewind(r);
    for (;;) {
        TRY(stop_check(w->clones->bags->stop, " while weighing sequences"));
        TRY(clonelist_next(r));
        if (r->n == 0) return OK;
        parallel_for(n, weigh_batch, w);
    }
}

static Status begin_weighing(Weighing *w)
{
    const int n = w->clones->bags->cohort->n;
    w->n_set = clonegram_count(w->in->member, n);
    w->fisher = calloc((size_t)w->in->n_out + 1, sizeof *w->fisher);
    if (!w->fisher) return fail(ERR_MEMORY, "no memory for a model of sequences");
    for (int o = 0; o < w->in->n_out; o++) {
        int in_class = 0;
        for (int i = 0; i < n; i++) in_class += w->in->member[i] && weights_of(w, o)[i] > 0;
        TRY(fisher_open(&w->fisher[o], in_class, w->n_set - in_class));
    }
    return clonemodel_describe(w->in->model, bagfile_spec(w->clones->bags->cohort->file));
}

static Status add_tensors(Weighing *w)
{
    void *v, *log_p;
    const int64_t shape[] = {w->in->n_out, w->n};
    TRY(clonemodel_add(&w->tensors, w->in->model, w->n, w->n_text, false));
    TRY(rival_model_add(w->in->model, &v, "v", TENSOR_F64, 2, shape));
    TRY(rival_model_add(w->in->model, &log_p, "log_p", TENSOR_F32, 2, shape));
    w->v = v;
    w->log_p = log_p;
    w->writes = true;
    return OK;
}

static Status weigh(void *state, BagKernelWeights *weights, int n)
{
    const Clones *c = state;
    CloneReader *r = NULL;
    Weighing *w = calloc((size_t)n + 1, sizeof *w);
    Status status = w ? OK : fail(ERR_MEMORY, "no memory for %d models", n);
    if (status == OK) status = clonelist_open(&r, &c->list);
    for (int k = 0; k < n && status == OK; k++) {
        w[k] = (Weighing){.in = &weights[k], .clones = c, .r = r};
        status = begin_weighing(&w[k]);
    }
    if (status == OK) status = go_through(w, n, r);
    for (int k = 0; k < n && status == OK; k++) status = add_tensors(&w[k]);
    if (status == OK) status = go_through(w, n, r);
    for (int k = 0; w && k < n; k++) {
        for (int o = 0; w[k].fisher && o < w[k].in->n_out; o++) fisher_close(&w[k].fisher[o]);
        free(w[k].fisher);
    }
    free(w);
    clonelist_close(r);
    return status;
}

/* ---- other bags ---- */

typedef struct {
    CloneTable table;
    const double *v;    /* [n_out, table.n] */
    const float *log_p; /* [n_out, table.n] */
    double *tie;        /* [n_out] what v is multiplied by to break ties */
    double *product;    /* [n_out] of the bag at hand */
    double *score;      /* [keys] of the bag at hand */
} CloneOfModel;

typedef struct {
    const Cohort *cohort;
    const CloneBag *bag; /* at hand */
    CloneOfModel *model; /* [n_model] */
    int n_model, n_out, output;
    bool patterns;
} CloneApplier;

static void close_applier(void *applier)
{
    CloneApplier *a = applier;
    if (!a) return;
    for (int k = 0; a->model && k < a->n_model; k++) {
        clonemodel_close(&a->model[k].table);
        free(a->model[k].tie);
        free(a->model[k].product);
    }
    free(a->model);
    free(a);
}

static Status open_model(CloneApplier *a, int k, const RivalModel *model)
{
    CloneOfModel *m = &a->model[k];
    const Tensor *v, *log_p;
    TRY(clonemodel_check(model, a->cohort->file));
    TRY(clonemodel_open(&m->table, model, bagfile_spec(a->cohort->file)->alphabet, false));
    TRY(rival_model_tensor(&v, model, "v", TENSOR_F64, 2, (const int64_t[]){k ? a->n_out : -1, m->table.n}));
    a->n_out = (int)v->shape[0];
    TRY(rival_model_tensor(&log_p, model, "log_p", TENSOR_F32, 2, v->shape));
    m->v = v->data;
    m->log_p = log_p->data;
    m->tie = calloc((size_t)a->n_out + 1, sizeof *m->tie);
    m->product = calloc((size_t)a->n_out + 1, sizeof *m->product);
    if (!m->tie || !m->product) return fail(ERR_MEMORY, "no memory for a model of %s", model->rival->name);
    for (int64_t i = 0; i < a->n_out * m->table.n; i++)
        if (fabs(m->v[i]) > m->tie[i / m->table.n]) m->tie[i / m->table.n] = fabs(m->v[i]);
    for (int o = 0; o < a->n_out; o++) m->tie[o] = m->tie[o] > 0 ? TIE / m->tie[o] : 0;
    return OK;
}

static Status apply_as(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort, bool patterns)
{
    CloneApplier *a = calloc(1, sizeof *a);
    *applier = a;
    if (!a) return fail(ERR_MEMORY, "no memory for %d models", n_model);
    *a = (CloneApplier){.cohort = cohort, .n_model = n_model, .patterns = patterns};
    a->model = calloc((size_t)n_model + 1, sizeof *a->model);
    if (!a->model) return fail(ERR_MEMORY, "no memory for %d models", n_model);
    for (int k = 0; k < n_model; k++) TRY(open_model(a, k, model[k]));
    return OK;
}

static Status apply_clones(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    return apply_as(applier, model, n_model, cohort, false);
}

static Status apply_patterns(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    return apply_as(applier, model, n_model, cohort, true);
}

/* Calls `found` for what a key of the bag makes and the model may have: itself, or its patterns. */
static void each_form(const CloneApplier *a, CloneOfModel *m, const uint64_t *key, int n_word, int number,
                      void (*found)(const CloneApplier *a, CloneOfModel *m, const uint64_t *form, int n_word,
                                    int number))
{
    uint64_t form[CLONEKEY_LONGEST / CLONEKEY_PER_WORD];
    const int len = a->bag->len[number];
    if (!a->patterns) {
        found(a, m, key, n_word, number);
        return;
    }
    for (int t = 0; t < len && len <= CLONEKEY_LONGEST; t++) {
        memcpy(form, key, (size_t)n_word * sizeof *key);
        clonekey_open(form, t);
        found(a, m, form, n_word, number);
    }
}

static void each_key(const CloneApplier *a, CloneOfModel *m,
                     void (*found)(const CloneApplier *a, CloneOfModel *m, const uint64_t *form, int n_word,
                                   int number))
{
    for (int s = 0; s < a->bag->n_section; s++) {
        const CloneSection *section = &a->bag->section[s];
        for (int i = 0; i < section->n; i++)
            each_form(a, m, clonebag_key(a->bag, section, i), section->n_word, section->first + i, found);
    }
}

static void add_v(const CloneApplier *a, CloneOfModel *m, const uint64_t *form, int n_word, int number)
{
    const int64_t i = clonemodel_meet(&m->table, form, n_word);
    (void)number;
    for (int o = 0; i >= 0 && o < a->n_out; o++) m->product[o] += m->v[o * m->table.n + i];
}

static void multiply(void *context, int k, int thread)
{
    const CloneApplier *a = context;
    CloneOfModel *m = &a->model[k];
    (void)thread;
    clonemodel_turn(&m->table);
    memset(m->product, 0, (size_t)a->n_out * sizeof *m->product);
    each_key(a, m, add_v);
}

static Status product(double *out, double *size, void *applier, int member)
{
    CloneApplier *a = applier;
    CloneBag bag;
    TRY(clonebag_read(&bag, a->cohort->file, a->cohort->bag[member], false));
    a->bag = &bag;
    parallel_for(a->n_model, multiply, a);
    for (int k = 0; k < a->n_model; k++)
        memcpy(out + (size_t)k * (size_t)a->n_out, a->model[k].product, (size_t)a->n_out * sizeof *out);
    *size = bag.n;
    clonebag_free(&bag);
    return OK;
}

/* The largest of a sequence's patterns; 0 where the model has none. */
static void add_score(const CloneApplier *a, CloneOfModel *m, const uint64_t *form, int n_word, int number)
{
    const int64_t i = clonemodel_find(&m->table, form, n_word);
    if (i < 0) return;
    const int64_t at = a->output * m->table.n + i;
    const double score = m->log_p[at] + m->tie[a->output] * m->v[at];
    if (isnan(m->score[number]) || score > m->score[number]) m->score[number] = score;
}

static Status rank_bag(double *score, CloneApplier *a)
{
    const CloneBag *bag = a->bag;
    double *own = malloc(((size_t)bag->n + 1) * sizeof *own);
    if (!own) return fail(ERR_MEMORY, "no memory for the ranks of %d sequences", bag->n);
    for (int i = 0; i < bag->n_row; i++) score[i] = 0;
    for (int k = 0; k < a->n_model; k++) {
        a->model[k].score = own;
        for (int i = 0; i < bag->n; i++) own[i] = NAN;
        each_key(a, &a->model[k], add_score);
        for (int i = 0; i < bag->n_row; i++)
            if (bag->key[i] >= 0 && !isnan(own[bag->key[i]])) score[i] += own[bag->key[i]] / a->n_model;
    }
    free(own);
    return OK;
}

static Status rank(double *score, void *applier, int member, int output)
{
    CloneApplier *a = applier;
    CloneBag bag;
    TRY(clonebag_read(&bag, a->cohort->file, a->cohort->bag[member], false));
    a->bag = &bag;
    a->output = output;
    const Status status = rank_bag(score, a);
    clonebag_free(&bag);
    return status;
}

/* ---- rows ---- */

#define COMMON                                                                                                       \
    .inner = true, .n_power = 3, .power = {.5, .75, 1}, .n_cost = 3, .cost = {1, 10, 100}, .close = close_clones,    \
    .sizes = sizes, .grams = grams, .weigh = weigh, .product = product, .apply_close = close_applier, .rank = rank

static const BagKernel of_clones = {.open = open_clones, .apply_open = apply_clones, COMMON};
static const BagKernel of_patterns = {.open = open_patterns, .apply_open = apply_patterns, COMMON};
static const BagKernel *const clones_detail = &of_clones, *const patterns_detail = &of_patterns;

const Rival rival_clones = {.name = "clones",
                            .line = "sequences shared by training bags, logistic regression with their kernel",
                            .bags = BAG_SEQUENCES,
                            .standard = true,
                            .holds_residues = true,
                            .is_logit = true,
                            .detail = &clones_detail,
                            BAGKERNEL_FUNCTIONS};

const Rival rival_clones_1 = {.name = "clones-1",
                              .line = "the same with patterns in which one residue may be any",
                              .bags = BAG_SEQUENCES,
                              .standard = true,
                              .holds_residues = true,
                              .is_logit = true,
                              .detail = &patterns_detail,
                              BAGKERNEL_FUNCTIONS};
