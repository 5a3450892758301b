/* SPDX-License-Identifier: MIT */
#include "study/associative.h"
#include "core/number.h"
#include "nn/densememory.h"
#include "nn/dynamics.h"
#include "nn/hopfield82.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row a kind, in the order of ASSOCIATIVE_KINDS. */
struct AssociativeKind {
    const char *name;
    bool binary;
    DenseKind dense;
    double update; /* nanoseconds of an entry of a pattern, of hopfield82 of a weight (core/cost.h) */
    Status (*learn)(Associative *a); /* or NULL */
    void (*recall)(Recalled *out, const Associative *a, AssociativeScratch *s, const double *cue, bool whole);
    double (*energy)(const Associative *a, const int8_t *s); /* of binary kinds */
    int (*sweep)(const Associative *a, AssociativeScratch *s, int n_order);
};

/* Is another update wanted after t of them? */
static bool goes_on(const Associative *a, int t)
{
    return t < (a->o.steps < 0 ? ASSOCIATIVE_CAP : a->o.steps);
}

/* ---- continuous ---- */

static void recall_continuous(Recalled *out, const Associative *a, AssociativeScratch *s, const double *cue,
                              bool whole)
{
    const RecallMemory *m = &a->memory;
    const bool *kept = whole || a->o.release ? NULL : s->known;
    const size_t bytes = (size_t)m->d * sizeof *cue;
    memcpy(out->state, cue, bytes);
    if (whole) out->energy_first = recall_energy(m, out->state, s->p);
    for (int t = 0; goes_on(a, t) && !out->converged; t++) {
        recall_associate(s->p, m, out->state, t == 0 && !whole ? s->known : NULL);
        out->converged = recall_read(out->state, m, s->p, kept, s->next) <= a->least;
        out->updates += !out->converged;
        if (t > 0) continue;
        memcpy(out->first, out->state, bytes);
        if (!whole) out->energy_first = recall_energy(m, out->state, s->rank);
    }
    out->energy_last = recall_energy(m, out->state, s->p);
    recall_associate(s->p, m, out->state, NULL);
    for (int i = 0; i < m->n; i++) out->p_max = fmax(out->p_max, s->p[i]);
    out->k = dynamics_k(s->p, m->n, 0.9, s->rank);
}

/* ---- two values ---- */

static int find_values(double value[2], const double *x, size_t n)
{
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        if ((found > 0 && x[i] == value[0]) || (found > 1 && x[i] == value[1])) continue;
        if (found == 2) return 3;
        value[found++] = x[i];
    }
    return found;
}

/* The more frequent value of each entry; of equally frequent ones the higher. */
static void find_usual(Associative *a)
{
    for (Index j = 0; j < a->memory.d; j++) {
        int sum = 0;
        for (int i = 0; i < a->memory.n; i++) sum += a->sign[i * a->memory.d + j];
        a->usual[j] = sum < 0 ? -1 : 1;
    }
}

static Status make_signs(Associative *a)
{
    double value[2];
    const size_t n = (size_t)a->memory.n * (size_t)a->memory.d;
    const int found = find_values(value, a->memory.x, n);
    if (found != 2)
        return fail(ERR_FORMAT, "--kind=%s stores patterns of two values, such as -1 and 1; these have %s",
                    a->kind->name, found == 1 ? "only one" : "more; --kind=continuous stores any numbers");
    a->low = fmin(value[0], value[1]);
    a->high = fmax(value[0], value[1]);
    a->sign = malloc(n);
    a->usual = malloc((size_t)a->memory.d);
    if (!a->sign || !a->usual) return fail(ERR_MEMORY, "no memory for %d patterns", a->memory.n);
    for (size_t i = 0; i < n; i++) a->sign[i] = a->memory.x[i] == a->high ? 1 : -1;
    find_usual(a);
    return OK;
}

static void write_values(double *to, const Associative *a, const int8_t *s)
{
    for (Index j = 0; j < a->memory.d; j++) to[j] = s[j] > 0 ? a->high : a->low;
}

/* The state that a cue begins with, and the units that may change; returns how many. */
static int begin_units(const Associative *a, AssociativeScratch *s, const double *cue, bool whole)
{
    int n = 0;
    for (int j = 0; j < a->memory.d; j++) {
        s->s[j] = s->known[j] ? (int8_t)(cue[j] == a->high ? 1 : -1) : a->usual[j];
        if (whole || a->o.release || !s->known[j]) s->order[n++] = j;
    }
    return n;
}

static void recall_binary(Recalled *out, const Associative *a, AssociativeScratch *s, const double *cue, bool whole)
{
    const int n_order = begin_units(a, s, cue, whole);
    out->energy_first = a->kind->energy(a, s->s);
    for (int t = 0; goes_on(a, t) && !out->converged; t++) {
        out->converged = a->kind->sweep(a, s, n_order) == 0;
        out->updates += !out->converged;
        if (t == 0) write_values(out->first, a, s->s);
    }
    out->energy_last = a->kind->energy(a, s->s);
    write_values(out->state, a, s->s);
}

/* ---- 1982 ---- */

static Status learn_82(Associative *a)
{
    const size_t d = (size_t)a->memory.d;
    a->weight = malloc(d * d * sizeof *a->weight);
    if (!a->weight) return fail(ERR_MEMORY, "no memory for the weights between %zu entries", d);
    hopfield82_weights(a->weight, a->sign, a->memory.n, a->memory.d);
    return OK;
}

static double energy_82(const Associative *a, const int8_t *s)
{
    return hopfield82_energy(a->weight, NULL, s, a->memory.d);
}

static int sweep_82(const Associative *a, AssociativeScratch *s, int n_order)
{
    return hopfield82_sweep(s->s, a->weight, NULL, s->order, n_order, a->memory.d);
}

/* ---- dense ---- */

static DenseMemory dense_of(const Associative *a)
{
    return (DenseMemory){
        .kind = a->kind->dense, .power = a->o.power, .x = a->sign, .n = a->memory.n, .d = a->memory.d};
}

static double energy_dense(const Associative *a, const int8_t *s)
{
    const DenseMemory m = dense_of(a);
    return m.kind == DENSE_EXP ? -densememory_log_energy(&m, s) : densememory_energy(&m, s);
}

static int sweep_dense(const Associative *a, AssociativeScratch *s, int n_order)
{
    const DenseMemory m = dense_of(a);
    return densememory_sweep(s->s, &m, s->order, n_order, s->overlap);
}

static const struct AssociativeKind kinds[] = {
    {.name = "continuous", .update = 2, .recall = recall_continuous},
    {"hopfield82", true, DENSE_POWER, 1.2, learn_82, recall_binary, energy_82, sweep_82},
    {"dense", true, DENSE_RECTIFIED, 7, NULL, recall_binary, energy_dense, sweep_dense},
    {"polynomial", true, DENSE_POWER, 7, NULL, recall_binary, energy_dense, sweep_dense},
    {"exp", true, DENSE_EXP, 12, NULL, recall_binary, energy_dense, sweep_dense},
};

/* ---- what it will take ---- */

#define REST  3.0 /* nanoseconds: energies at both ends, nearest pattern */
#define LEARN 0.7 /* of a weight, for each pattern */
#define FEW   2   /* updates */
#define MANY  6

static Cost cost_of_updates(const AssociativeOptions *o, double n, double d, double n_cue, int updates)
{
    const struct AssociativeKind *kind = &kinds[o->kind];
    const bool weights = kind->learn != NULL;
    if (o->steps > 0 && o->steps < updates) updates = o->steps;
    const double of_cue = d * (weights ? d : n) * (REST + updates * kind->update),
                 learn = weights ? LEARN * n * d * d : 0;
    const double bytes =
        d * (n * (sizeof(double) + kind->binary) + 3 * n_cue * sizeof(double) + weights * d * sizeof(double));
    return cost_of(1e-9 * (learn + n_cue * of_cue / cost_speedup()) * cost_pace(), COST_PROCESS + bytes);
}

Cost associative_cost(const AssociativeOptions *o, double n, double d, double n_cue)
{
    Cost cost = cost_of_updates(o, n, d, n_cue, FEW);
    cost.high = cost_of_updates(o, n, d, n_cue, MANY).high;
    return cost;
}

/* ---- all ---- */

const char *associative_name(int kind)
{
    return kinds[kind].name;
}

static double largest_entry(const double *x, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(x[i]));
    return largest;
}

Status associative_open(Associative *out, const AssociativeOptions *o, const double *x, int n, Index d)
{
    *out = (Associative){.kind = &kinds[o->kind],
                         .o = *o,
                         .memory = {.x = x, .n = n, .d = d, .beta = o->beta, .dot = o->dot},
                         .least = ASSOCIATIVE_MOVE * largest_entry(x, (size_t)n * (size_t)d)};
    const Status status = out->kind->binary ? make_signs(out) : OK;
    if (status != OK) associative_close(out);
    return status;
}

Status associative_learn(Associative *a)
{
    return a->kind->learn ? a->kind->learn(a) : OK;
}

void associative_close(Associative *a)
{
    free(a->sign), free(a->usual), free(a->weight);
    *a = (Associative){0};
}

Status associative_scratch(AssociativeScratch *out, const Associative *a)
{
    const size_t n = (size_t)a->memory.n, d = (size_t)a->memory.d;
    *out = (AssociativeScratch){.p = malloc(n * sizeof *out->p),
                                .rank = malloc(n * sizeof *out->rank),
                                .next = malloc(d * sizeof *out->next),
                                .known = malloc(d * sizeof *out->known),
                                .s = malloc(d * sizeof *out->s),
                                .order = malloc(d * sizeof *out->order),
                                .overlap = malloc(n * sizeof *out->overlap)};
    if (out->p && out->rank && out->next && out->known && out->s && out->order && out->overlap) return OK;
    associative_scratch_free(out);
    return fail(ERR_MEMORY, "no memory for a state of %zu patterns", n);
}

void associative_scratch_free(AssociativeScratch *s)
{
    free(s->p), free(s->rank), free(s->next), free(s->known), free(s->s), free(s->order), free(s->overlap);
    *s = (AssociativeScratch){0};
}

Status associative_check(const Associative *a, const double *cue)
{
    char text[NUMBER_ROOM], low[NUMBER_ROOM], high[NUMBER_ROOM];
    int n_known = 0;
    for (Index j = 0; j < a->memory.d; j++) {
        if (isnan(cue[j])) continue;
        n_known++;
        if (a->kind->binary && cue[j] != a->low && cue[j] != a->high)
            return fail(ERR_FORMAT, "has the entry %s; the patterns have %s and %s alone", number_text(text, cue[j]),
                        number_text(low, a->low), number_text(high, a->high));
    }
    return n_known ? OK : fail(ERR_FORMAT, "has no known entry");
}

void associative_recall(Recalled *out, const Associative *a, AssociativeScratch *s, const double *cue)
{
    bool whole = true;
    *out = (Recalled){.state = out->state, .first = out->first};
    for (Index j = 0; j < a->memory.d; j++) {
        s->known[j] = !isnan(cue[j]);
        whole = whole && s->known[j];
    }
    a->kind->recall(out, a, s, cue, whole);
}

int associative_nearest(double *distance, const Associative *a, const double *state)
{
    int nearest = 0;
    double least = INFINITY;
    for (int i = 0; i < a->memory.n; i++) {
        double square = 0;
        for (Index j = 0; j < a->memory.d; j++) {
            const double apart = state[j] - a->memory.x[i * a->memory.d + j];
            square += apart * apart;
        }
        if (square < least) {
            least = square;
            nearest = i;
        }
    }
    *distance = sqrt(least);
    return nearest;
}
