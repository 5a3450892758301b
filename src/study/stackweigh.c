/* SPDX-License-Identifier: MIT
 *
 * stackweigh.c: projected Newton steps (Bertsekas 1982): weights that are 0 and would fall are held there, the others and the
 * biases take a Newton step, which is cut at 0 and halved until the value falls. The value is convex, and strictly so in the
 * weights: there is one minimum, whatever the start.
 */
#include "study/stackweigh.h"
#include "model/target.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 200
#define EXACT 1e-9
#define RIDGE 1e-9 /* of the curvature by biases, which a shift of all classes does not change */

typedef struct {
    const StackWeigh *in;
    int n_par;        /* n_column + n_out */
    double *theta;    /* [n_par] weights, then biases */
    double *next;     /* [n_par] */
    double *gradient; /* [n_par] */
    double *curve;    /* [n_par, n_par] */
    double *step;     /* [n_par] */
    bool *held;       /* [n_par] */
    double *s, *p;    /* [n_out] of one bag */
} Newton;

/* ---- the value ---- */

void stackweigh_apply(double *s, const double *x, const double *weight, const double *bias, int n_out, int n_column)
{
    for (int o = 0; o < n_out; o++) {
        s[o] = bias[o];
        for (int c = 0; c < n_column; c++) s[o] += weight[c] * x[o * n_column + c];
    }
}

static double log_sum(const double *s, int n)
{
    double most = s[0], sum = 0;
    for (int o = 1; o < n; o++) most = s[o] > most ? s[o] : most;
    for (int o = 0; o < n; o++) sum += exp(s[o] - most);
    return most + log(sum);
}

static double loss(const double *s, double label, const StackWeigh *in)
{
    if (in->n_class == 0) return 0.5 * (s[0] - label) * (s[0] - label);
    if (in->n_out == 1) return (s[0] > 0 ? s[0] : 0) + log1p(exp(-fabs(s[0]))) - label * s[0];
    return log_sum(s, in->n_out) - s[(int)label];
}

/* Derivative d and curvature c [n_out, n_out] of the loss by s; p is scratch. */
static double curve_of(const double *p, int n_out, int n_class, int o, int q)
{
    if (n_class == 0) return 1;
    if (n_out == 1) return p[0] * (1 - p[0]);
    return (o == q ? p[o] : 0) - p[o] * p[q];
}

static void predict(double *p, const double *s, const StackWeigh *in)
{
    if (in->n_class == 0)
        p[0] = s[0];
    else if (in->n_out == 1)
        p[0] = s[0] >= 0 ? 1 / (1 + exp(-s[0])) : exp(s[0]) / (1 + exp(s[0]));
    else
        for (int o = 0; o < in->n_out; o++) p[o] = exp(s[o] - log_sum(s, in->n_out));
}

static double slope_of(const double *p, double label, const StackWeigh *in, int o)
{
    if (in->n_out == 1) return p[0] - label;
    return p[o] - (o == (int)label);
}

static const double *row_of(const StackWeigh *in, int i)
{
    return in->x + (size_t)i * (size_t)in->n_out * (size_t)in->n_column;
}

static double value(const Newton *f, const double *theta)
{
    const StackWeigh *in = f->in;
    double sum = 0, square = 0;
    for (int i = 0; i < in->n; i++) {
        stackweigh_apply(f->s, row_of(in, i), theta, theta + in->n_column, in->n_out, in->n_column);
        sum += loss(f->s, in->label[i], in);
    }
    for (int c = 0; c < in->n_column; c++) square += theta[c] * theta[c];
    return 0.5 * square + in->cost * sum;
}

/* ∂s_o/∂θ_k */
static double by_parameter(const StackWeigh *in, const double *x, int o, int k)
{
    return k < in->n_column ? x[o * in->n_column + k] : k - in->n_column == o;
}

static void add_curve(Newton *f, const double *x)
{
    const StackWeigh *in = f->in;
    for (int o = 0; o < in->n_out; o++)
        for (int q = 0; q < in->n_out; q++) {
            const double c = in->cost * curve_of(f->p, in->n_out, in->n_class, o, q);
            for (int k = 0; k < f->n_par; k++) {
                const double ck = c * by_parameter(in, x, o, k);
                for (int l = 0; ck != 0 && l <= k; l++) f->curve[k * f->n_par + l] += ck * by_parameter(in, x, q, l);
            }
        }
}

/* Gradient and lower triangle of the curvature at theta. */
static void differentiate(Newton *f)
{
    const StackWeigh *in = f->in;
    memset(f->curve, 0, (size_t)(f->n_par * f->n_par) * sizeof *f->curve);
    for (int k = 0; k < f->n_par; k++) {
        f->gradient[k] = k < in->n_column ? f->theta[k] : 0;
        f->curve[k * f->n_par + k] = k < in->n_column ? 1 : RIDGE;
    }
    for (int i = 0; i < in->n; i++) {
        const double *x = row_of(in, i);
        stackweigh_apply(f->s, x, f->theta, f->theta + in->n_column, in->n_out, in->n_column);
        predict(f->p, f->s, in);
        for (int o = 0; o < in->n_out; o++) {
            const double d = in->cost * slope_of(f->p, in->label[i], in, o);
            for (int k = 0; k < f->n_par; k++) f->gradient[k] += d * by_parameter(in, x, o, k);
        }
        add_curve(f, x);
    }
}

/* ---- steps ---- */

/* Holds weights at 0 that would fall; the largest derivative of the others. */
static double hold(Newton *f)
{
    double most = 0;
    for (int k = 0; k < f->n_par; k++) {
        f->held[k] = k < f->in->n_column && f->theta[k] <= 0 && f->gradient[k] >= 0;
        if (!f->held[k] && fabs(f->gradient[k]) > most) most = fabs(f->gradient[k]);
    }
    return most;
}

/* curve · step = -gradient of what is not held, by Cholesky; rows of what is held become those of the unit matrix. */
static void solve(Newton *f)
{
    const int n = f->n_par;
    double *a = f->curve, *y = f->step;
    for (int k = 0; k < n; k++) {
        y[k] = f->held[k] ? 0 : -f->gradient[k];
        for (int l = 0; l <= k; l++)
            if (f->held[k] || f->held[l]) a[k * n + l] = k == l;
    }
    for (int k = 0; k < n; k++)
        for (int l = 0; l <= k; l++) {
            double sum = a[k * n + l];
            for (int m = 0; m < l; m++) sum -= a[k * n + m] * a[l * n + m];
            a[k * n + l] = k == l ? sqrt(sum > RIDGE ? sum : RIDGE) : sum / a[l * n + l];
        }
    for (int k = 0; k < n; k++) {
        for (int l = 0; l < k; l++) y[k] -= a[k * n + l] * y[l];
        y[k] /= a[k * n + k];
    }
    for (int k = n - 1; k >= 0; k--) {
        for (int l = k + 1; l < n; l++) y[k] -= a[l * n + k] * y[l];
        y[k] /= a[k * n + k];
    }
}

/* False: no step makes it smaller. */
static bool advance(Newton *f, double *here)
{
    for (double size = 1; size > 1e-12; size /= 2) {
        for (int k = 0; k < f->n_par; k++) {
            const double at = f->theta[k] + size * f->step[k];
            f->next[k] = k < f->in->n_column && at < 0 ? 0 : at;
        }
        const double there = value(f, f->next);
        if (!(there < *here)) continue;
        *here = there;
        memcpy(f->theta, f->next, (size_t)f->n_par * sizeof *f->theta);
        return true;
    }
    return false;
}

static void minimise(Newton *f)
{
    double here = value(f, f->theta), scale = 0;
    for (int step = 0; step < STEPS; step++) {
        differentiate(f);
        const double most = hold(f);
        if (step == 0) scale = most;
        if (most <= EXACT * (1 + scale)) return;
        solve(f);
        if (!advance(f, &here)) return;
    }
}

/* ---- all of it ---- */

static Status reserve(Newton *f, double **room, const StackWeigh *in)
{
    const size_t n = (size_t)(in->n_column + in->n_out);
    *f = (Newton){.in = in, .n_par = (int)n};
    *room = calloc(4 * n + n * n + 2 * (size_t)in->n_out, sizeof **room);
    f->held = calloc(n, sizeof *f->held);
    if (!*room || !f->held) return fail(ERR_MEMORY, "no memory for the weights of %d columns", in->n_column);
    f->theta = *room;
    f->next = f->theta + n;
    f->gradient = f->next + n;
    f->step = f->gradient + n;
    f->curve = f->step + n;
    f->s = f->curve + n * n;
    f->p = f->s + in->n_out;
    return OK;
}

Status stackweigh_fit(double *weight, double *bias, const StackWeigh *in)
{
    Newton f;
    double *room;
    const Status status = reserve(&f, &room, in);
    if (status == OK) {
        minimise(&f);
        memcpy(weight, f.theta, (size_t)in->n_column * sizeof *weight);
        memcpy(bias, f.theta + in->n_column, (size_t)in->n_out * sizeof *bias);
    }
    free(f.held);
    free(room);
    return status;
}

double stackweigh_loss(const double *weight, const double *bias, const StackWeigh *in)
{
    double sum = 0, s[TARGET_CLASSES];
    for (int i = 0; i < in->n; i++) {
        stackweigh_apply(s, row_of(in, i), weight, bias, in->n_out, in->n_column);
        sum += loss(s, in->label[i], in);
    }
    return in->n > 0 ? sum / in->n : NAN;
}
