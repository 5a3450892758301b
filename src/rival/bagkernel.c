/* SPDX-License-Identifier: MIT
 *
 * bagkernel.c: batches of fits of a kernel. Fits that share training bags share their inner products, so a permutation test
 * costs no more counting.
 */
#include "rival/bagkernel.h"
#include "core/parallel.h"
#include "rival/bagkernel_parts.h"
#include "rival/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRAM_BYTES ((size_t)1 << 29) /* of inner products held at once, but at least those of one fit */

typedef struct {
    const Rival *rival;
    const BagKernel *kernel;
    const RivalBags *bags;
    RivalBags own; /* what bags points to */
    void *inside;  /* the kernel's own state */
} BagKernelState;

static const BagKernel *kernel_of(const Rival *rival)
{
    return *(const BagKernel *const *)rival->detail;
}

Status bagkernel_open(void **out, const Rival *rival, const RivalBags *bags)
{
    BagKernelState *s = calloc(1, sizeof *s);
    *out = s;
    if (!s) return fail(ERR_MEMORY, "no memory for %s", rival->name);
    *s = (BagKernelState){.rival = rival, .kernel = kernel_of(rival), .own = *bags};
    s->bags = &s->own;
    machine_start();
    return s->kernel->open(&s->inside, rival, s->bags);
}

void bagkernel_close(void *state)
{
    BagKernelState *s = state;
    if (!s) return;
    s->kernel->close(s->inside);
    free(s);
}

Status bagkernel_single(json_t **out, void *state, const double *label)
{
    BagKernelState *s = state;
    return s->kernel->single(out, s->inside, label);
}

/* ---- which sets fits need ---- */

/* A training part, all of it or without an inner fold. */
typedef struct {
    const RivalFit *fit; /* the first that needs it */
    int inner;           /* left out; -1: none */
} SetKey;

typedef struct {
    BagKernelState *state;
    RivalFit *fit;               /* [n_fit] of the batch */
    int n_fit, n_set, n_slot;    /* n_slot: sets a fit has */
    SetKey *key;                 /* [n_set] */
    BagKernelSet *set;           /* [n_set] */
    int *of_fit;                 /* [n_fit, n_slot] set of the training part, then of each inner part */
    BagKernelSolution *solution; /* [n_fit] */
    char **sentence;             /* [n_fit] of what failed */
    Status *status;              /* [n_fit] */
} FitBatch;

static bool same_ints(const int *a, const int *b, int n)
{
    return a == b || memcmp(a, b, (size_t)n * sizeof *a) == 0;
}

static bool same_set(const SetKey *a, const SetKey *b)
{
    const RivalFit *x = a->fit, *y = b->fit;
    if (a->inner != b->inner || x->n_train != y->n_train || !same_ints(x->train, y->train, x->n_train)) return false;
    return a->inner < 0 || same_ints(x->inner, y->inner, x->n_train);
}

static int find_set(FitBatch *b, SetKey key)
{
    for (int k = b->n_set - 1; k >= 0; k--)
        if (same_set(&b->key[k], &key)) return k;
    b->key[b->n_set] = key;
    return b->n_set++;
}

static int slots_of(const BagKernelState *s, const RivalFit *fit)
{
    return 1 + (s->kernel->inner ? fit->n_inner : 0);
}

/* Adds sets of a fit; *n_new: how many more. */
static void list_sets(FitBatch *b, int f)
{
    for (int k = 0; k < slots_of(b->state, &b->fit[f]); k++)
        b->of_fit[f * b->n_slot + k] = find_set(b, (SetKey){&b->fit[f], k - 1});
}

static void fill_member(bool *member, const SetKey *key)
{
    const RivalFit *f = key->fit;
    for (int i = 0; i < f->n_train; i++)
        if (key->inner < 0 || f->inner[i] != key->inner) member[f->train[i]] = true;
}

static void batch_free(FitBatch *b)
{
    for (int k = 0; b->set && k < b->n_set; k++) {
        free((void *)(size_t)b->set[k].member);
        free(b->set[k].gram);
    }
    for (int f = 0; b->solution && f < b->n_fit; f++) {
        free(b->solution[f].weight);
        free(b->solution[f].intercept);
    }
    for (int f = 0; b->sentence && f < b->n_fit; f++) free(b->sentence[f]);
    free(b->sentence);
    free(b->key);
    free(b->set);
    free(b->of_fit);
    free(b->solution);
    free(b->status);
}

static Status make_set(BagKernelSet *set, const SetKey *key, int n)
{
    bool *member = calloc((size_t)n + 1, sizeof *member);
    set->member = member;
    set->gram = calloc((size_t)n * (size_t)n + 1, sizeof *set->gram);
    if (!member || !set->gram) return fail(ERR_MEMORY, "no memory for the inner products of %d bags", n);
    fill_member(member, key);
    return OK;
}

static Status make_solution(BagKernelSolution *s, const RivalFit *fit, int n)
{
    *s = (BagKernelSolution){0};
    if (!fit->keep) return OK;
    s->weight = calloc((size_t)fit->n_out * (size_t)n + 1, sizeof *s->weight);
    s->intercept = calloc((size_t)fit->n_out + 1, sizeof *s->intercept);
    return s->weight && s->intercept ? OK : fail(ERR_MEMORY, "no memory for a model of %d bags", n);
}

/* As many fits as their sets allow, at least one; returns how many. */
static int count_fits(BagKernelState *s, RivalFit *fit, int n)
{
    const size_t bytes = (size_t)s->bags->cohort->n * (size_t)s->bags->cohort->n * sizeof(double) + 1;
    const int room = (int)fmin(1e6, (double)(GRAM_BYTES / bytes));
    int n_set = 0, f;
    for (f = 0; f < n; f++) {
        const bool repeats = f > 0 && same_set(&(SetKey){&fit[f], -1}, &(SetKey){&fit[f - 1], -1});
        if (!repeats) n_set += slots_of(s, &fit[f]);
        if (f > 0 && n_set > room) break;
    }
    return f;
}

static Status batch_new(FitBatch *b, BagKernelState *s, RivalFit *fit, int n_fit)
{
    const int n = s->bags->cohort->n;
    *b = (FitBatch){.state = s, .fit = fit, .n_fit = n_fit, .n_slot = 1};
    for (int f = 0; f < n_fit; f++)
        if (slots_of(s, &fit[f]) > b->n_slot) b->n_slot = slots_of(s, &fit[f]);
    const size_t room = (size_t)n_fit * (size_t)b->n_slot + 1;
    b->key = malloc(room * sizeof *b->key);
    b->set = calloc(room, sizeof *b->set);
    b->of_fit = calloc(room, sizeof *b->of_fit);
    b->solution = calloc(room, sizeof *b->solution);
    b->status = calloc(room, sizeof *b->status);
    b->sentence = calloc(room, sizeof *b->sentence);
    if (!b->sentence || !b->key || !b->set || !b->of_fit || !b->solution || !b->status)
        return fail(ERR_MEMORY, "no memory for %d fits", n_fit);
    for (int f = 0; f < n_fit; f++) list_sets(b, f);
    for (int k = 0; k < b->n_set; k++) TRY(make_set(&b->set[k], &b->key[k], n));
    for (int f = 0; f < n_fit; f++) TRY(make_solution(&b->solution[f], &fit[f], n));
    return OK;
}

/* ---- fitting ---- */

static void fit_chunk(void *context, int f, int thread)
{
    FitBatch *b = context;
    RivalFit *fit = &b->fit[f];
    const BagKernelState *s = b->state;
    const int *of_fit = b->of_fit + (ptrdiff_t)f * b->n_slot;
    const double **inner = malloc(((size_t)fit->n_inner + 1) * sizeof *inner);
    (void)thread;
    b->status[f] = inner ? OK : ERR_MEMORY;
    if (!inner || stop_is_set(s->bags->stop)) {
        free(inner);
        return;
    }
    for (int q = 0; q < fit->n_inner; q++) inner[q] = b->set[of_fit[s->kernel->inner ? q + 1 : 0]].gram;
    const BagKernelView view = {.kernel = s->kernel,
                                .size = s->kernel->sizes ? s->kernel->sizes(s->inside) : NULL,
                                .n = s->bags->cohort->n,
                                .gram = b->set[of_fit[0]].gram,
                                .inner = inner};
    b->status[f] = bagkernel_fit_one(fit, &b->solution[f], &view);
    if (b->status[f] != OK) b->sentence[f] = strdup(status_sentence()); /* it is this thread's */
    free(inner);
}

static Status add_intercept(RivalModel *m, const BagKernelSolution *s, int n_out)
{
    void *data;
    const int64_t shape[] = {n_out};
    TRY(rival_model_add(m, &data, "intercept", TENSOR_F64, 1, shape));
    memcpy(data, s->intercept, (size_t)n_out * sizeof *s->intercept);
    return json_object_set_new(m->facts, "power", json_real(s->power)) == 0
               ? OK
               : fail(ERR_MEMORY, "no memory for a model of %s", m->rival->name);
}

static Status make_models(FitBatch *b)
{
    BagKernelState *s = b->state;
    int n = 0;
    BagKernelWeights *weights = calloc((size_t)b->n_fit + 1, sizeof *weights);
    Status status = weights ? OK : fail(ERR_MEMORY, "no memory for %d models", b->n_fit);
    for (int f = 0; f < b->n_fit && status == OK; f++) {
        RivalFit *fit = &b->fit[f];
        if (!fit->keep) continue;
        status = rival_model_new(&fit->model, s->rival);
        if (status == OK) status = add_intercept(fit->model, &b->solution[f], fit->n_out);
        weights[n++] = (BagKernelWeights){.member = b->set[b->of_fit[f * b->n_slot]].member,
                                          .n_out = fit->n_out,
                                          .weight = b->solution[f].weight,
                                          .model = fit->model};
    }
    if (status == OK && n > 0) status = s->kernel->weigh(s->inside, weights, n);
    free(weights);
    return status;
}

static Status run_batch(BagKernelState *s, RivalFit *fit, int n)
{
    FitBatch b;
    Status status;
    TRY_DONE(batch_new(&b, s, fit, n));
    TRY_DONE(s->kernel->grams(s->inside, b.set, b.n_set));
    parallel_for(n, fit_chunk, &b);
    TRY_DONE(stop_check(s->bags->stop, "; nothing was written"));
    for (int f = 0; f < n; f++)
        if (b.status[f] != OK)
            TRY_DONE(fail(b.status[f], "%s", b.sentence[f] ? b.sentence[f] : "no memory for a fit"));
    TRY_DONE(make_models(&b));
done:
    batch_free(&b);
    return status;
}

Status bagkernel_fit(void *state, RivalFit *fit, int n)
{
    BagKernelState *s = state;
    for (int at = 0; at < n;) {
        const int n_fit = count_fits(s, fit + at, n - at);
        TRY(run_batch(s, fit + at, n_fit));
        at += n_fit;
    }
    return OK;
}

/* ---- models ---- */

typedef struct {
    const BagKernel *kernel;
    void *inside;
    int n_model, n_out;
    double *power;     /* [n_model] */
    double *intercept; /* [n_model, n_out] */
} Applier;

static Status read_solution(Applier *a, int k, const RivalModel *m)
{
    const Tensor *t;
    const json_t *power = json_object_get(m->facts, "power");
    const int64_t shape[] = {k == 0 ? -1 : a->n_out};
    TRY(rival_model_tensor(&t, m, "intercept", TENSOR_F64, 1, shape));
    if (k == 0) {
        if (t->shape[0] < 1 || t->shape[0] > 1 << 20)
            return fail(ERR_MODEL, "a model of %s has no outputs", m->rival->name);
        a->n_out = (int)t->shape[0];
        a->intercept = calloc((size_t)a->n_model * (size_t)a->n_out, sizeof *a->intercept);
        if (!a->intercept) return fail(ERR_MEMORY, "no memory for %d models", a->n_model);
    }
    if (!json_is_number(power) || json_number_value(power) < 0 || json_number_value(power) > 1)
        return fail(ERR_MODEL, "a model of %s does not state its power, 0 to 1", m->rival->name);
    a->power[k] = json_number_value(power);
    memcpy(a->intercept + (size_t)k * (size_t)a->n_out, t->data, (size_t)a->n_out * sizeof *a->intercept);
    return OK;
}

void bagkernel_apply_close(void *applier)
{
    Applier *a = applier;
    if (!a) return;
    if (a->kernel) a->kernel->apply_close(a->inside);
    free(a->power);
    free(a->intercept);
    free(a);
}

Status bagkernel_apply_open(void **out, RivalModel *const *model, int n_model, const Cohort *cohort)
{
    Applier *a = calloc(1, sizeof *a);
    *out = a;
    if (!a) return fail(ERR_MEMORY, "no memory for %d models", n_model);
    a->kernel = kernel_of(model[0]->rival);
    a->n_model = n_model;
    a->power = calloc((size_t)n_model + 1, sizeof *a->power);
    if (!a->power) return fail(ERR_MEMORY, "no memory for %d models", n_model);
    for (int k = 0; k < n_model; k++) TRY(read_solution(a, k, model[k]));
    return a->kernel->apply_open(&a->inside, model, n_model, cohort);
}

Status bagkernel_apply(double *output, void *applier, int member)
{
    Applier *a = applier;
    double size = 1;
    TRY(a->kernel->product(output, &size, a->inside, member));
    for (int k = 0; k < a->n_model; k++) {
        const double factor = a->power[k] == 0 ? 1 : size > 0 ? pow(size, -a->power[k]) : 0;
        for (int o = 0; o < a->n_out; o++) {
            double *y = &output[k * a->n_out + o];
            *y = *y * factor + a->intercept[k * a->n_out + o];
        }
    }
    return OK;
}

Status bagkernel_rank(double *score, void *applier, int member, int output)
{
    Applier *a = applier;
    if (a->kernel->rank) return a->kernel->rank(score, a->inside, member, output);
    return fail(ERR_USAGE, "this method ranks no sequences");
}
