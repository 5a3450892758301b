/* SPDX-License-Identifier: MIT
 *
 * sampler.h: the order of bags, and the instances drawn from one. See cache.h for where decoded bags come from.
 */
#ifndef HOPSACK_SAMPLER_H
#define HOPSACK_SAMPLER_H

#include "core/bag.h"
#include "core/rng.h"

#include <stdbool.h>
#include <stdint.h>

/* order [n]: the training bags in the order of epoch `epoch`: a shuffle of bag [n] from stream (seed, "epoch", epoch). */
void sampler_epoch(int *order, const int *bag, int n, uint64_t seed, uint64_t epoch);

/* Draws up to `draws` instances of `bag` (0: all) without replacement, or with `replacement` (DeepRC: duplicates are
 * removed, so fewer stay), each uniform; result in bag order, taken from `arena`. `bits` [(n + 63) / 64] is scratch.
 * A bag no larger than `draws` is passed on as it is without replacement. */
void sampler_draw(Bag *out, Arena *arena, const Bag *bag, int n_feat, int draws, bool replacement, Rng *rng,
                  uint64_t *bits);

/* The same without replacement where some instances matter more: `always` [n_always], places of the bag, ascending, are
 * drawn before any other, at most half of the draws, each as likely as the others of them; the rest of the draws are of the
 * other instances. Drawn so, an instance stands for more than itself: stands_for of the result is the number of its kind
 * over the number of its kind that was drawn. Sequences alone. */
void sampler_draw_always(Bag *out, Arena *arena, const Bag *bag, int draws, const int *always, int n_always, Rng *rng,
                         uint64_t *bits);

/* Counts the memory that sampler_draw needs at most for a bag of up to n_max instances; bits not included. */
void sampler_plan(Arena *arena, const BagSpec *spec, int n_max, int draws, int n_count);

/* Leaves out each instance with probability p, one draw of `rng` an instance; where all would go, one of them, drawn
 * evenly, stays. Taken from `arena`, for which sampler_plan_drop counts; p = 0 passes the bag on as it is. */
void sampler_drop(Bag *out, Arena *arena, const Bag *bag, int n_feat, double p, Rng *rng);
void sampler_plan_drop(Arena *arena, const BagSpec *spec, int n_max, int n_count);

#endif
