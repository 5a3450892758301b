/* SPDX-License-Identifier: MIT
 *
 * dynamics.h: the continuous modern Hopfield network as a dynamical system (Ramsauer et al. 2021): energy, update,
 * its Jacobian, what kind of fixed point a state is in, and the bounds on storage and retrieval. Diagnostics: in
 * double whatever `real` is.
 *
 *   stored patterns x_i, rows of x [n, d]     state ξ [d]     p = softmax(β x ξ)     M = max ‖x_i‖
 *
 *   E(ξ) = -1/β log Σ_i exp(β x_i·ξ) + ½ ξ·ξ + 1/β log n + ½ M²        in 0 … 2M² after one update
 *   f(ξ) = Σ_i p_i x_i                                                 never raises E
 *   J(ξ) = ∂f/∂ξ = β (Σ_i p_i x_i x_iᵀ - f fᵀ)                         symmetric, eigenvalues ≥ 0
 */
#ifndef HOPSACK_DYNAMICS_H
#define HOPSACK_DYNAMICS_H

#include "core/real.h"

typedef struct {
    const double *x; /* [n, d], n ≥ 1 */
    int n;
    Index d;
    double beta; /* > 0 */
} Patterns;

/* ---- the system ---- */

void dynamics_softmax(double *p, const Patterns *s, const double *xi);              /* p [n] */
void dynamics_update(double *next, double *p, const Patterns *s, const double *xi); /* next [d] ≠ ξ; p [n] at ξ */
double dynamics_energy(const Patterns *s, const double *xi, double largest); /* largest: dynamics_largest_norm */
/* Updates ξ in place until it moves by no more than eps (Euclidean) or `max_updates` times; returns how often.
 * scratch [d + n]. */
int dynamics_retrieve(double *xi, const Patterns *s, double eps, int max_updates, double *scratch);

/* j [d, d] from p at ξ and f = f(ξ). */
void dynamics_jacobian(double *j, const Patterns *s, const double *p, const double *f);
/* The largest eigenvalue of j [d, d], symmetric with eigenvalues ≥ 0: its spectral norm. Overwrites j. */
double dynamics_spectral_norm(double *j, Index d);

/* ---- fixed points ---- */

/* I: averages over nearly everything; II, III: large, medium metastable state; IV: small one, or a single pattern. */
typedef enum { DYNAMICS_I = 1, DYNAMICS_II, DYNAMICS_III, DYNAMICS_IV } DynamicsClass;

/* The fewest entries of p [n] whose sum is at least `share` (0.9 as in the paper). scratch [n]. */
int dynamics_k(const double *p, int n, double share, double *scratch);
/* k is the median of many rows, or one row's: more than n/2: I, n/8: II, n/32: III, else IV. */
DynamicsClass dynamics_class(double k, int n);
double dynamics_entropy(const double *p, int n); /* nats */

/* ---- storage and retrieval ---- */

double dynamics_largest_norm(const Patterns *s); /* M */
/* m_max = max ‖x_i - mean‖; where β m_max² < 1 there is one fixed point only. scratch [d]. */
double dynamics_largest_spread(const Patterns *s, double *scratch);
double dynamics_separation(const Patterns *s, int i); /* Δ_i = x_i·x_i - max over j ≠ i of x_i·x_j; n ≥ 2 */
/* Pattern i is stored for certain if its Δ_i is at least this (well separated). */
double dynamics_stored_threshold(const Patterns *s, double largest);
/* Radius of the sphere around a stored pattern that holds its fixed point, and that f maps into itself. */
double dynamics_sphere(const Patterns *s, double largest);
/* Bound on ‖f(ξ) - x_i‖ and on ‖f(ξ) - x_i*‖ = ‖J‖ ‖ξ - x_i*‖; r = max(‖ξ - x_i‖, ‖x_i* - x_i‖). */
double dynamics_retrieval_bound(const Patterns *s, double largest, double separation, double r);
double dynamics_update_bound(const Patterns *s, double largest, double separation, double r, double distance);
/* Bound on ‖f(ξ) - x_i‖ from the margin c = x_i·ξ - max over j ≠ i of x_j·ξ ≥ 0. */
double dynamics_margin_bound(const Patterns *s, double largest, double margin);

/* How many random patterns on the sphere of radius K √(d-1) can be stored with probability 1 - p: at least `n`, if
 * c ≥ required; else the theorem says nothing. */
typedef struct {
    double a, b, c, required, n;
} Capacity;
Capacity dynamics_capacity(double beta, double k, int d, double p);
/* The principal branch of Lambert's W: w eʷ = x, for x ≥ -1/e. */
double dynamics_lambert(double x);

#endif
