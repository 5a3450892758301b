/* SPDX-License-Identifier: MIT */
#include "data/simulate/countlaw.h"
#include "core/number.h"
#include "data/simulate/variate.h"

#include <math.h>
#include <string.h>

#define EXPANDED_LEAST    8
#define EXPANDED_EXPONENT 1.1
#define COUNT_MOST        1e15

static void fill_none(int64_t *count, int n, const CountLaw *law, double effect, Rng *rng)
{
    (void)law, (void)effect, (void)rng;
    for (int i = 0; i < n; i++) count[i] = 1;
}

const CountLawType countlaw_none = {.name = "none", .fill = fill_none};
const CountLawType *const countlaw_types[] = {&countlaw_none, &countlaw_powerlaw, &countlaw_realistic, NULL};

Status countlaw_parse(CountLaw *out, const char *text)
{
    *out = (CountLaw){.type = &countlaw_none};
    if (!text) return OK;
    const size_t len = strcspn(text, ":");
    const CountLawType *const *type = countlaw_types;
    while (*type && (strlen((*type)->name) != len || strncmp((*type)->name, text, len) != 0)) type++;
    if (!*type)
        return fail(ERR_CONFIG, "simulate.counts: '%s' is neither none nor powerlaw:ALPHA nor realistic", text);
    *out = (CountLaw){.type = *type, .number = (*type)->standard};
    if (!text[len]) return OK;
    if ((*type)->most == 0) return fail(ERR_CONFIG, "simulate.counts: '%s': %s takes no number", text, (*type)->name);
    if (!number_read(&out->number, text + len + 1) || out->number < (*type)->least || out->number > (*type)->most)
        return fail(ERR_CONFIG, "simulate.counts: '%s': the number must be from %g to %g", text, (*type)->least,
                    (*type)->most);
    return OK;
}

void countlaw_fill(int64_t *count, int n, const CountLaw *law, double effect, Rng *rng)
{
    law->type->fill(count, n, law, effect, rng);
}

int64_t countlaw_most(int n)
{
    return n > 100 ? n / 10 : 10;
}

int64_t countlaw_expanded(int n, Rng *rng)
{
    const double count = floor(variate_pareto(EXPANDED_LEAST, EXPANDED_EXPONENT, rng)),
                 most = (double)countlaw_most(n);
    return (int64_t)fmin(count, most);
}

/* The sum of c^-alpha from the end of the table on, by the integral from half a step before. */
void countlaw_zeta(ZetaTable *out, double alpha)
{
    double p[COUNTLAW_TABLE];
    for (int k = 0; k < COUNTLAW_TABLE - 1; k++) p[k] = pow(k + 1, -alpha);
    p[COUNTLAW_TABLE - 1] = pow(COUNTLAW_TABLE - 0.5, 1 - alpha) / (alpha - 1);
    out->alpha = alpha;
    alias_build(out->cell, p, COUNTLAW_TABLE);
}

int64_t countlaw_zeta_draw(const ZetaTable *zeta, Rng *rng)
{
    const int k = alias_draw(zeta->cell, COUNTLAW_TABLE, rng);
    if (k < COUNTLAW_TABLE - 1) return k + 1;
    const double tail = floor(variate_pareto(COUNTLAW_TABLE - 0.5, zeta->alpha - 1, rng) + 0.5);
    return (int64_t)fmin(tail, COUNT_MOST);
}
