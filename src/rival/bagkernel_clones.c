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
#include "core/parallel.h"
#include "rival/cloneapply.h"
#include "rival/clonegram.h"
#include "rival/clonemodel.h"
#include "rival/cloneshare.h"
#include "cohort/fisher.h"

#include <stdlib.h>

#define SEQUENCES_MOST 25000000 /* of all bags, for patterns */

/* ---- the cohort ---- */

typedef struct {
    const RivalBags *bags;
    CloneShare own;
    const CloneShare *share;
    bool patterns;
} Clones;

static void close_clones(void *state)
{
    Clones *c = state;
    if (!c) return;
    cloneshare_free(&c->own);
    free(c);
}

static Status open_as(void **state, const RivalBags *bags, bool patterns)
{
    Clones *c = calloc(1, sizeof *c);
    *state = c;
    if (!c) return fail(ERR_MEMORY, "no memory for shared sequences");
    *c = (Clones){.bags = bags, .patterns = patterns};
    return cloneshare_get(&c->share, &c->own, bags, false, patterns);
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
    return ((const Clones *)state)->share->size;
}

static Status grams(void *state, BagKernelSet *set, int n_set)
{
    const Clones *c = state;
    return clonegram_fill(set, n_set, &c->share->list, c->bags->cohort->n, c->bags->stop);
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
} CloneWeighing;

static const double *weights_of(const CloneWeighing *w, int output)
{
    return w->in->weight + (size_t)output * (size_t)w->clones->bags->cohort->n;
}

static double sum_of(const CloneWeighing *w, int i, int output)
{
    const double *weight = weights_of(w, output);
    const int *holder = clonelist_members(w->r, i);
    double sum = 0;
    for (int k = 0; k < clonelist_n(w->r, i); k++) sum += weight[holder[k]];
    return sum;
}

static double signed_p(const CloneWeighing *w, int i, int output)
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
static double square_of(const CloneWeighing *w, int i)
{
    int n = 0;
    for (int k = 0; k < clonelist_n(w->r, i); k++) n += w->in->member[clonelist_members(w->r, i)[k]];
    const double weight = clonegram_weight(w->n_set, n);
    for (int o = 0; weight > 0 && o < w->in->n_out; o++)
        if (sum_of(w, i, o) != 0) return weight * weight;
    return 0;
}

static void write_one(CloneWeighing *w, int i, double square)
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
    CloneWeighing *w = (CloneWeighing *)context + k;
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

static Status go_through(CloneWeighing *w, int n, CloneReader *r)
{
    clonelist_rewind(r);
    for (;;) {
        TRY(stop_check(w->clones->bags->stop, " while weighing sequences"));
        TRY(clonelist_next(r));
        if (r->n == 0) return OK;
        parallel_for(n, weigh_batch, w);
    }
}

static Status begin_weighing(CloneWeighing *w)
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

static Status add_tensors(CloneWeighing *w)
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
    CloneWeighing *w = calloc((size_t)n + 1, sizeof *w);
    Status status = w ? OK : fail(ERR_MEMORY, "no memory for %d models", n);
    if (status == OK) status = clonelist_open(&r, &c->share->list);
    for (int k = 0; k < n && status == OK; k++) {
        w[k] = (CloneWeighing){.in = &weights[k], .clones = c, .r = r};
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

/* ---- rows ---- */

/* A model lists all shared patterns, 28 bytes each, about one for each sequence of a large cohort. */
static Status check_patterns(const Rival *rival, const Cohort *cohort, int n_class)
{
    int64_t n = 0;
    (void)n_class;
    for (int b = 0; b < bagfile_n_bag(cohort->file); b++) n += bagfile_n(cohort->file, b);
    if (n <= SEQUENCES_MOST) return OK;
    return fail(ERR_CONFIG,
                "%s: holds %lld sequences, and %s is for up to %d, as its models list all shared patterns; draw "
                "fewer of each bag (data.rarefy)",
                bagfile_path(cohort->file), (long long)n, rival->name, SEQUENCES_MOST);
}

static Status apply_clones(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    return cloneapply_open(applier, model, n_model, cohort, false);
}

static Status apply_patterns(void **applier, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    return cloneapply_open(applier, model, n_model, cohort, true);
}

#define COMMON                                                                                                       \
    .inner = true, .n_power = 3, .power = {.5, .75, 1}, .n_cost = 3, .cost = {1, 10, 100}, .close = close_clones,    \
    .sizes = sizes, .grams = grams, .weigh = weigh, .product = cloneapply_product, .apply_close = cloneapply_close,  \
    .rank = cloneapply_rank

static const BagKernel of_clones = {.open = open_clones, .apply_open = apply_clones, COMMON};
static const BagKernel of_patterns = {.open = open_patterns, .apply_open = apply_patterns, COMMON};
static const BagKernel *const clones_detail = &of_clones, *const patterns_detail = &of_patterns;

const Rival rival_clones = {.name = "clones",
                            .line = "sequences shared by training bags, logistic regression with their kernel",
                            .cost = {12, 0, 0.13, 3.9, 0.42, 0, 0, 5, 0.1},
                            .bags = BAG_SEQUENCES,
                            .standard = true,
                            .holds_residues = true,
                            .shares_clones = true,
                            .is_logit = true,
                            .detail = &clones_detail,
                            BAGKERNEL_FUNCTIONS,
                            .rank = bagkernel_rank};

const Rival rival_clones_1 = {
    .name = "clones-1",
    .line = "patterns with one open residue shared by training bags, logistic regression with their kernel",
    .cost = {0, 0, 1.6, 2.4, 0, 0, 113, 5, 0.34},
    .bags = BAG_SEQUENCES,
    .standard = true,
    .holds_residues = true,
    .shares_clones = true,
    .is_logit = true,
    .check = check_patterns,
    .detail = &patterns_detail,
    BAGKERNEL_FUNCTIONS,
    .rank = bagkernel_rank};
