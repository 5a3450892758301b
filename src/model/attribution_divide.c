/* SPDX-License-Identifier: MIT
 *
 * attribution_divide.c: a score is divided among the instances of the bag, and among the ways that lead from them to it.
 */
#include "core/parallel.h"
#include "model/attribution_parts.h"

/* ---- parts of the instances ---- */

static void divide_row(Attribution *a, int piece, const double *x, Index i)
{
    double sum = 0, *through = a->piece[piece].through;
    for (Index k = 0; k < a->n_mean; k++) {
        const double *of = x + a->owner[k] * a->n_h, *u = a->u + k * a->n_h;
        const double *m_ref = a->m_ref + k * a->n_h;
        double dot = a->n_ref > 0 ? 0 : a->c[k];
        for (Index j = 0; j < a->n_h; j++) dot += u[j] * (of[j] - m_ref[j]);
        const double term = attribution_weight(a, i, k) * dot;
        sum += term;
        through[k] += fabs(term);
    }
    a->out[i] = sum;
}

static void divide_piece(void *context, int piece, int thread)
{
    Attribution *a = context;
    ZERO(a->piece[piece].through, (size_t)a->n_mean);
    attribution_each_row(a, piece, thread, divide_row);
}

/* Pieces in order. */
static void add_through(Attribution *a)
{
    for (Index k = 0; k < a->n_mean; k++) {
        const AttributionPart *part = &a->part[a->owner[k]];
        const Index way = a->owner[k] == a->n_part ? a->n_way - 1 : part->way_at + k - part->mean_at;
        for (int b = 0; b < attribution_n_piece(a); b++) a->through[way] += a->piece[b].through[k];
    }
}

/* What the reference has of a part without means is taken off its instances, by their weights. */
static void centre(Attribution *a, const AttributionPart *part, int n)
{
    double off = 0, sum = 0;
    for (Index j = part->z_at; j < part->z_at + part->n_z; j++) off += a->g[j] * (a->p_0[j] - a->p_none[j]);
    for (int i = 0; i < n; i++) sum += fabs(a->share[i]);
    for (int i = 0; i < n; i++) a->share[i] -= sum > 0 ? off * fabs(a->share[i]) / sum : off / n;
}

void attribution_divide(double *part, AttributionSum *sum, Attribution *a, const double *direction)
{
    const int n = a->rows->n;
    ZERO(part, (size_t)a->bag->n);
    *sum = (AttributionSum){0};
    ZERO(a->through, (size_t)a->n_way);
    if (n == 0) {
        ZERO(a->z, (size_t)a->n_z);
        sum->score = sum->bias = attribution_score(a, NULL, a->z, direction);
        return;
    }
    attribution_gradient(a, sum, direction);
    parallel_for(attribution_n_piece(a), divide_piece, a);
    add_through(a);
    for (int k = 0; k < a->n_part; k++) {
        const AttributionPart *of = &a->part[k];
        if (of->mean_at >= 0) continue;
        of->share->divide(of->self, a->share, a->through + of->way_at, a->g + of->z_at, a->mil->h, n);
        centre(a, of, n);
        for (int i = 0; i < n; i++) a->out[i] += a->share[i];
    }
    double total = 0;
    for (int i = 0; i < n; i++) part[a->rows->row[i]] = a->out[i], total += a->out[i];
    sum->rest = sum->score - sum->bias - total;
}

/* ---- ways ---- */

int attribution_n_way(const Attribution *a)
{
    return a->n_way;
}

AttributionWay attribution_way(const Attribution *a, int way)
{
    int k = a->n_part - 1;
    if (a->beside >= 0 && way == a->n_way - 1) return (AttributionWay){-1, -1, pooling_mean.name};
    while (a->part[k].way_at > way) k--;
    const AttributionPart *part = &a->part[k];
    const Index column = part->type->ranks ? part->column_at + way - part->way_at : -1;
    return (AttributionWay){k, (int)column, part->type->name};
}

const double *attribution_through(const Attribution *a)
{
    return a->through;
}

/* ---- numbers of an embedding ---- */

void attribution_numbers(double *share, const Attribution *a)
{
    ZERO(share, (size_t)a->n_h);
    if (a->rows->n == 0 || !attribution_has_numbers(a)) return;
    for (Index k = 0; k < a->n_mean; k++)
        for (Index j = 0; j < a->n_h; j++)
            share[j] += a->u[k * a->n_h + j] * (a->m[k * a->n_h + j] - a->m_ref[k * a->n_h + j]);
    for (int k = 0; k < a->n_part; k++)
        for (Index j = 0; a->part[k].mean_at < 0 && j < a->n_h; j++) {
            const Index at = a->part[k].z_at + j;
            share[j] += a->g[at] * (a->p[at] - a->p_0[at]);
        }
}

bool attribution_has_numbers(const Attribution *a)
{
    for (int k = 0; k < a->n_part; k++)
        if (a->part[k].mean_at < 0 && !a->part[k].share->is_from) return false;
    return true;
}
