/* SPDX-License-Identifier: MIT
 *
 * test_recall.c: softmax by distance against its definition, unknown entries against patterns without them, energies that never
 * rise with entries free or kept, and the dot product against dynamics.h.
 */
#include "core/rng.h"
#include "nn/dynamics.h"
#include "nn/recall.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 7, D = 5 };

typedef struct {
    double x[N * D], xi[D];
    RecallMemory m;
} Case;

static void draw(Case *c, uint64_t seed, bool dot)
{
    Rng rng = rng_stream(seed, "recall", 0);
    for (int i = 0; i < N * D; i++) c->x[i] = rng_normal(&rng);
    for (int j = 0; j < D; j++) c->xi[j] = rng_normal(&rng);
    c->m = (RecallMemory){c->x, N, D, 0.5 + 3 * rng_uniform(&rng), dot};
}

static double square_distance(const double *a, const double *b, const bool *known)
{
    double sum = 0;
    for (int j = 0; j < D; j++) sum += !known || known[j] ? (a[j] - b[j]) * (a[j] - b[j]) : 0;
    return sum;
}

/* p_i ∝ exp(-½β ‖x_i - ξ‖²) over the known entries. */
Test(nn_recall, softmax_of_distances)
{
    const bool known[D] = {true, false, true, true, false};
    for (uint64_t seed = 0; seed < 20; seed++) {
        Case c;
        double p[N], want[N], sum = 0;
        const bool *mask = seed % 2 ? known : NULL;
        draw(&c, seed, false);
        for (int j = 0; j < D; j++)
            if (mask && !mask[j]) c.xi[j] = NAN;
        for (int i = 0; i < N; i++) sum += want[i] = exp(-c.m.beta / 2 * square_distance(c.x + i * D, c.xi, mask));
        recall_associate(p, &c.m, c.xi, mask);
        for (int i = 0; i < N; i++)
            cr_expect_float_eq(p[i], want[i] / sum, 1e-12, "seed %d, pattern %d", (int)seed, i);
    }
}

Test(nn_recall, dot_is_dynamics)
{
    Case c;
    double p[N], mine[D], next[D], other[D], q[N], scratch[N];
    draw(&c, 3, true);
    const Patterns s = {c.x, N, D, c.m.beta};
    const double largest = dynamics_largest_norm(&s), shift = log(N) / s.beta + largest * largest / 2;
    cr_expect_float_eq(recall_energy(&c.m, c.xi, scratch) + shift, dynamics_energy(&s, c.xi, largest), 1e-12);
    memcpy(mine, c.xi, sizeof mine);
    recall_associate(p, &c.m, mine, NULL);
    recall_read(mine, &c.m, p, NULL, next);
    dynamics_update(other, q, &s, c.xi);
    for (int j = 0; j < D; j++) cr_expect_float_eq(mine[j], other[j], 1e-13);
}

/* E of the distance is -1/β log Σ exp(-½β ‖x_i - ξ‖²). */
Test(nn_recall, energy_of_distances)
{
    Case c;
    double sum = 0, scratch[N];
    draw(&c, 5, false);
    for (int i = 0; i < N; i++) sum += exp(-c.m.beta / 2 * square_distance(c.x + i * D, c.xi, NULL));
    cr_expect_float_eq(recall_energy(&c.m, c.xi, scratch), -log(sum) / c.m.beta, 1e-12);
}

Test(nn_recall, energy_never_rises)
{
    const bool kept[D] = {true, false, false, true, false};
    for (uint64_t seed = 0; seed < 200; seed++) {
        Case c;
        double p[N], next[D], scratch[N], move = INFINITY;
        draw(&c, 100 + seed, seed % 3 == 0);
        const double first = c.xi[0], third = c.xi[3];
        double energy = recall_energy(&c.m, c.xi, scratch);
        int t = 0;
        for (; t < 2000 && move > 1e-9; t++) {
            recall_associate(p, &c.m, c.xi, NULL);
            move = recall_read(c.xi, &c.m, p, seed % 2 ? kept : NULL, next);
            const double now = recall_energy(&c.m, c.xi, scratch);
            cr_expect_leq(now, energy + 1e-12, "seed %d, update %d", (int)seed, t);
            energy = now;
        }
        cr_expect_lt(t, 2000, "seed %d: does not settle", (int)seed);
        if (seed % 2) cr_expect(c.xi[0] == first && c.xi[3] == third, "seed %d: a kept entry moved", (int)seed);
    }
}

/* An unknown entry has a value after the update, and has moved by more than any number. */
Test(nn_recall, unknown_entries_get_values)
{
    Case c;
    double p[N], next[D], want = 0;
    const bool known[D] = {true, true, false, true, true};
    draw(&c, 9, false);
    c.xi[2] = NAN;
    recall_associate(p, &c.m, c.xi, known);
    cr_expect_eq(recall_read(c.xi, &c.m, p, known, next), INFINITY);
    for (int i = 0; i < N; i++) want += p[i] * c.x[i * D + 2];
    cr_expect_float_eq(c.xi[2], want, 1e-13);
}
