/* SPDX-License-Identifier: MIT
 *
 * bagkernel_fit.c: one fit of a kernel: inner folds choose among powers and costs, then all training bags are learned.
 */
#include "rival/bagkernel_parts.h"
#include "rival/machine.h"
#include "rival/rivalchoice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TIE 1e-9 /* figures nearer than this are equal, and the smaller cost is taken */

typedef struct {
    RivalFit *fit;
    const BagKernelView *view;
    Machine machine;
    int n_power, n_cost, n_candidate; /* candidate p · n_cost + c */
    Dual dual;
    int *bag, *other; /* [n_train] training bags of the problem at hand (members); places in fit->train held out */
    double *label, *factor; /* [n_train] labels; [n] size^-e */
    int *place;             /* [n_train] places in fit->train of `bag` */
    double *k, *mean;       /* [n_train, n_train]; [n_train] mean of a row before centring */
    double scale, centre;   /* of the problem: 1 / mean diagonal; mean of all inner products */
    double *output;         /* [n_candidate, n_train, n_out] of held-out bags */
    double *start;          /* [n_train] scratch */
    MetricRank *rank;       /* [n_train] */
} Work;

static void work_free(Work *w)
{
    dual_free(&w->dual);
    free(w->bag), free(w->other), free(w->place), free(w->label), free(w->factor);
    free(w->k), free(w->mean), free(w->output), free(w->rank), free(w->start);
}

static Status work_new(Work *w, RivalFit *fit, const BagKernelView *view)
{
    const BagKernel *kernel = view->kernel;
    const size_t n = (size_t)fit->n_train + 1;
    *w = (Work){.fit = fit,
                .view = view,
                .machine = kernel->as_is  ? machine_svm
                           : fit->n_class ? machine_logistic
                                          : machine_ridge,
                .n_power = kernel->n_power ? kernel->n_power : 1,
                .n_cost = kernel->n_cost,
                .n_candidate = (kernel->n_power ? kernel->n_power : 1) * kernel->n_cost};
    TRY(dual_new(&w->dual, fit->n_train));
    w->bag = malloc(n * sizeof *w->bag);
    w->other = malloc(n * sizeof *w->other);
    w->place = malloc(n * sizeof *w->place);
    w->label = malloc(n * sizeof *w->label);
    w->factor = malloc(((size_t)view->n + 1) * sizeof *w->factor);
    w->k = malloc(n * n * sizeof *w->k);
    w->mean = malloc(n * sizeof *w->mean);
    w->start = malloc(n * sizeof *w->start);
    w->rank = malloc(n * sizeof *w->rank);
    w->output = malloc(n * (size_t)(w->n_candidate * fit->n_out) * sizeof *w->output);
    const bool good = w->bag && w->other && w->place && w->label && w->factor && w->k && w->mean && w->start &&
                      w->rank && w->output;
    return good ? OK : fail(ERR_MEMORY, "no memory for the inner products of %d bags", fit->n_train);
}

static double power_of(const Work *w, int candidate)
{
    const BagKernel *kernel = w->view->kernel;
    return kernel->n_power ? kernel->power[candidate / w->n_cost] : 0;
}

static double cost_of(const Work *w, int candidate)
{
    return w->view->kernel->cost[candidate % w->n_cost];
}

/* ---- a problem: training bags, power ---- */

/* size^-e; a bag of size 0 has no features, so its factor does not matter. */
static void set_factors(Work *w, double power)
{
    const double *size = w->view->size;
    for (int i = 0; i < w->view->n; i++)
        w->factor[i] = !size || power == 0 ? 1 : size[i] > 0 ? pow(size[i], -power) : 0;
}

static double product(const Work *w, const double *gram, int i, int j)
{
    return gram[(size_t)i * (size_t)w->view->n + (size_t)j] * w->factor[i] * w->factor[j];
}

/* k [n, n] of the bags listed: centred, of mean diagonal 1, unless the kernel is taken as it is. */
static void fill_problem(Work *w, const double *gram, int n)
{
    double diagonal = 0;
    w->centre = 0;
    for (int i = 0; i < n; i++) {
        double *row = w->k + (size_t)i * (size_t)n, sum = 0;
        for (int j = 0; j < n; j++) sum += row[j] = product(w, gram, w->bag[i], w->bag[j]);
        w->mean[i] = sum / n;
        w->centre += sum / n / n;
    }
    w->scale = 1;
    if (w->view->kernel->as_is) return;
    for (int i = 0; i < n; i++) diagonal += (w->k[(size_t)i * (size_t)(n + 1)] - 2 * w->mean[i] + w->centre) / n;
    w->scale = diagonal > 0 ? 1 / diagonal : 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double *cell = &w->k[(size_t)i * (size_t)n + (size_t)j];
            *cell = (*cell - w->mean[i] - w->mean[j] + w->centre) * w->scale;
        }
}

/* Output of another bag: Σ a_i k(x_i, x) + b. Its own mean drops out where Σ a_i is 0. */
static double predict(const Work *w, const double *gram, int n, int member)
{
    double sum = 0, mean = 0;
    for (int i = 0; i < n; i++) w->start[i] = product(w, gram, w->bag[i], member);
    if (!w->view->kernel->as_is)
        for (int i = 0; i < n; i++) mean += w->start[i] / n;
    for (int i = 0; i < n; i++) {
        const double k =
            w->view->kernel->as_is ? w->start[i] : (w->start[i] - mean - w->mean[i] + w->centre) * w->scale;
        sum += w->dual.a[i] * k;
    }
    return sum + w->dual.b;
}

/* Labels of one output: one class against the others, or numbers. */
static void set_labels(Work *w, int n, int output)
{
    const RivalFit *f = w->fit;
    const int class = f->n_class == 2 ? 1 : output;
    for (int i = 0; i < n; i++) {
        const double label = f->label[w->place[i]];
        w->label[i] = f->n_class ? label == class : label;
    }
}

/* A class that is not there, or all of it, cannot be told from the others: its output is constant. */
static bool one_sided(const Work *w, int n)
{
    for (int i = 1; i < n && w->fit->n_class; i++)
        if (w->label[i] != w->label[0]) return false;
    return w->fit->n_class > 0;
}

static Status learn(Work *w, int n, double cost)
{
    const MachineInput in = {.k = w->k, .label = w->label, .n = n, .cost = cost};
    if (!one_sided(w, n)) return w->machine(&w->dual, &in);
    dual_reset(&w->dual);
    w->dual.b = n > 0 && w->label[0] > 0.5 ? 1 : -1;
    return OK;
}

/* ---- inner folds ---- */

static double *held_output(const Work *w, int candidate, int place)
{
    return w->output + ((size_t)candidate * (size_t)w->fit->n_train + (size_t)place) * (size_t)w->fit->n_out;
}

/* Splits the training part; returns the number of training bags, *n_held of those held out. */
static int divide(Work *w, int inner, int *n_held)
{
    int n = 0;
    *n_held = 0;
    for (int i = 0; i < w->fit->n_train; i++) {
        if (inner >= 0 && w->fit->inner[i] == inner) {
            w->other[(*n_held)++] = i;
            continue;
        }
        w->place[n] = i;
        w->bag[n++] = w->fit->train[i];
    }
    return n;
}

static Status try_candidates(Work *w, int inner, int power)
{
    int n_held;
    const double *gram = w->view->inner[inner];
    const int n = divide(w, inner, &n_held);
    set_factors(w, power_of(w, power * w->n_cost));
    fill_problem(w, gram, n);
    for (int o = 0; o < w->fit->n_out; o++) {
        set_labels(w, n, o);
        dual_reset(&w->dual);
        for (int c = 0; c < w->n_cost; c++) {
            const int candidate = power * w->n_cost + c;
            TRY(learn(w, n, cost_of(w, candidate)));
            for (int h = 0; h < n_held; h++)
                held_output(w, candidate, w->other[h])[o] = predict(w, gram, n, w->fit->train[w->other[h]]);
        }
    }
    return OK;
}

/* The more the better. */
static double figure_of(const Work *w, int candidate)
{
    const RivalFit *f = w->fit;
    if (f->n_class) return rivalchoice_area(f, held_output(w, candidate, 0), w->rank);
    double sum = 0;
    for (int i = 0; i < f->n_train; i++) {
        const double far = held_output(w, candidate, i)[0] - f->label[i];
        sum += far * far / f->n_train;
    }
    return -sum;
}

/* The first of the best; within a power costs ascend, so the smallest. */
static int choose(const Work *w, double *figure)
{
    int best = 0;
    *figure = figure_of(w, 0);
    for (int k = 1; k < w->n_candidate; k++) {
        const double value = figure_of(w, k);
        if (isnan(value) || (!isnan(*figure) && value <= *figure + TIE * fabs(*figure))) continue;
        best = k;
        *figure = value;
    }
    return best;
}

static Status run_inner(Work *w, int *best, double *figure)
{
    const RivalFit *f = w->fit;
    const size_t n = (size_t)f->n_train * (size_t)f->n_out;
    *best = w->n_cost / 2;
    *figure = NAN;
    for (size_t i = 0; i < n; i++) f->inner_output[i] = NAN;
    if (f->n_inner == 0) return OK;
    for (int q = 0; q < f->n_inner; q++)
        for (int p = 0; p < w->n_power; p++) TRY(try_candidates(w, q, p));
    *best = choose(w, figure);
    memcpy(f->inner_output, held_output(w, *best, 0), n * sizeof *f->inner_output);
    return OK;
}

/* ---- all training bags ---- */

/* Σ a_i (k_ix - mean_i) scale + b: with the weights of the original features in the solution. */
static void keep_solution(BagKernelSolution *s, const Work *w, int n, int output)
{
    double shift = 0;
    for (int i = 0; i < n; i++) {
        const double a = w->dual.a[i] * w->scale;
        s->weight[(size_t)output * (size_t)w->view->n + (size_t)w->bag[i]] = a * w->factor[w->bag[i]];
        if (!w->view->kernel->as_is) shift += a * w->mean[i];
    }
    s->intercept[output] = w->dual.b - shift;
}

static Status run_outer(Work *w, BagKernelSolution *s)
{
    int n_held;
    const RivalFit *f = w->fit;
    const double *gram = w->view->gram;
    const int n = divide(w, -1, &n_held);
    set_factors(w, s->power);
    fill_problem(w, gram, n);
    for (int o = 0; o < f->n_out; o++) {
        set_labels(w, n, o);
        dual_reset(&w->dual);
        TRY(learn(w, n, s->cost));
        for (int i = 0; i < f->n_test; i++)
            f->test_output[(size_t)i * (size_t)f->n_out + (size_t)o] = predict(w, gram, n, f->test[i]);
        if (f->keep) keep_solution(s, w, n, o);
    }
    return OK;
}

static Status record_choice(RivalFit *f, const Work *w, const BagKernelSolution *s, double figure)
{
    json_t *choice = json_pack("{s:f}", "C", s->cost);
    if (choice && w->view->kernel->n_power) json_object_set_new(choice, "power", json_real(s->power));
    if (choice && !isnan(figure))
        json_object_set_new(choice, f->n_class ? "inner_auc" : "inner_mse", json_real(f->n_class ? figure : -figure));
    f->choice = choice;
    return choice ? OK : fail(ERR_MEMORY, "no memory for what was chosen");
}

Status bagkernel_fit_one(RivalFit *fit, BagKernelSolution *solution, const BagKernelView *view)
{
    Work w = {0};
    int best;
    double figure;
    Status status;
    TRY_DONE(work_new(&w, fit, view));
    TRY_DONE(run_inner(&w, &best, &figure));
    solution->power = power_of(&w, best);
    solution->cost = cost_of(&w, best);
    TRY_DONE(run_outer(&w, solution));
    TRY_DONE(record_choice(fit, &w, solution, figure));
done:
    work_free(&w);
    return status;
}
