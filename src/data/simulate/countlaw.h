/* SPDX-License-Identifier: MIT
 *
 * countlaw.h: how clone counts of a repertoire are distributed. A law is a descriptor in the table of countlaw.c, named by a
 * setting `NAME` or `NAME:NUMBER`.
 *
 *   none              every count is 1
 *   powerlaw[:ALPHA]  P(c) ∝ c^-ALPHA; ALPHA 2.2 by default
 *   realistic         most clones by P(c) ∝ c^-2.9; with probability q a clone is expanded and has floor(8 u^(-1/1.1)) cells.
 *                     q = exp(N(ln 0.003, 0.9)), at most 0.05, is drawn for each repertoire. It comes near the clonality of
 *                     786 blood samples (Emerson 2017)
 *
 * No clone has more than a tenth of the number of sequences, or 10 if that is less. An effect e, which may depend on the
 * label, makes clones larger: ALPHA - e, q · exp(e).
 */
#ifndef HOPSACK_COUNTLAW_H
#define HOPSACK_COUNTLAW_H

#include "core/alias.h"
#include "core/status.h"

#include <stdbool.h>

typedef struct CountLaw CountLaw;

typedef struct {
    const char *name;
    double standard, least, most; /* of the number behind the name; most 0: it takes none */
    /* count [n], which are 1 before. */
    void (*fill)(int64_t *count, int n, const CountLaw *law, double effect, Rng *rng);
} CountLawType;

#define COUNTLAW_TABLE 1024
struct CountLaw {
    const CountLawType *type;
    double number;
};

extern const CountLawType countlaw_none, countlaw_powerlaw, countlaw_realistic;
extern const CountLawType *const countlaw_types[]; /* ends with NULL */

Status countlaw_parse(CountLaw *out, const char *text); /* NULL: none. ERR_CONFIG */

/* Sets count [n] of one repertoire. */
void countlaw_fill(int64_t *count, int n, const CountLaw *law, double effect, Rng *rng);

/* A count from the tail of expanded clones. */
int64_t countlaw_expanded(int n, Rng *rng);

/* P(c) ∝ c^-alpha for c ≥ 1: a table of the first values, and the tail as a continuous one. */
typedef struct {
    double alpha;
    AliasCell cell[COUNTLAW_TABLE]; /* place k: count k + 1; the last: the tail */
} ZetaTable;
void countlaw_zeta(ZetaTable *out, double alpha);
int64_t countlaw_zeta_draw(const ZetaTable *zeta, Rng *rng);
int64_t countlaw_most(int n); /* cells that a clone may have */

#endif
