/* SPDX-License-Identifier: MIT */
#include "study/baselinecost.h"

#define OPEN_ONCE     0.05    /* seconds on the reference machine */
#define OPEN_INSTANCE 0.11e-6 /* for each instance */
#define FIVE_FOLDS    0.8     /* share of the bags that a fit learned from where the constants were measured */
#define HELD          40.0    /* bytes of an instance that is held */

static Cost scaled(double seconds, double bytes)
{
    return cost_of(seconds * cost_pace() / cost_speedup(), bytes);
}

static double held(const BaselineSize *s)
{
    return COST_PROCESS + HELD * s->n_instance;
}

Cost baselinecost_open(const BaselineSize *s)
{
    return scaled(OPEN_ONCE + OPEN_INSTANCE * s->n_instance, held(s));
}

Cost baselinecost_method(const Rival *rival, const BaselineSize *s)
{
    const RivalCost *c = &rival->cost;
    const double pairs = (double)s->n_bag * s->n_bag, learned = s->train / (FIVE_FOLDS * s->n_bag + 1);
    const double rooms = s->n_bag * c->bag_room, limit = c->most > 0 ? c->most : RIVAL_ROOM;
    const double walk = 1e-3 * (c->once + c->bag * s->n_bag) + 1e-6 * (c->instance * s->n_instance + c->pair * pairs);
    const double fit =
        1e-3 * c->fit + 1e-9 * learned * (c->fit_instance * s->n_instance + learned * c->fit_pair * pairs);
    return scaled(walk + s->n_fit * fit, held(s) + 1e6 * (c->room + (rooms < limit ? rooms : limit)));
}
