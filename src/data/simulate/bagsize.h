/* SPDX-License-Identifier: MIT
 *
 * bagsize.h: how many sequences a repertoire has. A distribution is a row in the table of bagsize.c, named by the setting
 * simulate.size, `NAME` or `NAME:NUMBER`; n is simulate.n_seq.
 *
 *   fixed             n
 *   lognormal[:S]     n · exp(S · normal); S 0.553 by default. n = 177 000 is what 786 blood samples have (Emerson 2017)
 *   normal[:S]        n · (1 + S · normal), at least n / 200; S 0.44 by default. n = 200 000 fits the same samples as well
 *   deeprc            n · (1 + 0.4177 · normal): DeepRC's N(316 000, 132 000) if n is 316 000
 */
#ifndef HOPSACK_BAGSIZE_H
#define HOPSACK_BAGSIZE_H

#include "core/rng.h"
#include "core/status.h"

typedef struct {
    const char *name;
    double standard, most; /* of the number behind the name; most 0: it takes none */
    double (*factor)(double number, Rng *rng);
} BagSizeType;

typedef struct {
    const BagSizeType *type;
    double number;
} BagSize;

extern const BagSizeType bagsize_types[]; /* ends with an empty row */

Status bagsize_parse(BagSize *out, const char *text); /* NULL: fixed. ERR_CONFIG */

/* n times the factor and exp(effect), rounded; at least 1, at most `most`. */
int bagsize_draw(const BagSize *size, int n, double effect, int most, Rng *rng);

#endif
