/* SPDX-License-Identifier: MIT */
#include "data/simulate/bagsize.h"
#include "core/number.h"

#include <math.h>
#include <string.h>

#define NORMAL_LEAST 0.005

static double fixed(double number, Rng *rng)
{
    (void)number, (void)rng;
    return 1;
}

static double lognormal(double sigma, Rng *rng)
{
    return exp(sigma * rng_normal(rng));
}

/* Cut below by drawing again. */
static double normal(double sd, Rng *rng)
{
    double factor;
    do factor = 1 + sd * rng_normal(rng);
    while (factor < NORMAL_LEAST);
    return factor;
}

const BagSizeType bagsize_types[] = {{"fixed", 0, 0, fixed},
                                     {"lognormal", 0.553, 3, lognormal},
                                     {"normal", 0.44, 3, normal},
                                     {"deeprc", 132.0 / 316, 0, normal},
                                     {0}};

Status bagsize_parse(BagSize *out, const char *text)
{
    *out = (BagSize){.type = bagsize_types};
    if (!text) return OK;
    const size_t len = strcspn(text, ":");
    const BagSizeType *type = bagsize_types;
    while (type->name && (strlen(type->name) != len || strncmp(type->name, text, len) != 0)) type++;
    if (!type->name)
        return fail(ERR_CONFIG, "simulate.size: '%s' is neither fixed nor lognormal:S nor normal:S nor deeprc", text);
    *out = (BagSize){.type = type, .number = type->standard};
    if (!text[len]) return OK;
    if (type->most == 0) return fail(ERR_CONFIG, "simulate.size: '%s': %s takes no number", text, type->name);
    if (!number_read(&out->number, text + len + 1) || out->number < 0 || out->number > type->most)
        return fail(ERR_CONFIG, "simulate.size: '%s': the number must be from 0 to %g", text, type->most);
    return OK;
}

int bagsize_draw(const BagSize *size, int n, double effect, int most, Rng *rng)
{
    const double drawn = n * size->type->factor(size->number, rng) * exp(effect);
    return drawn >= most ? most : drawn <= 1 ? 1 : (int)lround(drawn);
}
