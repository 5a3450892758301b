/* SPDX-License-Identifier: MIT
 *
 * simulate_plan.c: what each bag is to be, before the first is drawn: batch, label, size, carriers. Each is drawn from
 * streams of its own, so that a setting changes nothing but what it is about.
 */
#include "data/simulate/simulate_parts.h"
#include "data/simulate/variate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MOST 100000000

/* ---- batches and labels ---- */

static Rng cohort_stream(const Simulator *s, const char *purpose, int index)
{
    return rng_stream(s->seed, purpose, s->offset + (uint64_t)index);
}

/* Bags in random order, 0 … n - 1. */
static void shuffle(int *order, int n, Rng rng)
{
    for (int b = 0; b < n; b++) order[b] = b;
    rng_shuffle(&rng, order, n);
}

static void draw_batches(Simulator *s, int *order)
{
    const int n = s->options->n_bag, n_batch = s->options->batches;
    for (int b = 0; b < n; b++) s->bag[b].batch = -1;
    if (n_batch == 0) return;
    shuffle(order, n, cohort_stream(s, "batch", 0));
    for (int i = 0; i < n; i++) s->bag[order[i]].batch = i % n_batch;
}

/* +1 for even batches, -1 for odd ones, 0 without batches. */
static int batch_sign(const SimulateBag *bag)
{
    return bag->batch < 0 ? 0 : bag->batch % 2 ? -1 : 1;
}

/* How many bags of a batch are positive. */
static int batch_quota(const Simulator *s, int batch)
{
    const double share = s->options->positive * (1 + (batch % 2 ? -1 : 1) * s->options->batch_labels);
    int n = 0;
    for (int b = 0; b < s->options->n_bag; b++) n += s->bag[b].batch == batch;
    return (int)lround(fmin(1, share) * n);
}

/* The bags of one batch that come first in the order, as many as its quota. */
static void label_batches(Simulator *s, const int *order, uint64_t bit)
{
    for (int k = 0; k < s->options->batches; k++) {
        int left = batch_quota(s, k);
        for (int i = 0; i < s->options->n_bag && left > 0; i++) {
            SimulateBag *bag = &s->bag[order[i]];
            if (bag->batch != k) continue;
            bag->truth |= bit;
            left--;
        }
    }
}

/* Sets `bit` in the share of bags that is positive. */
static void label_bags(Simulator *s, int *order, int index, uint64_t bit)
{
    const SimulateOptions *o = s->options;
    const int n_positive = (int)lround(o->positive * o->n_bag);
    shuffle(order, o->n_bag, cohort_stream(s, "label", index));
    if (o->batches > 0 && o->batch_labels > 0)
        label_batches(s, order, bit);
    else
        for (int i = 0; i < n_positive; i++) s->bag[order[i]].truth |= bit;
}

/* Signals take turns among the positive bags, in their random order. */
static void deal_signals(Simulator *s, const int *order)
{
    int turn = 0;
    for (int i = 0; i < s->options->n_bag; i++) {
        SimulateBag *bag = &s->bag[order[i]];
        if (bag->truth) bag->truth = UINT64_C(1) << (turn++ % s->n_signal);
    }
}

static void draw_labels(Simulator *s, int *order)
{
    if (s->options->labels == LABELS_COLUMNS) {
        for (int k = 0; k < s->n_signal; k++) label_bags(s, order, k, UINT64_C(1) << k);
    } else {
        label_bags(s, order, 0, 1);
        deal_signals(s, order);
    }
    for (int b = 0; b < s->options->n_bag; b++) {
        SimulateBag *bag = &s->bag[b];
        bag->signal = bag->truth ? __builtin_ctzll(bag->truth) : -1;
        bag->shown = bag->truth;
    }
}

/* A wrong label: the other class, of several signals any; with columns each column for itself. */
static void add_noise(Simulator *s, int b)
{
    SimulateBag *bag = &s->bag[b];
    Rng rng = cohort_stream(s, "noise", b);
    if (s->options->labels == LABELS_COLUMNS) {
        for (int k = 0; k < s->n_signal; k++)
            if (rng_uniform(&rng) < s->options->label_noise) bag->shown ^= UINT64_C(1) << k;
    } else if (rng_uniform(&rng) < s->options->label_noise) {
        bag->shown = bag->truth ? 0 : UINT64_C(1) << rng_below(&rng, (uint64_t)s->n_signal);
    }
}

/* ---- sizes and carriers ---- */

static void draw_size(Simulator *s, const BagSize *size, int b)
{
    const SimulateOptions *o = s->options;
    SimulateBag *bag = &s->bag[b];
    Rng rng = cohort_stream(s, "size", b);
    const double effect = (bag->truth ? 0.5 : -0.5) * o->size_effect + 0.5 * batch_sign(bag) * o->batch_size;
    bag->n = bagsize_draw(size, o->n_seq, effect, SIZE_MOST, &rng);
}

static double draw_rate(double rate, const OptionNumbers *beta, Rng *rng)
{
    return beta->n == 2 ? variate_beta(beta->number[0], beta->number[1], rng) : rate;
}

static int draw_carriers(const SimulateOptions *o, double rate, int n, Rng *rng)
{
    const bool at_least_one =
        o->at_least_one == FLOOR_YES || (o->at_least_one == FLOOR_AUTO && o->rate_mode == RATE_EXACT);
    int n_carrier = (int)lround(rate * n);
    if (o->rate_mode == RATE_BINOMIAL) n_carrier = variate_binomial(n, rate, rng);
    if (o->rate_mode == RATE_POISSON) n_carrier = variate_poisson(rate * n, n, rng);
    return n_carrier == 0 && rate > 0 && at_least_one ? 1 : n_carrier;
}

/* Carriers of each signal: of those that the bag has, at the positive rate; of others, at the negative one. A negative bag has
 * one signal's, by turns, unless each signal has a column. */
static void draw_counts(Simulator *s, int b)
{
    const SimulateOptions *o = s->options;
    const SimulateBag *bag = &s->bag[b];
    int *n_carrier = s->n_carrier + (size_t)b * (size_t)s->n_signal, left = bag->n;
    Rng rng = cohort_stream(s, "carriers", b);
    const double positive = draw_rate(o->rate, &o->rate_beta, &rng);
    const double negative = draw_rate(o->rate_negative, &o->rate_negative_beta, &rng);
    const int stray = bag->truth ? -1 : b % s->n_signal;
    for (int k = 0; k < s->n_signal; k++) {
        const bool carries = bag->truth >> k & 1;
        const double rate = carries ? positive : o->labels == LABELS_COLUMNS || k == stray ? negative : 0;
        n_carrier[k] = draw_carriers(o, rate, bag->n, &rng);
        if (n_carrier[k] > left) n_carrier[k] = left;
        left -= n_carrier[k];
    }
}

static int sum_carriers(const Simulator *s, int b)
{
    int sum = 0;
    for (int k = 0; k < s->n_signal; k++) sum += s->n_carrier[(size_t)b * (size_t)s->n_signal + (size_t)k];
    return sum;
}

static void summarise(Simulator *s)
{
    SimulateResult *r = s->result;
    r->n_carrier_min = -1;
    for (int b = 0; b < r->n_bag; b++) {
        const SimulateBag *bag = &s->bag[b];
        const int n = sum_carriers(s, b);
        int *most = bag->truth ? &r->n_carrier : &r->n_carrier_negative;
        r->n_seq += bag->n;
        r->n_positive += bag->truth != 0;
        if (n > *most) *most = n;
        if (bag->truth && (r->n_carrier_min < 0 || n < r->n_carrier_min)) r->n_carrier_min = n;
        if (bag->n > s->n_most) s->n_most = bag->n;
        if (n > s->c_most) s->c_most = n;
    }
    if (r->n_carrier_min < 0) r->n_carrier_min = 0;
}

/* Settings that would do nothing, which nobody means. */
static Status check_used(const Simulator *s)
{
    const SimulateOptions *o = s->options;
    if (o->spike && o->signal != SIGNAL_PUBLIC)
        return fail(ERR_CONFIG, "simulate.spike: set simulate.signal to public, or leave the list out");
    if (o->batches == 0 && (o->batch_labels > 0 || o->batch_size != 0 || o->batch_spread > 0))
        return fail(ERR_CONFIG, "simulate.%s: there are no batches; set simulate.batches",
                    o->batch_labels > 0  ? "batch_labels"
                    : o->batch_size != 0 ? "batch_size"
                                         : "batch_spread");
    if (o->counts_effect != 0 && s->counts.type == &countlaw_none)
        return fail(ERR_CONFIG, "simulate.counts_effect: every count is 1; set simulate.counts");
    return OK;
}

static Status check_numbers(const SimulateOptions *o)
{
    const OptionNumbers *beta[] = {&o->rate_beta, &o->rate_negative_beta};
    for (int i = 0; i < 2; i++)
        if (beta[i]->n != 0 && beta[i]->n != 2)
            return fail(ERR_CONFIG, "simulate.%s has %d numbers; the beta distribution has two, a and b",
                        i ? "rate_negative_beta" : "rate_beta", beta[i]->n);
    return OK;
}

Status simulate_plan_bags(Simulator *s)
{
    const SimulateOptions *o = s->options;
    const size_t n = (size_t)o->n_bag;
    BagSize size;
    TRY(check_used(s));
    TRY(check_numbers(o));
    TRY(bagsize_parse(&size, o->size));
    int *order = malloc(n * sizeof *order);
    s->bag = calloc(n, sizeof *s->bag);
    s->n_carrier = calloc(n * (size_t)s->n_signal, sizeof *s->n_carrier);
    if (!order || !s->bag || !s->n_carrier) {
        free(order);
        return fail(ERR_MEMORY, "labels of %d bags: out of memory", o->n_bag);
    }
    draw_batches(s, order);
    draw_labels(s, order);
    free(order);
    for (int b = 0; b < o->n_bag; b++) {
        if (o->label_noise > 0) add_noise(s, b);
        draw_size(s, &size, b);
        if (s->signal->carries) draw_counts(s, b);
    }
    summarise(s);
    return OK;
}
