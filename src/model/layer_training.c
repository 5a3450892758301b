/* SPDX-License-Identifier: MIT
 *
 * layer_training.c: every instance retrieves from the training set itself, and reads out its labels (lookup with stored:
 * training). x are scaled features, of instance and stored patterns alike:
 *
 *     a = A x / ‖A x‖      p = softmax(β a · a_i) over the stored patterns i, in training without the instance itself
 *     y_t = prior_t + gain_t Σ_i p_i (l_it - l̄_t) / Σ_i p_i        both sums over the patterns that have a label of task t
 *
 * A, β and the gains are learned; prior_t is what the frequencies of the labels alone say. Patterns and labels are frozen
 * tensors, so that a model file holds them. y are the network's outputs: no layer follows.
 *
 * Bits of a fingerprint are mostly 0, so A x is a sum over the features that are not.
 */
#include "core/blas.h"
#include "model/layer_training.h"
#include "nn/kernel.h"

#include <math.h>
#include <string.h>

#define SIZE               64    /* of the association space, by default */
#define BETA               10    /* at the start, by default */
#define GAIN               5     /* at the start */
#define SMALL              1e-12 /* added to squared lengths */
#define ZERO(array, count) memset((array), 0, (count) * sizeof *(array))

/* Rows in the association space, and what they retrieve. */
typedef struct {
    real *raw, *a, *inv; /* [n, size] A x; [n, size] of length 1; [n] one over the length */
    real *p;             /* [n, n_stored] */
    real *num, *den;     /* [n, n_out] sums over labels; over weights of those that have one */
} Retrieved;

typedef struct {
    MilLayer base;
    bool excludes, learns_beta;
    Index size, n_stored, n_out;
    int task_class[TARGET_CLASSES]; /* [n_out] classes of the task of each output; 1: a number */
    size_t w_at, beta_at, gain_at, pattern_at, label_at, known_at;
    real beta;
    const real *theta;

    real *wt;              /* [n_in, size] */
    Retrieved stored;      /* raw, a and inv of the stored patterns */
    real *value;           /* [n_stored, n_out] l - l̄ where there is one, else 0 */
    real *prior;           /* [n_out] */
    Retrieved row, *block; /* of the rows that backward sees; [n_thread] of a block */
    real *dnum, *dden;     /* [n_keep, n_out] */
    real *dp;              /* [n_keep, n_stored] */
    real *da, *dstored;    /* [n_keep, size], [n_stored, size] */
    real *dwt;             /* [n_in, size] */
} TrainingLayer;

static Status check(const LayerHopfieldSettings *s, const LayerSpec *spec)
{
    if (s->n_head != 1 || s->steps != 0 || s->residual || s->dropout > 0 || s->similarity || s->normalizer)
        return fail(ERR_CONFIG,
                    "stored: training has one head and retrieves once by dot products; leave n_head, steps, "
                    "dropout, residual, similarity and normalizer out");
    if (!spec->features)
        return fail(ERR_CONFIG,
                    "stored: training compares scaled features; set model.embedder.kind: none, and let it be "
                    "the only layer");
    if (spec->n_out > TARGET_CLASSES)
        return fail(ERR_CONFIG, "stored: training reads out at most %d outputs; the tasks have %d", TARGET_CLASSES,
                    spec->n_out);
    return OK;
}

static size_t tensor(ParamList *list, const LayerSpec *spec, const char *name, double start, const int *shape)
{
    char full[88];
    snprintf(full, sizeof full, "%s%s", spec->name, name);
    return param_add(list, full, shape[1] && start != 0 ? PARAM_NORMAL : PARAM_CONSTANT, start, shape);
}

static size_t frozen(ParamList *list, const LayerSpec *spec, const char *name, int rows, int columns)
{
    const size_t at = tensor(list, spec, name, 0, PARAM_SHAPE(rows, columns));
    param_freeze(list, at);
    return at;
}

static Status init(void *self, ParamList *list, const void *blob, const LayerSpec *spec)
{
    TrainingLayer *l = self;
    const LookupSettings *o = blob;
    const LayerHopfieldSettings *s = &o->s;
    const int n = spec->n_train > 0 ? spec->n_train : 1;
    *l = (TrainingLayer){
        .excludes = o->exclude_self, .learns_beta = s->learn_beta, .n_stored = n, .n_out = spec->n_out};
    TRY(check(s, spec));
    l->size = s->head_size ? s->head_size : SIZE;
    l->beta = (real)(isnan(s->beta) || s->beta == 0 ? BETA : s->beta);
    for (int k = 0; k < spec->n_out; k++) l->task_class[k] = spec->output_class[k];
    l->w_at = tensor(list, spec, "association_core.in_proj_weight", 1 / sqrt(spec->n_in),
                     PARAM_SHAPE((int)l->size, spec->n_in));
    if (l->learns_beta) l->beta_at = tensor(list, spec, "beta", (double)l->beta, PARAM_SHAPE(1));
    l->gain_at = tensor(list, spec, "gain", GAIN, PARAM_SHAPE(spec->n_out));
    l->pattern_at = frozen(list, spec, "stored_patterns", n, spec->n_in);
    l->label_at = frozen(list, spec, "stored_labels", n, spec->n_out);
    l->known_at = frozen(list, spec, "stored_known", n, spec->n_out);
    l->base = (MilLayer){
        .n_in = spec->n_in, .n_out = spec->n_out, .in = KERNEL_WIDTH(spec->n_in), .out = KERNEL_WIDTH(spec->n_out)};
    return OK;
}

/* ---- memory ---- */

static Retrieved take(const TrainingLayer *l, Arena *arena, Index n, bool reads)
{
    Retrieved r = {.raw = ARENA_TAKE(arena, real, n * l->size),
                   .a = ARENA_TAKE(arena, real, n * l->size),
                   .inv = ARENA_TAKE(arena, real, n)};
    if (!reads) return r;
    r.p = ARENA_TAKE(arena, real, n * l->n_stored);
    r.num = ARENA_TAKE(arena, real, n * l->n_out);
    r.den = ARENA_TAKE(arena, real, n * l->n_out);
    return r;
}

static void plan(void *self, Arena *arena, const ModelSizes *sizes)
{
    TrainingLayer *l = self;
    const Index n = sizes->n_keep, learn = n > 0;
    l->wt = ARENA_TAKE(arena, real, l->base.n_in * l->size);
    l->stored = take(l, arena, l->n_stored, false);
    l->value = ARENA_TAKE(arena, real, l->n_stored * l->n_out);
    l->prior = ARENA_TAKE(arena, real, l->n_out);
    l->row = take(l, arena, n, true);
    l->block = ARENA_TAKE(arena, Retrieved, sizes->n_thread);
    for (int t = 0; t < sizes->n_thread; t++) {
        const Retrieved one = take(l, arena, KERNEL_BLOCK, true);
        if (l->block) l->block[t] = one;
    }
    l->dnum = ARENA_TAKE(arena, real, n * l->n_out);
    l->dden = ARENA_TAKE(arena, real, n * l->n_out);
    l->dp = ARENA_TAKE(arena, real, n * l->n_stored);
    l->da = ARENA_TAKE(arena, real, n * l->size);
    l->dstored = ARENA_TAKE(arena, real, learn * l->n_stored * l->size);
    l->dwt = ARENA_TAKE(arena, real, learn * l->base.n_in * l->size);
}

/* ---- the stored patterns ---- */

/* a = A x / ‖A x‖ of rows x at that stride. */
static void to_space(Retrieved *r, const TrainingLayer *l, const real *x, Index stride, Index n)
{
    for (Index i = 0; i < n; i++, x += stride) {
        real *raw = r->raw + i * l->size, *a = r->a + i * l->size;
        double square = SMALL;
        ZERO(raw, l->size);
        for (Index f = 0; f < l->base.n_in; f++) {
            const real *w = l->wt + f * l->size;
            if (x[f] == 0) continue;
            for (Index j = 0; j < l->size; j++) raw[j] += x[f] * w[j];
        }
        for (Index j = 0; j < l->size; j++) square += (double)raw[j] * (double)raw[j];
        r->inv[i] = (real)(1 / sqrt(square));
        for (Index j = 0; j < l->size; j++) a[j] = raw[j] * r->inv[i];
    }
}

/* What the frequency of a label says, as an output: a logit, the logarithm of a class's share, a mean. */
static real prior_of(double mean, int n_class)
{
    const double inside = fmin(fmax(mean, 1e-3), 1 - 1e-3);
    return (real)(n_class == 1 ? mean : n_class == 2 ? log(inside / (1 - inside)) : log(inside));
}

static void find_values(TrainingLayer *l)
{
    const real *label = l->theta + l->label_at, *known = l->theta + l->known_at;
    for (Index t = 0; t < l->n_out; t++) {
        double sum = 0, n = 0;
        for (Index i = 0; i < l->n_stored; i++)
            if (known[i * l->n_out + t] != 0) sum += (double)label[i * l->n_out + t], n++;
        const double mean = n > 0 ? sum / n : 0;
        for (Index i = 0; i < l->n_stored; i++)
            l->value[i * l->n_out + t] = known[i * l->n_out + t] * (label[i * l->n_out + t] - (real)mean);
        l->prior[t] = prior_of(mean, l->task_class[t]);
    }
}

static void prepare(void *self, const real *theta, const Pass *pass)
{
    TrainingLayer *l = self;
    const real *w = theta + l->w_at;
    (void)pass;
    l->theta = theta;
    for (Index j = 0; j < l->size; j++)
        for (Index f = 0; f < l->base.n_in; f++) l->wt[f * l->size + j] = w[j * l->base.n_in + f];
    if (l->learns_beta) l->beta = theta[l->beta_at];
    find_values(l);
    to_space(&l->stored, l, theta + l->pattern_at, l->base.n_in, l->n_stored);
}

/* ---- forward ---- */

/* z [n] becomes its softmax. */
static void softmax_row(real *z, Index n)
{
    const Index whole = n / KERNEL_LANES * KERNEL_LANES;
    real max = z[0];
    double sum = 0;
    for (Index i = 1; i < n; i++) max = z[i] > max ? z[i] : max;
    for (Index i = 0; i < n; i++) z[i] -= max;
    kernel_active()->exp_forward(z, whole);
    for (Index i = whole; i < n; i++) z[i] = (real)exp((double)z[i]);
    for (Index i = 0; i < n; i++) sum += (double)z[i];
    const real scale = (real)(1 / sum);
    for (Index i = 0; i < n; i++) z[i] *= scale;
}

/* own [n]: the row of an instance among the stored patterns, -1: it is none of them; NULL: none is. */
static void retrieve(real *y, Retrieved *r, const TrainingLayer *l, const real *x, const int *own, int n)
{
    const Index n_stored = l->n_stored, n_out = l->n_out;
    const real *gain = l->theta + l->gain_at;
    to_space(r, l, x, l->base.in, n);
    blas_nt(r->p, r->a, l->stored.a, n, (int)n_stored, (int)l->size, false);
    for (Index i = 0; i < n; i++) {
        real *p = r->p + i * n_stored;
        for (Index k = 0; k < n_stored; k++) p[k] *= l->beta;
        const Index self = own && l->excludes && n_stored > 1 ? own[i] : -1;
        const real low = -1e4; /* far below any score: its weight is 0 */
        if (self >= 0) p[self] = low;
        softmax_row(p, n_stored);
        if (self >= 0) p[self] = 0;
    }
    blas_nn(r->num, r->p, l->value, n, (int)n_out, (int)n_stored, false);
    blas_nn(r->den, r->p, l->theta + l->known_at, n, (int)n_out, (int)n_stored, false);
    for (Index i = 0; i < n; i++, y += l->base.out) {
        ZERO(y, l->base.out);
        for (Index t = 0; t < n_out; t++) {
            const Index at = i * n_out + t;
            y[t] = l->prior[t] + (r->den[at] > 0 ? gain[t] * r->num[at] / r->den[at] : 0);
        }
    }
}

static void block(void *self, real *y, const real *x, int n, int thread)
{
    TrainingLayer *l = self;
    retrieve(y, &l->block[thread], l, x, NULL, n);
}

static void forward(void *self, real *y, const real *x, const LayerBags *bags)
{
    TrainingLayer *l = self;
    retrieve(y, &l->row, l, x, bags->own, bags->bounds[bags->n_bag]);
}

/* ---- backward ---- */

/* forward was  y = prior + gain num / den */
static void output_backward(TrainingLayer *l, real *grad, const real *dy, Index n)
{
    const real *gain = l->theta + l->gain_at;
    for (Index i = 0; i < n; i++, dy += l->base.out)
        for (Index t = 0; t < l->n_out; t++) {
            const Index at = i * l->n_out + t;
            const real den = l->row.den[at], mean = den > 0 ? l->row.num[at] / den : 0;
            grad[l->gain_at + t] += dy[t] * mean;
            l->dnum[at] = den > 0 ? dy[t] * gain[t] / den : 0;
            l->dden[at] = -l->dnum[at] * mean;
        }
}

/* forward was  p = softmax(z): dp becomes dz. */
static void softmax_backward(TrainingLayer *l, Index n)
{
    for (Index i = 0; i < n; i++) {
        real *dp = l->dp + i * l->n_stored;
        const real *p = l->row.p + i * l->n_stored;
        double mean = 0;
        for (Index k = 0; k < l->n_stored; k++) mean += (double)p[k] * (double)dp[k];
        for (Index k = 0; k < l->n_stored; k++) dp[k] = p[k] * (dp[k] - (real)mean);
    }
}

/* forward was  a = raw / ‖raw‖,  raw = A x:  da becomes draw, and dwt is added to. */
static void space_backward(TrainingLayer *l, real *da, const Retrieved *r, const real *x, Index stride, Index n)
{
    for (Index i = 0; i < n; i++, x += stride, da += l->size) {
        const real *a = r->a + i * l->size;
        real along = 0;
        for (Index j = 0; j < l->size; j++) along += a[j] * da[j];
        for (Index j = 0; j < l->size; j++) da[j] = r->inv[i] * (da[j] - a[j] * along);
        for (Index f = 0; f < l->base.n_in; f++) {
            real *dw = l->dwt + f * l->size;
            if (x[f] == 0) continue;
            for (Index j = 0; j < l->size; j++) dw[j] += x[f] * da[j];
        }
    }
}

/* Nothing before it is learned, so dx stays as it is. */
static void backward(void *self, real *dx, real *grad, const real *x, const real *y, real *dy, const LayerBags *bags)
{
    TrainingLayer *l = self;
    const int n = bags->bounds[bags->n_bag], n_stored = (int)l->n_stored, n_out = (int)l->n_out, size = (int)l->size;
    double dbeta = 0;
    (void)dx;
    (void)y;
    output_backward(l, grad, dy, n);
    blas_nt(l->dp, l->dnum, l->value, n, n_stored, n_out, false);
    blas_nt(l->dp, l->dden, l->theta + l->known_at, n, n_stored, n_out, true);
    softmax_backward(l, n);
    blas_nn(l->da, l->dp, l->stored.a, n, size, n_stored, false); /* z = β a · a_i */
    blas_tn(l->dstored, l->dp, l->row.a, n_stored, size, n, false);
    for (Index i = 0; i < (Index)n * size; i++) dbeta += (double)l->da[i] * (double)l->row.a[i], l->da[i] *= l->beta;
    for (Index i = 0; i < l->n_stored * size; i++) l->dstored[i] *= l->beta;
    if (l->learns_beta) grad[l->beta_at] += (real)dbeta;
    ZERO(l->dwt, l->base.n_in * l->size);
    space_backward(l, l->da, &l->row, x, l->base.in, n);
    space_backward(l, l->dstored, &l->stored, l->theta + l->pattern_at, l->base.n_in, l->n_stored);
    for (Index j = 0; j < l->size; j++)
        for (Index f = 0; f < l->base.n_in; f++) grad[l->w_at + j * l->base.n_in + f] += l->dwt[f * l->size + j];
}

static void store(const void *self, real *theta, int i, const real *x, const real *label, const real *known)
{
    const TrainingLayer *l = self;
    memcpy(theta + l->pattern_at + i * l->base.n_in, x, l->base.n_in * sizeof *x);
    memcpy(theta + l->label_at + i * l->n_out, label, l->n_out * sizeof *label);
    memcpy(theta + l->known_at + i * l->n_out, known, l->n_out * sizeof *known);
}

static int n_stored(const void *self)
{
    return (int)((const TrainingLayer *)self)->n_stored;
}

const LayerType layer_training = {
    .name = "lookup",
    .size = sizeof(TrainingLayer),
    .init = init,
    .plan = plan,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .block = block,
    .n_stored = n_stored,
    .store = store,
};
